// Package userjson reads the JSON files that people and runners hand to the
// tap: config, catalog and state. All of them may begin with a byte order mark
// or be UTF-16, as PowerShell's > writes it, and of all of them is said in the
// same words what is wrong, and where.
//
// What it says shows no more of a text than one punctuation mark: such files
// hold secrets.
package userjson

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
)

// A Value is valid JSON. Blanks may stand around it.
type Value = jsontext.Value

// An Error says what a text is in place of the JSON that is wanted.
type Error struct {
	// What can follow "it is" and "given": an empty file; JSON with a mistake
	// in line 3, column 7: …
	What string
}

// Empty is What of a file that has nothing in it.
const Empty = "an empty file"

func (e *Error) Error() string { return "it is " + e.What }

// Text is a file's content as UTF-8 without a byte order mark.
func Text(file []byte) ([]byte, error) {
	if text, ok := bytes.CutPrefix(file, []byte("\xef\xbb\xbf")); ok {
		return text, nil
	}
	var order binary.ByteOrder
	switch {
	case bytes.HasPrefix(file, []byte("\xff\xfe")):
		order = binary.LittleEndian
	case bytes.HasPrefix(file, []byte("\xfe\xff")):
		order = binary.BigEndian
	default:
		return file, nil
	}
	if len(file)%2 != 0 {
		return nil, &Error{"a file in UTF-16 that breaks off inside of a character"}
	}
	units := make([]uint16, 0, len(file)/2)
	for rest := file[2:]; len(rest) > 0; rest = rest[2:] {
		units = append(units, order.Uint16(rest))
	}
	return []byte(string(utf16.Decode(units))), nil
}

// Parse reads a file that is one JSON value. No object in it may have a name
// twice. The error is an *[Error].
func Parse(file []byte) (Value, error) { return parse(file, false) }

// ParseRepeated is Parse for a caller that has something of its own to say
// about names that come twice.
func ParseRepeated(file []byte) (Value, error) { return parse(file, true) }

func parse(file []byte, repeated bool) (Value, error) {
	text, err := Text(file)
	if err != nil {
		return nil, err
	}
	d := newDecoder(text, repeated)
	if _, err := d.ReadValue(); err != nil {
		return nil, mistake(text, 0, repeated)
	}
	end := d.InputOffset()
	if _, err := d.ReadToken(); err != io.EOF {
		return nil, mistakeAt(text, skipBlanks(text, end), " after the end")
	}
	return text[:end], nil // with the blanks before it: lines are counted in it
}

// ParseAll reads a file of any number of JSON values, one after another, as
// messages are. A file of nothing is no error.
func ParseAll(file []byte) ([]Value, error) {
	text, err := Text(file)
	if err != nil {
		return nil, err
	}
	var all []Value
	for d := newDecoder(text, false); ; {
		start := d.InputOffset()
		value, err := d.ReadValue()
		if err == io.EOF {
			return all, nil
		}
		if err != nil {
			return nil, mistake(text, start, false)
		}
		all = append(all, value.Clone())
	}
}

const blanks = " \t\r\n"

func newDecoder(text []byte, repeated bool) *jsontext.Decoder {
	return jsontext.NewDecoder(bytes.NewReader(text), jsontext.AllowDuplicateNames(repeated))
}

// mistake says where a text, of which the value that begins at start could not
// be read, stops being JSON. It reads the value again, token by token, since the
// decoder then tells what it is inside of.
func mistake(text []byte, start int64, repeated bool) error {
	if len(bytes.Trim(text, blanks)) == 0 {
		return &Error{Empty}
	}
	d := newDecoder(text[start:], repeated)
	var err error
	for err == nil {
		_, err = d.ReadToken()
	}
	bad, ok := errors.AsType[*jsontext.SyntacticError](err)
	switch {
	case !ok:
		return &Error{"what is not JSON"}
	case bad.Err == jsontext.ErrDuplicateName:
		return mistakeAt(text, start+bad.ByteOffset, " that begins a name for the second time in one object")
	}
	inside, count := d.StackIndex(d.StackDepth())
	name := inside == jsontext.KindBeginObject && count%2 == 0 // a name comes next, otherwise a value
	next := skipBlanks(text, start+d.InputOffset())
	separator, why := byte(','), " where a comma or the closing ] should be"
	switch {
	case count == 0:
		separator = 0
	case name:
		why = " where a comma or the closing } should be"
	case inside == jsontext.KindBeginObject:
		separator, why = ':', " where a colon should be"
	}
	if separator != 0 && next < int64(len(text)) {
		if text[next] != separator {
			return mistakeAt(text, next, why)
		}
		next = skipBlanks(text, next+1)
	}
	switch kind := Value(text[next:]).Kind(); {
	case next == int64(len(text)):
		return breaksOff(text)
	case name && kind == jsontext.KindEndObject:
		return mistakeAt(text, next, " after a comma; the comma is one too many")
	case name && kind != jsontext.KindString:
		return mistakeAt(text, next, " where a name, in quotes, should be")
	case kind == jsontext.KindInvalid, kind == jsontext.KindEndObject, kind == jsontext.KindEndArray:
		return mistakeAt(text, next, " where a value should begin; texts need quotes, true and false are lower-case")
	case bad.Err == io.ErrUnexpectedEOF:
		return breaksOff(text)
	case kind == jsontext.KindString:
		return mistakeInString(text, start+bad.ByteOffset)
	}
	return mistakeAt(text, start+bad.ByteOffset, misplaced)
}

// breaksOff says where the last character of a text is that is not whole.
func breaksOff(text []byte) error {
	return &Error{fmt.Sprintf("JSON that breaks off in line %d: a quote or bracket is not closed", lineOf(text, len(bytes.TrimRight(text, blanks))))}
}

const misplaced = " that does not belong there"

// mistakeInString says what is wrong at a place inside of a string.
func mistakeInString(text []byte, at int64) error {
	const half = " that is not UTF-8, or half of one"
	switch {
	case text[at] < ' ':
		return mistakeAt(text, at, " inside a text that needs an escape, such as \\n for a line break")
	case text[at] != '\\':
		return mistakeAt(text, at, half)
	case text[at+1] != 'u':
		return mistakeAt(text, at+1, " after a backslash; a backslash itself is written \\\\")
	}
	digits := text[at+2:]
	if ok := len(digits) - len(bytes.TrimLeft(digits, "0123456789abcdefABCDEF")); ok < 4 {
		return mistakeAt(text, at+2+int64(ok), misplaced)
	}
	return mistakeAt(text, at, half)
}

// skipBlanks is the place of the first character from at on that is not a blank.
func skipBlanks(text []byte, at int64) int64 {
	return int64(len(text) - len(bytes.TrimLeft(text[at:], blanks)))
}

// mistakeAt names the place as editors show it.
func mistakeAt(text []byte, offset int64, why string) error {
	at := int(min(offset, int64(len(text))))
	column := 1 + utf8.RuneCount(text[bytes.LastIndexByte(text[:at], '\n')+1:at])
	found := "a character"
	if at < len(text) && strings.IndexByte("{}[]:,'\"/", text[at]) >= 0 {
		found = fmt.Sprintf("a %c", text[at])
	}
	return &Error{fmt.Sprintf("JSON with a mistake in line %d, column %d: %s%s", lineOf(text, at), column, found, why)}
}

func lineOf(text []byte, at int) int { return 1 + bytes.Count(text[:at], []byte("\n")) }
