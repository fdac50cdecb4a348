package apiv2

import (
	"context"
	"errors"
	"time"

	"tap-livechat/tap/livechat"
	"tap-livechat/tap/source"
)

// errStopped says that the caller has broken out of its loop.
var errStopped = errors.New("stopped")

// reader reads a span of days. It runs in the caller's goroutine; only the
// workers have others.
type reader struct {
	a       *Archive
	ctx     context.Context
	workers *livechat.Workers[*page]
	ahead   int // pages that may be under way or wait to be read, to bound memory
	yield   func(source.Step) error
	seen    *evidence

	plan     *plan
	cur      *window // the window whose pages are being yielded
	next     *window // the one after it, of which the first page is fetched ahead
	pageSize int     // bytes that a page takes, the largest of late
}

// read yields the range: its plan, its windows, and what a search brings
// before the first of them that holds anything.
func (r *reader) read(rg source.Range) error {
	days := span{rg.From.UTC().Truncate(day), ceil(rg.To.UTC(), day)}
	if !days.from.Before(days.to) {
		days.to = days.from.Add(day)
	}
	whole := r.open(days)
	first, err := r.wait(whole)
	if err != nil {
		return err
	}
	if err := r.yield(source.Step{Plan: &source.Plan{Chats: first.total, Capped: first.atCap(), Requests: expected(first.total), Ahead: first.ahead}}); err != nil {
		return err
	}
	if later := ceil(first.date, day); rg.Open && later.After(days.to) {
		// For the service the next day has begun.
		days.to = later
		first.free()
		whole = r.open(days)
		if first, err = r.wait(whole); err != nil {
			return err
		}
	}
	r.plan, r.next = newPlan(days, r.a.window), whole
	if err := r.findBeginning(days, first); err != nil {
		return err
	}
	owed := rg.Search
	return r.readAll(nil, func(results []source.Window, yielded ids, last bool) error {
		chats := 0
		for _, w := range results {
			chats += w.Chats
		}
		if owed && (chats > 0 || last) {
			owed = false
			found, err := r.search(rg.From, yielded)
			if err != nil {
				return err
			}
			if err := r.yield(source.Step{Searched: &found}); err != nil {
				return err
			}
		}
		for _, w := range results {
			if err := r.yield(source.Step{Window: &w}); err != nil {
				return err
			}
		}
		return nil
	})
}

// readAll reads the days of the plan, window after window. begin, if not nil,
// is called before a window is read, and done with what it was and what has
// been yielded of it.
func (r *reader) readAll(begin func(*window), done func(results []source.Window, yielded ids, last bool) error) error {
	r.openNext()
	for r.next != nil {
		if _, err := r.wait(r.next); err != nil {
			return err
		}
		if !r.admitNext() {
			continue
		}
		w := r.next
		r.next = nil
		r.openNext()
		if begin != nil {
			begin(w)
		}
		results, err := r.readWindow(w)
		if err == nil {
			err = done(results, w.chats, r.next == nil)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// findBeginning looks for the first chat of a long span that does not fit into
// one window, where an ordered list has it: on its first or on its last page.
// One request for that saves the ten it takes to find it by longer and longer
// empty windows, when start_date is a year that means "everything".
func (r *reader) findBeginning(days span, first *page) error {
	const long = 366
	if days.days() < long || first.total <= 2*r.plan.target || first.total >= archiveCap {
		return nil
	}
	last, err := r.start(r.ctx, daysOf(days), pagesOf(first)).Wait(r.ctx)
	if err != nil {
		return err
	}
	defer last.free()
	begin := days.to
	for _, p := range []*page{first, last} {
		for i := range p.chats {
			if at := p.chats[i].Started; !at.IsZero() && at.Before(begin) {
				begin = at
			}
		}
	}
	r.plan.beginsAt(begin)
	return nil
}

// openNext asks for the first page of the next window of the plan, if any.
func (r *reader) openNext() {
	if r.next != nil {
		return
	}
	if days, ok := r.plan.propose(); ok {
		r.next = r.open(days)
	}
}

// start hands page n of q to the workers.
func (r *reader) start(ctx context.Context, q query, n int) *job {
	return r.workers.Start(ctx, func(ctx context.Context) (*page, error) { return r.a.page(ctx, q, n) })
}

// admitNext decides, once the first page of the next window is there, whether
// the window stays as it is. If not, another one takes its place.
func (r *reader) admitNext() bool {
	w := r.next
	if w.admitted {
		return true
	}
	first := w.page()
	r.learnSize(first)
	other, ok := r.plan.admit(w.span, first.total, first.pages)
	if !ok {
		first.free()
		r.next = r.open(other)
		return false
	}
	w.admitted, w.pages = true, pagesOf(first)
	return true
}

// topUp keeps the workers busy: with the pages of the current window, then
// with those of the next.
func (r *reader) topUp() {
	for len(r.cur.queue) < r.room() && r.cur.ask(r) {
	}
	n := r.next
	if n == nil || n.page() == nil || !r.admitNext() || n.fullDay() {
		return
	}
	for len(r.cur.queue)+len(n.queue) < r.room() && n.ask(r) {
	}
}

// room is how many pages may be under way or wait to be read: as many as keep
// the workers busy, but fewer where pages are so large that memory would not
// stay flat.
func (r *reader) room() int {
	const memory = 16 << 20
	return min(r.ahead, max(memory/max(r.pageSize, 1), 2))
}

// learnSize notes the size of a page. What counts is the largest of late.
func (r *reader) learnSize(p *page) { r.pageSize = max(p.size, r.pageSize*15/16) }

func ceil(t time.Time, d time.Duration) time.Time {
	if f := t.Truncate(d); !f.Equal(t) {
		return f.Add(d)
	}
	return t
}
