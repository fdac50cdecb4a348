package apiv2

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// passOf is a reading of a list of today: so many chats of before, those that have
// ended since, and the totals of its answers, one after the other.
func passOf(before *pass, came []string, ended func(i int) time.Time, totals ...int) *pass {
	days := span{theNow.Truncate(day), theNow.Truncate(day).Add(day)}
	p := &pass{ids: make(ids), known: make(ids), before: before, perDay: make([]int, 2), ended: true, live: true, since: theNow, newest: theNow.Add(-10 * time.Minute)}
	for i, n := range totals {
		p.totals = append(p.totals, statement{int64(i + 1), int64(i + 1), n})
	}
	for i, id := range came {
		p.ids.add(id)
		p.count(&Chat{ID: id, Started: ended(i).Add(-time.Minute), Ended: ended(i)}, days)
	}
	return p
}

func named(n int, more ...string) (all []string) {
	for i := range n {
		all = append(all, fmt.Sprint("C", i))
	}
	return append(all, more...)
}

// What settles a list, and what does not.
func TestSettled(t *testing.T) {
	old := func(int) time.Time { return theNow.Add(-time.Hour) }
	last := func(n int, at time.Duration) func(int) time.Time { // the chats from n on ended then
		return func(i int) time.Time {
			if i >= n {
				return theNow.Add(at)
			}
			return old(i)
		}
	}
	first := passOf(nil, named(9), old, 10, 9)
	for _, test := range []struct {
		name string
		p    *pass
		want bool
	}{
		{"as many as stated", passOf(nil, named(10), old, 10, 10), true},
		{"one too few", passOf(nil, named(9), old, 10, 10), false},
		{"one was added, and came", passOf(nil, named(11), last(10, time.Second), 10, 11), true},
		{"one was added, one of before did not come", passOf(nil, named(10), last(9, time.Second), 10, 10), false},
		{"two came that ended late by a clock that may be ahead, and one of before did not", passOf(nil, named(11), last(9, -time.Minute), 10, 11), false},
		{"one was added, another ended late but was there", passOf(nil, append(named(10), "late"), func(i int) time.Time {
			return []time.Time{old(i), theNow.Add(time.Second), theNow.Add(-time.Minute)}[max(i-8, 0)]
		}, 10, 11), true},
		{"one vanished", passOf(nil, named(10), old, 10, 9), false},
	} {
		if got := test.p.settled(); got != test.want {
			t.Errorf("%s: settled is %v", test.name, got)
		}
	}
	for _, test := range []struct {
		name string
		p    *pass
		want bool
	}{
		{"the same", passOf(first, named(9), old, 9, 9), true},
		{"one more that has ended since", passOf(first, named(9, "new"), last(9, time.Second), 10, 10), true},
		{"one more that was there", passOf(first, named(9, "slipped"), old, 10, 10), false},
		{"one has gone", passOf(first, named(8), old, 8, 8), false},
		{"one has gone, and another is there", passOf(first, named(8, "new"), last(8, time.Second), 9, 9), false},
		{"fewer than stated", passOf(first, named(9), old, 10, 10), false},
	} {
		if got := test.p.confirms(); got != test.want {
			t.Errorf("a second reading, %s: it confirms is %v", test.name, got)
		}
	}
}

// TestSearchBeyondTheCount searches an archive of which the service says that
// it holds fewer chats than it does: the one that was still open is the oldest.
func TestSearchBeyondTheCount(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(time.Until(theNow))
		a := &toy{order: "newest", dates: "start"}
		from := theNow.AddDate(0, 0, -3).Truncate(day)
		a.add(from.AddDate(0, 0, -20), from.Add(2*time.Hour)) // open at from
		for i := range 30 {
			at := from.Add(-time.Duration(i+1) * 10 * time.Minute)
			a.add(at, at.Add(time.Minute))
		}
		for i := range 10 {
			at := from.Add(time.Duration(i) * time.Hour)
			a.add(at, at.Add(time.Minute))
		}
		service := rewritten(a, func(body string) string { return body })
		less := roundTrip(func(r *http.Request) (*http.Response, error) {
			if !strings.HasPrefix(r.URL.Query().Get("date_from"), "2002") {
				return service.RoundTrip(r)
			}
			return rewritten(a, func(body string) string {
				return strings.Replace(body, `"total":31,`, `"total":28,`, 1)
			}).RoundTrip(r)
		})
		rg := Range{From: from, To: theNow, Search: true}
		r := read(t.Context(), newTestClient(t, less, nil), rg)
		r.check(t, rg)
		a.whole(t, r)
	})
}

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

// A chat that is asked for by its id and states no end is open; on a list it is
// over, unless it says that it is pending.
func TestNoEnd(t *testing.T) {
	const chat = `{"type":"chat","id":"A","started_timestamp":1773000000,"duration":60}`
	for path, want := range map[string]bool{"/chats/A": true, "/chats": false} {
		service := roundTrip(func(r *http.Request) (*http.Response, error) {
			if r.URL.Path == "/chats" {
				return answer(200, `{"chats":[`+chat+`],"total":1,"pages":1}`), nil
			}
			return answer(200, chat), nil
		})
		a := newTestClient(t, service, nil).Archive
		var got *Chat
		if path == "/chats" {
			p, err := a.page(t.Context(), daysOf(span{theNow, theNow.Add(day)}), 1)
			if err != nil {
				t.Fatal(err)
			}
			got = &p.chats[0]
		} else if chat, err := a.chat(t.Context(), "A"); err != nil {
			t.Fatal(err)
		} else {
			got = chat
		}
		if got.Pending != want || got.Ended.IsZero() != want {
			t.Errorf("%s: pending %v, ended %s", path, got.Pending, got.Ended)
		}
	}
}

// TestOtherBorders reads a day of which one chat stands on no page, but for a
// list that has other page borders.
func TestOtherBorders(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(time.Until(theNow))
		a := &toy{order: "newest", dates: "start"}
		from := theNow.AddDate(0, 0, -5).Truncate(day)
		for i := range 60 {
			at := from.Add(time.Duration(i) * 20 * time.Minute)
			a.add(at, at.Add(time.Minute))
		}
		service := roundTrip(func(r *http.Request) (*http.Response, error) {
			if r.URL.Query().Get("timezone") != "UTC" {
				return a.RoundTrip(r)
			}
			return rewritten(a, func(body string) string {
				return strings.Replace(body, `"id":"C35"`, `"id":"C36"`, 1) // the one before it comes twice
			}).RoundTrip(r)
		})
		rg := Range{From: from, To: from.Add(day)}
		r := read(t.Context(), newTestClient(t, service, nil), rg)
		r.check(t, rg)
		a.whole(t, r)
		if r.unsettled() > 0 {
			t.Errorf("%+v", r.windows)
		}
	})
}
