package tap

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"tap-livechat/catalog"
	"tap-livechat/schemas"
	"tap-livechat/tap/config"
	"tap-livechat/tap/secret"
	"tap-livechat/tap/source"
	"tap-livechat/tap/state"
)

// listService is a service that serves lists and no chats. It answers a request by its
// path; a function sees the body.
type listService struct {
	t        *testing.T
	answers  map[string]any // a text, a status, a func(body map[string]any) string, or several, the last one for ever
	requests []string
}

func (s *listService) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	path := strings.TrimPrefix(r.URL.RequestURI(), "/v3.6")
	var text []byte
	if r.Body != nil { // a request that is mounted may have none
		text, _ = io.ReadAll(r.Body)
	}
	s.requests = append(s.requests, strings.TrimSpace(path+" "+string(text)))
	wantVersion := "2"
	if r.Method == http.MethodPost {
		wantVersion = "3.6"
	}
	if got := r.Header.Get("X-API-Version"); got != wantVersion {
		s.t.Errorf("%s names version %q", path, got)
	}
	answer := s.answers[path]
	if several, ok := answer.(inTurn); ok {
		if answer = several[0]; len(several) > 1 {
			s.answers[path] = several[1:]
		}
	}
	switch answer := answer.(type) {
	case string:
		_, _ = io.WriteString(w, answer)
	case int:
		w.WriteHeader(answer)
	case func(map[string]any) string:
		var body map[string]any
		if err := json.Unmarshal(text, &body); err != nil {
			s.t.Errorf("%s: %v in %s", path, err, text)
		}
		_, _ = io.WriteString(w, answer(body))
	default:
		s.t.Errorf("there is no answer to %s", path)
		w.WriteHeader(http.StatusNotFound)
	}
}

// inTurn are several answers.
type inTurn []any

// listRun is what came of reading lists.
type listRun struct {
	records  map[string][]string // by stream, without nulls, as JSON with sorted keys
	types    []string            // of the messages, each kind once in a row
	lines    []string
	state    state.State
	summary  Summary
	err      error
	requests []string
	log      string
}

// readLists runs the tap with those streams alone.
func readLists(t *testing.T, answers map[string]any, state string, change func(*Options), streams ...string) listRun {
	t.Helper()
	return runLists(t, Sync, answers, state, change, streams...)
}

func runLists(t *testing.T, do func(context.Context, Options) (Summary, error), answers map[string]any, state string, change func(*Options), streams ...string) (r listRun) {
	t.Helper()
	service := &listService{t: t, answers: answers}
	serve(t, service, func(t *testing.T, transport http.RoundTripper) {
		var out, log bytes.Buffer
		o := Options{Out: &out, Log: textLog(&log), Now: syncNow, Transport: transport, Config: config.Config{
			APIURL: "https://livechat.example", AccessToken: secret.New("x"), StartDate: syncNow.AddDate(0, 0, -2), OnInvalid: config.Fail, RequestTimeout: time.Second,
			ReportTimezone: time.UTC, ReportLookbackDays: 1,
		}}
		if state != "" {
			o.State = mustState(t, state)
		}
		for _, s := range catalog.Default(catalog.V2, catalog.ReferenceData, catalog.Reports).Streams {
			if slices.Contains(streams, s.Name) {
				o.Selection.Streams = append(o.Selection.Streams, s)
			}
		}
		if change != nil {
			change(&o)
		}
		r.summary, r.err = do(context.Background(), o)
		r.requests, r.log, r.records = service.requests, log.String(), make(map[string][]string)
		valid := make(map[string]*schemas.Validator)
		for line := range bytes.Lines(out.Bytes()) {
			var m struct {
				Type, Stream  string
				Schema, Value json.RawMessage
				Record        map[string]any
				Keys          []string `json:"key_properties"`
			}
			d := json.NewDecoder(bytes.NewReader(line))
			d.UseNumber()
			if err := d.Decode(&m); err != nil {
				t.Fatalf("%v in %s", err, line)
			}
			r.lines = append(r.lines, strings.TrimSpace(string(line)))
			if n := len(r.types); n == 0 || r.types[n-1] != m.Type {
				r.types = append(r.types, m.Type)
			}
			var err error
			switch m.Type {
			case "SCHEMA":
				valid[m.Stream], err = schemas.Compile(m.Stream, m.Schema)
			case "STATE":
				r.state = mustState(t, string(m.Value))
			case "RECORD":
				if faults := valid[m.Stream].Validate(m.Record); faults != nil {
					t.Errorf("%s is not valid: %v", line, faults)
				}
				maps.DeleteFunc(m.Record, func(_ string, v any) bool { return v == nil })
				var text []byte
				text, err = json.Marshal(m.Record)
				r.records[m.Stream] = append(r.records[m.Stream], string(text))
			}
			if err != nil {
				t.Fatal(err)
			}
		}
	})
	return r
}

const (
	configurationPath = "/configuration/action/"
	day1, day2, day3  = "2026-03-08", "2026-03-09", "2026-03-10"
)

// zeros is a report's row of a day of which nothing is said.
func zeros(date, columns string) string {
	return fmt.Sprintf(`{%s"date":"%s"%s"timezone":"UTC"}`, before("date", columns), date, after("date", columns))
}

// before and after are the columns, each 0, whose names sort before and after one.
func before(name, columns string) string {
	text := ""
	for _, c := range strings.Fields(columns) {
		if c < name {
			text += fmt.Sprintf("%q:0,", c)
		}
	}
	return text
}

func after(name, columns string) string {
	text := ","
	for _, c := range strings.Fields(columns) {
		if c > name {
			text += fmt.Sprintf("%q:0,", c)
		}
	}
	return text
}

// listCases have an answer, or more, and the rows for every list and report.
var listCases = []struct {
	stream  string
	answers map[string]any
	want    []string
	asked   []string // the requests; nil: one
}{
	{"agents", map[string]any{configurationPath + "list_agents": `[
		{"id":"ola@shop.example","account_id":"a-1","name":"Ola","role":"owner","avatar_path":"cdn.example/o.png","login_status":"online","api_key":"k","last_logout":"2026-03-01T10:00:00.5+01:00","groups":[{"id":4,"priority":"first"}],"max_chats_count":3,"suspended":false,"work_scheduler":{"timezone":"UTC","schedule":[]},"summaries":["daily"]},
		{"id":"jan@shop.example","avatar_path":"","job_title":null}]`},
		[]string{`{"account_id":"a-1","avatar":"https://cdn.example/o.png","email_subscriptions":["daily"],"groups":[{"id":4,"priority":"first"}],"id":"ola@shop.example","last_logout":"2026-03-01T09:00:00.5Z","max_chats_count":3,"name":"Ola","role":"owner","suspended":false,"work_scheduler":"{\"timezone\":\"UTC\",\"schedule\":[]}"}`,
			`{"id":"jan@shop.example"}`}, nil},
	{"groups", map[string]any{configurationPath + "list_groups": `[{"id":0,"name":"All","language_code":"en","routing_status":"offline"},{"id":4,"name":"Returns","agent_priorities":{"ola@shop.example":"first","b0t":"normal"}}]`},
		[]string{`{"id":0,"language_code":"en","name":"All"}`,
			`{"agents":[{"agent_id":"ola@shop.example","priority":"first"},{"agent_id":"b0t","priority":"normal"}],"id":4,"name":"Returns"}`}, nil},
	{"bots", map[string]any{configurationPath + "list_bots": `[{"id":"b0t","name":"Bo","avatar_path":"//cdn.example/b.png","type":"chatbot","groups":[]}]`},
		[]string{`{"avatar":"https://cdn.example/b.png","groups":[],"id":"b0t","name":"Bo","type":"chatbot"}`}, nil},
	{"tags", map[string]any{configurationPath + "list_tags": `[{"name":"refund","group_ids":[0,4],"author_id":"","created_at":"2026-01-01T00:00:00Z"}]`},
		[]string{`{"author_id":"","created_at":"2026-01-01T00:00:00Z","group_ids":[0,4],"name":"refund"}`}, nil},
	{"greetings", map[string]any{configurationPath + "list_greetings": func(body map[string]any) string {
		if body["page_id"] == "p2" {
			return `{"greetings":[{"id":78,"active":0}],"found_greetings":2}`
		}
		return `{"greetings":[{"id":77,"type":"normal","active":true,"name":"Hi","group":4,"rules":[{"id":1}],"properties":{"a":"1"},"rich_message":{"template_id":"cards"}}],"found_greetings":2,"next_page_id":"p2"}`
	}},
		[]string{`{"active":true,"group_id":4,"id":77,"name":"Hi","properties":"{\"a\":\"1\"}","rich_message":"{\"template_id\":\"cards\"}","rules":"[{\"id\":1}]","type":"normal"}`,
			`{"active":false,"id":78}`},
		[]string{configurationPath + `list_greetings {"limit":100}`, configurationPath + `list_greetings {"page_id":"p2"}`}},
	{"auto_accesses", map[string]any{configurationPath + "list_auto_accesses": `[{"id":"r1","description":"Shop","access":{"groups":[4]},"conditions":{"url":{"values":[{"value":"shop"}]}},"next_id":"r2"},{"id":"r2","access":{"groups":[0]}}]`},
		[]string{`{"conditions":"{\"url\":{\"values\":[{\"value\":\"shop\"}]}}","description":"Shop","group_ids":[4],"id":"r1","next_id":"r2"}`,
			`{"group_ids":[0],"id":"r2"}`}, nil},
	{"customer_bans", map[string]any{configurationPath + "list_customer_bans": `[{"ip":"192.0.2.7","agent_id":"ola@shop.example","created_at":"2026-01-01T00:00:00Z","expires_at":"2026-05-01T00:00:00Z"},{"ip":"192.0.2.7","customer_id":"c1","created_at":"2026-01-01T00:00:00Z"}]`},
		[]string{`{"agent_id":"ola@shop.example","created_at":"2026-01-01T00:00:00Z","expires_at":"2026-05-01T00:00:00Z","id":"192.0.2.7||2026-01-01T00:00:00Z","ip":"192.0.2.7"}`,
			`{"created_at":"2026-01-01T00:00:00Z","customer_id":"c1","id":"192.0.2.7|c1|2026-01-01T00:00:00Z","ip":"192.0.2.7"}`}, nil},
	{"channels", map[string]any{configurationPath + "list_channels": `[{"channel_type":"code","first_activity_timestamp":1600000000},{"channel_type":"integration","channel_subtype":"facebook","first_activity_timestamp":"2026-01-01T00:00:00Z"},{"channel_type":"direct_link","channel_subtype":null,"first_activity_timestamp":0}]`},
		[]string{`{"channel_subtype":"","channel_type":"code","first_activity_at":"2020-09-13T12:26:40Z"}`,
			`{"channel_subtype":"facebook","channel_type":"integration","first_activity_at":"2026-01-01T00:00:00Z"}`,
			`{"channel_subtype":"","channel_type":"direct_link"}`}, nil},
	{"license_properties", map[string]any{configurationPath + "list_license_properties": `{"app1":{"a":"text","b":{"c":[1]},"d":true},"app2":{}}`},
		[]string{`{"name":"a","namespace":"app1","value":"text"}`, `{"name":"b","namespace":"app1","value":"{\"c\":[1]}"}`, `{"name":"d","namespace":"app1","value":"true"}`}, nil},
	{"group_properties", map[string]any{configurationPath + "list_groups_properties": `[{"id":0,"properties":{}},{"id":4,"properties":{"app1":{"a":1}}}]`},
		[]string{`{"group_id":4,"name":"a","namespace":"app1","value":"1"}`}, nil},
	{"canned_responses", map[string]any{configurationPath + "list_groups": `[{"id":0},{"id":4}]`,
		"/canned_responses?group=0": `[]`,
		"/canned_responses?group=4": `[{"id":910,"group":4,"text":"One moment.","tags":["wait"],"creation_date":1600000100,"created_by":"ola@shop.example","modification_date":1600090000,"modified_by":"jan@shop.example"},{"id":911,"text":"x","modification_date":0}]`},
		[]string{`{"created_at":"2020-09-13T12:28:20Z","created_by":"ola@shop.example","group_id":4,"id":910,"modified_at":"2020-09-14T13:26:40Z","modified_by":"jan@shop.example","tags":["wait"],"text":"One moment."}`,
			`{"group_id":4,"id":911,"text":"x"}`},
		[]string{configurationPath + "list_groups {}", "/canned_responses?group=0", "/canned_responses?group=0", "/canned_responses?group=4"}},
	{"goals", map[string]any{"/goals": `[{"id":55,"name":"Newsletter","active":1,"type":"url"},{"id":56,"name":"Gone","active":0},{"id":57,"name":"Sale","active":0}]`,
		"/goals/55": `{"id":55,"name":"Newsletter","active":1,"url":"https://shop.example","match_type":"exact"}`,
		"/goals/56": http.StatusNotFound,
		"/goals/57": `{"type":"sales_tracker","value":12.5}`},
		[]string{`{"active":true,"id":55,"match_type":"exact","name":"Newsletter","type":"url","url":"https://shop.example"}`,
			`{"active":false,"id":57,"name":"Sale","type":"sales_tracker","value":"12.5"}`},
		[]string{"/goals", "/goals/55", "/goals/56", "/goals/57", "/goals/56"}},

	{"report_total_chats", map[string]any{"/reports/chats/total_chats": `{"name":"total_chats","total":3,"records":{"2026-03-08":{"total":3,"continuous":1},"2026-03-09":{},"2026-03-31":{"total":9}}}`},
		[]string{`{"continuous":1,"date":"2026-03-08","timezone":"UTC","total":3}`, `{"continuous":0,"date":"2026-03-09","timezone":"UTC","total":0}`, `{"continuous":0,"date":"2026-03-10","timezone":"UTC","total":0}`},
		[]string{`/reports/chats/total_chats {"distribution":"day","timezone":"UTC","filters":{"from":"2026-03-08T00:00:00.000000+00:00","to":"2026-03-10T23:59:59.999999+00:00"}}`}},
	{"report_duration", map[string]any{"/reports/chats/duration": `{"records":{"2026-03-08":{"count":3,"duration":61.5,"agents_chatting_duration":60}}}`},
		[]string{`{"agents_chatting_duration":60,"count":3,"date":"2026-03-08","duration":61.5,"timezone":"UTC"}`, zeros(day2, "count"), zeros(day3, "count")}, nil},
	{"report_ratings", map[string]any{"/reports/chats/ratings": `{"records":{"2026-03-09":{"chats":3,"good":3}}}`},
		[]string{zeros(day1, "bad chats good"), `{"bad":0,"chats":3,"date":"2026-03-09","good":3,"timezone":"UTC"}`, zeros(day3, "bad chats good")}, nil},
	{"report_ranking", map[string]any{"/reports/chats/ranking": func(body map[string]any) string {
		if strings.HasPrefix(body["filters"].(map[string]any)["from"].(string), day2) {
			return `{"records":{"ola@shop.example":{"total":2,"good":1,"bad":1,"score":0.5}}}`
		}
		return `{"records":[]}`
	}},
		[]string{`{"agent_id":"ola@shop.example","bad":1,"date":"2026-03-09","good":1,"score":0.5,"timezone":"UTC","total":2}`}, []string{
			`/reports/chats/ranking {"timezone":"UTC","filters":{"from":"2026-03-08T00:00:00.000000+00:00","to":"2026-03-08T23:59:59.999999+00:00"}}`,
			`/reports/chats/ranking {"timezone":"UTC","filters":{"from":"2026-03-08T00:00:00.000000+00:00","to":"2026-03-08T23:59:59.999999+00:00"}}`,
			`/reports/chats/ranking {"timezone":"UTC","filters":{"from":"2026-03-09T00:00:00.000000+00:00","to":"2026-03-09T23:59:59.999999+00:00"}}`,
			`/reports/chats/ranking {"timezone":"UTC","filters":{"from":"2026-03-10T00:00:00.000000+00:00","to":"2026-03-10T23:59:59.999999+00:00"}}`,
			`/reports/chats/ranking {"timezone":"UTC","filters":{"from":"2026-03-10T00:00:00.000000+00:00","to":"2026-03-10T23:59:59.999999+00:00"}}`}},
	{"report_engagement", map[string]any{"/reports/chats/engagement": `{"records":{"2026-03-10":{"started_by_agent":2}}}`},
		[]string{zeros(day1, "started_by_agent started_by_customer_from_greeting started_by_customer_without_greeting"),
			zeros(day2, "started_by_agent started_by_customer_from_greeting started_by_customer_without_greeting"),
			`{"date":"2026-03-10","started_by_agent":2,"started_by_customer_from_greeting":0,"started_by_customer_without_greeting":0,"timezone":"UTC"}`}, nil},
	{"report_response_time", map[string]any{"/reports/chats/response_time": `{"records":{"2026-03-08":{"count":2,"response_time":3.25}}}`},
		[]string{`{"count":2,"date":"2026-03-08","response_time":3.25,"timezone":"UTC"}`, zeros(day2, "count"), zeros(day3, "count")}, nil},
	{"report_first_response_time", map[string]any{"/reports/chats/first_response_time": `{"records":{"2026-03-08":{"count":2,"first_response_time":null}}}`},
		[]string{`{"count":2,"date":"2026-03-08","timezone":"UTC"}`, zeros(day2, "count"), zeros(day3, "count")}, nil},
	{"report_tags", map[string]any{"/reports/chats/tags": `{"records":{"2026-03-08":{"refund":2,"":1},"2026-03-09":{}}}`},
		[]string{`{"chats":2,"date":"2026-03-08","tag":"refund","timezone":"UTC"}`, `{"chats":1,"date":"2026-03-08","tag":"","timezone":"UTC"}`}, nil},
	{"report_groups", map[string]any{"/reports/chats/groups": `{"records":{"2026-03-08":{"0":2,"4":1},"2026-03-09":{"0":1}}}`},
		[]string{`{"chats":2,"date":"2026-03-08","group_id":0,"timezone":"UTC"}`, `{"chats":1,"date":"2026-03-08","group_id":4,"timezone":"UTC"}`, `{"chats":1,"date":"2026-03-09","group_id":0,"timezone":"UTC"}`}, nil},
	{"report_greetings_conversion", map[string]any{"/reports/chats/greetings_conversion": `{"records":{"2026-03-08":{"77":{"displayed":9,"accepted":2,"canceled":1,"goals":0}}}}`},
		[]string{`{"accepted":2,"canceled":1,"date":"2026-03-08","displayed":9,"goals":0,"greeting_id":77,"timezone":"UTC"}`}, nil},
	{"report_queued_visitors", map[string]any{"/reports/chats/queued_visitors": `{"records":{"2026-03-08":{"queued":{"count":2,"min":1,"max":9.5,"avg":5},"left_queue":{"count":1,"min":9.5,"max":9.5,"avg":9.5}},"2026-03-09":{}}}`},
		[]string{`{"date":"2026-03-08","entered_chat_count":0,"left_queue_avg":9.5,"left_queue_count":1,"left_queue_max":9.5,"left_queue_min":9.5,"queued_avg":5,"queued_count":2,"queued_max":9.5,"queued_min":1,"timezone":"UTC"}`,
			zeros(day2, "entered_chat_count left_queue_count queued_count"), zeros(day3, "entered_chat_count left_queue_count queued_count")}, nil},
	{"report_queued_visitors_left", map[string]any{"/reports/chats/queued_visitors_left": func(body map[string]any) string {
		if body["page"] == 2.0 {
			return `{"records":{"Q2":{"visitor":{},"queue":{"start_date":"2026-03-09 23:59:59"}}},"summary":{"total_pages":2}}`
		}
		return `{"records":{"Q1":{"visitor":{"id":"v1","name":"Eve","email":"eve@client.example","ip":"192.0.2.7","visitor_custom_variables":[{"key":"a","value":"1"}]},"queue":{"start_date":"2026-03-08T23:30:00-01:00","duration":12,"group":4,"url":"https://shop.example"},"prechat_survey":[{"id":"1","key":"Name","type":"name","value":"Eve"}],"integration_variables":[]}},"summary":{"total_pages":2}}`
	}},
		[]string{`{"chat_id":"Q1","date":"2026-03-09","group_id":4,"integration_variables":"[]","prechat_survey":[{"id":"1","key":"Name","type":"name","value":"Eve"}],"queue_duration":12,"queue_url":"https://shop.example","queued_at":"2026-03-09T00:30:00Z","timezone":"UTC","visitor_custom_variables":"[{\"key\":\"a\",\"value\":\"1\"}]","visitor_email":"eve@client.example","visitor_id":"v1","visitor_ip":"192.0.2.7","visitor_name":"Eve"}`,
			`{"chat_id":"Q2","date":"2026-03-09","queued_at":"2026-03-09T23:59:59Z","timezone":"UTC"}`}, []string{
			`/reports/chats/queued_visitors_left {"distribution":"day","timezone":"UTC","filters":{"from":"2026-03-08T00:00:00.000000+00:00","to":"2026-03-10T23:59:59.999999+00:00"},"page":1}`,
			`/reports/chats/queued_visitors_left {"distribution":"day","timezone":"UTC","filters":{"from":"2026-03-08T00:00:00.000000+00:00","to":"2026-03-10T23:59:59.999999+00:00"},"page":2}`}},
	{"report_agents_availability", map[string]any{"/reports/agents/availability": `{"records":{"2026-03-08":{"hours":7.75}},"total":7.75}`},
		[]string{`{"date":"2026-03-08","hours":7.75,"timezone":"UTC"}`, zeros(day2, "hours"), zeros(day3, "hours")}, nil},
	{"report_agents_performance", map[string]any{"/reports/agents/performance": `{"records":{"ola@shop.example":{"logged_in_time":100,"chats_count":2}},"summary":{"chats_count":2}}`},
		[]string{`{"agent_id":"ola@shop.example","chats_count":2,"date":"2026-03-08","logged_in_time":100,"timezone":"UTC"}`,
			`{"agent_id":"ola@shop.example","chats_count":2,"date":"2026-03-09","logged_in_time":100,"timezone":"UTC"}`,
			`{"agent_id":"ola@shop.example","chats_count":2,"date":"2026-03-10","logged_in_time":100,"timezone":"UTC"}`}, []string{"", "", ""}},
	{"report_unique_visitors", map[string]any{"/reports/customers/unique_visitors": `{"summary":{"unique_visitors":5,"page_views":8}}`},
		[]string{`{"date":"2026-03-08","page_views":8,"timezone":"UTC","unique_visitors":5}`, `{"date":"2026-03-09","page_views":8,"timezone":"UTC","unique_visitors":5}`, `{"date":"2026-03-10","page_views":8,"timezone":"UTC","unique_visitors":5}`}, []string{"", "", ""}},
}

// TestLists: every list and report comes as its schema says.
func TestLists(t *testing.T) {
	tested := make(map[string]bool)
	for _, test := range listCases {
		tested[test.stream] = true
		t.Run(test.stream, func(t *testing.T) {
			r := readLists(t, test.answers, "", nil, test.stream)
			if r.err != nil {
				t.Fatal(r.err)
			}
			if diff := cmp.Diff(test.want, r.records[test.stream]); diff != "" {
				t.Errorf("records (-want +got):\n%s", diff)
			}
			switch asked := test.asked; {
			case len(asked) == 0 && len(r.requests) != 1, len(asked) > 0 && len(r.requests) != len(asked):
				t.Errorf("asked for %q", r.requests)
			case len(asked) > 0 && asked[0] != "":
				if diff := cmp.Diff(asked, r.requests); diff != "" {
					t.Errorf("requests (-want +got):\n%s", diff)
				}
			}
			if got := strings.Join(r.types, " "); got != "SCHEMA RECORD STATE" {
				t.Errorf("messages %s", got)
			}
			if r.summary.Records[test.stream] != len(test.want) {
				t.Errorf("the summary counts %v", r.summary.Records)
			}
		})
	}
	for _, s := range catalog.Streams() {
		if s.Group != "" && !tested[s.Name] {
			t.Errorf("%s is not tested", s.Name)
		}
	}
}

// TestReportsAreIncremental: a report goes on from its bookmark, less the
// look-back, in the zone it was read in.
func TestReportsAreIncremental(t *testing.T) {
	warsaw, err := time.LoadLocation("Europe/Warsaw")
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name, bookmark string
		change         func(*Options)
		from, to, mark string // days asked for; none: nothing is
	}{
		{"first", ``, nil, "2026-03-08T00:00:00.000000+00:00", "2026-03-10T23:59:59.999999+00:00", `{"date":"2026-03-10","read_from":"2026-03-08T00:00:00Z","read_to":"2026-03-10T15:04:05Z","timezone":"UTC"}`},
		{"again", `{"date":"2026-03-10","timezone":"UTC"}`, nil, "2026-03-09T00:00:00.000000+00:00", "2026-03-10T23:59:59.999999+00:00", `{"date":"2026-03-10","read_from":"2026-03-08T00:00:00Z","read_to":"2026-03-10T15:04:05Z","timezone":"UTC"}`},
		{"not before the start", `{"date":"2026-03-08","timezone":"UTC"}`, nil, "2026-03-08T00:00:00.000000+00:00", "2026-03-10T23:59:59.999999+00:00", `{"date":"2026-03-10","read_from":"2026-03-08T00:00:00Z","read_to":"2026-03-10T15:04:05Z","timezone":"UTC"}`},
		{"goes on", `{"date":"2026-03-08","read_from":"2026-03-01T00:00:00Z","read_to":"2026-03-09T00:00:00Z","timezone":"UTC"}`, nil,
			"2026-03-08T00:00:00.000000+00:00", "2026-03-10T23:59:59.999999+00:00", `{"date":"2026-03-10","read_from":"2026-03-01T00:00:00Z","read_to":"2026-03-10T15:04:05Z","timezone":"UTC"}`},
		{"start_date has left a gap", `{"date":"2026-03-02","read_from":"2026-03-01T00:00:00Z","read_to":"2026-03-03T00:00:00Z","timezone":"UTC"}`, nil,
			"2026-03-08T00:00:00.000000+00:00", "2026-03-10T23:59:59.999999+00:00", `{"date":"2026-03-10","read_from":"2026-03-08T00:00:00Z","read_to":"2026-03-10T15:04:05Z","timezone":"UTC"}`},
		{"another zone", `{"date":"2026-03-10","timezone":"UTC"}`, func(o *Options) { o.Config.ReportTimezone = warsaw },
			"2026-03-08T00:00:00.000000+01:00", "2026-03-10T23:59:59.999999+01:00", `{"date":"2026-03-10","read_from":"2026-03-07T23:00:00Z","read_to":"2026-03-10T15:04:05Z","timezone":"Europe/Warsaw"}`},
		{"the same zone", `{"date":"2026-03-10","timezone":"Europe/Warsaw"}`, func(o *Options) { o.Config.ReportTimezone = warsaw },
			"2026-03-09T00:00:00.000000+01:00", "2026-03-10T23:59:59.999999+01:00", `{"date":"2026-03-10","read_from":"2026-03-07T23:00:00Z","read_to":"2026-03-10T15:04:05Z","timezone":"Europe/Warsaw"}`},
		{"in the future", `{"date":"2027-01-01","timezone":"UTC"}`, nil, "2026-03-09T00:00:00.000000+00:00", "2026-03-10T23:59:59.999999+00:00", `{"date":"2026-03-10","read_from":"2026-03-09T00:00:00Z","read_to":"2026-03-10T15:04:05Z","timezone":"UTC"}`},
		{"a part", ``, func(o *Options) { o.Config.EndDate = time.Date(2026, 3, 10, 0, 0, 0, 0, time.UTC) },
			"2026-03-08T00:00:00.000000+00:00", "2026-03-09T23:59:59.999999+00:00", `{"date":"2026-03-09","read_from":"2026-03-08T00:00:00Z","read_to":"2026-03-10T00:00:00Z","timezone":"UTC"}`},
		{"a part that is over", `{"date":"2026-03-10","timezone":"UTC"}`, func(o *Options) { o.Config.EndDate = time.Date(2026, 3, 9, 0, 0, 0, 0, time.UTC) },
			"", "", `{"date":"2026-03-10","timezone":"UTC"}`},
		{"in full", `{"date":"2026-03-09","timezone":"UTC"}`, func(o *Options) { o.Selection.Streams[0].FullTable = true },
			"2026-03-08T00:00:00.000000+00:00", "2026-03-10T23:59:59.999999+00:00", `{"date":"2026-03-09","timezone":"UTC"}`},
	} {
		t.Run(test.name, func(t *testing.T) {
			var asked []string
			state := ""
			if test.bookmark != "" {
				state = `{"bookmarks":{"report_total_chats":` + test.bookmark + `}}`
			}
			r := readLists(t, map[string]any{"/reports/chats/total_chats": func(body map[string]any) string {
				filters := body["filters"].(map[string]any)
				asked = append(asked, filters["from"].(string), filters["to"].(string))
				return `{"records":{"2000-01-01":{}}}`
			}}, state, test.change, "report_total_chats")
			if r.err != nil {
				t.Fatal(r.err)
			}
			var want []string
			if test.from != "" {
				want = []string{test.from, test.to}
			}
			if diff := cmp.Diff(want, asked); diff != "" {
				t.Errorf("asked for (-want +got):\n%s", diff)
			}
			if got := bookmarkText(t, r.state, "report_total_chats"); got != test.mark {
				t.Errorf("the bookmark is %s, want %s", got, test.mark)
			}
		})
	}
}

// TestDaysWithoutMidnight: each day of a report comes once, and is asked for from its
// first instant to its last, where clocks skip the midnight or show it twice.
func TestDaysWithoutMidnight(t *testing.T) {
	for _, test := range []struct{ zone, start, day, from, to string }{
		{"America/Santiago", "2026-09-03", "2026-09-06", "2026-09-06T01:00:00.000000-03:00", "2026-09-06T23:59:59.999999-03:00"}, // skipped
		{"America/Santiago", "2026-04-01", "2026-04-04", "2026-04-04T00:00:00.000000-03:00", "2026-04-04T23:59:59.999999-04:00"}, // 25 hours
		{"Asia/Beirut", "2026-03-25", "2026-03-29", "2026-03-29T01:00:00.000000+03:00", "2026-03-29T23:59:59.999999+03:00"},
		{"Africa/Cairo", "2026-04-20", "2026-04-24", "2026-04-24T01:00:00.000000+03:00", "2026-04-24T23:59:59.999999+03:00"},
		{"America/Havana", "2026-03-05", "2026-03-08", "2026-03-08T01:00:00.000000-04:00", "2026-03-08T23:59:59.999999-04:00"},
		{"America/Havana", "2026-10-28", "2026-11-01", "2026-11-01T00:00:00.000000-04:00", "2026-11-01T23:59:59.999999-05:00"}, // midnight twice
		{"Atlantic/Azores", "2026-03-25", "2026-03-29", "2026-03-29T01:00:00.000000+00:00", "2026-03-29T23:59:59.999999+00:00"},
	} {
		zone, err := time.LoadLocation(test.zone)
		if err != nil {
			t.Fatal(err)
		}
		start, err := time.ParseInLocation(time.DateOnly, test.start, zone)
		if err != nil {
			t.Fatal(err)
		}
		asked := make(map[string]string)
		r := readLists(t, map[string]any{
			"/reports/customers/unique_visitors": func(body map[string]any) string {
				filters := body["filters"].(map[string]any)
				from, to := filters["from"].(string), filters["to"].(string)
				if from[:10] != to[:10] || asked[from[:10]] != "" {
					t.Errorf("%s: asked for %s to %s", test.zone, from, to)
				}
				asked[from[:10]] = from + " " + to
				return `{"summary":{"unique_visitors":1,"page_views":2}}`
			},
			"/reports/chats/total_chats": `{"records":{"2000-01-01":{}}}`,
		}, "", func(o *Options) {
			o.Config.StartDate, o.Now, o.Config.ReportTimezone = start.Add(12*time.Hour), start.AddDate(0, 0, 6).Add(12*time.Hour), zone
		}, "report_unique_visitors", "report_total_chats")
		if r.err != nil {
			t.Fatal(r.err)
		}
		if got := asked[test.day]; got != test.from+" "+test.to {
			t.Errorf("%s: %s is asked for as %s", test.zone, test.day, got)
		}
		for _, stream := range []string{"report_unique_visitors", "report_total_chats"} {
			var dates, want []string
			for _, record := range r.records[stream] {
				_, date, _ := strings.Cut(record, `"date":"`)
				dates = append(dates, date[:10])
			}
			for d := range 7 {
				want = append(want, start.AddDate(0, 0, d).Add(12*time.Hour).Format(time.DateOnly))
			}
			if diff := cmp.Diff(want, dates); diff != "" {
				t.Errorf("%s: days of %s (-want +got):\n%s", test.zone, stream, diff)
			}
			if mark := bookmarkText(t, r.state, stream); !strings.Contains(mark, want[6]) {
				t.Errorf("%s: the bookmark is %s", test.zone, mark)
			}
			// What a bookmark says of its first day is what was asked for.
			day, err := time.Parse(time.DateOnly, test.day)
			if err != nil {
				t.Fatal(err)
			}
			l := &list{rg: source.Range{Zone: zone}}
			if got := l.startOf(day).Format("2006-01-02T15:04:05.000000-07:00"); got != test.from {
				t.Errorf("%s: %s begins at %s", test.zone, test.day, got)
			}
		}
	}
}

// TestReportStates: a long report that is cut off goes on near where it was.
func TestReportStates(t *testing.T) {
	n := 0
	answer := func(map[string]any) string { n++; return `{"summary":{"unique_visitors":1}}` }
	r := readLists(t, map[string]any{"/reports/customers/unique_visitors": answer}, "", func(o *Options) {
		o.Config.StartDate, o.Config.MaxRequests = syncNow.AddDate(0, 0, -200), 100
	}, "report_unique_visitors")
	if !errors.Is(r.err, source.ErrBudget) || n != 100 {
		t.Fatalf("%d requests, error %v", n, r.err)
	}
	mark := r.state.Report("report_unique_visitors")
	if behind := syncNow.AddDate(0, 0, -200+99).Sub(mark.Day).Hours() / 24; behind < 1 || behind > stateEveryDays+1 {
		t.Errorf("the bookmark is %s, %.0f days behind", mark.Day, behind)
	}
}

// TestDeniedLists: a list that the token may not read does not end the run, and
// the run is not complete.
func TestDeniedLists(t *testing.T) {
	denied := func(kind string) func(map[string]any) string {
		return func(map[string]any) string { return `{"error":{"type":"` + kind + `","message":"no"}}` }
	}
	r := readLists(t, map[string]any{
		configurationPath + "list_agents": denied("authorization"), configurationPath + "list_tags": `[{"name":"refund"}]`,
		"/goals": http.StatusUnauthorized, "/reports/chats/total_chats": denied("limit_reached"), configurationPath + "list_channels": denied("missing_access"),
	}, "", nil, "agents", "tags", "channels", "goals", "report_total_chats")
	var incomplete *IncompleteError
	want := []string{"agents (scope agents--all:ro)", "channels (missing_access)", "goals (401 Unauthorized, scope goals_read (API v2))", "report_total_chats (limit_reached)"}
	if !errors.As(r.err, &incomplete) || cmp.Diff(want, incomplete.Streams) != "" || !strings.Contains(incomplete.Hint(), "catalog") {
		t.Errorf("the error is %v", r.err)
	}
	if len(r.records["tags"]) != 1 || slices.ContainsFunc(r.lines, func(l string) bool { return strings.Contains(l, `"stream":"agents"`) }) {
		t.Errorf("messages %q", r.lines)
	}
	if bookmarkText(t, r.state, "report_total_chats") != "" {
		t.Error("a report that was not read has a bookmark")
	}
	if len(r.summary.NotRead) != 4 || !strings.Contains(r.log, "authorization") {
		t.Errorf("the summary says %v", r.summary.NotRead)
	}
	// What is wrong with the credentials themselves ends the run.
	r = readLists(t, map[string]any{configurationPath + "list_agents": denied("authentication")}, "", nil, "agents", "tags")
	if r.err == nil || errors.As(r.err, &incomplete) || len(r.requests) != 1 {
		t.Errorf("%d requests, error %v", len(r.requests), r.err)
	}
}

// TestActivateVersion: all records of a list have the version of the run, and
// what is gone is told of once the list was read whole.
func TestActivateVersion(t *testing.T) {
	on := func(o *Options) { o.Config.EmitActivateVersionMessages = true }
	answers := map[string]any{configurationPath + "list_tags": `[{"name":"a"},{"name":"b"}]`, "/reports/chats/total_chats": `{"records":{}}`, configurationPath + "list_bots": `[]`}
	r := readLists(t, answers, "", on, "tags", "bots", "report_total_chats")
	if r.err != nil {
		t.Fatal(r.err)
	}
	version := fmt.Sprintf(`,"version":%d}`, syncNow.Unix())
	var activated []string
	for _, line := range r.lines {
		switch {
		case strings.HasPrefix(line, `{"type":"RECORD","stream":"tags"`) != strings.HasSuffix(line, version) && !strings.HasPrefix(line, `{"type":"ACTIVATE_VERSION"`):
			t.Errorf("%s", line)
		case strings.HasPrefix(line, `{"type":"ACTIVATE_VERSION"`):
			activated = append(activated, line)
		}
	}
	want := []string{`{"type":"ACTIVATE_VERSION","stream":"bots"` + version, `{"type":"ACTIVATE_VERSION","stream":"tags"` + version}
	if diff := cmp.Diff(want, activated); diff != "" {
		t.Errorf("activated (-want +got):\n%s", diff)
	}
	answers[configurationPath+"list_tags"] = `[{"name":"a"},{"name":{}}]`
	r = readLists(t, answers, "", on, "tags")
	if r.err == nil || strings.Contains(strings.Join(r.lines, ""), "ACTIVATE_VERSION") {
		t.Errorf("error %v, messages %q", r.err, r.lines)
	}
}

// TestSampleOfLists: trying a list takes one answer of it.
func TestSampleOfLists(t *testing.T) {
	r := runLists(t, Sample, map[string]any{
		configurationPath + "list_tags":   `[{"name":"a"},{"name":"b"}]`,
		configurationPath + "list_bots":   `[]`,
		configurationPath + "list_agents": http.StatusForbidden,
		configurationPath + "list_groups": `[{"id":0},{"id":1},{"id":2}]`,
		"/canned_responses?group=0":       `[{"id":1},{"id":2}]`, "/canned_responses?group=1": `[{"id":3}]`, "/canned_responses?group=2": `[{"id":4}]`,
		"/reports/customers/unique_visitors": `{"summary":{"unique_visitors":1}}`,
	}, "", nil, "tags", "bots", "agents", "canned_responses", "report_unique_visitors")
	want := map[string]int{"agents": 0, "bots": 0, "tags": 2, "canned_responses": 2, "report_unique_visitors": 1}
	if diff := cmp.Diff(want, r.summary.Records); diff != "" {
		t.Errorf("rows seen (-want +got):\n%s", diff)
	}
	if got := strings.Join(r.types, " "); got != "SCHEMA RECORD SCHEMA RECORD SCHEMA RECORD" || len(r.requests) > 9 || len(r.summary.NotRead) != 1 {
		t.Errorf("messages %s, requests %q, denied %v", got, r.requests, r.summary.NotRead)
	}
}

// bookmarkText is what a state says of a stream.
func bookmarkText(t *testing.T, s state.State, stream string) string {
	t.Helper()
	text, err := s.MarshalJSON()
	if err != nil {
		t.Fatal(err)
	}
	var top struct{ Bookmarks map[string]json.RawMessage }
	if err := json.Unmarshal(text, &top); err != nil {
		t.Fatal(err)
	}
	return string(top.Bookmarks[stream])
}
