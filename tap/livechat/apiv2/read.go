package apiv2

import (
	"context"
	"time"

	"tap-livechat/tap/livechat"
	"tap-livechat/tap/source"
)

// settling is how long after its end a chat may still show up in a list. The days
// since the midnight before are moving: the next run reads them again.
const settling = 6 * hour

// reader reads a range. It runs in the caller's goroutine; only the workers have
// others.
type reader struct {
	a        *Archive
	ctx      context.Context
	workers  *livechat.Workers[*page]
	prefetch *livechat.Prefetch
	yield    func(source.Step) error

	plan *plan
	next *list // the window after the one that is being read; nil: none
}

// read yields the plan of the range, and then its windows with their chats: those of
// the closed days, oldest first, and those of the moving days.
func (r *reader) read(rg source.Range) error {
	closed, moving, err := r.openRange(rg)
	if err != nil {
		return err
	}
	var plan source.Plan
	for _, l := range []*list{moving, closed} {
		if l != nil {
			p := l.page()
			plan.Chats, plan.Capped, plan.Ahead = plan.Chats+p.total, plan.Capped || p.atCap(), p.ahead
		}
	}
	plan.Requests = expected(plan.Chats)
	if err := r.yield(source.Step{Plan: &plan}); err != nil {
		return err
	}
	if closed != nil {
		if err := r.readClosed(closed); err != nil {
			return err
		}
	}
	if moving == nil {
		return nil
	}
	if p := moving.page(); p.empty() || closed != nil && p.total >= pageSize {
		// Nothing is asked for once more; and a first page is too old to go on from.
		p.free()
		moving = r.open(moving.days)
	}
	return r.readWindow(moving, newSeen(), true)
}

// openRange asks for the first pages of the closed days and of the moving days of a
// range, and waits for them. Either list is nil if the range has no such days.
func (r *reader) openRange(rg source.Range) (closed, moving *list, err error) {
	var date time.Time // of the first answer
	for {
		closedDays, movingDays := splitRange(rg, date)
		days := closedDays
		if days.days() == 0 {
			days = movingDays
		}
		first := r.open(days)
		p, err := r.wait(first)
		if err != nil {
			return nil, nil, err
		}
		if c, m := splitRange(rg, p.date); (c != closedDays || m != movingDays) && date.IsZero() {
			date = p.date
			p.free()
			continue
		}
		if closedDays.days() == 0 {
			return nil, first, nil
		}
		if movingDays.days() == 0 {
			return first, nil, nil
		}
		moving := r.open(movingDays)
		_, err = r.wait(moving)
		return first, moving, err
	}
}

// splitRange returns the days of a range that are closed and those that are moving.
// date is the time by the clock of the service; zero if unknown. The days begin to
// move by the clock that is behind, and end by the one that is ahead.
func splitRange(rg source.Range, date time.Time) (closed, moving span) {
	from, to := midnight(rg.From), nextMidnight(rg.To)
	if !from.Before(to) {
		to = from.Add(day)
	}
	since := to
	if rg.Open {
		now := rg.Now
		if !date.IsZero() {
			to = latest(to, nextMidnight(date))
			if date.Before(now) {
				now = date
			}
		}
		since = latest(from, midnight(now.Add(-settling)))
	}
	return span{from, since}, span{since, to}
}

func latest(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// readClosed reads the days of whole, window after window. Days that are said to
// hold nothing are asked for once more, those that follow each other as one window.
func (r *reader) readClosed(whole *list) error {
	r.plan, r.next = newPlan(whole.days, r.a.window), whole
	empty := span{whole.days.from, whole.days.from} // the days before the next window that are said to hold nothing
	for r.next != nil {
		if _, err := r.wait(r.next); err != nil {
			return err
		}
		if !r.acceptNext() {
			continue
		}
		l := r.next
		r.openNext()
		isEmpty := l.page().empty()
		if isEmpty {
			empty.to = l.days.to
			l.page().free()
		}
		if empty.days() > 0 && (!isEmpty || r.next == nil) {
			if err := r.readWindow(r.open(empty), newSeen(), false); err != nil {
				return err
			}
		}
		if !isEmpty {
			empty = span{l.days.to, l.days.to}
			if err := r.readWindow(l, newSeen(), false); err != nil {
				return err
			}
		}
	}
	return nil
}

// openNext asks for the first page of the next window of the plan, if there is one.
func (r *reader) openNext() {
	r.next = nil
	if days, ok := r.plan.propose(); ok {
		r.next = r.open(days)
	}
}

// acceptNext decides, once the first page of the next window has come, whether the
// window is part of the plan. If not, a shorter one takes its place.
func (r *reader) acceptNext() bool {
	l := r.next
	if l.accepted {
		return true
	}
	p := l.page()
	r.prefetch.Learn(p.size)
	shorter, ok := r.plan.accept(l.days, p.total, p.atCap())
	if !ok {
		p.free()
		r.next = r.open(shorter)
		return false
	}
	l.accepted, l.pages = true, p.count()
	return true
}

// midnight is the beginning of a day, and nextMidnight the first midnight that is not
// before t; UTC.
func midnight(t time.Time) time.Time { return t.UTC().Truncate(day) }

func nextMidnight(t time.Time) time.Time { return midnight(t.Add(day - time.Nanosecond)) }
