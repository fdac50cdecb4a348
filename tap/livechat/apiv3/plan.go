package apiv3

import (
	"slices"
	"time"

	"tap-livechat/tap/livechat"
)

const (
	// overlap is what pages and windows overlap by, since nothing promises whether
	// LiveChat includes the ends of a list. Threads are created at whole milliseconds.
	overlap = time.Millisecond
	// longWindow is how many pages a window of a long archive is planned for.
	longWindow = 24
	// prefetched is how many pages may be in flight beyond one for each worker, so that
	// no worker waits while a page is written; maxBytes is how large all may be together.
	prefetched = 2
	maxBytes   = 32 << 20
)

// span is a stretch of time, the second instant exclusive.
type span struct{ from, to time.Time }

// query is the list of what was created in s. Whether its ends are included or not,
// nothing in s is left out.
func (s span) query() query { return query{from: s.from.Add(-overlap), to: s.to} }

// parts cuts s into at most n parts of equal length, at whole milliseconds.
func (s span) parts(n int) (all []span) {
	step := max(s.to.Sub(s.from)/time.Duration(n), overlap)
	for from := s.from; from.Before(s.to); {
		to := from.Add(step).Truncate(overlap)
		if len(all) == n-1 || to.After(s.to) || !to.After(from) {
			to = s.to
		}
		all = append(all, span{from, to})
		from = to
	}
	return all
}

// plan makes the first windows of a span, of which first is the first page. It reports
// whether the first window goes on from that page.
//
// How many windows may be made is bounded, since each wastes half a page on average,
// and an empty one up to two requests. Half of them, at most, are made here: equal
// parts in time, as many as can be in flight, and more in a long archive. The other
// half pays for the windows that idle workers are given.
func (r *reader) plan(all span, first *page) (begun bool) {
	threads, _ := first.threads(all)
	pages, most := pagesOf(threads), r.archive.client.Workers()+prefetched
	budget := min(20+pages/40, max(pages/2, 1))
	n := max(min(most, budget/2), pages/longWindow, 1)
	r.splits = max(budget-n, 0)
	r.windowPages = max((pages+n-1)/n, 2)
	if requests := r.archive.client.MaxRequests(); requests > 0 {
		// What is incomplete when they are spent is read again by the next run: all windows
		// in flight take a quarter of them.
		most = min(most, max(requests/8, 2))
		r.windowPages = max(min(r.windowPages, requests/(4*most)), 1)
		n = max((pages+r.windowPages-1)/r.windowPages, 1)
	}
	r.prefetch = livechat.NewPrefetch(most, maxBytes)
	begun = n <= most // else the first window could not be reported before the last one has begun
	rest := all
	begin := first.first // nothing is listed before
	if begun {
		begin = first.last // what is listed before is on the page
	}
	if begin = begin.Truncate(overlap); begin.After(all.from) && begin.Before(all.to) {
		rest.from = begin
	}
	for _, part := range rest.parts(n) {
		r.windows = append(r.windows, newWindow(part, threads/n))
	}
	w := r.windows[0]
	w.from, w.position = all.from, all.from
	for _, part := range r.windows[1:] {
		if begun {
			w.give(part)
		}
	}
	return begun
}

// share ends the window early, or has it give the later half of its time away. It
// reports whether the window has ended.
//
// A window ends at its position if it proves far longer than planned, and so does the
// oldest window, after more and more pages, for a bookmark that moves early. That
// costs no request: the rest is a window that goes on from there. If a worker is idle
// and no window waits for one, the longest window gives half of it away.
func (r *reader) share(w *window, p *page) (ended bool) {
	at := w.position.Truncate(overlap)
	if w.reading > 1 || w.byPageID() || !at.After(w.from) || w.to.Sub(at) < 4*overlap {
		return false
	}
	longest, waiting := 0, false
	for _, o := range r.windows {
		if o.state < listed {
			longest = max(longest, o.left)
			waiting = waiting || o.state == queued
		}
	}
	switch {
	case w.left > 0 && w.pages >= 2*r.windowPages:
		ended = true
	case w.left > maxPage && w == r.windows[0] && w.pages >= r.earlyPages:
		ended = true
		r.earlyPages *= 2
	case !waiting && r.inFlight < r.archive.client.Workers() && r.splits > 0 && w.pages > 1 && w.left > maxPage && w.left*5 >= longest*4:
		r.splits--
		at = at.Add(w.half()).Truncate(overlap)
	default:
		return false
	}
	rest := newWindow(span{at, w.to}, w.left)
	w.give(rest)
	w.to = at
	if ended {
		rest.inherit(p)
	} else {
		w.left /= 2
		rest.left -= w.left
	}
	r.windows = slices.Insert(r.windows, slices.Index(r.windows, w)+1, rest)
	return ended
}

// half is how long after the position the later half of the threads that are left is
// likely to begin: in the middle, or earlier if the last page says that the window is
// in the midst of a spike.
func (w *window) half() time.Duration {
	middle := w.to.Sub(w.position) / 2
	if spike := w.pageTime * time.Duration(w.left) / (2 * maxPage); spike > 0 && spike < middle {
		return max(spike, 2*overlap)
	}
	return middle
}
