package checkpoint

import (
	"time"

	"tap-livechat/catalog"
	"tap-livechat/tap/source"
)

const day = 24 * time.Hour

// LeastLookback is re-read even with a look-back of nothing, because a chat may turn
// up in the archive hours after it began or ended.
const LeastLookback = 6 * time.Hour

// Stream is one selected stream on its way through the archive.
//
// A chat that a run cannot deliver must come later, wherever the service will
// list it then. Two things see to that. A chat listed for the day of the
// bookmark or after is listed again in the next run, whichever time the
// service's dates look at, because that run reads from that day at the latest. Of
// those listed before, the state keeps the ids; see open.go. Holding the
// bookmark back instead would read all the days since an open chat began, in each
// run, for as long as somebody leaves it open.
type Stream struct {
	catalog.Selected
	from     time.Time // chats that ended before it are not wanted
	bookmark time.Time // all that ended before it has been delivered
	searched bool      // the days before the bookmark's day were searched
	lost     bool      // the state has a bookmark, and does not say which chats wait
	reached  time.Time // the greatest end delivered
	open     openChats
}

// Open is how many chats the stream waits for.
func (s *Stream) Open() int { return len(s.open) }

// The reasons for which a chat that came is left out.
const (
	StillOpen    = "not_ended"
	EndedBefore  = "ended_before_the_range"
	EndedAfter   = "ended_at_or_after_end_date"
	SearchedOnly = "ended_before_in_days_searched"
)

// Offer says whether a stream takes a chat now, and if not, why; the chat is
// remembered if it may have to come later. What the service lists is left out only
// if its times agree with that, and with each other.
func (t *Tracker) Offer(s *Stream, chat *source.Chat) (why string) {
	waited := s.open.waits(chat.ID)
	if !s.FullTable {
		s.open.hear(chat, t.begins, t.o.EndDate)
	}
	end := t.o.EndDate
	if chat.Pending {
		if t.o.IncludePending && (end.IsZero() || chat.Started.Before(end)) {
			return ""
		}
		return StillOpen
	}
	agrees := !chat.Started.IsZero() && !chat.Ended.IsZero() && (chat.From.IsZero() || chat.Started.Before(chat.To) && !chat.Ended.Before(chat.From))
	switch {
	case !agrees:
	case !end.IsZero() && !chat.Ended.Before(end):
		return EndedAfter
	case waited || !t.early(s, chat):
	case !chat.To.After(t.from):
		return SearchedOnly
	default:
		return EndedBefore
	}
	if chat.Ended.After(s.reached) {
		s.reached = chat.Ended
	}
	return ""
}

// early reports whether the chat ended before those that the stream wants. One whose
// end nothing states may have ended later than it seems: within the days read, if it
// is listed for them; after the bookmark, if the state may have waited for it and has
// lost its list.
func (t *Tracker) early(s *Stream, chat *source.Chat) bool {
	switch {
	case !chat.Guessed:
	case chat.To.After(t.from):
		return false
	case s.lost:
		return chat.Ended.Before(t.o.StartDate)
	}
	return chat.Ended.Before(s.from)
}

// advance moves the bookmark to the greatest end delivered, but not past the bounds;
// and not before the search that is owed is done.
func (s *Stream) advance(bounds ...time.Time) (moved bool) {
	if !s.searched || s.FullTable {
		return false
	}
	at := s.reached
	for _, bound := range bounds {
		if !bound.IsZero() && at.After(bound) {
			at = bound
		}
	}
	if !at.After(s.bookmark) {
		return false
	}
	s.bookmark = at
	return true
}
