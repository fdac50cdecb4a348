package userjson

import (
	"bytes"
	"fmt"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
)

// A Member is a name and value of an object. Members keep their order, which a map would
// lose: the catalog is byte-stable, and columns keep their order.
type Member struct {
	Name  string
	Line  int // line of the name in the object's text, from 1
	Value Value
}

// Members returns the members of an object in their order, repeated names included; nil
// if the value is not an object.
func Members(object Value) []Member {
	d := newDecoder(object, true)
	if first, err := d.ReadToken(); err != nil || first.Kind() != '{' {
		return nil
	}
	var all []Member
	line, counted := 1, 0
	for d.PeekKind() == '"' {
		name, err := d.ReadToken()
		if err != nil {
			break
		}
		at := int(d.InputOffset())
		line += bytes.Count(object[counted:at], []byte("\n"))
		counted = at
		m := Member{Name: name.String(), Line: line} // the decoder reuses its buffer
		value, err := d.ReadValue()
		if err != nil {
			break
		}
		m.Value = value.Clone()
		all = append(all, m)
	}
	return all
}

// Elements returns the elements of a list; nil if the value is not a list.
func Elements(list Value) []Value {
	d := newDecoder(list, true)
	if first, err := d.ReadToken(); err != nil || first.Kind() != '[' {
		return nil
	}
	var all []Value
	for d.PeekKind() != ']' {
		value, err := d.ReadValue()
		if err != nil {
			break
		}
		all = append(all, value.Clone())
	}
	return all
}

// Unquote returns the text of a JSON string.
func Unquote(value Value) string {
	text, _ := jsontext.AppendUnquote(nil, bytes.Trim(value, blanks)) // a Value is valid
	return string(text)
}

// Kind returns the kind of a value in words, such as "a list".
func Kind(value Value) string {
	switch value.Kind() {
	case 'n':
		return "null"
	case 't', 'f':
		return "true or false"
	case '0':
		return "a number"
	case '"':
		return "a text"
	case '[':
		return "a list"
	case '{':
		return "an object"
	}
	return "nothing"
}

// Describe returns the kind and size of a value that must not be shown: "a text of 12
// characters", "an object of 58 bytes".
func Describe(value Value) string {
	switch value.Kind() {
	case '"':
		return fmt.Sprintf("a text of %d characters", utf8.RuneCountInString(Unquote(value)))
	case '[', '{':
		return fmt.Sprintf("%s of %d bytes", Kind(value), len(bytes.Trim(value, blanks)))
	}
	return Kind(value)
}
