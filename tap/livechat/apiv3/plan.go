package apiv3

import (
	"slices"
	"time"
)

const (
	// longWindow is how many pages a window of a long archive is planned for: its
	// last page is half empty on average, and that is 2% of the cost.
	longWindow = 24
	// growth bounds how much longer than the last window the next may be.
	growth = 8
	// tick is what windows overlap by, since the ends of a list may be included
	// or not. Threads are created at whole milliseconds.
	tick = time.Millisecond
)

// span is a stretch of time, the second instant exclusive.
type span struct{ from, to time.Time }

func (s span) length() time.Duration { return s.to.Sub(s.from) }

// cut is the instant, a whole millisecond inside of s if there is one, where s
// has got that part of its length.
func (s span) cut(part float64) time.Time {
	at := s.from.Add(time.Duration(float64(s.length()) * part)).Truncate(tick)
	if least := s.from.Add(tick); at.Before(least) {
		at = least
	}
	if at.After(s.to) {
		at = s.to
	}
	return at
}

// rest is a span of which no window has been made yet.
type rest struct {
	span
	left int // threads in it, about; -1: not known
	like pace
}

// pace is how close threads were to each other in the window before a rest.
type pace struct {
	to      time.Time // where that window ends; zero: there was none
	length  time.Duration
	density float64 // threads a second
}

// plan cuts time into windows. It is pure: what it proposes follows from what it
// was told by the first pages of windows.
type plan struct {
	rests  []rest // oldest first
	target int    // threads that a window should hold
	most   int    // that it may hold
	begin  time.Time
}

// mostThreads is how many threads a window may hold, four times as many as in a
// long archive are planned for: a request is wasted on each that is asked for
// again because it is too long, while idle workers share one that is long.
const mostThreads = 4 * longWindow * pageSize

// targetFor is how many threads windows should hold if there are so many: some
// windows for each worker, if that makes them not too small.
func targetFor(threads, workers, mostPages int) int {
	pages := pagesOf(threads)
	size := max((pages+2*workers-1)/(2*workers), pages/(12+pages/25), 1)
	return min(size, longWindow, max(mostPages, 1)) * pageSize
}

// pagesOf is how many pages so many threads make.
func pagesOf(threads int) int { return (threads + pageSize - 1) / pageSize }

// newPlan plans for a span that holds about so many threads, the first of them at
// begin (zero: not known).
func newPlan(s span, threads int, begin time.Time, target int) *plan {
	p := &plan{target: target, most: mostThreads, begin: begin}
	p.give(s, threads, pace{})
	return p
}

// give adds a span to what windows are to be made of.
func (p *plan) give(s span, threads int, like pace) {
	if !s.from.Before(s.to) {
		return
	}
	p.rests = append(p.rests, rest{s, threads, like})
	slices.SortFunc(p.rests, func(a, b rest) int { return a.from.Compare(b.from) })
}

// propose is the next window, the oldest of what is left. With ok false, all has
// been handed out.
func (p *plan) propose() (s span, ok bool) {
	if len(p.rests) == 0 {
		return span{}, false
	}
	r := &p.rests[0]
	s = r.span
	s.to = r.from.Add(p.size(r))
	if s.to = s.to.Truncate(tick); s.to.Before(s.from.Add(tick)) {
		s.to = s.from.Add(tick)
	}
	if left := r.to.Sub(s.to); left < p.pace(s, 0).length/8 {
		s.to = r.to // a window of what is left would not pay
	}
	r.from = s.to
	if r.left >= 0 {
		r.left = max(r.left-p.target, 0) // as far as known; admit puts it right
	}
	if !r.from.Before(r.to) {
		p.rests = p.rests[1:]
	}
	return s, true
}

// size is how long the next window of r should be. If nothing bounds it but how long the
// last one was, the one after it may be longer again.
func (p *plan) size(r *rest) time.Duration {
	whole := r.length()
	if r.left >= 0 && r.left <= p.target*3/2 {
		return whole
	}
	var empty time.Duration // before the first thread there is
	if p.begin.After(r.from) && p.begin.Before(r.to) {
		empty = p.begin.Sub(r.from)
	}
	even := whole
	if r.left > 0 {
		even = fraction(whole-empty, float64(p.target)/float64(r.left))
	}
	like := whole
	switch {
	case r.like.to.IsZero() || empty > 0:
		return min(empty+even, whole)
	case r.like.density > 0:
		like = time.Duration(min(float64(p.target)/r.like.density, whole.Seconds()) * float64(time.Second))
	}
	if most := growth * r.like.length; like > most {
		like, r.like.length = most, most // whether there is news of it then or not
	}
	return min(like, whole)
}

func fraction(d time.Duration, part float64) time.Duration { return time.Duration(float64(d) * part) }

// admit is told about how many threads a proposed window holds. If it holds too
// many, a shorter one is returned that begins at the same instant and is to be
// asked for instead; otherwise ok is true, and the window stays as it is. If their
// number is not known, but judged by a page, that may have been in a spike: it shortens
// nothing, since a window that proves too long is cut off.
func (p *plan) admit(s span, threads int, known bool) (shorter span, ok bool) {
	if !known {
		threads = min(threads, 2*p.target)
	}
	like := p.pace(s, threads)
	if threads > p.most && s.length() > time.Second {
		part := float64(p.target) / float64(threads)
		shorter = span{s.from, s.cut(min(part, 0.5))}
		like.to = shorter.to
		p.give(span{shorter.to, s.to}, max(threads-p.target, 0), like)
		return shorter, false
	}
	for i := range p.rests {
		r := &p.rests[i]
		if r.from.Before(s.to) {
			continue
		}
		if r.left >= 0 {
			// What was handed out was taken for a window of the size planned.
			r.left = max(r.left+p.target-threads, 0)
		}
		if s.to.After(r.like.to) {
			r.like = like
		}
		break
	}
	return s, true
}

// pace is how close threads are in s, from the first one on.
func (p *plan) pace(s span, threads int) pace {
	whole := s
	if p.begin.After(s.from) && p.begin.Before(s.to) {
		s.from = p.begin
	}
	length := max(s.length(), tick)
	return pace{whole.to, length, float64(threads) / length.Seconds()}
}
