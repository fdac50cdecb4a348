package apiv3

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"testing/synctest"
	"time"

	"tap-livechat/tap/source"
)

// day is the n-th day of the archives of these tests.
func day(n int) time.Time { return time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC).AddDate(0, 0, n) }

// filled is a toy with n threads that begin within these days, in the given shape,
// and last from seconds to hours.
func filled(n int, from, to time.Time, shape string) *toy {
	t := new(toy)
	r := rand.New(rand.NewPCG(1, uint64(n)))
	whole := to.Sub(from)
	for i := range n {
		at := r.Float64()
		switch shape {
		case "growing":
			at = max(at, r.Float64())
		case "spikes":
			if i%10 != 0 {
				at = (float64(r.IntN(5))*2 + 1 + at/1000) / 10
			}
		case "late":
			at = 0.98 + at/50
		case "office":
			d := float64(r.IntN(int(whole/(24*time.Hour)))) + 0.3 + at*0.4
			at = d * float64(24*time.Hour) / float64(whole)
		}
		start := from.Add(time.Duration(at * float64(whole)))
		t.add(start, start.Add(time.Duration(1+r.IntN(7200))*time.Second))
	}
	return t
}

// checkCame: every thread of the range came once.
func checkCame(t *testing.T, archive *toy, r result, rg source.Range) {
	t.Helper()
	if r.err != nil {
		t.Fatal(r.err)
	}
	missing, double := 0, 0
	for _, x := range archive.threads {
		if x.lost || x.start.Before(midnight(rg.From)) || !x.start.Before(rg.To) {
			continue
		}
		switch n := r.came[x.id]; {
		case n == 0:
			missing++
		case n > 1:
			double++
		}
	}
	if missing+double > 0 {
		t.Errorf("%d threads did not come, %d more than once", missing, double)
	}
}

// TestRead: all comes, once, at the price that is promised, for archives of every
// shape and for any meaning of the ends of a list.
func TestRead(t *testing.T) {
	rg := source.Range{From: day(0), To: day(365), Now: day(365)}
	for _, n := range []int{0, 1, 99, 100, 101, 350, 1000, 10_000, 40_000} {
		for _, shape := range []string{"even", "growing", "spikes", "late", "office"} {
			for _, workers := range []int{1, 4, 8} {
				t.Run(fmt.Sprintf("%d %s %d", n, shape, workers), func(t *testing.T) {
					synctest.Test(t, func(t *testing.T) {
						archive := filled(n, rg.From, rg.To, shape)
						archive.exclusive = n%2 == 0
						time.Sleep(day(365).Sub(time.Now()))
						r := readToy(t, archive, rg, workers)
						checkCame(t, archive, r, rg)
						if most := pagesOf(n)*103/100 + 20; r.requests > most {
							t.Errorf("%d requests, at most %d are promised; %d windows", r.requests, most, len(r.windows))
						}
						if n := r.incomplete(); n > 0 {
							t.Errorf("%d windows are incomplete", n)
						}
						t.Logf("%d requests for %d pages in %d windows", r.requests, pagesOf(n), len(r.windows))
					})
				})
			}
		}
	}
}
