package apiv2

import (
	"strings"
	"time"

	"tap-livechat/tap/jsondoc"
	"tap-livechat/tap/source"
)

// times are the members of an object that say when something was.
type times struct{ timestamp, text jsondoc.Value }

// normaliser reads chats.
type normaliser struct {
	text   []byte    // what times are made in
	latest time.Time // a start or an end after it is not plausible
	byID   bool      // the chat was asked for by its id: without an end it is still open
}

// maxAhead is how far a chat's times may lie after the clock of this machine, which
// may be slow.
const maxAhead = 2 * day

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
	chat.Started = s.plausible(chat, started, s.instant(chat, started, zoneName, "started", time.Time{}, time.Time{}), "started_timestamp", oldestChat)
	said := s.instant(chat, ended, zoneName, "ended", chat.Started, time.Time{})
	chat.Ended = s.plausible(chat, ended, said, "ended_timestamp", latest(oldestChat, chat.Started))
	if t := s.plausible(chat, missed, s.instant(chat, missed, zoneName, "time", time.Time{}, time.Time{}), "time", oldestChat); !t.IsZero() {
		if chat.Started.IsZero() {
			chat.Started = t
		}
		if chat.Ended.IsZero() && kind == "missed_chat" {
			chat.Ended = t
		}
	}
	last := s.list(chat, messages, zoneName, "messages.date")
	if t := s.list(chat, events, zoneName, "events.date"); t.After(last) {
		last = t
	}
	s.list(chat, goals, zoneName, "goals.date")
	unsaid := said.IsZero() && !broken(ended.timestamp)
	switch {
	case chat.Pending:
		chat.Ended = time.Time{}
	case !chat.Ended.IsZero() || broken(ended.timestamp):
	case s.byID && unsaid && kind != "missed_chat":
		chat.Pending = true
	default:
		s.deriveEnd(chat, duration, last, unsaid, kind)
	}
}

// plausible returns at if a chat can have begun or ended then: not before notBefore,
// and not after s.latest. Otherwise it makes null of the members of t, adds a note,
// and returns the zero time.
func (s *normaliser) plausible(chat *source.Chat, t times, at time.Time, field string, notBefore time.Time) time.Time {
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
	for _, v := range []jsondoc.Value{t.timestamp, t.text} {
		if v.Kind() != jsondoc.Absent {
			v.SetNull()
		}
	}
	note(chat, field, why)
	return time.Time{}
}

// oldestChat is a day before which no chat can have been: LiveChat was founded in 2002.
var oldestChat = time.Date(2002, 1, 1, 0, 0, 0, 0, time.UTC)

// The reasons for which a time of a chat becomes null.
const (
	beforeAll   = "it lies before there were chats, so it is none"
	beforeStart = "it lies before the start, so it is none"
	inFuture    = "it lies in the future, so it is none"
	beyondAll   = "it lies beyond all years, so it is none"
)

// deriveEnd sets the end of a chat that is over and states no plausible one: its start
// and its duration, or else the time of its last message or event. unsaid says that it
// states none at all.
func (s *normaliser) deriveEnd(chat *source.Chat, duration jsondoc.Value, last time.Time, unsaid bool, kind string) {
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
		chat.Ended = last
		note(chat, field, "it is missing; the time of the last event stands for it")
	case kind != "missed_chat" || !unsaid: // of that one's time something has been noted
		note(chat, field, "it is missing, and nothing else says when the chat ended")
	}
}

func note(c *source.Chat, field, why string) {
	c.Warnings = append(c.Warnings, source.Warning{Field: field, Why: why})
}

// list reads the times of a list's elements and returns the latest.
func (s *normaliser) list(chat *source.Chat, list jsondoc.Value, zoneName, field string) (last time.Time) {
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
	}
	return last
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
