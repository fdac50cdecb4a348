package tap

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"strings"
	"time"

	"tap-livechat/tap/source"
	"tap-livechat/tap/state"
)

// openChats are the chats that a stream may have to ask for by their ids,
// because a run that begins at its bookmark may not meet them: those listed for
// days before the bookmark's day that have no end yet, or one at or after
// end_date; those listed for days before the look-back begins that ended within
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
	// maxOpen bounds how many are kept in a state.
	maxOpen = 10_000
	// beliefs is in how many runs in a row, hours apart, a chat must not be found
	// to be gone: it may take hours to show up again after its end.
	beliefs = 3
	// patience is the share of its age, one in so many, after which a chat that
	// stays open is asked for again.
	patience = 10
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
func (o openChats) hear(chat *source.Chat, s *run) {
	was := o[chat.ID]
	anyDay := chat.Started.IsZero() || was != nil && was.anyDay
	if !chat.From.IsZero() && !chat.Started.IsZero() {
		listed := func(t time.Time) bool { return !t.IsZero() && !t.Before(chat.From) && t.Before(chat.To) }
		anyDay = !listed(chat.Started) && !listed(chat.Ended)
	}
	sameDay := chat.Started.UTC().Truncate(day).Equal(chat.Ended.UTC().Truncate(day))
	late := !s.end.IsZero() && !chat.Ended.Before(s.end)
	if was == nil && !chat.Pending && !late && !anyDay && sameDay {
		return // it is listed for that day, whichever time counts
	}
	if was == nil && !chat.Pending && chat.Ended.IsZero() {
		return // it has come, and nobody knows when it ended
	}
	o[chat.ID] = &openChat{started: chat.Started, ended: chat.Ended, asked: s.begins, anyDay: anyDay, heard: true, known: was != nil && was.known}
	if !chat.Pending && chat.Ended.IsZero() {
		delete(o, chat.ID)
	}
}

// list is what the state says beside a bookmark. What no later bookmark can need is
// forgotten.
func (o openChats) list(bookmark time.Time, lookback time.Duration, end time.Time) (all []state.OpenChat, dropped []string) {
	begins := bookmark.Add(-lookback)
	before := func(c *openChat, day time.Time) bool { return c.anyDay || c.started.Before(day) }
	for id, c := range o {
		var in bool
		switch {
		case !c.heard, c.ended.IsZero(), !end.IsZero() && !c.ended.Before(end):
			in = !c.heard || before(c, bookmark.UTC().Truncate(day))
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
	if len(all) > maxOpen {
		slices.SortFunc(all, func(a, b state.OpenChat) int { return cmp.Or(b.Since.Compare(a.Since), cmp.Compare(a.ID, b.ID)) })
		for _, c := range all[maxOpen:] {
			dropped = append(dropped, c.ID)
		}
		all = all[:maxOpen]
	}
	return all, dropped
}

// due reports whether the chat is to be asked for by its id, since no window has
// brought it. One that has been open for long is asked for again when a part of
// its age has passed, so that chats which stay open for ever do not cost a
// request each in every run; one that was open at end_date is none of this run's.
func (c *openChat) due(now, end time.Time) bool {
	switch {
	case c.heard:
		return false
	case c.asked.IsZero() || c.missed > 0:
		return true
	case !end.IsZero() && !c.asked.Before(end):
		return false
	case c.started.IsZero():
		return true
	}
	return now.Sub(c.asked) >= c.asked.Sub(c.started)/patience
}

// followUp asks for the chats that the state waits for and that no window has
// brought.
func (s *run) followUp(ctx context.Context) error {
	missing := make(map[string]bool)
	for _, f := range s.followers {
		for id, c := range f.openChats {
			if c.due(s.o.Now, s.end) {
				missing[id] = true
			}
		}
	}
	if len(missing) == 0 {
		return nil
	}
	for chat, err := range s.api.Chats(ctx, slices.Sorted(maps.Keys(missing))) {
		if err != nil {
			return err
		}
		s.begin()
		delete(missing, chat.ID)
		waiting := slices.DeleteFunc(slices.Clone(s.followers), func(f *follower) bool { return f.openChats[chat.ID] == nil })
		if err := s.deliver(chat, waiting); err != nil {
			return err
		}
	}
	s.begin()
	s.missed(missing)
	s.advance()
	return nil
}

// missed notes the chats that were asked for and not found. Those that were not
// found in several runs are given up, by name.
func (s *run) missed(ids map[string]bool) {
	gone := make(map[string]bool)
	for _, f := range s.followers {
		for id := range ids {
			c := f.openChats[id]
			if c == nil {
				continue
			}
			if c.missed == 0 || s.begins.Sub(c.asked) >= leastLookback {
				c.missed, c.asked = c.missed+1, s.begins
			}
			if c.missed >= beliefs {
				delete(f.openChats, id)
				gone[id] = true
			}
		}
	}
	if waiting := len(ids) - len(gone); waiting > 0 {
		s.o.Log.Info("chats that were open in an earlier run were not found; the next run asks for them again", "chats", waiting)
	}
	if len(gone) > 0 {
		s.o.Log.Warn("chats that were open in an earlier run are not in the archive any more: they were not found in several runs",
			"chats", len(gone), "ids", someOf(slices.Sorted(maps.Keys(gone))))
	}
}

// dropped warns of open chats that a state has no room for.
func (s *run) dropped() {
	for _, f := range s.followers {
		if _, dropped := f.openChats.list(f.bookmark, f.lookback, s.end); len(dropped) > 0 && f.searched {
			s.o.Log.Warn("there are more open chats than a state keeps; the oldest are not waited for any more",
				"stream", f.Name, "kept", maxOpen, "dropped", len(dropped), "ids", someOf(dropped))
		}
	}
}

// someOf names the first of many.
func someOf(ids []string) string {
	const some = 10
	if len(ids) > some {
		return strings.Join(ids[:some], " ") + " …"
	}
	return strings.Join(ids, " ")
}
