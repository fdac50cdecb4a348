package sandbox

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// thread3 is an entry of the archive as a client reads it.
type thread3 struct {
	ID         string
	Users      []user3
	Thread     inner3
	Properties map[string]map[string]any
}

type inner3 struct {
	ID         string
	Active     bool
	CreatedAt  string   `json:"created_at"`
	UserIDs    []string `json:"user_ids"`
	Events     []event3
	Properties map[string]map[string]any
	Access     struct {
		GroupIDs []int `json:"group_ids"`
	}
	Tags            []string
	QueuesDuration  *int   `json:"queues_duration"`
	Previous        string `json:"previous_thread_id"`
	Next            string `json:"next_thread_id"`
	Restricted      string `json:"restricted_access"`
	CustomVariables []struct{ Key, Value string }
}

type user3 struct {
	ID, Type, Name, Email, Visibility string
	Old                               string `json:"__priv_lc2_customer_id"`
}

type event3 struct {
	ID, Type, Text, Visibility string
	CreatedAt                  string `json:"created_at"`
	AuthorID                   string `json:"author_id"`
	System                     string `json:"system_message_type"`
	FormType                   string `json:"form_type"`
	Deleted                    bool
	Fields                     []struct {
		ID, Type, Label string
		Answer          any
	}
	Properties map[string]map[string]any
}

type archives3 struct {
	Chats    []thread3
	Found    *int   `json:"found_chats"`
	Next     string `json:"next_page_id"`
	Previous string `json:"previous_page_id"`
}

// post asks a method of v3.
func post(s *Server, method, body string, header ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest("POST", "/v3.6/"+method, strings.NewReader(body))
	r.SetBasicAuth("entity", "token")
	r.Header.Set("Content-Type", "application/json")
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	return w
}

func ask3[T any](t testing.TB, s *Server, method, body string) (answer T) {
	t.Helper()
	w := post(s, method, body)
	if w.Code != 200 {
		t.Fatalf("%s %s: %d %s", method, body, w.Code, w.Body)
	}
	if err := json.Unmarshal(w.Body.Bytes(), &answer); err != nil {
		t.Fatalf("%s %s: %v\n%s", method, body, err, w.Body)
	}
	return answer
}

// chain follows the pages of list_archives.
func chain(t testing.TB, s *Server, body string) (all []thread3, pages int) {
	t.Helper()
	for {
		p := ask3[archives3](t, s, "agent/action/list_archives", body)
		pages++
		all = append(all, p.Chats...)
		if p.Next == "" {
			return all, pages
		}
		body = `{"page_id":"` + p.Next + `"}`
	}
}

func threadIDs(all []thread3) (ids []string) {
	for _, c := range all {
		ids = append(ids, c.Thread.ID)
	}
	return ids
}

func instant3(t testing.TB, text string) time.Time {
	t.Helper()
	at, err := time.Parse("2006-01-02T15:04:05.000000Z07:00", text)
	if err != nil {
		t.Fatal(err)
	}
	return at
}

func TestV3ArchivesAreTheTruth(t *testing.T) {
	for _, order := range []string{"asc", "desc"} {
		for _, limit := range []int{1, 7, 100} {
			s := newServer(t, "chats=230&long_chats=0.2&pending=5")
			all, pages := chain(t, s, fmt.Sprintf(`{"limit":%d,"sort_order":"%s"}`, limit, order))
			want := truth(s, func(Chat) bool { return true })
			if diff := cmp.Diff(want, sorted(threadIDs(all))); diff != "" || pages != (len(want)+limit-1)/limit {
				t.Errorf("%s %d: %d pages; missing -, too many +:\n%s", order, limit, pages, diff)
			}
			compare := func(a, b thread3) int { return strings.Compare(a.Thread.CreatedAt, b.Thread.CreatedAt) }
			if order == "desc" {
				slices.Reverse(all)
			}
			if !slices.IsSortedFunc(all, compare) {
				t.Errorf("%s %d is not in order", order, limit)
			}
		}
	}
}

func TestV3SaysWhatV2Says(t *testing.T) {
	s := newServer(t, "chats=2000&days=60&late_changes=0.2")
	all, _ := chain(t, s, `{"limit":100}`)
	byID := map[string]thread3{}
	for _, c := range all {
		byID[c.Thread.ID] = c
	}
	seen := map[string]int{}
	for c := range s.Truth() {
		var v2 struct {
			Visitor             struct{ ID, Name, Email string }
			Agents, Supervisors []struct{ Email string }
			Group               []int
			Tags                []string
			Rate, RateComment   string
			Engagement          string
			Messages, Events    []said
			Prechat, Postchat   []struct{ Key, Value, ID string }
			Email, Message      string
			Queue               *struct{ Duration int }
		}
		if err := json.Unmarshal(c.JSON, &v2); err != nil {
			t.Fatal(err)
		}
		v3 := byID[c.ID]
		created := instant3(t, v3.Thread.CreatedAt)
		if created.Unix() != c.Started.Unix() || created.Nanosecond()%1e6 != 0 || v3.Thread.Active != c.Pending {
			t.Errorf("%s: created at %s, not %s", c.ID, created, c.Started)
		}
		var agents, supervisors, wantAgents, wantSupervisors []string
		for _, u := range v3.Users {
			seen["user "+u.Type]++
			switch {
			case !slices.Contains(v3.Thread.UserIDs, u.ID):
				t.Errorf("%s: %s is not among the user_ids", c.ID, u.ID)
			case u.Type == "customer":
				if u.Old != v2.Visitor.ID || u.Name != v2.Visitor.Name || u.Email != v2.Visitor.Email || len(u.ID) != 36 {
					t.Errorf("%s: %+v is not %+v", c.ID, u, v2.Visitor)
				}
			case u.Visibility == "agents":
				supervisors = append(supervisors, u.ID)
			case strings.Contains(u.ID, "@"):
				agents = append(agents, u.ID)
			default:
				seen["bot"]++
			}
		}
		for _, a := range v2.Agents {
			if a.Email != "" && !slices.Contains(wantAgents, a.Email) {
				wantAgents = append(wantAgents, a.Email)
			}
		}
		for _, a := range v2.Supervisors {
			wantSupervisors = append(wantSupervisors, a.Email)
		}
		if diff := cmp.Diff([]any{wantAgents, wantSupervisors, v2.Group, len(v2.Tags)}, []any{agents, supervisors, v3.Thread.Access.GroupIDs, len(v3.Thread.Tags)}); diff != "" && c.Type == "chat" {
			t.Errorf("%s:\n%s", c.ID, diff)
		}
		if score, rated := v3.Thread.Properties["rating"]["score"]; rated != (v2.Rate == "rated_good" || v2.Rate == "rated_bad") || rated && (score == 1.0) != (v2.Rate == "rated_good") {
			t.Errorf("%s: score %v is not %s", c.ID, score, v2.Rate)
		}
		if (v2.Queue == nil) != (v3.Thread.QueuesDuration == nil) || v2.Queue != nil && v2.Queue.Duration != *v3.Thread.QueuesDuration {
			t.Errorf("%s: queued %v, not %v", c.ID, v3.Thread.QueuesDuration, v2.Queue)
		}
		if (v2.Engagement == "auto_invite") != (v3.Thread.Properties["lc2"]["greeting_id"] != nil) {
			t.Errorf("%s: greeting %v, but %s", c.ID, v3.Thread.Properties["lc2"], v2.Engagement)
		}
		checkEvents(t, c, v2.Messages, v2.Events, v3.Thread, seen)
	}
	for _, kind := range []string{"user agent", "user customer", "bot", "message", "rich_message", "file", "system_message", "form", "filled_form", "system", "custom", "annotation", "late", "welcome", "supervisor"} {
		if seen[kind] == 0 {
			t.Errorf("there is no %s: %v", kind, seen)
		}
	}
}

// checkEvents holds the events of a thread against v2's.
func checkEvents(t *testing.T, c Chat, messages, events []said, thread inner3, seen map[string]int) {
	t.Helper()
	at := map[string]event3{}
	last, twice := "", map[string]bool{}
	var end time.Time
	got := 0
	for _, e := range thread.Events {
		seen[e.Type]++
		at[e.ID] = e
		if e.CreatedAt < last || e.CreatedAt < thread.CreatedAt || twice[e.ID] || twice[e.CreatedAt] || !strings.HasPrefix(e.ID, thread.ID+"_") {
			t.Errorf("%s: event %s at %s is out of order, or there twice", c.ID, e.ID, e.CreatedAt)
		}
		last, twice[e.ID], twice[e.CreatedAt] = e.CreatedAt, true, true
		if e.Type == "message" || e.Type == "rich_message" {
			got++
		}
		if strings.Contains(e.System, "archived") {
			end = instant3(t, e.CreatedAt)
		} else if !end.IsZero() {
			seen["late"]++
		}
		if e.Properties["lc2"]["welcome_message"] == true {
			seen["welcome"]++
		}
		if e.Visibility == "agents" {
			seen["supervisor"]++
		}
	}
	if got != len(messages) {
		t.Errorf("%s: %d messages, not %d", c.ID, got, len(messages))
	}
	if c.Type == "chat" && !c.Pending && end.Unix() != c.Ended.Unix() {
		t.Errorf("%s: ended at %s, not %s", c.ID, end, c.Ended)
	}
	for _, e := range events {
		v3 := at[e.EventID]
		if v3.ID == "" || instant3(t, v3.CreatedAt).Unix() != e.Timestamp || v3.Type == "message" && v3.Text != *e.Text {
			t.Errorf("%s: %+v is not %+v", c.ID, v3, e)
		}
	}
	if c.Type == "missed_chat" && (len(thread.Events) != 1 || thread.Events[0].FormType != "ticket" || thread.Properties["routing"]["offline_message"] != true) {
		t.Errorf("%s: an offline message with %+v", c.ID, thread.Events)
	}
}

func TestV3Neighbours(t *testing.T) {
	s := newServer(t, "chats=600&returning=0.6")
	all, _ := chain(t, s, `{"limit":100}`)
	byID := map[string]thread3{}
	for _, c := range all {
		byID[c.Thread.ID] = c
	}
	chats := map[string]int{}
	for _, c := range all {
		chats[c.ID]++
		if c.ID == c.Thread.ID {
			t.Errorf("chat and thread are both %s", c.ID)
		}
		if c.Thread.Next != "" {
			next := byID[c.Thread.Next]
			if next.ID != c.ID || next.Thread.Previous != c.Thread.ID || next.Thread.CreatedAt <= c.Thread.CreatedAt {
				t.Errorf("%s: the next one is %+v", c.Thread.ID, next)
			}
		}
		got := ask3[thread3](t, s, "agent/action/get_chat", `{"chat_id":"`+c.ID+`","thread_id":"`+c.Thread.ID+`"}`)
		if diff := cmp.Diff(c, got); diff != "" {
			t.Errorf("get_chat:\n%s", diff)
		}
	}
	for id, n := range chats {
		got := ask3[struct {
			Threads []inner3
			Found   int `json:"found_threads"`
		}](t, s, "agent/action/list_threads", `{"chat_id":"`+id+`","limit":100}`)
		latest := ask3[thread3](t, s, "agent/action/get_chat", `{"chat_id":"`+id+`"}`)
		if got.Found != n || len(got.Threads) != n || got.Threads[0].ID != latest.Thread.ID {
			t.Errorf("%s has %d threads, not %d", id, got.Found, n)
		}
		for _, u := range latest.Users {
			if u.Type == "customer" {
				customer := ask3[struct {
					ID      string
					ChatIDs []string `json:"chat_ids"`
				}](t, s, "agent/action/get_customer", `{"id":"`+u.ID+`"}`)
				if customer.ID != u.ID || !slices.Equal(customer.ChatIDs, []string{id}) {
					t.Errorf("%s: customer %+v", id, customer)
				}
			}
		}
	}
	if len(chats) > 400 {
		t.Errorf("600 threads in %d chats", len(chats))
	}
}

func TestV3ListChats(t *testing.T) {
	s := newServer(t, "chats=300&pending=12&long_chats=0")
	open := truth(s, func(c Chat) bool { return c.Pending })
	for filter, want := range map[string]int{`{"active":true}`: len(open), `{}`: -1} {
		var ids []string
		active, found := 0, 0
		for body := `{"filters":` + filter + `}`; body != ""; {
			p := ask3[struct {
				Chats []struct {
					ID   string
					Last struct {
						ID     string
						Active bool
					} `json:"last_thread_summary"`
				} `json:"chats_summary"`
				Found int    `json:"found_chats"`
				Next  string `json:"next_page_id"`
			}](t, s, "agent/action/list_chats", body)
			for _, c := range p.Chats {
				ids = append(ids, c.ID)
				if c.Last.Active {
					active++
				}
			}
			found, body = p.Found, ""
			if p.Next != "" {
				body = `{"page_id":"` + p.Next + `"}`
			}
		}
		slices.Sort(ids)
		if len(slices.Compact(ids)) != found || active != len(open) || want >= 0 && found != want {
			t.Errorf("%s: %d chats, %d active, found %d", filter, len(ids), active, found)
		}
	}
}

func TestV3IsStrict(t *testing.T) {
	s := newServer(t, "chats=40")
	next := ask3[archives3](t, s, "agent/action/list_archives", `{}`).Next
	const archives, json = "agent/action/list_archives", "application/json"
	for _, tt := range []struct{ method, body, kind, message string }{
		{archives, ``, "validation", "{} at least"},
		{archives, `[]`, "validation", ""},
		{archives, `null`, "validation", "object"},
		{archives, `{} {}`, "validation", "after"},
		{archives, `{"Limit":3}`, "validation", "Limit"},
		{archives, `{"filters":{"Thread_IDs":[]}}`, "validation", "Thread_IDs"},
		{archives, `{"limits":3}`, "validation", "limits"},
		{archives, `{"filters":{"form":"x"}}`, "validation", "form"},
		{archives, `{"limit":0}`, "validation", "limit"},
		{archives, `{"limit":101}`, "validation", "limit"},
		{archives, `{"limit":"100"}`, "validation", "limit"},
		{archives, `{"sort_order":"newest"}`, "validation", "sort_order"},
		{archives, `{"filters":{"from":"2026-01-01T00:00:00Z"}}`, "validation", "six decimals"},
		{archives, `{"filters":{"from":"2026-01-01T00:00:00.000Z"}}`, "validation", "six decimals"},
		{archives, `{"filters":{"to":"2026-01-01T00:00:00.000000"}}`, "validation", "six decimals"},
		{archives, `{"filters":{"from":"2026-02-01T00:00:00.000000Z","to":"2026-01-01T00:00:00.000000Z"}}`, "validation", "after"},
		{archives, `{"page_id":"` + next + `","limit":10}`, "validation", "page_id"},
		{archives, `{"page_id":"` + next + `","sort_order":"asc"}`, "validation", "page_id"},
		{archives, `{"page_id":"` + next + `","filters":{}}`, "validation", "page_id"},
		{archives, `{"page_id":"nonsense"}`, "validation", "page_id"},
		{archives, `{"filters":{"thread_ids":["` + strings.Repeat(`A","`, 20) + `B"]}}`, "validation", "20"},
		{archives, `{"filters":{"thread_ids":["A"]},"limit":20}`, "validation", "combined"},
		{archives, `{"filters":{"thread_ids":["A"],"chat_ids":["B"]}}`, "validation", "combined"},
		{archives, `{"filters":{"agents":{"exists":true,"values":["a"]}}}`, "validation", "one of"},
		{archives, `{"filters":{"query":"x"}}`, "validation", "does not have"},
		{"agent/action/get_chat", `{}`, "validation", "chat_id"},
		{"agent/action/get_chat", `{"chat_id":"T000000000"}`, "not_found", ""},
		{"agent/action/get_customer", `{"id":"x"}`, "not_found", ""},
		{"agent/action/list_everything", `{}`, "not_found", "list_everything"},
	} {
		w := post(s, tt.method, tt.body)
		if !isError(w, 0, tt.kind) || !strings.Contains(w.Body.String(), tt.message) {
			t.Errorf("%s %s: %d %s", tt.method, tt.body, w.Code, w.Body)
		}
	}
	for _, good := range []string{`{}`, ` {"limit":100} `, `{"filters":{"from":"2026-01-01T00:00:00.000000Z","to":"2026-12-01T00:00:00.000000+00:00"},"limit":1}`, `{"page_id":"` + next + `"}`} {
		if w := post(s, archives, good); w.Code != 200 {
			t.Errorf("%s: %d %s", good, w.Code, w.Body)
		}
	}
	if w := post(s, archives, `{}`, "Content-Type", "text/plain"); !isError(w, 400, "validation") {
		t.Errorf("text/plain: %d %s", w.Code, w.Body)
	}
	if w := post(s, archives, `{}`, "Content-Type", json+"; charset=utf-8"); w.Code != 200 {
		t.Errorf("with a charset: %d %s", w.Code, w.Body)
	}
	if w := post(s, archives, `{}`, "Authorization", "Bearer dal:token"); w.Code != 200 {
		t.Errorf("Bearer: %d", w.Code)
	}
	if w := post(s, archives, `{}`, "Authorization", "Bearer wrong"); !isError(w, 401, "authentication") {
		t.Errorf("a wrong token: %d %s", w.Code, w.Body)
	}
	if w := post(s, archives, `{}`, "X-Region", "dal"); w.Code != 200 {
		t.Errorf("its own region: %d %s", w.Code, w.Body)
	}
	if w := post(s, archives, `{}`, "X-Region", "fra"); !isError(w, 421, "misdirected_request") || !strings.Contains(w.Body.String(), `"data":{"region":"dal"}`) {
		t.Errorf("another region: %d %s", w.Code, w.Body)
	}
	r := request("/v3.6/agent/action/list_archives")
	w := httptest.NewRecorder()
	if s.ServeHTTP(w, r); w.Code != 405 {
		t.Errorf("GET: %d", w.Code)
	}
	r = httptest.NewRequest("POST", "/v3.1/agent/action/list_archives", strings.NewReader("{}"))
	r.SetBasicAuth("a", "b")
	w = httptest.NewRecorder()
	if s.ServeHTTP(w, r); !isError(w, 400, "unsupported_version") {
		t.Errorf("v3.1: %d %s", w.Code, w.Body)
	}
	r = httptest.NewRequest("POST", "/agent/action/list_archives", strings.NewReader("{}"))
	r.SetBasicAuth("a", "b")
	r.Header.Set("X-API-Version", "3.6")
	r.Header.Set("Content-Type", "application/json")
	w = httptest.NewRecorder()
	if s.ServeHTTP(w, r); w.Code != 200 {
		t.Errorf("the version in the header: %d %s", w.Code, w.Body)
	}
}

// isError says whether the answer is an error of a type, under a status unless that is 0.
func isError(w *httptest.ResponseRecorder, status int, kind string) bool {
	var body struct {
		Error struct{ Type, Message string }
	}
	json.Unmarshal(w.Body.Bytes(), &body)
	return body.Error.Type == kind && body.Error.Message != "" && (status == 0 || w.Code == status)
}

func TestV3Cursor(t *testing.T) {
	s := newServer(t, "chats=40&pending=0")
	for _, order := range []string{"asc", "desc"} {
		p := ask3[archives3](t, s, "agent/action/list_archives", `{"limit":7,"sort_order":"`+order+`"}`)
		text, err := base64.StdEncoding.DecodeString(p.Next)
		parts := strings.Split(string(text), ":")
		micro, err2 := strconv.ParseInt(parts[0], 10, 64)
		if err != nil || err2 != nil {
			t.Fatal(err, err2)
		}
		last := instant3(t, p.Chats[6].Thread.CreatedAt).UnixMicro()
		if want := map[string]int64{"asc": last + 1, "desc": last - 1}[order]; micro != want || parts[1] != order || parts[2] != "7" || parts[3] != "false" {
			t.Errorf("%s after %d", text, last)
		}
		second := ask3[archives3](t, s, "agent/action/list_archives", `{"page_id":"`+p.Next+`"}`)
		back := ask3[archives3](t, s, "agent/action/list_archives", `{"page_id":"`+second.Previous+`"}`)
		if diff := cmp.Diff(threadIDs(p.Chats), threadIDs(back.Chats)); diff != "" || p.Previous != "" || back.Previous != "" {
			t.Errorf("back: %s", diff)
		}
	}
	next := ask3[archives3](t, s, "agent/action/list_archives", `{}`).Next
	s.SetNow(s.opt.Now.AddDate(0, 0, 40))
	if w := post(s, "agent/action/list_archives", `{"page_id":"`+next+`"}`); !isError(w, 400, "validation") {
		t.Errorf("a page_id of 40 days ago: %d %s", w.Code, w.Body)
	}
}
