package tap

import (
	"time"

	"tap-livechat/tap/config"
	"tap-livechat/tap/source"
)

// window moves the bookmarks to the end of the windows that are complete, from
// the oldest on.
func (s *run) window(w *source.Window) {
	s.summary.Windows++
	if s.settled(*w) {
		s.moved = s.track.Complete(*w) || s.moved
	}
	s.out.State(s.state())
}

// settled tells whether a window counts as complete, and says what there is to say of it.
func (s *run) settled(w source.Window) bool {
	args := []any{"from", w.From.Format(time.DateOnly), "to", lastDay(w.To), "chats", w.Chats}
	switch {
	case w.Complete:
		s.o.Log.Info("window complete", append(args, "requests", s.api.Usage().Requests)...)
	default:
		return s.mismatch("the service states another number of chats than it gives", args, w.From, w.To, w.Chats, w.Total, w.Reads)
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
	s.incomplete = append(s.incomplete, Days{from, to})
	return false
}

// lastDay is the last day before a moment.
func lastDay(to time.Time) string { return to.Add(-time.Nanosecond).Format(time.DateOnly) }

const day = 24 * time.Hour
