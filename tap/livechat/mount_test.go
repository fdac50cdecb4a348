package livechat

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"strconv"
	"sync"
	"testing"
	"time"

	"tap-livechat/tap/sandbox"
)

// These tests run on a clock of their own (testing/synctest): what waits, for
// a backoff, a Retry-After or an answer that stalls, costs no real time. That
// needs a service without sockets, which is what mounted and toy are.

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

const (
	testUser  = "0ddba11"
	testToken = "dal:s3cr3t-t0k3n"
)

// newTestClient is a client of the service that answers through t.
func newTestClient(tb testing.TB, rt http.RoundTripper, change func(*Options)) *Client {
	tb.Helper()
	o := Options{EntityID: testUser, AccessToken: testToken, UserAgent: "test", Workers: 4, MaxRetries: 8, Transport: rt}
	if change != nil {
		change(&o)
	}
	c, err := NewClient(o)
	if err != nil {
		tb.Fatal(err)
	}
	return c
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

// mounted answers with a handler, as a connection of its own for each request:
// what the handler has not written does not come, and when it gives up
// (http.ErrAbortHandler) the connection is gone.
type mounted struct{ http.Handler }

var errReset = errors.New("connection reset by peer")

func (m mounted) RoundTrip(r *http.Request) (*http.Response, error) {
	ctx, cancel := context.WithCancel(r.Context())
	c := &wire{ctx: ctx, cancel: cancel, header: make(http.Header), begun: make(chan struct{}), more: make(chan struct{}, 1), room: make(chan struct{}, 1)}
	go func() {
		defer func() {
			problem := recover()
			if problem != nil && problem != http.ErrAbortHandler {
				panic(problem)
			}
			c.end(problem != nil)
		}()
		m.ServeHTTP(c, r.Clone(ctx))
	}()
	select {
	case <-c.begun:
	case <-ctx.Done():
	}
	if err := r.Context().Err(); err != nil {
		cancel()
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.status == 0 {
		cancel()
		return nil, errReset
	}
	length, err := strconv.ParseInt(c.header.Get("Content-Length"), 10, 64)
	if err != nil {
		length = -1
	}
	c.left = length
	return &http.Response{StatusCode: c.status, Header: c.header.Clone(), Body: c, ContentLength: length, Request: r}, nil
}

// wire is the answer to one request: the handler writes it, the client reads it.
type wire struct {
	ctx    context.Context
	cancel context.CancelFunc
	begun  chan struct{}
	once   sync.Once
	more   chan struct{} // something was written, or the end is there
	room   chan struct{} // something was read

	mu      sync.Mutex
	header  http.Header
	status  int
	buf     []byte
	at      int
	left    int64 // of Content-Length
	ended   bool
	aborted bool
}

func (c *wire) Header() http.Header { return c.header }

func (c *wire) WriteHeader(status int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.status == 0 {
		c.status = status
	}
}

// kept is how much an answer may be ahead of its reader.
const kept = 1 << 20

func (c *wire) Write(b []byte) (int, error) {
	c.WriteHeader(http.StatusOK)
	for {
		c.mu.Lock()
		if len(c.buf)-c.at <= kept {
			c.buf = append(c.buf[c.at:], b...)
			c.at = 0
			c.mu.Unlock()
			return len(b), nil
		}
		c.mu.Unlock()
		c.Flush()
		select {
		case <-c.room:
		case <-c.ctx.Done():
			return 0, errReset
		}
	}
}

func (c *wire) Flush() {
	c.WriteHeader(http.StatusOK)
	c.once.Do(func() { close(c.begun) })
	signal(c.more)
}

func (c *wire) end(aborted bool) {
	c.mu.Lock()
	c.ended, c.aborted = true, aborted
	if c.status == 0 && !aborted {
		c.status = http.StatusOK
	}
	c.mu.Unlock()
	c.once.Do(func() { close(c.begun) })
	signal(c.more)
}

func (c *wire) Read(b []byte) (int, error) {
	for {
		c.mu.Lock()
		n := copy(b, c.buf[c.at:])
		c.at += n
		c.left -= int64(n)
		ended, cut := c.ended, c.aborted || c.left > 0
		c.mu.Unlock()
		switch {
		case n > 0:
			signal(c.room)
			return n, nil
		case ended && cut:
			return 0, io.ErrUnexpectedEOF
		case ended:
			return 0, io.EOF
		}
		select {
		case <-c.more:
		case <-c.ctx.Done():
			return 0, c.ctx.Err()
		}
	}
}

func (c *wire) Close() error {
	c.cancel()
	return nil
}

func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// reading is what one Read has yielded.
type reading struct {
	chats   map[string]int // how often each came
	windows []Window       // but for those that came again
	again   []Window
	plans   []Plan
	pending int
	twice   []string // came more than once within one window
	err     error
}

func (r *reading) unsettled() (n int) {
	for _, w := range r.windows {
		if !w.Settled {
			n++
		}
	}
	return n
}

// read reads a range to its end.
func read(ctx context.Context, c *Client, rg Range) *reading {
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
		case step.Window != nil && step.Window.Again:
			r.again = append(r.again, *step.Window)
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
	if want := ceil(rg.To.UTC(), day); !at.Equal(want) {
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
