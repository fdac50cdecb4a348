package livechat

import (
	"net/http"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestClock(t *testing.T) {
	now := time.Date(2024, 5, 1, 12, 0, 0, 0, time.UTC)
	at := func(d time.Duration) string { return now.Add(d).Format(http.TimeFormat) }
	none := time.Time{}
	for _, test := range []struct {
		name    string
		headers []string
		want    []time.Time
	}{
		{"told", []string{at(0), at(time.Second)}, []time.Time{now, now.Add(time.Second)}},
		{"absent", []string{""}, []time.Time{none}},
		{"no date", []string{"yesterday"}, []time.Time{none}},
		{"RFC 850", []string{now.Format(time.RFC850)}, []time.Time{now}},
		{"a day ahead", []string{at(24 * time.Hour)}, []time.Time{now.Add(24 * time.Hour)}},
		{"more than a day ahead", []string{at(24*time.Hour + time.Second)}, []time.Time{none}},
		{"more than a day behind", []string{at(-24*time.Hour - time.Second)}, []time.Time{none}},
		{"overtaken", []string{at(0), at(-time.Minute), at(0)}, []time.Time{now, now.Add(-time.Minute), now}},
		{"back", []string{at(0), at(-61 * time.Second), at(-61 * time.Second), at(time.Second)}, []time.Time{now, none, none, now.Add(time.Second)}},
	} {
		t.Run(test.name, func(t *testing.T) {
			var c clock
			var got []time.Time
			for _, h := range test.headers {
				got = append(got, c.read(h, now))
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}
