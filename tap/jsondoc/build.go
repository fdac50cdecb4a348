package jsondoc

import (
	"bytes"
	"strconv"
	"time"
)

// Built values are in the table of a [Doc] like parsed ones. They are valid until the
// next Parse or Reset. Building a value allocates only if the table or its text grows.

// Reset empties the Doc, for building values without parsing. The Doc keeps its memory,
// including that of the last parsed text.
func (d *Doc) Reset() { d.nodes, d.data, d.dirty = d.nodes[:0], d.data[:0], false }

// Release drops the parsed text, so that its memory can be reclaimed.
func (d *Doc) Release() {
	d.Reset()
	d.data, d.buf, d.dec = nil, bytes.Buffer{}, nil
}

// Mark is a position in a Doc, for Undo.
type Mark struct{ nodes, data int }

// Mark returns the current position.
func (d *Doc) Mark() Mark { return Mark{len(d.nodes), len(d.data)} }

// Undo removes the values built since m. Values that SetTime or SetNull have changed
// since then must not be used afterwards.
func (d *Doc) Undo(m Mark) { d.nodes, d.data = d.nodes[:m.nodes], d.data[:m.data] }

// String builds a string.
func (d *Doc) String(text string) Value { return d.add(quoted(d, text)) }

// Bytes builds a string.
func (d *Doc) Bytes(text []byte) Value { return d.add(quoted(d, text)) }

// Time builds a value of kind [Time].
func (d *Doc) Time(t time.Time) Value { return d.add(d.instant(t)) }

// Int builds a number.
func (d *Doc) Int(n int64) Value { return d.add(d.number(n)) }

// Bool builds true or false.
func (d *Doc) Bool(b bool) Value { return d.add(d.word(b)) }

// Null builds null.
func (d *Doc) Null() Value { return d.add(d.null()) }

// JSON builds a value from JSON text, which is checked and copied. The limits of
// [Doc.Parse] apply.
func (d *Doc) JSON(text []byte) (Value, error) {
	dirty, at, start := d.dirty, len(d.nodes), len(d.data)
	var one Doc
	if err := one.Parse(text); err != nil {
		return Value{}, err
	}
	d.dirty = dirty || one.dirty
	d.data = append(d.data, text...)
	if err := d.read(start); err != nil {
		return Value{}, err
	}
	return Value{d, uint32(at)}, nil
}

// add appends a scalar to the table.
func (d *Doc) add(n node) Value {
	n.next = uint32(len(d.nodes) + 1)
	d.nodes = append(d.nodes, n)
	return Value{d, n.next - 1}
}

func quoted[T ~[]byte | ~string](d *Doc, text T) node {
	start := len(d.data)
	d.data = Quote(d.data, text)
	return node{start: uint32(start), end: uint32(len(d.data)), kind: String, escaped: bytes.IndexByte(d.data[start:], '\\') >= 0}
}

// scalar returns a node for the text that has been appended to d.data since start.
func (d *Doc) scalar(start int, kind Kind) node {
	return node{start: uint32(start), end: uint32(len(d.data)), kind: kind}
}

func (d *Doc) instant(t time.Time) node {
	start := len(d.data)
	d.data = AppendTime(d.data, t)
	return d.scalar(start, Time)
}

func (d *Doc) number(n int64) node {
	start := len(d.data)
	d.data = strconv.AppendInt(d.data, n, 10)
	return d.scalar(start, Number)
}

func (d *Doc) word(b bool) node {
	start := len(d.data)
	d.data = strconv.AppendBool(d.data, b)
	return d.scalar(start, Kind(d.data[start]))
}

func (d *Doc) null() node {
	start := len(d.data)
	d.data = append(d.data, "null"...)
	return d.scalar(start, Null)
}

// Builder builds an object or array in the table of a Doc, member by member. Names are
// ignored in arrays. Other values may be built and read before [Builder.Value] returns
// the result.
type Builder struct {
	doc   *Doc
	nodes []node // separate from the table; next is relative to the first of them
	open  []uint32
}

// Build starts an object or array. There is one Builder for each Doc: an unfinished
// value is dropped.
func (d *Doc) Build() *Builder {
	b := &d.builder
	b.doc, b.nodes, b.open = d, b.nodes[:0], b.open[:0]
	return b
}

// Object starts an object, which contains the following members until [Builder.End].
func (b *Builder) Object(name string) { b.begin(name, Object) }

// Array starts an array.
func (b *Builder) Array(name string) { b.begin(name, Array) }

func (b *Builder) begin(name string, kind Kind) {
	b.put(name, node{kind: kind})
	b.open = append(b.open, uint32(len(b.nodes)-1))
}

// End ends the object or array that was started last.
func (b *Builder) End() {
	last := len(b.open) - 1
	b.nodes[b.open[last]].next = uint32(len(b.nodes))
	b.open = b.open[:last]
}

// Text adds a string.
func (b *Builder) Text(name, text string) { b.put(name, quoted(b.doc, text)) }

// Bytes adds a string.
func (b *Builder) Bytes(name string, text []byte) { b.put(name, quoted(b.doc, text)) }

// Time adds a value of kind [Time].
func (b *Builder) Time(name string, t time.Time) { b.put(name, b.doc.instant(t)) }

// Int adds a number.
func (b *Builder) Int(name string, n int64) { b.put(name, b.doc.number(n)) }

// Bool adds true or false.
func (b *Builder) Bool(name string, v bool) { b.put(name, b.doc.word(v)) }

// Null adds null.
func (b *Builder) Null(name string) { b.put(name, b.doc.null()) }

// Put adds v with all its parts; nothing if v is absent. The text of v is copied only if
// v belongs to another Doc.
func (b *Builder) Put(name string, v Value) {
	if v.Kind() == Absent {
		return
	}
	from, at := v.doc.nodes, len(b.nodes)
	b.put(name, from[v.at])
	if k := v.Kind(); k == Object || k == Array {
		b.nodes = append(b.nodes, from[v.at+1:from[v.at].next]...)
		for i := at; i < len(b.nodes); i++ {
			b.nodes[i].next += uint32(at) - v.at // may wrap around, which is correct modulo 2^32
		}
		b.nodes[at].next = uint32(len(b.nodes))
	}
	if v.doc == b.doc {
		return
	}
	b.doc.dirty = b.doc.dirty || v.doc.dirty
	for i := at; i < len(b.nodes); i++ {
		n := &b.nodes[i]
		if i > at && n.nameEnd != 0 {
			n.name, n.nameEnd = b.take(v.doc.data[n.name:n.nameEnd])
		}
		if n.kind == Object || n.kind == Array {
			n.start, n.end = 0, 0
		} else {
			n.start, n.end = b.take(v.doc.data[n.start:n.end])
		}
	}
}

// take copies text into the Doc.
func (b *Builder) take(text []byte) (start, end uint32) {
	d := b.doc
	start = uint32(len(d.data))
	d.data = append(d.data, text...)
	return start, uint32(len(d.data))
}

// put adds a node with a name.
func (b *Builder) put(name string, n node) {
	n.name, n.nameEnd, n.nameEscaped = 0, 0, false
	if last := len(b.open) - 1; last >= 0 && b.nodes[b.open[last]].kind == Object {
		d := b.doc
		n.name = uint32(len(d.data))
		if plainName(name) {
			d.data = append(append(append(d.data, '"'), name...), '"')
		} else {
			n.nameEscaped = quoted(d, name).escaped
		}
		n.nameEnd = uint32(len(d.data))
	}
	n.next = uint32(len(b.nodes) + 1)
	b.nodes = append(b.nodes, n)
}

// plainName reports whether no byte of a name needs an escape.
func plainName(name string) bool {
	for i := range len(name) {
		if c := name[i]; c < '0' || c > 'z' || c == '\\' {
			return false
		}
	}
	return true
}

// Value ends all open objects and arrays and returns the result; absent if nothing was
// built.
func (b *Builder) Value() Value {
	for len(b.open) > 0 {
		b.End()
	}
	d, at := b.doc, uint32(len(b.doc.nodes))
	if len(b.nodes) == 0 {
		return Value{}
	}
	for _, n := range b.nodes {
		n.next += at
		d.nodes = append(d.nodes, n)
	}
	b.nodes = b.nodes[:0]
	return Value{d, at}
}
