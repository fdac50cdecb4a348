package sandbox

import (
	"encoding/json"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"tap-livechat/tap/sandbox/account"
)

const configuration = "configuration/action/"

// allLists are the lists of the Configuration API: what they are asked with, and
// the scope that they want.
var allLists = []struct{ name, body, scope string }{
	{"list_agents", `{"fields":["job_title","mobile","max_chats_count","suspended","awaiting_approval","last_logout","groups","work_scheduler","notifications","email_subscriptions"]}`, "agents--all:ro"},
	{"list_groups", `{"fields":["agent_priorities","routing_status"]}`, "groups--all:ro"},
	{"list_bots", `{"all":true,"fields":["groups","work_scheduler","job_title","max_chats_count","timezone"]}`, "agents-bot--all:ro"},
	{"list_tags", `{}`, "tags--all:ro,tags--groups:ro"},
	{"list_greetings", `{"limit":100}`, "greetings:ro"},
	{"list_auto_accesses", `{}`, "access_rules:ro"},
	{"list_customer_bans", `{}`, "banlist_read"},
	{"list_license_properties", `{}`, "properties.license.value--all:ro"},
	{"list_groups_properties", `{"group_ids":[]}`, "properties.group.value--all:ro"},
	{"list_channels", `{}`, ""},
}

func TestListsAndScopes(t *testing.T) {
	for _, l := range allLists {
		if w := post(newServer(t, ""), configuration+l.name, l.body); w.Code != 200 || w.Body.Len() < 50 {
			t.Errorf("%s: %d %s", l.name, w.Code, w.Body)
		}
		w := post(newServer(t, "no_scopes="+l.scope), configuration+l.name, l.body)
		if (l.scope != "") != isError(w, 403, "authorization") {
			t.Errorf("%s without %s: %d %s", l.name, l.scope, w.Code, w.Body)
		}
		if w := post(newServer(t, "no_scopes=all"), configuration+l.name, l.body); (l.scope != "") != isError(w, 403, "authorization") {
			t.Errorf("%s without any scope: %d", l.name, w.Code)
		}
		if w := post(newServer(t, ""), configuration+l.name, strings.Replace(l.body, "{", `{"no_such_argument":1,`, 1)); !isError(w, 400, "validation") && l.body != `{}` {
			t.Errorf("%s with a strange argument: %d %s", l.name, w.Code, w.Body)
		}
		if w := post(newServer(t, ""), configuration+l.name, ""); !isError(w, 400, "validation") {
			t.Errorf("%s with an empty body: %d", l.name, w.Code)
		}
	}
	for _, wrong := range [][2]string{
		{"list_groups_properties", `{}`}, {"list_agents", `{"fields":["salary"]}`}, {"list_greetings", `{"limit":101}`}, {"list_greetings", `{"page_id":"x"}`},
	} {
		if w := post(newServer(t, ""), configuration+wrong[0], wrong[1]); !isError(w, 400, "validation") {
			t.Errorf("%s %s: %d %s", wrong[0], wrong[1], w.Code, w.Body)
		}
	}
}

// What chats name is in the lists, but for those who have left and for deleted tags.
func TestListsFitTheChats(t *testing.T) {
	s := newServer(t, "chats=2000&tags_deleted=2")
	agents, groups, tags, greetings, bots, goals := map[string]int{}, map[string]int{}, map[string]int{}, map[string]int{}, map[string]int{}, map[string]int{}
	all, _ := chain(t, s, `{"limit":100}`)
	for _, c := range all {
		for _, u := range c.Users {
			if u.Type == "agent" && strings.Contains(u.ID, "@") {
				agents[u.ID]++
			} else if u.Type == "agent" {
				bots[u.ID]++
			}
		}
		groups[strconv.Itoa(c.Thread.Access.GroupIDs[0])]++
		for _, tag := range c.Thread.Tags {
			tags[tag]++
		}
		if id, ok := c.Thread.Properties["lc2"]["greeting_id"].(float64); ok {
			greetings[strconv.Itoa(int(id))]++
		}
	}
	for c := range s.Truth() {
		for _, g := range c.Account.Goals {
			goals[strconv.Itoa(g.ID)]++
		}
	}
	lacks := func(what, body, member, inside string, used map[string]int) (missing []string) {
		var answer any
		if strings.HasPrefix(what, "/") {
			json.Unmarshal(get(s, what).Body.Bytes(), &answer)
		} else {
			answer = ask3[any](t, s, configuration+what, body)
		}
		if inside != "" {
			answer = answer.(map[string]any)[inside]
		}
		have := map[string]bool{}
		for _, row := range answer.([]any) {
			v := row.(map[string]any)[member]
			if n, ok := v.(float64); ok {
				v = strconv.Itoa(int(n))
			}
			if have[v.(string)] {
				t.Errorf("%s has %v twice", what, v)
			}
			have[v.(string)] = true
		}
		for id := range used {
			if !have[id] {
				missing = append(missing, id)
			}
		}
		slices.Sort(missing)
		return missing
	}
	gone := account.Team[len(account.Team)-1].Email
	var botless []string
	for id := range bots {
		if !slices.ContainsFunc(account.Bots, func(b account.Bot) bool { return b.ID == id }) {
			botless = append(botless, id)
		}
	}
	slices.Sort(botless)
	for _, tt := range []struct {
		what, body, member, inside string
		used                       map[string]int
		missing                    []string
	}{
		{"list_agents", `{}`, "id", "", agents, []string{gone}},
		{"list_groups", `{}`, "id", "", groups, nil},
		{"list_bots", `{"all":true}`, "id", "", bots, botless},
		{"list_tags", `{}`, "name", "", tags, account.TagNames[:2]},
		{"list_greetings", `{}`, "id", "greetings", greetings, nil},
		{"/goals", "", "id", "", goals, nil},
	} {
		if diff := cmp.Diff(sorted(tt.missing), lacks(tt.what, tt.body, tt.member, tt.inside, tt.used)); diff != "" || len(tt.used) == 0 {
			t.Errorf("%s lacks (of %d used):\n%s", tt.what, len(tt.used), diff)
		}
	}
}

func TestAgentsComeAndGo(t *testing.T) {
	s := newServer(t, "")
	ids := func() (all []string) {
		for _, a := range ask3[[]struct{ ID string }](t, s, configuration+"list_agents", `{}`) {
			all = append(all, a.ID)
		}
		return all
	}
	before := ids()
	s.SetNow(s.opt.Now.AddDate(0, 0, 11))
	after := ids()
	leaves := account.Team[len(account.Team)-2].Email
	if !slices.Contains(before, leaves) || slices.Contains(after, leaves) || slices.Contains(before, "nora@mycompany.com") || !slices.Contains(after, "nora@mycompany.com") {
		t.Errorf("before %v\nafter %v", before, after)
	}
	suspended := ask3[[]struct{ ID string }](t, s, configuration+"list_agents", `{"filters":{"suspended":true}}`)
	if len(suspended) != 1 {
		t.Errorf("suspended: %v", suspended)
	}
}

func TestGreetingsHavePages(t *testing.T) {
	type page struct {
		Greetings []struct{ ID int }
		Found     int    `json:"found_greetings"`
		Next      string `json:"next_page_id"`
	}
	s := newServer(t, "more_greetings=250")
	for body, want := range map[string]int{`{"limit":100}`: 253, `{}`: 253, `{"groups":[0,1],"limit":7}`: 127} {
		seen := map[int]bool{}
		found, pages := 0, 0
		for ask := body; ask != ""; pages++ {
			p := ask3[page](t, s, configuration+"list_greetings", ask)
			for _, g := range p.Greetings {
				seen[g.ID] = true
			}
			found, ask = p.Found, ""
			if p.Next != "" {
				next, _ := json.Marshal(p.Next)
				ask = `{"page_id":` + string(next) + `}`
			}
		}
		if len(seen) != want || found != want || pages < 2 {
			t.Errorf("%s: %d greetings on %d pages, found %d, want %d", body, len(seen), pages, found, want)
		}
	}
}

func TestV2Lists(t *testing.T) {
	s := newServer(t, "")
	ids := map[float64]bool{}
	n := 0
	for _, group := range []string{"", "0", "1", "2", "3", "99"} {
		var rows []map[string]any
		if err := json.Unmarshal(get(s, "/canned_responses?group="+group).Body.Bytes(), &rows); err != nil {
			t.Fatal(err)
		}
		for _, row := range rows {
			if group != "" {
				n++
				ids[row["id"].(float64)] = true
			}
			if want := map[string]string{"": "0"}[group]; want == "" && strconv.Itoa(int(row["group"].(float64))) != group {
				t.Errorf("group %s: %v", group, row)
			}
		}
	}
	if n != 3+4+5+6 || len(ids) != n {
		t.Errorf("%d canned responses, %d ids", n, len(ids))
	}
	for _, g := range account.GoalKinds {
		var row map[string]any
		json.Unmarshal(get(s, "/goals/"+strconv.Itoa(g.ID)).Body.Bytes(), &row)
		if row["name"] != g.Name || g.Kind != "api" && len(row) < 6 {
			t.Errorf("goal %d: %v", g.ID, row)
		}
	}
	if w := get(s, "/goals/1"); w.Code != 404 {
		t.Errorf("a goal that is not there: %d", w.Code)
	}
	for scope, path := range map[string]string{"goals_read": "/goals", "canned_responses_read": "/canned_responses", "archives_read": "/chats"} {
		if w := get(newServer(t, "no_scopes="+scope), path); !isError(w, 403, "authorization") {
			t.Errorf("%s without %s: %d", path, scope, w.Code)
		}
	}
	if w := get(newServer(t, "rate_500=1"), "/goals"); w.Code != 500 {
		t.Errorf("a fault: %d", w.Code)
	}
}

func TestBansAreInForce(t *testing.T) {
	s := newServer(t, "chats=1500&days=120")
	bans := ask3[[]struct {
		IP, ThreadID string
		Expires      string `json:"expires_at"`
		Thread       string `json:"thread_id"`
	}](t, s, configuration+"list_customer_bans", `{}`)
	if len(bans) < 3 {
		t.Fatalf("%d bans", len(bans))
	}
	for _, b := range bans {
		if !instant3(t, b.Expires).After(s.opt.Now) || b.IP == "" {
			t.Errorf("%+v", b)
		}
		if b.Thread == "" {
			continue
		}
		if p := ask3[archives3](t, s, archives3Path, `{"filters":{"thread_ids":["`+b.Thread+`"]}}`); len(p.Chats) != 1 {
			t.Errorf("%s is no thread", b.Thread)
		}
	}
}

func TestReportsByURL(t *testing.T) {
	s := newServer(t, "chats=300")
	body := `{"filters":{"from":"2026-11-01T00:00:00Z","to":"2026-11-05T23:59:59Z"}}`
	want := post(s, "reports/chats/total_chats", body)
	r := httptest.NewRequest("GET", "/v3.6/reports/chats/total_chats?filters.from=2026-11-01T00:00:00Z&filters.to=2026-11-05T23:59:59Z", nil)
	r.SetBasicAuth("a", "b")
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	if diff := cmp.Diff(want.Body.String(), w.Body.String()); diff != "" || w.Code != 200 {
		t.Errorf("%d\n%s", w.Code, diff)
	}
}

// records3 asks for a report of November in a zone.
func records3(t testing.TB, s *Server, name, zone string) (records map[string]map[string]any) {
	t.Helper()
	loc, err := time.LoadLocation(zone)
	if err != nil {
		t.Fatal(err)
	}
	from := time.Date(2026, 11, 1, 0, 0, 0, 0, loc).Format(layout3)
	to := time.Date(2026, 11, 21, 0, 0, 0, 0, loc).Add(-time.Microsecond).Format(layout3)
	return ask3[struct {
		Records map[string]map[string]any
	}](t, s, "reports/"+name, `{"timezone":"`+zone+`","filters":{"from":"`+from+`","to":"`+to+`"}}`).Records
}

// Whatever a chat can tell, the reports tell: added up from v2's answers.
func TestReportsAreTheChats(t *testing.T) {
	for _, zone := range []string{"UTC", "Pacific/Chatham", "America/Los_Angeles"} {
		s := newServer(t, "chats=700&days=25&shape=sparse&long_chats=0.05")
		loc, _ := time.LoadLocation(zone)
		type day struct {
			total, good, bad, ended, auto, manual, immediate float64
			duration, first, firsts                          float64
			tags, groups                                     map[string]any
		}
		days := map[string]*day{}
		for c := range s.Truth() {
			if c.Type != "chat" || c.Started.In(loc).Before(time.Date(2026, 11, 1, 0, 0, 0, 0, loc)) {
				continue
			}
			name := c.Started.In(loc).Format(time.DateOnly)
			if days[name] == nil {
				days[name] = &day{tags: map[string]any{}, groups: map[string]any{}}
			}
			d := days[name]
			d.total++
			add := func(m map[string]any, k string) { n, _ := m[k].(float64); m[k] = n + 1 }
			add(d.groups, strconv.Itoa(c.Account.Group))
			for _, tag := range c.Account.Tags {
				add(d.tags, tag)
			}
			switch c.Account.Rating {
			case account.RatedGood:
				d.good++
			case account.RatedBad:
				d.bad++
			}
			switch c.Account.Engagement {
			case account.AutoInvite:
				d.auto++
			case account.ManualInvite:
				d.manual++
			default:
				d.immediate++
			}
			if !c.Pending {
				d.ended++
				d.duration += c.Ended.Sub(c.Started).Seconds()
			}
			for i, e := range c.Account.Entries {
				welcome := i == 0 && c.Account.Engagement != account.ManualInvite
				if e.Kind == account.Message && e.By == account.ByAgent && e.Email != "" && !welcome {
					d.firsts++
					d.first += float64(e.At.At - c.Account.Start)
					break
				}
			}
		}
		reports := map[string]func(d *day) map[string]any{
			"chats/total_chats": func(d *day) map[string]any { return map[string]any{"total": d.total} },
			"chats/ratings": func(d *day) map[string]any {
				return map[string]any{"chats": d.good + d.bad, "good": d.good, "bad": d.bad}
			},
			"chats/engagement": func(d *day) map[string]any {
				return map[string]any{"started_by_customer_from_greeting": d.auto, "started_by_agent": d.manual, "started_by_customer_without_greeting": d.immediate}
			},
			"chats/duration": func(d *day) map[string]any {
				return map[string]any{"count": d.ended, "duration": quotient(d.duration, d.ended)}
			},
			"chats/first_response_time": func(d *day) map[string]any {
				return map[string]any{"count": d.firsts, "first_response_time": quotient(d.first, d.firsts)}
			},
			"chats/tags":   func(d *day) map[string]any { return d.tags },
			"chats/groups": func(d *day) map[string]any { return d.groups },
		}
		for name, of := range reports {
			records := records3(t, s, name, zone)
			if len(records) != 20 {
				t.Errorf("%s in %s has %d days, not 20", name, zone, len(records))
			}
			empty := 0
			for date, row := range records {
				want := map[string]any{}
				if days[date] != nil {
					want = of(days[date])
				} else if empty++; len(row) != 0 {
					t.Errorf("%s of %s, which has no chats: %v", name, date, row)
				}
				for _, k := range []string{"continuous", "agents_chatting_duration"} {
					delete(row, k)
				}
				if diff := cmp.Diff(want, row); diff != "" {
					t.Errorf("%s of %s in %s:\n%s", name, date, zone, diff)
				}
			}
			if empty == 0 {
				t.Errorf("%s has no empty day", name)
			}
		}
	}
}

func quotient(a, b float64) any {
	if b == 0 {
		return nil
	}
	return a / b
}

func TestReportsThatNoChatTells(t *testing.T) {
	s := newServer(t, "chats=2000&days=30")
	queued := records3(t, s, "chats/queued_visitors", "UTC")
	left := 0
	for date, row := range queued {
		part := func(name string) float64 { return row[name].(map[string]any)["count"].(float64) }
		if len(row) == 0 {
			continue
		}
		if part("queued") != part("left_queue")+part("entered_chat") {
			t.Errorf("%s: %v", date, row)
		}
		left += int(part("left_queue"))
	}
	seen := map[string]bool{}
	pages := 1
	for page := 1; page <= pages; page++ {
		p := ask3[struct {
			Records map[string]struct {
				Visitor map[string]any
				Queue   struct {
					Start    string `json:"start_date"`
					Duration int
				}
			}
			Summary struct {
				Pages int `json:"total_pages"`
			}
		}](t, s, "reports/chats/queued_visitors_left", `{"page":`+strconv.Itoa(page)+`,"filters":{"from":"2026-11-01T00:00:00Z","to":"2026-11-20T23:59:59.999999Z"}}`)
		pages = p.Summary.Pages
		for id, v := range p.Records {
			seen[id] = true
			if v.Queue.Duration == 0 || v.Queue.Start < "2026-11-01" || v.Visitor["id"] == "" {
				t.Errorf("%s: %+v", id, v)
			}
		}
	}
	if len(seen) != left || pages < 2 {
		t.Errorf("%d visitors left, by the other report %d; %d pages", len(seen), left, pages)
	}
	some := 0
	for _, row := range records3(t, s, "agents/availability", "UTC") {
		if hours, _ := row["hours"].(float64); hours > 0 && hours <= 24 {
			some++
		}
	}
	if some < 10 {
		t.Errorf("agents were there on %d days", some)
	}
	total := map[string]float64{}
	for _, row := range records3(t, s, "chats/ratings", "UTC") {
		good, _ := row["good"].(float64)
		total["good"] += good
	}
	agents := records3(t, s, "agents/performance", "UTC")
	ranks := records3(t, s, "chats/ranking", "UTC")
	for id, row := range agents {
		if len(row) != 9 {
			t.Errorf("%s: %v", id, row)
		}
		if rank := ranks[id]; rank != nil && rank["good"] != row["chats_rated_good"] {
			t.Errorf("%s is ranked %v, but has %v", id, rank, row)
		}
	}
	if len(agents) < 10 || len(ranks) < 10 {
		t.Errorf("%d agents, %d of them ranked", len(agents), len(ranks))
	}
	for name := range reports {
		if w := post(newServer(t, "no_scopes=reports_read"), "reports/"+name, `{}`); !isError(w, 403, "authorization") {
			t.Errorf("%s without the scope: %d", name, w.Code)
		}
		if w := post(s, "reports/"+name, `{}`); w.Code != 200 || !strings.Contains(w.Body.String(), `"name":`) {
			t.Errorf("%s: %d %s", name, w.Code, w.Body)
		}
	}
	for _, wrong := range []string{`{"distribution":"week"}`, `{"filters":{"from":"2026-11-01T00:00:00Z"}}`, `{"timezone":"Mars"}`, `{"limit":5}`, `{"page":1}`} {
		if w := post(s, "reports/chats/total_chats", wrong); !isError(w, 400, "validation") {
			t.Errorf("%s: %d %s", wrong, w.Code, w.Body)
		}
	}
}

func TestEmptyBuckets(t *testing.T) {
	for shape, want := range map[string]string{"braces": `"2026-11-05":{}`, "zeros": `"2026-11-05":{"agents_chatting_duration":null,"count":0,"duration":null}`, "absent": `"records":{}`} {
		s := newServer(t, "chats=0&reports_empty="+shape)
		w := post(s, "reports/chats/duration", `{"filters":{"from":"2026-11-05T00:00:00Z","to":"2026-11-06T23:59:59Z"}}`)
		if !strings.Contains(w.Body.String(), want) {
			t.Errorf("%s: %s", shape, w.Body)
		}
	}
}
