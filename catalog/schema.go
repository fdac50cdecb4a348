package catalog

import (
	"errors"
	"slices"

	"tap-livechat/tap/userjson"
)

// A Schema is a JSON Schema that keeps its form: the order of its keywords and
// properties, and every keyword that the tap does not use. [ParseSchema] returns one.
type Schema struct {
	Types      []string   // the values of "type"; empty if the schema has none
	Format     string     // such as "date-time"
	Properties []Property // in the order of the source
	Items      *Schema    // of an array's elements; nil unless all of them share one
	Required   []string
	JSON       bool // in the tap's own schemas: a text that contains JSON

	// Keywords of tools that are older than Singer's metadata.
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

// selectedMark returns the old keyword "selected"; nil if there is none.
func (s *Schema) selectedMark() *bool {
	if s == nil {
		return nil
	}
	return s.selected
}

// ParseSchema parses a JSON Schema. Keywords that the tap does not use are kept
// unchanged. The others must have the form that the drafts define. The error names
// every problem with its breadcrumb.
func ParseSchema(text []byte) (*Schema, error) {
	if !userjson.Value(text).IsValid() {
		return nil, errors.New("the schema is not valid JSON")
	}
	var d decoder
	s := d.schema(text, nil)
	if err := d.joined(); err != nil {
		return nil, err
	}
	return s, nil
}

// schema decodes the schema at a breadcrumb; nil if the value is not a schema.
func (d *decoder) schema(text userjson.Value, at breadcrumb) *Schema {
	switch text.Kind() {
	case 't', 'f':
		return &Schema{boolean: compact(text)}
	case '{':
	default:
		d.add(at, "%s stands where a schema must be", shorten(text))
		return nil
	}
	s := &Schema{}
	for _, m := range userjson.Members(text) {
		kind := m.Value.Kind()
		switch m.Name {
		case "type":
			s.Types = d.texts(at, m)
		case "format":
			s.Format = d.text(at, m)
		case "selected":
			s.selected = d.boolean(at, m)
		case "inclusion":
			s.inclusion = d.inclusion(at, m)
		}
		switch {
		case m.Name == "properties":
			s.Properties = d.properties(m, at)
			m.Value = nil
		case m.Name == "items" && kind != '[': // a list is a tuple of draft-04: one schema for each index
			s.Items = d.schema(m.Value, at.child("items"))
			m.Value = nil
		case m.Name == "required" && kind == '[': // a boolean is draft-03's
			s.Required = d.texts(at, m)
			m.Value = nil
		default:
			m.Value = compact(m.Value)
		}
		m.Line = 0 // so that equal schemas compare equal
		s.keywords = append(s.keywords, m)
	}
	return s
}

func (d *decoder) properties(m userjson.Member, at breadcrumb) []Property {
	if m.Value.Kind() != '{' {
		d.add(at, "%q is %s; it must be an object of schemas", m.Name, shorten(m.Value))
		return nil
	}
	var all []Property
	for _, p := range userjson.Members(m.Value) {
		if s := d.schema(p.Value, at.child("properties", p.Name)); s != nil {
			all = append(all, Property{p.Name, s})
		}
	}
	return all
}

// withParts returns a copy with other properties and items. The copy has no names in
// "required" that are not among its properties, and no keywords of old tools, which
// are not part of JSON Schema.
func (s *Schema) withParts(properties []Property, items *Schema) *Schema {
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

// forAPI returns the part of one of the tap's schemas that an API has, without the
// tap's own keywords.
func (s *Schema) forAPI(api string) *Schema {
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
			t.Properties = append(t.Properties, Property{p.Name, p.Schema.forAPI(api)})
		}
	}
	if s.Items != nil {
		t.Items = s.Items.forAPI(api)
	}
	return &t
}

// The tap's own keywords.
const (
	keywordAPI  = "api"
	keywordJSON = "json"
)

// OnlyIn returns the API that has the property, as one of the tap's schemas says;
// empty if both APIs have it.
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
