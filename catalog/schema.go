package catalog

import (
	"errors"
	"slices"

	"tap-livechat/tap/userjson"
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

	boolean  userjson.Value    // the whole schema, if that is just true or false;
	keywords []userjson.Member // else its keywords in order, without a value where a field above holds it
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
	if !userjson.Value(text).IsValid() {
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
func (f *faults) schema(text userjson.Value, at breadcrumb) *Schema {
	switch text.Kind() {
	case 't', 'f':
		return &Schema{boolean: compact(text)}
	case '{':
	default:
		f.add(at, "%s stands where a schema must be", shorten(text))
		return nil
	}
	s := &Schema{}
	for _, m := range userjson.Members(text) {
		kind := m.Value.Kind()
		switch m.Name {
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
		case m.Name == "properties":
			s.Properties = f.properties(m, at)
			m.Value = nil
		case m.Name == "items" && kind != '[': // a list has one schema for each place: draft-04's tuples
			s.Items = f.schema(m.Value, at.child("items"))
			m.Value = nil
		case m.Name == "required" && kind == '[': // a boolean is draft-03's
			s.Required = f.texts(at, m)
			m.Value = nil
		default:
			m.Value = compact(m.Value)
		}
		m.Line = 0 // two schemas that say the same are the same
		s.keywords = append(s.keywords, m)
	}
	return s
}

func (f *faults) properties(m userjson.Member, at breadcrumb) []Property {
	if m.Value.Kind() != '{' {
		f.add(at, "%q is %s; it must be an object of schemas", m.Name, shorten(m.Value))
		return nil
	}
	var all []Property
	for _, p := range userjson.Members(m.Value) {
		if s := f.schema(p.Value, at.child("properties", p.Name)); s != nil {
			all = append(all, Property{p.Name, s})
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
	t.keywords = slices.DeleteFunc(slices.Clone(s.keywords), func(m userjson.Member) bool {
		return m.Name == "selected" || m.Name == "inclusion" ||
			m.Name == "required" && m.Value == nil && len(t.Required) == 0 // draft-04 forbids an empty list
	})
	return &t
}

// of returns what one API has of a schema of ours, without the keywords that
// only we understand.
func (s *Schema) of(api string) *Schema {
	t := *s
	t.keywords, t.Properties = nil, nil
	for _, k := range s.keywords {
		switch k.Name {
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
		if k.Name == keywordAPI {
			return userjson.Unquote(k.Value)
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
		to = append(quote(to, k.Name), ':')
		switch {
		case k.Value != nil:
			to = append(to, k.Value...)
		case k.Name == "properties":
			to = appendList(to, '{', '}', s.Properties, func(to []byte, p Property) []byte {
				return p.Schema.AppendJSON(append(quote(to, p.Name), ':'))
			})
		case k.Name == "items":
			to = s.Items.AppendJSON(to)
		case k.Name == "required":
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
