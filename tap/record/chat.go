package record

import (
	"slices"
	"strings"
	"time"

	"tap-livechat/tap/jsondoc"
)

// time returns t as a value; null if t is zero.
func (w *writer) time(t time.Time) jsondoc.Value {
	if t.IsZero() {
		return w.scratch.Null()
	}
	return w.scratch.Time(t)
}

func (w *writer) writeChats(s *stream) {
	base := w.collect(s.schema, w.chat.Doc)
	w.emails = w.emails[:0]
	for agent := range w.fields[base+s.agents].All() {
		email := w.key(s.fields[s.email].schema, agent.Get("email"))
		if email == "" {
			email = unassigned
		}
		if !slices.Contains(w.emails, email) {
			w.emails = append(w.emails, email)
		}
	}
	if len(w.emails) == 0 {
		w.emails = append(w.emails, unassigned)
	}
	w.fillMissing(s, w.fields[base:])
	w.checkText(s.fields[s.id].schema, w.fields[base+s.id])
	w.fields[base+s.id] = w.scratch.String(w.chat.ID)
	for i, email := range w.emails {
		w.fields[base+s.email], w.fields[base+s.agentIndex] = w.scratch.String(email), w.scratch.Int(int64(i))
		w.writeRecord(s, base)
	}
	w.fields = w.fields[:base]
}

// key returns the text of a value that is part of a key; empty if it is missing
// or blank. A value that is neither text nor a number is rejected.
func (w *writer) key(s *schema, v jsondoc.Value) string {
	switch v.Kind() {
	case jsondoc.Absent, jsondoc.Null:
	case jsondoc.String, jsondoc.Number:
		if text := v.Text(); strings.TrimSpace(text) != "" {
			return text
		}
	default:
		w.reject(s, v)
	}
	return ""
}

// fillMissing fills empty fields of a chat from other parts of the same chat.
func (w *writer) fillMissing(s *stream, has []jsondoc.Value) {
	if !w.chat.Started.IsZero() && isBlank(has[s.started]) {
		has[s.started] = w.scratch.Time(w.chat.Started)
	}
	if !w.chat.Ended.IsZero() && isBlank(has[s.ended]) {
		has[s.ended] = w.scratch.Time(w.chat.Ended)
	}
	if visitor := has[s.visitor]; visitor.Kind() == jsondoc.Object {
		fillFromVisitor(has, s.visitorID, visitor.Get("id"))
		fillFromVisitor(has, s.visitorName, visitor.Get("name"))
	}
}

// fillFromVisitor fills an empty field with a scalar member of the visitor.
func fillFromVisitor(has []jsondoc.Value, at int, deep jsondoc.Value) {
	switch deep.Kind() {
	case jsondoc.String, jsondoc.Number, jsondoc.True, jsondoc.False:
		if isBlank(has[at]) {
			has[at] = deep
		}
	}
}

// isBlank reports whether v is absent, null or a text without content.
func isBlank(v jsondoc.Value) bool {
	return v.Kind() == jsondoc.Absent || v.Kind() == jsondoc.Null || v.Blank()
}

func (w *writer) writeChildren(s *stream) {
	list := w.chat.Doc.Get(s.name)
	if k := list.Kind(); k != jsondoc.Array {
		if !isBlank(list) && !(k == jsondoc.Object && list.Size() == 0) {
			w.reject(&schema{path: s.path, kind: array, nullable: true}, list)
		}
		return
	}
	chatID, started, ended := w.scratch.String(w.chat.ID), w.time(w.chat.Started), w.time(w.chat.Ended)
	w.resetIDs()
	ranks := w.ranks(list)
	n := 0 // objects so far
	for element := range list.All() {
		if element.Kind() != jsondoc.Object {
			if element.Kind() != jsondoc.Null {
				w.reject(&schema{path: s.path, kind: object, nullable: true}, element)
			}
			continue
		}
		base := w.collect(s.schema, element)
		w.fields[base+s.chatID], w.fields[base+s.started], w.fields[base+s.ended] = chatID, started, ended
		rank := n + 1
		if ranks != nil {
			rank = ranks[n]
		}
		n++
		w.fields[base+s.sequence] = w.scratch.Int(int64(rank))
		if id := w.generateID(s, base); id != "" {
			w.fields[base+s.eventID] = w.scratch.String(id)
		}
		w.writeRecord(s, base)
		w.fields = w.fields[:base]
	}
}
