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
	"strings"
	"testing"
	"time"

	"tap-livechat/catalog"
	"tap-livechat/tap/config"
	"tap-livechat/tap/record"
	"tap-livechat/tap/sandbox"
	"tap-livechat/tap/secret"
	"tap-livechat/tap/state"
)

const ordinaryFaults = "&rate_500=0.02&rate_503=0.02&rate_429=0.03&rate_408=0.01&retry_after=seconds&rate_reset=0.02&rate_cut=0.03&rate_chopped=0.02" +
	"&rate_broken=0.02&rate_html=0.02&rate_empty=0.01&rate_null=0.01&rate_no_total=0.01&rate_stall_header=0.01&rate_stall_body=0.01"

// TestSyncGrid reads archives that behave in every way the reference leaves
// open, while they move and fail, and compares every record with the truth.
func TestSyncGrid(t *testing.T) {
	seed := 0
	for _, order := range []string{"newest", "oldest", "none"} {
		for _, dates := range []string{"start", "end", "overlap"} {
			for _, cap := range []string{"cap_total=true&past_end=empty", "cap_total=capped&past_end=400"} {
				seed++
				switches := fmt.Sprintf("chats=110&days=40&long_chats=0.05&visitor=mixed&order=%s&dates=%s&%s&seed=%d&fault_seed=%d", order, dates, cap, seed, seed)
				rest := []string{"&pending_dates=today&pending=9&drift_end=9", "&event_ids=some&drift_end=6&drift_vanish=7", "&event_ids=none&gzip=true&rate_wrong_total=0.03&drift_vanish=8"}[seed%3]
				t.Run(switches+rest, func(t *testing.T) {
					t.Parallel()
					withEnv(t, switches+rest+ordinaryFaults, func(t *testing.T, w *env) {
						var whole *transcript
						var kept state.State
						earlier := make(map[string]bool)
						// A window that does not add up waits for the next run.
						for range 4 {
							r := w.complete(kept, nil)
							tr := readTranscript(t, r.out, checks{every: 29, repeats: strings.Contains(switches, "overlap")})
							w.covered(tr, earlier)
							kept = tr.last(t)
							if whole == nil {
								whole = tr
							} else {
								whole.union(tr)
							}
							for _, m := range tr.latest["chats"] {
								earlier[m.record["id"].(string)] = true
							}
							if r.summary.Incomplete == 0 {
								break
							}
						}
						w.wantAll(whole, w.config.StartDate, ordinary)
					})
				})
			}
		}
	}
}

// five runs over one archive, as time goes on.
func TestSyncIncremental(t *testing.T) {
	for i, switches := range []string{
		"dates=start&order=newest", "dates=end&order=newest&pending_dates=start", "dates=end&order=oldest&pending_dates=today",
		"dates=end&order=none&pending_dates=always", "dates=overlap&order=none",
	} {
		t.Run(switches, func(t *testing.T) {
			t.Parallel()
			withEnv(t, fmt.Sprintf("chats=160&days=30&seed=%d&long_chats=0.4&long_days=9&pending=8&late_changes=0.3&late_by=6h&%s", 20+i, switches), func(t *testing.T, w *env) {
				var whole *transcript
				var kept state.State
				earlier := make(map[string]bool)
				var last result
				followed := 0
				for n, hours := range []int{0, 5, 24, 3 * 24, 26} {
					w.at(w.now.Add(time.Duration(hours) * time.Hour))
					last = w.complete(kept, nil)
					for _, r := range w.server.Requests()[w.server.Count()-last.requests:] {
						if r.Path != "/chats" {
							followed++
						}
					}
					tr := readTranscript(t, last.out, checks{repeats: strings.Contains(switches, "overlap")})
					w.covered(tr, earlier)
					for _, m := range tr.latest["chats"] {
						earlier[m.record["id"].(string)] = true
					}
					kept = tr.last(t)
					text, _ := json.Marshal(kept)
					open := 0
					for chat := range w.server.Truth() {
						if chat.Pending {
							open++
						}
					}
					if most := 400 + 3*120*(open+4); len(text) > most {
						t.Errorf("run %d: the state takes %d bytes for %d open chats: %s", n+1, len(text), open, text)
					}
					if whole == nil {
						whole = tr
					} else {
						whole.union(tr)
					}
				}
				w.wantAll(whole, w.config.StartDate, func(chat sandbox.Chat) bool {
					// What changes after a chat of days is not looked for, if it
					// is listed by its start: see the look-back.
					return chat.Ended.Sub(chat.Started) < 12*time.Hour
				})
				fetched, lists := 0, 0
				for _, r := range w.server.Requests()[w.server.Count()-last.requests:] {
					if r.Path == "/chats" {
						lists++
					} else {
						fetched++
					}
				}
				// The look-back of a day and the 26 hours since: some 30 chats.
				t.Logf("last run: %d lists, %d single chats, %d records; %d open chats were asked for in five runs", lists, fetched, last.summary.Records["chats"], followed)
				if strings.HasPrefix(switches, "dates=start") && followed == 0 {
					t.Error("no open chat was asked for: this tests nothing")
				}
				if lists > 5 || fetched > 30 {
					t.Errorf("the last run cost %d lists and %d single chats", lists, fetched)
				}
				for _, r := range w.server.Requests()[w.server.Count()-last.requests:] {
					if from := r.Query.Get("date_from"); from != "" && from < w.now.Add(-51*time.Hour).AddDate(0, 0, -1).Format(time.DateOnly) {
						t.Errorf("the last run asked for %s", from)
					}
				}
			})
		})
	}
}

func TestSyncNothingNew(t *testing.T) {
	for _, switches := range []string{"chats=90&pending=0", "chats=90&pending=0&dates=end", "chats=90&quiet_days=20", "chats=90&quiet_days=20&dates=end", "chats=0", "chats=0&past_end=400"} {
		t.Run(switches, func(t *testing.T) {
			withEnv(t, "days=30&long_chats=0&"+switches, func(t *testing.T, w *env) {
				first := readTranscript(t, w.complete(state.State{}, nil).out, checks{})
				r := w.complete(first.last(t), nil)
				second := readTranscript(t, r.out, checks{})
				if r.requests > 4 { // two lists; that one is empty is asked for once more
					t.Errorf("%d requests", r.requests)
				}
				if len(second.schemas) != 3 || len(second.states) == 0 || !maps.Equal(second.states[len(second.states)-1].marks, first.states[len(first.states)-1].marks) {
					t.Errorf("SCHEMAs %q, states %v after %v", second.schemas, second.states, first.states)
				}
			})
		})
	}
}

func TestSyncPending(t *testing.T) {
	for _, dates := range []string{"start", "end"} {
		t.Run(dates, func(t *testing.T) {
			withEnv(t, "chats=80&days=5&pending=15&long_chats=0.1&dates="+dates, func(t *testing.T, w *env) {
				pending := make(map[string]bool)
				for chat := range w.server.Truth() {
					if chat.Pending {
						pending[chat.ID] = true
					}
				}
				without := readTranscript(t, w.complete(state.State{}, nil).out, checks{})
				for _, m := range without.latest["chats"] {
					if pending[m.record["id"].(string)] {
						t.Errorf("%v is pending", m.record["id"])
					}
				}
				with := readTranscript(t, w.complete(state.State{}, func(o *Options) { o.Config.IncludePending = true }).out, checks{})
				found := make(map[string]bool)
				for _, m := range with.latest["chats"] {
					if id := m.record["id"].(string); pending[id] {
						found[id] = true
						if m.record["pending"] != true || m.record["ended_timestamp"] != nil {
							t.Errorf("a pending chat: %v", m.record)
						}
					}
				}
				if len(found) != len(pending) || len(pending) < 15 {
					t.Errorf("%d of %d pending chats", len(found), len(pending))
				}
				for stream, marks := range with.states[len(with.states)-1].marks {
					if !marks.Equal(without.states[len(without.states)-1].marks[stream]) {
						t.Errorf("pending chats moved the bookmark of %s to %s", stream, marks)
					}
				}
				// Each of them comes again once it has ended, under the same keys.
				w.at(w.now.AddDate(0, 0, 12))
				later := readTranscript(t, w.complete(with.last(t), func(o *Options) { o.Config.IncludePending = true }).out, checks{})
				with.union(later)
				for key, m := range with.latest["chats"] {
					if id := m.record["id"].(string); pending[id] && m.record["ended_timestamp"] == nil {
						t.Errorf("%q never ended", key)
					}
				}
				w.wantAll(with, w.config.StartDate, ordinary)
			})
		})
	}
}

// Odd and hostile chats either stop the run with their name, or come with
// nulls; never are they lost, and never is a record invalid.
func TestSyncOddAndHostile(t *testing.T) {
	for i := range 3 {
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			t.Parallel()
			withEnv(t, fmt.Sprintf("chats=50&days=30&odd=0.5&hostile=0.3&seed=%d", i), func(t *testing.T, w *env) {
				r := w.complete(state.State{}, func(o *Options) { o.Config.OnInvalid = config.Null })
				tr := readTranscript(t, r.out, checks{})
				missing := 0
				for _, chat := range w.wanted(w.config.StartDate) {
					if !chat.Odd && !tr.has(chat) && !chat.Hostile {
						t.Errorf("%s is missing", chat.ID)
					}
					found := false
					for key := range tr.latest["chats"] {
						found = found || strings.HasPrefix(key, chat.ID+"\x00")
					}
					if !found {
						missing++
					}
				}
				if missing > 0 {
					t.Errorf("%d odd chats are missing", missing)
				}
				w.wantAll(tr, w.config.StartDate, ordinary)
				if bytes.Contains(r.out, []byte(`\u0000`)) || bytes.IndexByte(r.out, 0) >= 0 {
					t.Error("U+0000 came through")
				}
				lines := make(map[string]bool)
				for line := range strings.Lines(r.log) {
					if len(line) > 60<<10 || lines[line] && !strings.Contains(line, "METRIC") {
						t.Errorf("%.200s", line)
					}
					lines[line] = true
				}
				failed := w.sync(state.State{}, nil)
				readTranscript(t, failed.out, checks{})
				var value *record.ValueError
				if failed.err != nil && (!errors.As(failed.err, &value) || value.Chat == "" || value.Field == "") {
					t.Errorf("%v", failed.err)
				}
				t.Logf("on_invalid fail: %v", failed.err)
			})
		})
	}
}

// A sample is one record of each stream, and no STATE that a target could keep.
func TestSyncSample(t *testing.T) {
	withEnv(t, "chats=300", func(t *testing.T, w *env) {
		r := w.sample(nil)
		tr := readTranscript(t, r.out, checks{cutOff: true})
		if tr.count["chats"] != 1 || tr.count["messages"] != 1 || tr.count["events"] != 1 || len(tr.states) != 0 {
			t.Errorf("%v, %v", tr.count, tr.states)
		}
		if r.requests > 4 {
			t.Errorf("%d requests", r.requests)
		}
	})
}

// A test of the connection is billed, too: it must not look for the first chat
// of an account that is younger than start_date, nor be lost on one that has
// been quiet, or has a day that is too full.
func TestSyncSampleCost(t *testing.T) {
	for switches, most := range map[string]int{
		"chats=3000": 4, "chats=3000&quiet_days=30": 7, "chats=3000&days=200&quiet_days=100": 8,
		"full_day=1&cap_total=capped": 8, "chats=0": 1,
	} {
		t.Run(switches, func(t *testing.T) {
			t.Parallel()
			withEnv(t, switches, func(t *testing.T, w *env) {
				w.config.StartDate = syncNow.AddDate(-12, 0, 0)
				r := w.sample(nil)
				tr := readTranscript(t, r.out, checks{cutOff: true})
				want := 1
				if switches == "chats=0" {
					want = 0
				}
				for _, stream := range []string{"chats", "messages", "events"} {
					if tr.count[stream] != want {
						t.Errorf("%d records of %s", tr.count[stream], stream)
					}
				}
				if r.requests > most+1-want { // that there is nothing is asked once more
					t.Errorf("%d requests, wanted %d at most", r.requests, most)
				}
			})
		})
	}
}

// Requests are billed: a page more than three in a hundred is too many.
func TestSyncCost(t *testing.T) {
	for _, switches := range []string{"shape=busyhours&dates=end", "shape=bursty", "shape=sparse&dates=end&quiet_days=10"} {
		t.Run(switches, func(t *testing.T) {
			t.Parallel()
			withEnv(t, "chats=2000&days=60&"+switches, func(t *testing.T, w *env) {
				w.config.StartDate = syncNow.AddDate(-3, 0, 0)
				r := w.complete(state.State{}, func(o *Options) { o.Selection = selecting(t, map[string]string{"chats": on}) })
				if most := 80*103/100 + 20; r.requests > most {
					t.Errorf("%d requests for 80 pages", r.requests)
				}
			})
		})
	}
}

// page is an archive that holds one page, of one day.
func page(day, chats string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		q := r.URL.Query()
		switch {
		case day < q.Get("date_from") || day > q.Get("date_to"):
			io.WriteString(w, `{"chats":[],"total":0,"pages":0}`)
		case q.Get("page") != "1":
			io.WriteString(w, `{"chats":[],"total":1,"pages":1}`)
		default:
			fmt.Fprintf(w, `{"chats":[%s],"total":1,"pages":1}`, chats)
		}
	})
}

// referenceShape is a chat of the shape that the public reference prints, with
// other names and times: no event_ids, dates in the chat's zone, and a last
// event whose date contradicts its timestamp.
const referenceShape = `{
	"type": "chat", "id": "PX311QD8A2",
	"visitor": {"id": "S1400000000.0123456789", "name": "Ada Example", "ip": "192.0.2.7", "city": "Testville", "country": "Nowhere", "country_code": "XX",
		"timezone": "Asia/Kathmandu", "region": "", "user_agent": "test"},
	"agents": [{"display_name": "Grace Example", "email": "grace@example.com"}],
	"supervisors": [{"display_name": "Tess Example", "email": "tess@example.com"}],
	"rate": "not_rated", "duration": 900, "chat_start_url": "https://example.com", "referrer": "https://example.org", "group": [0],
	"started": "Tue, 07/15/14 02:30:00 pm",
	"prechat_survey": [{"key": "Name:", "value": "", "id": "1"}], "postchat_survey": [{"key": "How was it?", "value": "Good", "id": "2"}],
	"custom_variables": [{"key": "login", "value": "ada"}], "integration_variables": [{"key": "a.id", "value": "123"}],
	"goals": [{"id": 71, "name": "sale", "type": "sales_tracker", "date": "Tue, 07/15/14 02:30:00 pm", "timestamp": 1405427400,
		"order": {"id": "X", "description": "one", "price": "199", "currency": "EUR"}}],
	"queue": {"duration": 20}, "tags": ["sales"], "timezone": "Europe/Madrid",
	"messages": [{"author_name": "Grace Example", "text": "Hello", "date": "Tue, 07/15/14 02:30:00 pm", "timestamp": 1405427400, "user_type": "agent", "agent_id": "grace@example.com"}],
	"events": [
		{"author_name": "Grace Example", "text": "Hello", "date": "Tue, 07/15/14 02:30:00 pm", "timestamp": 1405427400, "user_type": "agent", "agent_id": "grace@example.com", "type": "message"},
		{"text": "uploaded", "date": "Tue, 07/15/14 02:30:09 pm", "timestamp": 1405427409, "type": "attachment", "user_type": "visitor", "files": ["https://example.com/a.jpg"], "author_name": "Ada Example"},
		{"author_name": "Grace Example", "text": "Thanks", "date": "Tue, 07/15/14 02:30:12 pm", "timestamp": 1405427412, "user_type": "agent", "agent_id": "grace@example.com", "type": "message"},
		{"author_name": "Tess Example", "text": "Psst", "date": "Tue, 07/15/14 02:45:00 pm", "timestamp": 1405428300, "user_type": "supervisor", "agent_id": "tess@example.com", "type": "message"},
		{"text": "closed", "date": "Tue, 07/15/14 02:45:00 pm", "timestamp": 1405427430, "type": "event", "event_type": "closed", "user_type": "visitor"}],
	"engagement": "immediate_start", "started_timestamp": 1405427400, "ended_timestamp": 1405428300, "ended": "Tue, 07/15/14 02:45:00 pm"}`

// oneChat runs over an archive of one page that holds one chat.
func oneChat(t *testing.T, h http.Handler, start time.Time) *transcript {
	var tr *transcript
	serve(t, h, func(t *testing.T, service http.RoundTripper) {
		var out, log bytes.Buffer
		_, err := Sync(context.Background(), Options{
			Config: config.Config{AccessToken: secret.New("x"), StartDate: start, APIVersion: "2", LookbackDays: 1, OnInvalid: config.Fail, MaxConcurrentRequests: 4,
				RequestTimeout: time.Second, MaxRetries: 1},
			Selection: catalog.Default(catalog.V2), Out: &out, Log: textLog(&log), Now: start.AddDate(0, 0, 10), Transport: service,
		})
		if err != nil {
			t.Fatalf("%v\n%s", err, log.String())
		}
		if strings.Contains(log.String(), "level=WARN") {
			t.Errorf("warnings: %s", log.String())
		}
		tr = readTranscript(t, out.Bytes(), checks{})
	})
	return tr
}

func TestSyncReferenceShape(t *testing.T) {
	tr := oneChat(t, page("2014-07-15", referenceShape), time.Date(2014, 7, 10, 0, 0, 0, 0, time.UTC))
	checkReference(t, tr, "PX311QD8A2\x00grace@example.com", "2014-07-15T12:30:00Z", "2014-07-15T12:45:00Z")
	found := false
	for _, m := range tr.latest["events"] {
		found = found || m.record["event_type"] == "closed" && m.record["date"] == "2014-07-15T12:30:30Z"
	}
	if !found {
		t.Error("the event that contradicts itself has another date than its timestamp, which decides")
	}
}

func checkReference(t *testing.T, tr *transcript, key, started, ended string) {
	t.Helper()
	chat, ok := tr.latest["chats"][key]
	if !ok || tr.count["chats"] != 1 || tr.count["messages"] != 1 || tr.count["events"] != 5 {
		t.Fatalf("%v, keys %v", tr.count, tr.latest["chats"])
	}
	for field, want := range map[string]any{"started_timestamp": started, "started": started, "ended_timestamp": ended, "ended": ended} {
		if chat.record[field] != want {
			t.Errorf("%s is %v, want %v", field, chat.record[field], want)
		}
	}
	if visitor := chat.record["visitor"].(map[string]any); chat.record["visitor_id"] != visitor["id"] || chat.record["visitor_name"] != visitor["name"] {
		t.Errorf("visitor %v, %v", chat.record["visitor_id"], chat.record["visitor_name"])
	}
	for _, goal := range chat.record["goals"].([]any) {
		if g := goal.(map[string]any); g["date"] != g["timestamp"] || g["date"] == nil {
			t.Errorf("%v", g)
		}
	}
	for _, stream := range []string{"messages", "events"} {
		for key, m := range tr.latest[stream] {
			if m.record["date"] == nil || m.record["date"] != m.record["timestamp"] || m.record["chat_ended"] != ended || m.record["chat_started"] != started {
				t.Errorf("the record %s of %s: %v", key, stream, m.record)
			}
		}
	}
}

// A value that cannot be read stops the run, which names it, or becomes null.
func TestSyncOnInvalid(t *testing.T) {
	const good = `"duration": 900`
	if !strings.Contains(referenceShape, good) {
		t.Fatal("the chat has no duration any more")
	}
	h := page("2014-07-15", strings.Replace(referenceShape, good, `"duration": {"minutes": 15}`, 1))
	for _, rule := range []config.OnInvalid{config.Fail, config.Null} {
		serve(t, h, func(t *testing.T, service http.RoundTripper) {
			var out, log bytes.Buffer
			start := time.Date(2014, 7, 10, 0, 0, 0, 0, time.UTC)
			_, err := Sync(context.Background(), Options{
				Config:    config.Config{AccessToken: secret.New("x"), StartDate: start, APIVersion: "2", OnInvalid: rule, RequestTimeout: time.Second},
				Selection: catalog.Default(catalog.V2), Out: &out, Log: textLog(&log), Now: start.AddDate(0, 0, 10), Transport: service,
			})
			tr := readTranscript(t, out.Bytes(), checks{})
			mark := tr.states[len(tr.states)-1].marks["chats"]
			var value *record.ValueError
			switch {
			case rule == config.Null && (err != nil || !strings.Contains(log.String(), "chats.duration") || tr.count["chats"] != 1):
				t.Errorf("%v, %v\n%s", err, tr.count, log.String())
			case rule == config.Fail && (!errors.As(err, &value) || value.Chat != "PX311QD8A2" || value.Field != "chats.duration" || value.Hint() == ""):
				t.Errorf("%v", err)
			case rule == config.Fail && (tr.count["chats"] > 0 || !mark.Equal(start)):
				t.Errorf("%v, the bookmark is %s", tr.count, mark)
			}
		})
	}
}
