package tap

import (
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"tap-livechat/catalog"
	"tap-livechat/tap/config"
	"tap-livechat/tap/source/sourcetest"
	"tap-livechat/tap/state"
)

var (
	gridSeeds = flag.Int("grid.seeds", 60, "how many histories TestHistories goes through")
	gridFirst = flag.Int("grid.first", 1, "the seed of the first of them")
	gridLog   = flag.Bool("grid.log", false, "print the log of each run of a history that has failed")
)

// historyPlan is what an archive and the runs over it are like.
type historyPlan struct {
	api      string
	switches string
	start    time.Time // start_date
	clock    time.Duration
	live     bool // time goes by while a run is under way
	moves    bool // chats come and go while a run is under way
	stale    bool
	late     bool // chats change after their end
	behind   bool // the service's clock is: what has ended since lies in the future for it
	lossy    bool // not even two readings need to bring all there is
	loses    bool // a list may lack some of what there is
	blind    bool // what is lost shows nowhere, and a warning says that it may be so
	twice    bool // what is lost shows nowhere: the same list may be said to be empty two times
	endless  bool // some windows never add up
	lookback int
	parts    string // how end_dates cut the archive: "", "handed", "apart", "moving"
}

func pick[T any](r *rand.Rand, all ...T) T { return all[r.IntN(len(all))] }

// habits are what a service may do that none should, several at a time.
func habits(r *rand.Rand, p *historyPlan) (all []string) {
	seen := make(map[int]bool)
	for range r.IntN(4) {
		n := r.IntN(13)
		if seen[n] {
			continue
		}
		seen[n] = true
		switch n {
		case 0:
			off := pick(r, 1, 1, 2, 30, -1)
			if p.endless = p.endless || off > 0; off < 0 && p.moves {
				off = 0 // nothing is left then that tells of a chat that slipped past
			}
			all = append(all, fmt.Sprint("total_off=", off))
		case 1:
			all = append(all, "total_zero_once=0.3")
		case 2:
			all = append(all, "zero_once=0.3")
		case 3:
			all = append(all, "empty_once=0.1")
		case 4:
			all = append(all, fmt.Sprint("pages_off=", pick(r, 1, -1, 3, -2)))
		case 5:
			all = append(all, pick(r, "past_end=last", "past_end=400"))
		case 6:
			all = append(all, pick(r, "late_show=3h", "late_show=40m"))
		case 7:
			all = append(all, pick(r, "pending_404=once", "pending_404=always", "pending_asked=true"))
		case 8:
			all = append(all, pick(r, "clock=absent", "clock=archive&clock_off=30s", "clock=archive&clock_off=-7m", "clock=archive&clock_off=3h",
				"clock=archive&clock_off=-20h", "clock=archive&clock_off=30h"))
			p.behind = strings.Contains(all[len(all)-1], "-20h")
		case 9, 10:
			all = append(all, fmt.Sprintf("contradict=%.2f&contradict_seed=%d", 0.02+r.Float64()*pick(r, 0.05, 0.5), r.IntN(1000)))
		case 11:
			all = append(all, strings.TrimPrefix(ordinaryFaults, "&"))
			if r.IntN(2) == 0 {
				all = append(all, "rate_wrong_total=0.03")
				p.lossy, p.endless = p.lossy || p.moves, true
			}
		case 12:
			all = append(all, "late_changes=0.3", "late_by=5h")
			p.late = true
		}
	}
	return all
}

// planOf makes up an archive and how it is read.
func planOf(r *rand.Rand) historyPlan {
	p := historyPlan{api: catalog.V2, lookback: pick(r, 0, 1, 1, 3)}
	days := 4 + r.IntN(40)
	switches := []string{
		fmt.Sprintf("chats=%d&days=%d&seed=%d&fault_seed=%d", 20+r.IntN(pick(r, 60, 250)), days, r.IntN(1e6), r.IntN(1e6)),
		"dates=" + pick(r, "start", "start", "end", "overlap"), "pending_dates=" + pick(r, "start", "today", "always"),
		"order=" + pick(r, "newest", "newest", "oldest", "none"), "cap_total=" + pick(r, "true", "capped"),
		"shape=" + pick(r, "busyhours", "even", "bursty", "sparse", "spikes"),
		fmt.Sprintf("long_chats=%.2f&long_days=%d&pending=%d", pick(r, 0.02, 0.2, 0.5), pick(r, 1, 3, 12), r.IntN(9)),
		"clock=archive",
	}
	if r.IntN(10) == 0 {
		switches = append(switches, "odd=0.1&hostile=0.05")
	}
	switch r.IntN(7) {
	case 0:
		switches, p.moves = append(switches, fmt.Sprintf("drift_rate=%.2f", pick(r, 0.02, 0.1, 0.7))), true
	case 1:
		switches, p.moves = append(switches, fmt.Sprint("drift_vanish=", 5+r.IntN(30))), true
	case 2:
		switches, p.moves = append(switches, fmt.Sprintf("drift_end=%d&drift_vanish=%d", 3+r.IntN(30), 3+r.IntN(30))), true
	case 3:
		p.live, p.moves = true, true
		switches = append(switches, fmt.Sprintf("latency=%s", pick(r, "1s", "4s", "8s")))
	}
	switches = append(switches, habits(r, &p)...)
	p.switches = lastOfEach(strings.Join(switches, "&"))
	p.clock = pick(r, 0, 0, 0, time.Second, -time.Second, 5*time.Minute, -5*time.Minute, 3*time.Hour, -3*time.Hour)
	p.start = syncNow.Add(-time.Duration(r.IntN(days*24*3600)) * time.Second)
	if r.IntN(3) == 0 {
		p.start = p.start.Truncate(day)
	}
	if r.IntN(6) == 0 {
		p.start = syncNow.AddDate(-2, 0, 0)
	}
	p.parts = pick(r, "", "", "", "handed", "apart", "moving")
	return p
}

// lastOfEach keeps of each switch what is said last.
func lastOfEach(switches string) string {
	said := make(map[string]string)
	for _, one := range strings.Split(switches, "&") {
		name, value, _ := strings.Cut(one, "=")
		said[name] = value
	}
	var all []string
	for _, name := range slices.Sorted(maps.Keys(said)) {
		all = append(all, name+"="+said[name])
	}
	return strings.Join(all, "&")
}

// ask makes up one run.
func (h *history) ask(start, end time.Time, final bool) asked {
	r := h.r
	a := asked{start: start, end: end, lookback: h.plan.lookback, streams: []string{"chats", "messages", "events"}, workers: pick(r, 1, 2, 4, 4, 8), mismatch: config.FailOnMismatch}
	if final || r.IntN(5) < 2 {
		return a
	}
	a.cut = pick(r, "a budget", "a closed pipe", "a kill", "a signal", "the service")
	if h.plan.api == catalog.V3 && r.IntN(6) == 0 {
		a.cut = "the token"
	}
	switch a.cut {
	case "a budget":
		a.at = 4 + r.IntN(30)
	case "the service", "the token":
		a.at = r.IntN(25)
	default:
		a.at = r.IntN(pick(r, 20<<10, 300<<10, 2<<20))
	}
	return a
}

// live goes through the history.
func (h *history) live() {
	r, p := h.r, h.plan
	var kept state.State
	streams := pick(r, nil, nil, []string{"chats"}, []string{"messages", "chats"})
	pending := r.IntN(6) == 0
	turn := func(kept state.State, start, end time.Time, final bool) (state.State, error) {
		a := h.ask(start, end, final)
		a.pending = pending
		if streams != nil && !final {
			if a.streams = streams; r.IntN(3) == 0 {
				streams = nil // from now on all are selected
			}
		}
		return h.run(kept, a)
	}
	from := p.start
	if p.parts != "" && p.parts != "handed" {
		streams = nil // for what is switched on later, the parts before are not read again
	}
	if p.parts != "" {
		cuts := []time.Time{}
		for range 1 + r.IntN(3) {
			at := p.start.Add(time.Duration(r.Int64N(int64(h.now.Sub(p.start) + day))))
			if r.IntN(2) == 0 {
				at = at.Truncate(day)
			}
			if at.After(p.start) {
				cuts = append(cuts, at)
			}
		}
		slices.SortFunc(cuts, time.Time.Compare)
		var parts []state.Named
		for _, end := range slices.Compact(cuts) {
			if p.parts == "apart" {
				kept, h.marks = state.State{}, make(map[string]time.Time)
			}
			for tries := range 5 {
				var err error
				if kept, err = turn(kept, from, end, tries > 3); err == nil {
					break
				}
				h.pass()
			}
			parts = append(parts, state.Named{Name: end.Format(time.RFC3339), State: kept})
			if p.parts != "handed" && end.Before(h.now) {
				from = end
			}
		}
		if p.parts == "apart" && len(parts) > 0 {
			from = p.start // the incremental runs have the one start_date
			var err error
			if kept, err = state.Merge(parts); err != nil {
				kept = state.State{} // a part was not read to its end: the user begins anew
			}
			h.marks = make(map[string]time.Time)
		}
	}
	if from.After(h.now) {
		return
	}
	for range 1 + r.IntN(4) {
		h.pass()
		kept, _ = turn(kept, from, time.Time{}, false)
		if r.IntN(10) == 0 {
			kept = h.forget(kept)
		}
		if r.IntN(10) == 0 {
			h.plan.lookback++
		}
	}
	for range 4 {
		h.pass()
		var err error
		if kept, err = turn(kept, from, time.Time{}, true); err == nil {
			h.checkRecords()
			return
		}
	}
	if !p.endless {
		h.problemf("the history never came to an end")
	}
	h.sum.endless++
	a := h.ask(from, time.Time{}, true)
	a.mismatch, a.pending = config.WarnOnMismatch, pending
	if _, err := h.run(kept, a); err != nil {
		h.problemf("with on_mismatch warn: %v", err)
	}
}

// pass lets time go by until the next run.
func (h *history) pass() {
	d := pick(h.r, 0, 10*time.Minute, time.Hour, 5*time.Hour, 24*time.Hour, 26*time.Hour, 3*day, 9*day)
	if now := time.Now(); h.now.Before(now) {
		h.now = now.Truncate(time.Second)
	}
	h.now = h.now.Add(d)
	time.Sleep(time.Until(h.now))
	h.server.SetNow(h.now.Add(h.plan.clock))
}

// forget makes a state one that knows less: of an older version, or of the tap
// that was replaced.
func (h *history) forget(s state.State) state.State {
	h.marks = make(map[string]time.Time)
	h.forgot = true
	clear(h.patient)
	text, _ := s.MarshalJSON()
	var doc struct {
		Bookmarks map[string]map[string]any `json:"bookmarks"`
	}
	if err := json.Unmarshal(text, &doc); err != nil || doc.Bookmarks["chats"] == nil {
		return s
	}
	what := pick(h.r, "open_chats of all", "open_chats of chats", "all but chats")
	h.steps = append(h.steps, "the state forgets "+what)
	for name, b := range doc.Bookmarks {
		switch {
		case what == "all but chats" && name != "chats":
			delete(doc.Bookmarks, name)
		case what != "open_chats of chats" || name == "chats":
			delete(b, "open_chats")
		}
	}
	text, _ = json.Marshal(doc)
	return mustState(h.t, string(text))
}

// TestHistories goes through archives in several runs each, by a service of
// which nothing can be believed. What is listed for the days of a run is
// delivered, or counted with a reason in the summary, or the run does not end
// with 0; and no STATE is ahead of what has been delivered.
func TestHistories(t *testing.T) { histories(t, planOf, *gridSeeds) }

// histories goes through some of them.
func histories(t *testing.T, planOf func(*rand.Rand) historyPlan, seeds int) {
	var mu sync.Mutex
	var sum historySum
	var next atomic.Int64
	next.Store(int64(*gridFirst) - 1)
	if testing.Short() {
		seeds = min(seeds, 25)
		if sourcetest.Race {
			seeds = min(seeds, 5)
		}
	}
	last := int64(*gridFirst + seeds)
	began := time.Now()
	t.Run("all", func(t *testing.T) {
		for n := range runtime.GOMAXPROCS(0) {
			t.Run(fmt.Sprint(n), func(t *testing.T) {
				t.Parallel()
				for seed := next.Add(1); seed < last; seed = next.Add(1) {
					t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
						one := goThrough(t, uint64(seed), planOf)
						mu.Lock()
						sum.add(one)
						mu.Unlock()
					})
				}
			})
		}
	})
	t.Logf("%d histories, %d runs, of which %d were cut off, %d complete, %d not and said so, %d complete by on_mismatch; %d requests; %d chats, %d times a chat was looked for, %d STATEs, %d records compared; %d histories did not add up; in %d runs what is lost shows nowhere; %s",
		sum.histories, sum.runs, sum.cut, sum.complete, sum.incomplete, sum.accepted, sum.requests, sum.chats, sum.checks, sum.states, sum.fields, sum.endless, sum.blind, time.Since(began).Round(time.Second))
}

// goThrough goes through the history of a seed.
func goThrough(t *testing.T, seed uint64, planOf func(*rand.Rand) historyPlan) (sum historySum) {
	r := rand.New(rand.NewPCG(seed, 9))
	p := planOf(r)
	withEnv(t, p.switches, func(t *testing.T, w *env) {
		h := &history{env: w, r: r, plan: p, proxy: &proxy{server: w.server, next: w.service, skew: p.clock, live: p.live},
			delivered: make(map[string]map[string]bool), records: make(map[string]map[string]json.RawMessage), gone: make(map[string]bool), patient: make(map[string]map[string]bool), marks: make(map[string]time.Time), claims: make(map[string]claim)}
		w.at(syncNow.Add(4 * time.Hour)) // the archive may be behind
		w.server.SetNow(w.now.Add(p.clock))
		h.live()
		for range h.server.Truth() {
			h.sum.chats++
		}
		h.sum.histories = 1
		sum = h.sum
		if len(h.problems) > 0 {
			t.Errorf("%s\nswitches %s\n%+v\n%s", strings.Join(h.problems, "\n"), p.switches, p, strings.Join(h.steps, "\n"))
		}
	})
	return sum
}
