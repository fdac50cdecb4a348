package apiv2

import (
	"math"
	"strconv"
	"strings"
	"time"

	"tap-livechat/tap/jsondoc"
	"tap-livechat/tap/source"
)

// touches tells whether any part of the chat lies in [from, to). A chat of
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

// normaliser reads chats; text is what it makes times in.
type normaliser struct{ text []byte }

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
	chat.Started = s.instant(chat, started, zoneName, "started", time.Time{}, time.Time{})
	chat.Ended = s.instant(chat, ended, zoneName, "ended", chat.Started, time.Time{})
	if t := s.instant(chat, missed, zoneName, "time", time.Time{}, time.Time{}); !t.IsZero() {
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
	if chat.Pending {
		chat.Ended = time.Time{}
		return
	}
	if !chat.Ended.IsZero() || broken(ended.timestamp) {
		return
	}
	// A chat that is over needs an end, because the bookmark is one.
	if took, _, ok := seconds(duration); ok && took >= 0 && took <= longest && !chat.Started.IsZero() && writable(chat.Started.Add(time.Duration(took)*time.Second)) {
		chat.Ended = chat.Started.Add(time.Duration(took) * time.Second)
		note(chat, "ended_timestamp", "it is missing; start and duration stand for it")
	} else if !last.IsZero() {
		chat.Ended = last
		note(chat, "ended_timestamp", "it is missing; the time of the last event stands for it")
	} else if kind != "missed_chat" { // of that one's time something has been noted
		note(chat, "ended_timestamp", "it is missing, and nothing else says when the chat ended")
	}
}

func note(c *source.Chat, field, why string) {
	c.Notes = append(c.Notes, source.Note{Field: field, Why: why})
}

// list reads the times of a list's elements and returns the latest.
func (s *normaliser) list(chat *source.Chat, list jsondoc.Value, zoneName, field string) time.Time {
	var last time.Time
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
		if at := s.instant(chat, t, zoneName, field, chat.Started, chat.Ended); at.After(last) {
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

// The instants that RFC 3339 can write: years 0000 to 9999.
const (
	firstSecond = -62167219200
	lastSecond  = 253402300799
)

// unix reads Unix seconds, whole or not, as number or as text; a text may be
// RFC 3339 as well.
func unix(v jsondoc.Value) (time.Time, bool) {
	if v.Kind() == jsondoc.String {
		if t, err := time.Parse(time.RFC3339, strings.TrimSpace(v.Text())); err == nil {
			return t.UTC(), writable(t)
		}
	}
	s, ns, ok := seconds(v)
	return time.Unix(s, ns).UTC(), ok && writable(time.Unix(s, ns))
}

// seconds reads a number of seconds, whole or not, as number or as text.
func seconds(v jsondoc.Value) (s, ns int64, ok bool) {
	var text string
	switch v.Kind() {
	case jsondoc.Number:
		// No copy for what is the ordinary case.
		if s, ok := digits(v.Raw()); ok {
			return s, 0, true
		}
		text = string(v.Raw())
	case jsondoc.String:
		text = strings.TrimSpace(v.Text())
	default:
		return 0, 0, false
	}
	if s, err := strconv.ParseInt(text, 10, 64); err == nil {
		return s, 0, true
	}
	if whole, frac, ok := strings.Cut(text, "."); ok && len(frac) <= 9 && strings.Trim(frac, "0123456789") == "" {
		s, err1 := strconv.ParseInt(whole, 10, 64)
		ns, err2 := strconv.ParseInt((frac + "000000000")[:9], 10, 64)
		if strings.HasPrefix(whole, "-") {
			ns = -ns
		}
		return s, ns, err1 == nil && err2 == nil
	}
	f, err := strconv.ParseFloat(text, 64)
	ok = err == nil && jsondoc.IsNumber(text) && f == math.Trunc(f) && f >= firstSecond && f <= lastSecond
	return int64(f), 0, ok
}

// writable tells that RFC 3339 can write t in UTC.
func writable(t time.Time) bool {
	return t.Unix() >= firstSecond && t.Unix() <= lastSecond
}

// longest is the duration in seconds, a hundred years, up to which it is believed.
const longest = 100 * 366 * 24 * 3600

// digits reads up to 11 digits, which cannot leave the range of RFC 3339.
func digits(raw []byte) (n int64, ok bool) {
	if len(raw) == 0 || len(raw) > 11 {
		return 0, false
	}
	for _, b := range raw {
		if b < '0' || b > '9' {
			return 0, false
		}
		n = n*10 + int64(b-'0')
	}
	return n, true
}

// empty tells that v is there but says nothing.
func empty(v jsondoc.Value) bool {
	return v.Kind() == jsondoc.Null || v.Blank()
}

// broken tells that v says something that is no time.
func broken(v jsondoc.Value) bool {
	_, ok := unix(v)
	return !ok && v.Kind() != jsondoc.Absent && v.Kind() != jsondoc.Time && !empty(v)
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
