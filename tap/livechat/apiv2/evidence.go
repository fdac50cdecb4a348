package apiv2

import (
	"time"

	"tap-livechat/tap/source"
)

// evidence is what the chats give away about the service's date filter, and how
// often: archives hold a chat now and then whose times contradict each other, so
// only one counts of which something else confirms them.
type evidence struct {
	byStart int // chats that ended after the days they were listed for
	byEnd   int // chats that began before the days they were listed for
}

// proof is how many chats it takes.
const proof = 2

// note learns from a chat that was listed for some days.
func (e *evidence) note(chat *source.Chat, days span) {
	if chat.Started.IsZero() || chat.Ended.IsZero() {
		return
	}
	began, ended := days.holds(chat.Started), days.holds(chat.Ended)
	switch {
	case began && !chat.Ended.Before(days.to):
		e.byStart++
	case ended && chat.Started.Before(days.from):
		e.byEnd++
	}
}

// startOnly reports whether the dates look at the start of a chat, endOnly whether at its end.
// Both may be false: nothing is known then.
func (e *evidence) startOnly() bool { return e.byStart >= proof && e.byEnd == 0 }
func (e *evidence) endOnly() bool   { return e.byEnd >= proof && e.byStart == 0 }

// holds reports whether t lies in the span.
func (s span) holds(t time.Time) bool { return !t.Before(s.from) && t.Before(s.to) }
