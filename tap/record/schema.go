package record

import (
	"slices"
	"strings"

	"tap-livechat/catalog"
	"tap-livechat/tap/jsondoc"
)

// shape is a compiled schema: how to write a value so that it is valid.
type shape struct {
	path     string // chats.visitor.ip, for messages to the user
	kind     kind
	types    []string // as in the schema
	nullable bool
	must     bool           // neither null nor left out: a key, or what the catalog requires
	asJSON   bool           // where it is text, an object or a list comes as JSON
	fields   []field        // of an object, in the order of the schema
	index    map[string]int // name → place; leftOut for what is known but not selected; nil: any object
	places   int            // as many as fields, and those that place has added
	items    *shape         // of an array; nil: anything
}

type kind byte

const (
	other kind = iota // no type, or several: written as it came
	text
	instant
	integer
	number
	boolean
	object
	array
)

const leftOut = -1

type field struct {
	name  string
	label []byte // "name":
	shape *shape
	// required: it may be null, but must be there.
	required bool
}

// compile makes the shape of a selected schema. full is the stream's whole
// schema: what is in there is known, selected or not.
func compile(path string, selected, full *catalog.Schema) *shape {
	selected = widen(selected)
	s := &shape{path: path, types: selected.Types}
	s.nullable = s.takes("null")
	if one := slices.DeleteFunc(slices.Clone(s.types), func(t string) bool { return t == "null" }); len(one) == 1 {
		s.kind = map[string]kind{"string": text, "integer": integer, "number": number, "boolean": boolean, "object": object, "array": array}[one[0]]
	}
	// What the API has as an object or a list, and the catalog as text.
	s.asJSON = full != nil && (full.JSON || slices.Contains(full.Types, "object") || slices.Contains(full.Types, "array"))
	if s.kind == text && selected.Format == "date-time" {
		s.kind = instant
	}
	if s.takes("object") && len(selected.Properties) > 0 {
		s.compileFields(selected, full)
	}
	if s.takes("array") && selected.Items != nil {
		var items *catalog.Schema
		if full != nil {
			items = full.Items
		}
		s.items = compile(path, selected.Items, items)
	}
	return s
}

func (s *shape) compileFields(selected, full *catalog.Schema) {
	s.index = make(map[string]int)
	if full != nil {
		for _, p := range full.Properties {
			s.index[p.Name] = leftOut
		}
	}
	for _, p := range selected.Properties {
		var known *catalog.Schema
		if full != nil {
			known = full.Property(p.Name)
		}
		f := field{name: p.Name, label: append(jsondoc.Quote(nil, p.Name), ':'), shape: compile(s.path+"."+p.Name, p.Schema, known)}
		f.required = slices.Contains(selected.Required, p.Name)
		f.shape.must = f.required && !f.shape.nullable
		s.index[p.Name] = len(s.fields)
		s.fields = append(s.fields, f)
	}
	s.places = len(s.fields)
}

// widen gives a schema that leaves its type to alternatives, such as
// {"anyOf": [{"type": "string", "format": "date-time"}, {"type": "null"}]},
// the types of all of them, and whatever else the only one that is not null says.
func widen(s *catalog.Schema) *catalog.Schema {
	var doc jsondoc.Doc
	if len(s.Types) > 0 || doc.Parse(s.AppendJSON(nil)) != nil {
		return s
	}
	alternatives := doc.Root().Get("anyOf")
	if alternatives.Kind() != jsondoc.Array {
		alternatives = doc.Root().Get("oneOf")
	}
	var wide catalog.Schema
	n := 0
	for v := range alternatives.All() {
		one, err := catalog.ParseSchema(v.Raw())
		if err != nil {
			return s
		}
		if one = widen(one); len(one.Types) == 0 {
			return s // any type at all
		}
		types := append(wide.Types, one.Types...)
		if !slices.Equal(one.Types, []string{"null"}) {
			if n++; n == 1 {
				wide = *one
			} else {
				wide = catalog.Schema{}
			}
		}
		wide.Types = types
	}
	if len(wide.Types) == 0 {
		return s
	}
	slices.Sort(wide.Types)
	wide.Types = slices.Compact(wide.Types)
	return &wide
}

// takes reports whether the schema allows a type.
func (s *shape) takes(name string) bool {
	return len(s.types) == 0 || slices.Contains(s.types, name)
}

// place is where the member of that name is found in what [pen.gather] has
// gathered, be it a field or not.
func (s *shape) place(name string) int {
	if i, ok := s.index[name]; ok && i != leftOut {
		return i
	}
	s.index[name] = s.places
	s.places++
	return s.index[name]
}

// want is the type in words.
func (s *shape) want() string {
	switch s.kind {
	case text:
		return "text"
	case instant:
		return "a time of the years 1 to 9999"
	case integer:
		return "a whole number of up to 64 bits"
	case number:
		return "a number"
	case boolean:
		return "true or false"
	case object:
		return "an object"
	case array:
		return "a list"
	}
	return strings.Join(s.types, " or ")
}
