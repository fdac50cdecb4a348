package tap

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"tap-livechat/catalog"
	"tap-livechat/tap/config"
	"tap-livechat/tap/sandbox"
	"tap-livechat/tap/sandbox/mount"
	"tap-livechat/tap/secret"
)

// syncNow is when the runs of these tests begin.
var syncNow = time.Date(2026, 3, 10, 15, 4, 5, 0, time.UTC)

// world is an archive that is served inside a bubble of virtual time: waits of
// retries, stalls and time-outs take no time, and nothing leaves the process.
type world struct {
	t       *testing.T
	server  *sandbox.Server
	service http.RoundTripper
	now     time.Time
	config  config.Config
}

// inWorld runs f in a world of its own.
func inWorld(t *testing.T, switches string, f func(t *testing.T, w *world)) {
	options, err := sandbox.Parse(switches)
	if err != nil {
		t.Fatal(err)
	}
	options.Now = syncNow
	server := sandbox.New(options)
	serve(t, server, func(t *testing.T, service http.RoundTripper) {
		w := &world{t: t, server: server, service: service, now: syncNow}
		w.config = config.Config{
			EntityID: secret.New("account"), AccessToken: secret.New("token"), StartDate: syncNow.AddDate(0, 0, -45), LookbackDays: 1, OnInvalid: Fail,
			MaxConcurrentRequests: 4, RequestTimeout: 10 * time.Second, MaxRetries: 8,
		}
		f(t, w)
	})
}

// serve mounts a handler in a bubble.
func serve(t *testing.T, h http.Handler, f func(t *testing.T, service http.RoundTripper)) {
	synctest.Test(t, func(t *testing.T) { f(t, mount.Mounted{Handler: h}) })
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
		Config: w.config, Selection: catalog.Default(catalog.V2), State: from, Out: &out, Log: textLog(&log), Version: "test", Now: w.now, Transport: w.service,
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
		said := make(map[string]int)
		var records []map[string]any
		for _, e := range list {
			record := e.(map[string]any)
			if rich := record["message_json"]; rich != nil {
				record["message_json"] = asText(t, rich)
			}
			dated(record, "timestamp", "date")
			if record["event_id"] == nil {
				record["event_id"] = madeEventID(chat.ID, stream, record, said)
			}
			record["chat_id"], record["chat_started"], record["chat_ended"] = chat.ID, rfc(chat.Started), rfc(chat.Ended)
			all[stream][record["event_id"].(string)] = record
			records = append(records, record)
		}
		number(records)
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
	var emails []string
	agents, _ := doc["agents"].([]any)
	for _, a := range agents {
		email, _ := a.(map[string]any)["email"].(string)
		if email == "" {
			email = "unassigned"
		}
		if !slices.Contains(emails, email) {
			emails = append(emails, email)
		}
	}
	if len(emails) == 0 {
		emails = append(emails, "unassigned")
	}
	for i, email := range emails {
		record := make(map[string]any)
		for k, v := range doc {
			record[k] = v
		}
		record["agent_email"], record["agent_index"] = email, json.Number(strconv.Itoa(i))
		all["chats"][chat.ID+"\x00"+email] = record
	}
	return all
}

// madeEventID is the id that a tap makes of what an entry says; said counts
// those of a list.
func madeEventID(chat, list string, r map[string]any, said map[string]int) string {
	text := func(names ...string) string {
		for _, name := range names {
			if s := strings.ReplaceAll(fmt.Sprint(r[name]), "\x00", ""); r[name] != nil && strings.TrimSpace(s) != "" {
				return s
			}
		}
		return ""
	}
	all := []string{text("timestamp", "date"), text("type"), text("event_type"), text("agent_id", "user_type"), text("text"), ""}
	sum := sha256.Sum256([]byte(strings.Join(all, "\x00")))
	id := fmt.Sprintf("%s/%s/%x", chat, list, sum[:10])
	if said[id]++; said[id] > 1 {
		return fmt.Sprintf("%s/%d", id, said[id])
	}
	return id
}

// number gives a list's records their places in the order of time; one
// without a time stands behind the one before it.
func number(list []map[string]any) {
	order := make([]string, len(list))
	for i, r := range list {
		at, ok := r["timestamp"].(string)
		if !ok {
			at, ok = r["date"].(string)
		}
		if !ok && i > 0 {
			at = order[i-1]
		}
		order[i] = at
	}
	for i, r := range list {
		place := 1
		for k := range list {
			if order[k] < order[i] || order[k] == order[i] && k < i {
				place++
			}
		}
		r["sequence"] = json.Number(strconv.Itoa(place))
	}
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
