package apiv3

import (
	"time"

	"tap-livechat/tap/livechat"
	"tap-livechat/tap/source"
)

// state is how far a window has come.
type state byte

const (
	queued    state = iota // its next page is to be requested
	requested              // a page is in flight
	listed                 // its list has come to its end; it waits for the parts it gave away
	finished               // it can be reported
)

// window is a stretch of time that is being read, page after page.
type window struct {
	span
	state state
	job   *livechat.Job[*page]
	ids   map[string]int // the threads that came, and the last reading that brought them
	empty bool           // none came

	// The present reading, from the beginning of the span.
	reading  int           // 1 or 2
	pages    int           // that came
	came     int           // distinct threads
	stated   int           // how many LiveChat states, on the first page; -1 if it does not
	left     int           // threads that are still to come, about
	pageTime time.Duration // how much time a page covers, by the later half of the last one
	position time.Time     // all that was created before it has come
	pageID   string        // names the next page; empty if that is requested by the position
	limit    int           // of the page that pageID comes from

	// Why the window is incomplete whatever numbers say: see page.disorder.
	cause string

	parent    *window // that gave this one away, until LiveChat states how many it holds
	awaited   int     // parts given away of which LiveChat has not stated that
	shared    bool    // it has given a part away
	confirmed bool    // that nothing is listed has been answered before
	resumed   bool    // a page_id was refused before
}

func newWindow(s span, threads int) *window {
	return &window{span: s, ids: make(map[string]int), empty: true, reading: 1, stated: -1, left: threads, position: s.from}
}

// give notes that part is cut off the window: what is in it is not missing here.
func (w *window) give(part *window) {
	part.parent = w
	w.awaited++
	w.shared = true
}

// inherited is in place of a reading: the thread has been yielded for the window before.
const inherited = -1

// inherit notes the threads at the beginning of a window that the last page of the
// window before has brought: they are listed here again, and need not be yielded.
func (w *window) inherit(p *page) {
	for i := range p.chats {
		if !p.chats[i].Started.Before(w.from.Add(-overlap)) {
			w.ids[p.chats[i].ID] = inherited
		}
	}
}

// again begins another reading. What came is kept.
func (w *window) again(reading int) {
	w.state, w.reading, w.pages, w.came, w.stated = queued, reading, 0, 0, -1
	w.position, w.pageID, w.shared = w.from, "", false
}

// byPageID reports whether the next page is one that LiveChat names.
func (w *window) byPageID() bool { return w.pageID != "" || w.cause != "" }

// note notes what the first page of a reading states, which what came is held against
// in the end. Of a window that gave this one away, less is to come. It is returned.
func (w *window) note(p *page) (parent *window) {
	w.stated = p.found
	if parent = w.parent; parent == nil {
		return nil
	}
	w.parent = nil
	parent.awaited--
	if parent.stated >= 0 && w.stated >= 0 {
		parent.stated = max(parent.stated-w.stated, 0)
	} else {
		parent.stated = -1
	}
	return parent
}

// mark notes the threads of a page. It returns the places of those that are new in
// this reading, and of those that are new in the window.
func (w *window) mark(p *page) (fresh, unseen []int) {
	for i := range p.chats {
		switch w.ids[p.chats[i].ID] {
		case w.reading:
			continue
		case 0:
			unseen = append(unseen, i)
		}
		w.ids[p.chats[i].ID] = w.reading
		fresh = append(fresh, i)
	}
	return fresh, unseen
}

// count counts new threads of a page. Those that a part which was given away lists,
// too, are counted there.
func (w *window) count(p *page, fresh []int) {
	for _, i := range fresh {
		if at := p.chats[i].Started; !w.shared || at.IsZero() || at.Before(w.to.Add(-overlap)) {
			w.came++
		}
	}
}

// next decides how to go on after a page that brought so many new threads. It
// returns false at the end of the list.
//
// By time: the next page begins with the last thread of this one. page_id is followed
// where that does not get on, because one millisecond fills the page; and in a list
// out of order to its end. A page by page_id that brings nothing new is the last.
func (w *window) next(p *page, fresh int) bool {
	if w.cause == "" {
		from := time.Time{} // a page by page_id begins anywhere
		if w.pageID == "" {
			from = w.position.Add(-overlap)
		}
		w.cause = p.disorder(from)
	}
	if w.pageID == "" {
		n, _ := p.threads(span{w.position, w.to})
		w.left = max(n-len(p.chats), 0)
		w.pageTime = p.pageTime()
	} else {
		w.left = max(w.left-len(p.chats), 0)
	}
	switch {
	case w.cause == "" && p.last.After(w.position) && (p.next != "" || len(p.chats) >= p.limit):
		w.position, w.pageID = p.last, ""
		return true
	case p.next != "" && (fresh > 0 || w.pageID == ""):
		w.pageID, w.limit = p.next, p.limit
		return true
	}
	return false
}

// missing reports whether fewer threads came than LiveChat states.
func (w *window) missing() bool { return w.came < w.stated }

// result is what is reported of the window.
func (w *window) result() *source.Window {
	return &source.Window{From: w.from, To: w.to, Chats: w.came, Total: w.stated, Reads: w.reading,
		Complete: w.cause == "" && !w.missing(), Cause: w.cause}
}
