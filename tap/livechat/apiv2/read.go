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

// reader is one call of Read. It runs in the caller's goroutine; only the
// workers have others.
type reader struct {
	a       *Archive
	ctx     context.Context
	workers *livechat.Workers[*page]
	ahead   int // pages that may be under way or wait to be read, to bound memory
	yield   func(source.Step) error

	plan *plan
	cur  *window // the window whose pages are being yielded
	next *window // the one after it, of which the first page is fetched ahead

	now      time.Time // when the run began
	pageSize int       // bytes that a page takes, the largest of late
	seen     evidence
	odd      []oddWindow
}

// evidence is what the chats give away about the service's date filter, and how
// often: archives hold a chat now and then whose times contradict each other.
type evidence struct {
	byStart int           // chats that ended after the days they were listed for
	byEnd   int           // chats that began before the days they were listed for
	longest time.Duration // the longest chat
}

// proof is how many chats it takes.
const proof = 2

// note learns from a chat that was listed for [from, to).
func (e *evidence) note(chat *source.Chat, from, to time.Time) {
	if chat.Started.IsZero() || chat.Ended.IsZero() {
		return
	}
	e.longest = max(e.longest, chat.Ended.Sub(chat.Started))
	began, ended := within(chat.Started, from, to), within(chat.Ended, from, to)
	switch {
	case began && chat.Ended.After(to):
		e.byStart++
	case ended && chat.Started.Before(from):
		e.byEnd++
	}
}

func within(t, from, to time.Time) bool { return !t.Before(from) && t.Before(to) }

// startOnly tells that the dates look at the start of a chat, endOnly at its end.
// Both may be false: nothing is known then.
func (e *evidence) startOnly() bool { return e.byStart >= proof && e.byEnd == 0 }
func (e *evidence) endOnly() bool   { return e.byEnd >= proof && e.byStart == 0 }

func (r *reader) read(rg source.Range) error {
	from, to := rg.From.UTC().Truncate(day), ceil(rg.To.UTC(), day)
	if r.now = rg.Now; r.now.IsZero() {
		r.now = rg.To
	}
	if !from.Before(to) {
		to = from.Add(day)
	}
	r.plan = newPlan(span{from, to}, r.a.window)
	before := rg.Search
	r.openNext()
	for r.next != nil {
		first, err := r.next.first.Wait(r.ctx)
		if err != nil {
			return err
		}
		if r.plan.last < 0 && r.plan.next.Equal(from) && r.next.span.to.Equal(to) {
			if err := r.yield(source.Step{Plan: &source.Plan{Chats: first.total, Capped: first.total == archiveCap, Requests: expected(first.total)}}); err != nil {
				return err
			}
			if err := r.findBeginning(r.next); err != nil {
				return err
			}
		}
		if !r.admitNext() {
			continue
		}
		w := r.next
		r.cur, r.next = w, nil
		r.openNext()
		settledBefore := true
		if err := r.readWindow(w, func(result source.Window) error {
			if before && (result.Chats > 0 || r.next == nil) {
				// Before the first bookmark can move: see leadin.go.
				before = false
				var err error
				if settledBefore, err = r.readBefore(rg.From, result, w.chats); err != nil {
					return err
				}
			}
			result.Settled = result.Settled && settledBefore
			if !result.Settled && settledBefore && len(r.odd) < maxOdd {
				r.odd = append(r.odd, oddWindow{span{result.From, result.To}, w.chats})
			}
			return r.yield(source.Step{Window: &result})
		}); err != nil {
			return err
		}
	}
	return r.readOdd()
}

// oddWindow is a window that did not add up, and what was yielded of it.
type oddWindow struct {
	span
	chats map[string]bool
}

// maxOdd bounds how many of them are remembered, since each holds ids. If there
// are more, the next run has to see to them.
const maxOdd = 20

// readOdd reads once more the windows that did not add up, now that the rest is
// done: what moved then may stand still.
func (r *reader) readOdd() error {
	for _, odd := range r.odd {
		w := r.open(odd.span)
		if _, err := w.first.Wait(r.ctx); err != nil {
			return err
		}
		w.admit()
		w.chats = odd.chats
		if w.fullDay() {
			w.page().free()
			continue
		}
		p, _, err := r.settle(w, 1, everyChat)
		if err != nil {
			return err
		}
		if err := r.yield(source.Step{Window: &source.Window{
			From: odd.from, To: odd.to, Chats: len(p.ids), Total: p.last(), Passes: 1, Settled: p.settled(), Again: true,
		}}); err != nil {
			return err
		}
	}
	return nil
}

// findBeginning looks for the first chat of a long span that does not fit into
// one window, where an ordered list has it: on its first or on its last page.
// One request for that saves the ten it takes to find it by longer and longer
// empty windows, when start_date is a year that means "everything".
func (r *reader) findBeginning(w *window) error {
	const long = 366
	first := w.page()
	if w.span.days() < long || first.total <= 2*r.plan.target || first.total >= archiveCap {
		return nil
	}
	last, err := r.start(w.q, pagesOf(first)).Wait(r.ctx)
	if err != nil {
		return err
	}
	defer last.free()
	begin := w.span.to
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
func (r *reader) start(q query, n int) *job {
	return r.workers.Start(r.ctx, func(ctx context.Context) (*page, error) { return r.a.page(ctx, q, n) })
}

// admitNext decides, once the first page of the next window is there, whether
// the window stays as it is. If not, a shorter one takes its place.
func (r *reader) admitNext() bool {
	w := r.next
	if w.admitted {
		return true
	}
	first := w.page()
	r.learnSize(first)
	shorter, ok := r.plan.admit(w.span, first.total, first.pages)
	if !ok {
		first.free()
		r.next = r.open(shorter)
		return false
	}
	w.admitted = true
	w.pages = pagesOf(first)
	return true
}

// topUp keeps the workers busy: with the pages of the current window, then
// with those of the next.
func (r *reader) topUp() {
	for len(r.cur.queue) < r.room() && r.cur.ask(r) {
	}
	n := r.next
	if n == nil || !n.first.Ready() || n.failed() || !r.admitNext() || n.fullDay() {
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
