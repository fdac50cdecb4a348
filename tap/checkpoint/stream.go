package checkpoint

import (
	"time"

	"tap-livechat/catalog"
	"tap-livechat/tap/source"
	"tap-livechat/tap/state"
)

// Stream is one selected stream.
type Stream struct {
	catalog.Selected
	// FromFuture is the bookmark of the state if it was after the beginning of the
	// run and has been brought back to it; else zero.
	FromFuture time.Time
	// UnreadTo is where the span begins that the runs before have read, if that is
	// after start_date: the time between is not read. Else zero.
	UnreadTo time.Time

	was      state.Bookmark // what the state said; written until a window has been read
	begins   time.Time      // what is listed for the time before was read by runs before
	lost     time.Time      // the state has lost its open chats; whole again when read up to here
	at       time.Time      // the bookmark
	reached  time.Time      // the greatest end delivered
	read     bool           // a window from begins on is complete
	lookback time.Duration
	open     openChats
}

// resume sets where the stream begins.
func (s *Stream) resume(o Options, b state.Bookmark) error {
	s.lookback, s.open = o.Lookback, make(openChats)
	if s.FullTable {
		b = state.Bookmark{}
	}
	if !b.At.IsZero() && b.API != o.API {
		return &OtherAPIError{Stream: s.Name, Made: b.API, Read: o.API, From: b.At.Add(-o.Lookback)}
	}
	s.open.load(b.Open)
	if b.At.IsZero() {
		s.at, s.begins = o.StartDate, midnight(o.StartDate.Add(-LeastLookback))
		s.was = state.Bookmark{At: s.at, API: o.API, ReadFrom: s.begins, ReadTo: s.begins, OpenKnown: true}
		return nil
	}
	if b.At.After(o.Now) {
		s.FromFuture = b.At
		b.At, b.OpenKnown = o.Now.Truncate(time.Second), false
	}
	unknown := !s.FromFuture.IsZero() && (b.ReadTo.IsZero() || b.ReadTo.After(o.Now)) // nobody knows what was read
	if b.ReadTo.IsZero() {                                                            // of a version that did not write it
		b.ReadTo = b.At
		if b.ReadFrom.IsZero() || b.ReadFrom.After(b.At) {
			b.ReadFrom = earlier(o.StartDate, b.At)
		}
	}
	s.was, s.at = b, b.At
	s.reached = o.StartDate // if it has been moved past the bookmark, that follows; the open chats are kept
	back := s.lookback
	if !b.OpenKnown {
		s.lost, back = b.At, max(back, LostLookback)
	}
	s.begins = midnight(later(b.At, o.StartDate).Add(-back))
	if unknown {
		s.was.ReadFrom, s.was.ReadTo = s.begins, s.begins
	}
	if from, _ := s.span(s.begins); from.After(o.StartDate) {
		s.UnreadTo = from
	}
	return nil
}

// Verdict is what becomes of a chat in one stream.
type Verdict int

// The verdicts.
const (
	Deliver Verdict = iota
	Wait            // it has not ended: the state waits for it
	Before          // it is listed before the stream's range, and the state does not wait for it
)

// Decide says whether a stream is given a chat now, and remembers nothing. A chat that
// the stream waits for is delivered whichever way it comes.
func (t *Tracker) Decide(s *Stream, chat *source.Chat) Verdict {
	switch {
	case s.open[chat.ID] == nil && !chat.To.After(s.begins):
		return Before
	case chat.Pending && !t.o.IncludePending:
		return Wait
	}
	return Deliver
}

// Offer decides as Decide does, and remembers the chat: as open, or as delivered. A
// chat whose records cannot be written must not be offered, since the state would stop
// waiting for it.
func (t *Tracker) Offer(s *Stream, chat *source.Chat) Verdict {
	v := t.Decide(s, chat)
	if v != Before && !s.FullTable {
		s.open.observe(chat, t.startedAt)
	}
	if v == Deliver && chat.Ended.After(s.reached) { // zero while it is pending
		s.reached = chat.Ended
	}
	return v
}

// advance moves the bookmark to the greatest end delivered, but not past what has
// been read, the beginning of the run, or end_date.
func (s *Stream) advance(t *Tracker) (moved bool) {
	if s.FullTable || !t.watermark.After(s.begins) {
		return false
	}
	s.read = true
	at := earlier(earlier(s.reached, t.watermark), t.startedAt)
	if !t.o.EndDate.IsZero() {
		at = earlier(at, t.o.EndDate)
	}
	if moved = at.After(s.at); moved {
		s.at = at
	}
	return moved
}

// bookmark is what the state says of the stream.
func (s *Stream) bookmark(t *Tracker) state.Bookmark {
	b := s.was
	if s.read {
		b.At = s.at
		// LiveChat may list a chat some hours late, so the last hours are not settled.
		to := earlier(t.watermark, t.startedAt.Add(-LeastLookback))
		if !t.moving.IsZero() {
			to = earlier(to, t.moving)
		}
		b.ReadFrom, b.ReadTo = s.span(to)
	}
	b.API, b.Open = t.o.API, nil
	if b.OpenKnown = s.whole(t); b.OpenKnown {
		b.Open, _ = s.open.list(b.At, s.lookback)
	}
	return b
}

// span is what has been read without a gap, if this run has read up to a time.
func (s *Stream) span(to time.Time) (from, end time.Time) {
	switch {
	case s.begins.After(s.was.ReadTo): // start_date has left a gap
		return s.begins, later(s.begins, to)
	case to.Before(s.was.ReadFrom): // end_date has
		return s.was.ReadFrom, s.was.ReadTo
	}
	return earlier(s.was.ReadFrom, s.begins), later(s.was.ReadTo, to)
}

// whole reports whether the stream knows all chats that are open.
func (s *Stream) whole(t *Tracker) bool {
	return s.lost.IsZero() || s.read && !t.watermark.Before(s.lost)
}

func midnight(t time.Time) time.Time { return t.UTC().Truncate(day) }

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}
