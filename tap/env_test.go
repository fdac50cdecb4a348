package tap

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"tap-livechat/catalog"
	"tap-livechat/tap/config"
	"tap-livechat/tap/sandbox"
	"tap-livechat/tap/sandbox/mount"
	"tap-livechat/tap/sandbox/oracle"
	"tap-livechat/tap/secret"
	"tap-livechat/tap/state"
)

// syncNow is when the runs of these tests begin.
var syncNow = time.Date(2026, 3, 10, 15, 4, 5, 0, time.UTC)

// env is a sandbox that is served with virtual time (testing/synctest): waits, stalls and
// timeouts take no time, and nothing leaves the process.
type env struct {
	t       *testing.T
	server  *sandbox.Server
	service http.RoundTripper
	now     time.Time
	config  config.Config
}

// withEnv runs f in an environment of its own.
func withEnv(t *testing.T, switches string, f func(t *testing.T, w *env)) {
	options, err := sandbox.Parse(switches)
	if err != nil {
		t.Fatal(err)
	}
	options.Now = syncNow
	server := sandbox.New(options)
	serve(t, server, func(t *testing.T, service http.RoundTripper) {
		w := &env{t: t, server: server, service: service, now: syncNow}
		w.config = config.Config{
			EntityID: secret.New("account"), AccessToken: secret.New("token"), APIVersion: "2", StartDate: syncNow.AddDate(0, 0, -45), LookbackDays: 1, ReportTimezone: time.UTC, OnInvalid: config.Fail,
			MaxConcurrentRequests: 4, RequestTimeout: 10 * time.Second, MaxRetries: 8,
		}
		f(t, w)
	})
}

// serve mounts a handler in a bubble.
func serve(t *testing.T, h http.Handler, f func(t *testing.T, service http.RoundTripper)) {
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(time.Until(syncNow)) // which takes no time here
		f(t, mount.Mounted{Handler: h})
	})
}

// at moves time on, for the archive and for the runs to come.
func (w *env) at(now time.Time) {
	time.Sleep(time.Until(now))
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
func (w *env) sync(from state.State, change func(*Options)) result {
	return w.syncContext(context.Background(), from, change)
}

func (w *env) syncContext(ctx context.Context, from state.State, change func(*Options)) result {
	return w.run(ctx, Sync, from, change)
}

// sample is for a call of Sample that must not fail.
func (w *env) sample(change func(*Options)) result {
	w.t.Helper()
	r := w.run(context.Background(), Sample, state.State{}, func(o *Options) {
		o.Config.MaxConcurrentRequests = 1
		if change != nil {
			change(o)
		}
	})
	if r.err != nil {
		w.t.Fatalf("%v\n%s", r.err, r.log)
	}
	return r
}

func (w *env) run(ctx context.Context, do func(context.Context, Options) (Summary, error), from state.State, change func(*Options)) result {
	var out, log bytes.Buffer
	o := Options{
		Config: w.config, Selection: catalog.Default(catalog.V2), State: from, Out: &out, Log: textLog(&log), Version: "test", Now: w.now, Transport: w.service,
	}
	if change != nil {
		change(&o)
	}
	before := w.server.Count()
	summary, err := do(ctx, o)
	return result{out.Bytes(), log.String(), summary, err, w.server.Count() - before}
}

// complete is sync for a run that must not fail.
func (w *env) complete(from state.State, change func(*Options)) result {
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
func (w *env) wanted(from time.Time) (all []sandbox.Chat) {
	for chat := range w.server.Truth() {
		if !chat.Vanished && !chat.Drifted && !chat.Pending && !chat.Ended.Before(from) {
			all = append(all, chat)
		}
	}
	return all
}

// wantAll requires that every chat of the truth was delivered, and nothing else. Fields
// of a chat are compared if fields returns true for it.
func (w *env) wantAll(tr *transcript, from time.Time, fields func(sandbox.Chat) bool) {
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
		if must && fields != nil && fields(chat) && !w.compareFields(tr, chat) {
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
	for _, a := range oracle.Emails(chat.Account) {
		if _, ok := tr.latest["chats"][chat.ID+"\x00"+a]; !ok {
			return false
		}
	}
	return true
}

// compareFields holds a chat's records against the truth, field by field.
func (w *env) compareFields(tr *transcript, chat sandbox.Chat) bool {
	w.t.Helper()
	expected := oracle.V2(chat.Account)
	for stream, records := range expected {
		for key, want := range records {
			if stream == "chats" {
				key = strings.Replace(key, " ", "\x00", 1)
			}
			if diff := cmp.Diff(want, oracle.Tidy(tr.latest[stream][key].record)); diff != "" {
				w.t.Errorf("the record %q of %s (-truth +delivered):\n%s", key, stream, diff)
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
func (w *env) covered(tr *transcript, earlier map[string]bool) {
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
