package apiv3

import (
	"context"
	"time"

	"tap-livechat/tap/livechat"
	"tap-livechat/tap/source"
)

// window is a stretch of time that is being read, by one chain of pages or more.
type window struct {
	span
	chains []*chain
	total  int              // what the service says it holds; -1 if it does not
	grows  time.Time        // threads that begin from then on are not in total; zero: all are
	ids    map[string]int64 // the threads that came, and when they began, Unix milliseconds; 0: not known
	judged bool             // its length has been found right
	parted bool             // pages of it follow each other by a cursor: threads at their borders may be lost
	again  bool             // it is read again, by time
	sure   bool             // what was said about it has been said twice
	result *source.Window   // once it is read to its end
}

// done reports whether all chains of the window have ended.
func (w *window) done() bool {
	for _, c := range w.chains {
		if !c.ended {
			return false
		}
	}
	return true
}

// chain is a list that is being read, page after page.
type chain struct {
	w      *window
	span   // that it covers; its list may go on behind it
	query  query
	job    *livechat.Job[*page]
	pages  int           // that have come
	next   string        // the cursor of the page asked for; empty if it was asked for by its time
	at     time.Time     // up to where it has come
	low    time.Time     // down to where it has come, should the list be in another order
	step   time.Duration // that a page covers, as the end of its last one says; 0: it has just given a part away
	left   int           // threads that are still to come, about
	giver  *chain        // that gave this one away, as about so many threads as left says
	idle   int           // pages in a row that brought nothing new
	ended  bool
	capped bool // its list ended before its end
}

// begin asks for the first page of the chain.
func (c *chain) begin(r *reader) { c.ask(r, r.query(c.span), "") }

// ask asks for a page of the chain: for the first one of q, or for the one that
// cursor names.
func (c *chain) ask(r *reader, q query, cursor string) {
	c.query, c.next = q, cursor
	r.flying++
	n := c.pages + 1
	get := func(ctx context.Context) (*page, error) { return r.a.page(ctx, q, cursor, n) }
	if cursor == "" && (c != c.w.chains[0] || n > 1 || len(c.w.ids) > 0) {
		// Of windows of which nothing came others make sure, of all else nobody would.
		get = func(ctx context.Context) (*page, error) { return r.a.firstPage(ctx, q) }
	}
	c.job = r.workers.Start(r.ctx, func(ctx context.Context) (*page, error) {
		p, err := get(ctx)
		r.ready <- c // there is room for as many as are under way
		return p, err
	})
}

// take takes a page of a chain, and yields those of its threads that are new.
func (e *engine) take(c *chain, p *page) error {
	defer p.free()
	e.flying--
	w := c.w
	e.pageSize = max(p.size, e.pageSize*15/16)
	if c.pages == 0 {
		n, known := p.threads(c.span)
		if c == w.chains[0] {
			if shorter, ok := e.admit(w, n, known); !ok {
				w.span, c.span = shorter, shorter
				c.begin(e.reader)
				return nil
			}
			if known {
				w.count(c.query, p)
			}
			e.doubt = e.doubt || p.found < 0
		}
		if c.giver != nil && !c.giver.ended {
			c.giver.left = max(c.giver.left+c.left-n, 1)
		}
		c.left = n
	}
	c.pages++
	fresh := e.register(w, p)
	c.follow(e, p, len(fresh))
	if err := e.hand(w, p, fresh); err != nil || !w.done() {
		return err
	}
	return e.finish(w)
}

// count notes what the service says the window holds, on the first page of its list.
// Threads that begin later are not in it, and make up for none that is lost.
func (w *window) count(q query, p *page) {
	w.total, w.grows = p.found, time.Time{}
	// The service's clock has whole seconds, and most instants are such: between two.
	if at := p.at.Add(-time.Second / 2); at.Before(q.to) {
		w.grows = at
	}
}

// admit judges the length of a window by how many threads it holds.
func (e *engine) admit(w *window, threads int, known bool) (shorter span, ok bool) {
	if w.judged {
		return w.span, true
	}
	shorter, ok = e.plan.admit(w.span, threads, known)
	w.judged = ok
	return shorter, ok
}

// register notes the threads of a page, and returns the places of those that
// have not come before.
func (r *reader) register(w *window, p *page) (fresh []int) {
	for i := range p.chats {
		chat := &p.chats[i]
		if _, there := w.ids[chat.ID]; there {
			continue
		}
		w.ids[chat.ID] = millis(chat.Started)
		if !chat.Started.IsZero() && chat.Started.Before(w.from.Add(-2*tick)) {
			r.outside++
		}
		fresh = append(fresh, i)
	}
	return fresh
}

// millis is an instant in Unix milliseconds; 0 if it is not known.
func millis(at time.Time) int64 {
	if at.IsZero() {
		return 0
	}
	return at.UnixMilli()
}

// follow goes on with the chain, if it goes on.
func (c *chain) follow(e *engine, p *page, fresh int) {
	if c.next != "" {
		e.order.hold(c, p)
	}
	ahead := c.reach(p)
	c.left = max(c.left-len(p.chats), 0)
	c.idle++
	if fresh > 0 || ahead && e.byTime() {
		c.idle = 0
	}
	over := p.next == "" || p.next == c.next
	if over && e.byTime() {
		// A full page may be the last one only because the service ends lists there.
		over = len(p.chats) < pageSize || c.idle > 0
	}
	behind := e.order.oldestFirst() && c.span.to.Before(c.query.to) && c.at.After(c.span.to)
	if over || behind || c.idle >= e.patience() {
		c.ended, c.left = true, 0
		return
	}
	if c.left == 0 {
		// It is longer than the service said.
		c.left, _ = p.threads(span{c.at, c.span.to})
		if e.cutOff(c) {
			return
		}
	}
	if e.byTime() && (ahead || p.next == "") {
		c.ask(e.reader, query{from: c.at.Add(-tick), to: c.query.to}, "")
		return
	}
	c.w.parted = true
	c.ask(e.reader, c.query, p.next)
}

// reach notes how far the chain has come with a page, and tells whether that is
// further than before.
func (c *chain) reach(p *page) (ahead bool) {
	if c.low.IsZero() || p.first.Before(c.low) {
		c.low = p.first
	}
	if ahead = p.last.After(c.at); ahead {
		c.at = p.last
	}
	if n := len(p.chats); n > 3 {
		c.step = max(c.at.Sub(p.chats[n-1-n/4].Started), 0) * 4
	}
	return ahead
}

// byTime reports whether pages are asked for by the time up to which the last one
// came, and not by its cursor. A cursor may lose threads that begin in the very
// millisecond in which a page ends, and lists may end early: what the service
// states shows that, but not where it is not true.
func (r *reader) byTime() bool { return (r.doubt || r.estimate) && r.order.oldestFirst() }

// order is what pages that followed each other by cursors have shown of the order in
// which the service lists.
type order struct{ seen, other bool }

// oldestFirst reports whether it is the one that was asked for.
func (o order) oldestFirst() bool { return o.seen && !o.other }

// few is how many threads prove nothing of what a service does: a time may be wrong.
const few = 5

// hold holds a page against how far the chain had come before it.
func (o *order) hold(c *chain, p *page) {
	if c.at.IsZero() || p.first.IsZero() {
		return
	}
	switch back := p.first.Before(c.at.Add(-tick)); {
	case !back:
		o.seen = true
	case len(p.chats) > few:
		o.other = true
	}
}

// patience is how many pages in a row may bring nothing new. Those that are asked
// for by time begin with threads that have come.
func (r *reader) patience() int {
	if r.byTime() {
		return 10
	}
	return 2
}

// cutOff ends the window of a chain that proves far longer than planned where the
// chain has come to, and gives the rest away to other windows.
func (e *engine) cutOff(c *chain) bool {
	w, at := c.w, c.at.Truncate(tick)
	if !e.order.oldestFirst() || w.again || len(w.chains) > 1 || len(w.ids) < 2*e.plan.target || !at.After(w.from) || !at.Before(w.to) {
		return false
	}
	e.plan.give(span{at, w.to}, c.left, e.plan.pace(span{w.from, at}, len(w.ids)))
	w.to, w.total = at, -1
	c.ended, c.left = true, 0
	return true
}

// hand yields the threads of w that no other window has brought.
func (r *reader) hand(w *window, p *page, fresh []int) error {
	for _, i := range fresh {
		chat := &p.chats[i]
		delete(r.known, chat.ID)
		if r.edge[chat.ID] {
			continue
		}
		at := chat.Started
		if !chat.Ended.Before(r.rg.From) || chat.Pending {
			r.crossing++
		}
		if inside := at.After(w.from.Add(2*tick)) && at.Before(w.to.Add(-2*tick)); !inside && len(r.edge) < mostEdge {
			r.edge[chat.ID] = true
		}
		chat.From, chat.To = w.from, w.to
		if err := r.yield(source.Step{Chat: chat}); err != nil {
			return err
		}
	}
	return nil
}

// split has the chain with the most to come give away half of that. It returns
// false if none has enough, or if all would end at about the same time anyway:
// each split costs half a page.
func (e *engine) split() bool {
	if e.order.other {
		return false
	}
	var longest *chain
	left := 0 // in all chains
	for _, w := range e.windows {
		for _, c := range w.chains {
			if c.ended {
				continue
			}
			left += c.left
			if c.step > 0 && c.left > 6*pageSize && (longest == nil || c.left > longest.left) {
				longest = c
			}
		}
	}
	if longest == nil || longest.at.IsZero() || longest.left < left/e.a.client.Workers()*5/4 {
		return false
	}
	c := longest
	others := span{c.at, c.to}
	middle := others.cut(c.halfway(others))
	if others.length() < 4*tick || !middle.After(c.at.Add(tick)) {
		c.left = 0
		return false
	}
	other := &chain{w: c.w, span: span{middle, c.to}, left: c.left / 2, giver: c}
	c.w.chains = append(c.w.chains, other)
	c.to, c.left, c.step = middle, c.left-c.left/2, 0
	other.begin(e.reader)
	return true
}

// halfway is the part of what is left of a chain, as time goes, in which half of its
// threads are likely to be: half of it, or less where the last page says that the
// chain is in the midst of a spike.
func (c *chain) halfway(left span) float64 {
	steps := float64(c.left) / 2 / pageSize
	return min(steps*c.step.Seconds()/left.length().Seconds(), 0.5)
}
