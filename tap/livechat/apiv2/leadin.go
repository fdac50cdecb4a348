package apiv2

import (
	"time"

	"tap-livechat/tap/source"
)

const (
	// leadInDays bounds the search before the beginning: a chat that runs for
	// longer than a month is found when it ends, if it is listed by its end.
	leadInDays = 32
	// leadInChats is what the first look back is planned to cost: a page or two.
	leadInChats = 40
)

// No archive goes back further: LiveChat was founded in 2002.
var oldestChat = time.Date(2002, 1, 1, 0, 0, 0, 0, time.UTC)

// readBefore yields chats of the days before from, where a chat that ended
// after from may have begun. That is needed only if the service's dates look
// at the start of a chat; chats that began before the days they were listed
// for prove that they do not. It goes back until it has covered the longest
// chat seen and a stretch in which no chat crosses.
func (r *reader) readBefore(from time.Time, first source.Window, yielded map[string]bool) (settled bool, err error) {
	settled = true
	begin := from.UTC().Truncate(day)
	if r.seen.endOnly() || !begin.After(oldestChat) {
		return true, nil
	}
	covered, n := 0, leadInDays-1
	if first.Chats > 0 {
		n = min(max(leadInChats*int(first.To.Sub(first.From)/day)/first.Chats, 1), n)
	}
	cur := r.cur
	defer func() { r.cur = cur }()
	for covered < leadInDays {
		days := span{begin.AddDate(0, 0, -covered-n), begin.AddDate(0, 0, -covered)}
		w := r.open(days)
		answer, err := w.first.Wait(r.ctx)
		if err != nil {
			return false, err
		}
		if n > 1 && answer.total > 2*r.plan.target {
			n = max(n*r.plan.target/answer.total, 1)
			answer.free()
			continue
		}
		w.admit()
		w.chats = yielded
		crossing := false
		yield := r.yield
		r.yield = func(s source.Step) error {
			if s.Chat != nil && (s.Chat.Pending || !s.Chat.Ended.Before(from)) {
				crossing = true
			}
			return yield(s)
		}
		err = r.readWindow(w, func(result source.Window) error {
			settled = settled && result.Settled
			return nil
		})
		r.yield = yield
		if err != nil {
			return false, err
		}
		covered += n
		if r.seen.endOnly() || !crossing && time.Duration(covered)*day >= r.seen.longest {
			break
		}
		n = min(2*n, leadInDays-covered)
	}
	return settled, nil
}
