package apiv3

import (
	"time"

	"tap-livechat/tap/source"
)

// leastSearch is how far back is looked for threads that began before the range
// and ended in it. Threads are listed by their beginning, so nothing else finds them.
const leastSearch = 32 * 24 * time.Hour

// oldestThread is before every thread: LiveChat was founded in 2002.
var oldestThread = firstThread

// search yields the threads that began before begin, step by step, each twice as
// long as the one before it, until one brought none that had not ended when the
// range begins.
func (r *reader) search(begin time.Time) error {
	result := source.Searched{From: begin, To: begin, Settled: true}
	for length := leastSearch; result.From.After(oldestThread); length *= 2 {
		s := span{result.From.Add(-length), result.From}
		if s.from.Before(oldestThread) {
			s.from = oldestThread
		}
		first, err := r.a.firstPage(r.ctx, s.query())
		if err != nil {
			return err
		}
		threads, _ := first.threads(s)
		r.a.client.Log().Info("searching the days before for threads that ended later",
			"from", s.from.Format(time.RFC3339), "to", s.to.Format(time.RFC3339), "threads", threads, "requests", pagesOf(threads))
		r.crossing = 0
		if err := r.readSpan(s, s.query(), first, func(w source.Window) error {
			result.Chats += w.Chats
			result.Settled = result.Settled && w.Complete
			return nil
		}); err != nil {
			return err
		}
		result.From = s.from
		if r.crossing == 0 {
			break
		}
	}
	r.searched = &result
	return nil
}
