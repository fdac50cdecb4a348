package tap

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"tap-livechat/tap/source"
)

// TestRowsThatHaveGone: a row of a report that has gone when its day is read again is
// written as zeros, once, after the others of its day; and no row that was never
// there, or of a day that is not read again.
func TestRowsThatHaveGone(t *testing.T) {
	for _, test := range []struct {
		stream, path  string
		first, second string // answers; of reports that are read by day, to each day
		want          []string
		mark          string
	}{
		{"report_tags", "/reports/chats/tags",
			`{"records":{"2026-03-08":{"old":1},"2026-03-09":{"refund":2,"spam":1},"2026-03-10":{"spam":3,"refund":1}}}`,
			`{"records":{"2026-03-09":{"refund":3},"2026-03-10":{"new":1}}}`,
			[]string{`{"chats":3,"date":"2026-03-09","tag":"refund","timezone":"UTC"}`, `{"chats":0,"date":"2026-03-09","tag":"spam","timezone":"UTC"}`,
				`{"chats":1,"date":"2026-03-10","tag":"new","timezone":"UTC"}`, `{"chats":0,"date":"2026-03-10","tag":"spam","timezone":"UTC"}`,
				`{"chats":0,"date":"2026-03-10","tag":"refund","timezone":"UTC"}`},
			`{"date":"2026-03-10","keys":{"2026-03-09":["refund"],"2026-03-10":["new"]},"read_from":"2026-03-08T00:00:00Z","read_to":"2026-03-10T15:04:05Z","timezone":"UTC"}`},
		{"report_groups", "/reports/chats/groups", `{"records":{"2026-03-10":{"0":2,"4":1}}}`, `{"records":{"2026-03-10":{}}}`,
			[]string{`{"chats":0,"date":"2026-03-10","group_id":0,"timezone":"UTC"}`, `{"chats":0,"date":"2026-03-10","group_id":4,"timezone":"UTC"}`},
			`{"date":"2026-03-10","read_from":"2026-03-08T00:00:00Z","read_to":"2026-03-10T15:04:05Z","timezone":"UTC"}`},
		{"report_greetings_conversion", "/reports/chats/greetings_conversion", `{"records":{"2026-03-09":{"7":{"displayed":9}}}}`, `{"records":{}}`,
			[]string{`{"accepted":0,"canceled":0,"date":"2026-03-09","displayed":0,"goals":0,"greeting_id":7,"timezone":"UTC"}`},
			`{"date":"2026-03-10","read_from":"2026-03-08T00:00:00Z","read_to":"2026-03-10T15:04:05Z","timezone":"UTC"}`},
		{"report_ranking", "/reports/chats/ranking", `{"records":{"ola":{"total":1,"good":1}}}`, `{"records":{"jan":{"total":2}}}`,
			[]string{`{"agent_id":"jan","date":"2026-03-09","timezone":"UTC","total":2}`, `{"agent_id":"ola","bad":0,"date":"2026-03-09","good":0,"score":0,"timezone":"UTC","total":0}`,
				`{"agent_id":"jan","date":"2026-03-10","timezone":"UTC","total":2}`, `{"agent_id":"ola","bad":0,"date":"2026-03-10","good":0,"score":0,"timezone":"UTC","total":0}`},
			`{"date":"2026-03-10","keys":{"2026-03-09":["jan"],"2026-03-10":["jan"]},"read_from":"2026-03-08T00:00:00Z","read_to":"2026-03-10T15:04:05Z","timezone":"UTC"}`},
		{"report_agents_performance", "/reports/agents/performance", `{"records":{"ola":{"chats_count":1}}}`, `{"records":{}}`,
			[]string{`{"accepting_chats_time":0,"agent_id":"ola","chats_count":0,"chats_rated_bad":0,"chats_rated_good":0,"chatting_time":0,"date":"2026-03-09","first_response_chats_count":0,"first_response_time":0,"logged_in_time":0,"not_accepting_chats_time":0,"timezone":"UTC"}`,
				`{"accepting_chats_time":0,"agent_id":"ola","chats_count":0,"chats_rated_bad":0,"chats_rated_good":0,"chatting_time":0,"date":"2026-03-10","first_response_chats_count":0,"first_response_time":0,"logged_in_time":0,"not_accepting_chats_time":0,"timezone":"UTC"}`},
			`{"date":"2026-03-10","read_from":"2026-03-08T00:00:00Z","read_to":"2026-03-10T15:04:05Z","timezone":"UTC"}`},
	} {
		t.Run(test.stream, func(t *testing.T) {
			run := func(answer, state string) listRun {
				r := readLists(t, map[string]any{test.path: answer}, state, nil, test.stream)
				if r.err != nil {
					t.Fatal(r.err)
				}
				return r
			}
			stateOf := func(r listRun) string {
				return `{"bookmarks":{"` + test.stream + `":` + bookmarkText(t, r.state, test.stream) + `}}`
			}
			r := run(test.second, stateOf(run(test.first, "")))
			if diff := cmp.Diff(test.want, r.records[test.stream]); diff != "" {
				t.Errorf("records (-want +got):\n%s", diff)
			}
			if mark := bookmarkText(t, r.state, test.stream); mark != test.mark {
				t.Errorf("the bookmark is %s", mark)
			}
			isZero := func(record string) bool { return strings.Contains(record, `:0`) }
			if r = run(test.second, stateOf(r)); slices.ContainsFunc(r.records[test.stream], isZero) {
				t.Errorf("zeros come again: %v", r.records[test.stream])
			}
		})
	}
	// What is not believed makes no zeros.
	mark := `{"bookmarks":{"report_tags":{"date":"2026-03-10","timezone":"UTC","keys":{"2026-03-10":["spam"]}}}}`
	r := readLists(t, map[string]any{"/reports/chats/tags": `{"total":4,"records":{}}`}, mark, nil, "report_tags")
	if r.err == nil || len(r.lines) > 0 {
		t.Errorf("error %v, messages %q", r.err, r.lines)
	}
}

// TestKeysAreFew: a bookmark holds the keys of the days that are read again, and of
// these 10,000 at most, of the latest days.
func TestKeysAreFew(t *testing.T) {
	l := &list{keys: make(map[string][]string)}
	to := time.Date(2026, 3, 10, 0, 0, 0, 0, time.UTC)
	for d := range 9 {
		date := to.AddDate(0, 0, 1-d).Format(time.DateOnly)
		for n := range 1500 {
			l.keys[date] = append(l.keys[date], fmt.Sprint(n))
		}
	}
	days := func(all map[string][]string) (n int) {
		for _, keys := range all {
			if len(keys) != 1500 {
				t.Errorf("%d keys of a day", len(keys))
			}
			n++
		}
		return n
	}
	if got := l.keysOf(to.AddDate(0, 0, -3), to); days(got) != 4 || got["2026-03-11"] != nil || got["2026-03-07"] == nil {
		t.Errorf("keys of %d days", len(got))
	}
	if len(l.keys) != 5 { // those, and tomorrow's
		t.Errorf("%d days are remembered", len(l.keys))
	}
	for d := range 9 {
		l.keys[to.AddDate(0, 0, 1-d).Format(time.DateOnly)] = l.keys["2026-03-10"]
	}
	if got := l.keysOf(to.AddDate(0, 0, -7), to); days(got) != 6 || got["2026-03-05"] == nil {
		t.Errorf("keys of %d days", len(got))
	}
}

// TestKeysWhileReading: while a report is read, no more keys are kept than a bookmark
// holds, and those of the day that is being read.
func TestKeysWhileReading(t *testing.T) {
	l := &list{keys: make(map[string][]string), lookback: 366}
	day := time.Date(2026, 3, 10, 0, 0, 0, 0, time.UTC)
	kept := func() (n int) {
		for _, keys := range l.keys {
			n += len(keys)
		}
		return n
	}
	for d := range 20 {
		for n := range 1500 {
			l.addKey(&source.Row{Day: day.AddDate(0, 0, d), Key: fmt.Sprint(n)})
		}
		if kept() > maxKeys+1500 {
			t.Fatalf("%d keys after %d days", kept(), d+1)
		}
	}
	last := day.AddDate(0, 0, 19)
	if got := l.keysOf(last.AddDate(0, 0, -366), last); len(got) != 6 || len(got[last.Format(time.DateOnly)]) != 1500 {
		t.Errorf("keys of %d days in the bookmark", len(got))
	}
	next := last.AddDate(0, 0, 1)
	for n := range 2 * maxKeys {
		l.addKey(&source.Row{Day: next, Key: fmt.Sprint(n)})
	}
	if n := len(l.keys[next.Format(time.DateOnly)]); n != maxKeys+1 {
		t.Errorf("%d keys of one day", n)
	}
	if got := l.keysOf(next, next); len(got) != 0 {
		t.Errorf("a day with more keys than the bookmark holds is in it")
	}
}
