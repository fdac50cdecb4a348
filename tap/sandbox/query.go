package sandbox

import (
	"cmp"
	"fmt"
	"math"
	"net/url"
	"slices"
	"strconv"
	"sync"
	"time"

	"tap-livechat/tap/sandbox/account"
)

const pageSize = 25

// query is a list request, understood.
type query struct {
	from, to int64 // Unix seconds, [from, to)
	page     int
	pending  bool
}

// parseQuery reads the parameters that have to do with time and pages. The others
// that the reference knows are filters which this sandbox does not have: ignored.
func parseQuery(v url.Values, own *time.Location, now int64) (q query, err error) {
	zone := own
	if name := v.Get("timezone"); v.Has("timezone") {
		if zone, err = account.LoadZone(name); err != nil {
			return q, fmt.Errorf("timezone %q is not in the TZ database", name)
		}
	}
	q = query{from: math.MinInt64, page: 1, pending: v.Get("include_pending") == "1"}
	if q.from, err = parseDay(v, "date_from", zone, 0, math.MinInt64); err != nil {
		return q, err
	}
	y, m, d := time.Unix(now, 0).In(zone).Date()
	tomorrow := time.Date(y, m, d+1, 0, 0, 0, 0, zone).Unix()
	if q.to, err = parseDay(v, "date_to", zone, 1, tomorrow); err != nil {
		return q, err
	}
	if q.from >= q.to && v.Has("date_to") {
		return q, fmt.Errorf("date_from %q is after date_to %q", v.Get("date_from"), v.Get("date_to"))
	}
	if page := v.Get("page"); v.Has("page") {
		if q.page, err = strconv.Atoi(page); err != nil || q.page < 1 {
			return q, fmt.Errorf("page %q is not a number from 1", page)
		}
	}
	return q, nil
}

// parseDay returns the midnight that begins the day, or a later one. A day
// without that midnight (a clock put forward) begins with its first second.
func parseDay(v url.Values, name string, zone *time.Location, later int, missing int64) (int64, error) {
	if !v.Has(name) {
		return missing, nil
	}
	t, err := time.Parse(time.DateOnly, v.Get(name))
	if err != nil {
		return 0, fmt.Errorf("%s %q is not a date like 2020-11-30", name, v.Get(name))
	}
	return time.Date(t.Year(), t.Month(), t.Day()+later, 0, 0, 0, 0, zone).Unix(), nil
}

// matches are the chats of a query, newest first, without a copy of them: a
// stretch of a sorted index, read backwards, and a few that belong elsewhere.
type matches struct {
	index  []int32
	extras []extra // by rank
}

// extra is a chat that is not in the index, at a rank in the whole list.
type extra struct {
	rank int
	no   int32
}

func (m matches) total() int { return len(m.index) + len(m.extras) }

// at returns the chat at a rank.
func (m matches) at(rank int) int32 {
	before, found := slices.BinarySearchFunc(m.extras, rank, func(e extra, rank int) int {
		return cmp.Compare(e.rank, rank)
	})
	if found {
		return m.extras[before].no
	}
	return m.index[len(m.index)-1-(rank-before)]
}

// view is what an answer sees of the account, if not all of it.
type view struct {
	hides func(account.Ref) bool // nil if nothing is hidden
	back  []int32                // of those that have vanished, the ones still seen
	salt  uint64                 // tells views apart
}

func (v view) sees(r account.Ref) bool { return v.hides == nil || !v.hides(r) }

// of is a sorted list of the account as it is seen.
func (v view) of(a *account.Account, list []int32, by account.By, q query) []int32 {
	if v.hides == nil && len(v.back) == 0 {
		return list
	}
	seen := make([]int32, 0, len(list)+len(v.back))
	for _, no := range list {
		if v.sees(a.Ref(int(no))) {
			seen = append(seen, no)
		}
	}
	for _, no := range v.back {
		at := a.Ref(int(no)).Time(by)
		if at < q.from || at >= q.to {
			continue
		}
		i := a.Search(seen, by, at)
		for i < len(seen) && a.Ref(int(seen[i])).Time(by) == at && seen[i] < no {
			i++
		}
		seen = slices.Insert(seen, i, no)
	}
	return seen
}

// match finds the chats of a range.
func (o *Options) match(a *account.Account, q query, v view) matches {
	var m matches
	type keyed struct {
		key int64
		no  int32
	}
	var others []keyed
	by := account.End
	if o.Dates == "start" {
		by = account.Start
	}
	m.index = v.of(a, a.Between(by, q.from, q.to), by, q)
	if o.Dates == "overlap" { // what ended in the range is in the index
		for _, no := range a.Across(q.to) {
			if ref := a.Ref(int(no)); v.sees(ref) {
				others = append(others, keyed{ref.End(), no})
			}
		}
	}
	if q.pending {
		for _, no := range a.Open(a.Now() - o.delay()) {
			ref := a.Ref(int(no))
			if key, ok := o.pendingKey(ref.Start, a.Now(), q); ok && v.sees(ref) {
				others = append(others, keyed{key, no})
			}
		}
	}
	slices.SortFunc(others, func(x, y keyed) int {
		return cmp.Or(cmp.Compare(y.key, x.key), cmp.Compare(y.no, x.no))
	})
	for i, other := range others {
		newer := len(m.index) - a.Search(m.index, by, other.key+1)
		m.extras = append(m.extras, extra{newer + i, other.no})
	}
	return m
}

// delay is PendingDelay in seconds.
func (o *Options) delay() int64 { return int64(o.PendingDelay / time.Second) }

// pendingKey is the time under which an open chat is listed, if it matches.
func (o *Options) pendingKey(start, now int64, q query) (key int64, ok bool) {
	switch {
	case o.Dates == "start":
		return start, q.from <= start && start < q.to
	case o.Dates == "overlap":
		return now, start < q.to && q.from <= now
	case o.PendingDates == "start":
		return start, q.from <= start && start < q.to
	case o.PendingDates == "today":
		return now, q.from <= now && now < q.to
	default:
		return now, true
	}
}

// listing is the answer to a query before anything is written out.
type listing struct {
	chats        []int32
	total, pages int
	beyond       bool // the page is after the last one reachable
}

// list cuts the page out of the matches: cap first, then order.
func (o *Options) list(a *account.Account, q query, v view, kept *shuffles) listing {
	m := o.match(a, q, v)
	total := m.total()
	reach := min(total, o.Cap)
	l := listing{total: total}
	if o.CapTotal == "capped" {
		l.total = reach
	}
	l.pages = (l.total + pageSize - 1) / pageSize
	if q.page > 1 && (q.page-1) > (reach-1)/pageSize || reach == 0 {
		if l.beyond = q.page > 1; !l.beyond || o.PastEnd != "last" || reach == 0 {
			return l
		}
		q.page = (reach-1)/pageSize + 1
	}
	first := (q.page - 1) * pageSize
	last := min(first+pageSize, reach)
	l.chats = make([]int32, 0, last-first)
	var shuffled []int32
	if o.Order == "none" || o.Order == "changing" {
		shuffled = kept.get(o, a.Version(), q, v.salt, m, reach)
	}
	for p := first; p < last; p++ {
		switch o.Order {
		case "newest":
			l.chats = append(l.chats, m.at(p))
		case "oldest":
			l.chats = append(l.chats, m.at(reach-1-p))
		default:
			l.chats = append(l.chats, shuffled[p])
		}
	}
	return l
}

// shuffles keeps the disorder of the last few queries, so that paging through
// one does not put 25,000 chats out of order for each page. Safe for
// concurrent use.
type shuffles struct {
	mu   sync.Mutex
	kept []shuffle
}

type shuffle struct {
	from, to int64
	pending  bool
	version  int
	salt     uint64
	chats    []int32
}

// get sorts the newest chats by a hash. So one that comes or goes moves the
// others by one place only, as in any list.
func (s *shuffles) get(o *Options, version int, q query, salt uint64, m matches, reach int) []int32 {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, k := range s.kept {
		if k.from == q.from && k.to == q.to && k.pending == q.pending && k.version == version && k.salt == salt {
			return k.chats
		}
	}
	type hashed struct {
		hash uint64
		no   int32
	}
	all := make([]hashed, reach)
	for p := range all {
		no := m.at(p)
		all[p] = hashed{uint64(account.Mix(uint64(o.Seed), uint64(q.from), uint64(q.to), uint64(no))), no}
		if o.Order == "changing" {
			all[p].hash = uint64(account.Mix(uint64(o.Seed), salt, uint64(no), 0))
		}
	}
	slices.SortFunc(all, func(x, y hashed) int { return cmp.Compare(x.hash, y.hash) })
	k := shuffle{q.from, q.to, q.pending, version, salt, make([]int32, reach)}
	for i, h := range all {
		k.chats[i] = h.no
	}
	const most = 8 // more than a client has ranges in flight
	if len(s.kept) == most {
		s.kept = slices.Delete(s.kept, 0, 1)
	}
	s.kept = append(s.kept, k)
	return k.chats
}
