package tap

import (
	"slices"
	"time"

	"tap-livechat/tap/config"
	"tap-livechat/tap/source"
)

// window moves the bookmarks to the end of the windows that are complete, from
// the oldest on.
func (s *run) window(w *source.Window) {
	s.summary.Windows++
	if w.To.After(s.ends) {
		s.ends = w.To
	}
	if s.settled(*w) {
		s.ahead = append(s.ahead, *w)
		s.advance()
	}
	s.out.state(s.state())
}

// settled tells whether a window counts as complete, and says what there is to say of it.
func (s *run) settled(w source.Window) bool {
	args := []any{"from", w.From.Format(time.DateOnly), "to", lastDay(w.To), "chats", w.Chats}
	switch {
	case w.Estimate:
		s.o.Log.Warn("fewer chats came than the service states; its number is an estimate, and all that could be done to find more was done", append(args, "total", w.Total)...)
	case w.Settled:
		s.o.Log.Info("window complete", append(args, "requests", s.api.Usage().Requests)...)
	default:
		return s.mismatch("the service states another number of chats than it gives", args, w.From, w.To, w.Chats, w.Total, w.Passes)
	}
	return true
}

// mismatch says that days are not complete; the user decides whether they count as if they were.
func (s *run) mismatch(what string, args []any, from, to time.Time, chats, total, passes int) (accepted bool) {
	args = append(args, "total", total, "passes", passes)
	s.summary.Incomplete++
	if s.o.Config.OnMismatch == config.WarnOnMismatch {
		s.o.Log.Warn(what+"; on_mismatch says to go on", args...)
		return true
	}
	s.o.Log.Warn(what+"; the bookmark waits before these days", args...)
	s.faults = append(s.faults, Days{from, to})
	return false
}

// lastDay is the last day before a moment.
func lastDay(to time.Time) string { return to.Add(-time.Nanosecond).Format(time.DateOnly) }

// searched notes that the days before the range have been searched.
func (s *run) searched(found *source.Searched) {
	if found.Settled || s.mismatch("the days before, which were searched, are not complete", []any{"from", found.From.Format(time.DateOnly), "to", lastDay(found.To)}, found.From, found.To, found.Chats, -1, 0) {
		s.search = found
	}
	s.advance()
}

// advance moves the bookmarks as far as they may.
func (s *run) advance() {
	for again := true; again; {
		again = false
		for _, w := range s.ahead {
			if !w.From.After(s.readTo) && w.To.After(s.readTo) {
				s.readTo, again = w.To, true
			}
		}
	}
	s.ahead = slices.DeleteFunc(s.ahead, func(w source.Window) bool { return !w.To.After(s.readTo) })
	for _, f := range s.followers {
		// A stream whose bookmark lies further on has its days before read by these windows.
		if s.search != nil && !s.readTo.Before(f.bookmark.UTC().Truncate(day)) {
			f.searched = true
		}
		if f.advance(s.readTo, s.begins, s.end) {
			s.moved = true
		}
	}
}
