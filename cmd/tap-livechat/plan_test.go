package main

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"tap-livechat/tap/plan"
)

// What a terminal shows.
func TestPlanTable(t *testing.T) {
	at := func(month time.Month) time.Time { return time.Date(2026, month, 1, 0, 0, 0, 0, time.UTC) }
	p := plan.Plan{
		Parts: []plan.Part{
			{From: at(1), To: at(2), Chats: 99_000, Requests: 4100, Duration: 17*time.Minute + 300*time.Millisecond},
			{From: at(2), To: at(3).Add(90 * time.Minute), Chats: 101_000, Requests: 4200, Duration: 18 * time.Minute},
		},
		Chats: 200_000, Requests: 8300, OwnRequests: 9, Notes: []string{"something is to be said"},
	}
	const want = `  start_date              end_date   chats  requests   cost  takes
  2026-01-01            2026-02-01   99000      4100  $1.11  17m0s
  2026-02-01  2026-03-01T01:30:00Z  101000      4200  $1.13  18m0s
         all                        200000      8300  $2.24       

The plan took 9 requests.
Note: something is to be said.
`
	if diff := cmp.Diff(want, planTable(p)); diff != "" {
		t.Error(diff)
	}
}
