package checkpoint

import (
	"time"

	"tap-livechat/catalog"
	"tap-livechat/tap/source"
)

const day = 24 * time.Hour

// lostLookback is how far a run looks back whose state has lost its open chats.
const lostLookback = 32 * day

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
	from     time.Time // chats listed before it are not this stream's
	bookmark time.Time // all that ended before it has been delivered
	searched bool      // its list of open chats is whole
	owed     time.Time // when windows are complete up to here, the list is whole again
	reached  time.Time // the greatest end delivered
	open     openChats
}

// Open is how many chats the stream waits for.
func (s *Stream) Open() int { return len(s.open) }

// The reasons for which a chat that came is left out.
const (
	StillOpen   = "not_ended"
	EndedBefore = "ended_before_the_range"
)

// Offer says whether a stream takes a chat now, and if not, why; the chat is
// remembered if it may have to come later. What the service lists for the stream's
// range is delivered when it has ended; a chat's own times do not decide.
func (t *Tracker) Offer(s *Stream, chat *source.Chat) (why string) {
	waited := s.open.waits(chat.ID)
	if !s.FullTable {
		s.open.hear(chat, t.begins)
	}
	end := t.o.EndDate
	if chat.Pending {
		if t.o.IncludePending && (end.IsZero() || chat.Started.Before(end)) {
			return ""
		}
		return StillOpen
	}
	if !waited && !chat.To.IsZero() && !chat.To.After(s.from) {
		return EndedBefore
	}
	if chat.Ended.After(s.reached) {
		s.reached = chat.Ended
	}
	return ""
}

// advance moves the bookmark to the greatest end delivered, but not past the bounds;
// and not before its list of open chats is whole.
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
