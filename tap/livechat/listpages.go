package livechat

import (
	"errors"
	"fmt"
	"hash/maphash"
	"maps"
	"strconv"
	"strings"

	"tap-livechat/tap/jsondoc"
)

// What is believed of a list. Nothing is believed that one response alone says, if it
// says that there is nothing, or less than another one says:
//
//   - A response without rows is requested once more (fetch).
//   - Rows are yielded when their whole response has the form of the list (fetch).
//   - An error in place of the rows is an error, whatever the status (fetch).
//   - The rows that came are compared with the number that responses state, and the
//     pages with theirs. If fewer came, or if a number went down while pages were read,
//     which moves rows to pages that were read before, all pages are read again (pages).
//   - A page that brings nothing new ends the list, though it names a next one (pass).
//
// What then still contradicts itself is an error, Conflicting, and the list is not
// complete.

// maxPasses is how often the pages of a list are read at most: one that changes
// each time it is read has no end.
const maxPasses = 3

// page is a response, and what it says of the whole list.
type page struct {
	ids    []uint64 // of its rows, if the list has pages
	empty  bool     // it has no row
	next   string   // the cursor of the next page; empty: none
	pages  int      // how many pages there are; -1: not stated
	stated int      // how many rows there are; -1: not stated
}

// fetch requests a page, once more if it is empty. It calls use with the response that
// it returns, whose form has been checked; use may be nil.
func (r *listReader) fetch(l *List, q request, n int, cursor string, use func(*Answer)) (p page, err error) {
	total := 0.0
	parse := func(a *Answer) error {
		root := a.Root()
		if _, failed := r.client.readAPIError(root, true); failed {
			return errors.New("it is an error")
		}
		p = page{empty: l.empty(root), pages: number(root, l.Pages), stated: number(root, l.Count)}
		if l.Cursor != "" {
			p.next = root.Get(l.Cursor).Text()
		}
		total, _ = strconv.ParseFloat(root.Get("total").Text(), 64)
		return l.walk(root, q, visitor{row: func(v jsondoc.Value, found []column) {
			if l.paged() {
				p.ids = append(p.ids, rowID(v, found))
			}
		}})
	}
	contradicts := func() bool { return l.Days != NoDays && n == 1 && total > 0 }
	call := r.call(l, q, n, cursor, parse)
	for try := range 2 {
		call.Use = func(a *Answer) {
			if use != nil && (!p.empty || try == 1 && !contradicts()) {
				use(a)
			}
		}
		if err = r.client.Ask(r.ctx, call); err != nil || !p.empty {
			return p, err
		}
	}
	if contradicts() {
		return p, r.conflict(l, q, fmt.Sprintf("the response states a total of %v and has no records, twice", total))
	}
	return p, nil
}

// pass is one reading of all pages of a list.
type pass struct {
	ids    map[uint64]bool // of the rows that came
	stated int             // how many rows there are, by the last response; -1: not stated
	missed int             // how many pages the last response states beyond the last that was read
	shrunk bool            // a number went down meanwhile
}

// lack says what did not come although responses state it; empty: nothing.
func (p *pass) lack() string {
	switch {
	case p.stated > len(p.ids):
		return fmt.Sprintf("it states %d rows, and %d came", p.stated, len(p.ids))
	case p.missed > 0:
		return fmt.Sprintf("it states %d more pages than it has", p.missed)
	}
	return ""
}

// pages reads all pages of a list, again where they contradict each other. Each row
// is yielded once.
func (r *listReader) pages(l *List, q request) error {
	if !l.paged() {
		_, err := r.fetch(l, q, 1, "", func(a *Answer) { r.rows(l, q, a, nil) })
		return r.orStopped(err)
	}
	yielded := make(map[uint64]bool)
	var before pass
	for n := 1; ; n++ {
		p, err := r.pass(l, q, yielded)
		if err != nil {
			return err
		}
		lack := p.lack()
		same := n > 1 && maps.Equal(p.ids, before.ids)
		switch {
		case lack == "" && (same || !p.shrunk):
			return nil
		case lack != "" && (same || n == maxPasses):
			return r.conflict(l, q, lack+", as often as it is read")
		case n == maxPasses:
			return r.conflict(l, q, "rows go away each time it is read")
		}
		before = p
	}
}

// pass reads all pages once, and yields the rows that have not been.
func (r *listReader) pass(l *List, q request, yielded map[uint64]bool) (p pass, err error) {
	p = pass{ids: make(map[uint64]bool), stated: -1}
	pages, cursors := -1, make(map[string]bool)
	for n, cursor := 1, ""; ; n++ {
		got, err := r.fetch(l, q, n, cursor, func(a *Answer) { r.rows(l, q, a, yielded) })
		if err = r.orStopped(err); err != nil {
			return p, err
		}
		known := len(p.ids)
		for _, id := range got.ids {
			p.ids[id] = true
		}
		p.shrunk = p.shrunk || got.stated >= 0 && got.stated < p.stated || got.pages >= 0 && got.pages < pages
		p.stated, pages = got.stated, got.pages
		p.missed = max(pages-n, 0)
		switch {
		case l.Cursor != "" && got.next == "", l.Cursor == "" && n == pages, len(p.ids) == known:
			return p, nil
		case l.Cursor != "" && cursors[got.next]:
			return p, &Error{Op: r.op(l, q, n), Version: l.Version, Detail: "it names the same next page again", Cause: Foreign}
		}
		cursor, cursors[got.next] = got.next, true
	}
}

func (l *List) paged() bool { return l.Cursor != "" || l.Pages != "" }

// empty reports whether an answer has no row: nothing is where rows should be. A day
// of a report of which nothing is said is no row here.
func (l *List) empty(root jsondoc.Value) bool {
	v := root
	for step := range strings.SplitSeq(l.Rows, "/") {
		if step == "" || step == "[]" || strings.HasPrefix(step, "{") {
			break
		}
		v = v.Get(step)
	}
	for range v.All() {
		return false
	}
	return true
}

// number is a whole number at the end of a path; -1 if there is none.
func number(root jsondoc.Value, path string) int {
	if path == "" {
		return -1
	}
	n, err := strconv.Atoi(valueAt(root, path).Text())
	if err != nil {
		return -1
	}
	return n
}

var idSeed = maphash.MakeSeed()

// rowID tells the rows of a list with pages apart: by the columns met on the way to
// them, or by their id.
func rowID(v jsondoc.Value, found []column) uint64 {
	text := v.Get("id").Text()
	for _, c := range found {
		text += "|" + c.text
	}
	return maphash.String(idSeed, text)
}
