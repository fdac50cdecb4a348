package apiv3

import (
	"context"
	"slices"
	"time"

	"tap-livechat/tap/livechat"
	"tap-livechat/tap/source"
)

// reader is one call of Read. It runs in the caller's goroutine; only the workers
// have others.
type reader struct {
	a       *Archive
	ctx     context.Context
	rg      source.Range
	workers *livechat.Workers[*page]
	yield   func(source.Step) error

	// A list that ends at end ends at beyond: what is later is as welcome.
	end, beyond time.Time

	ready    chan *chain     // those whose page has come
	flying   int             // pages asked for and not yet taken
	pageSize int             // bytes that a page takes, the largest of late
	edge     map[string]bool // threads yielded of which another window may hear, too
	known    map[string]bool // active threads that have not been listed so far

	searched *source.Searched // that is still to be told of
	crossing int              // chats yielded that had not ended when the range begins
	barren   int              // small windows that hold fewer than stated, for certain
	low      int              // windows that hold more
	doubt    bool             // it has been too low, or is not stated
	estimate bool             // what the service states is one
	outside  int              // threads that began before the windows that they are listed for
	unproven bool             // a window is in another order, and has no number that can be true
	order    order
}

func newReader(ctx context.Context, a *Archive, rg source.Range) *reader {
	n := a.client.Workers()
	ahead := n + spare
	return &reader{a: a, ctx: ctx, rg: rg, workers: livechat.StartWorkers[*page](ctx, n, ahead+1),
		ready: make(chan *chain, ahead+2), edge: make(map[string]bool), known: make(map[string]bool)}
}

// spare is how many chains may be followed beyond one for each worker, so that
// none of them waits while a page is written.
const spare = 2

// mostEdge bounds how many threads at the edges of windows are remembered. Those
// beyond may come twice.
const mostEdge = 50_000

func (r *reader) read() error {
	// From midnight on: what begins on a bookmark's day is listed, and not remembered.
	all := span{midnight(r.rg.From), r.rg.To.UTC()}
	if !all.from.Before(all.to) {
		all.to = all.from.Add(tick)
	}
	listing := r.workers.Start(r.ctx, r.a.allActive)
	q := all.query()
	if r.rg.Open {
		q.to = q.to.Add(24 * time.Hour) // whatever the service's clock says
	}
	first, err := r.a.firstPage(r.ctx, q)
	if err != nil {
		return err
	}
	if r.rg.Open {
		all.to = all.to.Add(max(first.ahead, 0))
		r.end, r.beyond = all.to, q.to
	}
	if err := r.yield(source.Step{Plan: planOf(first, all)}); err != nil {
		return err
	}
	active, err := listing.Wait(r.ctx)
	if err != nil {
		return err
	}
	defer active.free()
	if err := r.announce(active, all); err != nil {
		return err
	}
	if r.rg.Search {
		if err := r.search(all.from); err != nil {
			return err
		}
	}
	if err := r.readSpan(all, q, first, func(w source.Window) error { return r.yield(source.Step{Window: &w}) }); err != nil {
		return err
	}
	return r.unlisted(active)
}

// query is the list of what was created in s, an instant more on the near side:
// whether ends are included or not, nothing in s is left out.
func (s span) query() query { return query{from: s.from.Add(-tick), to: s.to} }

// query is the list of s, and goes on behind the end of all if that is as welcome.
func (r *reader) query(s span) query {
	q := s.query()
	if s.to.Equal(r.end) {
		q.to = r.beyond
	}
	return q
}

// firstPage asks for the first page of q. That there is nothing at all is believed
// when it is said twice, whatever number stands beside it.
func (a *Archive) firstPage(ctx context.Context, q query) (*page, error) {
	p, err := a.page(ctx, q, "", 1)
	if err == nil && len(p.chats) == 0 && p.next == "" {
		p.free()
		p, err = a.page(ctx, q, "", 1)
	}
	return p, err
}

// empty reports whether there is nothing in the list.
func (p *page) empty() bool { return len(p.chats) == 0 && p.next == "" && p.found <= 0 }

// readSpan reads a span in windows, and tells done of each of them, oldest first.
// The first page of q, a list of all of it, is there already.
func (r *reader) readSpan(s span, q query, first *page, done func(source.Window) error) error {
	threads, _ := first.threads(s)
	most, ahead := longWindow, r.a.client.Workers()+spare
	if budget := r.a.client.MaxRequests(); budget > 0 {
		// Windows that are not complete at the end are read again by the next run. All
		// that are read side by side take a quarter of the budget, so that a run gets on.
		ahead = min(ahead, max(budget/8, 2))
		most = min(budget/(4*ahead), longWindow)
	}
	e := &engine{reader: r, done: done, covered: s.from, ahead: ahead,
		splits: 8 + min(threads/(100*pageSize), 8), // each costs half a page
		plan:   newPlan(s, threads, first.first, targetFor(threads, r.a.client.Workers(), most))}
	if most < longWindow {
		e.plan.most = 2 * e.plan.target
	}
	if pagesOf(threads) <= fewPages {
		// The rest of the page's own chain is all there is.
		e.plan.rests = nil
		w := e.open(s)
		c := w.chains[0]
		w.judged, w.sure, c.query = true, true, q
		r.flying++
		if err := e.take(c, first); err != nil {
			return err
		}
	} else {
		err := e.learnOrder(q, first)
		first.free()
		if err != nil {
			return err
		}
	}
	return e.run()
}

// learnOrder asks for the page after the first one of q if no number proves anything:
// windows can be read by time from their beginning if the order is known.
func (r *reader) learnOrder(q query, first *page) error {
	if first.next == "" || first.found >= len(first.chats) {
		return nil
	}
	r.doubt = true
	second, err := r.a.page(r.ctx, q, first.next, 2)
	if err != nil {
		return err
	}
	var c chain
	c.reach(first)
	r.order.hold(&c, second)
	second.free()
	return nil
}

// fewPages is how many pages are read one after the other, in one window.
const fewPages = 3

// engine reads the windows of a span side by side.
type engine struct {
	*reader
	plan    *plan
	windows []*window // that are being read, or wait for older ones; oldest first
	covered time.Time // all windows before it have been told of
	done    func(source.Window) error
	again   []*chain // of windows that are to be read once more, when there is room
	ahead   int      // how many pages may be under way or wait to be taken
	last    bool     // all has been read
	splits  int      // that may still be made; see topUp
}

func (e *engine) run() error {
	for {
		if err := e.emit(); err != nil {
			return err
		}
		e.topUp()
		if e.flying == 0 {
			e.last = true
			if err := e.emit(); err != nil || e.flying == 0 && len(e.again) == 0 {
				return err
			}
			continue
		}
		select {
		case c := <-e.ready:
			p, err := c.job.Wait(e.ctx)
			if err != nil {
				return err
			}
			if err := e.take(c, p); err != nil {
				return err
			}
		case <-e.ctx.Done():
			return context.Cause(e.ctx)
		}
	}
}

// topUp keeps the workers busy: with new windows and, when there are none left,
// with parts of those that are long.
func (e *engine) topUp() {
	for e.flying < e.room() {
		if len(e.again) > 0 {
			e.again[0].begin(e.reader)
			e.again = e.again[1:]
			continue
		}
		s, ok := e.plan.propose()
		if !ok {
			break
		}
		e.open(s).chains[0].begin(e.reader)
	}
	for e.flying < e.a.client.Workers() && e.splits > 0 && e.split() {
		e.splits--
	}
}

// room is how many pages may be under way or wait to be taken before another window
// is begun: as many as keep the workers busy, but fewer where pages are so large that
// memory would not stay flat, or the budget is small.
func (e *engine) room() int {
	const memory = 32 << 20
	return min(e.ahead, max(memory/max(e.pageSize, 1), 2))
}

// open begins a window.
func (e *engine) open(s span) *window {
	w := &window{span: s, total: -1, ids: make(map[string]int64)}
	w.chains = []*chain{{w: w, span: s, left: 1}}
	e.windows = append(e.windows, w)
	slices.SortFunc(e.windows, func(a, b *window) int { return a.from.Compare(b.from) })
	return w
}

// tellSearched tells of the search, if there was one: before all windows, and when
// it is known whether everything came, like those.
func (e *engine) tellSearched() (told bool, err error) {
	s := e.searched
	switch {
	case s == nil:
		return true, nil
	case !s.Settled && !e.estimate && !e.last:
		return false, nil
	}
	e.searched = nil
	s.Settled = s.Settled || e.estimate
	return true, e.yield(source.Step{Searched: s})
}

// emit tells of the windows that have been read and have no older one before
// them. One that is incomplete waits, and all after it, until the number that it
// is held against has proved an estimate, or all has been read: no bookmark could
// move past it anyway.
func (e *engine) emit() error {
	if told, err := e.tellSearched(); !told || err != nil {
		return err
	}
	for len(e.windows) > 0 {
		w := e.windows[0].result
		if w == nil || !w.From.Equal(e.covered) {
			return nil
		}
		if !w.Complete && e.estimate {
			if e.readByTime(e.windows[0]) {
				return nil
			}
			w.Complete, w.Estimate = true, true
		}
		if !w.Complete && !e.last {
			return nil
		}
		if again, err := e.askAgain(); again || err != nil {
			return err
		}
		e.windows = e.windows[1:]
		e.covered = w.To
		if err := e.done(*w); err != nil {
			return err
		}
	}
	return nil
}

// askAgain asks once more for the oldest windows if nothing came of them, whatever
// number stood beside it, for all of them in one list: one answer proves nothing, and
// if they are several, that list is another one, of which it is to be said twice. If
// there is something after all, they are read anew.
func (e *engine) askAgain() (again bool, err error) {
	n := 0
	for n < len(e.windows) {
		w := e.windows[n]
		if w.result == nil || w.result.Chats > 0 || w.sure || n > 0 && !w.from.Equal(e.windows[n-1].to) {
			break
		}
		n++
	}
	if n == 0 {
		return false, nil
	}
	q := e.query(span{e.windows[0].from, e.windows[n-1].to})
	p, err := e.a.page(e.ctx, q, "", 1)
	if err == nil && n > 1 && p.empty() {
		p.free()
		p, err = e.a.page(e.ctx, q, "", 1)
	}
	if err != nil {
		return false, err
	}
	defer p.free()
	for _, w := range e.windows[:n] {
		w.sure = true
		if p.empty() {
			continue
		}
		w.ids, w.total = make(map[string]int64), -1
		e.restart(w)
	}
	return !p.empty(), nil
}

// announce tells of the threads that are active, whether the archive lists them or
// not: they are to be known before a bookmark moves past them.
func (r *reader) announce(active *page, s span) error {
	for i := range active.chats {
		chat := &active.chats[i]
		if !chat.Started.Before(s.to) || r.known[chat.ID] {
			continue
		}
		r.known[chat.ID] = true
		brief := *chat
		brief.Brief = true
		if err := r.yield(source.Step{Chat: &brief}); err != nil {
			return err
		}
	}
	return nil
}

// unlisted yields the active threads that the archive has not listed, with what is
// known of them.
func (r *reader) unlisted(active *page) error {
	for i := range active.chats {
		chat := &active.chats[i]
		if !r.known[chat.ID] {
			continue
		}
		delete(r.known, chat.ID)
		if err := r.yield(source.Step{Chat: chat}); err != nil {
			return err
		}
	}
	return nil
}
