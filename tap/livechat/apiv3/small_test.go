package apiv3

import (
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"tap-livechat/tap/source"
)

// TestSmallRuns: what an incremental run costs: its pages, and no other request where one
// worker reads them; the first page, which tells how many there are, is not read twice.
func TestSmallRuns(t *testing.T) {
	rg := source.Range{From: day(0), To: day(10), Now: day(10)}
	for _, n := range []int{1, 90, 150, 290, 390, 580, 780} {
		for _, workers := range []int{1, 4} {
			archive := filled(n, rg.From, rg.To, "even")
			synctest.Test(t, func(t *testing.T) {
				time.Sleep(time.Until(rg.Now))
				r := readToy(t, archive, rg, workers)
				checkCame(t, archive, r, rg)
				windows := min(20, max(pagesOf(n)/2, 1)) // that may be made
				if most := pagesOf(n) + windows - 1; r.requests > most {
					t.Errorf("%d threads, %d workers: %d requests, want at most %d", n, workers, r.requests, most)
				}
			})
		}
	}
}

// TestOtherTimes: lists that hold threads by when they ended leave windows incomplete,
// which say what was seen.
func TestOtherTimes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		rg := source.Range{From: theNow.AddDate(0, 0, -20), To: theNow, Now: theNow, Open: true}
		r := readSandbox(t, newSandbox(t, "chats=900&days=25&long_chats=0.2&v3_dates=ended"), 4, rg)
		if r.err != nil || r.incomplete() == 0 {
			t.Errorf("%v, %d windows are incomplete", r.err, r.incomplete())
		}
		for _, w := range r.windows {
			if !w.Complete && !strings.Contains(w.Cause, "LiveChat does not list in the order of created_at: thread T") {
				t.Errorf("%+v", w)
			}
		}
	})
}

// TestSameMilli: threads of one millisecond are in order, whatever their microseconds.
func TestSameMilli(t *testing.T) {
	rg := source.Range{From: day(0), To: day(10), Now: day(10)}
	archive := &toy{dense: true}
	for i := range 300 {
		at := day(0).Add(time.Duration(i/4) * time.Hour)
		archive.add(at, at.Add(time.Minute))
		archive.threads[i].says = at.Add(time.Duration(900-i%4*100) * time.Microsecond)
	}
	inBubble(t, archive, rg)
}

// TestBudget: a run whose requests are bounded has got on when they are spent.
func TestBudget(t *testing.T) {
	rg := source.Range{From: day(0), To: day(365), Now: day(365)}
	for _, n := range []int{4000, 40_000} {
		for _, budget := range []int{20, 60, 200} {
			synctest.Test(t, func(t *testing.T) {
				time.Sleep(time.Until(rg.Now))
				archive := filled(n, rg.From, rg.To, "even")
				archive.latency = 100 * time.Millisecond
				o := options(8, archive.sort())
				o.MaxRequests = budget
				a, _ := archiveOf(t, o)
				reported := 0
				for step, err := range a.Read(t.Context(), rg) {
					if err != nil && !errors.Is(err, source.ErrBudget) {
						t.Fatal(err)
					}
					if step.Window != nil {
						reported += step.Window.Chats
					}
				}
				if want := min(budget, pagesOf(n)) * maxPage / 3; reported < want {
					t.Errorf("%d threads, %d requests: %d threads are in windows that were reported, want %d", n, budget, reported, want)
				}
			})
		}
	}
}

// TestManyWorkers: however many workers are idle, windows are shared only as long as
// that is within what is promised.
func TestManyWorkers(t *testing.T) {
	rg := source.Range{From: day(0), To: day(365), Now: day(365)}
	for _, n := range []int{4000, 12_000} {
		synctest.Test(t, func(t *testing.T) {
			time.Sleep(time.Until(rg.Now))
			archive := filled(n, rg.From, rg.To, "even")
			archive.latency = 100 * time.Millisecond
			r := readToy(t, archive, rg, 100)
			checkCame(t, archive, r, rg)
			if most := cost(n); r.requests > most {
				t.Errorf("%d threads: %d requests, at most %d are promised", n, r.requests, most)
			}
		})
	}
}
