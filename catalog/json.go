package catalog

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"tap-livechat/tap/userjson"
)

// quote appends text as a JSON string, without HTML escapes.
func quote(to []byte, text string) []byte {
	to, _ = jsontext.AppendQuote(to, text) // the error tells of bad UTF-8, which it has replaced
	return to
}

// compact returns a copy without white space; numbers and strings keep their form.
func compact(value userjson.Value) userjson.Value {
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
func (f *faults) boolean(at breadcrumb, m userjson.Member) *bool {
	switch m.Value.Kind() {
	case 'n':
		return nil
	case 't', 'f':
		return new(m.Value.Kind() == 't')
	case '"':
		switch strings.ToLower(userjson.Unquote(m.Value)) {
		case "true":
			return new(true)
		case "false":
			return new(false)
		}
	}
	f.add(at, "%q is %s; it must be true or false", m.Name, shorten(m.Value))
	return nil
}

func (f *faults) text(at breadcrumb, m userjson.Member) string {
	switch m.Value.Kind() {
	case 'n':
		return ""
	case '"':
		return userjson.Unquote(m.Value)
	}
	f.add(at, "%q is %s; it must be a text", m.Name, shorten(m.Value))
	return ""
}

// texts reads a list of texts; one text by itself is a list of one.
func (f *faults) texts(at breadcrumb, m userjson.Member) []string {
	switch m.Value.Kind() {
	case 'n':
		return nil
	case '"':
		return []string{userjson.Unquote(m.Value)}
	case '[':
		all := []string{}
		for _, e := range userjson.Elements(m.Value) {
			if e.Kind() != '"' {
				f.add(at, "%q is %s; it must be a list of texts", m.Name, shorten(m.Value))
				return nil
			}
			all = append(all, userjson.Unquote(e))
		}
		return all
	}
	f.add(at, "%q is %s; it must be a list of texts", m.Name, shorten(m.Value))
	return nil
}

func (f *faults) inclusion(at breadcrumb, m userjson.Member) string {
	switch text := strings.ToLower(f.text(at, m)); text {
	case "", available, automatic, unsupported:
		return text
	}
	f.add(at, "%q is %s; it must be available, automatic or unsupported", m.Name, shorten(m.Value))
	return ""
}

// shorten is a value as an error shows it.
func shorten(value userjson.Value) string {
	const most = 60
	text := []rune(string(compact(value)))
	if len(text) > most {
		return string(text[:most]) + "…"
	}
	return string(text)
}
