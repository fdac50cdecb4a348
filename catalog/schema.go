package catalog

import (
	"errors"
	"slices"

	"github.com/go-json-experiment/json/jsontext"
)

// A Schema is a JSON Schema that remembers how it was written: the order of its
// keywords and properties, and every keyword that means nothing to the tap.
// Make one with [ParseSchema].
type Schema struct {
	Types      []string   // what "type" allows; none if the schema does not say
	Format     string     // such as "date-time"
	Properties []Property // in the order of the text
	Items      *Schema    // of an array's elements; nil unless all of them share one
	Required   []string
	JSON       bool // of our own schemas: a text that holds JSON

	// Marks that tools older than Singer's metadata put inside the schema.
	selected  *bool
	inclusion string

	boolean  jsontext.Value // the whole schema, if that is just true or false;
	keywords []member       // else its keywords in order, without a value where a field above holds it
}

// A Property is one named property of an object.
type Property struct {
	Name   string
	Schema *Schema
}

// Property returns the schema of the named property, or nil if there is none.
func (s *Schema) Property(name string) *Schema {
	for _, p := range s.Properties {
		if p.Name == name {
			return p.Schema
		}
	}
	return nil
}

// mark is the old mark "selected", nil if there is none.
func (s *Schema) mark() *bool {
	if s == nil {
		return nil
	}
	return s.selected
}

// ParseSchema reads one JSON Schema. Keywords the tap has no use for are kept
// as they are; those it must understand have to be as the drafts define them.
// The error names every fault and its place.
func ParseSchema(text []byte) (*Schema, error) {
	if !jsontext.Value(text).IsValid() {
		return nil, errors.New("the schema is not valid JSON")
	}
	var f faults
	s := f.schema(text, nil)
	if err := f.err(); err != nil {
		return nil, err
	}
	return s, nil
}

// schema reads the schema at a breadcrumb; nil if the value cannot be one.
func (f *faults) schema(text jsontext.Value, at breadcrumb) *Schema {
	switch text.Kind() {
	case 't', 'f':
		return &Schema{boolean: compact(text)}
	case '{':
	default:
		f.add(at, "%s stands where a schema must be", shorten(text))
		return nil
	}
	s := &Schema{}
	for _, m := range members(text) {
		kind := m.value.Kind()
		switch m.name {
		case "type":
			s.Types = f.texts(at, m)
		case "format":
			s.Format = f.text(at, m)
		case "selected":
			s.selected = f.boolean(at, m)
		case "inclusion":
			s.inclusion = f.inclusion(at, m)
		}
		switch {
		case m.name == "properties":
			s.Properties = f.properties(m, at)
			m.value = nil
		case m.name == "items" && kind != '[': // a list has one schema for each place: draft-04's tuples
			s.Items = f.schema(m.value, at.child("items"))
			m.value = nil
		case m.name == "required" && kind == '[': // a boolean is draft-03's
			s.Required = f.texts(at, m)
			m.value = nil
		default:
			m.value = compact(m.value)
		}
		s.keywords = append(s.keywords, m)
	}
	return s
}

func (f *faults) properties(m member, at breadcrumb) []Property {
	if m.value.Kind() != '{' {
		f.add(at, "%q is %s; it must be an object of schemas", m.name, shorten(m.value))
		return nil
	}
	var all []Property
	for _, p := range members(m.value) {
		if s := f.schema(p.value, at.child("properties", p.name)); s != nil {
			all = append(all, Property{p.name, s})
		}
	}
	return all
}

// with returns a copy that has other properties and items; names in "required"
// that are no longer among the properties are gone, and so are the marks of old
// tools, which are no part of a JSON Schema.
func (s *Schema) with(properties []Property, items *Schema) *Schema {
	t := *s
	t.Properties, t.Items = properties, items
	t.selected, t.inclusion = nil, ""
	t.Required = slices.DeleteFunc(slices.Clone(s.Required), func(name string) bool {
		return t.Property(name) == nil
	})
	t.keywords = slices.DeleteFunc(slices.Clone(s.keywords), func(m member) bool {
		return m.name == "selected" || m.name == "inclusion" ||
			m.name == "required" && m.value == nil && len(t.Required) == 0 // draft-04 forbids an empty list
	})
	return &t
}

// of returns what one API has of a schema of ours, without the keywords that
// only we understand.
func (s *Schema) of(api string) *Schema {
	t := *s
	t.keywords, t.Properties = nil, nil
	for _, k := range s.keywords {
		switch k.name {
		case keywordAPI:
		case keywordJSON:
			t.JSON = true
		default:
			t.keywords = append(t.keywords, k)
		}
	}
	for _, p := range s.Properties {
		if only := p.Schema.OnlyIn(); only == "" || only == api {
			t.Properties = append(t.Properties, Property{p.Name, p.Schema.of(api)})
		}
	}
	if s.Items != nil {
		t.Items = s.Items.of(api)
	}
	return &t
}

// The keywords that only we understand.
const (
	keywordAPI  = "api"
	keywordJSON = "json"
)

// OnlyIn is the one API that has a property, by the text of a schema of ours;
// empty if both have it.
func (s *Schema) OnlyIn() string {
	for _, k := range s.keywords {
		if k.name == keywordAPI {
			return unquote(k.value)
		}
	}
	return ""
}

// MarshalJSON returns the schema as compact JSON, the same bytes each time.
func (s *Schema) MarshalJSON() ([]byte, error) { return s.AppendJSON(nil), nil }

// AppendJSON appends the schema as compact JSON.
func (s *Schema) AppendJSON(to []byte) []byte {
	if s.boolean != nil {
		return append(to, s.boolean...)
	}
	to = append(to, '{')
	for i, k := range s.keywords {
		if i > 0 {
			to = append(to, ',')
		}
		to = append(quote(to, k.name), ':')
		switch {
		case k.value != nil:
			to = append(to, k.value...)
		case k.name == "properties":
			to = appendList(to, '{', '}', s.Properties, func(to []byte, p Property) []byte {
				return p.Schema.AppendJSON(append(quote(to, p.Name), ':'))
			})
		case k.name == "items":
			to = s.Items.AppendJSON(to)
		case k.name == "required":
			to = appendList(to, '[', ']', s.Required, quote)
		}
	}
	return append(to, '}')
}

// appendList appends elements between brackets, with commas.
func appendList[E any](to []byte, open, end byte, all []E, each func([]byte, E) []byte) []byte {
	to = append(to, open)
	for i, e := range all {
		if i > 0 {
			to = append(to, ',')
		}
		to = each(to, e)
	}
	return append(to, end)
}
