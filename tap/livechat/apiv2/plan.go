package apiv2

import "time"

const (
	// archiveCap is how many chats one query reaches, the newest that match;
	// pageSize is how many make a page, and pageCap how many pages that are.
	// Source: LiveChat's API v2 reference, "Get list of chats".
	archiveCap = 25000
	pageSize   = 25
	pageCap    = archiveCap / pageSize

	// windowChats is the size that windows are planned for: 100 pages, so that
	// the half-empty last page is 1% of the cost, and a window is done within
	// seconds.
	windowChats = 2500

	// growth bounds how much longer than the last window the next may be: few
	// chats on a few days say little about the month that follows.
	growth = 8

	hour = time.Hour
	day  = 24 * hour
)

// span is a stretch of whole days, UTC midnights, the second one exclusive.
type span struct{ from, to time.Time }

func (s span) days() int { return int(s.to.Sub(s.from) / day) }

// plan cuts days into windows. It is pure: what it proposes follows from the
// totals it was told by the first pages of windows. The first proposal is the
// whole span, since its total says how dense the rest is and a small archive is
// done with it.
//
// A stretch that is said to hold nothing is no window of its own: what is
// proposed next begins with it, so that its emptiness is stated twice.
type plan struct {
	next, end time.Time // the days [next, end) are not in any window yet
	empty     int       // of them, the first that were said to hold nothing
	target    int       // chats a window should hold
	left      int       // chats in [next, end), as far as known; -1: not known
	last      int       // chats in what was asked for last; -1: nothing was
	lastDays  int
	begin     time.Time // where the chats seem to begin; zero: not known
	doubted   bool      // the answer before this one stated that the rest is empty
	follows   int       // chats of the full day after what is said to hold nothing
}

func newPlan(days span, target int) *plan {
	return &plan{next: days.from, end: days.to, target: target, left: -1, last: -1}
}

// propose is the next window, oldest days first; ok is false when all days
// have been handed out.
func (p *plan) propose() (w span, ok bool) {
	rest := span{p.next, p.end}.days()
	if rest <= 0 {
		return span{}, false
	}
	n := rest
	switch {
	case p.last < 0:
		// Nothing is known: ask for everything.
	case p.begin.After(p.next) && p.empty == 0:
		n = span{p.next, p.begin}.days()
	case p.left >= 0 && p.left <= p.target*3/2:
		// The rest fits.
	case p.last == 0 && p.left > 0:
		n = p.empty + max(2*p.lastDays, p.target*(rest-p.empty)/p.left)
	case p.last == 0:
		n = p.empty + 2*p.lastDays
	default:
		n = min(p.target*p.lastDays/p.last, growth*p.lastDays)
	}
	n = min(max(n, p.empty+1), rest)
	return span{p.next, p.next.AddDate(0, 0, n)}, true
}

// admit tells what a proposed window's first page states. If the window is to
// stay as it is, ok is true and it counts as handed out; otherwise another
// one, which begins on the same day, is to be asked for in its place.
func (p *plan) admit(w span, total, pages int) (other span, ok bool) {
	days, fresh := w.days(), w.days()-p.empty
	tooMany := total > 2*p.target || total >= archiveCap || pages >= pageCap
	p.doubted = p.doubted && total == 0
	switch {
	case total == 0 && w.to.Before(p.end) && p.follows == 0:
		p.empty, p.last, p.lastDays = days, 0, max(fresh, 1)
		if w.to.Equal(p.begin) && p.left > 0 {
			// What was before the beginning says nothing about what comes.
			p.last, p.lastDays = p.left, span{w.to, p.end}.days()
			n := min(max(p.target*p.lastDays/p.last, 1), p.lastDays)
			return span{p.next, w.to.AddDate(0, 0, n)}, false
		}
		other, _ = p.propose()
		return other, false
	case total == 0 && p.left != 0 && !p.doubted:
		p.doubted = true
		return w, false
	case tooMany && fresh == 1 && days > 1:
		// A full day follows what holds nothing, which is a window then after all.
		p.follows, p.empty = total, 0
		return span{p.next, w.to.AddDate(0, 0, -1)}, false
	case tooMany && days > 1:
		if w.to.Equal(p.end) {
			p.left = total
			if total == archiveCap || pages == pageCap {
				p.left = -1 // perhaps more than the service says
			}
		}
		n := min(max(p.target*fresh/max(total, 1), 1), fresh/2)
		if p.begin.After(w.from) && p.begin.Before(w.to) && p.empty == 0 {
			n = span{w.from, p.begin}.days()
		}
		return span{w.from, w.from.AddDate(0, 0, p.empty+n)}, false
	}
	p.next, p.empty, p.last, p.lastDays = w.to, 0, total, max(fresh, 1)
	if p.follows > 0 {
		p.last, p.lastDays, p.follows = p.follows, 1, 0
	}
	if p.left >= 0 {
		p.left = max(p.left-total, 0)
	}
	return w, true
}

// beginsAt tells that chats seem to begin on that day. It only saves requests:
// the days before are asked for all the same, in one window.
func (p *plan) beginsAt(t time.Time) {
	if begin := t.Truncate(day); begin.After(p.next) && begin.Before(p.end) {
		p.begin = begin
	}
}

// pages is how many pages so many chats make.
func pages(chats int) int { return (chats + pageSize - 1) / pageSize }

// expected is what reading so many chats costs at most, in requests.
func expected(chats int) int { return pages(chats) + pages(chats)*3/100 + 1 }
