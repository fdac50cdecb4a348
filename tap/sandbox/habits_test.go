package sandbox

import (
	"bufio"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"tap-livechat/tap/sandbox/account"
)

// Each contradiction shows what its name says, of chats that are listed where
// their true times are.
func TestContradictions(t *testing.T) {
	number := func(v any) int64 { n, _ := v.(float64); return int64(n) }
	shows := map[string]func(c Chat, start, end any, now int64) bool{
		"end_zero":      func(c Chat, _, end any, _ int64) bool { return end == 0.0 },
		"end_text_zero": func(c Chat, _, end any, _ int64) bool { return end == "0" },
		"end_minus_one": func(c Chat, _, end any, _ int64) bool { return end == -1.0 },
		"end_1970":      func(c Chat, _, end any, _ int64) bool { return number(end) > 0 && number(end) < 366*86400 },
		"end_before":    func(c Chat, _, end any, _ int64) bool { return number(end) > 1e9 && number(end) < c.Started.Unix() },
		"end_future":    func(c Chat, _, end any, now int64) bool { return number(end) >= now+4*86400 },
		"end_century":   func(c Chat, _, end any, now int64) bool { return number(end) < 0 || number(end) > now+3e9 },
		"end_missing": func(c Chat, _, end any, _ int64) bool {
			return end == nil && strings.Contains(string(c.JSON), `"duration"`)
		},
		"end_unknown": func(c Chat, _, end any, _ int64) bool {
			return end == nil && !strings.Contains(string(c.JSON), `"duration":`) || strings.Contains(string(c.JSON), `"queue":{"duration"`)
		},
		"start_missing":   func(c Chat, start, _ any, _ int64) bool { return start == nil },
		"start_zero":      func(c Chat, start, _ any, _ int64) bool { return start == 0.0 },
		"start_other_day": func(c Chat, start, _ any, _ int64) bool { return number(start)/86400 != c.Started.Unix()/86400 },
		"start_after":     func(c Chat, start, _ any, _ int64) bool { return number(start) > c.Account.End },
	}
	if diff := cmp.Diff(len(shows), len(account.Contradictions())); diff != "" {
		t.Fatal(diff)
	}
	for name, is := range shows {
		s := newServer(t, "chats=200&pending=5&full_day=3&full_day_chats=60&contradict=1&contradict_with="+name)
		full := 0
		for c := range s.Truth() {
			var shown struct {
				Start any `json:"started_timestamp"`
				End   any `json:"ended_timestamp"`
			}
			if err := json.Unmarshal(c.JSON, &shown); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			wrong := c.Type == "chat" && (!c.Pending || strings.HasPrefix(name, "start"))
			if (c.Contradicts == name) != wrong {
				t.Errorf("%s: %s contradicts by %q", name, c.ID, c.Contradicts)
			}
			if wrong && !is(c, shown.Start, shown.End, s.account.Now()) {
				t.Errorf("%s: from %v to %v it shows %v and %v: %.2000s", name, c.Started, c.Ended, shown.Start, shown.End, c.JSON)
			}
			if !c.Pending && c.Listed(time.Date(2026, 11, 17, 0, 0, 0, 0, time.UTC), time.Date(2026, 11, 18, 0, 0, 0, 0, time.UTC)) {
				full++
			}
		}
		if got, _ := readAll(t, s, "timezone=UTC&date_from=2026-11-17&date_to=2026-11-17"); len(got) != full || full < 60 {
			t.Errorf("%s: %d of the full day are listed, the truth says %d", name, len(got), full)
		}
	}
}

func TestContradictMixes(t *testing.T) {
	seen := map[string]int{}
	for c := range newServer(t, "chats=2000&missed=0&contradict=0.5").Truth() {
		seen[c.Contradicts]++
	}
	if len(seen) != len(account.Contradictions())+1 || seen[""] < 850 || seen[""] > 1150 {
		t.Errorf("%v", seen)
	}
	other := map[string]bool{}
	for c := range newServer(t, "chats=2000&contradict=0.5&contradict_seed=2&contradict_with=end_zero,end_future").Truth() {
		other[c.Contradicts] = true
	}
	if diff := cmp.Diff(map[string]bool{"": true, "end_zero": true, "end_future": true}, other); diff != "" {
		t.Error(diff)
	}
	if !slices.Equal(dump(newServer(t, "chats=300")), dump(newServer(t, "chats=300&contradict_seed=9"))) {
		t.Error("without contradict, the seed of it changes something")
	}
}

// The truth says under which days a chat is listed, for each meaning of them.
func TestListed(t *testing.T) {
	for _, way := range []string{"dates=start", "dates=end", "dates=end&pending_dates=today", "dates=end&pending_dates=always", "dates=overlap"} {
		s := newServer(t, "chats=300&days=12&long_chats=0.2&pending=9&contradict=0.3&late_show=3h&"+way)
		for d := 8; d <= 21; d++ {
			from := time.Date(2026, 11, d, 0, 0, 0, 0, time.UTC)
			want := truth(s, func(c Chat) bool { return c.Listed(from, from.AddDate(0, 0, 1)) && !c.Appears.After(s.opt.Now) })
			got, _ := readAll(t, s, fmt.Sprintf("timezone=UTC&include_pending=1&date_from=2026-11-%02d&date_to=2026-11-%02[1]d", d))
			if diff := cmp.Diff(want, sorted(got), cmp.Transformer("", func(s []string) []string { return append([]string{}, s...) })); diff != "" {
				t.Errorf("%s, day %d: %s", way, d, diff)
			}
		}
	}
}

func TestLateShow(t *testing.T) {
	s := newServer(t, "chats=400&days=2&pending=20&late_show=3h&cache=true&order=none")
	late := 0
	for h := range 5 {
		s.SetNow(s.opt.Now.Add(time.Duration(h) * time.Hour))
		now := time.Unix(s.account.Now(), 0)
		for c := range s.Truth() {
			since := c.Started
			if !c.Pending {
				since = c.Ended
			}
			if by := c.Appears.Sub(since); by <= 0 || by > 3*time.Hour {
				t.Errorf("%s shows up %v late", c.ID, by)
			}
			if hidden := c.Appears.After(now); hidden != (get(s, "/chats/"+c.ID).Code == 404) {
				t.Errorf("%s: hidden %v", c.ID, hidden)
			} else if hidden {
				late++
			}
		}
		got, total := readAll(t, s, "timezone=UTC&include_pending=1")
		want := truth(s, func(c Chat) bool { return !c.Appears.After(now) })
		if diff := cmp.Diff(want, sorted(got)); diff != "" || total != len(want) {
			t.Errorf("after %d hours: total %d, %s", h, total, diff)
		}
	}
	if late == 0 {
		t.Error("none was late")
	}
}

// What answers say about themselves: number of chats, total and pages of a few
// requests in turn. There are 60 chats.
func TestMisstatements(t *testing.T) {
	for _, tt := range []struct {
		switches string
		pages    []int
		want     string
	}{
		{"", []int{1, 2, 3, 4}, "25/60/3 25/60/3 10/60/3 0/60/3"},
		{"total_off=1", []int{1, 3}, "25/61/3 10/61/3"},
		{"total_off=-1&cap=50&cap_total=capped", []int{1, 3}, "25/49/2 0/49/2"},
		{"total_off=-100", []int{1}, "25/0/0"},
		{"total_climbs=2", []int{1, 2, 3, 1}, "25/60/3 25/62/3 10/64/3 25/60/3"},
		{"pages_off=-1", []int{1}, "25/60/2"},
		{"pages_off=7", []int{1}, "25/60/10"},
		{"zero_once=1", []int{1, 1, 2, 1}, "0/0/0 25/60/3 25/60/3 25/60/3"},
		{"total_zero_once=1", []int{1, 1}, "25/0/0 25/60/3"},
		{"empty_once=1", []int{2, 2, 1, 1}, "0/60/3 25/60/3 0/60/3 25/60/3"},
		{"past_end=last", []int{3, 4, 5, 900}, "10/60/3 10/60/3 10/60/3 10/60/3"},
		{"ignore_page=true", []int{1, 2, 9}, "25/60/3 25/60/3 25/60/3"},
	} {
		s := newServer(t, "chats=60&pending=0&long_chats=0&quiet_days=1&"+tt.switches)
		var got []string
		for _, page := range tt.pages {
			p := getPage(t, s, "timezone=UTC&page="+strconv.Itoa(page))
			got = append(got, fmt.Sprintf("%d/%d/%d", len(p.Chats), p.Total, p.Pages))
		}
		if got := strings.Join(got, " "); got != tt.want {
			t.Errorf("%s: %s, want %s", tt.switches, got, tt.want)
		}
	}
	last := newServer(t, "chats=60&past_end=last")
	if diff := cmp.Diff(getPage(t, last, "page=3"), getPage(t, last, "page=7")); diff != "" {
		t.Error(diff)
	}
	if p := getPage(t, newServer(t, "chats=0&past_end=last"), "page=7"); len(p.Chats) != 0 {
		t.Error("nothing has a last page")
	}
	// A share of them, and the same each time.
	zeros := func(seed int) (days []int) {
		s := newServer(t, fmt.Sprintf("chats=900&days=30&shape=even&zero_once=0.3&fault_seed=%d", seed))
		for d := 1; d <= 19; d++ {
			if getPage(t, s, fmt.Sprintf("date_from=2026-11-%02d&date_to=2026-11-%02[1]d", d)).Total == 0 {
				days = append(days, d)
			}
		}
		return days
	}
	if a, b, c := zeros(1), zeros(1), zeros(2); len(a) == 0 || len(a) > 12 || !slices.Equal(a, b) || slices.Equal(a, c) {
		t.Errorf("%v, again %v, with another seed %v", a, b, c)
	}
}

func TestChangingOrder(t *testing.T) {
	s := newServer(t, "chats=60&pending=0&order=changing")
	ids := func() (all []string) {
		for _, c := range getPage(t, s, "").Chats {
			all = append(all, c.ID)
		}
		return all
	}
	if a, b := ids(), ids(); slices.Equal(a, b) {
		t.Error("the same order twice")
	}
	var all []string
	for range 30 {
		all = append(all, ids()...)
	}
	slices.Sort(all)
	if n := len(slices.Compact(all)); n != 60 {
		t.Errorf("%d chats came in 30 answers, want all of 60", n)
	}
}

// Behind, an answer lacks what has come and holds what has gone.
func TestStale(t *testing.T) {
	for _, dates := range []string{"start", "end", "overlap"} {
		s := newServer(t, "chats=30&pending=0&long_chats=0&drift_end=1&drift_vanish=2&stale=6&dates="+dates)
		totals := map[int]int{}
		for range 40 {
			ids, total := readAll(t, s, "timezone=UTC&date_from=2026-01-01")
			if slices.Sort(ids); total < len(ids)-12 || len(slices.Compact(ids)) < 20 {
				t.Fatalf("%d chats, total %d", len(ids), total)
			}
			at := 0
			for range s.Truth() {
				at++
			}
			gone := len(truth(s, func(c Chat) bool { return c.Vanished }))
			totals[at-gone-total]++
		}
		if len(totals) < 3 {
			t.Errorf("dates=%s: the answers are behind by %v", dates, totals)
		}
	}
}

func TestPendingByID(t *testing.T) {
	for switches, want := range map[string][4]int{ // without, without, with, with include_pending
		"":                                    {200, 200, 200, 200},
		"pending_404=once":                    {404, 200, 200, 200},
		"pending_404=always":                  {404, 404, 404, 404},
		"pending_asked=true":                  {404, 404, 200, 200},
		"pending_asked=true&pending_404=once": {404, 404, 404, 200},
	} {
		s := newServer(t, "chats=60&pending=3&"+switches)
		for c := range s.Truth() {
			var got [4]int
			for i, query := range []string{"", "", "?include_pending=1", "?include_pending=1"} {
				got[i] = get(s, "/chats/"+c.ID+query).Code
			}
			if !c.Pending {
				want := [4]int{200, 200, 200, 200}
				if got != want {
					t.Errorf("%s: %v of one that has ended", switches, got)
				}
			} else if got != want {
				t.Errorf("%s: %v, want %v", switches, got, want)
			}
		}
	}
}

func TestClock(t *testing.T) {
	near := func(at time.Time) func([]time.Time) bool {
		return func(got []time.Time) bool {
			return slices.IndexFunc(got, func(g time.Time) bool { return g.Sub(at).Abs() > 30*time.Second }) < 0 && len(got) == 3
		}
	}
	now := time.Date(2026, 11, 20, 12, 34, 56, 0, time.UTC)
	for switches, is := range map[string]func([]time.Time) bool{
		"":                            near(time.Now()),
		"clock_off=90s":               near(time.Now().Add(90 * time.Second)),
		"clock_off=-3h":               near(time.Now().Add(-3 * time.Hour)),
		"clock=archive":               near(now),
		"clock=archive&clock_off=48h": near(now.Add(48 * time.Hour)),
		"clock=absent":                func(got []time.Time) bool { return len(got) == 0 },
		"clock=back":                  func(got []time.Time) bool { return len(got) == 3 && got[0].Sub(got[2]) > 15*time.Minute },
	} {
		url := listen(t, newServer(t, "chats=1&"+switches))
		var got []time.Time
		for range 3 {
			_, header, _, err := ask(t.Context(), url+"/chats")
			if err != nil {
				t.Fatal(err)
			}
			if at, err := http.ParseTime(header.Get("Date")); err == nil {
				got = append(got, at)
			}
		}
		if !is(got) {
			t.Errorf("%s: %v", switches, got)
		}
	}
}

func TestEcho(t *testing.T) {
	for _, failure := range []string{"status=401", "status=503", "rate_html=1", "rate_broken=1", "rate_error_200=1", "rate_500=1", "access_token=other", "misdirected=fra"} {
		for _, on := range []bool{true, false} {
			s := newServer(t, fmt.Sprintf("echo=%v&%s", on, failure))
			r := httptest.NewRequest("GET", "/chats", nil)
			r.SetBasicAuth("entity", "s3cret\"token")
			r.Header.Set("X-API-Version", "2")
			w := httptest.NewRecorder()
			s.ServeHTTP(w, r)
			sent := r.Header.Get("Authorization")
			if got := strings.Contains(w.Body.String(), sent) && strings.Contains(w.Body.String(), `s3cret\"token`) && w.Header().Get("X-Request-Authorization") == sent; got != on {
				t.Errorf("%s: echo=%v, but %d %s", failure, on, w.Code, w.Body)
			}
			if text := w.Body.String(); strings.HasPrefix(text, "{") && failure != "rate_broken=1" && !json.Valid([]byte(text)) {
				t.Errorf("%s: %s", failure, text)
			}
		}
	}
	if body := get(newServer(t, "echo=true"), "/chats").Body.String(); strings.Contains(body, "Basic") {
		t.Error("a success echoes")
	}
}

func TestErrorObjectIn200(t *testing.T) {
	kinds := map[string]bool{}
	s := newServer(t, "rate_error_200=1&fault_burst=0")
	for range 100 {
		var body struct{ Error struct{ Type string } }
		if w := get(s, "/chats"); w.Code != 200 || json.Unmarshal(w.Body.Bytes(), &body) != nil {
			t.Fatalf("%d %s", w.Code, w.Body)
		}
		kinds[body.Error.Type] = true
	}
	if len(kinds) != len(errorTypes) {
		t.Errorf("%v", kinds)
	}
	if body := get(newServer(t, "rate_error_200=1&error_type=authentication"), "/chats").Body.String(); !strings.Contains(body, `"type":"authentication"`) {
		t.Error(body)
	}
}

func Test101(t *testing.T) {
	s := newServer(t, "rate_101=1&stall=50ms")
	url := listen(t, s)
	conn, err := net.Dial("tcp", strings.TrimPrefix(url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	r := request(url + "/chats")
	r.Write(conn)
	in := bufio.NewReader(conn)
	line, err := in.ReadString('\n')
	if !strings.HasPrefix(line, "HTTP/1.1 101 ") {
		t.Errorf("%q %v", line, err)
	}
	if all := s.Requests(); len(all) != 1 || all[0].Fault != "101" || all[0].Status != 101 {
		t.Errorf("%+v", all)
	}
}

func TestHuge(t *testing.T) {
	s := newServer(t, "chats=80&huge_page=25")
	for page, most := range map[int]int{1: 26 << 20, 2: 1 << 20} {
		body := get(s, "/chats?page="+strconv.Itoa(page)).Body
		if n := body.Len(); n > most || page == 1 && n < 25<<20 || !json.Valid(body.Bytes()) {
			t.Errorf("page %d has %d bytes", page, n)
		}
	}
	most := 0
	for c := range newServer(t, "chats=80&huge_chat=5000&pending=0").Truth() {
		most = max(most, c.Events)
		var chat served
		if err := json.Unmarshal(c.JSON, &chat); err != nil || len(chat.Events) != c.Events || c.Events > 100 && c.Events < 5000 {
			t.Errorf("%s: %d events: %v", c.ID, c.Events, err)
		}
	}
	if most < 5000 {
		t.Errorf("the longest has %d events", most)
	}
}

func TestDriftRate(t *testing.T) {
	for rate, want := range map[string]int{"0.02": 2, "0.5": 50, "3": 300} {
		s := newServer(t, "chats=30&drift_rate="+rate)
		for range 100 {
			getPage(t, s, "")
		}
		if n := len(truth(s, func(c Chat) bool { return c.Drifted })); n < want-1 || n > want {
			t.Errorf("drift_rate=%s: %d came in 100 lists, want %d", rate, n, want)
		}
	}
}
