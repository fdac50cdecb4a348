package plan

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"tap-livechat/tap/source"
)

// calendar is how many chats each day of an archive has.
type calendar struct {
	from time.Time
	days []int
	most int // that one answer states; 0: there is no such number
}

func (c *calendar) count(from, to time.Time) (n source.Count, err error) {
	for i, chats := range c.days {
		if at := c.from.Truncate(day).AddDate(0, 0, i); !at.Before(from.Truncate(day)) && at.Before(to) {
			n.Chats += chats
		}
	}
	if c.most > 0 && n.Chats >= c.most {
		n.Chats, n.Capped = c.most, true
	}
	return n, nil
}

// TestPlanIsEven cuts archives of many shapes. As long as no day holds more
// than a tenth of a part, the largest part has at most 1.3 times the chats of
// the smallest, for three requests a part.
func TestPlanIsEven(t *testing.T) {
	shapes := map[string]func(r *rand.Rand, part float64) float64{
		"even":   func(*rand.Rand, float64) float64 { return 1 },
		"grows":  func(_ *rand.Rand, part float64) float64 { return math.Exp(4 * part) },
		"shrank": func(_ *rand.Rand, part float64) float64 { return math.Exp(-3 * part) },
		"weeks": func(_ *rand.Rand, part float64) float64 {
			return []float64{5, 6, 5, 5, 4, 1, 0.5}[int(part*730)%7]
		},
		"seasons": func(_ *rand.Rand, part float64) float64 { return 1.2 + math.Sin(part*4*math.Pi) },
		"late": func(_ *rand.Rand, part float64) float64 { // years without chats
			if part < 0.7 {
				return 0
			}
			return 1
		},
		"two companies": func(_ *rand.Rand, part float64) float64 {
			if part < 0.5 {
				return 1
			}
			return 6
		},
		"a gap": func(_ *rand.Rand, part float64) float64 {
			if part > 0.3 && part < 0.6 {
				return 0
			}
			return 1
		},
		"chance": func(r *rand.Rand, _ float64) float64 { return r.ExpFloat64() },
	}
	for name, shape := range shapes {
		for _, days := range []int{200, 730, 2500} {
			for _, parts := range []int{1, 2, 4, 8, 12} {
				for _, most := range []int{0, 25_000} {
					for _, total := range []float64{20_000, 150_000, 900_000} {
						t.Run(fmt.Sprint(name, " ", days, " days ", parts, " parts ", int(total), " most ", most), func(t *testing.T) {
							r := rand.New(rand.NewPCG(uint64(days), uint64(parts)))
							c := &calendar{from: time.Date(2020, 1, 1, 7, 0, 0, 0, time.UTC), most: most}
							weights, sum := make([]float64, days), 0.0
							for i := range weights {
								weights[i] = shape(r, float64(i)/float64(days))
								sum += weights[i]
							}
							all, busiest := 0, 0
							for _, w := range weights {
								n := int(w / sum * total)
								c.days = append(c.days, n)
								all, busiest = all+n, max(busiest, n)
							}
							if most > 0 && busiest >= most {
								t.Skip("nothing says how many there are")
							}
							even := splitter{count: c.count, parts: parts}
							end := c.from.Truncate(day).AddDate(0, 0, days)
							if err := even.refine(c.from, end); err != nil {
								t.Fatal(err)
							}
							cut := even.split()
							got, smallest, largest, at := 0, all, 0, c.from
							for _, p := range cut {
								if !p.From.Equal(at) || !p.To.After(p.From) {
									t.Fatalf("%s to %s after %s", p.From, p.To, at)
								}
								at = p.To
								got, smallest, largest = got+p.Chats, min(smallest, p.Chats), max(largest, p.Chats)
								if n, _ := (&calendar{from: c.from, days: c.days}).count(p.From, p.To); n.Chats != p.Chats {
									t.Errorf("%d chats, counted %d", n.Chats, p.Chats)
								}
							}
							if got != all || !at.Equal(end) {
								t.Errorf("%d chats of %d, up to %s", got, all, at)
							}
							limit := 3 * parts
							if most > 0 && all >= most {
								if limit += all / 20_000; parts < 8 || busiest*10*parts > all {
									limit += 12 + all/20_000 // the first steps go wrong, and days of many chats cannot be cut to measure
								}
								if len(even.notes) == 0 {
									t.Error("it does not say why")
								}
							}
							if even.requests > limit {
								t.Errorf("%d requests, at most %d", even.requests, limit)
							}
							if busiest*10*parts <= all && (len(cut) != parts || float64(largest) > 1.3*float64(smallest)) {
								t.Errorf("%d parts from %d to %d chats: %.2f, %d requests of %d", len(cut), smallest, largest, float64(largest)/float64(smallest), even.requests, limit)
							}
						})
					}
				}
			}
		}
	}
}

// TestPlanCountsTheDayBefore: a part reads from the midnight of its start less six hours
// on, which is a day more, and as many chats as the busier side of its start has a day.
func TestPlanCountsTheDayBefore(t *testing.T) {
	at := func(d, hour int) time.Time { return time.Date(2026, 3, d, hour, 0, 0, 0, time.UTC) }
	c := splitter{points: []point{{at(1, 15), 0}, {at(11, 0), 95}, {at(21, 0), 295}, {at(23, 0), 305}}}
	for from, want := range map[time.Time]int{
		at(1, 15): 7,  // 10 a day, from the midnight of that day on
		at(11, 0): 20, // 20 a day after it, 10 before
		at(21, 0): 20,
	} {
		if got := c.before(from); got != want {
			t.Errorf("before %s: %d chats, want %d", from, got, want)
		}
	}
}
