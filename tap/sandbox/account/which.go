package account

import "math"

// Which chats there are. A chat's number, times and texts follow from the seed and
// its place in the calendar. So the account is the same whenever it is looked at,
// and a later moment only shows more of it.

const (
	// Chats of the calendar are numbered from 0 to calendarNumbers, and then from 0
	// again. Those of the full day and of Drift come after them.
	calendarNumbers = 1 << 30
	// mostNumbers is how many there are of both.
	mostNumbers = 1 << 31
)

// fill makes the chats that begin up to now.
func (a *Account) fill() {
	o := &a.opt
	if o.Chats == 0 {
		return
	}
	a.starts, a.relief = newCalendar(o), newCalendar(o)
	last := a.starts.last(a.quiet)
	if !o.Since.IsZero() {
		a.first = a.starts.last(o.Since.Unix()-1) + 1
		a.base = a.first
	} else {
		a.first = a.newest(last, o.Chats)
		// Customers who come back may have come first before the account begins.
		a.base = a.first - int64(longestChat*a.stride)
	}
	n := max(0, last-a.base) + 16
	a.recs, a.open = make([]record, 0, n), make([]int32, 0, n)
	a.begin()
}

// newest is the first of the last n chats up to one. On quiet days those do not
// count that end on them.
func (a *Account) newest(last int64, n int) int64 {
	if a.opt.QuietDays == 0 {
		return last - int64(n) + 1
	}
	for ; ; last-- {
		if r := a.planned(last); r.end() <= a.quiet {
			n--
		}
		if n == 0 {
			return last
		}
	}
}

// begin adds the chats of the calendar that have begun since it was last called.
func (a *Account) begin() {
	if a.starts == nil {
		return
	}
	for k := a.base + int64(len(a.recs)); ; k++ {
		r, no := a.planned(k), int32(number(k))
		if r.start > a.now {
			return
		}
		if k < a.first || r.start <= a.opt.Now.Unix() && r.end() > a.quiet && a.opt.QuietDays > 0 {
			r.flags |= isOutside
		} else {
			a.open = append(a.open, no)
			a.longest = max(a.longest, r.dur)
			if a.huge < 0 && a.opt.HugeChat > 0 && !r.is(isMissed) && k-a.first >= int64(a.opt.Chats/2) {
				a.huge = int(no)
			}
		}
		a.recs = append(a.recs, r)
	}
}

// number is that of chat k of the calendar.
func number(k int64) int { return int(k & (calendarNumbers - 1)) }

// planned is chat k of the calendar. Some chats, one after the other, stay open
// until the next of them has begun, so that as many as Pending are open at any
// moment: for three hours, or longer where they would be more than a quarter of all.
func (a *Account) planned(k int64) record {
	r := a.drawn(number(k), a.starts.start(k))
	chats := int64(a.opt.Chats)
	pending := min(int64(a.opt.Pending), chats)
	every := min(max(4*pending, chats/(int64(a.opt.Days)*8)), chats)
	if pending > 0 && a.opt.QuietDays == 0 && modulo(k*pending, every) < pending {
		r.flags &^= isMissed
		r.dur = max(r.dur, 20, uint32(a.relief.start(k+every)-r.start))
	}
	return r
}

// drawn is a chat with a start; its length and kind come from its number.
func (a *Account) drawn(no int, start int64) record {
	o := &a.opt
	r := Mix(uint64(o.Seed), 'd', uint64(no))
	rec := record{start, span{dur: uint32(20 + min(-math.Log(1-r.Float())*500, 2*3600))}}
	missed, long, lengthy := r.Hit(o.Missed), r.Hit(o.LongChats), r.Float()
	switch {
	case missed:
		rec.flags, rec.dur = isMissed, 0
	case long: // from an hour to LongDays, as many short ones as long ones on a log scale
		rec.dur = uint32(3600 * math.Pow(24*float64(o.LongDays), lengthy))
	}
	return rec
}

// fillDay adds the full day. Its chats are short and end on it, so that it is
// full whichever time the dates look at.
func (a *Account) fillDay() {
	from := floor(a.now, day) - int64(a.opt.FullDay)*day
	length := int64(day)
	if a.opt.FullHour >= 0 {
		from, length = from+int64(a.opt.FullHour)*3600, 3600
	}
	n := int64(a.opt.FullDayChats)
	a.extra = make([]record, 0, n+16)
	for k := range n {
		no := calendarNumbers + int(k)
		r := a.drawn(no, from+k*length/n)
		r.dur = uint32(min(int64(r.dur), 1800, from+length-1-r.start))
		a.extra = append(a.extra, r)
		a.open = append(a.open, int32(no))
		a.longest = max(a.longest, r.dur)
	}
}

// rec is chat no, nil if there is none.
func (a *Account) rec(no int) *record {
	if no >= calendarNumbers {
		if no -= calendarNumbers; no < len(a.extra) {
			return &a.extra[no]
		}
		return nil
	}
	if no = number(int64(no) - a.base); no < len(a.recs) {
		return &a.recs[no]
	}
	return nil
}
