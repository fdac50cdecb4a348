package apiv3

import (
	"math/rand/v2"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"tap-livechat/tap/source"
)

// TestMoving: of an archive that moves while it is read, one thread deleted per 15
// requests and one that shows up late per 3, created within the last two hours, nothing
// is lost in silence: all comes, or its window is incomplete, or it is so young that the
// next run lists it again and brings it.
func TestMoving(t *testing.T) {
	const n, lookback = 4000, 6 * time.Hour
	incomplete, late := 0, 0
	for seed := range uint64(10) {
		synctest.Test(t, func(t *testing.T) {
			time.Sleep(time.Until(day(40)))
			rng := rand.New(rand.NewPCG(seed, 1))
			archive := filled(n, day(0), day(40), []string{"even", "growing", "office"}[seed%3])
			archive.latency = 300 * time.Millisecond
			lists := 0
			archive.before = func(a *toy, action string, _ bool) {
				if action != "list_archives" {
					return
				}
				if lists++; lists%15 == 0 {
					at := rng.IntN(len(a.threads))
					a.threads = slices.Delete(a.threads, at, at+1)
				}
				if lists%3 == 0 {
					at := time.Now().Add(-time.Duration(rng.Int64N(int64(2 * time.Hour))))
					a.addAs(n+lists, at, at.Add(time.Minute))
				}
				a.sort()
			}
			read := func(from time.Time) result {
				return readToy(t, archive, source.Range{From: from, To: time.Now(), Now: time.Now(), Open: true}, 4)
			}
			first := read(day(0))
			began := day(40)
			incomplete += first.incomplete()
			for _, x := range archive.threads {
				listed := slices.IndexFunc(first.windows, func(w source.Window) bool { return !x.start.Before(w.From) && x.start.Before(w.To) })
				switch {
				case first.came[x.id] > 0:
				case !x.start.Before(began.Add(-lookback)):
					late++
				case listed < 0 || first.windows[listed].Complete:
					t.Errorf("seed %d: %s of %v did not come, and nothing says so", seed, x.id, x.start)
				}
			}
			archive.before = nil
			time.Sleep(time.Hour)
			second := read(began.Add(-lookback).Truncate(24 * time.Hour))
			for _, x := range archive.threads {
				if first.came[x.id]+second.came[x.id] == 0 && first.incomplete() == 0 {
					t.Errorf("seed %d: %s of %v did not come in two runs", seed, x.id, x.start)
				}
			}
			if second.incomplete() > 0 {
				t.Errorf("seed %d: the archive is at rest, and %d windows are incomplete", seed, second.incomplete())
			}
		})
	}
	if late == 0 {
		t.Error("no thread showed up late")
	}
	t.Logf("%d threads came with the next run, %d windows are incomplete", late, incomplete)
}

// TestAlwaysOneMore: a number that is always one too high is never complete by itself,
// whether the archive is at rest or moves.
func TestAlwaysOneMore(t *testing.T) {
	for _, moves := range []bool{false, true} {
		for _, n := range []int{30, 250, 3000} {
			synctest.Test(t, func(t *testing.T) {
				rg := source.Range{From: day(0), To: day(10), Now: day(10)}
				time.Sleep(time.Until(rg.Now))
				archive := filled(n, rg.From, rg.To, "even")
				archive.count = func(n int) int { return n + 1 }
				lists := 0
				archive.before = func(a *toy, action string, _ bool) {
					if lists++; moves && lists%4 == 0 {
						a.threads = slices.Delete(a.threads, lists%len(a.threads), lists%len(a.threads)+1)
					}
				}
				r := readToy(t, archive, rg, 4)
				if r.incomplete() == 0 || r.windows[len(r.windows)-1].Complete {
					t.Errorf("moves %v, %d: %d of %d windows are incomplete", moves, n, r.incomplete(), len(r.windows))
				}
				for _, w := range r.windows {
					if !w.Complete && (w.Reads != 2 || w.Cause != "" || w.Chats >= w.Total) {
						t.Errorf("moves %v, %d: %+v", moves, n, w)
					}
				}
			})
		}
	}
}

// TestLostInPart: a thread that is counted and never listed leaves exactly its window
// incomplete, wherever the window gives parts away, also where as many come twice since
// windows overlap.
func TestLostInPart(t *testing.T) {
	rg := source.Range{From: day(0), To: day(10), Now: day(10)}
	for _, shape := range []string{"even", "spikes", "threes"} {
		for at := 0; at < 3000; at += 311 {
			synctest.Test(t, func(t *testing.T) {
				time.Sleep(time.Until(rg.Now))
				archive := filled(3000, rg.From, rg.To, shape)
				if shape == "threes" {
					archive = byThrees(3000, rg.From, rg.To)
				}
				archive.latency = 100 * time.Millisecond
				lost := &archive.sort().threads[at]
				lost.lost = true
				r := readToy(t, archive, rg, 8)
				checkCame(t, archive, r, rg)
				for _, w := range r.windows {
					if has := !lost.start.Before(w.From.Add(-overlap)) && !lost.start.After(w.To); !w.Complete && !has {
						t.Errorf("%s %d: %+v is incomplete", shape, at, w)
					}
				}
				if n := r.incomplete(); n == 0 || n > 2 {
					t.Errorf("%s %d: %d windows are incomplete", shape, at, n)
				}
			})
		}
	}
}

// TestEarlyBookmark: the first windows are small, so that a run which is interrupted has
// got on. It takes three requests one after the other, of which each may wait for a worker.
func TestEarlyBookmark(t *testing.T) {
	rg := source.Range{From: day(0), To: day(365), Now: day(365)}
	for _, n := range []int{2000, 20_000, 40_000} {
		for _, workers := range []int{1, 4, 8} {
			synctest.Test(t, func(t *testing.T) {
				time.Sleep(time.Until(rg.Now))
				archive := filled(n, rg.From, rg.To, "even")
				archive.latency = 100 * time.Millisecond
				a, client := archiveOf(t, options(workers, archive.sort()))
				for step, err := range a.Read(t.Context(), rg) {
					if err != nil {
						t.Fatal(err)
					}
					if step.Window == nil {
						continue
					}
					if requests := client.Usage().Requests; requests > 2+6*(workers+prefetched) || step.Window.Chats < 100 || !step.Window.Complete {
						t.Errorf("%d threads, %d workers: the first window, %+v, comes after %d requests", n, workers, *step.Window, requests)
					}
					return
				}
			})
		}
	}
}
