package tap

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"tap-livechat/catalog"
	"tap-livechat/tap/api"
	"tap-livechat/tap/civil"
	"tap-livechat/tap/plan"
	"tap-livechat/tap/source"
	"tap-livechat/tap/state"
)

// Requests are billed. What an archive costs in requests is 1.03 × its pages and
// 20, however it is spread over the days and whatever moves while it is read; and
// what the service says that is not so costs little.
func TestCost(t *testing.T) {
	for _, test := range []struct {
		switches string
		workers  int
		years    int     // of start_date before now; 0: 60 days
		factor   float64 // times the pages, and
		and      int     // so many more
	}{
		{switches: "chats=4000&days=60&shape=even", factor: 1.03, and: 20},
		{switches: "chats=4000&days=60&shape=busyhours&dates=end", factor: 1.03, and: 20, years: 3},
		{switches: "chats=4000&days=365&shape=spikes", factor: 1.03, and: 20, years: 1},
		{switches: "chats=20000&days=365&shape=spikes", factor: 1.03, and: 20, years: 1},
		{switches: "chats=20000&days=365&shape=spikes&dates=end&order=none", factor: 1.03, and: 20, years: 2},
		{switches: "chats=30000&days=700&shape=spikes", factor: 1.03, and: 20, years: 12},
		{switches: "chats=4000&days=60&drift_end=50", factor: 1.03, and: 20},
		{switches: "chats=4000&days=60&drift_end=50", factor: 1.03, and: 20, workers: 1},
		{switches: "chats=4000&days=60&drift_end=50&dates=end&order=oldest", factor: 1.03, and: 20},
		{switches: "chats=4000&days=60&drift_end=50&dates=overlap&order=none", factor: 1.03, and: 20, workers: 8},
		{switches: "chats=4000&days=60&drift_end=10", factor: 2.2, and: 20},
		{switches: "chats=4000&days=60&drift_vanish=80", factor: 2.5, and: 20},
		{switches: "chats=4000&days=60&total_off=1", factor: 2.06, and: 20},
		{switches: "chats=4000&days=60&total_off=-1", factor: 2.06, and: 25},
		{switches: "chats=4000&days=60&ignore_page=true", factor: 0.5, and: 20},
		{switches: "chats=4000&days=60&past_end=last", factor: 1.03, and: 20},
		{switches: "chats=4000&days=60&total_climbs=1", factor: 9, and: 20},
		{switches: "chats=4000&days=60&total_climbs=-1", factor: 9, and: 20},
		{switches: "chats=4000&days=60&pages_off=3", factor: 1.06, and: 20},
		{switches: "chats=4000&days=60&pages_off=-1", factor: 1.03, and: 20},
		{switches: "chats=4000&days=60&zero_once=0.3", factor: 1.1, and: 25},
		{switches: "chats=4000&days=60&total_zero_once=0.3", factor: 1.1, and: 25},
		{switches: "chats=4000&days=60&contradict=0.1", factor: 1.03, and: 20},
		{switches: "chats=4000&days=60&contradict=0.01&contradict_with=end_future", factor: 1.03, and: 20},
		{switches: "chats=4000&days=60&clock=archive&clock_off=-7m", factor: 1.03, and: 20},
		{switches: "chats=4000&days=60&clock=archive&clock_off=40m", factor: 1.03, and: 20},
	} {
		if test.workers == 0 {
			test.workers = 4
		}
		t.Run(fmt.Sprintf("%s workers=%d years=%d", test.switches, test.workers, test.years), func(t *testing.T) {
			t.Parallel()
			withEnv(t, lastOfEach("clock=archive&long_chats=0.01&"+test.switches), func(t *testing.T, w *env) {
				w.config.StartDate = syncNow.AddDate(-test.years, 0, -60)
				r := w.sync(state.State{}, func(o *Options) {
					o.Config.MaxConcurrentRequests = test.workers
					o.Selection = selecting(t, map[string]string{"chats": on})
				})
				n := 0
				for range w.server.Truth() {
					n++
				}
				pages := (n + 24) / 25
				t.Logf("%d requests for %d pages: %v", r.requests, pages, r.err)
				if most := int(test.factor*float64(pages)) + test.and; r.requests > most {
					t.Errorf("%d requests for %d pages, at most %d wanted\n%s", r.requests, pages, most, withoutMetrics(r.log))
				}
			})
		})
	}
}

// TestCostIsAnnounced: a sample announces what a first run takes with everything that can
// be read: not less, and hardly more.
func TestCostIsAnnounced(t *testing.T) {
	for _, version := range []string{"2", "3"} {
		t.Run(version, func(t *testing.T) {
			t.Parallel()
			withEnv(t, "chats=4000&days=365", func(t *testing.T, w *env) {
				w.config.APIVersion, w.config.StartDate = version, syncNow.AddDate(-1, 0, 0)
				everything := func(o *Options) { o.Selection = catalog.Default(version, catalog.ReferenceData, catalog.Reports) }
				sample := w.sample(everything)
				made := w.sync(state.State{}, everything)
				announced := sample.summary.ExpectedRequests + sample.summary.ListRequests
				t.Logf("announced %d and %d, made %d; the sample made %d", sample.summary.ExpectedRequests, sample.summary.ListRequests, made.requests, sample.requests)
				if announced < made.requests || float64(announced) > 1.15*float64(made.requests) {
					t.Errorf("announced %d, made %d: %v, %v", announced, made.requests, sample.err, made.err)
				}
			})
		})
	}
}

// TestPlanAnnounces: a plan announces what the runs of its parts take, with the lists and
// reports that each of them reads.
func TestPlanAnnounces(t *testing.T) {
	for _, version := range []string{"2", "3"} {
		t.Run(version, func(t *testing.T) {
			t.Parallel()
			withEnv(t, "chats=6000&days=400", func(t *testing.T, w *env) {
				w.config.APIVersion, w.config.StartDate = version, syncNow.AddDate(-1, 0, 0)
				w.config.EndDate = syncNow.AddDate(0, 0, -2).Truncate(day)
				selected := catalog.Default(version, catalog.ReferenceData, catalog.Reports)
				var lists []string
				for _, s := range selected.Streams {
					if s.Group != "" {
						lists = append(lists, s.Name)
					}
				}
				var made plan.Plan
				w.run(t.Context(), func(ctx context.Context, o Options) (s Summary, err error) {
					made, err = plan.Make(ctx, o.API(), lists, o.Now, 3)
					return s, err
				}, state.State{}, nil)
				took, inParts := 0, 0
				for _, part := range made.Parts {
					r := w.sync(state.State{}, func(o *Options) {
						o.Selection, o.Config.StartDate, o.Config.EndDate = selected, part.From, part.To
					})
					if r.err != nil {
						t.Error(r.err)
					}
					t.Logf("%d chats, %d requests announced, %d made", part.Chats, part.Requests, r.requests)
					took, inParts = took+r.requests, inParts+part.Requests
				}
				if len(made.Parts) != 3 || inParts != made.Requests || inParts < took || float64(inParts) > 1.15*float64(took) {
					t.Errorf("%d parts, %d requests announced, %d made", len(made.Parts), made.Requests, took)
				}
			})
		})
	}
}

// TestListCost: what a list costs is what reading it takes, for each list and report.
func TestListCost(t *testing.T) {
	withEnv(t, "chats=2000&days=400", func(t *testing.T, w *env) {
		var service source.API
		w.run(t.Context(), func(_ context.Context, o Options) (s Summary, err error) {
			service, err = api.Open(o.API())
			return s, err
		}, state.State{}, nil)
		to := civil.DateOf(syncNow, time.UTC)
		rg := source.Range{From: to.AddDate(0, 0, -380), To: to, Now: syncNow, Zone: time.UTC}
		total := 0
		for _, s := range catalog.Default(catalog.V2, catalog.ReferenceData, catalog.Reports).Streams {
			if s.Group == "" {
				continue
			}
			costs, err := service.ListCost(t.Context(), s.Name, rg)
			if err != nil {
				t.Fatal(err)
			}
			cost := costs[0]
			before := service.Usage().Requests
			days := make(map[time.Time]bool)
			for row, err := range service.List(t.Context(), s.Name, rg) {
				if err != nil {
					t.Fatal(err)
				}
				days[row.Day] = true
			}
			made := service.Usage().Requests - before
			if made >= 380 {
				made -= 380 - len(days) // days without rows are requested once more
			}
			if made == 380 {
				made += 380 / 20 // so many are expected
			}
			if cost != made {
				t.Errorf("%s: %d requests announced, %d made", s.Name, cost, made)
			}
			total += cost
		}
		if total < 3*380 {
			t.Errorf("%d requests for all", total)
		}
	})
}

// withoutMetrics is what a log says beside them.
func withoutMetrics(log string) string {
	var b strings.Builder
	for line := range strings.Lines(log) {
		if !strings.Contains(line, "METRIC") {
			b.WriteString(line)
		}
	}
	return b.String()
}
