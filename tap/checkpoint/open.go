package checkpoint

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"tap-livechat/tap/source"
	"tap-livechat/tap/state"
)

// openChats are the chats that a stream may have to request by their ids: those
// that were listed and had not ended, and those that ended within the look-back but
// are listed for an earlier time, since late changes count from the end. A chat
// leaves when it was delivered with an end before the look-back, or was not found
// in several runs.
type openChats map[string]*openChat

// openChat is one of them. A time that is not known is zero.
type openChat struct {
	since    time.Time // when it began
	listed   time.Time // LiveChat lists it for no earlier time
	ended    time.Time // zero: it had not ended when it was last observed
	asked    time.Time // when it was last observed
	notFound int       // runs in a row that asked for it and did not find it
	observed bool      // in this run
}

const (
	// MaxOpen bounds how many are kept in a state.
	MaxOpen = 10_000
	// MaxNotFound is in how many runs in a row, hours apart, a chat must not be found
	// to be dropped: LiveChat may show it again some hours after its end.
	MaxNotFound = 3
	// PollFraction is the share of its age, one in so many, after which an open chat
	// is asked for again.
	PollFraction = 10
)

func (o openChats) load(all []state.OpenChat) {
	for _, c := range all {
		o[c.ID] = &openChat{since: c.Since, asked: c.Asked, notFound: c.Missed}
	}
}

// observe notes the times of a chat that was seen.
func (o openChats) observe(chat *source.Chat, now time.Time) {
	// A chat is listed by its start or by its end: not before its start, unless that
	// contradicts the window it is listed in.
	listed := chat.From
	if chat.Started.After(chat.From) && chat.Started.Before(chat.To) {
		listed = chat.Started
	}
	if !chat.Pending && !listed.Before(midnight(chat.Ended)) {
		// The next runs list it as long as it may change. Without a known end it has
		// come, and nothing more is waited for.
		delete(o, chat.ID)
		return
	}
	o[chat.ID] = &openChat{since: chat.Started, listed: listed, ended: chat.Ended, asked: now, observed: true}
}

// list is what the state says beside a bookmark. It forgets what no later bookmark
// can need.
func (o openChats) list(bookmark time.Time, lookback time.Duration) (all []state.OpenChat, dropped []string) {
	begins := bookmark.Add(-lookback)
	for id, c := range o {
		switch {
		case c.ended.IsZero():
			all = append(all, state.OpenChat{ID: id, Since: c.since, Asked: c.asked, Missed: c.notFound})
		case c.ended.Before(begins):
			delete(o, id)
		case c.listed.Before(midnight(begins)):
			all = append(all, state.OpenChat{ID: id})
		}
	}
	if len(all) > MaxOpen {
		slices.SortFunc(all, func(a, b state.OpenChat) int { return cmp.Or(b.Since.Compare(a.Since), cmp.Compare(a.ID, b.ID)) })
		for _, c := range all[MaxOpen:] {
			dropped = append(dropped, c.ID)
		}
		all = all[:MaxOpen]
	}
	return all, dropped
}

// shouldPoll reports whether the chat is to be asked for by its id, since no window has
// brought it. A chat that has been open for long is asked for again when a share of
// its age has passed, so that chats which stay open for ever cost little.
func (c *openChat) shouldPoll(now time.Time) bool {
	switch {
	case c.observed:
		return false
	case c.asked.IsZero(), c.notFound > 0, c.since.IsZero():
		return true
	}
	return now.Sub(c.asked) >= c.asked.Sub(c.since)/PollFraction
}

// Lost reports whether the state of a stream does not say which chats are open. Then
// [Tracker.Active] is to be told of the chats that are active now.
func (t *Tracker) Lost() bool {
	return slices.ContainsFunc(t.Streams, func(s *Stream) bool { return !s.lost.IsZero() })
}

// Active tells of a chat that is active now. The streams whose state has lost its
// open chats wait for it.
func (t *Tracker) Active(id string, since time.Time) {
	for _, s := range t.Streams {
		if !s.lost.IsZero() && s.open[id] == nil {
			s.open[id] = &openChat{since: since, asked: t.startedAt}
		}
	}
}

// Due are the chats that are to be asked for by their ids, sorted.
func (t *Tracker) Due() []string {
	due := make(map[string]bool)
	for _, s := range t.Streams {
		for id, c := range s.open {
			if c.shouldPoll(t.o.Now) {
				due[id] = true
			}
		}
	}
	return slices.Sorted(maps.Keys(due))
}

// NotFound tells which of the chats that were due LiveChat does not know. It returns
// those that are dropped, because they were not found in several runs.
func (t *Tracker) NotFound(ids []string) (dropped []string) {
	for _, s := range t.Streams {
		for _, id := range ids {
			c := s.open[id]
			if c == nil {
				continue
			}
			if c.notFound == 0 || t.startedAt.Sub(c.asked) >= LeastLookback {
				c.notFound, c.asked = c.notFound+1, t.startedAt
			}
			if c.notFound >= MaxNotFound {
				delete(s.open, id)
				dropped = append(dropped, id)
			}
		}
	}
	slices.Sort(dropped)
	return slices.Compact(dropped)
}

// Open is how many chats the stream waits for.
func (s *Stream) Open() int { return len(s.open) }

// Dropped are the chats of a stream for which a state has no room.
func (t *Tracker) Dropped(s *Stream) []string {
	if !s.whole(t) {
		return nil
	}
	_, dropped := s.open.list(s.at, s.lookback)
	return dropped
}
