package tap

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"tap-livechat/catalog"
	"tap-livechat/tap/source"
	"tap-livechat/tap/state"
)

const day = 24 * time.Hour

// leastLookback is re-read even with lookback_days: 0, because a chat may turn
// up in the archive hours after it began or ended.
const leastLookback = 6 * time.Hour

// follower is one selected stream on its way through the archive.
//
// A chat that a run cannot deliver must come later, wherever the service will
// list it then. Two things see to that. A chat listed for the day of the
// bookmark or after is listed again in the next run, whichever time the
// service's dates look at, because that run reads from that day at the latest. Of
// those listed before, the state keeps the ids; see openchats.go. Holding the
// bookmark back instead would read all the days since an open chat began, in each
// run, for as long as somebody leaves it open.
type follower struct {
	catalog.Selected
	from     time.Time // chats that ended before it are not wanted
	bookmark time.Time // all that ended before it has been delivered
	searched bool      // the days before the bookmark's day were searched
	lost     bool      // the state has a bookmark, and does not say which chats wait
	reached  time.Time // the greatest end delivered
	lookback time.Duration
	openChats
}

// followersOf makes a follower of each selected stream that is made of chats.
func (s *run) followersOf(from state.State) ([]*follower, error) {
	c := s.o.Config
	var all []*follower
	for _, selected := range s.o.Selection.Streams {
		if selected.Group != "" {
			continue
		}
		f := &follower{Selected: selected, from: c.StartDate, bookmark: c.StartDate, openChats: make(openChats),
			lookback: max(time.Duration(c.LookbackDays)*day, leastLookback)}
		all = append(all, f)
		if f.FullTable {
			continue
		}
		b, err := from.Bookmark(f.Name, f.ReplicationKey)
		if err != nil {
			return nil, err
		}
		if b.At.IsZero() {
			continue
		}
		if b.API != s.version {
			return nil, otherAPI(f.Name, b, s.version, f.lookback)
		}
		if b.At.After(s.o.Now) {
			s.o.Log.Warn("the bookmark lies in the future; it is brought back to now, and chats of the days before may be missing: to read them, run once without the state",
				"stream", f.Name, "bookmark", b.At.Format(time.RFC3339), "now", s.o.Now.Format(time.RFC3339))
			b.At, b.Searched = s.o.Now.Truncate(time.Second), false
		}
		if b.At.Before(c.StartDate) {
			continue
		}
		f.bookmark, f.searched, f.lost = b.At, b.Searched, !b.Searched
		if from := b.At.Add(-f.lookback); from.After(c.StartDate) {
			f.from = from
		}
		f.openChats.load(b.Open)
	}
	return all, nil
}

// otherAPI refuses a bookmark that was made by the other API: whether its ids
// are the same has been shown by no real account.
func otherAPI(stream string, b state.Bookmark, version string, lookback time.Duration) error {
	return hinted{
		&state.Error{What: fmt.Sprintf("the bookmark of stream %s was made by api_version %q, and this run reads %q", stream, b.API, version)},
		fmt.Sprintf("to go over, set start_date to %s (the bookmark less the look-back) and run once without the state (in Meltano: --full-refresh); to go on as before, set api_version to %q",
			b.At.Add(-lookback).UTC().Format(time.RFC3339), b.API),
	}
}

// rangeToRead begins where the stream that is furthest back does.
func (s *run) rangeToRead() source.Range {
	rg := source.Range{To: s.o.Now, Now: s.o.Now, Open: true}
	if !s.end.IsZero() && !s.end.After(rg.To) {
		rg.To, rg.Open = s.end, false
	}
	for i, f := range s.followers {
		if i == 0 || f.from.Before(rg.From) {
			rg.From = f.from
		}
		rg.Search = rg.Search || !f.searched
	}
	return rg
}

// The reasons for which a chat that came is left out.
const (
	stillOpen    = "not_ended"
	endedBefore  = "ended_before_the_range"
	endedAfter   = "ended_at_or_after_end_date"
	searchedOnly = "ended_before_in_days_searched"
)

// wants reports whether the stream takes the chat now, and if not, why; and
// remembers the chat if it may have to come later. What the service lists is
// left out only if its times agree with that, and with each other.
func (f *follower) wants(chat *source.Chat, s *run) (why string) {
	waited := f.openChats.waits(chat.ID)
	if !f.FullTable {
		f.openChats.hear(chat, s)
	}
	if chat.Pending {
		if s.o.Config.IncludePending && (s.end.IsZero() || chat.Started.Before(s.end)) {
			return ""
		}
		return stillOpen
	}
	agrees := !chat.Started.IsZero() && !chat.Ended.IsZero() && (chat.From.IsZero() || chat.Started.Before(chat.To) && !chat.Ended.Before(chat.From))
	switch {
	case !agrees:
	case !s.end.IsZero() && !chat.Ended.Before(s.end):
		return endedAfter
	case waited || !f.early(chat, s):
	case !chat.To.After(s.from):
		return searchedOnly
	default:
		return endedBefore
	}
	if chat.Ended.After(f.reached) {
		f.reached = chat.Ended
	}
	return ""
}

// early reports whether the chat ended before those that the stream wants. One whose
// end nothing states may have ended later than it seems: within the days read, if it
// is listed for them; after the bookmark, if the state may have waited for it and has
// lost its list.
func (f *follower) early(chat *source.Chat, s *run) bool {
	switch {
	case !chat.Guessed:
	case chat.To.After(s.from):
		return false
	case f.lost:
		return chat.Ended.Before(s.o.Config.StartDate)
	}
	return chat.Ended.Before(f.from)
}

// advance moves the bookmark to the greatest end delivered, but not past what
// has been read, the beginning of the run, or the end of what is wanted; and not
// before the search that is owed is done.
func (f *follower) advance(bounds ...time.Time) (moved bool) {
	if !f.searched || f.FullTable {
		return false
	}
	at := f.reached
	for _, bound := range bounds {
		if !bound.IsZero() && at.After(bound) {
			at = bound
		}
	}
	if !at.After(f.bookmark) {
		return false
	}
	f.bookmark = at
	return true
}

// mark is what the state says of the stream.
func (f *follower) mark(s *run) state.Bookmark {
	b := state.Bookmark{At: f.bookmark, API: s.version, Searched: f.searched}
	if f.searched {
		b.Open, _ = f.openChats.list(f.bookmark, f.lookback, s.end)
	}
	return b
}

// ReasonsLeftOut are the reasons of LeftOut with their counts, in one text; empty if
// nothing was left out.
func (s Summary) ReasonsLeftOut() string {
	var parts []string
	for _, why := range slices.Sorted(maps.Keys(s.LeftOut)) {
		parts = append(parts, fmt.Sprintf("%s=%d", why, s.LeftOut[why]))
	}
	return strings.Join(parts, " ")
}
