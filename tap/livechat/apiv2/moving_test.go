package apiv2

import (
	"net/http"
	"testing"
	"testing/synctest"
	"time"
)

// TestServiceIsAhead reads at five to midnight from a service for which the
// next day has begun.
func TestServiceIsAhead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(time.Until(utc("2026-03-10 23:55:00")))
		now := time.Now()
		a := &toy{order: "newest", dates: "end"}
		a.add(now.Add(-time.Hour), now.Add(-time.Minute))
		a.add(now.Add(time.Minute), now.Add(8*time.Minute))
		ahead := roundTrip(func(r *http.Request) (*http.Response, error) {
			resp, err := a.RoundTrip(r)
			if err == nil {
				resp.Header.Set("Date", time.Now().Add(10*time.Minute).UTC().Format(http.TimeFormat))
			}
			return resp, err
		})
		for _, open := range []bool{true, false} {
			r := read(t.Context(), newTestClient(t, ahead, nil), Range{From: now.AddDate(0, 0, -1), To: now, Open: open})
			if want := map[bool]int{true: 2, false: 1}[open]; r.err != nil || len(r.chats) != want {
				t.Errorf("open %v: %d chats, want %d, %v", open, len(r.chats), want, r.err)
			}
		}
	})
}
