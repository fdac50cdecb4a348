package checkpoint

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"tap-livechat/tap/source"
	"tap-livechat/tap/state"
)

// openChats are the chats that a stream may have to ask for by their ids,
// because a run that begins at its bookmark may not meet them: those listed for
// days before the bookmark's day that have no end yet; those listed for days before the look-back begins that ended within
// it, since late changes count from the end; and those whose start contradicts the days
// they were listed for. A chat leaves once it was delivered with an end before the
// look-back, or was not found several times.
type openChats map[string]*openChat

// openChat is one of them. A time that is not known is zero.
type openChat struct {
	started time.Time
	ended   time.Time // zero, and not known before: it had not ended when it was last heard of
	asked   time.Time // when it was last heard of
	missed  int       // runs in a row that asked for it and did not find it
	anyDay  bool      // it may be listed for any day: its start is not known or contradicts the listing
	heard   bool      // in this run
	known   bool      // from the state
}

const (
	// MostOpen bounds how many are kept in a state.
	MostOpen = 10_000
	// Beliefs is in how many runs in a row, hours apart, a chat must not be found
	// to be gone: it may take hours to show up again after its end.
	Beliefs = 3
	// Patience is the share of its age, one in so many, after which a chat that
	// stays open is asked for again.
	Patience = 10
)

func (o openChats) load(all []state.OpenChat) {
	for _, c := range all {
		o[c.ID] = &openChat{started: c.Since, asked: c.Asked, missed: c.Missed, anyDay: c.Since.IsZero(), known: true}
	}
}

// waits reports whether the state said to wait for the chat.
func (o openChats) waits(id string) bool {
	c := o[id]
	return c != nil && c.known
}

// hear notes what a chat says of itself now.
func (o openChats) hear(chat *source.Chat, now time.Time) {
	was := o[chat.ID]
	anyDay := chat.Started.IsZero() || was != nil && was.anyDay
	if !chat.From.IsZero() && !chat.Started.IsZero() {
		listed := func(t time.Time) bool { return !t.IsZero() && !t.Before(chat.From) && t.Before(chat.To) }
		anyDay = !listed(chat.Started) && !listed(chat.Ended)
	}
	sameDay := chat.Started.UTC().Truncate(day).Equal(chat.Ended.UTC().Truncate(day))
	if was == nil && !chat.Pending && !anyDay && sameDay {
		return // it is listed for that day, whichever time counts
	}
	if was == nil && !chat.Pending && chat.Ended.IsZero() {
		return // it has come, and nobody knows when it ended
	}
	o[chat.ID] = &openChat{started: chat.Started, ended: chat.Ended, asked: now, anyDay: anyDay, heard: true, known: was != nil && was.known}
	if !chat.Pending && chat.Ended.IsZero() {
		delete(o, chat.ID)
	}
}

// list is what the state says beside a bookmark. What no later bookmark can need is
// forgotten.
func (o openChats) list(bookmark time.Time, lookback time.Duration) (all []state.OpenChat, dropped []string) {
	begins := bookmark.Add(-lookback)
	before := func(c *openChat, day time.Time) bool { return c.anyDay || c.started.Before(day) }
	for id, c := range o {
		var in bool
		switch {
		case !c.heard, c.ended.IsZero():
			in = true
		case c.ended.Before(begins):
			delete(o, id)
		default:
			in = before(c, begins.UTC().Truncate(day))
		}
		if in {
			entry := state.OpenChat{ID: id, Missed: c.missed}
			if c.ended.IsZero() {
				entry.Since, entry.Asked = c.started, c.asked
			}
			all = append(all, entry)
		}
	}
	if len(all) > MostOpen {
		slices.SortFunc(all, func(a, b state.OpenChat) int { return cmp.Or(b.Since.Compare(a.Since), cmp.Compare(a.ID, b.ID)) })
		for _, c := range all[MostOpen:] {
			dropped = append(dropped, c.ID)
		}
		all = all[:MostOpen]
	}
	return all, dropped
}

// due reports whether the chat is to be asked for by its id, since no window has
// brought it. One that has been open for long is asked for again when a part of
// its age has passed, so that chats which stay open for ever do not cost a
// request each in every run.
func (c *openChat) due(now time.Time) bool {
	switch {
	case c.heard:
		return false
	case c.asked.IsZero() || c.missed > 0:
		return true
	case c.started.IsZero():
		return true
	}
	return now.Sub(c.asked) >= c.asked.Sub(c.started)/Patience
}

// Active hears of a chat that is known to be active and comes again in the same run:
// no bookmark may leave it behind.
func (t *Tracker) Active(chat *source.Chat) {
	for _, s := range t.Streams {
		if !s.FullTable {
			s.open.hear(chat, t.begins)
		}
	}
}

// Due are the chats that are to be asked for by their ids.
func (t *Tracker) Due() []string {
	due := make(map[string]bool)
	for _, s := range t.Streams {
		for id, c := range s.open {
			if c.due(t.o.Now) {
				due[id] = true
			}
		}
	}
	return slices.Sorted(maps.Keys(due))
}

// Waiting are the streams that wait for a chat.
func (t *Tracker) Waiting(id string) (all []*Stream) {
	for _, s := range t.Streams {
		if s.open[id] != nil {
			all = append(all, s)
		}
	}
	return all
}

// Asked tells that all that were due have been asked for, and which were not found. It
// returns those that are given up, because they were not found in several runs.
func (t *Tracker) Asked(notFound []string) (gone []string, moved bool) {
	for _, s := range t.Streams {
		for _, id := range notFound {
			c := s.open[id]
			if c == nil {
				continue
			}
			if c.missed == 0 || t.begins.Sub(c.asked) >= LeastLookback {
				c.missed, c.asked = c.missed+1, t.begins
			}
			if c.missed >= Beliefs {
				delete(s.open, id)
				if !slices.Contains(gone, id) {
					gone = append(gone, id)
				}
			}
		}
	}
	slices.Sort(gone)
	return gone, t.advance()
}

// Dropped are the chats of a stream for which a state has no room.
func (t *Tracker) Dropped(s *Stream) []string {
	if !s.searched {
		return nil
	}
	_, dropped := s.open.list(s.bookmark, t.o.Lookback)
	return dropped
}
