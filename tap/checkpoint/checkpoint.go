// Package checkpoint decides which chats a stream is given, how far its bookmark
// may move, and which chats the state still waits for. It is pure: it reads no
// clock, sends no request, writes no log.
//
// A run tells a [Tracker] what LiveChat lists: each chat ([Tracker.Offer]) and each
// window that is complete ([Tracker.Complete]), in any order. [Tracker.State] is at
// any moment a state from which the next run loses nothing.
//
// The bookmark of a stream makes one claim: everything that LiveChat lists for the
// time before it was listed by some run, and was delivered or waits in open_chats.
// A chat's own times never decide whether it is delivered; only the window it is
// listed in does.
package checkpoint

import (
	"fmt"
	"slices"
	"time"

	"tap-livechat/catalog"
	"tap-livechat/tap/source"
	"tap-livechat/tap/state"
)

const day = 24 * time.Hour

const (
	// LeastLookback is read again even with a look-back of 0, because LiveChat may
	// list a chat some hours after it began or ended.
	LeastLookback = 6 * time.Hour
	// LostLookback is read again if the state does not say which chats are open.
	LostLookback = 32 * day
)

// Options are what a run is told to read.
type Options struct {
	Now            time.Time // the beginning of the run, by the clock of this machine
	StartDate      time.Time
	EndDate        time.Time // bounds what is listed, exclusive; zero: no bound
	Lookback       time.Duration
	IncludePending bool
	API            string // "2" or "3": the version that the run reads
}

// Tracker follows the streams of one run. It is not safe for concurrent use.
type Tracker struct {
	Streams []*Stream

	o          Options
	startedAt  time.Time // the beginning of the run, by the clock that is behind
	watermark  time.Time // all windows up to here are complete
	moving     time.Time // the beginning of the moving days that were not quiet; zero: there are none
	outOfOrder []source.Window
	moved      bool
}

// New goes on from a state. The error is an [*OtherAPIError].
func New(o Options, streams []catalog.Selected, from state.State) (*Tracker, error) {
	o.Lookback = max(o.Lookback, LeastLookback)
	t := &Tracker{o: o, startedAt: o.Now.Truncate(time.Second)}
	for _, selected := range streams {
		s := &Stream{Selected: selected}
		if err := s.resume(o, from.Bookmarks[s.Name]); err != nil {
			return nil, err
		}
		t.Streams = append(t.Streams, s)
	}
	t.watermark = t.Range().From
	return t, nil
}

// OtherAPIError is a bookmark of the other API. No real account has shown that the
// ids of the two are the same.
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
		if i == 0 || s.begins.Before(rg.From) {
			rg.From = s.begins
		}
	}
	return rg
}

// Ranges are the pieces of Range, oldest first. A piece ends where a stream begins,
// so that no window holds chats that the stream was given by runs before.
func (t *Tracker) Ranges() (all []source.Range) {
	whole := t.Range()
	if !whole.From.Before(whole.To) {
		return nil
	}
	begins := []time.Time{whole.From}
	for _, s := range t.Streams {
		if s.begins.After(whole.From) && s.begins.Before(whole.To) {
			begins = append(begins, s.begins)
		}
	}
	slices.SortFunc(begins, time.Time.Compare)
	begins = slices.CompactFunc(begins, time.Time.Equal)
	for i, from := range begins {
		piece := whole
		piece.From = from
		if i+1 < len(begins) {
			piece.To, piece.Open = begins[i+1], false
		}
		all = append(all, piece)
	}
	return all
}

// ClockAhead tells how far LiveChat's clock is ahead of ours. The run begins by the
// one that is behind.
func (t *Tracker) ClockAhead(by time.Duration) {
	t.startedAt = earlier(t.startedAt, t.o.Now.Truncate(time.Second).Add(by))
}

// Complete tells that all of a window has come. Windows may come in any order. It
// reports whether a bookmark has moved.
func (t *Tracker) Complete(w source.Window) (moved bool) {
	if w.Moving && (t.moving.IsZero() || w.From.Before(t.moving)) {
		t.moving = w.From
	}
	t.outOfOrder = append(t.outOfOrder, w)
	for again := true; again; {
		again = false
		for _, w := range t.outOfOrder {
			if !w.From.After(t.watermark) && w.To.After(t.watermark) {
				t.watermark, again = w.To, true
			}
		}
	}
	t.outOfOrder = slices.DeleteFunc(t.outOfOrder, func(w source.Window) bool { return !w.To.After(t.watermark) })
	return t.advance()
}

// advance moves the bookmarks as far as they may.
func (t *Tracker) advance() (moved bool) {
	for _, s := range t.Streams {
		moved = s.advance(t) || moved
	}
	t.moved = t.moved || moved
	return moved
}

// Moved reports whether a bookmark has moved in this run.
func (t *Tracker) Moved() bool { return t.moved }

// State is a state from which the next run loses nothing. What from has of other
// streams stays.
func (t *Tracker) State(from state.State) state.State {
	t.advance() // chats that were asked for by their ids may have ended later than others
	for _, s := range t.Streams {
		if !s.FullTable {
			from = from.With(s.Name, s.bookmark(t))
		}
	}
	return from
}
