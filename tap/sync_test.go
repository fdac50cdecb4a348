package tap

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"math/rand/v2"
	"net"
	"net/http"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"tap-livechat/catalog"
	"tap-livechat/tap/livechat"
	"tap-livechat/tap/sandbox"
)

// syncNow is when the runs of these tests begin.
var syncNow = time.Date(2026, 3, 10, 15, 4, 5, 0, time.UTC)

// world is an archive that is served inside a bubble of virtual time: waits of
// retries, stalls and time-outs take no time, and nothing leaves the process.
type world struct {
	t      *testing.T
	server *sandbox.Server
	url    string
	now    time.Time
	config Config
}

// worlds are the listeners by host and port.
var worlds sync.Map

func init() {
	// The client clones this transport.
	http.DefaultTransport = &http.Transport{DialContext: func(ctx context.Context, network, addr string) (net.Conn, error) {
		if l, ok := worlds.Load(addr); ok {
			return l.(pipes).dial(ctx)
		}
		return new(net.Dialer).DialContext(ctx, network, addr)
	}}
}

// pipes is a net.Listener without a network.
type pipes struct {
	conns  chan net.Conn
	closed chan struct{}
}

func (p pipes) dial(ctx context.Context) (net.Conn, error) {
	near, far := net.Pipe()
	select {
	case p.conns <- far:
		return near, nil
	case <-p.closed:
		return nil, errors.New("connection refused")
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (p pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.conns:
		return c, nil
	case <-p.closed:
		return nil, net.ErrClosed
	}
}

func (p pipes) Close() error   { close(p.closed); return nil }
func (p pipes) Addr() net.Addr { return &net.TCPAddr{} }

// inWorld runs f in a world of its own.
func inWorld(t *testing.T, switches string, f func(t *testing.T, w *world)) {
	options, err := sandbox.Parse(switches)
	if err != nil {
		t.Fatal(err)
	}
	options.Now = syncNow
	server := sandbox.New(options)
	serve(t, server, func(t *testing.T, url string) {
		w := &world{t: t, server: server, url: url, now: syncNow}
		w.config = Config{
			EntityID: "account", AccessToken: "token", StartDate: syncNow.AddDate(0, 0, -45), LookbackDays: 1, OnInvalid: Fail,
			MaxConcurrentRequests: 4, RequestTimeout: 10 * time.Second, MaxRetries: 8, APIURL: url,
		}
		f(t, w)
	})
}

// serve mounts a handler in a bubble.
func serve(t *testing.T, h http.Handler, f func(t *testing.T, url string)) {
	synctest.Test(t, func(t *testing.T) {
		host := fmt.Sprintf("archive-%d", rand.Uint64())
		l := pipes{make(chan net.Conn), make(chan struct{})}
		worlds.Store(host+":80", l)
		server := &http.Server{Handler: h, ErrorLog: slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)}
		go server.Serve(l)
		defer worlds.Delete(host + ":80")
		defer server.Close()
		f(t, "http://"+host)
	})
}

// at moves time on, for the archive and for the runs to come.
func (w *world) at(now time.Time) {
	w.now = now
	w.server.SetNow(now)
}

// result is what came of a run.
type result struct {
	out      []byte
	log      string
	summary  Summary
	err      error
	requests int
}

// sync runs the tap from a state; change, if not nil, changes the options.
func (w *world) sync(from State, change func(*Options)) result {
	return w.syncContext(context.Background(), from, change)
}

func (w *world) syncContext(ctx context.Context, from State, change func(*Options)) result {
	var out, log bytes.Buffer
	o := Options{
		Config: w.config, Selection: catalog.Default(), State: from, Out: &out, Log: textLog(&log), Version: "test", Now: w.now,
	}
	if change != nil {
		change(&o)
	}
	before := w.server.Count()
	summary, err := Sync(ctx, o)
	return result{out.Bytes(), log.String(), summary, err, w.server.Count() - before}
}

// complete is sync for a run that must not fail.
func (w *world) complete(from State, change func(*Options)) result {
	w.t.Helper()
	r := w.sync(from, change)
	if r.err != nil {
		w.t.Fatalf("%v\n%s", r.err, r.log)
	}
	return r
}

// textLog is a log without times.
func textLog(w io.Writer) *slog.Logger {
	return slog.New(slog.NewTextHandler(w, &slog.HandlerOptions{ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
		if a.Key == slog.TimeKey {
			return slog.Attr{}
		}
		return a
	}}))
}

// wanted are the chats of the truth that a run must have delivered: those that
// have ended since from and that are still served.
func (w *world) wanted(from time.Time) (all []sandbox.Chat) {
	for chat := range w.server.Truth() {
		if !chat.Vanished && !chat.Drifted && !chat.Pending && !chat.Ended.Before(from) {
			all = append(all, chat)
		}
	}
	return all
}

// holds compares what was delivered with the truth, both ways. Fields are
// compared where fields tells to.
func (w *world) holds(tr *transcript, from time.Time, fields func(sandbox.Chat) bool) {
	w.t.Helper()
	missing := 0
	known := make(map[string]bool)
	for chat := range w.server.Truth() {
		known[chat.ID] = true
		must := !chat.Vanished && !chat.Drifted && !chat.Pending && !chat.Ended.Before(from)
		if must && !tr.has(chat) {
			if missing++; missing <= 3 {
				w.t.Errorf("missing: %s %s, from %s to %s", chat.Type, chat.ID, chat.Started, chat.Ended)
			}
		}
		if must && fields != nil && fields(chat) && !w.compare(tr, chat) {
			fields = nil // one is enough
		}
	}
	if missing > 3 {
		w.t.Errorf("%d chats are missing", missing)
	}
	for stream, field := range map[string]string{"chats": "id", "messages": "chat_id", "events": "chat_id"} {
		for key, m := range tr.latest[stream] {
			if id, _ := m.record[field].(string); !known[id] {
				w.t.Errorf("the record %q of %s belongs to no chat", key, stream)
			}
		}
	}
}

// has tells whether a chat has as many records as it must have.
func (tr *transcript) has(chat sandbox.Chat) bool {
	agents := make(map[string]bool)
	for _, a := range chat.Agents {
		if a == "" {
			a = "unassigned"
		}
		agents[a] = true
	}
	if len(agents) == 0 {
		agents["unassigned"] = true
	}
	for a := range agents {
		if _, ok := tr.latest["chats"][chat.ID+"\x00"+a]; !ok {
			return false
		}
	}
	return true
}

// expectation is a chat's records, made of its JSON without the tap's help.
func expectation(t *testing.T, chat sandbox.Chat) map[string]map[string]map[string]any {
	var doc map[string]any
	d := json.NewDecoder(bytes.NewReader(chat.JSON))
	d.UseNumber()
	if err := d.Decode(&doc); err != nil {
		t.Fatal(err)
	}
	rfc := func(at time.Time) any { return at.Format("2006-01-02T15:04:05Z") }
	seconds := func(v any) (any, bool) {
		n, ok := v.(json.Number)
		if !ok {
			return nil, false
		}
		s, err := n.Int64()
		if err != nil {
			t.Fatal(err)
		}
		return rfc(time.Unix(s, 0).UTC()), true
	}
	// dated gives an object its times.
	dated := func(object map[string]any, timestamp, text string) {
		if at, ok := seconds(object[timestamp]); ok {
			object[timestamp] = at
			if _, ok := object[text]; ok {
				object[text] = at
			}
		}
	}
	all := map[string]map[string]map[string]any{"chats": {}, "messages": {}, "events": {}}
	for _, stream := range []string{"messages", "events"} {
		list, _ := doc[stream].([]any)
		for i, e := range list {
			record := e.(map[string]any)
			if rich := record["message_json"]; rich != nil {
				record["message_json"] = asText(t, rich)
			}
			dated(record, "timestamp", "date")
			if record["event_id"] == nil {
				record["event_id"] = chat.ID + "/" + stream + "/" + strconv.Itoa(i+1)
			}
			record["chat_id"], record["chat_started"], record["chat_ended"] = chat.ID, rfc(chat.Started), rfc(chat.Ended)
			all[stream][record["event_id"].(string)] = record
		}
		delete(doc, stream)
	}
	dated(doc, "started_timestamp", "started")
	dated(doc, "ended_timestamp", "ended")
	if goals, ok := doc["goals"].([]any); ok {
		for _, g := range goals {
			dated(g.(map[string]any), "timestamp", "date")
		}
	}
	if chat.Type == "missed_chat" {
		doc["time"] = rfc(chat.Started)
	}
	doc["started_timestamp"], doc["ended_timestamp"] = rfc(chat.Started), rfc(chat.Ended)
	if visitor, ok := doc["visitor"].(map[string]any); ok {
		for flat, deep := range map[string]string{"visitor_id": "id", "visitor_name": "name"} {
			if doc[flat] == nil {
				doc[flat] = visitor[deep]
			}
		}
	}
	emails := make(map[string]bool)
	agents, _ := doc["agents"].([]any)
	for _, a := range agents {
		email, _ := a.(map[string]any)["email"].(string)
		if email == "" {
			email = "unassigned"
		}
		emails[email] = true
	}
	if len(emails) == 0 {
		emails["unassigned"] = true
	}
	for email := range emails {
		record := make(map[string]any)
		for k, v := range doc {
			record[k] = v
		}
		record["agent_email"] = email
		all["chats"][chat.ID+"\x00"+email] = record
	}
	return all
}

// asText is the JSON of a value as text, names in alphabetical order; a text
// that is JSON counts as what it says.
func asText(t *testing.T, v any) string {
	if text, ok := v.(string); ok {
		d := json.NewDecoder(strings.NewReader(text))
		d.UseNumber()
		if err := d.Decode(&v); err != nil {
			return text
		}
	}
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(b.String())
}

// compare holds a chat's records against the truth, field by field.
func (w *world) compare(tr *transcript, chat sandbox.Chat) bool {
	w.t.Helper()
	expected := expectation(w.t, chat)
	for stream, records := range expected {
		for key, want := range records {
			got := tr.latest[stream][key].record
			if stream == "chats" && chat.Type == "missed_chat" && want["timezone"] == nil {
				continue // nobody can tell when it was
			}
			if rich, ok := got["message_json"].(string); ok { // its members keep the service's order
				got = maps.Clone(got)
				got["message_json"] = asText(w.t, rich)
			}
			if !reflect.DeepEqual(want, got) {
				d := cmp.Diff(want, got)
				w.t.Errorf("the record %q of %s (-truth +delivered):\n%s", key, stream, d)
				return false
			}
		}
	}
	children := map[string]int{"messages": chat.Messages, "events": chat.Events}
	for stream, want := range children {
		if got := len(expected[stream]); got != want {
			w.t.Errorf("%s has %d %s, the truth says %d", chat.ID, got, stream, want)
			return false
		}
	}
	return true
}

// ordinary chats can be compared field by field.
func ordinary(chat sandbox.Chat) bool { return !chat.Odd && !chat.Hostile }

// covered checks that at each STATE every chat that ended before its bookmark
// had been written, in this transcript or in earlier, or is among the chats that
// the STATE says are still to be asked for.
func (w *world) covered(tr *transcript, earlier map[string]bool) {
	w.t.Helper()
	chats := w.wanted(w.config.StartDate)
	for i, s := range tr.states {
		for _, chat := range chats {
			if chat.Type == "missed_chat" && !strings.Contains(string(chat.JSON), `"timezone"`) || chat.Odd {
				continue // when it ended is not to be known
			}
			if earlier[chat.ID] || !chat.Ended.Before(s.marks["chats"]) || strings.Contains(s.text, `"`+chat.ID+`"`) {
				continue
			}
			agent := "unassigned"
			if len(chat.Agents) > 0 && chat.Agents[0] != "" {
				agent = chat.Agents[0]
			}
			m, ok := tr.latest["chats"][chat.ID+"\x00"+agent]
			if !ok || m.line > s.line {
				w.t.Errorf("STATE %d, line %d, has the bookmark %s, but %s, which ended %s, comes at line %d (%v)",
					i, s.line, s.marks["chats"], chat.ID, chat.Ended, m.line, ok)
				return
			}
		}
	}
}

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
					inWorld(t, switches+rest+ordinaryFaults, func(t *testing.T, w *world) {
						var whole *transcript
						var state State
						earlier := make(map[string]bool)
						// A window that does not add up waits for the next run.
						for range 4 {
							r := w.complete(state, nil)
							tr := readTranscript(t, r.out, checks{every: 29})
							w.covered(tr, earlier)
							state = tr.last(t)
							if whole == nil {
								whole = tr
							} else {
								whole.union(tr)
							}
							for _, m := range tr.latest["chats"] {
								earlier[m.record["id"].(string)] = true
							}
							if r.summary.Unsettled == 0 {
								break
							}
						}
						w.holds(whole, w.config.StartDate, ordinary)
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
			inWorld(t, fmt.Sprintf("chats=160&days=30&seed=%d&long_chats=0.4&long_days=9&pending=8&late_changes=0.3&late_by=6h&%s", 20+i, switches), func(t *testing.T, w *world) {
				var whole *transcript
				var state State
				earlier := make(map[string]bool)
				var last result
				followed := 0
				for n, hours := range []int{0, 5, 24, 3 * 24, 26} {
					w.at(w.now.Add(time.Duration(hours) * time.Hour))
					last = w.complete(state, nil)
					for _, r := range w.server.Requests()[w.server.Count()-last.requests:] {
						if r.Path != "/chats" {
							followed++
						}
					}
					tr := readTranscript(t, last.out, checks{})
					w.covered(tr, earlier)
					for _, m := range tr.latest["chats"] {
						earlier[m.record["id"].(string)] = true
					}
					state = tr.last(t)
					text, _ := json.Marshal(state)
					open := 0
					for chat := range w.server.Truth() {
						if chat.Pending {
							open++
						}
					}
					if most := 250 + 3*15*open; len(text) > most {
						t.Errorf("run %d: the state takes %d bytes for %d open chats: %s", n+1, len(text), open, text)
					}
					if whole == nil {
						whole = tr
					} else {
						whole.union(tr)
					}
				}
				w.holds(whole, w.config.StartDate, func(chat sandbox.Chat) bool {
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
			inWorld(t, "days=30&long_chats=0&"+switches, func(t *testing.T, w *world) {
				first := readTranscript(t, w.complete(State{}, nil).out, checks{})
				r := w.complete(first.last(t), nil)
				second := readTranscript(t, r.out, checks{})
				if r.requests > 3 {
					t.Errorf("%d requests", r.requests)
				}
				if len(second.schemas) != 3 || len(second.states) == 0 || second.states[len(second.states)-1].text != first.states[len(first.states)-1].text {
					t.Errorf("SCHEMAs %q, states %v after %v", second.schemas, second.states, first.states)
				}
			})
		})
	}
}

// selecting makes a selection with a catalog of root metadata.
func selecting(t *testing.T, roots map[string]string) catalog.Selection {
	t.Helper()
	var b bytes.Buffer
	if err := catalog.Discover().Write(&b); err != nil {
		t.Fatal(err)
	}
	var doc struct {
		Streams []map[string]any `json:"streams"`
	}
	if err := json.Unmarshal(b.Bytes(), &doc); err != nil {
		t.Fatal(err)
	}
	for _, s := range doc.Streams {
		var root map[string]any
		if err := json.Unmarshal([]byte(`{"selected":false}`), &root); err != nil {
			t.Fatal(err)
		}
		if text, ok := roots[s["stream"].(string)]; ok {
			if err := json.Unmarshal([]byte(text), &root); err != nil {
				t.Fatal(err)
			}
		}
		for _, m := range s["metadata"].([]any) {
			m := m.(map[string]any)
			if len(m["breadcrumb"].([]any)) == 0 {
				for k, v := range root {
					m["metadata"].(map[string]any)[k] = v
				}
			}
		}
	}
	text, err := json.Marshal(doc)
	if err != nil {
		t.Fatal(err)
	}
	c, err := catalog.Read(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	selection, _, err := c.Select()
	if err != nil {
		t.Fatal(err)
	}
	return selection
}

const on = `{"selected":true}`

// A stream that is switched on later is read from the beginning, and no other
// is repeated for it.
func TestSyncStreamSwitchedOnLater(t *testing.T) {
	inWorld(t, "chats=150&days=30", func(t *testing.T, w *world) {
		first := w.complete(State{}, func(o *Options) { o.Selection = selecting(t, map[string]string{"chats": on}) })
		one := readTranscript(t, first.out, checks{})
		if !slices.Equal(one.schemas, []string{"chats"}) || len(one.states[len(one.states)-1].marks) != 1 {
			t.Errorf("%q, %v", one.schemas, one.states)
		}
		second := w.complete(one.last(t), func(o *Options) { o.Selection = selecting(t, map[string]string{"chats": on, "events": on}) })
		two := readTranscript(t, second.out, checks{})
		for _, m := range two.latest["chats"] {
			if ended, ok := m.record["ended_timestamp"].(string); ok && ended < syncNow.Add(-49*time.Hour).Format(time.RFC3339) {
				t.Errorf("chats is repeated: %v, ended %v", m.record["id"], ended)
			}
		}
		one.union(two)
		third := w.complete(two.last(t), nil)
		three := readTranscript(t, third.out, checks{})
		if n := three.count["events"]; n > two.count["events"]/4 {
			t.Errorf("%d events are repeated", n)
		}
		one.union(three)
		w.holds(one, w.config.StartDate, ordinary)
	})
}

func TestSyncChildAlone(t *testing.T) {
	for _, stream := range []string{"messages", "events"} {
		inWorld(t, "chats=200&days=30", func(t *testing.T, w *world) {
			r := w.complete(State{}, func(o *Options) { o.Selection = selecting(t, map[string]string{stream: on}) })
			tr := readTranscript(t, r.out, checks{})
			if !slices.Equal(tr.schemas, []string{stream}) {
				t.Errorf("%q", tr.schemas)
			}
			want := 0
			for _, chat := range w.wanted(w.config.StartDate) {
				want += map[string]int{"messages": chat.Messages, "events": chat.Events}[stream]
			}
			if tr.count[stream] != want || want == 0 {
				t.Errorf("%d %s, want %d", tr.count[stream], stream, want)
			}
		})
	}
}

// A stream that is read in full neither uses nor moves its bookmark, and that
// of a stream that is not selected stays.
func TestSyncFullTableAndUnselected(t *testing.T) {
	inWorld(t, "chats=150&days=30", func(t *testing.T, w *world) {
		bookmarks := `"bookmarks":{"agents":{"x":1},"chats":{"ended_timestamp":"2026-03-01T00:00:00.5+01:00","note":"mine"},"events":{"chat_ended":"2026-03-02","open_chats":["Q"]}`
		from := `{` + bookmarks + `,"messages":{"chat_ended":"2026-03-08T00:00:00Z"}},"currently_syncing":null}`
		r := w.complete(mustState(t, from), func(o *Options) {
			o.Selection = selecting(t, map[string]string{"chats": `{"selected":true,"replication-method":"FULL_TABLE"}`, "messages": on})
		})
		tr := readTranscript(t, r.out, checks{})
		if tr.count["chats"] < len(w.wanted(w.config.StartDate)) {
			t.Errorf("%d chats for a full table of %d", tr.count["chats"], len(w.wanted(w.config.StartDate)))
		}
		for _, m := range tr.latest["messages"] {
			if ended := m.record["chat_ended"].(string); ended < "2026-03-07" {
				t.Errorf("a message of a chat that ended %s", ended)
			}
		}
		for _, s := range tr.states {
			if !strings.HasPrefix(s.text, `{`+bookmarks+`,"messages":{"chat_ended":"2026-03-`) || !strings.HasSuffix(s.text, `"currently_syncing":null}`) {
				t.Errorf("%s\nwas %s", s.text, from)
			}
		}
	})
}

// What other tools and older versions leave is gone on from.
func TestSyncFromOtherStates(t *testing.T) {
	for _, state := range []string{
		`{"bookmarks":{"chats":{"ended_timestamp":"2026-03-05T00:00:00.000000Z"}}}`,
		`{"bookmarks":{"chats":{"ended_timestamp":"2026-03-05"}}}`,
		`{"type":"STATE","value":{"bookmarks":{"chats":{"ended_timestamp":"2026-03-05T02:00:00+02:00"}}}}`,
		`{"bookmarks":{"chats":{"replication_key":"ended_timestamp","replication_key_value":"2026-03-05T00:00:00"}}}`,
	} {
		t.Run(state, func(t *testing.T) {
			inWorld(t, "chats=150&days=30", func(t *testing.T, w *world) {
				only := func(o *Options) { o.Selection = selecting(t, map[string]string{"chats": on}) }
				r := w.complete(mustState(t, state), only)
				tr := readTranscript(t, r.out, checks{})
				// Another tool's state does not say which chats were open: of
				// those that began before the look-back nothing is known.
				for _, chat := range w.wanted(time.Date(2026, 3, 4, 0, 0, 0, 0, time.UTC)) {
					if !chat.Started.Before(time.Date(2026, 3, 4, 0, 0, 0, 0, time.UTC)) && !tr.has(chat) {
						t.Errorf("%s is missing, from %s to %s", chat.ID, chat.Started, chat.Ended)
					}
				}
				for _, m := range tr.latest["chats"] {
					if ended, ok := m.record["ended_timestamp"].(string); ok && ended < "2026-03-04" {
						t.Errorf("a chat that ended %s is repeated", ended)
					}
				}
				if last := tr.states[len(tr.states)-1].text; strings.Contains(last, "replication_key") || strings.Contains(last, "value") {
					t.Errorf("the state is %s", last)
				}
				if last := tr.states[len(tr.states)-1].marks["chats"]; !last.After(syncNow.AddDate(0, 0, -3)) {
					t.Errorf("the bookmark is %s", last)
				}
			})
		})
	}
}

// Parts of a backfill that run side by side make the whole, and share nothing.
func TestSyncParts(t *testing.T) {
	for _, switches := range []string{"dates=start", "dates=end", "dates=overlap&order=none", "dates=start&order=oldest&seed=5"} {
		t.Run(switches, func(t *testing.T) {
			t.Parallel()
			inWorld(t, "chats=180&days=40&long_chats=0.2&long_days=6&pending=5&"+switches, func(t *testing.T, w *world) {
				cuts := []time.Time{w.config.StartDate, syncNow.Add(-30*24*time.Hour - 5*time.Hour), syncNow.AddDate(0, 0, -12), {}}
				whole := &transcript{latest: make(map[string]map[string]message), count: make(map[string]int)}
				for i := range 3 {
					r := w.complete(State{}, func(o *Options) { o.Config.StartDate, o.Config.EndDate = cuts[i], cuts[i+1] })
					// A chat that ran over a border is listed twice, if the dates mean that.
					tr := readTranscript(t, r.out, checks{repeats: strings.Contains(switches, "overlap")})
					for _, m := range tr.latest["chats"] {
						ended, ok := m.record["ended_timestamp"].(string)
						if !ok {
							continue
						}
						at, _ := time.Parse(time.RFC3339, ended)
						if at.Before(cuts[i]) || i < 2 && !at.Before(cuts[i+1]) {
							t.Errorf("part %d has %v, ended %s", i+1, m.record["id"], ended)
						}
					}
					for _, s := range tr.states {
						if i < 2 && s.marks["chats"].After(cuts[i+1]) {
							t.Errorf("part %d has the bookmark %s", i+1, s.marks["chats"])
						}
					}
					// A part that is done is done.
					again := w.complete(tr.last(t), func(o *Options) { o.Config.StartDate, o.Config.EndDate = cuts[i], cuts[i+1] })
					if again.requests > 8 || again.summary.Records["chats"] > tr.count["chats"] {
						t.Errorf("part %d run again: %d requests, %v", i+1, again.requests, again.summary.Records)
					}
					readTranscript(t, again.out, checks{})
					for key, m := range tr.latest["chats"] {
						if _, again := whole.latest["chats"][key]; again && m.record["ended_timestamp"] != nil {
							t.Errorf("%q is in two parts", key)
						}
					}
					whole.union(tr)
				}
				w.holds(whole, w.config.StartDate, ordinary)
			})
		})
	}
}

func TestSyncPending(t *testing.T) {
	for _, dates := range []string{"start", "end"} {
		t.Run(dates, func(t *testing.T) {
			inWorld(t, "chats=80&days=20&pending=15&long_chats=0.1&dates="+dates, func(t *testing.T, w *world) {
				pending := make(map[string]bool)
				for chat := range w.server.Truth() {
					if chat.Pending {
						pending[chat.ID] = true
					}
				}
				without := readTranscript(t, w.complete(State{}, nil).out, checks{})
				for _, m := range without.latest["chats"] {
					if pending[m.record["id"].(string)] {
						t.Errorf("%v is pending", m.record["id"])
					}
				}
				with := readTranscript(t, w.complete(State{}, func(o *Options) { o.Config.IncludePending = true }).out, checks{})
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
				w.holds(with, w.config.StartDate, ordinary)
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
			inWorld(t, fmt.Sprintf("chats=50&days=30&odd=0.5&hostile=0.3&seed=%d", i), func(t *testing.T, w *world) {
				r := w.complete(State{}, func(o *Options) { o.Config.OnInvalid = Null })
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
				w.holds(tr, w.config.StartDate, ordinary)
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
				failed := w.sync(State{}, nil)
				readTranscript(t, failed.out, checks{})
				var value *ValueError
				if failed.err != nil && (!errors.As(failed.err, &value) || value.Chat == "" || value.Field == "") {
					t.Errorf("%v", failed.err)
				}
				t.Logf("on_invalid fail: %v", failed.err)
			})
		})
	}
}

// refuse accepts so many bytes and then fails, perhaps in the middle of a line.
type refuse struct {
	bytes.Buffer
	left    int
	partial bool
}

func (r *refuse) Write(b []byte) (int, error) {
	if len(b) <= r.left {
		r.left -= len(b)
		return r.Buffer.Write(b)
	}
	n := 0
	if r.partial {
		n, _ = r.Buffer.Write(b[:r.left])
	}
	r.left = 0
	return n, errors.New("no space left on device")
}

// ender ends the run once so many bytes were written.
type ender struct {
	bytes.Buffer
	left   int
	cancel context.CancelCauseFunc
}

var errEnded = errors.New("ended by the test")

func (e *ender) Write(b []byte) (int, error) {
	if e.left -= len(b); e.left < 0 {
		e.cancel(errEnded)
	}
	return e.Buffer.Write(b)
}

// TestSyncCutOff cuts runs off at random places, by a target that takes no more
// and by a signal, and goes on from the last STATE until the archive is read.
func TestSyncCutOff(t *testing.T) {
	for i := range 3 {
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			t.Parallel()
			r := rand.New(rand.NewPCG(uint64(i), 1))
			dates := []string{"start", "end"}[i%2]
			inWorld(t, fmt.Sprintf("chats=400&days=40&seed=%d&fault_seed=%d&dates=%s&long_chats=0.05&rate_503=0.05&rate_cut=0.05", i, i, dates), func(t *testing.T, w *world) {
				whole := &transcript{latest: make(map[string]map[string]message), count: make(map[string]int)}
				var state State
				earlier := make(map[string]bool)
				marks := make(map[string]time.Time)
				cuts := 0
				for ; cuts < 60; cuts++ {
					at := r.IntN(4 << 20)
					ctx, cancel := context.WithCancelCause(context.Background())
					var got []byte
					var change func(*Options)
					switch i % 3 {
					case 0, 1:
						out := &refuse{left: at, partial: i%3 == 1}
						change = func(o *Options) { o.Out = out }
						defer func() { _ = out }()
						res := w.syncContext(ctx, state, small(change))
						got = out.Bytes()
						var output *OutputError
						if res.err != nil && !errors.As(res.err, &output) && !errors.Is(res.err, livechat.ErrBudget) {
							t.Fatal(res.err)
						}
						if res.err == nil {
							cuts = 1000
						}
					default:
						out := &ender{left: at, cancel: cancel}
						res := w.syncContext(ctx, state, small(func(o *Options) { o.Out = out }))
						got = out.Bytes()
						if res.err != nil && !errors.Is(res.err, errEnded) && !errors.Is(res.err, livechat.ErrBudget) {
							t.Fatal(res.err)
						}
						if res.err == nil {
							cuts = 1000
						}
					}
					cancel(nil)
					tr := readTranscript(t, got, checks{cutOff: i%3 != 2, every: 31})
					w.covered(tr, earlier)
					for _, s := range tr.states {
						for _, m := range tr.latest["chats"] {
							if m.line < s.line {
								earlier[m.record["id"].(string)] = true
							}
						}
					}
					for stream, mark := range marks {
						if len(tr.states) > 0 && tr.states[0].marks[stream].Before(mark) {
							t.Errorf("the bookmark of %s goes back from run to run", stream)
						}
					}
					if len(tr.states) > 0 {
						state, marks = tr.last(t), tr.states[len(tr.states)-1].marks
					}
					whole.union(tr)
				}
				if cuts < 1000 {
					t.Fatal("the archive was never read to its end")
				}
				w.holds(whole, w.config.StartDate, ordinary)
			})
		})
	}
}

// small makes the windows small: with a budget they are.
func small(change func(*Options)) func(*Options) {
	return func(o *Options) {
		o.Config.MaxRequests = 24 // windows of 150 chats
		if change != nil {
			change(o)
		}
	}
}

// A budget cuts a backfill into runs; together they are whole, each gets on,
// and little is repeated.
func TestSyncBudget(t *testing.T) {
	for _, budget := range []int{12, 24} {
		for _, dates := range []string{"start", "end"} {
			t.Run(fmt.Sprint(budget, dates), func(t *testing.T) {
				t.Parallel()
				inWorld(t, "chats=400&days=35&shape=even&dates="+dates, func(t *testing.T, w *world) {
					whole := &transcript{latest: make(map[string]map[string]message), count: make(map[string]int)}
					var state State
					runs, requests := 1, 0
					for ; ; runs++ {
						r := w.sync(state, func(o *Options) { o.Config.MaxRequests, o.Config.LookbackDays = budget, 0 })
						tr := readTranscript(t, r.out, checks{every: 9})
						if r.requests > budget {
							t.Errorf("%d requests", r.requests)
						}
						requests += r.requests
						whole.union(tr)
						state = tr.last(t)
						if r.err == nil {
							break
						}
						if !errors.Is(r.err, livechat.ErrBudget) {
							t.Fatal(r.err)
						}
						if runs > 60 {
							t.Fatalf("it does not get on: %s", tr.states[len(tr.states)-1].text)
						}
					}
					w.holds(whole, w.config.StartDate, nil)
					t.Logf("%d runs, %d requests for 16 pages, %d records twice of %d", runs, requests, whole.twice, whole.count["chats"]+whole.count["messages"]+whole.count["events"])
				})
			})
		}
	}
}

// A budget that is too small for one window would be spent at the same place in
// each run. The error says so.
func TestSyncBudgetTooSmall(t *testing.T) {
	inWorld(t, "chats=700&days=35", func(t *testing.T, w *world) {
		r := w.sync(State{}, func(o *Options) { o.Config.MaxRequests = 3 })
		var hint interface{ Hint() string }
		if !errors.Is(r.err, livechat.ErrBudget) || !errors.As(r.err, &hint) || !strings.Contains(hint.Hint(), "raise max_requests") || r.requests != 3 {
			t.Errorf("%v, %d requests", r.err, r.requests)
		}
	})
}

// A service that only fails ends the run, soon and without a message.
func TestSyncRefused(t *testing.T) {
	for _, test := range []struct {
		switches string
		most     int
	}{
		{"status=400", 1}, {"status=401", 1}, {"status=403", 1}, {"status=404", 1}, {"redirect=http://127.0.0.1:1", 1},
		{"status=500", 9}, {"status=429", 9}, {"rate_html=1&fault_burst=0", 9}, {"rate_null=1&fault_burst=0", 9}, {"rate_empty=1&fault_burst=0", 9},
		{"rate_broken=1&fault_burst=0", 9}, {"rate_reset=1&fault_burst=0", 20}, {"rate_stall_header=1&fault_burst=0", 9}, {"rate_stall_body=1&fault_burst=0", 9},
		{"rate_no_total=1&fault_burst=0", 9}, {"misdirected=eu", 2}, {"deep=100000", 9}, {"access_token=other", 1},
	} {
		t.Run(test.switches, func(t *testing.T) {
			inWorld(t, "chats=100&"+test.switches, func(t *testing.T, w *world) {
				start := time.Now()
				r := w.sync(State{}, nil)
				var hint interface{ Hint() string }
				if r.err == nil || !errors.As(r.err, &hint) || hint.Hint() == "" {
					t.Errorf("%v", r.err)
				}
				if len(r.out) > 0 {
					t.Errorf("%.300s", r.out)
				}
				if r.requests > test.most {
					t.Errorf("%d requests", r.requests)
				}
				if d := time.Since(start); d > 10*time.Minute {
					t.Errorf("it took %s", d)
				}
			})
		})
	}
}

// A service that fails in the middle leaves a state to go on from.
func TestSyncFailsLater(t *testing.T) {
	inWorld(t, "chats=1500&days=45&shape=even&long_chats=0&fail_after=50", func(t *testing.T, w *world) {
		r := w.sync(State{}, func(o *Options) { o.Config.MaxRequests, o.Config.MaxRetries = 80, 1 })
		tr := readTranscript(t, r.out, checks{})
		w.covered(tr, nil)
		if r.err == nil || !tr.states[len(tr.states)-1].marks["chats"].After(w.config.StartDate) || r.requests >= 80 || errors.Is(r.err, livechat.ErrBudget) {
			t.Errorf("%v, %d requests, %v", r.err, r.requests, tr.states)
		}
	})
}

// The look-back is subtracted when reading and never stored.
func TestSyncLookback(t *testing.T) {
	for _, days := range []int{0, 1, 7} {
		inWorld(t, "chats=120&days=30&shape=even&pending=0&long_chats=0", func(t *testing.T, w *world) {
			w.config.LookbackDays = days
			first := readTranscript(t, w.complete(State{}, nil).out, checks{})
			second := readTranscript(t, w.complete(first.last(t), nil).out, checks{})
			mark := first.states[len(first.states)-1].marks["chats"]
			from := mark.Add(-max(time.Duration(days)*24*time.Hour, leastLookback))
			w.holds(second, from, ordinary)
			for _, m := range second.latest["chats"] {
				if ended, ok := m.record["ended_timestamp"].(string); ok && ended < from.Format(time.RFC3339) {
					t.Errorf("lookback_days %d: a chat that ended %s is repeated, the bookmark is %s", days, ended, mark)
				}
			}
		})
	}
}

// Bookmarks that make no sense must not hide anything.
func TestSyncOddBookmarks(t *testing.T) {
	inWorld(t, "chats=200&days=30&pending=0", func(t *testing.T, w *world) {
		future := `{"bookmarks":{"chats":{"ended_timestamp":"2031-01-01"},"messages":{"chat_ended":"2031-01-01"},"events":{"chat_ended":"2031-01-01"}}}`
		r := w.complete(mustState(t, future), nil)
		tr := readTranscript(t, r.out, checks{})
		w.holds(tr, w.now.AddDate(0, 0, -1), nil)
		if !strings.Contains(r.log, "lies in the future") {
			t.Error(r.log)
		}
		old := `{"bookmarks":{"chats":{"ended_timestamp":"1999-01-01"}}}`
		r = w.complete(mustState(t, old), nil)
		tr = readTranscript(t, r.out, checks{})
		w.holds(tr, w.config.StartDate, nil)
		for _, request := range w.server.Requests() {
			if request.Query.Get("date_from") < "2025" && request.Path == "/chats" {
				t.Errorf("asked for %s", request.Query.Get("date_from"))
			}
		}
		bad := w.sync(mustState(t, `{"bookmarks":{"chats":{"ended_timestamp":"soon"}}}`), nil)
		var fault *StateError
		if !errors.As(bad.err, &fault) || len(bad.out) > 0 || bad.requests > 0 {
			t.Errorf("%v, %d bytes, %d requests", bad.err, len(bad.out), bad.requests)
		}
	})
}

// A sample is one record of each stream, and no STATE that a target could keep.
func TestSyncSample(t *testing.T) {
	inWorld(t, "chats=300", func(t *testing.T, w *world) {
		r := w.complete(State{}, func(o *Options) { o.Sample, o.Config.MaxConcurrentRequests = true, 1 })
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
			inWorld(t, switches, func(t *testing.T, w *world) {
				w.config.StartDate = syncNow.AddDate(-12, 0, 0)
				r := w.complete(State{}, func(o *Options) { o.Sample, o.Config.MaxConcurrentRequests = true, 1 })
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
				if r.requests > most {
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
			inWorld(t, "chats=2000&days=60&"+switches, func(t *testing.T, w *world) {
				w.config.StartDate = syncNow.AddDate(-3, 0, 0)
				r := w.complete(State{}, func(o *Options) { o.Selection = selecting(t, map[string]string{"chats": on}) })
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
	serve(t, h, func(t *testing.T, url string) {
		var out, log bytes.Buffer
		_, err := Sync(context.Background(), Options{
			Config: Config{AccessToken: "x", StartDate: start, LookbackDays: 1, OnInvalid: Fail, MaxConcurrentRequests: 4,
				RequestTimeout: time.Second, MaxRetries: 1, APIURL: url},
			Selection: catalog.Default(), Out: &out, Log: textLog(&log), Now: start.AddDate(0, 0, 10),
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
	if got := tr.latest["events"]["PX311QD8A2/events/5"].record["date"]; got != "2014-07-15T12:30:30Z" {
		t.Errorf("the event that contradicts itself has the date %v; the timestamp decides", got)
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
	for _, rule := range []OnInvalid{Fail, Null} {
		serve(t, h, func(t *testing.T, url string) {
			var out, log bytes.Buffer
			start := time.Date(2014, 7, 10, 0, 0, 0, 0, time.UTC)
			_, err := Sync(context.Background(), Options{
				Config:    Config{AccessToken: "x", StartDate: start, OnInvalid: rule, RequestTimeout: time.Second, APIURL: url},
				Selection: catalog.Default(), Out: &out, Log: textLog(&log), Now: start.AddDate(0, 0, 10),
			})
			tr := readTranscript(t, out.Bytes(), checks{})
			mark := tr.states[len(tr.states)-1].marks["chats"]
			var value *ValueError
			switch {
			case rule == Null && (err != nil || !strings.Contains(log.String(), "chats.duration") || tr.count["chats"] != 1):
				t.Errorf("%v, %v\n%s", err, tr.count, log.String())
			case rule == Fail && (!errors.As(err, &value) || value.Chat != "PX311QD8A2" || value.Field != "chats.duration" || value.Hint() == ""):
				t.Errorf("%v", err)
			case rule == Fail && (tr.count["chats"] > 0 || !mark.Equal(start)):
				t.Errorf("%v, the bookmark is %s", tr.count, mark)
			}
		})
	}
}
