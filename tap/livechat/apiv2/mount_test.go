package apiv2

import (
	"context"
	"log/slog"
	"net/http"
	"sync"
	"testing"
	"time"

	"tap-livechat/tap/livechat"
	"tap-livechat/tap/sandbox"
	"tap-livechat/tap/sandbox/mount"
	"tap-livechat/tap/secret"
	"tap-livechat/tap/source"
)

// These tests run on a clock of their own (testing/synctest): what waits, for
// a backoff, a Retry-After or an answer that stalls, costs no real time. That
// needs a service without sockets, which is what mounted and fakeArchive are.

// utc reads a time as tests write it.
func utc(text string) time.Time {
	for _, layout := range []string{time.DateOnly, "2006-01-02 15:04:05"} {
		if t, err := time.Parse(layout, text); err == nil {
			return t
		}
	}
	panic("no time: " + text)
}

// theNow is the moment at which all archives of the tests are read.
var theNow = utc("2026-03-10 15:04:05")

// The words of other packages.
type (
	Options = livechat.Options
	Error   = livechat.Error
	Range   = source.Range
	Window  = source.Window
	Plan    = source.Plan
	Chat    = source.Chat
	mounted = mount.Mounted
)

// tested is an archive and the client it asks with.
type tested struct {
	*Archive
	*livechat.Client
}

func (t tested) Requests() int { return t.Usage().Requests }
func (t tested) Retries() int  { return t.Usage().Retries }

const (
	testUser  = "0ddba11"
	testToken = "dal:s3cr3t-t0k3n"
)

// newTestClient is a client of the service that answers through t.
func newTestClient(tb testing.TB, rt http.RoundTripper, change func(*Options)) tested {
	tb.Helper()
	if time.Now().Year() == 2000 { // in a bubble, where it does not take long
		time.Sleep(time.Until(theNow))
	}
	o := Options{EntityID: secret.New(testUser), AccessToken: secret.New(testToken), UserAgent: "test", Workers: 4, MaxRetries: 8, Transport: rt}
	if change != nil {
		change(&o)
	}
	c, err := livechat.New(o)
	if err != nil {
		tb.Fatal(err)
	}
	return tested{New(c, nil), c}
}

// newSandbox is the sandbox with these switches, as of theNow.
func newSandbox(tb testing.TB, switches string) *sandbox.Server {
	tb.Helper()
	o, err := sandbox.Parse(switches)
	if err != nil {
		tb.Fatal(err)
	}
	o.Now = theNow
	return sandbox.New(o)
}

// roundTrip is a service in one function.
type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// reading is what one Read has yielded.
type reading struct {
	chats   map[string]int // how often each came
	windows []Window       // but for those that came again
	plans   []Plan
	pending int
	twice   []string // came more than once within one window
	err     error
}

func (r *reading) unsettled() (n int) {
	for _, w := range r.windows {
		if !w.Complete {
			n++
		}
	}
	return n
}

// read reads a range to its end.
func read(ctx context.Context, c tested, rg Range) *reading {
	r := &reading{chats: make(map[string]int)}
	within := make(map[string]bool)
	for step, err := range c.Read(ctx, rg) {
		switch {
		case err != nil:
			r.err = err
		case step.Plan != nil:
			r.plans = append(r.plans, *step.Plan)
		case step.Chat != nil:
			id := step.Chat.ID
			if within[id] {
				r.twice = append(r.twice, id)
			}
			within[id] = true
			r.chats[id]++
			if step.Chat.Pending {
				r.pending++
			}
		case step.Window != nil:
			r.windows = append(r.windows, *step.Window)
			clear(within)
		}
	}
	return r
}

// check holds what must be so of every reading that came to its end: its
// windows cover the range's days in order, and no chat came twice in one.
func (r *reading) check(tb testing.TB, rg Range) {
	tb.Helper()
	if r.err != nil {
		tb.Fatalf("Read: %v", r.err)
	}
	if len(r.plans) != 1 {
		tb.Errorf("%d plans were yielded, want 1", len(r.plans))
	}
	if len(r.twice) > 0 {
		tb.Errorf("%d chats came twice within a window, the first is %s", len(r.twice), r.twice[0])
	}
	at := rg.From.UTC().Truncate(day)
	for i, w := range r.windows {
		if !w.From.Equal(at) || !w.From.Before(w.To) {
			tb.Fatalf("window %d is [%s, %s), want one from %s", i, w.From, w.To, at)
		}
		at = w.To
	}
	if want := nextMidnight(rg.To); !at.Equal(want) {
		tb.Errorf("the windows end at %s, want %s", at, want)
	}
}

// logTo collects a client's log.
type logTo struct {
	mu   sync.Mutex
	text []byte
}

func (l *logTo) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.text = append(l.text, b...)
	return len(b), nil
}

func (l *logTo) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return string(l.text)
}

func (l *logTo) logger() *slog.Logger { return slog.New(slog.NewTextHandler(l, nil)) }
