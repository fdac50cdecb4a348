// Package jsondoc parses a JSON text into a flat table of its values, in one pass,
// without maps and copies. The tap parses every response with it. A [Doc] is reused by
// one goroutine; its values are valid until the next Parse.
//
// [jsontext] checks the grammar, strictly, with three exceptions that occur in archives:
// invalid UTF-8 and lone surrogates, which are written as U+FFFD, and a name that occurs
// twice in an object, of which the last value counts.
package jsondoc

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"iter"
	"math"
	"math/bits"
	"slices"
	"strings"
	"time"

	"github.com/go-json-experiment/json/jsontext"
)

// MaxDepth is the maximum nesting of arrays and objects. A chat needs six levels.
const MaxDepth = 64

// ErrDepth is the error of Parse for a text that exceeds MaxDepth.
var ErrDepth = fmt.Errorf("arrays and objects are nested deeper than %d", MaxDepth)

// Kind is the kind of a value: the first byte of its JSON text, with '0' for
// every number, or [Time].
type Kind byte

// The kinds of a [Value].
const (
	Absent Kind = 0
	Null   Kind = 'n'
	False  Kind = 'f'
	True   Kind = 't'
	String Kind = '"'
	Number Kind = '0'
	Object Kind = '{'
	Array  Kind = '['
	// Time is a string set by [Value.SetTime] or [Builder.Time]: an RFC 3339 time in UTC.
	Time Kind = 'T'
)

// node is one value. Its text is data[start:end], its name data[name:nameEnd], both
// with their quotes. next is the index of the first node that is not inside it.
type node struct {
	name, nameEnd, start, end, next uint32
	kind                            Kind
	escaped, nameEscaped            bool // it contains a backslash
}

// large is the length of a text from which on the table is allocated at once.
const large = 1 << 20

// Doc is a parsed JSON text. The zero value is ready for use.
type Doc struct {
	data    []byte
	nodes   []node
	dirty   bool // the text contains invalid UTF-8 or a lone surrogate
	buf     bytes.Buffer
	dec     *jsontext.Decoder
	builder Builder
}

// Parse parses data, which must be exactly one JSON value. The Doc keeps and extends
// data until the next call.
func (d *Doc) Parse(data []byte) error {
	d.nodes = d.nodes[:0]
	if uint64(len(data)) > math.MaxInt32 {
		return errors.New("more than 2 GiB of JSON")
	}
	d.dirty = false
	err := d.check(data)
	if err != nil {
		// Invalid UTF-8 is the only error that is tolerated.
		d.dirty = true
		err = d.check(data, jsontext.AllowInvalidUTF8(true))
	}
	if err != nil {
		return err
	}
	d.data = data
	return d.read(0)
}

// check reports whether data is JSON, by jsontext.
func (d *Doc) check(data []byte, lax ...jsontext.Options) error {
	d.buf = *bytes.NewBuffer(data)
	if d.dec == nil {
		d.dec = new(jsontext.Decoder)
	}
	d.dec.Reset(&d.buf, append(lax, jsontext.AllowDuplicateNames(true))...)
	if _, err := d.dec.ReadValue(); err != nil {
		var syntax *jsontext.SyntacticError
		if errors.As(err, &syntax) && strings.Count(string(syntax.JSONPointer), "/") > MaxDepth {
			return ErrDepth // whatever the error at that depth is
		}
		if errors.Is(err, io.EOF) {
			err = io.ErrUnexpectedEOF
		}
		return err
	}
	if _, err := d.dec.ReadToken(); err != io.EOF {
		return fmt.Errorf("something follows the JSON value at byte %d", d.dec.InputOffset())
	}
	return nil
}

// read adds the value at data[from] to the table. The text has been checked, so read
// only finds where values begin and end.
func (d *Doc) read(from int) error {
	var open [MaxDepth]uint32 // the open arrays and objects
	depth, inObject := 0, false
	var name, nameEnd uint32 // name of the next value, if it has been read
	var nameEscaped bool
	data, nodes := d.data, d.nodes
	if len(data)-from > large {
		// Growing step by step would need twice the memory for a while.
		rest := data[from:]
		most := bytes.Count(rest, []byte{','}) + bytes.Count(rest, []byte{'{'}) + bytes.Count(rest, []byte{'['}) + 1
		nodes = slices.Grow(nodes, most)
	}
	for i := from; i < len(data); {
		switch c := data[i]; c {
		case ' ', '\t', '\n', '\r', ',', ':':
			i++
		case '"':
			start := i
			end, escaped := stringEnd(data, i)
			i = end
			if inObject && nameEnd == 0 {
				name, nameEnd, nameEscaped = uint32(start), uint32(end), escaped
				continue
			}
			nodes = append(nodes, node{name, nameEnd, uint32(start), uint32(end), uint32(len(nodes) + 1), String, escaped, nameEscaped})
			nameEnd = 0
		case '{', '[':
			if depth == MaxDepth {
				return ErrDepth
			}
			open[depth] = uint32(len(nodes))
			depth, inObject = depth+1, c == '{'
			nodes = append(nodes, node{name: name, nameEnd: nameEnd, start: uint32(i), kind: Kind(c), nameEscaped: nameEscaped})
			nameEnd = 0
			i++
		case '}', ']':
			i++
			depth--
			whole := &nodes[open[depth]]
			whole.end, whole.next = uint32(i), uint32(len(nodes))
			inObject = depth > 0 && nodes[open[depth-1]].kind == Object
		default:
			start, kind := i, Kind(c)
			if c <= '9' { // a digit or the minus
				kind = Number
			}
			for i++; i < len(data) && !endsScalar[data[i]]; i++ {
			}
			nodes = append(nodes, node{name, nameEnd, uint32(start), uint32(i), uint32(len(nodes) + 1), kind, false, nameEscaped})
			nameEnd = 0
		}
	}
	d.nodes = nodes
	return nil
}

// endsScalar are the bytes that can follow a number, true, false or null.
var endsScalar = [256]bool{' ': true, '\t': true, '\n': true, '\r': true, ',': true, ']': true, '}': true}

// stringEnd returns the end of the string that begins at data[start], after its closing
// quote, and whether the string contains a backslash.
func stringEnd(data []byte, start int) (end int, escaped bool) {
	for i := start + 1; ; i++ {
		for ; i+8 <= len(data); i += 8 {
			w := binary.LittleEndian.Uint64(data[i:])
			q, b := w^(lows*'"'), w^(lows*'\\')
			if hit := ((q-lows)&^q | (b-lows)&^b) & (lows << 7); hit != 0 {
				i += bits.TrailingZeros64(hit) / 8
				break
			}
		}
		switch data[i] {
		case '"':
			return i + 1, escaped
		case '\\':
			escaped = true
			i++
		}
	}
}

// lows has the lowest bit of each of its eight bytes set.
const lows = 0x0101010101010101

// Root returns the value of the document.
func (d *Doc) Root() Value {
	if len(d.nodes) == 0 {
		return Value{}
	}
	return Value{doc: d}
}

// Value is one value of a [Doc]. The zero Value is absent.
type Value struct {
	doc *Doc
	at  uint32
}

// Kind returns the kind of the value; [Absent] for the zero Value.
func (v Value) Kind() Kind {
	if v.doc == nil {
		return Absent
	}
	return v.doc.nodes[v.at].kind
}

// Raw returns the JSON text of the value as received. For an object or array that was
// built, it returns the text of AppendJSON.
func (v Value) Raw() []byte {
	if v.doc == nil {
		return nil
	}
	n := &v.doc.nodes[v.at]
	if n.start == n.end {
		return v.AppendJSON(nil)
	}
	return v.doc.data[n.start:n.end]
}

// Name returns the name of a member, unquoted and without U+0000; empty for an element
// of an array.
func (v Value) Name() []byte {
	n := &v.doc.nodes[v.at]
	if n.nameEnd == 0 {
		return nil
	}
	raw := v.doc.data[n.name:n.nameEnd]
	if !v.doc.dirty && !n.nameEscaped {
		return raw[1 : len(raw)-1]
	}
	return clean(unquote(nil, raw))
}

// All yields the members of an object or the elements of an array.
func (v Value) All() iter.Seq[Value] {
	return func(yield func(Value) bool) {
		if k := v.Kind(); k != Object && k != Array {
			return
		}
		nodes := v.doc.nodes
		for i, end := v.at+1, nodes[v.at].next; i < end; i = nodes[i].next {
			if !yield(Value{v.doc, i}) {
				return
			}
		}
	}
}

// Get returns the member with that name, the last one if there are several; absent if
// there is none or v is not an object.
func (v Value) Get(name string) Value {
	var found Value
	if v.Kind() == Object {
		for m := range v.All() {
			if string(m.Name()) == name {
				found = m
			}
		}
	}
	return found
}

// Text returns the decoded text of a string, and the JSON text of any other value.
// U+0000 is removed, because databases reject it.
func (v Value) Text() string {
	raw := v.Raw()
	if k := v.Kind(); k != String && k != Time {
		return string(raw)
	}
	if v.plain() {
		return string(raw[1 : len(raw)-1])
	}
	return string(clean(unquote(nil, raw)))
}

// AppendString appends the string v to dst as valid JSON: the bytes as received, with
// U+0000 removed, and invalid UTF-8 and lone surrogates replaced by U+FFFD.
func (v Value) AppendString(dst []byte) []byte {
	raw := v.Raw()
	if v.plain() || (!v.doc.dirty && !bytes.Contains(raw, []byte(`\u0000`))) {
		return append(dst, raw...)
	}
	return Quote(dst, clean(unquote(nil, raw)))
}

// Altered reports whether [Value.AppendString] changes v or a text in it.
func (v Value) Altered() bool {
	switch v.Kind() {
	case String:
		raw := v.Raw()
		if v.plain() || (!v.doc.dirty && !bytes.Contains(raw, []byte(`\u0000`))) {
			return false
		}
		text, err := jsontext.AppendUnquote(nil, raw)
		return err != nil || bytes.IndexByte(text, 0) >= 0
	case Object, Array:
		for m := range v.All() {
			if m.Altered() {
				return true
			}
		}
	}
	return false
}

// AppendJSON appends v with all its parts as compact JSON, with every text as
// [Value.AppendString] writes it.
func (v Value) AppendJSON(dst []byte) []byte {
	switch v.Kind() {
	case Absent:
		return append(dst, "null"...)
	case String, Time:
		return v.AppendString(dst)
	case Object, Array:
	default:
		return append(dst, v.Raw()...)
	}
	object := v.Kind() == Object
	var last map[string]uint32 // if a name occurs twice, the last value counts
	if object && v.Size() > fewMembers {
		last = make(map[string]uint32)
		for m := range v.All() {
			last[string(m.Name())] = m.at
		}
	}
	dst = append(dst, byte(v.Kind()))
	first := true
	for m := range v.All() {
		if last != nil && last[string(m.Name())] != m.at || object && last == nil && v.repeats(m) {
			continue
		}
		if !first {
			dst = append(dst, ',')
		}
		first = false
		if object {
			dst = append(Quote(dst, m.Name()), ':')
		}
		dst = m.AppendJSON(dst)
	}
	return append(dst, byte(v.Kind())+2) // '{'+2 is '}', '['+2 is ']'
}

// fewMembers is the number of members up to which a scan is cheaper than a map.
const fewMembers = 16

// repeats reports whether a member of v after m has the same name.
func (v Value) repeats(m Value) bool {
	nodes := v.doc.nodes
	for i, end := nodes[m.at].next, nodes[v.at].next; i < end; i = nodes[i].next {
		if bytes.Equal((Value{v.doc, i}).Name(), m.Name()) {
			return true
		}
	}
	return false
}

// SetTime replaces the value by a JSON string of kind [Time]. text is quoted RFC 3339;
// it is copied.
func (v Value) SetTime(text []byte) {
	d := v.doc
	start := uint32(len(d.data))
	d.data = append(d.data, text...)
	d.replace(v.at, start, uint32(len(d.data)), Time)
}

// Share sets v to the value of other.
func (v Value) Share(other Value) {
	n := v.doc.nodes[other.at]
	v.doc.replace(v.at, n.start, n.end, n.kind)
	v.doc.nodes[v.at].escaped = n.escaped
}

// SetNull replaces the value by null.
func (v Value) SetNull() {
	d := v.doc
	start := uint32(len(d.data))
	d.data = append(d.data, "null"...)
	d.replace(v.at, start, start+4, Null)
}

func (d *Doc) replace(at, start, end uint32, kind Kind) {
	n := &d.nodes[at]
	// A container keeps its nodes, but as a scalar it has no members.
	n.start, n.end, n.kind, n.escaped = start, end, kind, false
}

// plain reports whether the string v has no escapes and nothing to replace.
func (v Value) plain() bool { return !v.doc.dirty && !v.doc.nodes[v.at].escaped }

// unquote decodes a JSON string; jsontext replaces invalid UTF-8 by U+FFFD.
func unquote(dst, raw []byte) []byte {
	dst, _ = jsontext.AppendUnquote(dst, raw)
	return dst
}

// clean removes U+0000 from b, in place.
func clean(b []byte) []byte {
	if bytes.IndexByte(b, 0) < 0 {
		return b
	}
	return bytes.ReplaceAll(b, []byte{0}, nil)
}

// Quote appends text as a JSON string, with invalid UTF-8 replaced by U+FFFD.
func Quote[T ~[]byte | ~string](dst []byte, text T) []byte {
	dst, err := jsontext.AppendQuote(dst, text)
	if err != nil {
		// Only invalid UTF-8 is reported, and it has been replaced.
		return dst
	}
	return dst
}

// AppendTime appends t as a JSON string: RFC 3339 in UTC, with as many decimals as
// needed.
func AppendTime(dst []byte, t time.Time) []byte {
	dst = append(dst, '"')
	dst = t.UTC().AppendFormat(dst, time.RFC3339Nano)
	return append(dst, '"')
}

// IsNumber reports whether text is a JSON number.
func IsNumber(text string) bool {
	v := jsontext.Value(text)
	return v.Kind() == '0' && v.IsValid() && text[len(text)-1] >= '0' && text[len(text)-1] <= '9' && text[0] > ' '
}

// Blank reports whether v is a text without content.
func (v Value) Blank() bool { return v.Kind() == String && strings.TrimSpace(v.Text()) == "" }

// Size returns the number of members or elements; 0 for a scalar.
func (v Value) Size() int {
	n := 0
	for range v.All() {
		n++
	}
	return n
}

// Lookup finds the text or number at the end of a way of members in the JSON text
// of an object that may be cut off behind it; empty if it is not there.
func Lookup(text []byte, way ...string) string {
	d := jsontext.NewDecoder(bytes.NewReader(text), jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))
	for _, name := range way {
		if t, err := d.ReadToken(); err != nil || t.Kind() != '{' {
			return ""
		}
		for {
			t, err := d.ReadToken()
			if err != nil || t.Kind() != '"' {
				return ""
			}
			if t.String() == name {
				break
			}
			if d.SkipValue() != nil {
				return ""
			}
		}
	}
	t, err := d.ReadToken()
	if err != nil || t.Kind() != '"' && t.Kind() != '0' {
		return ""
	}
	return t.String()
}
