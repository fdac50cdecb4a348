// Package plan splits a backfill into parts with about equal numbers of chats, which
// several runs can read concurrently.
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

// Plan is a backfill split into parts.
type Plan struct {
	Parts       []Part
	Chats       int
	Requests    int           // maximum number of requests for all parts
	OwnRequests int           // requests made for the plan itself
	PerRequest  time.Duration // mean duration of one of them
	Notes       []string      // why the plan is not as requested, or took more requests
}

// Part is what a run with this start_date and end_date reads.
type Part struct {
	From, To time.Time
	Chats    int
	Requests int           // maximum, with what is read before From, and the lists and reports
	Duration time.Duration // estimate, with the config's number of concurrent requests
}

// Make plans n parts from the config's start_date to its end_date, or to now if there is
// none. It counts days, so parts begin and end at midnight UTC. Counting takes at most
// three requests for each part; one more for each 20,000 chats if the service reports no
// number above a limit. The run of each part reads the lists as well; what
// [source.Lists.ListCost] requests is added for them.
func Make(ctx context.Context, o api.Options, lists []string, now time.Time, n int) (Plan, error) {
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
	c := splitter{count: func(from, to time.Time) (source.Count, error) { return service.Count(ctx, from, to) }, parts: n}
	if err := c.refine(o.Config.StartDate, to); err != nil {
		return Plan{}, api.Explain(err)
	}
	if c.judged {
		c.notes = append(c.notes, "LiveChat does not state how many chats there are: the numbers are judged by how close the chats of a page are, and may be far off where they come in bursts")
	}
	parts := c.split()
	ofLists, err := c.listCosts(ctx, service, o.Config, lists, parts)
	if err != nil {
		return Plan{}, api.Explain(err)
	}
	usage := service.Usage()
	p := Plan{Chats: c.total(), OwnRequests: usage.Requests, PerRequest: waited / time.Duration(max(usage.Requests, 1)), Notes: c.notes}
	for i, part := range parts {
		ofChats := service.Cost(part.Chats + c.before(part.From))
		part.Requests = ofChats + ofLists[i]
		p.Requests += part.Requests
		rounds := (ofChats+o.Config.MaxConcurrentRequests-1)/o.Config.MaxConcurrentRequests + ofLists[i] // lists are read one request at a time
		part.Duration = time.Duration(rounds) * p.PerRequest
		p.Parts = append(p.Parts, part)
	}
	return p, nil
}

// splitter splits a range by counting chats. It knows how many chats are before some
// midnights, and counts up to others until each boundary is near one of them.
type splitter struct {
	count    func(from, to time.Time) (source.Count, error)
	parts    int
	points   []point // oldest first; the first and the last are the ends of the range
	requests int
	capped   bool // the range has more chats than one count reports
	judged   bool // some counts are estimated
	notes    []string
}

// point is a time up to which chats have been counted.
type point struct {
	at     time.Time
	before int // chats before it
}

const day = 24 * time.Hour

const (
	// stepChats is how many chats one step should count if a count is at most 25,000:
	// fewer, since the next days may be busier.
	stepChats = 20_000
	// tolerance is the accepted distance of a boundary from its target, in parts.
	tolerance = 0.03
)

func (c *splitter) total() int { return c.points[len(c.points)-1].before }

func (c *splitter) countSpan(from, to time.Time) (chats int, capped bool, err error) {
	c.requests++
	n, err := c.count(from, to)
	c.judged = c.judged || n.Judged
	return n.Chats, n.Capped, err
}

// refine counts until all boundaries are within tolerance, or maxRequests is reached.
func (c *splitter) refine(from, to time.Time) error {
	n, capped, err := c.countSpan(from, to)
	if err != nil {
		return err
	}
	c.points = []point{{from, 0}}
	if c.capped = capped; !capped {
		c.points = append(c.points, point{to, n})
	} else {
		if err := c.countStepwise(from, to); err != nil {
			return err
		}
		c.notes = append(c.notes, fmt.Sprintf("LiveChat states no more than %d chats for one question, so shorter spans were asked about as well", n))
	}
	tries := make(map[int]int) // by boundary
	for limit := max(c.maxRequests(), c.requests+c.parts); c.requests < limit; {
		k, lo := c.worstBoundary()
		if k == 0 {
			break
		}
		tries[k]++
		if err := c.splitSegment(lo, c.target(k), tries[k]%3 == 0); err != nil {
			return err
		}
	}
	return nil
}

// countStepwise counts the range in steps, since it has more chats than one count
// reports.
func (c *splitter) countStepwise(from, to time.Time) error {
	step, shrink, lastDensity := to.Sub(from)/4, 0.25, math.MaxFloat64
	for at := from; at.Before(to); {
		next := nearestMidnight(at.Add(step))
		if first := nextMidnight(at); next.Before(first) {
			next = first
		}
		if to.Sub(next) < step/10 {
			next = to
		}
		n, capped, err := c.countSpan(at, next)
		if err != nil {
			return err
		}
		length := float64(next.Sub(at))
		if capped && next.After(nextMidnight(at)) {
			step = time.Duration(length * shrink)
			continue
		}
		c.points = append(c.points, point{next, c.total() + n})
		if n > 0 {
			shrink = 0.6 // the density is known
		}
		// A growing density may go on growing.
		density := float64(n) / length
		trend := math.Sqrt(min(max(density/max(lastDensity, 1e-30), 1), 4))
		step = time.Duration(min(length*stepChats/float64(max(n, 1))/trend, 3*length))
		at, lastDensity = next, density
	}
	return nil
}

// maxRequests is the maximum number of requests, by the chats counted so far.
func (c *splitter) maxRequests() int {
	if c.capped {
		return 3*c.parts + c.total()/20_000
	}
	return 3 * c.parts
}

// target returns how many chats should be before the kth boundary.
func (c *splitter) target(k int) float64 { return float64(c.total()) * float64(k) / float64(c.parts) }

// segmentAt returns the index of the last point before a number of chats.
func (c *splitter) segmentAt(target float64) (lo int) {
	for lo < len(c.points)-2 && float64(c.points[lo+1].before) <= target {
		lo++
	}
	return lo
}

// worstBoundary returns the boundary that is furthest from any point, and the point
// before it; 0 if all are within tolerance, or as near as midnights allow.
func (c *splitter) worstBoundary() (k, lo int) {
	worst := tolerance * float64(c.total()) / float64(c.parts)
	for i := 1; i < c.parts; i++ {
		target := c.target(i)
		at := c.segmentAt(target)
		a, b := c.points[at], c.points[at+1]
		distance := min(target-float64(a.before), float64(b.before)-target)
		if distance > worst && b.at.After(nextMidnight(a.at)) {
			k, lo, worst = i, at, distance
		}
	}
	return k, lo
}

// splitSegment adds a point between lo and lo+1: at the midnight where the target is
// expected, or in the middle, since chats are unevenly distributed.
func (c *splitter) splitSegment(lo int, target float64, middle bool) error {
	a, b := c.points[lo], c.points[lo+1]
	part := (target - float64(a.before)) / float64(max(b.before-a.before, 1))
	if middle {
		part = 0.5
	}
	at := nearestMidnight(a.at.Add(time.Duration(part * float64(b.at.Sub(a.at)))))
	if first := nextMidnight(a.at); at.Before(first) {
		at = first
	}
	if last := b.at.Add(-1).Truncate(day); at.After(last) {
		at = last
	}
	n, _, err := c.countSpan(a.at, at)
	if err != nil {
		return err
	}
	c.points = slices.Insert(c.points, lo+1, point{at, min(a.before+n, b.before)})
	return nil
}

// nearestMidnight returns the nearest midnight UTC.
func nearestMidnight(t time.Time) time.Time { return t.UTC().Add(day / 2).Truncate(day) }

// nextMidnight returns the first midnight UTC after t.
func nextMidnight(t time.Time) time.Time { return t.UTC().Truncate(day).Add(day) }

// split returns the parts. Each ends at the point nearest to its target.
func (c *splitter) split() (parts []Part) {
	from := c.points[0]
	for k := 1; k <= c.parts; k++ {
		to := c.points[len(c.points)-1]
		if k < c.parts {
			lo := c.segmentAt(c.target(k))
			if to = c.points[lo]; c.target(k)-float64(to.before) > float64(c.points[lo+1].before)-c.target(k) {
				to = c.points[lo+1]
			}
			if to.at.Equal(c.points[len(c.points)-1].at) {
				continue // only the last part ends there
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
