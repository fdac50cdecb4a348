// Package jsondoc reads a JSON text into a flat table of its values, the way
// the tap reads every answer: once, in order, without a map or a copy. A [Doc]
// is used again and again by one goroutine; what it hands out is valid until
// the next Parse.
//
// The grammar is checked by [jsontext], strictly, but for three things that
// archives of other people's words do contain: invalid UTF-8 and lone
// surrogates (read as U+FFFD when written out again), and a name that occurs
// twice in an object (the last one counts, as in most readers).
package jsondoc

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"iter"
	"math"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
)

// MaxDepth is how deep arrays and objects may be nested. A chat needs six.
const MaxDepth = 64

// ErrDepth is what Parse reports of a text that is nested deeper.
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
	// Time is a string put in by [Value.SetTime]: an RFC 3339 time in UTC.
	Time Kind = 'T'
)

// node is one value. Its text is data[start:end], its name data[name:nameEnd];
// next is the index of the first node that is not inside it.
type node struct {
	name, nameEnd, start, end, next uint32
	kind                            Kind
}

// Doc is a parsed JSON text. The zero value is ready for use.
type Doc struct {
	data  []byte
	nodes []node
	dirty bool // the text has invalid UTF-8 somewhere
	buf   bytes.Buffer
	dec   *jsontext.Decoder
}

// Parse reads data, which must be one JSON value and nothing else. The Doc
// keeps and extends data until the next call.
func (d *Doc) Parse(data []byte) error {
	if uint64(len(data)) > math.MaxInt32 {
		return errors.New("more than 2 GiB of JSON")
	}
	d.data, d.nodes, d.dirty = data, d.nodes[:0], !utf8.Valid(data)
	d.buf = *bytes.NewBuffer(data)
	if d.dec == nil {
		d.dec = new(jsontext.Decoder)
	}
	d.dec.Reset(&d.buf, jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))
	if err := d.read(); err != nil {
		d.nodes = d.nodes[:0]
		if errors.Is(err, io.EOF) {
			err = io.ErrUnexpectedEOF
		}
		return err
	}
	if _, err := d.dec.ReadToken(); err != io.EOF {
		d.nodes = d.nodes[:0]
		return fmt.Errorf("something follows the JSON value at byte %d", d.dec.InputOffset())
	}
	return nil
}

func (d *Doc) read() error {
	var open [MaxDepth]struct {
		at     uint32
		object bool
	}
	depth := 0
	var name, nameEnd uint32
	wantName := false
	for {
		kind := Kind(d.dec.PeekKind())
		switch kind {
		case Object, Array:
			if depth == MaxDepth {
				return fmt.Errorf("%w at byte %d", ErrDepth, d.dec.InputOffset())
			}
			if _, err := d.dec.ReadToken(); err != nil {
				return err
			}
			d.nodes = append(d.nodes, node{name: name, nameEnd: nameEnd, start: uint32(d.dec.InputOffset()) - 1, kind: kind})
			open[depth].at, open[depth].object = uint32(len(d.nodes)-1), kind == Object
			depth++
			name, nameEnd, wantName = 0, 0, kind == Object
			continue
		case '}', ']':
			if _, err := d.dec.ReadToken(); err != nil {
				return err
			}
			depth--
			n := &d.nodes[open[depth].at]
			n.end, n.next = uint32(d.dec.InputOffset()), uint32(len(d.nodes))
		default:
			text, err := d.dec.ReadValue()
			if err != nil {
				return err
			}
			end := uint32(d.dec.InputOffset())
			start := end - uint32(len(text))
			if wantName {
				name, nameEnd, wantName = start, end, false
				continue
			}
			d.nodes = append(d.nodes, node{name: name, nameEnd: nameEnd, start: start, end: end, next: uint32(len(d.nodes) + 1), kind: kind})
		}
		if depth == 0 {
			return nil
		}
		name, nameEnd, wantName = 0, 0, open[depth-1].object
	}
}

// Root is the document's value.
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

// Kind tells what the value is; [Absent] for the zero Value.
func (v Value) Kind() Kind {
	if v.doc == nil {
		return Absent
	}
	return v.doc.nodes[v.at].kind
}

// Raw is the JSON text of the value, as it was received.
func (v Value) Raw() []byte {
	if v.doc == nil {
		return nil
	}
	n := &v.doc.nodes[v.at]
	return v.doc.data[n.start:n.end]
}

// Name is the member's name, unquoted and without U+0000; empty for elements of
// an array.
func (v Value) Name() []byte {
	n := &v.doc.nodes[v.at]
	if n.nameEnd == n.name {
		return nil
	}
	raw := v.doc.data[n.name:n.nameEnd]
	if !v.doc.dirty && bytes.IndexByte(raw, '\\') < 0 {
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

// Get is the member of that name, the last one if there are several; absent
// if there is none or v is no object.
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

// Text is the decoded text of a string, and the JSON text of anything else.
// U+0000 is taken out, because databases refuse it.
func (v Value) Text() string {
	raw := v.Raw()
	if k := v.Kind(); k != String && k != Time {
		return string(raw)
	}
	if v.doc.plain(raw) {
		return string(raw[1 : len(raw)-1])
	}
	return string(clean(unquote(nil, raw)))
}

// AppendString appends the string v to dst as valid JSON: the very bytes
// received, unless they hold U+0000 (taken out) or invalid UTF-8 or a lone
// surrogate (made U+FFFD).
func (v Value) AppendString(dst []byte) []byte {
	raw := v.Raw()
	if v.doc.plain(raw) || (!v.doc.dirty && !bytes.Contains(raw, []byte(`\u`))) {
		return append(dst, raw...)
	}
	return Quote(dst, clean(unquote(nil, raw)))
}

// AppendJSON appends v and all that is in it, compact, with every text made
// valid as by [Value.AppendString].
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
	var last map[string]uint32 // of a name that occurs twice the last value counts
	if object {
		last = make(map[string]uint32)
		for m := range v.All() {
			last[string(m.Name())] = m.at
		}
	}
	dst = append(dst, byte(v.Kind()))
	first := true
	for m := range v.All() {
		if object && last[string(m.Name())] != m.at {
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

// SetTime replaces the value by a JSON string of kind [Time]; text is quoted
// RFC 3339. It returns nothing to the caller's buffer: text is copied.
func (v Value) SetTime(text []byte) {
	d := v.doc
	start := uint32(len(d.data))
	d.data = append(d.data, text...)
	d.replace(v.at, start, uint32(len(d.data)), Time)
}

// Share gives v the value that other has.
func (v Value) Share(other Value) {
	n := v.doc.nodes[other.at]
	v.doc.replace(v.at, n.start, n.end, n.kind)
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
	// A container keeps its nodes; as a scalar it has no members to walk.
	n.start, n.end, n.kind = start, end, kind
}

// plain tells that raw, a JSON string, reads the same decoded.
func (d *Doc) plain(raw []byte) bool {
	return !d.dirty && bytes.IndexByte(raw, '\\') < 0
}

// unquote decodes a JSON string; jsontext makes U+FFFD of what is not UTF-8.
func unquote(dst, raw []byte) []byte {
	dst, _ = jsontext.AppendUnquote(dst, raw)
	return dst
}

// clean takes U+0000 out of b, in place.
func clean(b []byte) []byte {
	if bytes.IndexByte(b, 0) < 0 {
		return b
	}
	return bytes.ReplaceAll(b, []byte{0}, nil)
}

// Quote appends text as a JSON string, invalid UTF-8 made U+FFFD.
func Quote[T ~[]byte | ~string](dst []byte, text T) []byte {
	dst, err := jsontext.AppendQuote(dst, text)
	if err != nil {
		// Only invalid UTF-8 is reported, and it has been replaced.
		return dst
	}
	return dst
}

// IsNumber tells whether text is a JSON number and nothing else.
func IsNumber(text string) bool {
	v := jsontext.Value(text)
	return v.Kind() == '0' && v.IsValid() && text[len(text)-1] >= '0' && text[len(text)-1] <= '9' && text[0] > ' '
}

// Size is the number of members or elements; 0 for a scalar.
func (v Value) Size() int {
	n := 0
	for range v.All() {
		n++
	}
	return n
}
