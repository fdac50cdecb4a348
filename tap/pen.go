package tap

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"tap-livechat/tap/jsondoc"
	"tap-livechat/tap/source"
)

// pen writes the records of one chat. It keeps what it has grown for the next.
type pen struct {
	*recorder
	chat   *source.Chat
	out    []byte
	tail   []byte          // of every line
	id     jsonBytes       // the chat's, as JSON
	slots  []jsondoc.Value // members of the objects being written, by place; a stack
	put    []put
	text   []byte          // what the puts are made of
	emails []string        // of the chat's agents
	ids    map[string]bool // of the list being written
	result source.Rendered
	count  int // records of the stream being written
}

// put is a value that stands in place of what the chat has for a field.
type put struct {
	at   int
	json jsonBytes
}

// jsonBytes are a JSON string or null.
type jsonBytes []byte

// AppendJSON appends the value, as [jsondoc.Value.AppendJSON] does.
func (j jsonBytes) AppendJSON(dst []byte) []byte { return append(dst, j...) }

// quote makes a value of text, which lives as long as the chat is written.
func (p *pen) quote(text string) jsonBytes {
	start := len(p.text)
	p.text = jsondoc.Quote(p.text, text)
	return jsonBytes(p.text[start:])
}

// time makes a value of t, null if it is not known.
func (p *pen) time(t time.Time) jsonBytes {
	if t.IsZero() {
		return jsonBytes("null")
	}
	start := len(p.text)
	p.text = jsondoc.AppendTime(p.text, t)
	return jsonBytes(p.text[start:])
}

func (p *pen) writeChats(s *streamShape) {
	base := p.gather(s.shape, p.chat.Doc)
	p.emails = p.emails[:0]
	for agent := range p.slots[base+s.agents].All() {
		email := p.key(s.fields[s.email].shape, agent.Get("email"))
		if email == "" {
			email = unassigned
		}
		if !slices.Contains(p.emails, email) {
			p.emails = append(p.emails, email)
		}
	}
	if len(p.emails) == 0 {
		p.emails = append(p.emails, unassigned)
	}
	for _, email := range p.emails {
		p.put = append(p.put[:0], put{s.id, p.id}, put{s.email, p.quote(email)})
		p.putMissing(s, p.slots[base:])
		p.writeRecord(s, chats, base)
	}
	p.slots = p.slots[:base]
}

// key reads a value that is to be part of a key; empty if it says nothing.
func (p *pen) key(s *shape, v jsondoc.Value) string {
	switch v.Kind() {
	case jsondoc.Absent, jsondoc.Null:
	case jsondoc.String, jsondoc.Number:
		if text := v.Text(); strings.TrimSpace(text) != "" {
			return text
		}
	default:
		p.refuse(s, v)
	}
	return ""
}

// putMissing fills what the chat says elsewhere.
func (p *pen) putMissing(s *streamShape, has []jsondoc.Value) {
	if !p.chat.Started.IsZero() && silent(has[s.started]) {
		p.put = append(p.put, put{s.started, p.time(p.chat.Started)})
	}
	if !p.chat.Ended.IsZero() && silent(has[s.ended]) {
		p.put = append(p.put, put{s.ended, p.time(p.chat.Ended)})
	}
	if visitor := has[s.visitor]; visitor.Kind() == jsondoc.Object {
		p.putFlat(s.visitorID, has, visitor.Get("id"))
		p.putFlat(s.visitorName, has, visitor.Get("name"))
	}
}

// putFlat fills a field from where the visitor has it.
func (p *pen) putFlat(at int, has []jsondoc.Value, deep jsondoc.Value) {
	if _, ok := appendText(nil, deep, false); ok && silent(has[at]) {
		has[at] = deep
	}
}

// silent tells that v is not there, or says nothing.
func silent(v jsondoc.Value) bool {
	return v.Kind() == jsondoc.Absent || v.Kind() == jsondoc.Null || v.Blank()
}

func (p *pen) writeChildren(s *streamShape, stream int) {
	list := p.chat.Doc.Get(p.children[stream])
	if k := list.Kind(); k != jsondoc.Array {
		if !silent(list) && !(k == jsondoc.Object && list.Size() == 0) {
			p.refuse(&shape{path: s.path, kind: array, nullable: true}, list)
		}
		return
	}
	started, ended := p.time(p.chat.Started), p.time(p.chat.Ended)
	p.forgetIDs()
	at := 0
	for element := range list.All() {
		at++
		if element.Kind() != jsondoc.Object {
			if element.Kind() != jsondoc.Null {
				p.refuse(&shape{path: s.path, kind: object, nullable: true}, element)
			}
			continue
		}
		base := p.gather(s.shape, element)
		p.put = append(p.put[:0], put{s.chatID, p.id}, put{s.started, started}, put{s.ended, ended})
		id := p.key(s.fields[s.eventID].shape, p.slots[base+s.eventID])
		switch {
		case p.ids[id]:
			p.odd(s.path+".event_id", doubleID)
			id = ""
		case p.looksMade(id, stream):
			id = ""
		}
		if id == "" {
			p.put = append(p.put, put{s.eventID, p.quote(p.madePrefix(stream) + strconv.Itoa(at))})
		} else {
			p.ids[id] = true
		}
		p.writeRecord(s, stream, base)
		p.slots = p.slots[:base]
	}
}

// forgetIDs empties the set of ids; one that a long list has blown up is let go.
func (p *pen) forgetIDs() {
	if len(p.ids) > 1000 {
		p.ids = make(map[string]bool)
	}
	clear(p.ids)
}

// madePrefix begins the ids that are made where the list gives none; the place
// in the list follows. No id of LiveChat's has a slash in it, and the list's
// name keeps the two streams apart.
func (p *pen) madePrefix(stream int) string { return p.chat.ID + "/" + p.children[stream] + "/" }

// looksMade tells that a given id could be one that is made.
func (p *pen) looksMade(id string, stream int) bool {
	return strings.Contains(id, "/") && strings.HasPrefix(id, p.madePrefix(stream))
}

func (p *pen) writeRecord(s *streamShape, stream, base int) {
	slices.SortFunc(p.put, func(a, b put) int { return a.at - b.at })
	p.out = append(p.out, s.head...)
	p.writeFields(s.shape, base, p.put)
	p.out = append(p.out, p.tail...)
	p.count++
}

// gather puts the members of an object that the shape knows on the stack of
// slots and returns where they begin. Of a name that stands there twice the
// last value counts.
func (p *pen) gather(s *shape, v jsondoc.Value) (base int) {
	base = len(p.slots)
	p.slots = slices.Grow(p.slots, s.places)[:base+s.places]
	clear(p.slots[base:])
	for m := range v.All() {
		i, known := s.index[string(m.Name())]
		switch {
		case !known:
			p.odd(s.path+"."+string(m.Name()), unknownField)
		case i != leftOut:
			p.slots[base+i] = m
		}
	}
	return base
}

// writeFields writes what was gathered, or put in its place, in the order of
// the shape's fields. The puts come in that order.
func (p *pen) writeFields(s *shape, base int, puts []put) {
	start := len(p.out)
	for i := range s.fields {
		f := &s.fields[i]
		mark := len(p.out)
		if mark > start {
			p.out = append(p.out, ',')
		}
		p.out = append(p.out, f.label...)
		var written bool
		switch m := p.slots[base+i]; {
		case len(puts) > 0 && puts[0].at == i:
			written = p.writePut(f.shape, puts[0].json)
			puts = puts[1:]
		case m.Kind() != jsondoc.Absent:
			written = p.writeValue(f.shape, m)
		case f.shape.must:
			p.refuse(f.shape, m)
		case f.required:
			written = p.writeNull(f.shape)
		}
		if !written {
			p.out = p.out[:mark]
		}
	}
}

// writePut writes a text or a time that is not in the chat where the shape has it.
func (p *pen) writePut(s *shape, json jsonBytes) bool {
	if string(json) != "null" {
		if s.takes("string") {
			p.out = append(p.out, json...)
			return true
		}
		p.refuse(s, json)
	}
	return p.writeNull(s)
}

// writeValue writes v in the given shape, null if there is nothing to write.
// It returns false if not even that may be written.
func (p *pen) writeValue(s *shape, v jsondoc.Value) bool {
	k := v.Kind()
	if k == jsondoc.Null {
		if s.must {
			p.refuse(s, v)
		}
		return p.writeNull(s)
	}
	var ok bool
	mark := len(p.out)
	switch s.kind {
	case text:
		p.out, ok = appendText(p.out, v, s.asJSON)
	case instant:
		p.out, ok = appendInstant(p.out, v)
	case integer:
		p.out, ok = appendInteger(p.out, v)
	case number:
		p.out, ok = appendNumber(p.out, v)
	case boolean:
		p.out, ok = appendBoolean(p.out, v)
	// Servers written in PHP make [] of an empty object, and the reverse.
	case object:
		if ok = k == jsondoc.Object || k == jsondoc.Array && v.Size() == 0; ok {
			p.writeObject(s, v)
		}
	case array:
		if ok = k == jsondoc.Array || k == jsondoc.Object && v.Size() == 0; ok {
			p.writeItems(s, v)
		}
	default:
		switch {
		case k == jsondoc.Object && s.index != nil:
			p.writeObject(s, v)
			ok = true
		case k == jsondoc.Array && s.items != nil:
			p.writeItems(s, v)
			ok = true
		default:
			p.out, ok = appendOther(p.out, v, s)
		}
	}
	if ok {
		return true
	}
	p.out = p.out[:mark]
	if !v.Blank() || s.must {
		p.refuse(s, v)
	}
	return p.writeNull(s)
}

func (p *pen) writeNull(s *shape) bool {
	if s.nullable {
		p.out = append(p.out, "null"...)
	}
	return s.nullable
}

func (p *pen) writeObject(s *shape, v jsondoc.Value) {
	if s.index == nil && v.Kind() == jsondoc.Object {
		p.out = v.AppendJSON(p.out)
		return
	}
	p.out = append(p.out, '{')
	base := p.gather(s, v)
	p.writeFields(s, base, nil)
	p.slots = p.slots[:base]
	p.out = append(p.out, '}')
}

func (p *pen) writeItems(s *shape, v jsondoc.Value) {
	if s.items == nil && v.Kind() == jsondoc.Array {
		p.out = v.AppendJSON(p.out)
		return
	}
	p.out = append(p.out, '[')
	start := len(p.out)
	for item := range v.All() {
		mark := len(p.out)
		if mark > start {
			p.out = append(p.out, ',')
		}
		if !p.writeValue(s.items, item) {
			p.out = p.out[:mark]
		}
	}
	p.out = append(p.out, ']')
}

// refuse deals with a value of the wrong type as the user wants it.
func (p *pen) refuse(s *shape, v interface{ AppendJSON([]byte) []byte }) {
	if p.nullIt && !s.must {
		p.odd(s.path, nulled)
		return
	}
	if p.result.Err != nil {
		return
	}
	got := []rune(string(v.AppendJSON(nil)))
	if len(got) > 60 {
		got = append(got[:60], '…')
	}
	p.result.Err = &ValueError{Chat: p.chat.ID, Field: s.path, Wanted: s.want(), Got: string(got), must: s.must}
}

func (p *pen) odd(field, why string) {
	p.result.Notes = append(p.result.Notes, source.Note{Field: field, Why: why})
}
