package tap

import (
	"fmt"
	"strings"
	"testing"

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
		{switches: "chats=4000&days=60&drift_end=10", factor: 1.03, and: 40},
		{switches: "chats=4000&days=60&drift_vanish=80", factor: 2.03, and: 20},
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
