package record

import (
	"slices"
	"strings"
	"time"

	"tap-livechat/tap/jsondoc"
)

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
	p.checkText(s.fields[s.id].shape, p.slots[base+s.id])
	p.slots[base+s.id] = p.made.String(p.chat.ID)
	for i, email := range p.emails {
		p.slots[base+s.email], p.slots[base+s.agentIndex] = p.made.String(email), p.made.Int(int64(i))
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

// silent reports whether v is not there, or says nothing.
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
	ranks := p.ranks(list)
	n := 0 // objects so far
	for element := range list.All() {
		if element.Kind() != jsondoc.Object {
			if element.Kind() != jsondoc.Null {
				p.refuse(&shape{path: s.path, kind: object, nullable: true}, element)
			}
			continue
		}
		base := p.gather(s.shape, element)
		p.slots[base+s.chatID], p.slots[base+s.started], p.slots[base+s.ended] = chatID, started, ended
		rank := n + 1
		if ranks != nil {
			rank = ranks[n]
		}
		n++
		p.slots[base+s.sequence] = p.made.Int(int64(rank))
		if id := p.madeID(s, base); id != "" {
			p.slots[base+s.eventID] = p.made.String(id)
		}
		p.writeRecord(s, base)
		p.slots = p.slots[:base]
	}
}
