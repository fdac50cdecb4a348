package record

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
	*Renderer
	chat   *source.Chat
	out    []byte
	tail   []byte          // of every line
	made   jsondoc.Doc     // of the values that are not in the document
	slots  []jsondoc.Value // members of the objects being written, by place; a stack
	emails []string        // of the chat's agents
	ids    map[string]bool // of the list being written
	notes  []source.Note
	count  int   // of the records of the stream being written
	err    error // the first value that must not be written
}

// time makes a value of t, null if it is not known.
func (p *pen) time(t time.Time) jsondoc.Value {
	if t.IsZero() {
		return p.made.Null()
	}
	return p.made.Time(t)
}

func (p *pen) writeChats(s *stream) {
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
	p.fill(s, p.slots[base:])
	p.slots[base+s.id] = p.made.String(p.chat.ID)
	for _, email := range p.emails {
		p.slots[base+s.email] = p.made.String(email)
		p.writeRecord(s, base)
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

// fill fills the slots of a chat with what it says elsewhere.
func (p *pen) fill(s *stream, has []jsondoc.Value) {
	if !p.chat.Started.IsZero() && silent(has[s.started]) {
		has[s.started] = p.made.Time(p.chat.Started)
	}
	if !p.chat.Ended.IsZero() && silent(has[s.ended]) {
		has[s.ended] = p.made.Time(p.chat.Ended)
	}
	if visitor := has[s.visitor]; visitor.Kind() == jsondoc.Object {
		fillFlat(has, s.visitorID, visitor.Get("id"))
		fillFlat(has, s.visitorName, visitor.Get("name"))
	}
}

// fillFlat fills a slot with what the visitor has inside.
func fillFlat(has []jsondoc.Value, at int, deep jsondoc.Value) {
	switch deep.Kind() {
	case jsondoc.String, jsondoc.Number, jsondoc.True, jsondoc.False:
		if silent(has[at]) {
			has[at] = deep
		}
	}
}

// silent tells that v is not there, or says nothing.
func silent(v jsondoc.Value) bool {
	return v.Kind() == jsondoc.Absent || v.Kind() == jsondoc.Null || v.Blank()
}

func (p *pen) writeChildren(s *stream) {
	list := p.chat.Doc.Get(s.name)
	if k := list.Kind(); k != jsondoc.Array {
		if !silent(list) && !(k == jsondoc.Object && list.Size() == 0) {
			p.refuse(&shape{path: s.path, kind: array, nullable: true}, list)
		}
		return
	}
	chatID, started, ended := p.made.String(p.chat.ID), p.time(p.chat.Started), p.time(p.chat.Ended)
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
		p.slots[base+s.chatID], p.slots[base+s.started], p.slots[base+s.ended] = chatID, started, ended
		id := p.key(s.fields[s.eventID].shape, p.slots[base+s.eventID])
		switch {
		case p.ids[id]:
			p.note(s.path+".event_id", doubleID)
			id = ""
		case p.looksMade(id, s):
			id = ""
		}
		if id == "" {
			p.slots[base+s.eventID] = p.made.String(p.madePrefix(s) + strconv.Itoa(at))
		} else {
			p.ids[id] = true
		}
		p.writeRecord(s, base)
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
func (p *pen) madePrefix(s *stream) string { return p.chat.ID + "/" + s.name + "/" }

// looksMade tells that a given id could be one that is made.
func (p *pen) looksMade(id string, s *stream) bool {
	return strings.Contains(id, "/") && strings.HasPrefix(id, p.madePrefix(s))
}

func (p *pen) writeRecord(s *stream, base int) {
	p.out = append(p.out, s.head...)
	p.writeFields(s.shape, base)
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
			p.note(s.path+"."+string(m.Name()), unknownField)
		case i != leftOut:
			p.slots[base+i] = m
		}
	}
	return base
}

// writeFields writes what was gathered in the order of the shape's fields.
func (p *pen) writeFields(s *shape, base int) {
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
	p.writeFields(s, base)
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
func (p *pen) refuse(s *shape, v jsondoc.Value) {
	if p.nullIt && !s.must {
		p.note(s.path, nulled)
		return
	}
	if p.err != nil {
		return
	}
	got := []rune(string(v.AppendJSON(nil)))
	if len(got) > 60 {
		got = append(got[:60], '…')
	}
	chat := ""
	if p.chat != nil {
		chat = p.chat.ID
	}
	p.err = &ValueError{Chat: chat, Field: s.path, Wanted: s.want(), Got: string(got), must: s.must}
}

func (p *pen) note(field, why string) {
	p.notes = append(p.notes, source.Note{Field: field, Why: why})
}
