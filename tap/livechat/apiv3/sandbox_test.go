package apiv3

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"tap-livechat/tap/livechat"
	"tap-livechat/tap/sandbox"
	"tap-livechat/tap/sandbox/mount"
	"tap-livechat/tap/secret"
	"tap-livechat/tap/source"
	"tap-livechat/tap/source/sourcetest"
)

// theNow is the moment at which the sandbox is read.
var theNow = time.Date(2026, 3, 10, 15, 4, 5, 0, time.UTC)

// newSandbox is the sandbox with these switches, as of theNow.
func newSandbox(tb testing.TB, switches string) *sandbox.Server {
	tb.Helper()
	o, err := sandbox.Parse(switches)
	if err != nil {
		tb.Fatal(err)
	}
	o.Now = theNow
	return sandbox.New(o)
}

// readSandbox reads it.
func readSandbox(tb testing.TB, s *sandbox.Server, workers int, rg source.Range) result {
	tb.Helper()
	if wait := time.Until(theNow); wait > 0 { // in a bubble, where it does not take long
		time.Sleep(wait)
	}
	client, err := livechat.New(livechat.Options{
		EntityID: secret.New("0ddba11"), AccessToken: secret.New("dal:t0k3n"), Workers: workers, MaxRetries: 8, Transport: mount.Mounted{Handler: s},
	})
	if err != nil {
		tb.Fatal(err)
	}
	return readAll(tb, New(client, nil), client, rg, func() {})
}

// TestEveryThreadComes reads archives that behave in every way that is open,
// while they move and fail, and holds what came against what there is.
func TestEveryThreadComes(t *testing.T) {
	habits := []string{"", "&v3_cap=130", "&v3_skip=false", "&v3_chain=frozen"}
	troubles := []string{
		"drift_end=7&drift_vanish=9",
		"drift_end=5&drift_vanish=11&rate_503=0.05&rate_cut=0.05&rate_broken=0.03&retry_after=date",
		"rate_429=0.05&retry_after=seconds&rate_stall_body=0.03&v3_errors_200=1",
		"shape=bursty&rate_chopped=0.04&rate_null=0.04&latency=50ms",
		"odd=0.2&hostile=0.2&shape=sparse&drift_vanish=13&v3_event_order=mixed",
		"v3_missing=0.05&v3_retention=12&v3_users_missing=0.2&v3_offsets=0.3&v3_deleted=0.1",
		"v3_milliseconds=1&shape=bursty",
	}
	seed := 0
	for _, found := range []string{"exact", "low", "high", "estimate", "absent"} {
		for _, ends := range []string{"included", "excluded"} {
			for i := range habits {
				if seed++; sourcetest.Race && seed%5 != 0 { // still every habit, meaning and kind of trouble
					continue
				}
				switches := fmt.Sprintf("chats=900&days=25&pending=9&long_chats=0.1&v3_found=%s&v3_from=%s&v3_to=%s%s&seed=%d&fault_seed=%d&%s",
					found, ends, ends, habits[i], seed, seed, troubles[seed%len(troubles)])
				t.Run(switches, func(t *testing.T) {
					t.Parallel()
					synctest.Test(t, func(t *testing.T) { everyThreadComes(t, switches, found == "exact") })
				})
			}
		}
	}
}

func everyThreadComes(t *testing.T, switches string, exact bool) {
	rg := source.Range{From: theNow.AddDate(0, 0, -20), To: theNow, Now: theNow, Open: true}
	s := newSandbox(t, switches)
	r := readSandbox(t, s, 4, rg)
	if r.err != nil {
		t.Fatal(r.err)
	}
	missing := 0
	for chat := range s.Truth() {
		if chat.Vanished || chat.Drifted || chat.Started.Before(rg.From) || r.came[chat.ID] > 0 {
			continue
		}
		if missing++; missing < 4 {
			t.Logf("%s, from %v to %v, did not come", chat.ID, chat.Started, chat.Ended)
		}
	}
	incomplete := r.incomplete()
	if missing > 0 && incomplete == 0 {
		t.Errorf("%d threads did not come, and nothing says so", missing)
	}
	if exact && missing+incomplete > 0 {
		t.Errorf("%d threads did not come, %d windows are incomplete, though the number of threads is true", missing, incomplete)
	}
}

// TestRequests: what reading costs, when the number of threads is true and there
// is no cap.
func TestRequests(t *testing.T) {
	for _, test := range []struct {
		switches string
		days     int
	}{{"chats=10000&days=400", 401}, {"chats=12000&days=400&shape=bursty", 401}, {"chats=12000&days=30&shape=sparse", 31}, {"chats=10000&days=400&long_chats=0.2&pending=60", 3000}} {
		for _, workers := range []int{1, 4, 8} {
			synctest.Test(t, func(t *testing.T) {
				rg := source.Range{From: theNow.AddDate(0, 0, -test.days), To: theNow, Now: theNow, Open: true}
				r := readSandbox(t, newSandbox(t, test.switches), workers, rg)
				if r.err != nil {
					t.Fatal(r.err)
				}
				if most := pagesOf(len(r.came))*103/100 + 20; r.requests > most || r.incomplete() > 0 {
					t.Errorf("%s, %d workers: %d requests for %d threads, at most %d are promised; %d windows, %d incomplete",
						test.switches, workers, r.requests, len(r.came), most, len(r.windows), r.incomplete())
				}
				t.Logf("%s, %d workers: %d requests for %d threads", test.switches, workers, r.requests, len(r.came))
			})
		}
	}
}
