package sandbox

import (
	"cmp"
	"math"
	"slices"
	"time"
)

const day = 24 * 60 * 60 // seconds

// record is all that is kept of a chat; the rest is made from its number.
type record struct {
	start int64  // Unix seconds; the time of a missed chat
	dur   uint32 // seconds; 0 for a missed chat
	flags uint8
}

const (
	isMissed   = 1 << iota
	isDrift    // ended only while somebody was reading
	isVanished // no longer served
)

func (r record) end() int64         { return r.start + int64(r.dur) }
func (r record) is(flag uint8) bool { return r.flags&flag != 0 }

// archive knows which chats there are and finds those of a range of dates.
// It is not safe for concurrent use; the Server's lock guards it.
type archive struct {
	opt  *Options
	from int64 // the span that Chats fill
	now  int64

	// recs never shrinks and its order never changes: the index is the number.
	recs []record
	// The served chats that have ended, as numbers, sorted by start and by
	// end, equal times by number. Searching them is all a query does.
	byStart, byEnd []int32
	// open are the others, by start: pending now, or still to come.
	open []int32

	known   int64  // chats are made up to here; later ones when now gets there
	longest uint32 // the greatest dur
	version int    // grows with every change, for what is derived and kept
}

func newArchive(o *Options) *archive {
	a := &archive{opt: o, now: o.Now.Unix()}
	a.from = a.now - int64(o.Days)*day
	a.known = a.now
	to := a.now - int64(o.QuietDays)*day
	pending := min(o.Pending, o.Chats)
	if o.QuietDays > 0 {
		pending = 0
	}
	a.recs = make([]record, 0, o.Chats+o.FullDayChats*min(o.FullDay, 1)+16)
	from := a.from
	if from >= to { // quiet for longer than Days: then those before
		from = to - int64(o.Days)*day
	}
	a.spread(from, to, o.Chats-pending, o.QuietDays > 0)
	for k := range pending {
		r := mix(uint64(o.Seed), 'p', uint64(k))
		before, after := 1+r.n(45*60), 60+r.n(3*60*60)
		a.recs = append(a.recs, record{start: a.now - int64(before), dur: uint32(before + after)})
	}
	if o.FullDay > 0 {
		a.fillDay()
	}
	for no := range a.recs {
		a.open = append(a.open, int32(no))
		a.longest = max(a.longest, a.recs[no].dur)
	}
	a.settle()
	return a
}

// spread adds n chats that start in [from, to), in the order of their start,
// each hour getting a share by its weight. With closed they also end by then.
func (a *archive) spread(from, to int64, n int, closed bool) {
	if n <= 0 || from >= to {
		return
	}
	first := from / 3600
	until := make([]float64, (to-1)/3600-first+1) // running sum of the weights
	var sum float64
	for h := range until {
		hour := first + int64(h)
		seconds := min(to, (hour+1)*3600) - max(from, hour*3600)
		sum += a.weight(hour) * float64(seconds)
		until[h] = sum
	}
	if sum == 0 { // a bad draw of a sparse archive
		return
	}
	h, r := 0, mix(uint64(a.opt.Seed), 's', uint64(from))
	for k := range n {
		u := (float64(k) + r.float()) / float64(n) * sum
		for h < len(until)-1 && until[h] <= u {
			h++
		}
		var before float64
		if h > 0 {
			before = until[h-1]
		}
		begin, end := max(from, (first+int64(h))*3600), min(to, (first+int64(h)+1)*3600)
		part := (u - before) / (until[h] - before)
		start := min(begin+int64(part*float64(end-begin)), end-1)
		a.add(start, to, closed)
	}
}

// add appends one chat with a start; its length and kind come from its number.
func (a *archive) add(start, to int64, closed bool) {
	o := a.opt
	r := mix(uint64(o.Seed), 'd', uint64(len(a.recs)))
	rec := record{start: start, dur: uint32(20 + min(-math.Log(1-r.float())*500, 2*3600))}
	missed, long, lengthy := r.hit(o.Missed), r.hit(o.LongChats), r.float()
	switch {
	case missed:
		rec.flags, rec.dur = isMissed, 0
	case long: // from an hour to LongDays, as many short ones as long ones on a log scale
		rec.dur = uint32(3600 * math.Pow(24*float64(o.LongDays), lengthy))
	}
	if closed {
		rec.dur = uint32(min(int64(rec.dur), to-start))
	}
	a.recs = append(a.recs, rec)
}

// weight says how busy an hour (since 1970) is beside others.
func (a *archive) weight(hour int64) float64 {
	switch a.opt.Shape {
	case "busyhours":
		weekday, h := (hour/24+4)%7, hour%24 // 1970 began on a Thursday
		w := 0.15 + max(0, math.Sin(math.Pi*(float64(h)-5)/17))
		if weekday == 0 || weekday == 6 {
			w *= 0.2
		}
		return w
	case "bursty": // most hours next to nothing, a few a hundred times that
		r := mix(uint64(a.opt.Seed), 'w', uint64(hour))
		return 0.02 + math.Pow(r.float(), 30)*10
	case "sparse":
		// One day in ten, and the first of every ten at the latest.
		r := mix(uint64(a.opt.Seed), 'w', uint64(hour/24/10))
		if int(hour/24%10) != r.n(10) {
			return 1e-12 // so that an archive of one day is not left without any
		}
	}
	return 1
}

// fillDay adds the full day. Its chats are short and end on it, so that it is
// full whichever time the dates look at.
func (a *archive) fillDay() {
	from := floor(a.now, day) - int64(a.opt.FullDay)*day
	length := int64(day)
	if a.opt.FullHour >= 0 {
		from, length = from+int64(a.opt.FullHour)*3600, 3600
	}
	n := int64(a.opt.FullDayChats)
	for k := range n {
		a.add(from+k*length/max(n, 1), from+length-1, true)
		rec := &a.recs[len(a.recs)-1]
		rec.dur = min(rec.dur, 1800)
	}
}

// advance moves now forward: chats begin and end.
func (a *archive) advance(now int64) {
	if now <= a.now {
		return
	}
	a.now = now
	for a.known < now {
		first := len(a.recs)
		k := (a.known - a.from) / day
		r := mix(uint64(a.opt.Seed), 'f', uint64(k))
		n := int(float64(a.opt.Chats)/float64(a.opt.Days) + r.float())
		a.spread(a.known, a.known+day, n, false)
		a.known += day
		for no := first; no < len(a.recs); no++ {
			a.open = append(a.open, int32(no))
			a.longest = max(a.longest, a.recs[no].dur)
		}
	}
	a.settle()
}

// settle moves the chats that have ended by now out of open.
func (a *archive) settle() {
	rest := a.open[:0]
	for _, no := range a.open {
		if a.recs[no].end() > a.now {
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

// drift adds a chat that has ended just now.
func (a *archive) drift() {
	no := int32(len(a.recs))
	r := mix(uint64(a.opt.Seed), 'e', uint64(no))
	dur := uint32(30 + r.n(270))
	a.recs = append(a.recs, record{start: a.now - int64(dur), dur: dur, flags: isDrift})
	a.longest = max(a.longest, dur)
	i, _ := slices.BinarySearchFunc(a.byStart, no, a.compareStart)
	a.byStart = slices.Insert(a.byStart, i, no)
	i, _ = slices.BinarySearchFunc(a.byEnd, no, a.compareEnd)
	a.byEnd = slices.Insert(a.byEnd, i, no)
	a.version++
}

// vanish takes a chat out for good.
func (a *archive) vanish(no int32) {
	a.recs[no].flags |= isVanished
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

// pending are the chats that have begun and not ended, and have shown up.
func (a *archive) pending() []int32 {
	delay := int64(a.opt.PendingDelay / time.Second)
	return a.open[:a.search(a.open, a.now-delay+1, record.begin)]
}

func (r record) begin() int64 { return r.start }

// search finds the first place in a sorted index whose time is at or after t.
func (a *archive) search(index []int32, t int64, of func(record) int64) int {
	i, _ := slices.BinarySearchFunc(index, t, func(no int32, t int64) int {
		if of(a.recs[no]) < t {
			return -1
		}
		return 1
	})
	return i
}

func (a *archive) compareStart(x, y int32) int {
	return cmp.Or(cmp.Compare(a.recs[x].start, a.recs[y].start), cmp.Compare(x, y))
}

func (a *archive) compareEnd(x, y int32) int {
	return cmp.Or(cmp.Compare(a.recs[x].end(), a.recs[y].end()), cmp.Compare(x, y))
}

func floor(x, unit int64) int64 { return x - ((x%unit)+unit)%unit }
