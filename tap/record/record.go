// Package record turns documents into RECORD messages: chats, with their
// messages and events, and the rows of lists. It does not know which API a
// document comes from.
//
// What is written keeps to the schema that the catalog says. A value of another
// type is read as what is wanted, if that loses nothing; else it is refused or
// made null. A field that the schema does not know is left out. Of both, notes
// tell.
package record

import (
	"fmt"
	"hash/maphash"
	"slices"
	"sync"
	"time"

	"tap-livechat/catalog"
	"tap-livechat/tap/jsondoc"
	"tap-livechat/tap/source"
)

// unassigned stands in the key of a chat that no agent took part in, or an
// agent without an e-mail address.
const unassigned = "unassigned"

// Why there are notes.
const (
	unknownField = "is not in the schema and was left out"
	nulled       = "was made null: its value is not of the type, or is none that targets hold"
	tooLarge     = "was left out: it is too large to be read"
	doubleID     = "stands twice in one chat; the later ones got an id of their own"
	foreignID    = "is given by several chats; in the target they overwrite each other"
	altered      = "is not as it was received: U+0000 was taken out of it, or what is no Unicode became U+FFFD"
)

// Renderer is a [source.Renderer]. All that changes is in the pen that each
// call takes.
type Renderer struct {
	streams []*stream // those selected, in the order of the catalog's table
	nullIt  bool
	pens    sync.Pool
	seen    seenIDs
}

// New makes a Renderer of the records of a selection. A value that cannot be
// read as what the schema says becomes null if nullInvalid is set, and an error
// of its chat if not.
func New(selection catalog.Selection, nullInvalid bool) (*Renderer, error) {
	r := &Renderer{nullIt: nullInvalid, seen: seenIDs{seed: maphash.MakeSeed(), chat: make(map[uint64]uint64)}}
	r.pens.New = func() any { return &pen{Renderer: r, ids: make(map[string]bool), equal: make(map[string]int)} }
	for _, known := range catalog.Streams() {
		at := slices.IndexFunc(selection.Streams, func(s catalog.Selected) bool { return s.Name == known.Name })
		if at < 0 {
			continue
		}
		s, err := newStream(selection.Streams[at])
		if err != nil {
			return nil, err
		}
		r.streams = append(r.streams, s)
	}
	return r, nil
}

// ValueError is a value that cannot be read as what the schema says. It does not
// hold the value, which may be a customer's words.
// Chat is empty for the row of a list.
type ValueError struct {
	Chat, Field, Wanted, Got string
	must                     bool
}

func (e *ValueError) Error() string {
	text := fmt.Sprintf("%s: wanted %s, got %s", e.Field, e.Wanted, e.Got)
	if e.Chat != "" {
		text = "chat " + e.Chat + ": " + text
	}
	return text
}

// Hint says how to go on.
func (e *ValueError) Hint() string {
	if e.must {
		return "neither a key nor what the catalog requires can be null; report this chat, and leave the field, or for a key the stream, out of the catalog until it is resolved"
	}
	return "set on_invalid to null to make such values null and go on, or leave the field out in the catalog"
}

// TooLargeError is a chat that is too large to be read.
type TooLargeError struct{ Chat string }

func (e *TooLargeError) Error() string {
	return fmt.Sprintf("chat %s is too large to be read: it is longer than %d MiB", e.Chat, source.MaxChat>>20)
}

// Hint says how to go on.
func (e *TooLargeError) Hint() string {
	return "set on_invalid to null to leave such chats out and go on; each is named"
}

// tooLarge refuses the chat at hand, or notes that it was left out.
func (p *pen) tooLarge() {
	if p.nullIt {
		p.note("chats", tooLarge)
		return
	}
	p.err = &TooLargeError{p.chat.ID}
}

// Chat writes the records of a chat, as [source.Renderer] promises.
func (r *Renderer) Chat(dst []byte, c *source.Chat) []byte {
	p := r.begin(dst, c.Received, c.Notes)
	p.chat = c
	base := len(dst)
	if c.TooLarge {
		p.tooLarge()
	}
	parts := make([]source.Part, 0, len(r.streams))
	for _, s := range r.streams {
		p.count = 0
		if c.TooLarge {
			break
		}
		switch s.from {
		case aChat:
			p.writeChats(s)
		case aList:
			p.writeChildren(s)
		default:
			continue
		}
		parts = append(parts, source.Part{Stream: s.name, End: len(p.out) - base, Count: p.count})
	}
	packed := len(p.out)-base > packFrom
	if packed {
		p.out = pack(p.out, base, parts)
	}
	dst = r.end(p, &c.Out, parts)
	c.Out.Packed = packed
	return dst
}

// Row writes the record of a row, as [source.Renderer] promises.
func (r *Renderer) Row(dst []byte, row *source.Row) []byte {
	at := slices.IndexFunc(r.streams, func(s *stream) bool { return s.from == aRow && s.name == row.Stream })
	if at < 0 {
		return dst
	}
	p := r.begin(dst, row.Received, row.Notes)
	s := r.streams[at]
	p.writeRecord(s, p.gather(s.shape, row.Doc))
	return r.end(p, &row.Out, []source.Part{{Stream: s.name, End: len(p.out) - len(dst), Count: 1}})
}

// begin takes a pen that appends to dst, and to the notes there are.
func (r *Renderer) begin(dst []byte, received time.Time, notes []source.Note) *pen {
	p := r.pens.Get().(*pen)
	p.out, p.count, p.notes = dst, 0, slices.Clip(notes)
	p.made.Reset()
	p.tail = append(jsondoc.AppendTime(append(p.tail[:0], "}"+beforeTime...), received.Truncate(time.Microsecond)), "}\n"...)
	return p
}

// end hands over what the pen has written, and gives it back.
func (r *Renderer) end(p *pen, to *source.Rendered, parts []source.Part) (dst []byte) {
	*to = source.Rendered{Parts: parts, Notes: p.notes, Err: p.err}
	dst = p.out
	p.chat, p.out, p.notes, p.err, p.slots = nil, nil, nil, nil, p.slots[:0]
	r.pens.Put(p)
	return dst
}
