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
	to, _ = jsontext.AppendQuote(to, text) // the error reports bad UTF-8, which has been replaced
	return to
}

// compact returns a copy without white space; numbers and strings keep their form.
func compact(value userjson.Value) userjson.Value {
	value = value.Clone()
	_ = value.Compact() // fails only for what is not JSON
	return value
}

// A breadcrumb is a path in Singer's metadata: ["properties", "visitor",
// "properties", "ip"]. The empty breadcrumb is the stream itself.
type breadcrumb []string

func (at breadcrumb) child(parts ...string) breadcrumb {
	return slices.Concat(at, parts)
}

// key returns the breadcrumb as a key of a map.
func (at breadcrumb) key() string { return strings.Join(at, "\x00") }

// String returns the JSON form, which users can search for in the catalog.
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

// decoder decodes the JSON of one stream and collects all errors in it. Its methods
// return a value of the required kind. A value of another kind is an error; the
// methods then return the zero value. They return it for null, too, without an error.
type decoder struct {
	stream string
	errs   []error
}

func (d *decoder) add(at breadcrumb, format string, args ...any) {
	place := ""
	if d.stream != "" {
		place = "stream " + d.stream + ", "
	}
	d.errs = append(d.errs, fmt.Errorf("%sbreadcrumb %s: %s", place, at, fmt.Sprintf(format, args...)))
}

func (d *decoder) joined() error { return errors.Join(d.errs...) }

// boolean also accepts the text "true" or "false", as in Singer's own examples.
func (d *decoder) boolean(at breadcrumb, m userjson.Member) *bool {
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
	d.add(at, "%q is %s; it must be true or false", m.Name, shorten(m.Value))
	return nil
}

func (d *decoder) text(at breadcrumb, m userjson.Member) string {
	switch m.Value.Kind() {
	case 'n':
		return ""
	case '"':
		return userjson.Unquote(m.Value)
	}
	d.add(at, "%q is %s; it must be a text", m.Name, shorten(m.Value))
	return ""
}

// texts decodes a list of texts; a single text is a list of one.
func (d *decoder) texts(at breadcrumb, m userjson.Member) []string {
	switch m.Value.Kind() {
	case 'n':
		return nil
	case '"':
		return []string{userjson.Unquote(m.Value)}
	case '[':
		all := []string{}
		for _, e := range userjson.Elements(m.Value) {
			if e.Kind() != '"' {
				d.add(at, "%q is %s; it must be a list of texts", m.Name, shorten(m.Value))
				return nil
			}
			all = append(all, userjson.Unquote(e))
		}
		return all
	}
	d.add(at, "%q is %s; it must be a list of texts", m.Name, shorten(m.Value))
	return nil
}

func (d *decoder) inclusion(at breadcrumb, m userjson.Member) string {
	switch text := strings.ToLower(d.text(at, m)); text {
	case "", available, automatic, unsupported:
		return text
	}
	d.add(at, "%q is %s; it must be available, automatic or unsupported", m.Name, shorten(m.Value))
	return ""
}

// shorten returns a value as it is shown in an error.
func shorten(value userjson.Value) string {
	const maxLength = 60
	text := []rune(string(compact(value)))
	if len(text) > maxLength {
		return string(text[:maxLength]) + "…"
	}
	return string(text)
}
