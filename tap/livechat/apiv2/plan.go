package apiv2

import "time"

const (
	// archiveCap is how many chats one query reaches, the newest that match;
	// pageSize is how many make a page, and maxPages how many pages that are.
	// Source: LiveChat's API v2 reference, "Get list of chats".
	archiveCap = 25000
	pageSize   = 25
	maxPages   = archiveCap / pageSize

	// windowChats is the size that windows are planned for: 100 pages, so that
	// the half-empty last page is 1% of the cost, and a window takes seconds.
	// The first window is planned for firstChats and each further one for twice
	// as many, so that a run that is interrupted early repeats little.
	windowChats = 100 * pageSize
	firstChats  = 10 * pageSize

	// maxGrowth bounds how many times longer than the window before a window may
	// be: few chats on a few days say little about the month that follows.
	maxGrowth = 8

	hour = time.Hour
	day  = 24 * hour
)

// span is a stretch of whole days between two midnights, UTC; to is exclusive.
type span struct{ from, to time.Time }

func (s span) days() int { return int(s.to.Sub(s.from) / day) }

// halves cuts a span of several days in two.
func (s span) halves() [2]span {
	middle := s.from.AddDate(0, 0, s.days()/2)
	return [2]span{{s.from, middle}, {middle, s.to}}
}

// plan cuts days into windows, oldest first. It makes no request: a proposal
// depends on the totals of the proposals before it. The first proposal is the
// whole span. Its total is the density of the rest, and a small archive is read
// as one window.
type plan struct {
	next, end time.Time // the days [next, end) are in no window yet
	target    int       // chats that the next window should hold
	full      int       // chats that a window should hold when the first ones are read
	left      int       // chats in [next, end), as far as the service states; -1: unknown
	last      int       // chats in the window accepted last; -1: there is none
	lastDays  int
}

func newPlan(days span, target int) *plan {
	return &plan{next: days.from, end: days.to, target: min(firstChats, target), full: target, left: -1, last: -1}
}

// propose returns the next window. ok is false if all days are in windows.
func (p *plan) propose() (w span, ok bool) {
	rest := span{p.next, p.end}.days()
	if rest <= 0 {
		return span{}, false
	}
	n := rest
	switch {
	case p.last < 0:
		// Nothing is known: everything.
	case p.left >= 0 && p.left <= p.full*3/2:
		// The rest fits.
	case p.last == 0 && p.left > 0:
		n = max(2*p.lastDays, p.target*rest/p.left)
	case p.last == 0:
		n = 2 * p.lastDays
	default:
		n = min(p.target*p.lastDays/p.last, maxGrowth*p.lastDays)
	}
	return span{p.next, p.next.AddDate(0, 0, min(max(n, 1), rest))}, true
}

// accept takes the total that the first page of a proposed window states. If ok
// is true, the window is part of the plan. Otherwise shorter is to be asked for
// in its place; it begins on the same day.
func (p *plan) accept(w span, total int, atCap bool) (shorter span, ok bool) {
	days := w.days()
	if days > 1 && (total > p.full*3/2 || atCap) {
		if w.to.Equal(p.end) {
			p.left = total
		}
		n := min(max(p.target*days/max(total, 1), 1), days/2)
		return span{w.from, w.from.AddDate(0, 0, n)}, false
	}
	if total > 0 {
		p.target = min(2*p.target, p.full)
	}
	p.next, p.last, p.lastDays = w.to, total, days
	if p.left >= 0 {
		p.left = max(p.left-total, 0)
	}
	return w, true
}

// pages is how many pages so many chats make.
func pages(chats int) int { return (chats + pageSize - 1) / pageSize }

// expected is how many requests reading so many chats takes, at most.
func expected(chats int) int { return pages(chats) + pages(chats)*3/100 + 1 }
