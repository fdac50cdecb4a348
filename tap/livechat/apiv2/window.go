package apiv2

import (
	"context"
	"slices"
	"time"

	"tap-livechat/tap/livechat"
	"tap-livechat/tap/source"
)

const (
	// maxPasses bounds how often a list is read that does not add up. Each
	// pass costs what the first did.
	maxPasses = 3
	// parts is how many pieces a window is cut into that did not add up as a
	// whole: what moves is mostly today, and the days before are done then.
	parts = 4
)

// job is a page being fetched.
type job = livechat.Job[*page]

// window is a list that is being read.
type window struct {
	q        query
	span     span // the days, or with another zone the hours, that it covers
	first    *job // its first page, asked for early
	admitted bool
	pages    int             // how many pages there are, as far as known
	asked    int             // pages asked for in this pass
	queue    []*job          // asked for and not yet read, in order
	chats    map[string]bool // the ids yielded, over all passes
}

// open asks for the first page of a window of days.
func (r *reader) open(days span) *window {
	return r.openQuery(query{days.from.Format(time.DateOnly), days.to.AddDate(0, 0, -1).Format(time.DateOnly), "UTC"}, days)
}

func (r *reader) openQuery(q query, covers span) *window {
	return &window{q: q, span: covers, first: r.start(q, 1), chats: make(map[string]bool)}
}

// page is the first page; nil if it is not there, or never will be.
func (w *window) page() *page {
	if !w.first.Ready() {
		return nil
	}
	p, _ := w.first.Wait(context.Background())
	return p
}

// failed tells that the first page is not to be had.
func (w *window) failed() bool { return w.first.Ready() && w.page() == nil }

// fullDay tells that the window is one day that no single query reaches whole.
func (w *window) fullDay() bool {
	first := w.page()
	return w.span.days() == 1 && first != nil && (first.total >= archiveCap || first.pages >= pageCap)
}

// admit says that w, of which the first page is there, is to be read as it is.
func (w *window) admit() { w.admitted, w.pages = true, pagesOf(w.page()) }

// pagesOf is how many pages a list has. Two statements are read, the larger
// one counts, because a page too many is harmless and one too few is not.
func pagesOf(p *page) int {
	n := pages(p.total)
	if len(p.chats) > pageSize {
		n = (p.total + len(p.chats) - 1) / len(p.chats)
	}
	return min(max(n, p.pages, 1), pageCap)
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
		j = r.start(w.q, w.asked)
	}
	w.queue = append(w.queue, j)
	return true
}

// pass is what one reading of all pages of a window has shown.
type pass struct {
	ids    map[string]bool
	since  time.Time // what ended before was there when the pass began
	old    int       // of ids, those of chats that were there
	totals []statement
	past   bool // a page that should exist was refused
	capped bool // the list is known to be longer than a query reaches
	full   bool // the last page that a query reaches is full
}

// statement is the total of one answer.
type statement struct {
	seq   int64
	total int
}

func bySeq(a, b statement) int { return int(a.seq - b.seq) }

// first and last are the totals of the earliest and the latest answer.
func (p *pass) first() int { return slices.MinFunc(p.totals, bySeq).total }
func (p *pass) last() int  { return slices.MaxFunc(p.totals, bySeq).total }

// shrank tells that chats have vanished: each of them let another slip past the
// reader, from a page not read to one already read. The number of distinct
// chats does not show that, for the vanished are in it.
func (p *pass) shrank() bool {
	slices.SortFunc(p.totals, bySeq)
	return p.past || !slices.IsSortedFunc(p.totals, func(a, b statement) int { return a.total - b.total })
}

// slipped tells that of the chats which the first answer counted fewer have come.
// A chat that vanishes while another one is added leaves the total as it was;
// but what was added has ended since then, and does not count here.
func (p *pass) slipped() bool {
	if p.capped {
		return len(p.ids) < min(p.first(), archiveCap) // what is added pushes as many out of reach
	}
	return p.old < p.first()
}

// counted tells that the chat was there when the first answer counted.
func (p *pass) counted(chat *source.Chat) bool {
	at := chat.Ended
	if at.IsZero() {
		at = chat.Started
	}
	return at.Before(p.since)
}

// missing is how many chats of the list have not come.
func (p *pass) missing() int { return max(min(p.last(), archiveCap)-len(p.ids), 0) }

// overflows tells that the list holds more than a query reaches. A window is not
// begun then; but its first answer may have stated too little, or it has grown.
func (p *pass) overflows() bool { return !p.capped && (p.full || p.last() >= archiveCap) }

func (p *pass) settled() bool {
	return !p.shrank() && !p.slipped() && p.missing() == 0 && !p.overflows()
}

// readWindow yields the chats of w, reads again what does not add up, and tells
// done of each part of it that is read to its end.
func (r *reader) readWindow(w *window, done func(source.Window) error) error {
	if w.fullDay() {
		return r.readFullDay(w, done)
	}
	most := maxPasses
	if w.span.days() > 1 {
		most = 1 // then in parts
	}
	p, passes, err := r.settle(w, most, everyChat)
	if err != nil {
		return err
	}
	if !p.settled() && (most == 1 || p.overflows()) {
		return r.readParts(w, done)
	}
	return done(source.Window{From: w.span.from, To: w.span.to, Chats: len(p.ids), Total: p.last(), Passes: passes, Settled: p.settled()})
}

// readParts reads a window again, in parts that are smaller and move less.
func (r *reader) readParts(w *window, done func(source.Window) error) error {
	for _, days := range w.span.cut(parts) {
		part := r.open(days)
		first, err := part.first.Wait(r.ctx)
		if err != nil {
			return err
		}
		part.admit()
		part.chats = w.chats
		if part.fullDay() {
			err = r.readFullDay(part, done)
		} else if first.total >= archiveCap {
			first.free()
			err = r.readParts(part, done)
		} else {
			err = r.readPart(part, done)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (r *reader) readPart(w *window, done func(source.Window) error) error {
	p, passes, err := r.settle(w, maxPasses, everyChat)
	if err != nil {
		return err
	}
	return done(source.Window{From: w.span.from, To: w.span.to, Chats: len(p.ids), Total: p.last(), Passes: 1 + passes, Settled: p.settled()})
}

func everyChat(*source.Chat) bool { return true }

// settle reads w until it adds up, or as often as it may. It yields each chat
// that is wanted once.
func (r *reader) settle(w *window, most int, wanted func(*source.Chat) bool) (p *pass, passes int, err error) {
	capped := w.fullDay() || w.q.zone != "UTC"
	for passes = 1; ; passes++ {
		p = &pass{ids: make(map[string]bool), capped: capped}
		if err := r.readPass(w, p, wanted); err != nil {
			return nil, 0, err
		}
		if !p.settled() && !p.shrank() && !p.slipped() {
			if err := r.repair(w, p, wanted); err != nil {
				return nil, 0, err
			}
		}
		if p.settled() || passes == most || p.overflows() {
			return p, passes, nil
		}
		r.a.client.Log().Info("reading again: the pages moved while they were read",
			"chats_of", w.q.String(), "chats", len(p.ids), "total", p.last())
		w.first, w.asked, w.pages = nil, 0, 1
	}
}

// readPass reads all pages of w once.
func (r *reader) readPass(w *window, p *pass, wanted func(*source.Chat) bool) error {
	r.cur = w
	for n := 1; ; n++ {
		r.topUp()
		if len(w.queue) == 0 {
			return nil
		}
		j := w.queue[0]
		w.queue = w.queue[1:]
		for !j.Ready() && r.next != nil && !r.next.first.Ready() {
			// The answer that tells what comes next is as good a reason to go on.
			select {
			case <-j.Done():
			case <-r.next.first.Done():
				r.topUp()
			case <-r.ctx.Done():
			}
			if r.ctx.Err() != nil {
				break
			}
		}
		got, err := j.Wait(r.ctx)
		if err != nil {
			return err
		}
		full := len(got.chats) >= pageSize
		if len(got.chats) > 0 {
			w.pages = max(w.pages, pagesOf(got))
		}
		p.full = p.full || full && n == pageCap
		ends := len(got.chats) == 0 && n > 1
		if err := r.take(w, p, got, wanted); err != nil {
			return err
		}
		switch {
		case ends && !got.past:
			w.pages = w.asked // nothing comes after an empty page
		case got.past:
			// Refused as the last statement would have it, or as a guess of ours?
			p.past = p.past || (n-1)*pageSize < p.last()
			w.pages = w.asked
		case n == w.asked && n >= w.pages && full && n < pageCap:
			// The last page is full, so there may be more, whatever the total says.
			w.pages = n + 1
		}
	}
}

// take yields the chats of one page that have not been yielded before.
func (r *reader) take(w *window, p *pass, got *page, wanted func(*source.Chat) bool) error {
	defer got.free()
	r.learnSize(got)
	if got.past {
		return nil
	}
	if len(p.totals) == 0 {
		// The run's beginning, or later: the service's clock may be ahead of ours.
		p.since = r.now
		if at := got.received.Add(time.Minute); at.After(p.since) {
			p.since = at
		}
	}
	p.totals = append(p.totals, statement{got.seq, got.total})
	for i := range got.chats {
		chat := &got.chats[i]
		if !p.ids[chat.ID] {
			p.ids[chat.ID] = true
			if p.counted(chat) {
				p.old++
			}
		}
		r.seen.note(chat, w.span.from, w.span.to)
		if want := wanted(chat); !want || w.chats[chat.ID] {
			continue
		}
		w.chats[chat.ID] = true
		if err := r.yield(source.Step{Chat: chat}); err != nil {
			return err
		}
	}
	return nil
}

// repair looks for chats that were added while the window was read, where an
// ordered list has them: at its head, or at its end. That costs a page or two
// in place of a whole pass.
func (r *reader) repair(w *window, p *pass, wanted func(*source.Chat) bool) error {
	look := func(n int) (found bool, err error) {
		before := len(p.ids)
		got, err := r.start(w.q, n).Wait(r.ctx)
		if err != nil {
			return false, err
		}
		err = r.take(w, p, got, wanted)
		return len(p.ids) > before, err
	}
	const most = 4 // more than 100 chats in the time of one window is another case
	for n := 1; n <= most && n <= w.pages; n++ {
		found, err := look(n)
		if err != nil || p.missing() == 0 {
			return err
		}
		if !found {
			break
		}
	}
	last := min(pages(p.last()), pageCap)
	if last <= 1 {
		return nil
	}
	_, err := look(last)
	return err
}
