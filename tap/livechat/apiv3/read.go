package apiv3

import (
	"context"
	"errors"
	"slices"
	"time"

	"tap-livechat/tap/livechat"
	"tap-livechat/tap/source"
)

// reader is one call of Read. It runs in the caller's goroutine; only the workers
// have others.
type reader struct {
	archive *Archive
	ctx     context.Context
	rg      source.Range
	yield   func(source.Step) error

	workers  *livechat.Workers[*page]
	prefetch *livechat.Prefetch
	arrived  chan *window // those whose page is here
	inFlight int          // pages requested and not yet handled

	windows     []*window // not reported yet, oldest first
	windowPages int       // how many pages a window is planned for
	earlyPages  int       // after how many the oldest window ends early
	splits      int       // windows that may still be made for idle workers

	end, openEnd time.Time // the list of a window that ends at end ends at openEnd
	unstated     bool      // the log says that found_chats is not stated
}

func newReader(ctx context.Context, a *Archive, rg source.Range, yield func(source.Step) error) *reader {
	n := a.client.Workers()
	return &reader{archive: a, ctx: ctx, rg: rg, yield: yield, earlyPages: 2,
		workers: livechat.StartWorkers[*page](ctx, n, n+prefetched+1), arrived: make(chan *window, n+prefetched+1)}
}

func (r *reader) read() error {
	all := span{r.rg.From.UTC(), r.rg.To.UTC()}
	if !all.from.Before(all.to) {
		all.to = all.from.Add(overlap)
	}
	q := all.query()
	if r.rg.Open {
		q.to = q.to.Add(24 * time.Hour) // LiveChat's clock may be ahead
	}
	first, err := r.archive.page(r.ctx, request{query: q, number: 1})
	nothing := err == nil && len(first.chats) == 0
	if nothing {
		first.free()
		first, err = r.archive.page(r.ctx, request{query: q, number: 1})
	}
	if err != nil {
		return err
	}
	if r.rg.Open {
		all.to = all.to.Add(max(first.ahead, 0))
		r.end, r.openEnd = all.to, q.to
	}
	if err := r.yield(source.Step{Plan: planOf(first, all)}); err != nil {
		return err
	}
	if !r.plan(all, first) {
		first.free() // the windows have lists of their own
		return r.run()
	}
	w := r.windows[0]
	w.confirmed = nothing
	if err := r.handle(w, first); err != nil {
		return err
	}
	return r.run()
}

// run requests, handles and reports until all windows are reported.
func (r *reader) run() error {
	for {
		for len(r.windows) > 0 && r.windows[0].state == finished {
			w := r.windows[0].result()
			r.windows = r.windows[1:]
			if err := r.yield(source.Step{Window: w}); err != nil {
				return err
			}
		}
		r.fill()
		if r.inFlight == 0 {
			return nil
		}
		select {
		case w := <-r.arrived:
			p, err := w.job.Wait(r.ctx)
			r.inFlight--
			if err == nil {
				r.prefetch.Learn(p.size)
				err = r.handle(w, p)
			} else {
				err = r.resume(w, err)
			}
			if err != nil {
				return err
			}
		case <-r.ctx.Done():
			return context.Cause(r.ctx)
		}
	}
}

// fill keeps the workers busy, with the oldest windows first.
func (r *reader) fill() {
	for _, w := range r.windows {
		if r.inFlight >= r.prefetch.Capacity() {
			return
		}
		if w.state == queued {
			r.request(w)
		}
	}
}

// request requests the next page of a window.
func (r *reader) request(w *window) {
	q := span{w.position, w.to}.query()
	if w.to.Equal(r.end) {
		q.to = r.openEnd
	}
	next := request{query: q, pageID: w.pageID, limit: w.limit, number: w.pages + 1}
	w.state = requested
	r.inFlight++
	w.job = r.workers.Start(r.ctx, func(ctx context.Context) (*page, error) {
		p, err := r.archive.page(ctx, next)
		r.arrived <- w // it holds as many as can be in flight
		return p, err
	})
}

// resume has a window whose page_id is refused go on by time from its position, once.
func (r *reader) resume(w *window, err error) error {
	var e *livechat.Error
	if w.pageID == "" || w.resumed || !absent(err) && !(errors.As(err, &e) && e.TooMuch()) {
		return err
	}
	w.resumed, w.pageID, w.state = true, "", queued
	return nil
}

// handle decides how a window goes on after a page, and yields the threads that are
// new in the window.
func (r *reader) handle(w *window, p *page) error {
	defer p.free()
	listedFor := w.span
	if w.pages++; w.pages == 1 {
		if parent := w.note(p); parent != nil && parent.awaited == 0 && parent.state == listed {
			r.finish(parent)
		}
	}
	fresh, unseen := w.mark(p)
	w.empty = w.empty && len(fresh) == 0
	more := w.next(p, len(fresh)) && !r.passed(w) && !r.share(w, p)
	w.count(p, fresh)
	if w.state = queued; !more {
		r.close(w)
	}
	r.fill() // before the threads are yielded, which takes its time
	for _, i := range unseen {
		chat := &p.chats[i]
		chat.From, chat.To = listedFor.from, listedFor.to
		if err := r.yield(source.Step{Chat: chat}); err != nil {
			return err
		}
	}
	return nil
}

// passed reports whether what is still listed for the window is another window's.
func (r *reader) passed(w *window) bool {
	return !w.byPageID() && !w.position.Before(w.to) && !w.to.Equal(r.end)
}

// close ends a reading. That nothing is listed is requested once more: with the next
// window if that has not begun, which costs nothing, or by itself.
func (r *reader) close(w *window) {
	if !w.empty || w.confirmed || w.stated > 0 {
		if w.state = listed; w.awaited == 0 {
			r.finish(w)
		}
		return
	}
	at := slices.Index(r.windows, w)
	if at+1 < len(r.windows) {
		if next := r.windows[at+1]; next.state == queued && next.pages == 0 && next.reading == 1 {
			next.from, next.position, next.confirmed = w.from, w.from, false
			r.windows = slices.Delete(r.windows, at, at+1)
			return
		}
	}
	w.confirmed = true
	w.again(1)
}

// finish ends a window, or has it read once more if fewer threads came than LiveChat
// states.
func (r *reader) finish(w *window) {
	if w.cause == "" && w.missing() && w.reading == 1 {
		w.again(2)
		return
	}
	w.state, w.ids = finished, nil
	if w.stated < 0 && w.came > 0 && !r.unstated {
		r.unstated = true
		r.archive.client.Log().Warn("LiveChat does not state how many chats there are (found_chats); days count as complete when the list of their chats ends")
	}
}
