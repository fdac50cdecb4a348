package apiv2

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// TestLies reads from services that say what is not so. Whatever it is, either
// all comes that was listed, or a window says that it is not complete or moving; and
// where another look can tell, all comes.
func TestLies(t *testing.T) {
	for _, lie := range []struct {
		switches string
		whole    bool // all has to come
		complete bool // and all windows to say so
		newest   bool // only of a list that has what is new on page 1: see docs/guarantees.md
	}{
		{switches: "clock=archive&clock_off=7m&drift_end=9&drift_vanish=9", whole: true, newest: true},
		{switches: "clock=archive&clock_off=3h&drift_end=9&drift_vanish=9", whole: true, newest: true},
		{switches: "zero_once=1", whole: true, complete: true},
		{switches: "total_zero_once=1", whole: true, complete: true},
		{switches: "total_off=-1", whole: true, complete: true},
		{switches: "total_off=1", whole: true},
		{switches: "total_off=-30", whole: true, complete: true},
		{switches: "total_climbs=1", whole: true},
		{switches: "total_climbs=-1", whole: true, complete: true},
		{switches: "pages_off=-2", whole: true, complete: true},
		{switches: "pages_off=5", whole: true, complete: true},
		{switches: "past_end=last", whole: true, complete: true},
		{switches: "past_end=400&pages_off=3", whole: true, complete: true},
		{switches: "empty_once=0.2", whole: true, complete: true},
		{switches: "empty_once=1", whole: true, complete: true},
		{switches: "empty_once=0.3&zero_once=1", whole: true, complete: true},
		{switches: "ignore_page=true"},
		{switches: "order=changing"},
		{switches: "order=changing&drift_vanish=5"},
		{switches: "drift_end=9&drift_vanish=9&stale=4"},
		{switches: "contradict=1&contradict_with=end_zero,end_1970,end_before,end_century", whole: true, complete: true},
		{switches: "contradict=0.5&contradict_with=end_future", whole: true, complete: true},
		{switches: "contradict=0.4&contradict_with=start_other_day", whole: true, complete: true},
		{switches: "contradict=0.4&contradict_with=start_missing,start_zero,start_after", whole: true, complete: true},
		{switches: "contradict=1&contradict_with=end_unknown,end_missing", whole: true, complete: true},
		{switches: "clock=back", whole: true, complete: true},
		{switches: "clock=archive&clock_off=-7m&drift_end=9", whole: true, complete: true},
		{switches: "clock=archive&clock_off=-7m&drift_end=9&drift_vanish=9", whole: true},
	} {
		for i, rest := range []string{"dates=start&order=newest", "dates=end&order=oldest", "dates=overlap&order=none", "dates=end&order=newest"} {
			if lie.newest && i < 3 {
				continue
			}
			switches := fmt.Sprintf("chats=420&days=30&long_chats=0.4&long_days=6&pending=3&clock=archive&seed=%d&%s&%s", i+1, rest, lie.switches)
			t.Run(lie.switches+" "+rest, func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					s := newSandbox(t, lastOfEach(switches))
					c := newTestClient(t, mounted{Handler: s}, nil)
					c.window = 150
					rg := Range{From: theNow.Add(-20*day - 3*time.Hour), To: theNow, Now: theNow, Open: true}
					r := read(t.Context(), c, rg)
					r.check(t, rg)
					incomplete := r.unsettled()
					for _, w := range r.windows {
						if w.Moving {
							incomplete++
						}
					}
					missing, want := lost(s, r, rg)
					if len(missing) > 0 && (lie.whole || incomplete == 0) {
						t.Errorf("%d of %d are missing, the first is %s from %s to %s %s; %d windows say so", len(missing), want, missing[0].ID, missing[0].Started, missing[0].Ended, missing[0].Contradicts, incomplete)
					}
					if lie.complete && incomplete > 0 {
						t.Errorf("%d windows say that they are not complete: %+v", incomplete, r.windows)
					}
				})
			})
		}
	}
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
