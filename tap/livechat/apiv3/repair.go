package apiv3

import (
	"math"
	"slices"
	"time"

	"tap-livechat/tap/source"
)

const (
	// mostLooks bounds what is asked again for a window that holds more, by what
	// the service states, than came.
	mostLooks = 20
	// proof is how many windows must hold fewer threads than the service states,
	// though each was read whole, on one page, or more, though nothing was added,
	// before its number counts as an estimate.
	proof = 3
)

// finish ends a window whose chains have ended. If fewer threads came than the
// service states, what is missing is looked for.
//
// Two threads of one millisecond can be parted by a page border, and the second
// be left out; a list can be cut off by a cap that nobody states.
func (e *engine) finish(w *window) error {
	result := source.Window{From: w.from, To: w.to, Reads: 1, Complete: true}
	if len(w.ids) == 0 && w.total > 0 && !w.sure {
		// Said once, it proves nothing; and what is looked for may be put down to an estimate.
		w.sure = true
		e.restart(w)
		return nil
	}
	if err := e.recount(w); err != nil {
		return err
	}
	low := w.total >= 0 && w.came() > w.total
	if w.total < 0 || low {
		e.doubt = true // what is too low may hide an end that is too early
	}
	if e.readByTime(w) {
		return nil
	}
	if low {
		e.low++
		e.prove()
	}
	if w.missing() > 0 || e.doubt && !e.byTime() {
		if more, err := e.goOn(w); more || err != nil {
			return err
		}
	}
	if w.missing() > 0 && !e.estimate {
		result.Reads = 2
		looks := mostLooks
		complete, err := e.look(w, w.counted(), 0, &looks)
		if err != nil {
			return err
		}
		switch {
		case complete:
			w.total = min(w.total, w.came()) // the parts say so
		case e.prove():
			if e.readByTime(w) {
				return nil
			}
		default:
			result.Complete = false
		}
	}
	result.Chats, result.Total = len(w.ids), w.total+len(w.ids)-w.came()
	result.Estimate = w.missing() > 0 && e.estimate
	if w.parted && e.order.other && (w.total < 0 || w.came() > w.total) && !e.unproven {
		e.unproven = true
		e.a.client.Log().Warn("the service neither lists threads in the order asked for nor states truly how many there are: what comes is delivered, and nothing proves that it is all", "from", w.from.Format(time.DateOnly), "to", w.to.Format(time.DateOnly))
	}
	if result.Complete {
		w.ids = nil // others may be read again
	}
	w.result = &result
	return nil
}

// prove reports whether the number that the service states is proved an estimate. Windows
// that are incomplete wait for that, so it counts whatever comes first.
func (e *engine) prove() bool {
	if !e.estimate && e.barren > 0 && e.barren+e.low >= proof {
		e.estimate = true
		e.a.client.Log().Warn("the service states more threads than it has: what it states was read whole, in small windows, and was not as many; its number counts as an estimate in this run", "windows", e.barren+e.low)
	}
	return e.estimate
}

// readByTime reads a window again, by time, if it was read by cursors and the
// service's number does not prove that nothing was lost at the borders of pages.
func (e *engine) readByTime(w *window) bool {
	if !w.parted || w.again || !e.byTime() {
		return false
	}
	w.again = true
	e.restart(w)
	return true
}

// restart has the window read once more, when there is room. What has come is kept.
func (e *engine) restart(w *window) {
	w.result = nil
	w.chains = []*chain{{w: w, span: w.span, left: 1}}
	e.again = append(e.again, w.chains[0])
}

// counted is the part of the window that its number speaks of.
func (w *window) counted() span {
	if w.grows.IsZero() {
		return w.span
	}
	return span{w.from, w.grows}
}

// came is how many threads of those that its number speaks of have come.
func (w *window) came() int {
	if w.grows.IsZero() {
		return len(w.ids)
	}
	n := 0
	for _, at := range w.ids {
		if w.speaksOf(at) {
			n++
		}
	}
	return n
}

// speaksOf reports whether the window's number speaks of a thread that began at an
// instant, Unix milliseconds; 0: not known.
func (w *window) speaksOf(at int64) bool { return w.grows.IsZero() || at < w.grows.UnixMilli() }

// missing is how many threads of the window have not come.
func (w *window) missing() int { return max(w.total-w.came(), 0) }

// recount asks again how many threads a window of the last day holds, if some may be
// lost at the borders of its pages: others that have shown up late, while it was read,
// are not to make up for them.
func (e *engine) recount(w *window) error {
	if !w.parted || w.total < 0 || e.doubt || w.to.Before(e.rg.Now.AddDate(0, 0, -1)) {
		return nil
	}
	if e.outside > few {
		w.grows = time.Time{} // when a thread began does not tell if it has been added since
	}
	p, err := e.a.firstPage(e.ctx, e.query(w.counted()))
	if err != nil {
		return err
	}
	defer p.free()
	w.total = max(w.total, p.found)
	return e.hand(w, p, e.register(w, p))
}

// goOn asks for what comes after the end of a list whose number does not prove
// that it is whole. If there is something, the list was cut off: the window goes
// on, and those to come are smaller.
func (e *engine) goOn(w *window) (more bool, err error) {
	for _, c := range slices.Clone(w.chains) {
		if c.capped || len(w.ids) < pageSize || c.at.IsZero() {
			continue
		}
		s, p, err := e.beyond(w, c)
		if err != nil {
			return false, err
		}
		if p == nil {
			continue
		}
		if pages := c.pages * 3 / 4 * pageSize; pages >= pageSize && pages < e.plan.target {
			e.plan.target = pages
			e.a.client.Log().Info("the service ends a list before its end; windows are made smaller", "threads", pages)
		}
		c.capped = true
		rest := &chain{w: w, span: s, query: e.query(s)}
		w.chains = append(w.chains, rest)
		e.flying++
		return true, e.take(rest, p)
	}
	return false, nil
}

// beyond asks for what comes after that which a chain has brought; on either side, unless
// it is known in which order the service lists. The page is nil if there is nothing new.
func (e *engine) beyond(w *window, c *chain) (s span, p *page, err error) {
	sides := []span{{c.at, c.to}}
	if !e.order.oldestFirst() {
		sides = append(sides, span{c.from, c.low})
	}
	for _, s = range sides {
		if s.length() < tick {
			continue
		}
		if p, err = e.a.firstPage(e.ctx, e.query(s)); err != nil {
			return s, nil, err
		}
		if w.fresh(p) > 0 {
			return s, p, nil
		}
		p.free()
	}
	return s, nil, nil
}

// fresh is how many threads of p have not come before, and have not been added since
// the window was counted.
func (w *window) fresh(p *page) (n int) {
	for i := range p.chats {
		if _, there := w.ids[p.chats[i].ID]; !there && w.speaksOf(millis(p.chats[i].Started)) {
			n++
		}
	}
	return n
}

// look looks for what is missing in s, a part of w, in smaller and smaller parts:
// down to those that are on one page, and two cuts further, since a number that
// is too high in all parts of such a one is no number of threads. It returns
// whether nothing is missing. As many as were stated prove that only if lists hold
// threads by when they began: otherwise those that end meanwhile are among them.
func (r *reader) look(w *window, s span, depth int, looks *int) (complete bool, err error) {
	if w.missing() == 0 && r.outside <= few {
		return true, nil
	}
	if *looks == 0 || r.barren >= proof {
		return false, nil
	}
	*looks--
	p, err := r.a.firstPage(r.ctx, r.query(s))
	if err != nil {
		return false, err
	}
	defer p.free()
	fresh := r.register(w, p)
	if err := r.hand(w, p, fresh); err != nil {
		return false, err
	}
	if s == w.counted() {
		w.total = max(w.total, p.found) // what is stated in the end counts
	}
	times := w.times(s)
	known := len(times)
	if r.strange(p, s) {
		times, known = nil, 0
		if p.next == "" {
			known = len(p.chats)
		}
	}
	if p.found <= known {
		if p.next == "" && len(p.chats) > p.found && p.found >= 0 {
			r.low++
		}
		return true, nil
	}
	if p.next == "" {
		depth++ // this is all there is of it
	}
	at, ok := middle(times, s)
	if !ok || depth > 2 {
		if p.next == "" && len(fresh) == 0 && len(p.chats) < p.found {
			r.barren++
		}
		return false, nil
	}
	before, err := r.look(w, span{s.from, at}, depth, looks)
	if err != nil {
		return false, err
	}
	after, err := r.look(w, span{at, s.to}, depth, looks)
	return before && after, err
}

// strange reports whether lists hold threads by other times than those when they began,
// as far as a page of s and all before it say: then it cannot be told which of those that
// came a list of s can hold, but for those that it brings.
func (r *reader) strange(p *page, s span) bool {
	for i := range p.chats {
		if at := p.chats[i].Started; !at.IsZero() && (at.Before(s.from.Add(-2*tick)) || at.After(s.to.Add(2*tick))) {
			return true
		}
	}
	return r.outside > few
}

// times are when those threads of w began that a list of s can hold, in order.
func (w *window) times(s span) []int64 {
	from, to := s.from.Add(-tick).UnixMilli(), s.to.UnixMilli()
	var all []int64
	for _, at := range w.ids {
		if at >= from && at <= to || at == 0 {
			all = append(all, at)
		}
	}
	slices.Sort(all)
	return all
}

// middle is an instant about the middle of these times, at which none of them
// lies close: what is counted on either side of it is clear.
func middle(times []int64, s span) (time.Time, bool) {
	best, distance := 0, math.MaxInt
	for i := 1; i < len(times); i++ {
		if off := max(2*i-len(times), len(times)-2*i); times[i]-times[i-1] > 4 && times[i-1] > 0 && off < distance {
			best, distance = i, off
		}
	}
	if len(times) < 2 {
		return s.cut(0.5), s.length() > 4*tick
	}
	if best == 0 {
		return time.Time{}, false
	}
	at := time.UnixMilli(times[best-1] + 2).UTC()
	return at, at.After(s.from) && at.Before(s.to)
}
