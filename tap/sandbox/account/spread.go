package account

import "math"

// Which chats there are, when they start and how long they take.

// spread adds n chats that start in [from, to), in the order of their start,
// each hour getting a share by its weight. With closed they also end by then.
func (a *Account) spread(from, to int64, n int, closed bool) {
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
	h, r := 0, Mix(uint64(a.opt.Seed), 's', uint64(from))
	for k := range n {
		u := (float64(k) + r.Float()) / float64(n) * sum
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
func (a *Account) add(start, to int64, closed bool) {
	o := &a.opt
	r := Mix(uint64(o.Seed), 'd', uint64(len(a.recs)))
	rec := record{start, span{dur: uint32(20 + min(-math.Log(1-r.Float())*500, 2*3600))}}
	missed, long, lengthy := r.Hit(o.Missed), r.Hit(o.LongChats), r.Float()
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
func (a *Account) weight(hour int64) float64 {
	switch a.opt.Shape {
	case "busyhours":
		weekday, h := (hour/24+4)%7, hour%24 // 1970 began on a Thursday
		w := 0.15 + max(0, math.Sin(math.Pi*(float64(h)-5)/17))
		if weekday == 0 || weekday == 6 {
			w *= 0.2
		}
		return w
	case "bursty": // most hours next to nothing, a few a hundred times that
		r := Mix(uint64(a.opt.Seed), 'w', uint64(hour))
		return 0.02 + math.Pow(r.Float(), 30)*10
	case "spikes": // next to nothing, and on one day in thirty one hour that has it all
		r := Mix(uint64(a.opt.Seed), 'w', uint64(hour/24/30))
		if spike := r.N(30)*24 + r.N(24); int(hour%(30*24)) != spike {
			return 0.0001
		}
	case "sparse":
		// One day in ten, and the first of every ten at the latest.
		r := Mix(uint64(a.opt.Seed), 'w', uint64(hour/24/10))
		if int(hour/24%10) != r.N(10) {
			return 1e-12 // so that an archive of one day is not left without any
		}
	}
	return 1
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
	for k := range n {
		a.add(from+k*length/max(n, 1), from+length-1, true)
		rec := &a.recs[len(a.recs)-1]
		rec.dur = min(rec.dur, 1800)
	}
}

func floor(x, unit int64) int64 { return x - ((x%unit)+unit)%unit }
