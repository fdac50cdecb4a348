package tap

import (
	"cmp"
	"time"

	"tap-livechat/tap/config"
	"tap-livechat/tap/source"
)

// window moves the bookmarks to the end of the windows that are complete, from
// the oldest on.
func (s *run) window(w *source.Window) {
	s.summary.Windows++
	if s.accepted(*w) && s.track.Complete(*w) {
		s.requestsAtMove = s.api.Usage().Requests
	}
	s.out.State(s.state())
}

// accepted reports whether a window counts as complete: it is, or on_mismatch says so.
func (s *run) accepted(w source.Window) bool {
	args := []any{"from", w.From.Format(time.DateOnly), "to", lastDay(w.To), "chats", w.Chats}
	if w.Complete {
		if w.Moving {
			s.o.Log.Info("LiveChat's list of these days changed while it was read; the next run reads them again and may bring more of their chats", args...)
		}
		s.o.Log.Info("window complete", append(args, "requests", s.api.Usage().Requests)...)
		return true
	}
	s.summary.Incomplete++
	what := cmp.Or(w.Cause, "the service states another number of chats than it gives")
	args = append(args, "total", w.Total, "reads", w.Reads)
	if s.o.Config.OnMismatch == config.WarnOnMismatch {
		s.o.Log.Warn(what+"; on_mismatch says to go on", args...)
		return true
	}
	s.o.Log.Warn(what+"; the bookmark waits before these days", args...)
	s.incomplete = append(s.incomplete, Days{w.From, w.To})
	return false
}

// lastDay is the last day before a moment.
func lastDay(to time.Time) string { return to.Add(-time.Nanosecond).Format(time.DateOnly) }

const day = 24 * time.Hour
