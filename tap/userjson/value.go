package userjson

import (
	"bytes"
	"fmt"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
)

// A Member is one name and value of an object. A map would lose their order,
// and with it the byte-stable catalog and the order of columns.
type Member struct {
	Name  string
	Line  int // of the object's text that the name is on, from 1
	Value Value
}

// Members splits an object into its members: in their order, and those that
// come twice, twice. Of what is no object there are none.
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

// Elements splits a list. Of what is no list there are none.
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

// Unquote is the text of a JSON string.
func Unquote(value Value) string {
	text, _ := jsontext.AppendUnquote(nil, bytes.Trim(value, blanks)) // a Value is valid
	return string(text)
}

// Kind names the kind of a value: "a list".
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

// Describe is Kind with the size, for what must not be shown itself: "a text of
// 12 characters", "an object of 58 bytes".
func Describe(value Value) string {
	switch value.Kind() {
	case '"':
		return fmt.Sprintf("a text of %d characters", utf8.RuneCountInString(Unquote(value)))
	case '[', '{':
		return fmt.Sprintf("%s of %d bytes", Kind(value), len(bytes.Trim(value, blanks)))
	}
	return Kind(value)
}
