package apiv2

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"
)

// fewDays is an archive of 8 days, 2026-03-01 to 2026-03-08, with 50 chats each.
func fewDays() *fakeArchive {
	a := &fakeArchive{order: "newest", dates: "start"}
	for i := range 8 * 50 {
		at := utc("2026-03-01").Add(time.Duration(i/50)*day + time.Duration(i%50)*28*time.Minute)
		a.add(at, at.Add(time.Minute))
	}
	return a
}

// eightDays is the range of that archive. It lies in the past: no day is moving.
var eightDays = Range{From: utc("2026-03-01"), To: utc("2026-03-09"), Now: theNow}

// readAs reads a range through rt with one worker, so that the requests come in order.
func readAs(t *testing.T, rt http.RoundTripper, rg Range) *reading {
	t.Helper()
	r := read(t.Context(), newTestClient(t, rt, func(o *Options) { o.Workers = 1 }), rg)
	r.check(t, rg)
	return r
}

// A list at rest is read once.
func TestQuiet(t *testing.T) {
	a := fewDays()
	r := readAs(t, a, eightDays)
	a.whole(t, r)
	if w := r.windows[0]; len(r.windows) != 1 || !w.Complete || w.Moving || w.Reads != 1 || w.Chats != 400 || w.Total != 400 || w.Cause != "" {
		t.Errorf("the windows are %+v", r.windows)
	}
	if a.asked != 17 { // 16 pages, all full: there may be one more
		t.Errorf("%d requests", a.asked)
	}
}

// Totals that are the same in each answer, but not what comes: the list is read once
// more as a whole. If more is stated and the same comes, it is not complete.
func TestWrongTotalTwice(t *testing.T) {
	for _, test := range []struct {
		stated   int
		complete bool
	}{{401, false}, {430, false}, {399, true}, {370, true}, {0, true}} {
		a := fewDays()
		r := readAs(t, rewritten(a, func(body string) string {
			return totalOf.ReplaceAllString(body, fmt.Sprintf(`"total":%d`, test.stated))
		}), eightDays)
		a.whole(t, r)
		if w := r.windows[0]; len(r.windows) != 1 || w.Complete != test.complete || w.Reads != 2 || w.Chats != 400 || w.Total != test.stated || w.Cause != "" {
			t.Errorf("a total of %d: the windows are %+v", test.stated, r.windows)
		}
	}
}

// A chat that a list lacks once comes with the second reading, which is complete: the
// list did not move, so it is not cut.
func TestLacksOnce(t *testing.T) {
	a := fewDays()
	n := 0
	r := readAs(t, rewritten(a, func(body string) string {
		if n++; n == 5 {
			return strings.Replace(body, `"id":"C290"`, `"id":"C291"`, 1)
		}
		return body
	}), eightDays)
	a.whole(t, r)
	if w := r.windows[0]; len(r.windows) != 1 || !w.Complete || w.Reads != 2 {
		t.Errorf("the windows are %+v", r.windows)
	}
}

// A list that moved is read again in halves.
func TestMoved(t *testing.T) {
	a := fewDays()
	a.after = func(a *fakeArchive, _, asked int) {
		if asked == 8 {
			a.remove(395) // it stood on page 1: another slips past the reader
		}
	}
	r := readAs(t, a, eightDays)
	a.whole(t, r)
	if len(r.windows) != 2 || r.unsettled() > 0 || r.windows[0].Reads != 1 || r.windows[0].Chats != 200 || r.windows[1].Chats != 199 || !r.windows[0].To.Equal(utc("2026-03-05")) {
		t.Errorf("the windows are %+v", r.windows)
	}
	if a.asked > 17+18 {
		t.Errorf("%d requests", a.asked)
	}
}

// A page that is refused although it exists by the totals has gone: the list moved.
func TestRefusedPage(t *testing.T) {
	a := fewDays()
	a.past400 = true
	a.before = func(a *fakeArchive, page, _ int) {
		if page == 17 {
			t.Error("a page beyond the end was asked for")
		}
	}
	for range 3 {
		a.remove(399 - len(a.chats)%3)
	}
	n := 0
	r := readAs(t, roundTrip(func(req *http.Request) (*http.Response, error) {
		if n++; n == 16 {
			return answer(400, `{"error":"no such page"}`), nil
		}
		return a.RoundTrip(req)
	}), eightDays)
	a.whole(t, r)
	if r.unsettled() > 0 || len(r.windows) != 2 {
		t.Errorf("the windows are %+v", r.windows)
	}
}

// A single day that moves in each reading is read three times, and is not complete.
func TestThreeReadings(t *testing.T) {
	rg := Range{From: utc("2026-03-01"), To: utc("2026-03-02"), Now: theNow}
	a := fewDays()
	a.after = func(a *fakeArchive, _, asked int) {
		if asked%2 == 0 {
			a.remove(a.sorted()[0].no)
		}
	}
	r := readAs(t, a, rg)
	if w := r.windows[0]; len(r.windows) != 1 || w.Complete || w.Moving || w.Reads != 3 || w.Chats >= w.Total || w.Cause != "" {
		t.Errorf("chats go: the windows are %+v", r.windows)
	}
	a = fewDays()
	a.before = func(a *fakeArchive, page, _ int) {
		if at := utc("2026-03-01 23:00:00"); page == 1 {
			a.remove(a.sorted()[0].no)
			a.add(at, at)
		}
	}
	r = readAs(t, rewritten(a, func(body string) string { return totalOf.ReplaceAllString(body, `"total":20`) }), rg)
	if w := r.windows[0]; len(r.windows) != 1 || w.Complete || w.Moving || w.Reads != 3 || w.Chats <= w.Total || w.Cause == "" {
		t.Errorf("one goes and one comes between the readings, and the totals are too low: the windows are %+v", r.windows)
	}
}

// A second reading is complete if it brings the same chats, though its totals differ,
// and no total is above what came.
func TestSameTwice(t *testing.T) {
	for last, complete := range map[int]bool{49: true, 50: true, 51: false} {
		a := fewDays()
		n := 0
		r := readAs(t, rewritten(a, func(body string) string {
			if n++; n%3 == 2 { // the second page of three: the last one is asked for since this one is full
				return totalOf.ReplaceAllString(body, fmt.Sprintf(`"total":%d`, last))
			}
			return totalOf.ReplaceAllString(body, `"total":48`)
		}), Range{From: utc("2026-03-01"), To: utc("2026-03-02"), Now: theNow})
		if w := r.windows[0]; w.Complete != complete || complete != (w.Reads == 2) || w.Chats != 50 {
			t.Errorf("a total of %d: the windows are %+v", last, r.windows)
		}
	}
}

// The newest 25,000 chats of a day with more come, in one reading, and the window says
// what to do. Days around it are complete.
func TestFullDay(t *testing.T) {
	for _, capped := range []bool{false, true} {
		a := &fakeArchive{order: "newest", dates: "start", capped: capped}
		for i := range 26000 {
			at := utc("2026-03-02").Add(time.Duration(i) * 3 * time.Second)
			a.add(at, at.Add(time.Minute))
		}
		for i := range 60 {
			at := utc("2026-03-01").Add(time.Duration(i%2)*2*day + time.Duration(i)*time.Minute)
			a.add(at, at.Add(time.Minute))
		}
		rg := Range{From: utc("2026-03-01"), To: utc("2026-03-04"), Now: theNow}
		r := read(t.Context(), newTestClient(t, a, nil), rg)
		r.check(t, rg)
		if len(r.chats) != archiveCap+60 || r.chats["C0"] > 0 || r.unsettled() != 1 {
			t.Errorf("%d chats came in the windows %+v", len(r.chats), r.windows)
		}
		for _, w := range r.windows {
			if w.Complete {
				continue
			}
			for _, want := range []string{"2026-03-02", `api_version to "3"`, `on_mismatch to "warn"`} {
				if !strings.Contains(w.Cause, want) || w.Reads != 1 || w.Chats != archiveCap {
					t.Errorf("the window is %+v, want a cause with %s", w, want)
				}
			}
		}
		if a.asked > maxPages+15 {
			t.Errorf("%d requests", a.asked)
		}
	}
}

// A list that proves to be at the cap while it is read is left at once and halved.
func TestCapWhileReading(t *testing.T) {
	a := &fakeArchive{order: "newest", dates: "start"}
	for i := range 4 * 7000 {
		at := utc("2026-03-01").Add(time.Duration(i) * (4 * day / 28000))
		a.add(at, at.Add(time.Minute))
	}
	n := 0
	r := readAs(t, rewritten(a, func(body string) string {
		if n++; n == 1 {
			return allOf.ReplaceAllString(body, `"total":60,"pages":3`)
		}
		return body
	}), Range{From: utc("2026-03-01"), To: utc("2026-03-05"), Now: theNow})
	a.whole(t, r)
	if r.unsettled() > 0 || a.asked > pages(len(a.chats))+20 {
		t.Errorf("%d requests, the windows are %+v", a.asked, r.windows)
	}
}

// A page that is empty once, though it exists by its total, is asked for once more; so
// is a list that is empty once, whenever it is.
func TestEmptyOnce(t *testing.T) {
	for at := 1; at <= 22; at++ {
		for _, empty := range []string{`{"chats":[],"total":400,"pages":16}`, `{"chats":[],"total":0,"pages":0}`} {
			a := fewDays()
			if at > 16 {
				a.after = func(a *fakeArchive, _, asked int) {
					if asked == 8 {
						a.remove(395) // so that there are halves
					}
				}
			}
			n := 0
			r := readAs(t, rewritten(a, func(body string) string {
				if n++; n == at {
					return empty
				}
				return body
			}), eightDays)
			a.whole(t, r)
			if r.unsettled() > 0 || at <= 16 && strings.Contains(empty, "400") && (len(r.windows) > 1 || r.windows[0].Reads > 1) {
				t.Errorf("answer %d is %s: the windows are %+v", at, empty, r.windows)
			}
		}
	}
}

// Days that are said to hold nothing are asked for once more, and read if they hold
// something.
func TestEmptyDays(t *testing.T) {
	a := &fakeArchive{order: "newest", dates: "start"}
	for i := range 10000 {
		at := utc("2026-03-01").Add(time.Duration(i) * time.Minute)
		a.add(at, at)
	}
	for i := range 40 {
		at := utc("2025-06-01").Add(time.Duration(i) * time.Minute)
		a.add(at, at)
	}
	rg := Range{From: utc("2024-03-01"), To: utc("2026-03-09"), Now: theNow}
	asked := make(map[string]bool)
	r := readAs(t, roundTrip(func(req *http.Request) (*http.Response, error) {
		q := req.URL.RawQuery
		if req.URL.Query().Get("date_to") < "2026" && !asked[q] {
			asked[q] = true
			return answer(200, `{"chats":[],"total":0,"pages":0}`), nil
		}
		return a.RoundTrip(req)
	}), rg)
	a.whole(t, r)
	if r.unsettled() > 0 {
		t.Errorf("the windows are %+v", r.windows)
	}
}

// No list goes on for ever: it ends with a page that brings nothing new.
func TestEndless(t *testing.T) {
	a := fewDays()
	r := readAs(t, roundTrip(func(req *http.Request) (*http.Response, error) {
		q := req.URL.Query()
		q.Set("page", "1") // whatever page is asked for
		req.URL.RawQuery = q.Encode()
		return a.RoundTrip(req)
	}), eightDays)
	if r.unsettled() != 1 || a.asked > 20 {
		t.Errorf("%d requests, the windows are %+v", a.asked, r.windows)
	}
	// A list without end whose chats are all new ends at the cap.
	n := 0
	r = readAs(t, roundTrip(func(*http.Request) (*http.Response, error) {
		var chats []string
		for range pageSize {
			n++
			chats = append(chats, fmt.Sprintf(`{"id":"C%d"}`, n))
		}
		return answer(200, `{"chats":[`+strings.Join(chats, ",")+`],"total":25}`), nil
	}), Range{From: utc("2026-03-01"), To: utc("2026-03-02"), Now: theNow})
	if r.unsettled() != 1 || n > archiveCap+20*pageSize {
		t.Errorf("%d chats, the windows are %+v", n, r.windows)
	}
}

// The first windows are small, and later ones hold about 100 pages.
func TestWindowSizes(t *testing.T) {
	a := &fakeArchive{order: "newest", dates: "start"}
	for i := range 30000 {
		at := utc("2025-09-01").Add(time.Duration(i) * 9 * time.Minute)
		a.add(at, at)
	}
	r := readAs(t, a, Range{From: utc("2025-09-01"), To: utc("2026-03-09"), Now: theNow})
	a.whole(t, r)
	if first := r.windows[0].Chats; first > 2*firstChats {
		t.Errorf("the first window holds %d chats", first)
	}
	for i, w := range r.windows {
		if w.Chats > windowChats*3/2 || i > 5 && i < len(r.windows)-2 && w.Chats < windowChats/2 {
			t.Errorf("window %d of %d holds %d chats", i, len(r.windows), w.Chats)
		}
	}
}
