package record

import (
	"slices"
	"strings"

	"tap-livechat/catalog"
	"tap-livechat/tap/jsondoc"
)

// schema is a compiled JSON Schema: how to write a value so that it is valid.
type schema struct {
	path     string // chats.visitor.ip, for messages to the user
	kind     kind
	types    []string // as in the schema
	nullable bool
	nonNull  bool           // neither null nor left out: a key, or required by the catalog
	asJSON   bool           // if the kind is text: an object or a list is written as JSON text
	fields   []field        // of an object, in the order of the schema
	index    map[string]int // name → index in fields; notSelected if known but not selected; nil: any object
	width    int            // number of fields, and of the names that position has added
	items    *schema        // of an array; nil: anything
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

const notSelected = -1

type field struct {
	name   string
	label  []byte // "name":
	schema *schema
	// required: the field is written as null if it is missing.
	required bool
}

// compile returns the compiled form of a selected schema. full is the stream's
// whole schema: a field in it is known, whether selected or not.
func compile(path string, selected, full *catalog.Schema) *schema {
	selected = widen(selected)
	s := &schema{path: path, types: selected.Types}
	s.nullable = s.allows("null")
	if one := slices.DeleteFunc(slices.Clone(s.types), func(t string) bool { return t == "null" }); len(one) == 1 {
		s.kind = map[string]kind{"string": text, "integer": integer, "number": number, "boolean": boolean, "object": object, "array": array}[one[0]]
	}
	// An object or a list of the API that is text in the catalog.
	s.asJSON = full != nil && (full.JSON || slices.Contains(full.Types, "object") || slices.Contains(full.Types, "array"))
	if s.kind == text && selected.Format == "date-time" {
		s.kind = instant
	}
	if s.allows("object") && len(selected.Properties) > 0 {
		s.compileFields(selected, full)
	}
	if s.allows("array") && selected.Items != nil {
		var items *catalog.Schema
		if full != nil {
			items = full.Items
		}
		s.items = compile(path, selected.Items, items)
	}
	return s
}

func (s *schema) compileFields(selected, full *catalog.Schema) {
	s.index = make(map[string]int)
	if full != nil {
		for _, p := range full.Properties {
			s.index[p.Name] = notSelected
		}
	}
	for _, p := range selected.Properties {
		var known *catalog.Schema
		if full != nil {
			known = full.Property(p.Name)
		}
		f := field{name: p.Name, label: append(jsondoc.Quote(nil, p.Name), ':'), schema: compile(s.path+"."+p.Name, p.Schema, known)}
		f.required = slices.Contains(selected.Required, p.Name)
		f.schema.nonNull = f.required && !f.schema.nullable
		s.index[p.Name] = len(s.fields)
		s.fields = append(s.fields, f)
	}
	s.width = len(s.fields)
}

// widen resolves a schema whose type is given by anyOf or oneOf, such as
// {"anyOf": [{"type": "string", "format": "date-time"}, {"type": "null"}]}.
// The result has the types of all alternatives. If only one alternative is not
// null, the result has its other keywords, too.
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

// allows reports whether the schema allows a type.
func (s *schema) allows(name string) bool {
	return len(s.types) == 0 || slices.Contains(s.types, name)
}

// position returns the index of the named member among those that
// [writer.collect] stores. It reserves an index for a name that is not a field.
func (s *schema) position(name string) int {
	if i, ok := s.index[name]; ok && i != notSelected {
		return i
	}
	s.index[name] = s.width
	s.width++
	return s.index[name]
}

// typeName is the type as it is named in an error.
func (s *schema) typeName() string {
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
