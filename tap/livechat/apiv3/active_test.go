package apiv3

import (
	"errors"
	"testing"
	"time"

	"tap-livechat/tap/livechat"
	"tap-livechat/tap/secret"
	"tap-livechat/tap/source"
)

// TestActive: Active yields the threads that are active, of all pages, once each, also
// where a page is empty once; and nothing else looks for them.
func TestActive(t *testing.T) {
	archive := filled(500, day(0), day(10), "even")
	for i := range 250 {
		archive.add(day(0).Add(time.Duration(i)*time.Minute), time.Time{})
	}
	client, err := livechat.New(livechat.Options{AccessToken: secret.New("b"), Transport: archive.sort()})
	if err != nil {
		t.Fatal(err)
	}
	came := make(map[string]time.Time)
	for chat, err := range New(client, nil).Active(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		if _, twice := came[chat.ID]; twice {
			t.Errorf("%s comes twice", chat.ID)
		}
		came[chat.ID] = chat.Since
	}
	for _, x := range archive.threads {
		if since, there := came[x.id]; there != x.end.IsZero() || there && !since.Equal(x.start) {
			t.Errorf("%s, from %v to %v: came %v, since %v", x.id, x.start, x.end, there, since)
		}
	}
	if n := archive.asked["list_chats"]; n != 3 {
		t.Errorf("%d requests for three pages", n)
	}
	rg := source.Range{From: day(0), To: day(10), Now: day(10)}
	if inBubble(t, archive, rg); archive.asked["list_chats"] != 3 {
		t.Error("reading asks for the active chats")
	}
}

// TestActiveDenied: an account that may not list the active chats says so.
func TestActiveDenied(t *testing.T) {
	for _, kind := range []string{"authorization", "missing_access"} {
		client, err := livechat.New(livechat.Options{AccessToken: secret.New("b"), Transport: &toy{refuseActive: kind}})
		if err != nil {
			t.Fatal(err)
		}
		n := 0
		for _, err := range New(client, nil).Active(t.Context()) {
			if _, ok := errors.AsType[*source.ListError](err); !ok {
				t.Errorf("%s: %v", kind, err)
			}
			n++
		}
		if n != 1 {
			t.Errorf("%s: %d steps", kind, n)
		}
	}
}
