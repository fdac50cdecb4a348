package catalog

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// A member is one name and value of a JSON object. encoding/json would lose
// their order, and with it the byte-stable catalog and the order of columns.
type member struct {
	name  string
	value jsontext.Value
}

// members splits a JSON object, which must be valid, into its members.
func members(object jsontext.Value) []member {
	d := jsontext.NewDecoder(bytes.NewBuffer(object))
	var all []member
	for _, err := d.ReadToken(); err == nil && d.PeekKind() != '}'; {
		var name jsontext.Token
		var value jsontext.Value
		if name, err = d.ReadToken(); err != nil {
			break
		}
		m := member{name: name.String()} // the decoder reuses its buffer
		if value, err = d.ReadValue(); err != nil {
			break
		}
		m.value = value.Clone()
		all = append(all, m)
	}
	return all
}

// elements splits a JSON array, which must be valid.
func elements(array jsontext.Value) []jsontext.Value {
	d := jsontext.NewDecoder(bytes.NewBuffer(array))
	var all []jsontext.Value
	for _, err := d.ReadToken(); err == nil && d.PeekKind() != ']'; {
		var value jsontext.Value
		if value, err = d.ReadValue(); err != nil {
			break
		}
		all = append(all, value.Clone())
	}
	return all
}

// unquote returns the text of a JSON string, which must be valid.
func unquote(value jsontext.Value) string {
	text, _ := jsontext.AppendUnquote(nil, value)
	return string(text)
}

// quote appends text as a JSON string, without HTML escapes.
func quote(to []byte, text string) []byte {
	to, _ = jsontext.AppendQuote(to, text) // the error tells of bad UTF-8, which it has replaced
	return to
}

// compact returns a copy without white space; numbers and strings keep their form.
func compact(value jsontext.Value) jsontext.Value {
	value = value.Clone()
	_ = value.Compact() // fails only for what is not JSON
	return value
}

// A breadcrumb is the path Singer's metadata uses: ["properties", "visitor",
// "properties", "ip"]. The stream itself is the empty one.
type breadcrumb []string

func (at breadcrumb) child(parts ...string) breadcrumb {
	return slices.Concat(at, parts)
}

// key makes a breadcrumb fit for a map.
func (at breadcrumb) key() string { return strings.Join(at, "\x00") }

// String is the JSON form, as it can be searched for in the catalog.
func (at breadcrumb) String() string {
	text := []byte{'['}
	for i, part := range at {
		if i > 0 {
			text = append(text, ',')
		}
		text = quote(text, part)
	}
	return string(append(text, ']'))
}

// faults gathers what is wrong with the JSON of one stream, so that a user
// hears of all of it at once. Its methods read a value of the kind that is
// wanted; another kind is a fault and reads as if the value were not there,
// and so does null, but is none.
type faults struct {
	stream string
	list   []error
}

func (f *faults) add(at breadcrumb, format string, args ...any) {
	place := ""
	if f.stream != "" {
		place = "stream " + f.stream + ", "
	}
	f.list = append(f.list, fmt.Errorf("%sbreadcrumb %s: %s", place, at, fmt.Sprintf(format, args...)))
}

func (f *faults) err() error { return errors.Join(f.list...) }

// boolean also takes the text "true" or "false", as in Singer's own examples.
func (f *faults) boolean(at breadcrumb, m member) *bool {
	switch m.value.Kind() {
	case 'n':
		return nil
	case 't', 'f':
		return new(m.value.Kind() == 't')
	case '"':
		switch strings.ToLower(unquote(m.value)) {
		case "true":
			return new(true)
		case "false":
			return new(false)
		}
	}
	f.add(at, "%q is %s; it must be true or false", m.name, shorten(m.value))
	return nil
}

func (f *faults) text(at breadcrumb, m member) string {
	switch m.value.Kind() {
	case 'n':
		return ""
	case '"':
		return unquote(m.value)
	}
	f.add(at, "%q is %s; it must be a text", m.name, shorten(m.value))
	return ""
}

// texts reads a list of texts; one text by itself is a list of one.
func (f *faults) texts(at breadcrumb, m member) []string {
	switch m.value.Kind() {
	case 'n':
		return nil
	case '"':
		return []string{unquote(m.value)}
	case '[':
		all := []string{}
		for _, e := range elements(m.value) {
			if e.Kind() != '"' {
				f.add(at, "%q is %s; it must be a list of texts", m.name, shorten(m.value))
				return nil
			}
			all = append(all, unquote(e))
		}
		return all
	}
	f.add(at, "%q is %s; it must be a list of texts", m.name, shorten(m.value))
	return nil
}

func (f *faults) inclusion(at breadcrumb, m member) string {
	switch text := strings.ToLower(f.text(at, m)); text {
	case "", available, automatic, unsupported:
		return text
	}
	f.add(at, "%q is %s; it must be available, automatic or unsupported", m.name, shorten(m.value))
	return ""
}

// shorten is a value as an error shows it.
func shorten(value jsontext.Value) string {
	const most = 60
	text := []rune(string(compact(value)))
	if len(text) > most {
		return string(text[:most]) + "…"
	}
	return string(text)
}
