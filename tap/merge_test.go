package tap

import (
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"tap-livechat/catalog"
	"tap-livechat/tap/source/sourcetest"
	"tap-livechat/tap/state"
)

// A backfill in parts, side by side, whose states are put together, and the next
// run from there deliver what one run does, and the next run from it.
func TestPartsAreOneRun(t *testing.T) {
	for _, api := range []string{catalog.V2, catalog.V3} {
		for seed := range 4 {
			if sourcetest.Race && seed != 1 {
				continue
			}
			dates := []string{"start", "end"}[seed%2]
			t.Run(fmt.Sprint("v", api, " ", dates, " ", seed), func(t *testing.T) {
				t.Parallel()
				r := rand.New(rand.NewPCG(uint64(seed), 9))
				switches := fmt.Sprintf("chats=250&days=44&seed=%d&dates=%s&long_chats=0.2&pending=15&pending_dates=%s", seed, dates, []string{"start", "today", "always"}[seed%3])
				withEnv(t, switches, func(t *testing.T, w *env) {
					w.config.APIVersion = api
					selection := catalog.Default(api)
					read := func(from state.State, start, end time.Time) result {
						return w.sync(from, func(o *Options) {
							o.Config.StartDate, o.Config.EndDate, o.Selection = start, end, selection
						})
					}
					borders := []time.Time{w.config.StartDate}
					n := 2 + r.IntN(7)
					if seed == 0 {
						n = 8
					}
					for k := 1; k < n; k++ {
						at := w.config.StartDate.Add(time.Duration(k) * w.now.Sub(w.config.StartDate) / time.Duration(n))
						if seed%3 > 0 {
							at = at.Add(day / 2).Truncate(day)
						}
						borders = append(borders, at)
					}
					borders = append(borders, w.now)
					results := make([]result, n)
					var wait sync.WaitGroup
					for k := range n {
						wait.Go(func() { results[k] = read(state.State{}, borders[k], borders[k+1]) })
					}
					wait.Wait()
					whole := &transcript{latest: make(map[string]map[string]message), count: make(map[string]int)}
					var states []state.Named
					for k, part := range results {
						if part.err != nil {
							t.Fatal(part.err)
						}
						tr := readTranscript(t, part.out, checks{every: 50})
						whole.union(tr)
						states = append(states, state.Named{Name: fmt.Sprint(k), State: tr.last(t)})
					}
					r.Shuffle(n, func(i, j int) { states[i], states[j] = states[j], states[i] })
					merged, err := state.Merge(states)
					if err != nil {
						t.Fatal(err)
					}
					once := readTranscript(t, read(state.State{}, w.config.StartDate, time.Time{}).out, checks{every: 50})
					sameTables(t, once, whole)
					kept := once.last(t)
					for range 3 {
						w.at(w.now.Add(time.Duration(20+r.IntN(60)) * time.Hour))
						for _, chain := range []struct {
							all  *transcript
							last *state.State
						}{{whole, &merged}, {once, &kept}} {
							tr := readTranscript(t, read(*chain.last, w.config.StartDate, time.Time{}).out, checks{every: 50, repeats: true})
							chain.all.union(tr)
							*chain.last = tr.last(t)
						}
					}
					sameTables(t, once, whole)
					if api == catalog.V2 { // of v3.6, others see that a run is complete
						w.wantAll(whole, w.config.StartDate, nil)
					}
				})
			})
		}
	}
}

// sameTables compares what targets make of two transcripts.
func sameTables(t *testing.T, want, got *transcript) {
	t.Helper()
	for stream, records := range want.latest {
		for key, m := range records {
			if diff := cmp.Diff(m.record, got.latest[stream][key].record); diff != "" {
				t.Fatalf("%s of %s (-one run +parts):\n%s", key, stream, diff)
			}
		}
		if len(got.latest[stream]) != len(records) {
			t.Errorf("%s has %d rows, want %d", stream, len(got.latest[stream]), len(records))
		}
	}
}
