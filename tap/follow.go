package tap

import (
	"context"
	"maps"
	"slices"
	"time"

	"tap-livechat/catalog"
	"tap-livechat/tap/source"
)

// leastLookback is re-read even with lookback_days: 0, because a chat may turn
// up in the archive a while after it ended.
const leastLookback = time.Hour

// follower is one selected stream on its way through the archive.
//
// A chat that has not ended is not delivered, yet it must be later, wherever
// the service will list it then. Two things see to that. A chat that began on
// the day of the bookmark or after is listed again in the next run, whichever
// time the dates look at, because that run reads from that day at the latest.
// One that began before is kept in the state by its id, and asked for by
// it if the windows do not bring it. Holding the bookmark back instead would
// read all the days since that chat began, in each run, for as long as somebody
// leaves a chat open; the ids are few, and each costs one request a run.
type follower struct {
	catalog.Selected
	from     time.Time // chats that ended before it are not wanted
	first    bool      // nothing was read before from
	bookmark time.Time // all that ended before it has been delivered
	reached  time.Time // the greatest end delivered
	open     map[string]*openChat
}

// openChat is a chat that had not ended when it was last heard of.
type openChat struct {
	started time.Time // zero: not known
	heard   bool      // in this run
}

func (s *run) followersOf(state State) ([]*follower, error) {
	c := s.o.Config
	lookback := max(time.Duration(c.LookbackDays)*24*time.Hour, leastLookback)
	var all []*follower
	for _, stream := range catalog.Streams() {
		at := slices.IndexFunc(s.o.Selection.Streams, func(x catalog.Selected) bool { return x.Name == stream.Name })
		if at < 0 || stream.Group != "" {
			continue
		}
		f := &follower{Selected: s.o.Selection.Streams[at], from: c.StartDate, bookmark: c.StartDate, first: true, open: make(map[string]*openChat)}
		all = append(all, f)
		if f.FullTable {
			continue
		}
		b, err := state.Bookmark(f.Name, f.ReplicationKey)
		if err != nil {
			return nil, err
		}
		for _, c := range b.Open {
			f.open[c.ID] = &openChat{started: c.Since}
		}
		mark := b.At
		if mark.IsZero() || mark.Before(c.StartDate) {
			continue
		}
		if mark.After(s.o.Now) {
			s.o.Log.Warn("the bookmark lies in the future; is the clock of this machine right?",
				"stream", f.Name, "bookmark", mark.Format(time.RFC3339), "now", s.o.Now.Format(time.RFC3339))
		}
		f.bookmark, f.first = mark, false
		from := mark
		if from.After(s.o.Now) {
			from = s.o.Now
		}
		if from = from.Add(-lookback); from.After(c.StartDate) {
			f.from = from
		}
	}
	return all, nil
}

// rangeToRead begins where the stream that is furthest back does.
func (s *run) rangeToRead() source.Range {
	rg := source.Range{To: s.o.Now, Now: s.o.Now}
	if !s.end.IsZero() && s.end.Before(rg.To) {
		rg.To = s.end
	}
	for i, f := range s.followers {
		if i == 0 || f.from.Before(rg.From) {
			rg.From = f.from
		}
		rg.Search = rg.Search || f.first
	}
	return rg
}

// wants tells whether the stream takes the chat now, and remembers the chat if
// it may want it later.
func (f *follower) wants(chat *source.Chat, s *run) bool {
	if chat.Pending {
		if f.expects(s) {
			f.open[chat.ID] = &openChat{started: chat.Started, heard: true}
		}
		return s.o.Config.IncludePending && (s.end.IsZero() || chat.Started.Before(s.end))
	}
	waited := f.open[chat.ID] != nil
	delete(f.open, chat.ID)
	at := chat.Ended
	if at.IsZero() {
		at = chat.Started // the best there is; if that is missing as well, take the chat
	}
	if !s.end.IsZero() && !at.Before(s.end) {
		return false
	}
	if !waited && !at.IsZero() && at.Before(f.from) {
		return false
	}
	if chat.Ended.After(f.reached) {
		f.reached = chat.Ended
	}
	return true
}

// expects tells whether a chat that is open now may be the stream's one day.
func (f *follower) expects(s *run) bool {
	return !f.FullTable && (s.end.IsZero() || s.end.After(s.o.Now))
}

// advance moves the bookmark to the greatest end delivered, but not past the
// end of the window, the beginning of the run, or the end of what is wanted.
func (f *follower) advance(windowEnd, now, end time.Time) {
	at := f.reached
	for _, bound := range []time.Time{windowEnd, now, end} {
		if !bound.IsZero() && at.After(bound) {
			at = bound
		}
	}
	if at.After(f.bookmark) {
		f.bookmark = at
	}
}

// openBefore lists the open chats that a run from day on may not meet again.
func (f *follower) openBefore(day time.Time) []OpenChat {
	var open []OpenChat
	for id, o := range f.open {
		if !o.heard || o.started.Before(day) {
			open = append(open, OpenChat{ID: id})
		}
	}
	return open
}

// followUp asks for the chats that were open in an earlier run and that no
// window has brought.
func (s *run) followUp(ctx context.Context) error {
	missing := make(map[string]bool)
	for _, f := range s.followers {
		for id, o := range f.open {
			if !o.heard {
				missing[id] = true
			}
		}
	}
	gone := 0
	for chat, err := range s.api.Chats(ctx, slices.Sorted(maps.Keys(missing))) {
		if err != nil {
			return err
		}
		s.begin()
		delete(missing, chat.ID)
		waiting := slices.DeleteFunc(slices.Clone(s.followers), func(f *follower) bool { return f.open[chat.ID] == nil })
		if err := s.deliver(chat, waiting); err != nil {
			return err
		}
		if chat.Pending {
			continue
		}
		for _, f := range waiting {
			delete(f.open, chat.ID)
		}
	}
	gone = len(missing)
	for id := range missing {
		s.begin()
		for _, f := range s.followers {
			delete(f.open, id)
		}
	}
	if gone > 0 {
		s.o.Log.Warn("chats that were open in an earlier run are not in the archive any more", "chats", gone)
	}
	return nil
}
