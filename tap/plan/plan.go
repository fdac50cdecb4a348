// Package plan cuts a backfill into parts of about equal numbers of chats, which
// runs can read side by side.
package plan

import (
	"context"
	"fmt"
	"math"
	"slices"
	"sync"
	"time"

	"tap-livechat/tap/api"
	"tap-livechat/tap/livechat"
	"tap-livechat/tap/source"
)

// Plan cuts a backfill into parts of about equal numbers of chats.
type Plan struct {
	Parts    []Part
	Chats    int
	Requests int           // that reading all parts takes, at most
	Asked    int           // requests that the plan itself took
	Each     time.Duration // how long one of them took
	Notes    []string      // why it is not as was asked for, or took more
}

// Part is one of them: what a run with this start_date and end_date reads.
type Part struct {
	From, To time.Time
	Chats    int
	Requests int           // at most
	Lasts    time.Duration // about, as many requests at a time as the config allows
}

// Make plans n parts of what the config says to read, from start_date to
// end_date or now, the moment given. It counts days, so that parts begin and end at midnight, UTC. Counting
// takes at most three requests a part; where the service states no more
// than a certain number, one more for each 20,000 chats.
func Make(ctx context.Context, o api.Options, now time.Time, n int) (Plan, error) {
	var mu sync.Mutex
	var waited time.Duration
	o.Observe = func(m livechat.Request) {
		mu.Lock()
		defer mu.Unlock()
		waited += m.Duration
	}
	service, err := api.Open(o)
	if err != nil {
		return Plan{}, err
	}
	to := o.Config.Until(now.Truncate(time.Second))
	if !o.Config.StartDate.Before(to) {
		return Plan{}, api.WithHint(fmt.Errorf("there is nothing to plan: start_date is %s", o.Config.StartDate.Format(time.RFC3339)), "set an earlier start_date")
	}
	c := counter{count: func(from, to time.Time) (source.Count, error) { return service.Count(ctx, from, to) }, parts: n}
	if err := c.cut(o.Config.StartDate, to); err != nil {
		return Plan{}, api.Explain(err)
	}
	if c.judged {
		c.notes = append(c.notes, "LiveChat does not state how many chats there are: the numbers are judged by how close the chats of a page are, and may be far off where they come in bursts")
	}
	parts := c.borders()
	usage := service.Usage()
	p := Plan{Chats: c.total(), Asked: usage.Requests, Each: waited / time.Duration(max(usage.Requests, 1)), Notes: c.notes}
	for _, part := range parts {
		part.Requests = service.Cost(part.Chats)
		p.Requests += part.Requests
		rounds := (part.Requests + o.Config.MaxConcurrentRequests - 1) / o.Config.MaxConcurrentRequests
		part.Lasts = time.Duration(rounds) * p.Each
		p.Parts = append(p.Parts, part)
	}
	return p, nil
}

// counter cuts time by asking how many chats there are. It knows how many came
// before some midnights, and asks about others until each border is near one.
type counter struct {
	count  func(from, to time.Time) (source.Count, error)
	parts  int
	points []point // oldest first; the first and the last are the ends of all
	asked  int
	capped bool // the whole is more than one answer states
	judged bool // some of what was counted is not stated
	notes  []string
}

// point is a moment up to which chats were counted.
type point struct {
	at     time.Time
	before int // chats before it
}

const day = 24 * time.Hour

const (
	// walkChats is how many chats a step should count, where one answer states no
	// more than 25,000: some fewer, since the next days may be busier.
	walkChats = 20_000
	// nearEnough is how near a border has to be, in parts.
	nearEnough = 0.03
)

func (c *counter) total() int { return c.points[len(c.points)-1].before }

func (c *counter) ask(from, to time.Time) (chats int, capped bool, err error) {
	c.asked++
	n, err := c.count(from, to)
	c.judged = c.judged || n.Judged
	return n.Chats, n.Capped, err
}

// cut counts until the borders can be told.
func (c *counter) cut(from, to time.Time) error {
	n, capped, err := c.ask(from, to)
	if err != nil {
		return err
	}
	c.points = []point{{from, 0}}
	if c.capped = capped; !capped {
		c.points = append(c.points, point{to, n})
	} else {
		if err := c.walk(from, to); err != nil {
			return err
		}
		c.notes = append(c.notes, fmt.Sprintf("LiveChat states no more than %d chats for one question, so shorter spans were asked about as well", n))
	}
	tries := make(map[int]int) // by border
	for most := max(c.most(), c.asked+c.parts); c.asked < most; {
		k, lo := c.worst()
		if k == 0 {
			break
		}
		tries[k]++
		if err := c.halve(lo, c.target(k), tries[k]%3 == 0); err != nil {
			return err
		}
	}
	return nil
}

// walk counts step by step, since all together are more than one answer states.
func (c *counter) walk(from, to time.Time) error {
	step, less, before := to.Sub(from)/4, 0.25, math.MaxFloat64
	for at := from; at.Before(to); {
		next := midnightNear(at.Add(step))
		if first := firstMidnight(at); next.Before(first) {
			next = first
		}
		if to.Sub(next) < step/10 {
			next = to
		}
		n, capped, err := c.ask(at, next)
		if err != nil {
			return err
		}
		length := float64(next.Sub(at))
		if capped && next.After(firstMidnight(at)) {
			step = time.Duration(length * less)
			continue
		}
		c.points = append(c.points, point{next, c.total() + n})
		if n > 0 {
			less = 0.6 // how close chats are is known
		}
		// Where they have come closer, they may go on to.
		close := float64(n) / length
		trend := math.Sqrt(min(max(close/max(before, 1e-30), 1), 4))
		step = time.Duration(min(length*walkChats/float64(max(n, 1))/trend, 3*length))
		at, before = next, close
	}
	return nil
}

// most is how many requests the plan may take, as far as it has counted.
func (c *counter) most() int {
	if c.capped {
		return 3*c.parts + c.total()/20_000
	}
	return 3 * c.parts
}

// target is how many chats should come before the kth border.
func (c *counter) target(k int) float64 { return float64(c.total()) * float64(k) / float64(c.parts) }

// around finds the points on both sides of a number of chats.
func (c *counter) around(target float64) (lo int) {
	for lo < len(c.points)-2 && float64(c.points[lo+1].before) <= target {
		lo++
	}
	return lo
}

// worst is the border that is furthest from any point, and the point before it;
// 0 if all are near enough, or as near as midnights are.
func (c *counter) worst() (k, lo int) {
	far := nearEnough * float64(c.total()) / float64(c.parts)
	for i := 1; i < c.parts; i++ {
		target := c.target(i)
		at := c.around(target)
		a, b := c.points[at], c.points[at+1]
		off := min(target-float64(a.before), float64(b.before)-target)
		if off > far && b.at.After(firstMidnight(a.at)) {
			k, lo, far = i, at, off
		}
	}
	return k, lo
}

// halve counts up to the midnight at which so many chats should have come, or to
// the middle between two points, since chats come unevenly.
func (c *counter) halve(lo int, target float64, middle bool) error {
	a, b := c.points[lo], c.points[lo+1]
	part := (target - float64(a.before)) / float64(max(b.before-a.before, 1))
	if middle {
		part = 0.5
	}
	at := midnightNear(a.at.Add(time.Duration(part * float64(b.at.Sub(a.at)))))
	if first := firstMidnight(a.at); at.Before(first) {
		at = first
	}
	if last := b.at.Add(-1).Truncate(day); at.After(last) {
		at = last
	}
	n, _, err := c.ask(a.at, at)
	if err != nil {
		return err
	}
	c.points = slices.Insert(c.points, lo+1, point{at, min(a.before+n, b.before)})
	return nil
}

// midnightNear is the midnight that is nearest.
func midnightNear(t time.Time) time.Time { return t.UTC().Add(day / 2).Truncate(day) }

// firstMidnight is the first one after t.
func firstMidnight(t time.Time) time.Time { return t.UTC().Truncate(day).Add(day) }

// borders are the parts, each up to the point nearest to where it should end.
func (c *counter) borders() (parts []Part) {
	from := c.points[0]
	for k := 1; k <= c.parts; k++ {
		to := c.points[len(c.points)-1]
		if k < c.parts {
			lo := c.around(c.target(k))
			if to = c.points[lo]; c.target(k)-float64(to.before) > float64(c.points[lo+1].before)-c.target(k) {
				to = c.points[lo+1]
			}
			if to.at.Equal(c.points[len(c.points)-1].at) {
				continue // the last part ends there
			}
		}
		if !to.at.After(from.at) {
			continue
		}
		parts = append(parts, Part{From: from.at, To: to.at, Chats: to.before - from.before})
		from = to
	}
	switch {
	case c.total() == 0:
		c.notes = append(c.notes, "there are no chats")
	case len(parts) < c.parts:
		c.notes = append(c.notes, fmt.Sprintf("parts: %d, and not %d, since a day is not cut", len(parts), c.parts))
	}
	return parts
}
