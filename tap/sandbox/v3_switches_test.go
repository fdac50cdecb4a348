package sandbox

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

const (
	archives3Path = "agent/action/list_archives"
	layout3       = "2006-01-02T15:04:05.000000Z07:00"
)

// between lists what was created, or ended, from one instant to another.
func between(t testing.TB, s *Server, from, to time.Time) (ids []string) {
	t.Helper()
	all, _ := chain(t, s, `{"limit":100,"filters":{"from":"`+from.Format(layout3)+`","to":"`+to.Format(layout3)+`"}}`)
	return sorted(threadIDs(all))
}

func TestV3WhatFromAndToLookAt(t *testing.T) {
	for _, dates := range []string{"created", "ended"} {
		s := newServer(t, "chats=400&long_chats=0.2&pending=4&v3_dates="+dates)
		for d := 1; d < 25; d += 5 {
			from := time.Date(2026, 10, 25+d, 11, 0, 0, 0, time.UTC)
			to := from.AddDate(0, 0, 5)
			want := truth(s, func(c Chat) bool {
				at := c.Started
				if dates == "ended" {
					if at = c.Ended; c.Pending {
						at = s.opt.Now
					}
				}
				return !at.Before(from) && at.Before(to)
			})
			if diff := cmp.Diff(want, between(t, s, from, to.Add(-time.Microsecond))); diff != "" {
				t.Errorf("%s from %s:\n%s", dates, from, diff)
			}
		}
	}
}

func TestV3Ends(t *testing.T) {
	all, _ := chain(t, newServer(t, "chats=60&pending=0"), `{"sort_order":"asc","limit":100}`)
	at := func(i int) time.Time { return instant3(t, all[i].Thread.CreatedAt) }
	for query, want := range map[string][]thread3{
		"":                                all[10:21],
		"v3_from=excluded":                all[11:21],
		"v3_to=excluded":                  all[10:20],
		"v3_from=excluded&v3_to=excluded": all[11:20],
	} {
		got := between(t, newServer(t, "chats=60&pending=0&"+query), at(10), at(20))
		if diff := cmp.Diff(sorted(threadIDs(want)), got); diff != "" {
			t.Errorf("%q:\n%s", query, diff)
		}
	}
}

func TestV3Active(t *testing.T) {
	for _, active := range []string{"listed", "hidden"} {
		s := newServer(t, "chats=50&days=5&pending=6&long_chats=0&v3_active="+active)
		open := truth(s, func(c Chat) bool { return c.Pending })
		all, _ := chain(t, s, `{"limit":100}`)
		var got []string
		for _, c := range all {
			if c.Thread.Active {
				got = append(got, c.Thread.ID)
			}
		}
		named, _ := json.Marshal(open)
		asked := ask3[archives3](t, s, archives3Path, `{"filters":{"thread_ids":`+string(named)+`}}`)
		want := open
		if active == "hidden" {
			want = nil
		}
		if diff := cmp.Diff([2][]string{want, want}, [2][]string{sorted(got), sorted(threadIDs(asked.Chats))}); diff != "" {
			t.Errorf("%s:\n%s", active, diff)
		}
		s.SetNow(s.opt.Now.AddDate(0, 0, 5))
		if asked := ask3[archives3](t, s, archives3Path, `{"filters":{"thread_ids":`+string(named)+`}}`); len(asked.Chats) != len(open) || asked.Chats[0].Thread.Active {
			t.Errorf("%s: after their end %d of %d are there", active, len(asked.Chats), len(open))
		}
	}
}

func TestV3Found(t *testing.T) {
	for found, fits := range map[string]func(n *int) bool{
		"exact":    func(n *int) bool { return *n == 230 },
		"low":      func(n *int) bool { return *n < 230 },
		"high":     func(n *int) bool { return *n > 230 },
		"estimate": func(n *int) bool { return *n > 200 && *n < 260 },
		"absent":   func(n *int) bool { return n == nil },
	} {
		p := ask3[archives3](t, newServer(t, "chats=230&v3_found="+found), archives3Path, `{}`)
		if !fits(p.Found) {
			t.Errorf("%s: %v", found, p.Found)
		}
	}
}

func TestV3Cap(t *testing.T) {
	s := newServer(t, "chats=230&v3_cap=120")
	for _, order := range []string{"asc", "desc"} {
		all, pages := chain(t, s, `{"limit":50,"sort_order":"`+order+`"}`)
		p := ask3[archives3](t, s, archives3Path, `{}`)
		if len(all) != 120 || pages != 3 || *p.Found != 230 {
			t.Errorf("%s: %d threads on %d pages, %d found", order, len(all), pages, *p.Found)
		}
	}
}

func TestV3SameMillisecond(t *testing.T) {
	// Three threads a second, for a minute.
	from := time.Date(2026, 11, 17, 4, 10, 0, 0, time.UTC)
	filter := `"filters":{"from":"` + from.Format(layout3) + `","to":"` + from.Add(time.Minute-time.Microsecond).Format(layout3) + `"}`
	for skip, whole := range map[string]bool{"true": false, "false": true} {
		s := newServer(t, "chats=0&full_day=3&full_day_chats=10800&full_hour=4&pending=0&v3_milliseconds=1&v3_skip="+skip)
		for _, order := range []string{"asc", "desc"} {
			all, _ := chain(t, s, `{"limit":10,"sort_order":"`+order+`",`+filter+`}`)
			ids := sorted(threadIDs(all))
			if n := len(slices.Compact(ids)); n != len(all) || (n == 180) != whole || n < 140 {
				t.Errorf("v3_skip=%s %s: %d of 180, %d different ones", skip, order, len(all), n)
			}
		}
	}
}

func TestV3Chain(t *testing.T) {
	for _, chainKind := range []string{"live", "frozen"} {
		s := newServer(t, "chats=200&pending=0&drift_end=1&v3_chain="+chainKind)
		all, _ := chain(t, s, `{"limit":20,"sort_order":"asc"}`)
		if want := map[string]bool{"live": true, "frozen": false}[chainKind]; (len(all) > 200) != want {
			t.Errorf("%s: %d threads", chainKind, len(all))
		}
	}
	s := newServer(t, "chats=200&pending=0&drift_vanish=1")
	first := ask3[archives3](t, s, archives3Path, `{"limit":100}`)
	for range 5 {
		ask3[archives3](t, s, archives3Path, `{"limit":100}`)
	}
	again := ask3[archives3](t, s, archives3Path, `{"limit":100}`)
	if *again.Found >= *first.Found {
		t.Errorf("of %d threads %d are left", *first.Found, *again.Found)
	}
}

func TestV3Missing(t *testing.T) {
	for get, kind := range map[string]string{"gives": "", "empty": "", "not_found": "not_found", "missing_access": "missing_access"} {
		s := newServer(t, "chats=100&pending=3&v3_missing=0.5&v3_missing_get="+get)
		all, _ := chain(t, s, `{"limit":100}`)
		missing := 0
		for _, c := range all {
			if c.Thread.Events != nil {
				continue
			}
			missing++
			if c.Thread.Active || c.Thread.Restricted != "" {
				t.Errorf("%+v lacks events", c.Thread)
			}
			w := post(s, "agent/action/get_chat", `{"chat_id":"`+c.ID+`","thread_id":"`+c.Thread.ID+`"}`)
			has := strings.Contains(w.Body.String(), `"events":[`)
			if kind != "" && !isError(w, 0, kind) || has != (get == "gives") {
				t.Errorf("%s: %d %.300s", get, w.Code, w.Body)
			}
		}
		if missing < 30 || missing > 70 {
			t.Errorf("%d of %d are without events", missing, len(all))
		}
	}
}

func TestV3WhatThreadsCanLack(t *testing.T) {
	counts := map[string]func(s *Server, c thread3, text string) bool{
		"v3_retention=10": func(s *Server, c thread3, _ string) bool {
			old := instant3(t, c.Thread.CreatedAt).Before(s.opt.Now.AddDate(0, 0, -10))
			if old != (c.Thread.Restricted != "") || old != (c.Thread.Events == nil) {
				t.Errorf("%s of %s: %q", c.Thread.ID, c.Thread.CreatedAt, c.Thread.Restricted)
			}
			return old
		},
		"v3_visits=10":         func(_ *Server, _ thread3, text string) bool { return !strings.Contains(text, `"customer_visit"`) },
		"v3_users_missing=0.5": func(_ *Server, c thread3, _ string) bool { return len(c.Users) < len(c.Thread.UserIDs) },
		"v3_offsets=0.5":       func(_ *Server, c thread3, _ string) bool { return strings.HasSuffix(c.Thread.CreatedAt, "+01:00") },
		"v3_no_end=0.5": func(_ *Server, c thread3, _ string) bool {
			return len(c.Thread.Events) != 1 && !slices.ContainsFunc(c.Thread.Events, func(e event3) bool { return strings.Contains(e.System, "archived") })
		},
		"v3_early_events=0.5": func(_ *Server, c thread3, _ string) bool {
			return slices.ContainsFunc(c.Thread.Events, func(e event3) bool { return e.CreatedAt < c.Thread.CreatedAt })
		},
		"v3_deleted=0.05": func(_ *Server, c thread3, _ string) bool {
			return slices.ContainsFunc(c.Thread.Events, func(e event3) bool { return e.Deleted && e.Text == "" && e.AuthorID == "" })
		},
		"v3_deleted=0.05&v3_deleted_form=whole": func(_ *Server, c thread3, _ string) bool {
			return slices.ContainsFunc(c.Thread.Events, func(e event3) bool { return e.Deleted && e.AuthorID != "" })
		},
		"v3_event_order=mixed": func(_ *Server, c thread3, _ string) bool {
			return !slices.IsSortedFunc(c.Thread.Events, func(a, b event3) int { return strings.Compare(a.CreatedAt, b.CreatedAt) })
		},
		"v3_bots=0.5&v3_bot_talk=1": func(_ *Server, c thread3, _ string) bool {
			return slices.ContainsFunc(c.Thread.Events, func(e event3) bool { return len(e.AuthorID) == 32 })
		},
	}
	for query, has := range counts {
		s := newServer(t, "chats=100&days=30&pending=0&shape=even&missed=0&"+query)
		all, _ := chain(t, s, `{"limit":10}`)
		n := 0
		for _, c := range all {
			w := post(s, "agent/action/get_chat", `{"chat_id":"`+c.ID+`","thread_id":"`+c.Thread.ID+`"}`)
			if has(s, c, w.Body.String()) {
				n++
			}
		}
		if len(all) != 100 || n < 15 || n > 99 {
			t.Errorf("%s: %d of %d", query, n, len(all))
		}
	}
}

func TestV3OddAndHostile(t *testing.T) {
	for _, query := range []string{"odd=1", "hostile=1", "odd=0.7&hostile=0.7&visitor=mixed&event_ids=some", "odd=1&v3_deleted=0.2&v3_other_events=1&v3_bots=0.5&v3_bot_talk=1&returning=0.8"} {
		s := newServer(t, "chats=300&pending=9&"+query)
		for id := ""; ; {
			body := `{"limit":100}`
			if id != "" {
				body = `{"page_id":"` + id + `"}`
			}
			w := post(s, archives3Path, body)
			var p struct {
				Chats []json.RawMessage
				Next  string `json:"next_page_id"`
			}
			if err := json.Unmarshal(w.Body.Bytes(), &p); err != nil || len(p.Chats) != 100 {
				t.Fatalf("%s: %d chats: %v", query, len(p.Chats), err)
			}
			if id = p.Next; id == "" {
				break
			}
		}
		if w := post(s, "agent/action/list_chats", `{"limit":100}`); !json.Valid(w.Body.Bytes()) {
			t.Errorf("%s: list_chats: %s", query, w.Body)
		}
	}
}

func TestV3Errors(t *testing.T) {
	for query, want := range map[string]struct {
		status int
		kind   string
	}{
		"v3_error=limit_reached":                                   {403, "limit_reached"},
		"v3_error=authentication":                                  {401, "authentication"},
		"v3_error=too_many_requests":                               {429, "too_many_requests"},
		"v3_error=internal&v3_errors_200=true":                     {200, "internal"},
		"v3_error=validation&v3_statuses=validation:422":           {422, "validation"},
		"v3_error=something_new":                                   {400, "something_new"},
		"access_token=secret&v3_errors_200=true":                   {200, "authentication"},
		"rate_429=1&fault_burst=0":                                 {429, "too_many_requests"},
		"rate_503=1&fault_burst=0&v3_errors_200=true":              {200, "service_unavailable"},
		"rate_408=1&fault_burst=0&v3_statuses=request_timeout:504": {504, "request_timeout"},
		"misdirected=fra":                                          {421, "misdirected_request"},
		"misdirected=fra&misdirected_status=400":                   {400, "misdirected_request"},
		"status=500":                                               {500, "internal"},
		"fail_after=1":                                             {503, "service_unavailable"},
		"no_scopes=chats--all:ro,chats--access:ro":                 {403, "authorization"},
	} {
		w := post(newServer(t, query), archives3Path, `{}`)
		if !isError(w, want.status, want.kind) || w.Header().Get("X-Debug-Id") == "" {
			t.Errorf("%s: %d %s", query, w.Code, w.Body)
		}
	}
	for _, none := range []string{"no_scopes=chats--all:ro", "no_scopes=all", "misdirected=dal"} {
		if w := post(newServer(t, none), archives3Path, `{}`, "X-Region", "DAL"); w.Code != 200 {
			t.Errorf("%s: %d %s", none, w.Code, w.Body)
		}
	}
	if _, err := Parse("v3_statuses=validation:abc"); err == nil {
		t.Error("a status that is no number is accepted")
	}
}

func TestV3ErrorsInTime(t *testing.T) {
	for query, want := range map[string][]int{
		"v3_token_lasts=2":                                   {200, 200, 401, 401},
		"v3_error=internal&v3_error_from=2":                  {200, 500, 500, 500},
		"v3_error=internal&v3_error_from=2&v3_error_times=1": {200, 500, 200, 200},
		"fail_after=3":                                       {200, 200, 503, 503},
		"rate_500=1&fault_burst=1":                           {500, 200, 500, 200},
	} {
		s := newServer(t, query)
		var got []int
		for range want {
			got = append(got, post(s, archives3Path, `{}`).Code)
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s: %d, want %d", query, got, want)
		}
	}
}

func TestV3Announcements(t *testing.T) {
	s := newServer(t, "legacy=2027-01-31&deprecation=2027-06-30")
	for _, body := range []string{`{}`, `wrong`} {
		h := post(s, archives3Path, body).Header()
		if h.Get("Legacy") != "2027-01-31" || h.Get("Deprecation") != "2027-06-30" {
			t.Errorf("%s: %v", body, h)
		}
	}
}

func TestV3Habits(t *testing.T) {
	for query, fits := range map[string]func(first, second archives3) bool{
		"total_off=5":          func(a, _ archives3) bool { return *a.Found == 55 },
		"total_climbs=3":       func(a, b archives3) bool { return *a.Found == 50 && *b.Found == 53 },
		"total_zero_once=1":    func(a, _ archives3) bool { return *a.Found == 0 && len(a.Chats) == 10 },
		"zero_once=1":          func(a, _ archives3) bool { return *a.Found == 0 && len(a.Chats) == 0 && a.Next == "" },
		"empty_once=1":         func(a, _ archives3) bool { return *a.Found == 50 && len(a.Chats) == 0 && a.Next != "" },
		"ignore_page=true":     func(a, b archives3) bool { return slices.Equal(threadIDs(a.Chats), threadIDs(b.Chats)) && b.Next != "" },
		"late_show=20000h":     func(a, _ archives3) bool { return *a.Found < 50 },
		"huge_page=1":          func(a, _ archives3) bool { return len(a.Chats) == 10 },
		"deep=50":              func(a, _ archives3) bool { return len(a.Chats) == 10 },
		"gzip=true&cache=true": func(a, b archives3) bool { return len(a.Chats) == 10 && len(b.Chats) == 10 },
	} {
		s := newServer(t, "chats=50&pending=0&long_chats=0&"+query)
		first := ask3[archives3](t, s, archives3Path, `{}`)
		var second archives3
		if first.Next != "" {
			second = ask3[archives3](t, s, archives3Path, `{"page_id":"`+first.Next+`"}`)
		}
		if !fits(first, second) {
			t.Errorf("%s: %v of %d, %v of %d", query, len(first.Chats), first.Found, len(second.Chats), second.Found)
		}
	}
	if w := post(newServer(t, "huge_page=1"), archives3Path, `{}`); w.Body.Len() < 1<<20 || !json.Valid(w.Body.Bytes()) {
		t.Errorf("a huge page has %d bytes", w.Body.Len())
	}
	if w := post(newServer(t, "deep=50"), archives3Path, `{}`); !strings.Contains(w.Body.String(), strings.Repeat("[", 50)) {
		t.Error("deep is not")
	}
}

func TestV3Stale(t *testing.T) {
	for drift, fits := range map[string]func(found, now int) bool{
		"drift_end=1":    func(found, now int) bool { return found < now },
		"drift_vanish=1": func(found, now int) bool { return found > now },
	} {
		s := newServer(t, "chats=100&pending=0&stale=20&"+drift)
		behind := 0
		for range 30 {
			now := len(truth(s, ended))
			if fits(*ask3[archives3](t, s, archives3Path, `{"limit":100}`).Found, now) {
				behind++
			}
		}
		if behind < 15 {
			t.Errorf("%s: %d of 30 answers are behind", drift, behind)
		}
	}
}

// ask3Wire does one request over the wire and reads the body to its end.
func ask3Wire(ctx context.Context, url string) (status int, body []byte, err error) {
	r, _ := http.NewRequestWithContext(ctx, "POST", url+"/v3.6/"+archives3Path, strings.NewReader(`{"limit":100}`))
	r.SetBasicAuth("entity", "token")
	r.Header.Set("Content-Type", "application/json")
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	resp, err := client.Do(r)
	if err != nil {
		return 0, nil, err
	}
	defer resp.Body.Close()
	body, err = io.ReadAll(resp.Body)
	return resp.StatusCode, body, err
}

func TestV3EveryFault(t *testing.T) {
	invalid := func(b []byte) bool { return !json.Valid(b) }
	found := func(b []byte) string {
		var p struct {
			Found json.RawMessage `json:"found_chats"`
		}
		json.Unmarshal(b, &p)
		return string(p.Found)
	}
	tests := map[string]struct {
		status int
		err    error
		body   func([]byte) bool
	}{
		"500":          {500, nil, json.Valid},
		"503":          {503, nil, json.Valid},
		"429":          {429, nil, json.Valid},
		"408":          {408, nil, json.Valid},
		"reset":        {0, syscall.ECONNRESET, nil},
		"cut":          {200, io.ErrUnexpectedEOF, nil},
		"chopped":      {200, nil, func(b []byte) bool { return len(b) > 1000 && invalid(b) }},
		"broken":       {200, nil, invalid},
		"html":         {200, nil, func(b []byte) bool { return strings.HasPrefix(string(b), "<!DOCTYPE html>") }},
		"empty":        {200, nil, func(b []byte) bool { return len(b) == 0 }},
		"null":         {200, nil, func(b []byte) bool { return string(b) == `{"chats": null}` }},
		"wrong_total":  {200, nil, func(b []byte) bool { return json.Valid(b) && found(b) != "100" && found(b) != "" }},
		"no_total":     {200, nil, func(b []byte) bool { return json.Valid(b) && found(b) == "" }},
		"stall_header": {0, context.DeadlineExceeded, nil},
		"stall_body":   {200, context.DeadlineExceeded, nil},
		"101":          {101, nil, nil},
		"error_200":    {200, nil, func(b []byte) bool { return strings.Contains(string(b), `"error"`) }},
	}
	for _, r := range rates(new(Options)) {
		tt, ok := tests[r.name]
		if !ok {
			t.Errorf("no test for %s", r.name)
			continue
		}
		t.Run(r.name, func(t *testing.T) {
			t.Parallel()
			s := newServer(t, "chats=100&pending=0&long_chats=0&fault_burst=0&shape=even&stall=3s&rate_"+r.name+"=1")
			url := listen(t, s)
			for range 3 {
				ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
				if errors.Is(tt.err, context.DeadlineExceeded) {
					ctx, cancel = context.WithTimeout(t.Context(), time.Second)
				}
				status, body, err := ask3Wire(ctx, url)
				cancel()
				if r.name != "101" && (!errors.Is(err, tt.err) || status != tt.status || tt.err == nil && !tt.body(body)) {
					t.Errorf("status %d, want %d; error %v, want %v; body %.200s", status, tt.status, err, tt.err, body)
				}
			}
			for _, q := range s.Requests() {
				if q.Fault != r.name || q.Status != tt.status || q.Body != `{"limit":100}` {
					t.Errorf("logged as %d %q %q", q.Status, q.Fault, q.Body)
				}
			}
		})
	}
}

func TestV3ManyAtOnce(t *testing.T) {
	s := newServer(t, "chats=400&days=2&drift_end=2&drift_vanish=3&cache=true&rate_500=0.1&gzip=true&late_changes=0.5&pending=5&stale=5")
	done := make(chan bool)
	for k := range 4 {
		go func() {
			defer func() { done <- true }()
			id := ""
			for n := range 12 {
				body := `{"limit":20}`
				if id != "" {
					body = `{"page_id":"` + id + `"}`
				}
				var p archives3
				json.Unmarshal(post(s, archives3Path, body).Body.Bytes(), &p)
				id = p.Next
				post(s, "agent/action/list_chats", `{"filters":{"active":true}}`)
				s.SetNow(s.opt.Now.Add(time.Duration(k*n) * time.Minute))
			}
		}()
	}
	for range 4 {
		<-done
	}
	if s.Count() != 96 {
		t.Errorf("%d requests, want 96", s.Count())
	}
}

func TestV3OpenThreadsThatAreNotFound(t *testing.T) {
	for query, want := range map[string][]int{"": {4, 4}, "pending_404=once": {0, 4}, "pending_404=always": {0, 0}, "late_show=20000h": {0, 0}, "pending_delay=48h": {0, 0}} {
		s := newServer(t, "chats=4&days=1&pending=4&"+query)
		open, _ := json.Marshal(truth(s, func(c Chat) bool { return c.Pending }))
		var got []int
		for range want {
			got = append(got, len(ask3[archives3](t, s, archives3Path, `{"filters":{"thread_ids":`+string(open)+`}}`).Chats))
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s: %d of 4 are found, want %d", query, got, want)
		}
	}
}

func TestV3ClockAndEcho(t *testing.T) {
	if h := post(newServer(t, "clock=archive"), archives3Path, `{}`).Header(); h.Get("Date") != "Fri, 20 Nov 2026 12:34:56 GMT" {
		t.Errorf("Date %q", h.Get("Date"))
	}
	if w := post(newServer(t, "echo=true&v3_error=internal"), archives3Path, `{}`); !strings.Contains(w.Body.String(), "entity:token") || !isError(w, 500, "internal") {
		t.Errorf("no echo: %s", w.Body)
	}
}
