package sandbox

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"tap-livechat/tap/sandbox/account"
)

// served is a chat as a client reads it.
type served struct {
	Type, ID, Started, Ended, Time, Timezone string
	StartedTimestamp                         *int64 `json:"started_timestamp"`
	EndedTimestamp                           *int64 `json:"ended_timestamp"`
	Duration                                 int64
	Agents                                   []struct{ Email *string }
	Messages, Events                         []said
}

type said struct {
	Date, Type string
	Text       *string
	EventID    string `json:"event_id"`
	Timestamp  int64
}

func TestDataIsBelievable(t *testing.T) {
	s := newServer(t, "chats=2500&days=400&visitor=mixed")
	fields := map[string]int{}
	ids := map[string]bool{}
	var n, size, messages, events, people, missed, unzoned int
	for c := range s.Truth() {
		var chat served
		var all map[string]any
		if err := json.Unmarshal(c.JSON, &chat); err != nil {
			t.Fatalf("%v: %s", err, c.JSON)
		}
		json.Unmarshal(c.JSON, &all)
		count(fields, "", all)
		if ids[c.ID] || c.ID != chat.ID || c.Type != chat.Type {
			t.Errorf("id %q is there twice, or not %q", c.ID, chat.ID)
		}
		ids[c.ID] = true
		n, size, messages, events, people = n+1, size+len(c.JSON), messages+c.Messages, events+c.Events, people+len(c.Agents)
		if len(chat.Messages) != c.Messages || len(chat.Events) != c.Events || len(chat.Agents) != len(c.Agents) {
			t.Errorf("%s: the truth counts wrong", c.ID)
		}
		for i, a := range chat.Agents {
			if a.Email != nil && *a.Email != c.Agents[i] || a.Email == nil && c.Agents[i] != "" {
				t.Errorf("%s: agent %d is not %q", c.ID, i, c.Agents[i])
			}
		}
		if chat.Timezone == "" {
			unzoned++
			chat.Timezone = s.opt.AccountTimezone
		}
		zone, err := account.LoadZone(chat.Timezone)
		if err != nil {
			t.Fatal(err)
		}
		same := func(date string, at int64) {
			const layout = "Mon, 01/02/06 03:04:05 pm"
			if want := time.Unix(at, 0).In(zone).Format(layout); date != want {
				t.Errorf("%s: date %q is not %q", c.ID, date, want)
			}
		}
		if c.Type == "missed_chat" {
			missed++
			same(chat.Time, c.Started.Unix())
			continue
		}
		same(chat.Started, *chat.StartedTimestamp)
		if *chat.StartedTimestamp != c.Started.Unix() {
			t.Errorf("%s: started at %d", c.ID, *chat.StartedTimestamp)
		}
		if !c.Pending {
			same(chat.Ended, *chat.EndedTimestamp)
			if *chat.EndedTimestamp != c.Ended.Unix() || chat.Duration != c.Ended.Unix()-c.Started.Unix() {
				t.Errorf("%s: ended at %d after %d", c.ID, *chat.EndedTimestamp, chat.Duration)
			}
		}
		last := c.Started.Unix()
		twice := map[string]bool{}
		for _, e := range chat.Events {
			same(e.Date, e.Timestamp)
			if e.Timestamp < last || !c.Pending && e.Timestamp > c.Ended.Unix() || e.EventID == "" || twice[e.EventID] {
				t.Errorf("%s: event %+v is out of order or has no id of its own", c.ID, e)
			}
			last, twice[e.EventID] = e.Timestamp, true
		}
		for _, m := range chat.Messages {
			if !slices.ContainsFunc(chat.Events, func(e said) bool { return e.EventID == m.EventID && e.Type == "message" && *e.Text == *m.Text }) {
				t.Errorf("%s: message %+v is not among the events", c.ID, m)
			}
		}
	}
	mean := func(x int) float64 { return float64(x) / float64(n) }
	if n != 2500 || size/n < 5000 || size/n > 7000 || mean(messages) < 8 || mean(messages) > 10 || mean(events) < 9 || mean(events) > 11 ||
		mean(people) < 1 || mean(people) > 1.2 || mean(missed) < 0.025 || mean(missed) > 0.05 || unzoned == 0 {
		t.Errorf("%d chats: %d bytes, %.1f messages, %.1f events, %.2f agents, %.3f missed, %d without a zone",
			n, size/n, mean(messages), mean(events), mean(people), mean(missed), unzoned)
	}
	for _, want := range strings.Fields(`type id visitor visitor_id visitor_name visitor.id visitor.name visitor.ip visitor.city visitor.region
		visitor.country visitor.country_code visitor.timezone visitor.user_agent visitor.email agents.display_name agents.email agents.ip
		supervisors.display_name supervisors.email rate rate_comment duration chat_start_url referrer group started ended started_timestamp
		ended_timestamp timezone prechat_survey.key prechat_survey.value prechat_survey.id postchat_survey.key postchat_survey.value
		postchat_survey.id custom_variables.key custom_variables.value integration_variables.key integration_variables.value goals.id goals.name
		goals.type goals.date goals.timestamp goals.order.id goals.order.description goals.order.price goals.order.currency queue.duration tags
		tickets engagement pending email time message messages.author_name messages.text messages.message_json messages.message_json.template_id
		messages.date messages.timestamp messages.user_type messages.agent_id messages.type messages.event_id events.author_name events.text
		events.date events.timestamp events.user_type events.agent_id events.type events.event_type events.files events.event_id`) {
		if fields[want] == 0 {
			t.Errorf("no chat has %s", want)
		}
	}
}

// count counts the fields of a JSON value by their path.
func count(fields map[string]int, path string, v any) {
	switch v := v.(type) {
	case map[string]any:
		for k, inner := range v {
			fields[strings.TrimPrefix(path+"."+k, ".")]++
			count(fields, strings.TrimPrefix(path+"."+k, "."), inner)
		}
	case []any:
		for _, inner := range v {
			count(fields, path, inner)
		}
	}
}

// dump is everything an archive serves.
func dump(s *Server) []byte {
	var b []byte
	for c := range s.Truth() {
		b = append(append(b, c.JSON...), '\n')
	}
	return b
}

func TestSameSeedSameBytes(t *testing.T) {
	const query = "chats=500&odd=0.2&hostile=0.1&long_chats=0.1&visitor=mixed&event_ids=some&late_changes=0.5"
	one, two := newServer(t, query), newServer(t, query+"&cache=true")
	if !bytes.Equal(dump(one), dump(two)) {
		t.Error("the same options, other chats")
	}
	for range 2 { // the second time out of the cache
		if a, b := get(one, "/chats?page=3").Body.Bytes(), get(two, "/chats?page=3").Body.Bytes(); !bytes.Equal(a, b) {
			t.Error("the cache changes the page")
		}
	}
	if bytes.Equal(dump(one), dump(newServer(t, "seed=2&"+query))) {
		t.Error("another seed, the same chats")
	}
}

func TestPendingChatsOnlyGrow(t *testing.T) {
	s := newServer(t, "chats=40&pending=40&missed=0&late_changes=1")
	read := func() map[string]served {
		all := map[string]served{}
		for c := range s.Truth() {
			var chat served
			if err := json.Unmarshal(c.JSON, &chat); err != nil {
				t.Fatal(err)
			}
			all[c.ID] = chat
		}
		return all
	}
	before := read()
	for m := 10; m < 300; m += 40 {
		s.SetNow(s.opt.Now.Add(time.Duration(m) * time.Minute))
		after := read()
		for id, was := range before {
			is := after[id]
			if n := len(was.Messages); n > len(is.Messages) || !cmp.Equal(was.Messages, is.Messages[:n]) {
				t.Errorf("%s: what was said has changed", id)
			}
			if n := len(was.Events); n > len(is.Events) || !cmp.Equal(was.Events, is.Events[:n]) || !cmp.Equal(was.Agents, is.Agents) {
				t.Errorf("%s: what happened has changed", id)
			}
		}
		before = after
	}
}

func TestLateChanges(t *testing.T) {
	s := newServer(t, "chats=400&days=1&late_changes=1&late_by=2h&cache=true&pending=0&long_chats=0&missed=0")
	tagged := func() (n int) {
		for c := range s.Truth() {
			recent := c.Pending || s.account.Now()-c.Ended.Unix() < 2*3600
			if !strings.Contains(string(c.JSON), `"tags":[]`) {
				n++
				if recent {
					t.Errorf("%s is tagged already", c.ID)
				}
			}
			if body := get(s, "/chats/"+c.ID).Body.String(); body != string(c.JSON) {
				t.Errorf("%s: served\n%s\nwant\n%s", c.ID, body, c.JSON)
			}
		}
		return n
	}
	before := tagged()
	s.SetNow(s.opt.Now.Add(3 * time.Hour))
	if after := tagged(); after <= before {
		t.Errorf("%d tagged before, %d after", before, after)
	}
}

func TestEventIDsAndVisitor(t *testing.T) {
	all := func(query string) string { return string(dump(newServer(t, "chats=200&"+query))) }
	for query, want := range map[string][3]bool{ // event_id, visitor, visitor_id
		"":                             {true, true, false},
		"event_ids=none&visitor=flat":  {false, false, true},
		"event_ids=some&visitor=both":  {true, true, true},
		"event_ids=all&visitor=mixed":  {true, true, true},
		"event_ids=all&visitor=object": {true, true, false},
	} {
		text := all(query)
		got := [3]bool{strings.Contains(text, `"event_id"`), strings.Contains(text, `"visitor":{`), strings.Contains(text, `"visitor_id"`)}
		if got != want {
			t.Errorf("%s: %v, want %v", query, got, want)
		}
	}
	bare := 0
	for _, e := range strings.Split(all("event_ids=some"), `"timestamp":`) {
		if !strings.Contains(e, `"event_id"`) {
			bare++
		}
	}
	if bare < 100 {
		t.Errorf("event_ids=some: only %d entries are without", bare)
	}
}

func TestOddAndHostile(t *testing.T) {
	text := string(dump(newServer(t, "chats=600&odd=1")))
	for _, want := range []string{`"sentiment":`, `"visits":3`, `"seen_up_to":null`, `"duration":"`, `"timestamp":"`, `"name":12345`, `"value":12.50`,
		`"visitor":[]`, `"queue":[]`, `"order":[]`, `Mars/Olympus_Mons`, `"queue":null`, `"agents":null`, `"messages":null`, `"text":42`, `"text":null`} {
		if !strings.Contains(text, want) {
			t.Errorf("odd: no %s", want)
		}
	}
	if odd := newServer(t, "chats=100&odd=1"); true {
		for c := range odd.Truth() {
			if !json.Valid(c.JSON) || !c.Odd {
				t.Errorf("odd, but it should be JSON: %s", c.JSON)
			}
			var chat struct {
				Agents           []any
				Messages, Events []any
			}
			if err := json.Unmarshal(c.JSON, &chat); err != nil || len(chat.Agents) != len(c.Agents) || len(chat.Messages) != c.Messages || len(chat.Events) != c.Events {
				t.Errorf("%s: the truth counts wrong: %v", c.ID, err)
			}
		}
	}
	text = string(dump(newServer(t, "chats=300&hostile=1")))
	for _, want := range []string{`\u0000`, `\ud800 `, "\u2028", "\xff\xfe", `"tags":["thrice"]`, taints[account.HostileLength]} {
		if !strings.Contains(text, want) {
			t.Errorf("hostile: no %.20q", want)
		}
	}
	if plain := dump(newServer(t, "chats=300")); !utf8.Valid(plain) {
		t.Error("invalid UTF-8 without being asked for it")
	}
}

func TestShapes(t *testing.T) {
	// The share of the chats that the busiest twentieth of the hours has.
	for shape, want := range map[string][2]float64{"even": {0.05, 0.1}, "busyhours": {0.1, 0.25}, "bursty": {0.3, 1}, "sparse": {0.4, 1}, "spikes": {0.8, 1}} {
		s := newServer(t, "chats=20000&days=200&pending=0&shape="+shape)
		hours := make([]int, 250*24)
		from := s.opt.Now.AddDate(0, 0, -250).Unix()
		all := s.account.All()
		for _, no := range all {
			hours[(s.account.Ref(int(no)).Start-from)/3600]++
		}
		hours = hours[50*24:]
		slices.Sort(hours)
		top := 0
		for _, n := range hours[len(hours)*19/20:] {
			top += n
		}
		if got := float64(top) / 20000; got < want[0] || got > want[1] || len(all) != 20000 {
			t.Errorf("%s: %.3f of %d in the busiest hours, want %v", shape, got, len(all), want)
		}
	}
}

func TestFullDayAndQuietDays(t *testing.T) {
	day := "date_from=2026-11-10&date_to=2026-11-10&timezone=UTC"
	for _, dates := range []string{"start", "end"} {
		s := newServer(t, "chats=0&full_day=10&full_day_chats=30000&dates="+dates)
		if p := getPage(t, s, day); p.Total != 30000 || p.Pages != 1200 {
			t.Errorf("dates=%s: %d on the full day", dates, p.Total)
		}
		// The same day, read as far as noon.
		if p := getPage(t, s, strings.Replace(day, "UTC", "Etc/GMT-12", 1)); p.Total < 14500 || p.Total > 15500 {
			t.Errorf("dates=%s: %d in half of the full day", dates, p.Total)
		}
		s = newServer(t, "chats=0&full_day=10&full_hour=13&full_day_chats=30000&dates="+dates)
		for zone, want := range map[string]int{"Etc/GMT-11": 0, "Etc/GMT-10": 30000} {
			if p := getPage(t, s, strings.Replace(day, "UTC", zone, 1)); p.Total != want {
				t.Errorf("dates=%s full_hour %s: %d, want %d", dates, zone, p.Total, want)
			}
		}
	}
	for _, query := range []string{"quiet_days=5", "quiet_days=50", "quiet_days=5&long_chats=1&pending=9"} {
		s := newServer(t, "chats=300&"+query)
		n := 0
		for c := range s.Truth() {
			n++
			if quiet := s.opt.Now.AddDate(0, 0, -s.opt.QuietDays); c.Pending || c.Ended.After(quiet) {
				t.Errorf("%s: %s ended at %v", query, c.ID, c.Ended)
			}
		}
		if n != 300 {
			t.Errorf("%s: %d chats", query, n)
		}
	}
}
