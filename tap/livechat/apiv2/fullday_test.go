package apiv2

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"tap-livechat/tap/livechat"
	"tap-livechat/tap/source/sourcetest"
)

var fullFrom = utc("2026-03-01")

// fullDay is an archive with n chats on the day that begins at fullFrom, plus
// some on the days around it, some of which run over midnight.
func fullDay(a *toy, n int, at func(i int) time.Duration) *toy {
	random := rand.New(rand.NewPCG(7, uint64(n)))
	for i := range n {
		end := fullFrom.Add(at(i)).Truncate(time.Second)
		a.add(end.Add(-time.Duration(random.IntN(900))*time.Second), end)
	}
	for i := range 300 {
		for _, d := range []int{-1, 1} {
			end := fullFrom.AddDate(0, 0, d).Add(time.Duration(i) * 288 * time.Second)
			a.add(end.Add(-time.Duration(random.IntN(5))*time.Hour), end)
		}
	}
	return a
}

func evenly(n int) func(int) time.Duration {
	return func(i int) time.Duration { return time.Duration(i) * (day / time.Duration(n)) }
}

// TestFullDay reads a day of more chats than one query reaches.
func TestFullDay(t *testing.T) {
	const chats = 60000
	shapes := []struct {
		name string
		at   func(i int) time.Duration
	}{
		{"even", evenly(chats)},
		{"busy hours", func(i int) time.Duration { return 9*time.Hour + time.Duration(i)*(7*time.Hour/chats) }},
		{"evening", func(i int) time.Duration { return 21*time.Hour + time.Duration(i)*(179*time.Minute/chats) }},
		{"early", func(i int) time.Duration { return time.Duration(i) * (3 * time.Hour / chats) }},
		{"full seconds of full hours", func(i int) time.Duration { return time.Duration(i%24)*time.Hour + time.Duration(i%2)*30*time.Minute }},
	}
	n := 0
	for s, shape := range shapes {
		for _, order := range []string{"newest", "oldest", "none"} {
			for _, dates := range []string{"start", "end"} {
				for _, capped := range []bool{false, true} {
					// All of it for the first shape; of the others one of four.
					if n++; sourcetest.Race && n != 1 || s > 0 && n%4 != s%4 {
						continue
					}
					t.Run(fmt.Sprintf("%s/%s/%s/capped=%v", shape.name, order, dates, capped), func(t *testing.T) {
						t.Parallel()
						a := fullDay(&toy{order: order, dates: dates, capped: capped, past400: capped}, chats, shape.at)
						rg := Range{From: fullFrom.AddDate(0, 0, -2), To: fullFrom.AddDate(0, 0, 3)}
						r := read(t.Context(), newTestClient(t, a, nil), rg)
						r.check(t, rg)
						a.whole(t, r)
						if r.unsettled() > 0 {
							t.Errorf("%d windows do not add up", r.unsettled())
						}
						pages := pages(len(a.chats))
						t.Logf("%d requests for %d pages: %.3f", a.asked, pages, float64(a.asked)/float64(pages))
						if a.asked > pages*2 {
							t.Errorf("%d requests for %d pages", a.asked, pages)
						}
					})
				}
			}
		}
	}
}

// TestFullDayBorders puts the border of a query between chats of one second.
func TestFullDayBorders(t *testing.T) {
	for _, after := range []int{24990, 24999, 25000, 25001, 25010} {
		if sourcetest.Race && after != 24990 {
			continue
		}
		for _, capped := range []bool{false, true} {
			a := &toy{order: "newest", dates: "end", capped: capped}
			for i := range after { // the newest, evenly over the afternoon
				a.add(fullFrom, fullFrom.Add(13*time.Hour+time.Duration(i)*time.Second))
			}
			for range 30 { // all at noon
				a.add(fullFrom, fullFrom.Add(12*time.Hour))
			}
			for range 100 {
				a.add(fullFrom, fullFrom.Add(11*time.Hour))
			}
			r := read(t.Context(), newTestClient(t, a, nil), Range{From: fullFrom, To: fullFrom.AddDate(0, 0, 1)})
			r.check(t, Range{From: fullFrom, To: fullFrom.AddDate(0, 0, 1)})
			a.whole(t, r)
		}
	}
}

// TestFullDaysInARow reads two full days one after the other.
func TestFullDaysInARow(t *testing.T) {
	for _, capped := range []bool{false, true} {
		if sourcetest.Race && capped {
			continue
		}
		a := &toy{order: "newest", dates: "start", capped: capped}
		for d := range 2 {
			for i := range 30000 {
				start := fullFrom.AddDate(0, 0, d).Add(time.Duration(i) * 2800 * time.Millisecond)
				a.add(start, start.Add(20*time.Minute))
			}
		}
		rg := Range{From: fullFrom.AddDate(0, 0, -30), To: fullFrom.AddDate(0, 0, 3)}
		r := read(t.Context(), newTestClient(t, a, nil), rg)
		r.check(t, rg)
		a.whole(t, r)
		t.Logf("%d requests for %d pages", a.asked, pages(60000))
	}
}

// TestFullHour has more chats in one hour than any query reaches: an error that
// names the day and the count, after the windows before it.
func TestFullHour(t *testing.T) {
	for _, dates := range []string{"start", "end"} {
		for _, capped := range []bool{false, true} {
			if sourcetest.Race && capped {
				continue
			}
			a := fullDay(&toy{order: "newest", dates: dates, capped: capped}, 26000,
				func(i int) time.Duration { return 10*time.Hour + 20*time.Minute + time.Duration(i)*70*time.Millisecond })
			rg := Range{From: fullFrom.AddDate(0, 0, -3), To: fullFrom.AddDate(0, 0, 3)}
			r := read(t.Context(), newTestClient(t, a, nil), rg)
			var full *Error
			if !errors.As(r.err, &full) || full.Cause != livechat.FullHour {
				t.Fatalf("the error is %v, want a full hour", r.err)
			}
			if said := full.Error(); !strings.Contains(said, "2026-03-01") || !capped && !strings.Contains(said, "holds 26") {
				t.Errorf("the error is %s", said)
			}
			if len(r.windows) == 0 || !r.windows[len(r.windows)-1].To.Equal(fullFrom) {
				t.Errorf("the windows before are %+v, want them to end at %s", r.windows, fullFrom)
			}
			if a.asked > 3*pages(26000) {
				t.Errorf("%d requests", a.asked)
			}
		}
	}
}

// TestFullDayOfSandbox reads the one case to show from the real sandbox.
func TestFullDayOfSandbox(t *testing.T) {
	if sourcetest.Race || testing.Short() {
		t.Skip("360 MB of JSON")
	}
	for _, switches := range []string{"order=newest&dates=start", "order=none&dates=end&cap_total=capped&past_end=400"} {
		t.Run(switches, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := newSandbox(t, "chats=4000&days=12&full_day=4&full_day_chats=60000&"+switches)
				rg := Range{From: theNow.AddDate(0, 0, -15), To: theNow, Search: true}
				r := read(t.Context(), newTestClient(t, mounted{Handler: s}, nil), rg)
				r.check(t, rg)
				missing, want := lost(s, r, rg.From, switches)
				if len(missing) > 0 {
					t.Errorf("%d of %d are missing", len(missing), want)
				}
				t.Logf("%d requests for %d pages: %.3f", s.Count(), pages(want), float64(s.Count())/float64(pages(want)))
			})
		})
	}
}

// TestFullDayOdd has chats on a full day that show other times than they are
// listed for: none of them hides what was not reached, and each comes.
func TestFullDayOdd(t *testing.T) {
	early := fullFrom.Add(10 * time.Second)
	for _, odd := range []int{1, 100, 2000} { // the last are more than are passed over as strays
		a := fullDay(&toy{order: "newest", dates: "end"}, 40000, evenly(40000))
		for i := range odd {
			a.addOdd(fullFrom.Add(23*time.Hour+time.Duration(i)*time.Second), early, early.Add(10*time.Second))
		}
		a.addOdd(fullFrom.Add(12*time.Hour), fullFrom.AddDate(0, 0, -10), fullFrom.AddDate(0, 0, -10))
		a.addOdd(fullFrom.Add(12*time.Hour), fullFrom.AddDate(0, 0, 3), fullFrom.AddDate(0, 0, 3))
		rg := Range{From: fullFrom.AddDate(0, 0, -1), To: fullFrom.AddDate(0, 0, 2)}
		r := read(t.Context(), newTestClient(t, a, nil), rg)
		r.check(t, rg)
		a.whole(t, r)
		if r.unsettled() > 0 {
			t.Errorf("%d odd chats: %d windows are not complete", odd, r.unsettled())
		}
	}
}

// One chat in fifty does not say how far back a query went.
func TestReach(t *testing.T) {
	e := new(reach)
	for i := range 200 {
		at := fullFrom.Add(20*time.Hour + time.Duration(i)*time.Second)
		if i < 3 {
			at = fullFrom.Add(time.Minute)
		}
		e.note(&Chat{Started: at, Ended: at.Add(time.Second)}, span{fullFrom, fullFrom.AddDate(0, 0, 1)})
	}
	e.note(&Chat{Started: fullFrom.AddDate(0, 0, -9), Ended: fullFrom.AddDate(0, 0, -9)}, span{fullFrom, fullFrom.AddDate(0, 0, 1)})
	if got := e.hour(fullFrom, false); got != 21 {
		t.Errorf("hour %d, want 21", got)
	}
	if got := new(reach).hour(fullFrom, false); got != 24 {
		t.Errorf("hour %d of nothing, want 24", got)
	}
}
