package account

import (
	"cmp"
	"slices"
	"time"
)

const day = 24 * 60 * 60 // seconds

// Ref is all that is kept of a chat; the rest is made from its number.
type Ref struct {
	No    int
	Root  int   // the number of the first chat of the same customer
	Start int64 // Unix seconds; the time of a missed chat
	span
}

// span is what a chat takes beside its number and start.
type span struct {
	dur   uint32 // seconds; 0 for a missed chat
	flags uint8
}

type record struct {
	start int64
	span
}

const (
	isMissed   = 1 << iota
	isDrift    // ended only while somebody was reading
	isVanished // no longer served
	isOutside  // of the calendar, and not of the account
)

func (r record) begin() int64     { return r.start }
func (r record) end() int64       { return r.start + int64(r.dur) }
func (s span) is(flag uint8) bool { return s.flags&flag != 0 }

// End is when it ends; a missed chat does when it starts.
func (r Ref) End() int64 { return r.Start + int64(r.dur) }

// Time is one of the two.
func (r Ref) Time(by By) int64 {
	if by == End {
		return r.End()
	}
	return r.Start
}

// Missed says that it is a message left while nobody was there.
func (r Ref) Missed() bool { return r.is(isMissed) }

// Drifted says that it has ended while the account was being read.
func (r Ref) Drifted() bool { return r.is(isDrift) }

// Vanished says that it is there no longer.
func (r Ref) Vanished() bool { return r.is(isVanished | isOutside) }

// Earlier says that it was before the account begins.
func (r Ref) Earlier() bool { return r.is(isOutside) }

// Account knows which chats there are and finds those of a time. It is not
// safe for concurrent use, but for Make.
type Account struct {
	opt    Options
	ids    ids
	stride int // how far away the chat is that one may go on with
	zones  []*time.Location
	zone   *time.Location // the account's own
	kinds  []Contradiction
	huge   int // the chat of HugeChat entries; -1 is none

	from  int64 // the first moment of the account
	now   int64
	quiet int64 // what ends later, up to Options.Now, is not of the account

	// The chats of the calendar from the base on, and the others. Neither ever
	// shrinks, and the order never changes.
	starts, relief *calendar // nil without chats
	base, first    int64     // where recs and the account begin in the calendar
	recs, extra    []record
	// The chats that have ended and not vanished, as numbers, sorted by start
	// and by end, equal times by number. Searching them is all a query does.
	byStart, byEnd []int32
	// open are the others, by start: pending now, or still to come.
	open []int32

	longest uint32 // the greatest dur
	version int    // grows with every change, for what is derived and kept
}

// New makes up an account. The same seed makes the same one, up to Now. The work is in proportion to Chats: half a second
// for a million. Now must not be zero.
func New(o Options) *Account {
	a := &Account{opt: o, ids: newIDs(o.Seed), stride: 5 + o.Seed%7, now: o.Now.Unix(), kinds: kindsOf(o.ContradictWith), huge: -1}
	// On a machine without a zone database, and in a program that embeds none,
	// only UTC is left.
	a.zone = time.UTC
	if zone, err := LoadZone(o.AccountTimezone); err == nil {
		a.zone = zone
	}
	for _, name := range zoneNames {
		if zone, err := LoadZone(name); err == nil {
			a.zones = append(a.zones, zone)
		}
	}
	a.from = a.now - int64(o.Days)*day
	if !o.Since.IsZero() {
		a.from = o.Since.Unix()
	}
	a.quiet = a.now - int64(o.QuietDays)*day
	a.fill()
	if o.FullDay > 0 {
		a.fillDay()
	}
	a.settle()
	return a
}

// Advance moves now forward: chats begin and end. It never goes back.
func (a *Account) Advance(now int64) {
	if now <= a.now {
		return
	}
	a.now = now
	a.begin()
	a.settle()
}

// settle moves the chats that have ended by now out of open.
func (a *Account) settle() {
	rest := a.open[:0]
	for _, no := range a.open {
		if a.rec(int(no)).end() > a.now {
			rest = append(rest, no)
			continue
		}
		a.byStart = append(a.byStart, no)
		a.byEnd = append(a.byEnd, no)
	}
	a.open = slices.Clone(rest) // at first it was all of them
	slices.SortFunc(a.open, a.compareStart)
	slices.SortFunc(a.byStart, a.compareStart)
	slices.SortFunc(a.byEnd, a.compareEnd)
	a.version++
}

// Drift adds a chat that has ended just now, and returns its number.
func (a *Account) Drift() (no int32) {
	no = int32(calendarNumbers + len(a.extra))
	r := Mix(uint64(a.opt.Seed), 'e', uint64(no))
	dur := uint32(30 + r.N(270))
	a.extra = append(a.extra, record{a.now - int64(dur), span{dur, isDrift}})
	a.longest = max(a.longest, dur)
	i, _ := slices.BinarySearchFunc(a.byStart, no, a.compareStart)
	a.byStart = slices.Insert(a.byStart, i, no)
	i, _ = slices.BinarySearchFunc(a.byEnd, no, a.compareEnd)
	a.byEnd = slices.Insert(a.byEnd, i, no)
	a.version++
	return no
}

// Vanish takes a chat out for good.
func (a *Account) Vanish(no int32) {
	a.rec(int(no)).flags |= isVanished
	for _, index := range []struct {
		list    *[]int32
		compare func(x, y int32) int
	}{{&a.byStart, a.compareStart}, {&a.byEnd, a.compareEnd}, {&a.open, a.compareStart}} {
		if i, found := slices.BinarySearchFunc(*index.list, no, index.compare); found {
			*index.list = slices.Delete(*index.list, i, i+1)
		}
	}
	a.version++
}

// Now is the moment up to which things have happened, in Unix seconds.
func (a *Account) Now() int64 { return a.now }

// Version grows with every change.
func (a *Account) Version() int { return a.version }

// Zone is the account's own.
func (a *Account) Zone() *time.Location { return a.zone }

// All are the numbers of the chats that there ever were, those that have vanished
// included.
func (a *Account) All() []int32 {
	all := make([]int32, 0, len(a.recs)+len(a.extra))
	for i := range a.recs {
		if !a.recs[i].is(isOutside) {
			all = append(all, int32(number(a.base+int64(i))))
		}
	}
	for i := range a.extra {
		if a.extra[i].start <= a.now {
			all = append(all, int32(calendarNumbers+i))
		}
	}
	return all
}

// Ref is the chat of a number that All, a list or an id gave.
func (a *Account) Ref(no int) Ref {
	r := a.rec(no)
	return Ref{no, a.root(no), r.start, r.span}
}

// By is a time of a chat.
type By uint8

const (
	Start By = iota
	End
)

// Between are the chats that have ended and whose time is in [from, to), sorted
// by it. The slice is the account's own and good until the next change.
func (a *Account) Between(by By, from, to int64) []int32 {
	index := a.byStart
	if by == End {
		index = a.byEnd
	}
	return index[a.Search(index, by, from):a.Search(index, by, to)]
}

// Across are the chats that have ended, at t or later, and began before t,
// sorted by the start.
func (a *Account) Across(t int64) (all []int32) {
	for _, no := range a.Between(Start, t-int64(a.longest), t) {
		if a.rec(int(no)).end() >= t {
			all = append(all, no)
		}
	}
	return all
}

// Open are the chats that began at t or before and have not ended, sorted by
// the start.
func (a *Account) Open(t int64) []int32 { return a.open[:a.Search(a.open, Start, min(t, a.now)+1)] }

// Search finds the first place in a list of Between or Open whose time is t or
// later.
func (a *Account) Search(list []int32, by By, t int64) int {
	of := record.begin
	if by == End {
		of = record.end
	}
	i, _ := slices.BinarySearchFunc(list, t, func(no int32, t int64) int {
		if of(*a.rec(int(no))) < t {
			return -1
		}
		return 1
	})
	return i
}

func (a *Account) compareStart(x, y int32) int {
	s, t := a.rec(int(x)).start, a.rec(int(y)).start
	if s == t {
		return cmp.Compare(x, y)
	}
	return cmp.Compare(s, t)
}

func (a *Account) compareEnd(x, y int32) int {
	s, t := a.rec(int(x)).end(), a.rec(int(y)).end()
	if s == t {
		return cmp.Compare(x, y)
	}
	return cmp.Compare(s, t)
}

// RefOf is a chat of which all that is kept is known from elsewhere: another
// account made with the same seed may hold it.
func RefOf(no, root int, start, end int64, missed bool) Ref {
	r := Ref{No: no, Root: root, Start: start, span: span{dur: uint32(end - start)}}
	if missed {
		r.flags = isMissed
	}
	return r
}
