package apiv2

import (
	"time"

	"tap-livechat/tap/source"
)

// searchDays is how many days the last step of a search has at least. The first
// step is one day, which most often holds the proof and costs little.
const searchDays = 32

// No archive goes back further: LiveChat was founded in 2002.
var oldestChat = time.Date(2002, 1, 1, 0, 0, 0, 0, time.UTC)

// search yields the chats of the days before from among which one may be that
// ended after from. That is needed only if the service's dates look at the
// start of a chat. It goes back in steps, from searchDays on each twice as long
// as the one before, until chats have proved that the dates look at the end, or the last step, of
// searchDays at least, brought none that crosses, or nothing is older. What has
// been yielded is not yielded again.
func (r *reader) search(from time.Time, yielded ids) (source.Searched, error) {
	begin := from.UTC().Truncate(day)
	done := source.Searched{From: begin, To: begin, Settled: true}
	if r.seen.endOnly() || !begin.After(oldestChat) {
		return done, nil
	}
	older := r.open(span{oldestChat, begin})
	first, err := r.wait(older)
	if err != nil {
		return done, err
	}
	if first.empty() { // once more, since one answer proves nothing
		first.free()
		older = r.open(older.span)
		if first, err = r.wait(older); err != nil {
			return done, err
		}
	}
	total, none := max(first.total, len(first.chats)), first.empty()
	first.free()
	for n := 1; !none && done.From.After(oldestChat); n = max(2*n, searchDays) {
		days := span{done.From.AddDate(0, 0, -n), done.From}
		crossing := false
		step := &reader{a: r.a, ctx: r.ctx, workers: r.workers, ahead: r.ahead, yield: r.yield, seen: r.seen, plan: newPlan(days, r.plan.target)}
		err := step.readAll(func(w *window) {
			holds := w.page().total
			r.a.client.Log().Info("searching the days before for chats that were still open", "days", w.q.String(), "chats", holds, "requests", expected(holds))
			w.chats = yielded
			w.wanted = func(c *source.Chat) bool {
				crossing = crossing || c.Pending || !c.Ended.Before(from)
				return true
			}
		}, func(results []source.Window, _ ids, _ bool) error {
			for _, result := range results {
				done.Settled = done.Settled && result.Complete
				done.Chats += result.Chats
			}
			return nil
		})
		if err != nil {
			return done, err
		}
		done.From = days.from
		if r.seen.endOnly() || !crossing && n >= searchDays {
			break
		}
		if done.Chats >= total && done.From.After(oldestChat) { // then nothing should be older
			rest := r.open(span{oldestChat, done.From})
			if first, err = r.wait(rest); err != nil {
				return done, err
			}
			none = first.empty()
			first.free()
		}
	}
	return done, nil
}
