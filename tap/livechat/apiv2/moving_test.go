package apiv2

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// TestServiceIsAhead reads at five to midnight from a service for which the
// next day has begun.
func TestServiceIsAhead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(time.Until(utc("2026-03-10 23:55:00")))
		now := time.Now()
		a := &fakeArchive{order: "newest", dates: "end"}
		a.add(now.Add(-time.Hour), now.Add(-time.Minute))
		a.add(now.Add(time.Minute), now.Add(8*time.Minute))
		for _, open := range []bool{true, false} {
			r := read(t.Context(), newTestClient(t, dated(a, 10*time.Minute), nil), Range{From: now.AddDate(0, 0, -1), To: now, Now: now, Open: open})
			if want := map[bool]int{true: 2, false: 1}[open]; r.err != nil || len(r.chats) != want {
				t.Errorf("open %v: %d chats, want %d, %v", open, len(r.chats), want, r.err)
			}
		}
	})
}

// dated has the service state its time with each answer, so far off that of this machine.
func dated(rt http.RoundTripper, off time.Duration) http.RoundTripper {
	return roundTrip(func(r *http.Request) (*http.Response, error) {
		resp, err := rt.RoundTrip(r)
		if err == nil {
			resp.Header.Set("Date", time.Now().Add(off).UTC().Format(http.TimeFormat))
		}
		return resp, err
	})
}

// The days since the midnight before now less six hours are a window of their own,
// by the clock that is behind. With an end_date in the past there are none.
func TestMovingDays(t *testing.T) {
	for _, test := range []struct {
		now    string
		off    time.Duration
		closed bool
		since  string // when the moving days begin
	}{
		{"2026-03-08 15:00:00", 0, false, "2026-03-08"},
		{"2026-03-08 06:01:00", 0, false, "2026-03-08"},
		{"2026-03-08 05:59:00", 0, false, "2026-03-07"},
		{"2026-03-08 06:01:00", -10 * time.Minute, false, "2026-03-07"},
		{"2026-03-08 05:59:00", 10 * time.Minute, false, "2026-03-07"},
		{"2026-03-08 06:01:00", -3 * day, false, "2026-03-08"}, // that is no clock
		{"2026-03-08 15:00:00", 0, true, "2026-03-09"},
	} {
		synctest.Test(t, func(t *testing.T) {
			time.Sleep(time.Until(utc(test.now)))
			a := fewDays()
			rg := Range{From: utc("2026-03-01"), To: utc(test.now), Now: utc(test.now), Open: !test.closed}
			r := readAs(t, dated(a, test.off), rg)
			a.whole(t, r)
			if len(r.windows) != 2 && !test.closed || r.unsettled() > 0 {
				t.Errorf("%+v: the windows are %+v", test, r.windows)
			}
			if last := r.windows[len(r.windows)-1]; !last.From.Equal(utc(test.since)) && !test.closed || test.closed && len(r.windows) != 1 {
				t.Errorf("%+v: the windows are %+v", test, r.windows)
			}
		})
	}
}

// Moving days are read once more if they were not quiet. If they are not then, that is
// said, and the window is complete: the next run reads them again. Fewer than stated,
// twice the same, is not that.
func TestMoving(t *testing.T) {
	now := utc("2026-03-08 23:50:00")
	rg := Range{From: utc("2026-03-01"), To: now, Now: now, Open: true}
	grow := func(a *fakeArchive, n int) {
		for range n {
			a.add(now, now)
		}
	}
	for _, test := range []struct {
		name             string
		after            func(a *fakeArchive, page, asked int)
		off              int // of the totals of that day
		closed           bool
		moving, complete bool
		reads            int
	}{
		{"at rest", nil, 0, false, false, true, 1},
		{"one is added once", func(a *fakeArchive, _, asked int) {
			if asked == 18 {
				grow(a, 1)
			}
		}, 0, false, false, true, 2},
		{"one is added with each answer", func(a *fakeArchive, _, _ int) { grow(a, 1) }, 0, false, true, true, 2},
		{"one too many is stated", nil, 1, false, false, false, 2},
		{"one too few is stated", nil, -1, false, false, true, 2},
		{"the range has an end_date in the past", func(a *fakeArchive, _, _ int) { grow(a, 1) }, 0, true, false, false, 3},
	} {
		synctest.Test(t, func(t *testing.T) {
			time.Sleep(time.Until(now))
			a := fewDays()
			a.after = test.after
			rg := rg
			rg.Open = !test.closed
			r := readAs(t, rewritten(a, func(body string) string {
				return strings.Replace(body, `"total":50`, fmt.Sprintf(`"total":%d`, 50+test.off), 1)
			}), rg)
			last := r.windows[len(r.windows)-1]
			if !last.From.Equal(utc("2026-03-08")) || last.Complete != test.complete || last.Moving != test.moving || last.Reads != test.reads {
				t.Errorf("%s: the last of the windows %+v, want complete %v, moving %v, %d reads", test.name, r.windows, test.complete, test.moving, test.reads)
			}
			for _, w := range r.windows[:len(r.windows)-1] {
				if !w.Complete || w.Moving {
					t.Errorf("%s: the window before is %+v", test.name, w)
				}
			}
		})
	}
}

// Moving days that no query reaches together are read day by day.
func TestMovingCap(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		now := utc("2026-03-08 04:00:00")
		time.Sleep(time.Until(now))
		a := &fakeArchive{order: "newest", dates: "start"}
		for i := range 26000 {
			at := utc("2026-03-07").Add(time.Duration(i) * 3800 * time.Millisecond)
			a.add(at, at)
		}
		r := readAs(t, a, Range{From: utc("2026-03-07"), To: now, Now: now, Open: true})
		a.whole(t, r)
		if len(r.windows) != 2 || r.unsettled() > 0 {
			t.Errorf("the windows are %+v", r.windows)
		}
	})
}

// TestMovingArchive reads 4,000 chats while one in 15 requests is deleted and one in
// three shows up late, having ended within the last two hours. The next run brings
// what the first did not, and the first has said that something may be missing.
func TestMovingArchive(t *testing.T) {
	var lost, again, incomplete, moving, requests int
	for _, dates := range []string{"start", "end"} {
		for seed := range uint64(10) {
			synctest.Test(t, func(t *testing.T) {
				random := rand.New(rand.NewPCG(seed, 7))
				now := utc("2026-03-08").Add(time.Duration(random.IntN(24*60)) * time.Minute)
				time.Sleep(time.Until(now))
				a := &fakeArchive{order: "newest", dates: dates}
				ended := func(end time.Time) {
					a.add(end.Add(-time.Duration(random.IntN(3600))*time.Second), end)
				}
				for i := range 4000 {
					ended(now.Add(-time.Duration(i) * 21 * time.Minute)) // 58 days
				}
				before := a.ids()
				a.after = func(a *fakeArchive, _, asked int) {
					if asked%15 == 0 {
						no := a.chats[random.IntN(len(a.chats))].no
						delete(before, fakeChat{no: no}.id())
						a.remove(no)
					}
					if asked%3 == 0 {
						ended(now.Add(-time.Duration(random.IntN(7200)) * time.Second))
					}
				}
				workers := []int{1, 4, 8}[seed%3]
				archive := func() tested { return newTestClient(t, a, func(o *Options) { o.Workers = workers }) }
				rg := Range{From: now.AddDate(0, 0, -60), To: now, Now: now, Open: true}
				first := read(t.Context(), archive(), rg)
				first.check(t, rg)
				said := false
				rg.From = now.Add(-settling) // what the next run reads
				for _, w := range first.windows {
					if said = said || !w.Complete || w.Moving; !w.Complete && w.From.Before(rg.From) {
						rg.From = w.From
					}
					if w.Moving {
						moving++
					}
				}
				missing := 0
				for id := range before {
					if first.chats[id] == 0 {
						missing++
					}
				}
				lost, again, incomplete, requests = lost+missing, again+len(a.missing(first)), incomplete+first.unsettled(), requests+a.asked
				if missing > 0 && !said {
					t.Errorf("seed %d by %s: %d chats did not come, and the windows are %+v", seed, dates, missing, first.windows)
				}
				a.after = nil
				next := read(t.Context(), archive(), rg)
				next.check(t, rg)
				for _, id := range a.missing(next) {
					if first.chats[id] == 0 {
						t.Errorf("seed %d by %s: %s did not come in two runs", seed, dates, id)
					}
				}
			})
		}
	}
	t.Logf("20 first runs: %d requests; %d chats that were there did not come, with the late ones %d; %d windows not complete, %d moving", requests, lost, again, incomplete, moving)
}
