package tap

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"regexp"
	"strings"
	"testing"
	"time"

	"tap-livechat/catalog"
	"tap-livechat/tap/singer"
	"tap-livechat/tap/source"
	"tap-livechat/tap/state"
)

// refuse accepts so many bytes and then fails, perhaps in the middle of a line.
type refuse struct {
	bytes.Buffer
	left    int
	partial bool
}

func (r *refuse) Write(b []byte) (int, error) {
	if len(b) <= r.left {
		r.left -= len(b)
		return r.Buffer.Write(b)
	}
	n := 0
	if r.partial {
		n, _ = r.Buffer.Write(b[:r.left])
	}
	r.left = 0
	return n, errors.New("no space left on device")
}

// ender ends the run once so many bytes were written.
type ender struct {
	bytes.Buffer
	left   int
	cancel context.CancelCauseFunc
}

var errEnded = errors.New("ended by the test")

func (e *ender) Write(b []byte) (int, error) {
	if e.left -= len(b); e.left < 0 {
		e.cancel(errEnded)
	}
	return e.Buffer.Write(b)
}

// TestSyncCutOff cuts runs off at random places, by a target that takes no more
// and by a signal, and goes on from the last STATE until the archive is read.
func TestSyncCutOff(t *testing.T) {
	for i := range 3 {
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			t.Parallel()
			r := rand.New(rand.NewPCG(uint64(i), 1))
			dates := []string{"start", "end"}[i%2]
			withEnv(t, fmt.Sprintf("chats=400&days=40&seed=%d&fault_seed=%d&dates=%s&long_chats=0.05&rate_503=0.05&rate_cut=0.05", i, i, dates), func(t *testing.T, w *env) {
				whole := &transcript{latest: make(map[string]map[string]message), count: make(map[string]int)}
				var kept state.State
				earlier := make(map[string]bool)
				marks := make(map[string]time.Time)
				cuts := 0
				for ; cuts < 60; cuts++ {
					at := r.IntN(4 << 20)
					ctx, cancel := context.WithCancelCause(context.Background())
					var got []byte
					var change func(*Options)
					switch i % 3 {
					case 0, 1:
						out := &refuse{left: at, partial: i%3 == 1}
						change = func(o *Options) { o.Out = out }
						defer func() { _ = out }()
						res := w.syncContext(ctx, kept, small(change))
						got = out.Bytes()
						var output *singer.OutputError
						if res.err != nil && !errors.As(res.err, &output) && !errors.Is(res.err, source.ErrBudget) {
							t.Fatal(res.err)
						}
						if res.err == nil {
							cuts = 1000
						}
					default:
						out := &ender{left: at, cancel: cancel}
						res := w.syncContext(ctx, kept, small(func(o *Options) { o.Out = out }))
						got = out.Bytes()
						if res.err != nil && !errors.Is(res.err, errEnded) && !errors.Is(res.err, source.ErrBudget) {
							t.Fatal(res.err)
						}
						if res.err == nil {
							cuts = 1000
						}
					}
					cancel(nil)
					tr := readTranscript(t, got, checks{cutOff: i%3 != 2, every: 31})
					w.covered(tr, earlier)
					for _, s := range tr.states {
						for _, m := range tr.latest["chats"] {
							if m.line < s.line {
								earlier[m.record["id"].(string)] = true
							}
						}
					}
					for stream, mark := range marks {
						if len(tr.states) > 0 && tr.states[0].marks[stream].Before(mark) {
							t.Errorf("the bookmark of %s goes back from run to run", stream)
						}
					}
					if len(tr.states) > 0 {
						kept, marks = tr.last(t), tr.states[len(tr.states)-1].marks
					}
					whole.union(tr)
				}
				if cuts < 1000 {
					t.Fatal("the archive was never read to its end")
				}
				w.wantAll(whole, w.config.StartDate, ordinary)
			})
		})
	}
}

// small makes the windows small: with a budget they are.
func small(change func(*Options)) func(*Options) {
	return func(o *Options) {
		o.Config.MaxRequests = 24 // windows of 150 chats
		if change != nil {
			change(o)
		}
	}
}

// A budget cuts a backfill into runs; together they are whole, each gets on,
// and little is repeated.
func TestSyncBudget(t *testing.T) {
	for _, budget := range []int{12, 24} {
		for _, dates := range []string{"start", "end"} {
			t.Run(fmt.Sprint(budget, dates), func(t *testing.T) {
				t.Parallel()
				withEnv(t, "chats=400&days=35&shape=even&dates="+dates, func(t *testing.T, w *env) {
					whole := &transcript{latest: make(map[string]map[string]message), count: make(map[string]int)}
					var kept state.State
					runs, requests := 1, 0
					for ; ; runs++ {
						r := w.sync(kept, func(o *Options) { o.Config.MaxRequests, o.Config.LookbackDays = budget, 0 })
						tr := readTranscript(t, r.out, checks{every: 9})
						if r.requests > budget {
							t.Errorf("%d requests", r.requests)
						}
						requests += r.requests
						whole.union(tr)
						kept = tr.last(t)
						if r.err == nil {
							break
						}
						if !errors.Is(r.err, source.ErrBudget) {
							t.Fatal(r.err)
						}
						if runs > 60 {
							t.Fatalf("it does not get on: %s", tr.states[len(tr.states)-1].text)
						}
					}
					w.wantAll(whole, w.config.StartDate, nil)
					t.Logf("%d runs, %d requests for 16 pages, %d records twice of %d", runs, requests, whole.twice, whole.count["chats"]+whole.count["messages"]+whole.count["events"])
				})
			})
		}
	}
}

// Through v3.6, where windows are read side by side, a run must not spend its budget
// on many of which none is complete at the end.
func TestSyncBudgetV3(t *testing.T) {
	for _, budget := range []int{16, 40} {
		for _, workers := range []int{1, 4, 8} {
			t.Run(fmt.Sprintf("%d requests, %d workers", budget, workers), func(t *testing.T) {
				t.Parallel()
				withEnv(t, "chats=3000&days=35", func(t *testing.T, w *env) {
					var kept state.State
					runs, requests := 1, 0
					for ; ; runs++ {
						r := w.sync(kept, func(o *Options) {
							o.Config.APIVersion, o.Config.MaxRequests, o.Config.MaxConcurrentRequests = catalog.V3, budget, workers
							o.Selection = catalog.Default(catalog.V3)
							o.Selection.Streams = o.Selection.Streams[:1]
						})
						requests += r.requests
						if r.err == nil {
							break
						}
						if !errors.Is(r.err, source.ErrBudget) {
							t.Fatal(r.err)
						}
						if kept = readTranscript(t, r.out, checks{every: 31}).last(t); runs > 40 {
							t.Fatalf("it does not get on: %v", kept)
						}
					}
					t.Logf("%d runs, %d requests for 30 pages", runs, requests)
					if requests > 4*30 {
						t.Errorf("%d requests for 30 pages", requests)
					}
				})
			})
		}
	}
}

// A budget that is too small for one window would be spent at the same place in
// each run. The error says so.
func TestSyncBudgetTooSmall(t *testing.T) {
	withEnv(t, "chats=700&days=35", func(t *testing.T, w *env) {
		r := w.sync(state.State{}, func(o *Options) { o.Config.MaxRequests = 3 })
		var hint interface{ Hint() string }
		if !errors.Is(r.err, source.ErrBudget) || !errors.As(r.err, &hint) || !strings.Contains(hint.Hint(), "raise max_requests") || r.requests != 3 {
			t.Errorf("%v, %d requests", r.err, r.requests)
		}
	})
}

// A run that is cut off says from where the next one goes on and what that repeats: all,
// if no bookmark has moved. The next run begins there.
func TestSyncSaysWhatIsRepeated(t *testing.T) {
	says := regexp.MustCompile(`the next run goes on from (\S+), the look-back included, and repeats (\d+) of the (\d+) requests of this run$`)
	for budget, all := range map[int]bool{3: true, 100: false} {
		withEnv(t, "chats=4000&days=45&shape=even&long_chats=0", func(t *testing.T, w *env) {
			ctx, cancel := context.WithCancelCause(t.Context())
			defer cancel(nil)
			r := w.syncContext(ctx, state.State{}, func(o *Options) {
				o.Config.MaxConcurrentRequests = 1
				o.Progress = func(p Progress) {
					if p.Requests >= budget {
						cancel(errEnded)
					}
				}
			})
			var hint interface{ Hint() string }
			if !errors.Is(r.err, errEnded) || !errors.As(r.err, &hint) {
				t.Fatal(r.err)
			}
			found := says.FindStringSubmatch(hint.Hint())
			if found == nil || (found[2] == found[3]) != all {
				t.Fatalf("%d requests: %s", r.requests, hint.Hint())
			}
			next := w.complete(readTranscript(t, r.out, checks{}).last(t), nil)
			if !strings.Contains(next.log, "from="+found[1]) {
				t.Errorf("%s; the next run: %.300s", hint.Hint(), next.log)
			}
		})
	}
}

// A service that only fails ends the run, soon and without a message.
func TestSyncRefused(t *testing.T) {
	for _, test := range []struct {
		switches string
		most     int
	}{
		{"status=400", 1}, {"status=401", 1}, {"status=403", 1}, {"status=404", 1}, {"redirect=http://127.0.0.1:1", 1},
		{"status=500", 9}, {"status=429", 9}, {"rate_html=1&fault_burst=0", 9}, {"rate_null=1&fault_burst=0", 9}, {"rate_empty=1&fault_burst=0", 9},
		{"rate_broken=1&fault_burst=0", 9}, {"rate_reset=1&fault_burst=0", 20}, {"rate_stall_header=1&fault_burst=0", 9}, {"rate_stall_body=1&fault_burst=0", 9},
		{"rate_no_total=1&fault_burst=0", 9}, {"misdirected=e", 2}, {"deep=100000", 9}, {"access_token=other", 1},
	} {
		t.Run(test.switches, func(t *testing.T) {
			withEnv(t, "chats=100&"+test.switches, func(t *testing.T, w *env) {
				start := time.Now()
				r := w.sync(state.State{}, nil)
				var hint interface{ Hint() string }
				if r.err == nil || !errors.As(r.err, &hint) || hint.Hint() == "" {
					t.Errorf("%v", r.err)
				}
				if len(r.out) > 0 {
					t.Errorf("%.300s", r.out)
				}
				if r.requests > test.most {
					t.Errorf("%d requests", r.requests)
				}
				if d := time.Since(start); d > 10*time.Minute {
					t.Errorf("it took %s", d)
				}
			})
		})
	}
}

// A service that fails in the middle leaves a state to go on from.
func TestSyncFailsLater(t *testing.T) {
	withEnv(t, "chats=1500&days=45&shape=even&long_chats=0&fail_after=50", func(t *testing.T, w *env) {
		r := w.sync(state.State{}, func(o *Options) { o.Config.MaxRequests, o.Config.MaxRetries = 80, 1 })
		tr := readTranscript(t, r.out, checks{})
		w.covered(tr, nil)
		if r.err == nil || !tr.states[len(tr.states)-1].marks["chats"].After(w.config.StartDate) || r.requests >= 80 || errors.Is(r.err, source.ErrBudget) {
			t.Errorf("%v, %d requests, %v", r.err, r.requests, tr.states)
		}
	})
}
