package oracle_test

import (
	"net/http/httptest"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tap-livechat/tap/sandbox"
	"tap-livechat/tap/sandbox/account"
	"tap-livechat/tap/sandbox/oracle"
)

// What another process can read of a sandbox is enough to make its chats anew.
func TestTruthFromOutside(t *testing.T) {
	o, err := sandbox.Parse("now=2026-11-20T12:34:56Z&chats=600&visitor=mixed&event_ids=some&full_day=2&full_day_chats=50&drift_end=1&drift_vanish=2&late_changes=0.4")
	if err != nil {
		t.Fatal(err)
	}
	s := sandbox.New(o)
	for range 6 {
		r := httptest.NewRequest("GET", "/chats?timezone=UTC", nil)
		r.SetBasicAuth("entity", "token")
		r.Header.Set("X-API-Version", "2")
		s.ServeHTTP(httptest.NewRecorder(), r)
	}
	w := httptest.NewRecorder()
	s.ServeHTTP(w, httptest.NewRequest("GET", "/_sandbox/chats", nil))
	told, err := oracle.Truth(o.Options, w.Body, o.Now)
	if err != nil {
		t.Fatal(err)
	}
	n, vanished := 0, 0
	for chat := range s.Truth() {
		got := told[n]
		n++
		if got.Vanished {
			vanished++
		}
		want := oracle.V2(chat.Account)
		if len(want["messages"]) != chat.Messages || len(want["events"]) != chat.Events {
			t.Errorf("%s: %d messages, %d events; the truth says %d and %d", chat.ID, len(want["messages"]), len(want["events"]), chat.Messages, chat.Events)
		}
		if chat.Pending {
			continue
		}
		if diff := cmp.Diff(want, oracle.V2(got.Chat)); diff != "" || got.Vanished != chat.Vanished || !got.Ended().Equal(chat.Ended) {
			t.Fatalf("%s: %s", chat.ID, diff)
		}
	}
	if n != len(told) || n < 656 || vanished != 3 {
		t.Errorf("%d chats, %d told, %d vanished", n, len(told), vanished)
	}
}

// What stands in for an end, by the contradiction.
func TestEnded(t *testing.T) {
	for name, want := range map[string]func(c *account.Chat) (int64, bool){
		"end_zero":    func(c *account.Chat) (int64, bool) { return c.End, true },
		"end_before":  func(c *account.Chat) (int64, bool) { return c.End, true },
		"end_future":  func(c *account.Chat) (int64, bool) { return c.End, true },
		"end_century": func(c *account.Chat) (int64, bool) { return c.End, true },
		"end_unknown": func(c *account.Chat) (int64, bool) {
			if len(c.Entries) == 0 {
				return 0, false
			}
			return c.Entries[len(c.Entries)-1].At.At, true
		},
		"start_missing":   func(c *account.Chat) (int64, bool) { return c.End, true },
		"start_other_day": func(c *account.Chat) (int64, bool) { return c.End, true },
	} {
		o, err := sandbox.Parse("now=2026-11-20T12:34:56Z&chats=200&missed=0&contradict=1&contradict_with=" + name)
		if err != nil {
			t.Fatal(err)
		}
		for chat := range sandbox.New(o).Truth() {
			at, known := oracle.Ended(chat.Account)
			if wantAt, wantKnown := want(chat.Account); !chat.Pending && (at != wantAt || known != wantKnown) {
				t.Errorf("%s: %s: %d %v, want %d %v", name, chat.ID, at, known, wantAt, wantKnown)
			}
			if _, ok := oracle.Started(chat.Account); ok == (name == "start_missing") {
				t.Errorf("%s: %s: start known: %v", name, chat.ID, ok)
			}
		}
	}
}

func TestTidy(t *testing.T) {
	got := oracle.Tidy(oracle.Record{"a": nil, "message_json": `{"b":1,"a":[]}`, "list": []any{oracle.Record{"x": nil, "y": "z"}}})
	want := oracle.Record{"message_json": `{"a":[],"b":1}`, "list": []any{oracle.Record{"y": "z"}}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestEmails(t *testing.T) {
	of := func(emails ...string) []string {
		var c account.Chat
		for _, e := range emails {
			c.Agents = append(c.Agents, account.Agent{Person: account.Person{Name: "N", Email: e}})
		}
		return oracle.Emails(&c)
	}
	for _, tt := range []struct{ got, want []string }{
		{of(), []string{"unassigned"}},
		{of("", "a", "a", ""), []string{"unassigned", "a"}},
	} {
		if diff := cmp.Diff(tt.want, tt.got); diff != "" {
			t.Error(diff)
		}
	}
}
