package apiv2

import (
	"strings"
	"time"

	"tap-livechat/tap/jsondoc"
	"tap-livechat/tap/livechat"
	"tap-livechat/tap/source"
)

// touches reports whether any part of the chat lies in [from, to). A chat of
// unknown times does.
func touches(c *source.Chat, from, to time.Time) bool {
	end := c.Ended
	if end.IsZero() {
		end = to
	}
	return c.Started.Before(to) && !end.Before(from) // an unknown start is before everything
}

// times are the members of an object that say when something was.
type times struct{ timestamp, text jsondoc.Value }

// normaliser reads chats.
type normaliser struct {
	text   []byte    // what times are made in
	latest time.Time // what lies after it is no time that a chat can have ended at
	byID   bool      // the chat was asked for by its id: without an end it is still open
	sound  bool      // of the chat read last: something beside its start and its end says the same
}

// skew is how far a chat's end may lie after the answer that tells of it.
const skew = 10 * time.Minute

// latest is the last moment that is believed. Without a clock of the service
// ours has to do, and that may be wrong by days.
func latest(answer *livechat.Answer) time.Time {
	if answer.Date.IsZero() {
		return answer.Received.Add(2 * day)
	}
	return answer.Date.Add(skew)
}

// normalise reads the chat v: its head into chat, its times to UTC in place.
func (s *normaliser) normalise(v jsondoc.Value, chat *source.Chat) {
	chat.Doc = v
	var kind string
	var started, ended, missed times
	var duration jsondoc.Value
	var zoneName string
	var messages, events, goals jsondoc.Value
	for m := range v.All() {
		switch string(m.Name()) {
		case "id":
			chat.ID = scalar(m)
		case "type":
			kind = scalar(m)
		case "pending":
			chat.Pending = truthy(m)
		case "timezone":
			zoneName = scalar(m)
		case "started_timestamp":
			started.timestamp = m
		case "started":
			started.text = m
		case "ended_timestamp":
			ended.timestamp = m
		case "ended":
			ended.text = m
		case "time":
			missed.text = m
		case "duration":
			duration = m
		case "messages":
			messages = m
		case "events":
			events = m
		case "goals":
			goals = m
		}
	}
	if beyond(ended.timestamp) { // milliseconds, for instance; something else may stand for it
		ended.timestamp.SetNull()
		note(chat, "ended_timestamp", beyondAll)
	}
	chat.Started = s.believe(chat, started, s.instant(chat, started, zoneName, "started", time.Time{}, time.Time{}), "started_timestamp", oldestChat)
	notBefore := oldestChat
	if chat.Started.After(notBefore) {
		notBefore = chat.Started
	}
	said := s.instant(chat, ended, zoneName, "ended", chat.Started, time.Time{})
	chat.Ended = s.believe(chat, ended, said, "ended_timestamp", notBefore)
	if t := s.believe(chat, missed, s.instant(chat, missed, zoneName, "time", time.Time{}, time.Time{}), "time", oldestChat); !t.IsZero() {
		if chat.Started.IsZero() {
			chat.Started = t
		}
		if chat.Ended.IsZero() && kind == "missed_chat" {
			chat.Ended = t
		}
	}
	first, last := s.list(chat, messages, zoneName, "messages.date")
	if early, late := s.list(chat, events, zoneName, "events.date"); !late.IsZero() {
		if first.IsZero() || early.Before(first) {
			first = early
		}
		if late.After(last) {
			last = late
		}
	}
	s.sound = confirmed(chat, duration, first)
	s.list(chat, goals, zoneName, "goals.date")
	unsaid := said.IsZero() && !broken(ended.timestamp)
	switch {
	case chat.Pending:
		chat.Ended = time.Time{}
	case !chat.Ended.IsZero() || broken(ended.timestamp):
	case s.byID && unsaid && kind != "missed_chat":
		chat.Pending = true
	default:
		s.standIn(chat, duration, last, unsaid, kind)
	}
}

// believe returns the time that a chat states if it can be one: not before
// another, and not after the answer. Any other is none: its members become
// null, and that is told.
func (s *normaliser) believe(chat *source.Chat, t times, at time.Time, field string, notBefore time.Time) time.Time {
	var why string
	switch {
	case at.IsZero():
		return at
	case at.Before(oldestChat):
		why = beforeAll
	case at.Before(notBefore):
		why = beforeStart
	case at.After(s.latest):
		why = inFuture
	default:
		return at
	}
	t.none(chat, field, why)
	return time.Time{}
}

// none makes null of what is no time, and says why.
func (t times) none(chat *source.Chat, field, why string) {
	for _, v := range []jsondoc.Value{t.timestamp, t.text} {
		if v.Kind() != jsondoc.Absent {
			v.SetNull()
		}
	}
	note(chat, field, why)
}

// The reasons for which a time of a chat is none.
const (
	beforeAll   = "it lies before there were chats, so it is none"
	beforeStart = "it lies before the start, so it is none"
	inFuture    = "it lies in the future, so it is none"
	beyondAll   = "it lies beyond all years, so it is none"
)

// standIn finds an end for a chat that is over and does not state one, because
// the bookmark is one.
func (s *normaliser) standIn(chat *source.Chat, duration jsondoc.Value, last time.Time, unsaid bool, kind string) {
	const field = "ended_timestamp"
	if took, _, ok := seconds(duration); ok && took >= 0 && took <= longest && !chat.Started.IsZero() {
		if at := chat.Started.Add(time.Duration(took) * time.Second); !at.After(s.latest) {
			chat.Ended = at
			note(chat, field, "it is missing; start and duration stand for it")
			return
		}
	}
	switch {
	case !last.IsZero() && !last.Before(chat.Started) && !last.Before(oldestChat) && !last.After(s.latest):
		chat.Ended, chat.Guessed = last, true
		note(chat, field, "it is missing; the time of the last event stands for it")
	case kind != "missed_chat" || !unsaid: // of that one's time something has been noted
		note(chat, field, "it is missing, and nothing else says when the chat ended")
	}
}

func note(c *source.Chat, field, why string) {
	c.Warnings = append(c.Warnings, source.Warning{Field: field, Why: why})
}

// list reads the times of a list's elements and returns the earliest and the latest.
func (s *normaliser) list(chat *source.Chat, list jsondoc.Value, zoneName, field string) (first, last time.Time) {
	for element := range list.All() {
		var t times
		for m := range element.All() {
			switch string(m.Name()) {
			case "timestamp":
				t.timestamp = m
			case "date":
				t.text = m
			}
		}
		at := s.instant(chat, t, zoneName, field, chat.Started, chat.Ended)
		if at.After(last) {
			last = at
		}
		if !at.IsZero() && (first.IsZero() || at.Before(first)) {
			first = at
		}
	}
	return first, last
}

// confirmed reports whether the chat states a start and an end, and that something
// else does not contradict them: how long it took, or else its first event.
func confirmed(chat *source.Chat, duration jsondoc.Value, first time.Time) bool {
	if chat.Started.IsZero() || chat.Ended.IsZero() {
		return false
	}
	took := chat.Ended.Sub(chat.Started)
	if s, _, ok := seconds(duration); ok && s >= 0 && s <= longest {
		return (took - time.Duration(s)*time.Second).Abs() <= max(took/10, 2*time.Minute)
	}
	return !first.IsZero() && first.Sub(chat.Started).Abs() <= time.Hour
}

// instant reads one point in time given twice and writes it back in UTC. Where
// the two disagree the timestamp decides. What is neither readable nor empty is
// left as it is, for the caller to find a value of the wrong type.
func (s *normaliser) instant(chat *source.Chat, t times, zoneName, field string, notBefore, notAfter time.Time) time.Time {
	at, ok := unix(t.timestamp)
	if ok {
		s.text = jsondoc.AppendTime(s.text[:0], at)
		t.timestamp.SetTime(s.text)
		if k := t.text.Kind(); k != jsondoc.Absent && k != jsondoc.Null {
			t.text.Share(t.timestamp)
		}
		return at
	}
	if empty(t.timestamp) {
		t.timestamp.SetNull()
	}
	switch {
	case empty(t.text):
		t.text.SetNull()
		return time.Time{}
	case t.text.Kind() == jsondoc.String:
		var why string
		at, why, ok = localTime(t.text.Text(), zoneName, notBefore, notAfter)
		ok = ok && writable(at)
		if why != "" {
			note(chat, field, why)
		}
		if !ok && why != unreadable {
			t.text.SetNull()
		}
	case t.text.Kind() == jsondoc.Number:
		at, ok = unix(t.text)
	}
	if !ok {
		return time.Time{}
	}
	s.text = jsondoc.AppendTime(s.text[:0], at)
	t.text.SetTime(s.text)
	return at
}

// scalar is the text of a string or number; empty for anything else.
func scalar(v jsondoc.Value) string {
	if k := v.Kind(); k != jsondoc.String && k != jsondoc.Number {
		return ""
	}
	return v.Text()
}

func truthy(v jsondoc.Value) bool {
	switch v.Kind() {
	case jsondoc.True:
		return true
	case jsondoc.String, jsondoc.Number:
		t := strings.ToLower(v.Text())
		return t == "1" || t == "true"
	}
	return false
}
