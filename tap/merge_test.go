package tap

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"tap-livechat/catalog"
	"tap-livechat/tap/source/sourcetest"
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
				inWorld(t, switches, func(t *testing.T, w *world) {
					w.config.APIVersion = api
					selection := catalog.Default(api)
					read := func(from State, start, end time.Time) result {
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
							at = midnightNear(at)
						}
						borders = append(borders, at)
					}
					borders = append(borders, w.now)
					results := make([]result, n)
					var wait sync.WaitGroup
					for k := range n {
						wait.Go(func() { results[k] = read(State{}, borders[k], borders[k+1]) })
					}
					wait.Wait()
					whole := &transcript{latest: make(map[string]map[string]message), count: make(map[string]int)}
					var states []NamedState
					for k, part := range results {
						if part.err != nil {
							t.Fatal(part.err)
						}
						tr := readTranscript(t, part.out, checks{every: 50})
						whole.union(tr)
						states = append(states, NamedState{fmt.Sprint(k), tr.last(t)})
					}
					r.Shuffle(n, func(i, j int) { states[i], states[j] = states[j], states[i] })
					merged, err := MergeStates(states)
					if err != nil {
						t.Fatal(err)
					}
					once := readTranscript(t, read(State{}, w.config.StartDate, time.Time{}).out, checks{every: 50})
					sameTables(t, once, whole)
					state := once.last(t)
					for range 3 {
						w.at(w.now.Add(time.Duration(20+r.IntN(60)) * time.Hour))
						for _, chain := range []struct {
							all  *transcript
							last *State
						}{{whole, &merged}, {once, &state}} {
							tr := readTranscript(t, read(*chain.last, w.config.StartDate, time.Time{}).out, checks{every: 50, repeats: true})
							chain.all.union(tr)
							*chain.last = tr.last(t)
						}
					}
					sameTables(t, once, whole)
					if api == catalog.V2 { // of v3.6, others see that a run is complete
						w.holds(whole, w.config.StartDate, nil)
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

func TestMergeStates(t *testing.T) {
	at := func(d int) time.Time { return time.Date(2026, 1, d, 0, 0, 0, 0, time.UTC) }
	// of is the state of a part.
	of := func(name string, from, to int, open ...OpenChat) NamedState {
		s := State{}.With("chats", "ended_timestamp", Bookmark{At: at(to).Add(-time.Hour), API: "2", Searched: true, Open: open})
		return NamedState{name, s.WithPart(&Part{at(from), at(to), true})}
	}
	change := func(s NamedState, f func(State) State) NamedState { return NamedState{s.Name, f(s.State)} }
	a, b, c := of("a", 1, 5, OpenChat{ID: "X", Since: at(2), Asked: at(20), Missed: 1}), of("b", 5, 9, OpenChat{ID: "Y"}), of("c", 9, 12, OpenChat{ID: "X"}, OpenChat{ID: "Z", Since: at(11), Asked: at(20)})
	for _, test := range []struct {
		name string
		all  []NamedState
		want string // a state, or what the error says
	}{
		{"in any order", []NamedState{c, a, b}, `{"bookmarks":{"chats":{"api":"2","ended_timestamp":"2026-01-11T23:00:00Z","open_chats":["X","Y",{"id":"Z","since":"2026-01-11T00:00:00Z","asked":"2026-01-20T00:00:00Z","missed":0}]}},"part":null}`},
		{"alone", []NamedState{b}, `{"bookmarks":{"chats":{"api":"2","ended_timestamp":"2026-01-08T23:00:00Z","open_chats":["Y"]}},"part":null}`},
		{"overlap", []NamedState{a, of("wide", 3, 11), b}, `{"bookmarks":{"chats":{"api":"2","ended_timestamp":"2026-01-10T23:00:00Z","open_chats":[{"id":"X","since":"2026-01-02T00:00:00Z","asked":"2026-01-20T00:00:00Z","missed":1},"Y"]}},"part":null}`},
		{"none", nil, "there are none"},
		{"gap", []NamedState{a, c}, "nobody has read 2026-01-05T00:00:00Z to 2026-01-09T00:00:00Z, before c"},
		{"no part", []NamedState{a, change(b, func(s State) State { return s.WithPart(nil) })}, "b is the state of no part"},
		{"cut off", []NamedState{a, change(b, func(s State) State { return s.WithPart(&Part{at(5), at(9), false}) })}, "b (2026-01-05T00:00:00Z to 2026-01-09T00:00:00Z) was not read to the end"},
		{"search owed", []NamedState{change(a, func(s State) State {
			return s.With("chats", "ended_timestamp", Bookmark{At: at(4), API: "2"})
		})}, "a (2026-01-01T00:00:00Z to 2026-01-05T00:00:00Z) was not read to the end"},
		{"other API", []NamedState{a, change(b, func(s State) State {
			return s.With("chats", "ended_timestamp", Bookmark{At: at(8), API: "3", Searched: true})
		})}, "a and b differ in the API, 2 and 3"},
		{"other streams", []NamedState{a, change(b, func(s State) State {
			return s.With("events", "chat_ended", Bookmark{At: at(8), API: "2", Searched: true})
		})}, `a and b differ in their streams, "chats" and "chats events"`},
		{"all that is wrong", []NamedState{change(a, func(s State) State { return s.WithPart(&Part{at(1), at(5), false}) }), change(c, func(s State) State { return s.WithPart(&Part{at(9), at(12), false}) })},
			"a (2026-01-01T00:00:00Z to 2026-01-05T00:00:00Z) was not read to the end\nthe states cannot be put together: c (2026-01-09T00:00:00Z to 2026-01-12T00:00:00Z) was not read to the end\nthe states cannot be put together: nobody has read 2026-01-05T00:00:00Z to 2026-01-09T00:00:00Z, before c"},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, err := MergeStates(test.all)
			var text string
			var failed *MergeError
			switch {
			case err == nil:
				b, _ := got.MarshalJSON()
				text = string(b)
			case errors.As(err, &failed) && failed.Hint() != "":
				text = strings.TrimPrefix(err.Error(), "the states cannot be put together: ")
			default:
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, text); diff != "" {
				t.Error(diff)
			}
		})
	}
}
