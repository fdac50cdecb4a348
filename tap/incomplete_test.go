package tap

import (
	"fmt"
	"testing"
	"time"
)

func TestIncompleteError(t *testing.T) {
	day := func(n int) time.Time { return time.Date(2026, 3, n, 0, 0, 0, 0, time.UTC) }
	var many []Days
	for n := range 12 {
		many = append(many, Days{day(n + 1), day(n + 2)})
	}
	for want, e := range map[string]*IncompleteError{
		"read to the end, but not complete: fewer chats came than LiveChat states for 2026-03-01": {Days: many[:1]},
		"read to the end, but not complete: not read: agents, tags":                               {Streams: []string{"agents", "tags"}},
		"read to the end, but not complete: fewer chats came than LiveChat states for 2026-03-01 to 2026-03-04, 2026-03-09; not read: tags": {
			Days: []Days{{day(1), day(5)}, {day(9), day(9).Add(time.Hour)}}, Streams: []string{"tags"}},
		"read to the end, but not complete: fewer chats came than LiveChat states for 2026-03-01, 2026-03-02, 2026-03-03, 2026-03-04, " +
			"2026-03-05, 2026-03-06, 2026-03-07, 2026-03-08, 2026-03-09, 2026-03-10 and 2 more": {Days: many},
	} {
		if got := fmt.Sprint(e); got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	}
	if e := new(IncompleteError); !e.Incomplete() || e.Hint() == "" || (&IncompleteError{Remedy: "x"}).Hint() != "x" {
		t.Error("an error without a remedy")
	}
}
