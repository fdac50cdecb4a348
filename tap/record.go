package tap

import (
	"fmt"
	"slices"
	"sync"
	"time"

	"tap-livechat/catalog"
	"tap-livechat/schemas"
	"tap-livechat/tap/jsondoc"
	"tap-livechat/tap/source"
)

// unassigned stands in the key of a chat that no agent took part in, or an
// agent without an e-mail address.
const unassigned = "unassigned"

// The streams by their place in the catalog's table.
const (
	chats = iota
	messages
	events
	streamCount
)

// recorder makes records of chats. It is safe for concurrent use: all that
// changes is in the pen that each call takes.
type recorder struct {
	streams  [streamCount]*streamShape // nil: not selected
	nullIt   bool                      // on_invalid: null
	children [streamCount]string       // the list in a chat that a stream is made of
	pens     sync.Pool
}

// streamShape is how the records of one stream are written.
type streamShape struct {
	*shape
	head []byte // the line up to the first field
	// The places of the members that are not simply copied.
	id, email, agents, visitor, visitorID, visitorName, started, ended int // chats
	eventID, chatID                                                    int // children
}

func newRecorder(selection catalog.Selection, onInvalid OnInvalid) (*recorder, error) {
	r := &recorder{nullIt: onInvalid == Null, children: [streamCount]string{messages: "messages", events: "events"}}
	r.pens.New = func() any { return &pen{recorder: r, ids: make(map[string]bool)} }
	for i, stream := range catalog.Streams() {
		at := slices.IndexFunc(selection.Streams, func(s catalog.Selected) bool { return s.Name == stream.Name })
		if at < 0 {
			continue
		}
		full, err := catalog.ParseSchema(schemas.Stream(stream.Name))
		if err != nil {
			return nil, fmt.Errorf("schema of %s: %w", stream.Name, err)
		}
		s := &streamShape{shape: compile(stream.Name, selection.Streams[at].Schema, full)}
		if s.index == nil {
			return nil, hinted{fmt.Errorf("the catalog's schema of stream %s is not that of an object", stream.Name), sameSchema}
		}
		for _, key := range stream.Keys {
			k := s.fields[s.place(key)].shape
			if k.kind == instant || !k.takes("string") {
				return nil, hinted{fmt.Errorf("the catalog's schema of %s, a key, does not allow any text", k.path), sameSchema}
			}
			k.must = true
		}
		s.head = append(jsondoc.Quote([]byte(`{"type":"RECORD","stream":`), stream.Name), `,"record":{`...)
		if i == chats {
			for _, list := range r.children {
				if list != "" {
					s.index[list] = leftOut
				}
			}
			s.id, s.email, s.agents = s.place("id"), s.place("agent_email"), s.place("agents")
			s.visitor, s.visitorID, s.visitorName = s.place("visitor"), s.place("visitor_id"), s.place("visitor_name")
			s.started, s.ended = s.place("started_timestamp"), s.place("ended_timestamp")
		} else {
			s.eventID, s.chatID, s.started, s.ended = s.place("event_id"), s.place("chat_id"), s.place("chat_started"), s.place("chat_ended")
		}
		r.streams[i] = s
	}
	return r, nil
}

// sameSchema is the way out of a schema that cannot be kept to.
const sameSchema = "take the schema of that field as --discover prints it"

// The reasons of notes.
const (
	unknownField = "is not in the schema and was left out"
	nulled       = "was made null: its value has the wrong type"
	doubleID     = "stands twice in one chat; the later ones got an id of their own"
)

// ValueError is a value that cannot be read as what the schema says.
type ValueError struct {
	Chat, Field, Wanted, Got string
	must                     bool
}

func (e *ValueError) Error() string {
	return fmt.Sprintf("chat %s: %s: wanted %s, got %s", e.Chat, e.Field, e.Wanted, e.Got)
}

// Hint says how to go on.
func (e *ValueError) Hint() string {
	if e.must {
		return "neither a key nor what the catalog requires can be null; report this chat, and leave the field, or for a key the stream, out of the catalog until it is resolved"
	}
	return "set on_invalid to null to make such values null and go on, or leave the field out in the catalog"
}

// Chat writes the records of a chat; see [source.Renderer].
func (r *recorder) Chat(dst []byte, chat *source.Chat) []byte {
	p := r.pens.Get().(*pen)
	p.chat, p.out, p.result = chat, dst, source.Rendered{Notes: chat.Notes}
	p.tail = append(jsondoc.AppendTime(append(p.tail[:0], `},"time_extracted":`...), chat.Received.Truncate(time.Microsecond)), "}\n"...)
	p.text = p.text[:0]
	p.id = p.quote(chat.ID)
	base := len(dst)
	for i, s := range r.streams {
		p.count = 0
		switch {
		case s == nil:
			continue
		case i == chats:
			p.writeChats(s)
		default:
			p.writeChildren(s, i)
		}
		p.result.Parts = append(p.result.Parts, source.Part{Stream: s.path, End: len(p.out) - base, Count: p.count})
	}
	chat.Out = p.result
	dst = p.out
	p.chat, p.out, p.result = nil, nil, source.Rendered{}
	r.pens.Put(p)
	return dst
}

// Row is for lists, of which there are none yet.
func (r *recorder) Row(dst []byte, _ *source.Row) []byte { return dst }
