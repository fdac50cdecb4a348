// Package record turns documents into records: JSON objects, one a line, of chats,
// with their messages and events, and of the rows of lists. It does not know which
// API a document comes from.
//
// Records are valid against the catalog's schema. A value of another type is
// converted if that loses nothing; else it is rejected or made null. A field that
// is not in the schema is left out. A warning reports each null and each such field.
package record

import (
	"fmt"
	"hash/maphash"
	"slices"
	"sync"

	"tap-livechat/catalog"
	"tap-livechat/tap/source"
)

// unassigned is the agent_email of a chat without agents, and of an agent without
// an e-mail address: agent_email is part of the key and cannot be null.
const unassigned = "unassigned"

// The reasons of warnings.
const (
	unknownField = "is not in the schema and was left out"
	nulled       = "was made null: its value is not of the type, or is none that targets hold"
	tooLarge     = "was left out: it is too large to be read"
	doubleID     = "stands twice in one chat; the later ones got an id of their own"
	foreignID    = "is given by several chats; in the target they overwrite each other"
	altered      = "is not as it was received: U+0000 was taken out of it, or what is no Unicode became U+FFFD"
)

// Renderer is a [source.Renderer]. Each call takes a writer from a pool, which
// holds all state of the call; the Renderer is therefore safe for concurrent use.
type Renderer struct {
	streams     []*stream // those selected, in the order of the catalog's table
	nullInvalid bool
	writers     sync.Pool
	seen        seenIDs
}

// New returns a Renderer for the selected streams and fields. A value that cannot
// be converted to the type of its schema becomes null if nullInvalid is set; else
// it is an error of its chat.
func New(selection catalog.Selection, nullInvalid bool) (*Renderer, error) {
	r := &Renderer{nullInvalid: nullInvalid, seen: seenIDs{seed: maphash.MakeSeed(), chat: make(map[uint64]uint64)}}
	r.writers.New = func() any { return &writer{Renderer: r, ids: make(map[string]bool), equal: make(map[string]int)} }
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

// ValueError reports a value that cannot be converted to the type of its schema. It
// does not contain the value, which may be personal data. Chat is empty for the row
// of a list.
type ValueError struct {
	Chat, Field, Wanted, Got string
	nonNull                  bool
}

func (e *ValueError) Error() string {
	text := fmt.Sprintf("%s: wanted %s, got %s", e.Field, e.Wanted, e.Got)
	if e.Chat != "" {
		text = "chat " + e.Chat + ": " + text
	}
	return text
}

// Required reports whether the value is a key, or is required by the catalog, and so
// cannot be null.
func (e *ValueError) Required() bool { return e.nonNull }

// Hint says how the user can continue.
func (e *ValueError) Hint() string {
	if e.nonNull {
		return "neither a key nor what the catalog requires can be null; report this chat, and leave the field, or for a key the stream, out of the catalog until it is resolved"
	}
	return "set on_invalid to null to make such values null and go on, or leave the field out in the catalog"
}

// TooLargeError reports a chat that is longer than [source.MaxChat].
type TooLargeError struct{ Chat string }

func (e *TooLargeError) Error() string {
	return fmt.Sprintf("chat %s is too large to be read: it is longer than %d MiB", e.Chat, source.MaxChat>>20)
}

// Hint says how the user can continue.
func (e *TooLargeError) Hint() string {
	return "set on_invalid to null to leave such chats out and go on; each is named"
}

// tooLarge rejects the current chat, or warns that it is left out.
func (w *writer) tooLarge() {
	if w.nullInvalid {
		w.warn("chats", tooLarge)
		return
	}
	w.err = &TooLargeError{w.chat.ID}
}

// Chat appends the records of a chat to dst; see [source.Renderer].
func (r *Renderer) Chat(dst []byte, c *source.Chat) []byte {
	w := r.begin(dst, c.Warnings)
	w.chat = c
	base := len(dst)
	switch {
	case c.TooLarge:
		w.tooLarge()
	case c.NoID:
		w.noID()
	}
	parts := make([]source.Part, 0, len(r.streams))
	for _, s := range r.streams {
		w.count = 0
		if c.TooLarge || c.NoID {
			break
		}
		switch s.from {
		case fromChat:
			w.writeChats(s)
		case fromChildList:
			w.writeChildren(s)
		default:
			continue
		}
		parts = append(parts, source.Part{Stream: s.name, End: len(w.out) - base, Count: w.count})
	}
	return r.end(w, &c.Out, parts)
}

// Row appends the record of a row to dst; see [source.Renderer]. It appends nothing
// if the row's stream is not selected.
func (r *Renderer) Row(dst []byte, row *source.Row) []byte {
	at := slices.IndexFunc(r.streams, func(s *stream) bool { return s.from == fromRow && s.name == row.Stream })
	if at < 0 {
		return dst
	}
	w := r.begin(dst, row.Warnings)
	s := r.streams[at]
	w.writeRecord(s, w.collect(s.schema, row.Doc))
	return r.end(w, &row.Out, []source.Part{{Stream: s.name, End: len(w.out) - len(dst), Count: 1}})
}

// begin returns a writer that appends to dst and to a copy of the warnings.
func (r *Renderer) begin(dst []byte, warnings []source.Warning) *writer {
	w := r.writers.Get().(*writer)
	w.out, w.count, w.warnings = dst, 0, slices.Clip(warnings)
	w.scratch.Reset()
	return w
}

// end moves the writer's result to to, and returns the writer to the pool.
func (r *Renderer) end(w *writer, to *source.Rendered, parts []source.Part) (dst []byte) {
	*to = source.Rendered{Parts: parts, Warnings: w.warnings, Err: w.err}
	dst = w.out
	w.chat, w.out, w.warnings, w.err, w.fields = nil, nil, nil, nil, w.fields[:0]
	r.writers.Put(w)
	return dst
}
