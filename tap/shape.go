package tap

import (
	"bytes"
	"slices"
	"strconv"
	"strings"
	"time"

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
	asJSON   bool           // a text that holds JSON: takes objects, too
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

// jsonText names the fields that hold JSON as text and are an object in some
// answers.
var jsonText = []string{"message_json"}

// compile makes the shape of a selected schema. full is the stream's whole
// schema: what is in there is known, selected or not.
func compile(path string, selected, full *catalog.Schema) *shape {
	selected = widen(selected)
	s := &shape{path: path, types: selected.Types}
	s.nullable = s.takes("null")
	if one := slices.DeleteFunc(slices.Clone(s.types), func(t string) bool { return t == "null" }); len(one) == 1 {
		s.kind = map[string]kind{"string": text, "integer": integer, "number": number, "boolean": boolean, "object": object, "array": array}[one[0]]
	}
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
		f.shape.asJSON = f.shape.kind == text && slices.Contains(jsonText, p.Name)
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

// takes tells whether the schema allows a type.
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
		return "a time"
	case integer:
		return "a whole number"
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

// The readings of values. Each appends v to dst if it can be read as what is
// wanted without losing anything; ok is false if it cannot. A text without
// any content stands for null where no text is wanted.

func appendText(dst []byte, v jsondoc.Value, asJSON bool) (_ []byte, ok bool) {
	switch v.Kind() {
	case jsondoc.String, jsondoc.Time:
		return v.AppendString(dst), true
	case jsondoc.Number, jsondoc.True, jsondoc.False:
		return append(append(append(dst, '"'), v.Raw()...), '"'), true
	}
	if asJSON {
		return jsondoc.Quote(dst, v.AppendJSON(nil)), true
	}
	return dst, false
}

func appendInstant(dst []byte, v jsondoc.Value) (_ []byte, ok bool) {
	switch v.Kind() {
	case jsondoc.Time:
		return append(dst, v.Raw()...), true
	case jsondoc.String:
		if t, err := time.Parse(time.RFC3339, strings.TrimSpace(v.Text())); err == nil && t.UTC().Year() >= 0 && t.UTC().Year() <= 9999 {
			return jsondoc.AppendTime(dst, t), true
		}
	}
	return dst, false
}

func appendInteger(dst []byte, v jsondoc.Value) (_ []byte, ok bool) {
	if v.Kind() == jsondoc.Number && !bytes.ContainsAny(v.Raw(), ".eE") {
		return append(dst, v.Raw()...), true
	}
	raw := numeral(v)
	if raw == "" {
		return dst, false
	}
	if !strings.ContainsAny(raw, ".eE") {
		return append(dst, raw...), true
	}
	return appendWhole(dst, raw)
}

// appendWhole writes the whole number that a JSON number with a decimal point
// or an exponent stands for, digit for digit.
func appendWhole(dst []byte, raw string) (_ []byte, ok bool) {
	const mostZeros = 40 // that an exponent may add
	raw, negative := strings.CutPrefix(raw, "-")
	power, ok := exponent(raw)
	if at := strings.IndexAny(raw, "eE"); at >= 0 {
		raw = raw[:at]
	}
	whole, frac, _ := strings.Cut(raw, ".")
	digits := strings.TrimRight(whole+frac, "0")
	if digits == "" {
		return append(dst, '0'), true
	}
	zeros := len(whole) + power - len(digits)
	if !ok || zeros < 0 || zeros > mostZeros {
		return dst, false
	}
	if negative {
		dst = append(dst, '-')
	}
	dst = append(dst, strings.TrimLeft(digits, "0")...)
	return append(dst, strings.Repeat("0", zeros)...), true
}

// exponent is that of a JSON number; ok is false if it is out of proportion.
func exponent(raw string) (n int, ok bool) {
	const most = 1000 // a float64 ends at 308
	at := strings.IndexAny(raw, "eE")
	if at < 0 {
		return 0, true
	}
	n, err := strconv.Atoi(raw[at+1:])
	return n, err == nil && n >= -most && n <= most
}

func appendNumber(dst []byte, v jsondoc.Value) (_ []byte, ok bool) {
	raw := numeral(v)
	if _, ok := exponent(raw); raw == "" || !ok {
		return dst, false
	}
	return append(dst, raw...), true
}

// numeral is the JSON number that v is, or holds as text; empty if neither.
func numeral(v jsondoc.Value) string {
	switch v.Kind() {
	case jsondoc.Number:
		return string(v.Raw())
	case jsondoc.String:
		if s := strings.TrimSpace(v.Text()); jsondoc.IsNumber(s) {
			return s
		}
	}
	return ""
}

func appendBoolean(dst []byte, v jsondoc.Value) (_ []byte, ok bool) {
	switch v.Kind() {
	case jsondoc.True, jsondoc.False:
		return append(dst, v.Raw()...), true
	case jsondoc.Number, jsondoc.String:
		switch strings.ToLower(strings.TrimSpace(v.Text())) {
		case "1", "true":
			return append(dst, "true"...), true
		case "0", "false":
			return append(dst, "false"...), true
		}
	}
	return dst, false
}

// appendOther writes a value for which the schema has no single type: as it
// came if it has one of those allowed, else as the first that it can be read as.
func appendOther(dst []byte, v jsondoc.Value, s *shape) (_ []byte, ok bool) {
	switch v.Kind() {
	case jsondoc.String, jsondoc.Time:
		ok = s.takes("string")
	case jsondoc.Number:
		if s.takes("number") {
			return appendNumber(dst, v)
		}
	case jsondoc.True, jsondoc.False:
		ok = s.takes("boolean")
	case jsondoc.Object:
		ok = s.takes("object")
	case jsondoc.Array:
		ok = s.takes("array")
	}
	if ok {
		return v.AppendJSON(dst), true
	}
	if s.takes("integer") {
		dst, ok = appendInteger(dst, v)
	}
	if !ok && s.takes("number") {
		dst, ok = appendNumber(dst, v)
	}
	if !ok && s.takes("boolean") {
		dst, ok = appendBoolean(dst, v)
	}
	if !ok && s.takes("string") {
		dst, ok = appendText(dst, v, false)
	}
	return dst, ok
}
