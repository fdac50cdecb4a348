package livechat

import (
	"context"
	"sync"
	"time"
)

// recovery is how many good answers in a row let one more worker in again
// after a 429.
const recovery = 25

// throttle bounds how many requests are under way. The bound is halved when
// the service says "too many", and grows back one by one.
type throttle struct {
	max int // the limit at the start, and the highest

	mu          sync.Mutex
	limit       int           // requests that may be under way
	inUse       int           // requests that are
	successes   int           // good answers since the limit last changed
	pausedUntil time.Time     // no request starts before
	changed     chan struct{} // closed, and made anew, when limit or inUse let another request start
}

func newThrottle(most int) *throttle {
	return &throttle{max: most, limit: most, changed: make(chan struct{})}
}

// acquire waits for the right to make one request.
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

// release ends what acquire began.
func (t *throttle) release() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.inUse--
	t.broadcast()
}

// broadcast wakes everybody who waits. The caller holds the lock.
func (t *throttle) broadcast() {
	close(t.changed)
	t.changed = make(chan struct{})
}

// succeeded notes a good answer.
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

// backOff halves the limit and holds everybody back for wait. It returns the new
// limit, and whether it changed.
func (t *throttle) backOff(now time.Time, wait time.Duration) (limit int, changed bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.successes = 0
	// One burst of refusals is one reason to slow down, not one for each
	// request that was under way.
	if now.Before(t.pausedUntil) {
		return t.limit, false
	}
	t.pausedUntil = now.Add(max(wait, firstWait))
	before := t.limit
	t.limit = max(1, before/2)
	return t.limit, t.limit != before
}
