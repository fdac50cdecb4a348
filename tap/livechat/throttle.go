package livechat

import (
	"context"
	"sync"
	"time"
)

// recovery is how many consecutive successes raise the limit by one after a 429.
const recovery = 25

// throttle limits the number of concurrent requests. The limit is halved after a 429 and
// recovers one by one.
type throttle struct {
	max int // the initial and highest limit

	mu          sync.Mutex
	limit       int           // maximum number of concurrent requests
	inUse       int           // requests in progress
	successes   int           // since the limit last changed
	pausedUntil time.Time     // no request starts before this time
	changed     chan struct{} // closed and replaced when another request may start
}

func newThrottle(most int) *throttle {
	return &throttle{max: most, limit: most, changed: make(chan struct{})}
}

// acquire waits until one request may start. The error is the cause of the context's end.
func (t *throttle) acquire(ctx context.Context) error {
	for {
		t.mu.Lock()
		wait, changed := time.Until(t.pausedUntil), t.changed
		if wait <= 0 && t.inUse < t.limit {
			t.inUse++
			t.mu.Unlock()
			return nil
		}
		t.mu.Unlock()
		var over <-chan time.Time
		if wait > 0 {
			over = time.After(wait)
		}
		select {
		case <-over:
		case <-changed:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// release must be called after each acquire that returned nil, when the request has ended.
func (t *throttle) release() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.inUse--
	t.broadcast()
}

// broadcast wakes all waiting calls of acquire. The caller holds t.mu.
func (t *throttle) broadcast() {
	close(t.changed)
	t.changed = make(chan struct{})
}

// succeeded counts a successful request.
func (t *throttle) succeeded() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.limit == t.max {
		return
	}
	if t.successes++; t.successes >= recovery {
		t.successes = 0
		t.limit++
		t.broadcast()
	}
}

// backOff halves the limit and pauses all requests for wait. It returns the limit, and
// whether it changed.
func (t *throttle) backOff(now time.Time, wait time.Duration) (limit int, changed bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.successes = 0
	// Concurrent requests may all be refused at once: that halves the limit only once.
	if now.Before(t.pausedUntil) {
		return t.limit, false
	}
	t.pausedUntil = now.Add(max(wait, firstWait))
	before := t.limit
	t.limit = max(1, before/2)
	return t.limit, t.limit != before
}
