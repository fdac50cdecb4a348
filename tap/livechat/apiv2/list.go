package apiv2

import (
	"context"

	"tap-livechat/tap/livechat"
)

// job is a page being fetched.
type job = livechat.Job[*page]

// list is the list of the chats of some days while its pages are asked for.
type list struct {
	days     span
	first    *job   // its first page, asked for early; nil: to be asked for
	pages    int    // how many pages there are, as far as known
	asked    int    // how many of them have been asked for in this reading
	queue    []*job // those asked for and not read yet, in order
	accepted bool   // the plan has taken its days as a window
}

// newList is a list of which nothing has been asked for. If it is empty, it is asked
// for once more.
func newList(days span) *list { return &list{days: days, pages: 1} }

// open asks for the first page of a list. The page is believed if it is empty.
func (r *reader) open(days span) *list {
	l := newList(days)
	l.first = r.start(days, 1, true)
	return l
}

func (r *reader) start(days span, n int, believe bool) *job {
	return r.workers.Start(r.ctx, func(ctx context.Context) (*page, error) { return r.a.page(ctx, days, n, believe) })
}

// ask asks for the next page. It returns false if all have been asked for.
func (l *list) ask(r *reader) bool {
	if l.asked >= l.pages {
		return false
	}
	l.asked++
	j := l.first
	if l.asked > 1 || j == nil {
		j = r.start(l.days, l.asked, false)
	}
	l.queue = append(l.queue, j)
	return true
}

// rewind makes the list ready to be read once more.
func (l *list) rewind() { l.first, l.asked, l.pages = nil, 0, 1 }

// giveUp drops the pages that were asked for and are not needed.
func (l *list) giveUp() {
	for _, j := range l.queue {
		j.Abandon()
	}
	l.queue, l.pages = nil, l.asked
}

// page is the first page if it has come, else nil.
func (l *list) page() *page {
	if l.first == nil || !l.first.Ready() {
		return nil
	}
	p, _ := l.first.Wait(context.Background())
	return p
}

// wait waits for the first page of a list that is open.
func (r *reader) wait(l *list) (*page, error) {
	p, err := l.first.Wait(r.ctx)
	if err != nil {
		return nil, err
	}
	l.pages = max(l.pages, p.count())
	return p, nil
}

// fill keeps the workers busy: with the pages of l, then with those of the window
// after it.
func (r *reader) fill(l *list) {
	for len(l.queue) < r.prefetch.Capacity() && l.ask(r) {
	}
	next := r.next
	if next == nil || next.page() == nil || !r.acceptNext() {
		return
	}
	for len(l.queue)+len(next.queue) < r.prefetch.Capacity() && next.ask(r) {
	}
}
