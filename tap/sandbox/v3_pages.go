package sandbox

import (
	"cmp"
	"encoding/base64"
	"fmt"
	"slices"
	"sort"
	"strconv"
	"strings"
	"sync"

	"tap-livechat/tap/sandbox/account"
)

// Lists of v3 are paged by a cursor in time. A page_id is, in base64,
//
//	<microseconds>:<order>:<limit>:<back>:<question>[:<number>]
//
// The first four are what a real one holds. The question is where this sandbox
// remembers the filters, and the number, without v3_skip, which of the threads of
// that instant was the last.

// question is what was asked for, without the page.
type question struct {
	key   string
	asked int64                                          // Unix seconds
	find  func(a *account.Account) []account.Ref         // in any order
	match func(a *account.Account, ref account.Ref) bool // for threads that are there

	mu      sync.Mutex
	found   []timed // by time
	version int     // of the account when it was found; 0: not yet
}

// timed is a thread and when it began, in microseconds.
type timed struct {
	at int64
	no int32
}

func compareTimed(x, y timed) int { return cmp.Or(cmp.Compare(x.at, y.at), cmp.Compare(x.no, y.no)) }

// questions remembers them; a page_id names one by its place. What was found is
// kept for the last ones only: more than a client has in flight.
type questions struct {
	mu     sync.Mutex
	all    []*question
	places map[string]int
	kept   int // what the first ones had found is forgotten
}

const (
	mostKept    = 64
	mostThreads = 500_000 // of all that is kept
)

// place remembers a question. The same one has the same place, unless each is to
// keep what it has found.
func (q *questions) place(ask *question, apart bool) int {
	q.mu.Lock()
	defer q.mu.Unlock()
	if n, ok := q.places[ask.key]; ok && !apart {
		q.all[n].asked = max(q.all[n].asked, ask.asked)
		return n
	}
	if q.places == nil {
		q.places = map[string]int{}
	}
	q.places[ask.key] = len(q.all)
	q.all = append(q.all, ask)
	for !apart && (len(q.all)-q.kept > mostKept || q.kept < len(q.all)-4 && q.size() > mostThreads) {
		q.all[q.kept].forget()
		q.kept++
	}
	return len(q.all) - 1
}

func (q *questions) at(n int) *question {
	q.mu.Lock()
	defer q.mu.Unlock()
	if n < 0 || n >= len(q.all) {
		return nil
	}
	return q.all[n]
}

// size is how many threads are kept.
func (q *questions) size() (n int) {
	for _, ask := range q.all[q.kept:] {
		ask.mu.Lock()
		n += len(ask.found)
		ask.mu.Unlock()
	}
	return n
}

func (q *questions) asked(ask *question) int64 {
	q.mu.Lock()
	defer q.mu.Unlock()
	return ask.asked
}

func (q *question) forget() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.found, q.version = nil, 0
}

// answer finds what there is, again if the account has changed and that shows.
// The caller has the account's lock.
func (q *question) answer(a *account.Account, frozen bool) []timed {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.version == a.Version() || q.version != 0 && frozen {
		return q.found
	}
	refs := q.find(a)
	found := make([]timed, len(refs))
	for i, ref := range refs {
		found[i] = timed{a.Created(ref), int32(ref.No)}
	}
	slices.SortFunc(found, compareTimed)
	q.found, q.version = found, a.Version()
	return found
}

// cursor is a page_id, understood.
type cursor struct {
	at    int64 // microseconds
	desc  bool
	limit int
	back  bool
	place int // of the question
	no    int // -1: none
}

func (c cursor) String() string {
	order := "asc"
	if c.desc {
		order = "desc"
	}
	s := fmt.Sprintf("%d:%s:%d:%t:%d", c.at, order, c.limit, c.back, c.place)
	if c.no >= 0 {
		s += ":" + strconv.Itoa(c.no)
	}
	return base64.StdEncoding.EncodeToString([]byte(s))
}

func parseCursor(id string) (c cursor, ok bool) {
	text, err := base64.StdEncoding.DecodeString(id)
	parts := strings.Split(string(text), ":")
	if err != nil || len(parts) < 5 || len(parts) > 6 {
		return c, false
	}
	c.no = -1
	var errs [5]error
	c.at, errs[0] = strconv.ParseInt(parts[0], 10, 64)
	c.limit, errs[1] = strconv.Atoi(parts[2])
	c.back, errs[2] = strconv.ParseBool(parts[3])
	c.place, errs[3] = strconv.Atoi(parts[4])
	if len(parts) == 6 {
		c.no, errs[4] = strconv.Atoi(parts[5])
	}
	for _, err := range errs {
		if err != nil {
			return c, false
		}
	}
	c.desc = parts[1] == "desc"
	return c, (c.desc || parts[1] == "asc") && c.limit >= 1
}

// slice is a page of what was found.
type slice struct {
	threads        []timed
	next, previous string // page_ids; "" at the ends
	first          bool   // it is the first page
	rank           int    // how many threads come before it
	limit          int
}

// cut takes a page out: the first one without a cursor. No more than reach can be
// reached; 0 is no limit.
func cut(found []timed, c cursor, begin bool, reach int, skip bool) (p slice) {
	n := len(found)
	at := func(i int) timed { // in the order asked for
		if c.desc {
			return found[n-1-i]
		}
		return found[i]
	}
	if reach == 0 || reach > n {
		reach = n
	}
	from := 0
	if !begin {
		from = sort.Search(n, func(i int) bool {
			t := at(i)
			switch {
			case c.no >= 0 && c.desc:
				return compareTimed(t, timed{c.at, int32(c.no)}) < 0
			case c.no >= 0:
				return compareTimed(t, timed{c.at, int32(c.no)}) > 0
			case c.desc:
				return t.at <= c.at
			}
			return t.at >= c.at
		})
	}
	if c.back { // what comes before the cursor
		from = max(from-c.limit, 0)
	}
	to := max(min(from+c.limit, reach), from)
	p.first, p.rank, p.limit = from == 0, from, c.limit
	for i := from; i < to; i++ {
		p.threads = append(p.threads, at(i))
	}
	id := func(t timed, back bool) string {
		next := cursor{at: t.at, desc: c.desc, limit: c.limit, back: back, place: c.place, no: -1}
		switch {
		case back:
		case !skip:
			next.no = int(t.no)
		case c.desc:
			next.at--
		default:
			next.at++
		}
		return next.String()
	}
	if to < reach && to > from {
		p.next = id(at(to-1), false)
	}
	if from > 0 && to > from {
		p.previous = id(at(from), true)
	}
	return p
}
