// Package checkpoint decides what of the archive a stream is given, how far its
// bookmark may move, and which chats the state still waits for. It is pure: it
// reads no clock, asks no service and writes nothing.
//
// A run tells a [Tracker] what came: each chat ([Tracker.Offer]), each window that
// is complete ([Tracker.Complete]). What it answers is always safe to be written as a STATE.
package checkpoint

import (
	"fmt"
	"slices"
	"time"

	"tap-livechat/catalog"
	"tap-livechat/tap/source"
	"tap-livechat/tap/state"
)

// Options are what a run is told to read.
type Options struct {
	Now            time.Time // when the run begins, by the clock of this machine
	StartDate      time.Time
	EndDate        time.Time // exclusive; zero: there is none
	Lookback       time.Duration
	IncludePending bool
	API            string // "2" or "3": whose bookmarks are gone on from
}

// Tracker has the streams of one run. It is not safe for concurrent use.
type Tracker struct {
	Streams []*Stream
	// FromFuture are the streams whose bookmark was after Now and has been brought back.
	FromFuture map[string]time.Time

	o      Options
	from   time.Time       // what is read begins here
	readTo time.Time       // all windows up to here are complete
	begins time.Time       // when the run began, by the clock that is behind
	ahead  []source.Window // those that are complete, and have one before them that is not
}

// New goes on from a state. The error is an [*OtherAPIError].
func New(o Options, streams []catalog.Selected, from state.State) (*Tracker, error) {
	o.Lookback = max(o.Lookback, LeastLookback)
	t := &Tracker{o: o, begins: o.Now.Truncate(time.Second), FromFuture: make(map[string]time.Time)}
	for _, selected := range streams {
		s := &Stream{Selected: selected, from: o.StartDate, bookmark: o.StartDate, open: make(openChats)}
		t.Streams = append(t.Streams, s)
		if err := t.resume(s, from); err != nil {
			return nil, err
		}
	}
	t.from = t.Range().From
	t.readTo = t.from
	return t, nil
}

func (t *Tracker) resume(s *Stream, from state.State) error {
	if s.FullTable {
		return nil
	}
	b := from.Bookmarks[s.Name]
	if b.At.IsZero() {
		s.searched = true
		return nil
	}
	if b.API != t.o.API {
		return &OtherAPIError{Stream: s.Name, Made: b.API, Read: t.o.API, From: b.At.Add(-t.o.Lookback)}
	}
	if b.At.After(t.o.Now) {
		t.FromFuture[s.Name] = b.At
		b.At, b.Searched = t.o.Now.Truncate(time.Second), false
	}
	s.open.load(b.Open)
	if b.At.Before(t.o.StartDate) {
		s.searched = true
		return nil
	}
	s.bookmark, s.searched = b.At, b.Searched
	back := t.o.Lookback
	if !b.Searched {
		s.owed, back = b.At, max(back, lostLookback)
	}
	if from := b.At.Add(-back); from.After(t.o.StartDate) {
		s.from = from
	}
	return nil
}

// OtherAPIError is a bookmark that the other API has made: whether its ids are the
// same has been shown by no real account.
type OtherAPIError struct {
	Stream, Made, Read string
	From               time.Time // where a run without the state has to begin
}

func (e *OtherAPIError) Error() string {
	return fmt.Sprintf("the state cannot be used: the bookmark of stream %s was made by api_version %q, and this run reads %q", e.Stream, e.Made, e.Read)
}

// Hint says how to go over.
func (e *OtherAPIError) Hint() string {
	return fmt.Sprintf("to go over, set start_date to %s (the bookmark less the look-back) and run once without the state (in Meltano: --full-refresh); to go on as before, set api_version to %q",
		e.From.UTC().Format(time.RFC3339), e.Made)
}

// Range is what has to be read: it begins where the stream that is furthest back does.
func (t *Tracker) Range() source.Range {
	rg := source.Range{To: t.o.Now, Now: t.o.Now, Open: true}
	if end := t.o.EndDate; !end.IsZero() && !end.After(rg.To) {
		rg.To, rg.Open = end, false
	}
	for i, s := range t.Streams {
		if i == 0 || s.from.Before(rg.From) {
			rg.From = s.from
		}
	}
	return rg
}

// ClockAhead tells how far the clock of the service is ahead of ours. The run begins
// by the one that is behind.
func (t *Tracker) ClockAhead(by time.Duration) { t.begins = t.begins.Add(min(by, 0)) }

// Complete tells that all of a window has come. Windows may come in any order.
func (t *Tracker) Complete(w source.Window) (moved bool) {
	t.ahead = append(t.ahead, w)
	return t.advance()
}

// advance moves the bookmarks as far as they may.
func (t *Tracker) advance() (moved bool) {
	for again := true; again; {
		again = false
		for _, w := range t.ahead {
			if !w.From.After(t.readTo) && w.To.After(t.readTo) {
				t.readTo, again = w.To, true
			}
		}
	}
	t.ahead = slices.DeleteFunc(t.ahead, func(w source.Window) bool { return !w.To.After(t.readTo) })
	for _, s := range t.Streams {
		s.searched = s.searched || !t.readTo.Before(s.owed)
		moved = s.advance(t.readTo, t.begins, t.o.EndDate) || moved
	}
	return moved
}

// State is a state from which the next run loses nothing. What from has of other
// streams stays.
func (t *Tracker) State(from state.State) state.State {
	for _, s := range t.Streams {
		if s.FullTable {
			continue
		}
		b := state.Bookmark{At: s.bookmark, API: t.o.API, Searched: s.searched}
		if s.searched {
			b.Open, _ = s.open.list(s.bookmark, t.o.Lookback)
		}
		from = from.With(s.Name, b)
	}
	return from
}
