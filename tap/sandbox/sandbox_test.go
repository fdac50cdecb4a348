package sandbox

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// fixed is the now of the tests: a Friday.
const fixed = "now=2026-11-20T12:34:56Z&"

func newServer(t testing.TB, query string) *Server {
	t.Helper()
	o, err := Parse(fixed + query)
	if err != nil {
		t.Fatal(err)
	}
	return New(o)
}

// page is a list answer.
type page struct {
	Chats []struct {
		ID      string
		Pending bool
	}
	Total, Pages int
}

func request(target string) *http.Request {
	r := httptest.NewRequest("GET", target, nil)
	r.SetBasicAuth("entity", "token")
	r.Header.Set("X-API-Version", "2")
	return r
}

func get(s *Server, target string) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	s.ServeHTTP(w, request(target))
	return w
}

func getPage(t testing.TB, s *Server, params string) (p page) {
	t.Helper()
	w := get(s, "/chats?"+params)
	if w.Code != 200 {
		t.Fatalf("%s: status %d: %s", params, w.Code, w.Body)
	}
	if err := json.Unmarshal(w.Body.Bytes(), &p); err != nil {
		t.Fatalf("%s: %v", params, err)
	}
	return p
}

// readAll follows the pages of a query and returns the ids in order.
func readAll(t testing.TB, s *Server, params string) (ids []string, total int) {
	t.Helper()
	for n := 1; ; n++ {
		p := getPage(t, s, params+"&page="+strconv.Itoa(n))
		for _, c := range p.Chats {
			ids = append(ids, c.ID)
		}
		if len(p.Chats) < pageSize {
			return ids, p.Total
		}
	}
}

// truth returns the ids of the chats that keep says yes to, sorted.
func truth(s *Server, keep func(Chat) bool) (ids []string) {
	for c := range s.Truth() {
		if keep(c) {
			ids = append(ids, c.ID)
		}
	}
	slices.Sort(ids)
	return ids
}

func ended(c Chat) bool { return !c.Pending && !c.Vanished }

func sorted(ids []string) []string {
	ids = slices.Clone(ids)
	slices.Sort(ids)
	return ids
}

func TestFullPagingServesTheTruth(t *testing.T) {
	for _, order := range []string{"newest", "oldest", "none"} {
		for _, dates := range []string{"start", "end", "overlap"} {
			t.Run(order+"/"+dates, func(t *testing.T) {
				s := newServer(t, "chats=730&long_chats=0.2&pending=5&dates="+dates+"&order="+order)
				got, total := readAll(t, s, "timezone=UTC")
				want := truth(s, ended)
				if diff := cmp.Diff(want, sorted(got)); diff != "" || total != len(want) {
					t.Errorf("total %d, want %d; missing -, too many +:\n%s", total, len(want), diff)
				}
				got, _ = readAll(t, s, "timezone=UTC&include_pending=1")
				want = truth(s, func(Chat) bool { return true })
				if diff := cmp.Diff(want, sorted(got)); diff != "" {
					t.Errorf("with pending: missing -, too many +:\n%s", diff)
				}
			})
		}
	}
}

func TestOrder(t *testing.T) {
	of := map[string]func(Chat) time.Time{
		"start": func(c Chat) time.Time { return c.Started },
		"end":   func(c Chat) time.Time { return c.Ended },
	}
	for dates, key := range of {
		newest := newServer(t, "chats=300&long_chats=0.3&dates="+dates)
		times := map[string]time.Time{}
		for c := range newest.Truth() {
			times[c.ID] = key(c)
		}
		ids, _ := readAll(t, newest, "")
		if !slices.IsSortedFunc(ids, func(a, b string) int { return times[b].Compare(times[a]) }) {
			t.Errorf("dates=%s: order=newest is not", dates)
		}
		reversed, _ := readAll(t, newServer(t, "chats=300&long_chats=0.3&order=oldest&dates="+dates), "")
		slices.Reverse(reversed)
		if diff := cmp.Diff(ids, reversed); diff != "" {
			t.Errorf("dates=%s: order=oldest is not the reverse:\n%s", dates, diff)
		}
		mixed, _ := readAll(t, newServer(t, "chats=300&long_chats=0.3&order=none&dates="+dates), "")
		if diff := cmp.Diff(sorted(ids), sorted(mixed)); diff != "" || slices.Equal(ids, mixed) {
			t.Errorf("dates=%s: order=none is no disorder of the same:\n%s", dates, diff)
		}
	}
}

func TestDatesInZones(t *testing.T) {
	// Every day of the archive, in zones whose midnights lie everywhere, for
	// each meaning of the dates, held against the truth by simple arithmetic.
	for _, dates := range []string{"start", "end", "overlap"} {
		s := newServer(t, "chats=1000&days=12&long_chats=0.1&missed=0.1&shape=even&pending=0&dates="+dates)
		var chats []Chat
		for c := range s.Truth() {
			if ended(c) {
				chats = append(chats, c)
			}
		}
		for _, zone := range []string{"UTC", "Etc/GMT+12", "Etc/GMT-14", "Asia/Kathmandu", "Australia/Lord_Howe", ""} {
			name := zone
			if zone == "" { // the account's
				name = "America/Los_Angeles"
			}
			loc, err := time.LoadLocation(name)
			if err != nil {
				t.Fatal(err)
			}
			for d := 7; d < 23; d += 4 {
				from := time.Date(2026, 11, d, 0, 0, 0, 0, loc)
				to := time.Date(2026, 11, d+2, 0, 0, 0, 0, loc)
				params := "date_from=" + from.Format(time.DateOnly) + "&date_to=" + to.AddDate(0, 0, -1).Format(time.DateOnly)
				if zone != "" {
					params += "&timezone=" + url.QueryEscape(zone)
				}
				var want []string
				for _, c := range chats {
					begin, end := c.Started, c.Ended
					switch dates {
					case "start":
						end = begin
					case "end":
						begin = end
					}
					if begin.Before(to) && !end.Before(from) {
						want = append(want, c.ID)
					}
				}
				slices.Sort(want)
				got, total := readAll(t, s, params)
				if diff := cmp.Diff(want, sorted(got)); diff != "" || total != len(want) {
					t.Errorf("dates=%s %s %s: total %d, want %d\n%s", dates, params, zone, total, len(want), diff)
				}
			}
		}
	}
}

func TestCap(t *testing.T) {
	for _, order := range []string{"newest", "oldest", "none"} {
		for _, report := range []string{"true", "capped"} {
			for _, past := range []string{"empty", "400"} {
				s := newServer(t, "chats=300&pending=0&long_chats=0&cap=100&order="+order+"&cap_total="+report+"&past_end="+past)
				var chats []Chat
				for c := range s.Truth() {
					chats = append(chats, c)
				}
				slices.SortFunc(chats, func(a, b Chat) int { return b.Started.Compare(a.Started) })
				var want []string
				for _, c := range chats {
					if ended(c) && len(want) < 100 {
						want = append(want, c.ID)
					}
				}
				slices.Sort(want)
				var got []string
				for n := 1; n <= 4; n++ {
					p := getPage(t, s, "page="+strconv.Itoa(n))
					for _, c := range p.Chats {
						got = append(got, c.ID)
					}
					if report == "capped" && (p.Total != 100 || p.Pages != 4) || report == "true" && (p.Total <= 290 || p.Pages != 12) {
						t.Errorf("cap_total=%s: total %d, pages %d", report, p.Total, p.Pages)
					}
				}
				if diff := cmp.Diff(want, sorted(got)); diff != "" {
					t.Errorf("order=%s: the cap does not keep the newest:\n%s", order, diff)
				}
				w := get(s, "/chats?page=5")
				if past == "400" && w.Code != 400 || past == "empty" && !strings.HasPrefix(w.Body.String(), `{"chats":[],"total":`) {
					t.Errorf("past_end=%s: %d %.60s", past, w.Code, w.Body)
				}
			}
		}
	}
}

func TestPending(t *testing.T) {
	s := newServer(t, "chats=50&pending=7&long_chats=0&shape=even")
	open := truth(s, func(c Chat) bool { return c.Pending })
	if len(open) < 7 {
		t.Fatalf("%d are pending, want at least 7", len(open))
	}
	var got []string
	for n := 1; n <= 2; n++ {
		for _, c := range getPage(t, s, "timezone=UTC&include_pending=1&page="+strconv.Itoa(n)).Chats {
			if c.Pending {
				got = append(got, c.ID)
			}
		}
	}
	if diff := cmp.Diff(open, sorted(got)); diff != "" {
		t.Error(diff)
	}
	for c := range s.Truth() {
		if c.Pending != strings.Contains(string(c.JSON), `"pending":true`) || c.Pending == strings.Contains(string(c.JSON), `"ended`) && c.Type == "chat" {
			t.Errorf("pending is %v: %s", c.Pending, c.JSON)
		}
	}
	late := newServer(t, "chats=50&pending=7&long_chats=0&shape=even&pending_delay=480h")
	if p := getPage(t, late, "timezone=UTC&include_pending=1"); p.Total != 50-len(open) {
		t.Errorf("with a delay of a day %d are listed, want %d", p.Total, 50-len(open))
	}
}

func TestPendingDates(t *testing.T) {
	// Open chats begin on the 20th, twelve hours before noon at the earliest.
	for _, tt := range []struct {
		switches, params string
		want             bool
	}{
		{"dates=start", "date_from=2026-11-20&date_to=2026-11-20", true},
		{"dates=start", "date_from=2026-11-19&date_to=2026-11-19", false},
		{"dates=end&pending_dates=start", "date_from=2026-11-20", true},
		{"dates=end&pending_dates=start", "date_from=2026-11-19&date_to=2026-11-19", false},
		{"dates=end&pending_dates=today", "date_from=2026-11-20", true},
		{"dates=end&pending_dates=today", "date_from=2026-11-21&date_to=2026-11-22", false},
		{"dates=end&pending_dates=always", "date_from=2001-01-01&date_to=2001-01-02", true},
		{"dates=overlap", "date_from=2026-11-20", true},
		{"dates=overlap", "date_from=2026-11-01&date_to=2026-11-19", false},
	} {
		s := newServer(t, "chats=24&days=1&pending=3&missed=0&long_chats=0&shape=even&"+tt.switches)
		found := 0
		for _, c := range getPage(t, s, "timezone=UTC&include_pending=1&"+tt.params).Chats {
			if c.Pending {
				found++
			}
		}
		if (found == 3) != tt.want || found != 3 && found != 0 {
			t.Errorf("%s %s: %d found", tt.switches, tt.params, found)
		}
	}
}

func TestSingleChat(t *testing.T) {
	s := newServer(t, "chats=60&pending=3")
	for c := range s.Truth() {
		w := get(s, "/chats/"+c.ID)
		if diff := cmp.Diff(string(c.JSON), w.Body.String()); diff != "" || w.Code != 200 {
			t.Fatalf("%s: %d\n%s", c.ID, w.Code, diff)
		}
	}
	for _, id := range []string{"", "X", "AAAAAAAAAA", "mh022rd0k5", "../x", "0123456789"} {
		if w := get(s, "/chats/"+id); w.Code != 404 {
			t.Errorf("%q: status %d, want 404", id, w.Code)
		}
	}
}
