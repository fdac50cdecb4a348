package apiv2

import (
	"context"
	"maps"

	"tap-livechat/tap/livechat"
	"tap-livechat/tap/source"
)

const (
	// parts is how many pieces a window is cut into that does not add up as a
	// whole: their pages have other borders, and what moves is mostly today.
	parts = 4
	// deepest is how often a part in which chats come and go is cut once more.
	deepest = 1
	// maxPasses bounds how often a list is read in which chats come and go. Each
	// pass costs what the first did.
	maxPasses = 4
)

// job is a page being fetched.
type job = livechat.Job[*page]

// window is a list that is being read.
type window struct {
	q      query
	span   span                    // the days, or with another zone the hours, that it covers
	first  *job                    // its first page, asked for early; nil: to be asked for
	pages  int                     // how many pages there are, as far as known
	asked  int                     // pages asked for in this pass
	queue  []*job                  // asked for and not yet read, in order
	chats  ids                     // those yielded, over all passes
	mark   uint8                   // what they are marked with
	wanted func(*source.Chat) bool // nil: all

	admitted bool // the plan has taken it as it is
}

// pagesOf is how many pages a list has. Two statements are read, the larger
// one counts, because a page too many is harmless and one too few is not.
func pagesOf(p *page) int {
	n := pages(p.total)
	if len(p.chats) > pageSize {
		n = (p.total + len(p.chats) - 1) / len(p.chats)
	}
	return min(max(n, p.pages, 1), pageCap)
}

// open asks for the first page of a window of days.
func (r *reader) open(days span) *window { return r.openQuery(daysOf(days), days) }

func (r *reader) openQuery(q query, covers span) *window {
	return &window{q: q, span: covers, first: r.start(r.ctx, q, 1), chats: make(ids)}
}

// wait waits for the first page.
func (r *reader) wait(w *window) (*page, error) {
	p, err := w.first.Wait(r.ctx)
	if err != nil {
		return nil, err
	}
	w.pages = max(w.pages, pagesOf(p))
	return p, nil
}

// page is the first page; nil if it is not there, or never will be.
func (w *window) page() *page {
	if w.first == nil || !w.first.Ready() {
		return nil
	}
	p, _ := w.first.Wait(context.Background())
	return p
}

// fullDay tells that the window is one day which no single query may reach whole.
func (w *window) fullDay() bool {
	first := w.page()
	return w.span.days() == 1 && first != nil && first.atCap()
}

// ask hands the next page of the window to the workers. It returns false if
// all have been asked for.
func (w *window) ask(r *reader) bool {
	if w.asked >= w.pages {
		return false
	}
	w.asked++
	j := w.first
	if w.asked > 1 || j == nil {
		j = r.start(r.ctx, w.q, w.asked)
	}
	w.queue = append(w.queue, j)
	return true
}

// again makes the window ready for another pass.
func (w *window) again() { w.first, w.asked, w.pages = nil, 0, 1 }

// result is what a window was in its last pass.
func (w *window) result(p *pass, passes int) source.Window {
	return source.Window{From: w.span.from, To: w.span.to, Chats: len(p.ids), Total: p.stated(), Reads: passes, Complete: p.settled()}
}

// readWindow yields the chats of w and returns what it was, or what its parts
// were. What does not add up is read again, once, with other page borders.
func (r *reader) readWindow(w *window) ([]source.Window, error) {
	if w.fullDay() {
		return r.readFullDay(w)
	}
	p, err := r.readPass(w, nil)
	if err != nil {
		return nil, err
	}
	if p.settled() {
		return []source.Window{w.result(p, 1)}, nil
	}
	if p.ended {
		r.a.client.Log().Info("reading again: the answers do not add up", "chats_of", w.q.String(), "chats", len(p.ids), "total", p.stated())
	}
	if w.span.days() > 1 {
		return r.readParts(w, p, 0)
	}
	if !p.ended {
		return r.readOverfull(w)
	}
	return r.readDayAgain(w, p)
}

// readOverfull reads a day whose pages did not come to an end before the cap,
// though its first answer stated less.
func (r *reader) readOverfull(w *window) ([]source.Window, error) {
	day := r.open(w.span)
	day.chats, day.wanted = w.chats, w.wanted
	if _, err := r.wait(day); err != nil {
		return nil, err
	}
	return r.readFullDay(day)
}

// piece is a part of a window that is read again.
type piece struct {
	*window
	p       *pass
	results []source.Window // of a day that no single query reaches, in place of a pass
}

// readParts reads a window again, in parts of about as many chats; before is what
// its last pass was, depth how many windows it is a part of.
func (r *reader) readParts(w *window, before *pass, depth int) (all []source.Window, err error) {
	var pieces []*piece
	came := make(ids)
	for _, days := range before.cut(w.span) {
		part := &piece{window: r.open(days)}
		part.chats, part.wanted = w.chats, w.wanted
		first, err := r.wait(part.window)
		if err != nil {
			return nil, err
		}
		if first.empty() { // an answer of nothing is asked for once more
			part.again()
		}
		if part.fullDay() {
			part.results, err = r.readFullDay(part.window)
		} else if part.p, err = r.readPass(part.window, nil); err == nil {
			maps.Copy(came, part.p.ids)
		}
		if err != nil {
			return nil, err
		}
		pieces = append(pieces, part)
	}
	same := before.sameAs(came)
	for _, part := range pieces {
		results := part.results
		if part.p != nil {
			if results, err = r.finishPart(part, before, same, depth); err != nil {
				return nil, err
			}
		}
		all = append(all, results...)
	}
	return all, nil
}

// finishPart reads a part on for as long as that may bring more. same tells that
// all parts together have brought what the window had, which settles them.
func (r *reader) finishPart(part *piece, before *pass, same bool, depth int) (results []source.Window, err error) {
	p, passes := part.p, 2
	if !p.ended {
		if part.span.days() > 1 {
			return r.readParts(part.window, p, depth)
		}
		return r.readOverfull(part.window)
	}
	nothingNew := before.ids.holds(p.ids) && p.missing() > 0 // read twice, and fewer than stated both times
	switch {
	case same:
		p.twice = true
	case p.settled() || p.short() || nothingNew:
	case part.span.days() > 1 && depth < deepest:
		return r.readParts(part.window, p, depth+1) // a shorter list moves less
	default:
		part.again()
		if p, passes, err = r.readAgain(part.window, p); err != nil {
			return nil, err
		}
	}
	return []source.Window{part.result(p, passes)}, nil
}

// readAgain reads a list again, and once more for as long as chats come and go in
// it. Two passes in a row of which the second confirms the first settle it whatever
// moved.
func (r *reader) readAgain(w *window, before *pass) (p *pass, passes int, err error) {
	for passes = 2; ; passes++ {
		if p, err = r.readPass(w, before); err != nil {
			return nil, 0, err
		}
		p.twice = p.confirms()
		sameAgain := before != nil && p.ids.equal(before.ids)
		if p.settled() || !p.ended || p.short() || sameAgain || passes == maxPasses {
			return p, passes, nil
		}
		before = p
		w.again()
	}
}

// readDayAgain reads a day for the second time. If nothing moved and it did
// not bring what it states, it is read with the day after it, in a zone an hour
// away: that list has other page borders, and a count of its own.
func (r *reader) readDayAgain(w *window, before *pass) ([]source.Window, error) {
	if before.short() {
		around := span{w.span.from.Add(-hour), w.span.to.Add(day - hour)}
		both := r.openQuery(fromAnHourBefore(w.span.from), around)
		both.chats = w.chats
		both.wanted = func(c *source.Chat) bool { return !elsewhere(c, around, w.span) && (w.wanted == nil || w.wanted(c)) }
		first, err := r.wait(both)
		if err != nil {
			return nil, err
		}
		if !first.atCap() {
			p, passes, err := r.readAgain(both, nil)
			if err != nil {
				return nil, err
			}
			out := w.result(before, passes)
			out.Complete = p.settled()
			return []source.Window{out}, nil
		}
		first.free() // there is too much beside it
	}
	w.again()
	p, passes, err := r.readAgain(w, before)
	if err != nil {
		return nil, err
	}
	return []source.Window{w.result(p, passes)}, nil
}

// elsewhere tells that a chat was listed for what is around the days, and that
// its times agree with that and lie outside the days.
func elsewhere(chat *source.Chat, around, days span) bool {
	return !chat.Started.IsZero() && !chat.Ended.IsZero() && touches(chat, around.from, around.to) && !touches(chat, days.from, days.to)
}
