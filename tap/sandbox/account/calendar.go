package account

import (
	"math"
	"sort"
)

// A calendar says when chats begin, for all time. Chat k, counted from 1970, is
// the same on every day on which it is asked for.
//
// Time is cut into blocks of whole days. Each block has the number of chats that
// the rate gives it, and each hour of a block a share by its weight.
type calendar struct {
	seed        uint64
	chats, days int64 // the rate
	shape       string
	length      int64 // of a block, in days

	// The block that was last asked for.
	block, first, n int64
	until           []float64 // running sum of the weights of its hours
	hour            int       // of the chat that was last asked for
}

func newCalendar(o *Options) *calendar {
	c := &calendar{seed: uint64(o.Seed), chats: int64(o.Chats), days: int64(o.Days), shape: o.Shape, length: 1}
	switch o.Shape { // the time over which the weights come to the same sum
	case "busyhours":
		c.length = 7
	case "sparse":
		c.length = 10
	case "bursty", "spikes":
		c.length = 30
	}
	c.load(0)
	return c
}

// before is how many chats begin before a block.
func (c *calendar) before(block int64) int64 { return quotient(block*c.length*c.chats, c.days) }

// load makes a block the one that is kept.
func (c *calendar) load(block int64) {
	if c.until != nil && block == c.block {
		return
	}
	c.block, c.first, c.hour = block, c.before(block), 0
	c.n = c.before(block+1) - c.first
	if c.until == nil {
		c.until = make([]float64, c.length*24)
	}
	var sum float64
	for h := range c.until {
		sum += c.weight(block*c.length*24 + int64(h))
		c.until[h] = sum
	}
}

// start is when chat k begins, in Unix seconds. It never goes back as k grows.
func (c *calendar) start(k int64) int64 {
	if k < c.first || k >= c.first+c.n {
		c.load(quotient((k+1)*c.days-1, c.length*c.chats))
	}
	r := Mix(c.seed, 's', uint64(k))
	u := (float64(k-c.first) + r.Float()) / float64(c.n) * c.until[len(c.until)-1]
	if c.hour > 0 && c.until[c.hour-1] > u {
		c.hour = 0
	}
	for c.hour < len(c.until)-1 && c.until[c.hour] <= u {
		c.hour++
	}
	var before float64
	if c.hour > 0 {
		before = c.until[c.hour-1]
	}
	part := (u - before) / (c.until[c.hour] - before)
	return (c.block*c.length*24+int64(c.hour))*3600 + min(int64(part*3600), 3599)
}

// last is the last chat that begins at a moment or before.
func (c *calendar) last(t int64) int64 {
	c.load(quotient(t, c.length*day))
	first := c.first
	return first - 1 + int64(sort.Search(int(c.n), func(i int) bool { return c.start(first+int64(i)) > t }))
}

// weight says how busy an hour (since 1970) is beside others.
func (c *calendar) weight(hour int64) float64 {
	switch c.shape {
	case "busyhours":
		weekday, h := modulo(quotient(hour, 24)+4, 7), modulo(hour, 24) // 1970 began on a Thursday
		w := 0.15 + max(0, math.Sin(math.Pi*(float64(h)-5)/17))
		if weekday == 0 || weekday == 6 {
			w *= 0.2
		}
		return w
	case "bursty": // most hours next to nothing, a few a hundred times that
		r := Mix(c.seed, 'w', uint64(hour))
		return 0.02 + math.Pow(r.Float(), 30)*10
	case "spikes": // next to nothing, and on one day in thirty one hour that has it all
		r := Mix(c.seed, 'w', uint64(c.block))
		if spike := r.N(30)*24 + r.N(24); modulo(hour, 30*24) != int64(spike) {
			return 0.0001
		}
	case "sparse": // one day in ten
		r := Mix(c.seed, 'w', uint64(c.block))
		if modulo(quotient(hour, 24), 10) != int64(r.N(10)) {
			return 1e-12
		}
	}
	return 1
}

// quotient and modulo round down, below 0 as well.
func quotient(x, y int64) int64 {
	q := x / y
	if x%y < 0 {
		q--
	}
	return q
}

func modulo(x, y int64) int64 { return x - quotient(x, y)*y }

func floor(x, unit int64) int64 { return x - modulo(x, unit) }
