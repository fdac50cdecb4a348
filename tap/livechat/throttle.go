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
	slots chan struct{} // one token for each request that may start

	mu          sync.Mutex
	max         int
	limit       int       // tokens in slots and in use, less debt
	debt        int       // tokens in use that will not come back
	successes   int       // successes answers since the limit last changed
	pausedUntil time.Time // nobody starts before
}

func newThrottle(most int) *throttle {
	t := &throttle{slots: make(chan struct{}, most), max: most, limit: most}
	for range most {
		t.slots <- struct{}{}
	}
	return t
}

// acquire waits for the right to make one request.
func (t *throttle) acquire(ctx context.Context) error {
	select {
	case <-t.slots:
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	t.mu.Lock()
	wait := time.Until(t.pausedUntil)
	t.mu.Unlock()
	if wait <= 0 {
		return nil
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		t.release()
		return context.Cause(ctx)
	}
}

// release ends what acquire began.
func (t *throttle) release() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.debt > 0 {
		t.debt--
		return
	}
	t.slots <- struct{}{}
}

// succeeded notes a good answer.
func (t *throttle) succeeded() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.limit == t.max {
		return
	}
	if t.successes++; t.successes < recovery {
		return
	}
	t.successes = 0
	t.limit++
	if t.debt > 0 {
		t.debt--
	} else {
		t.slots <- struct{}{}
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
	if held := now.Before(t.pausedUntil); held {
		return t.limit, false
	}
	t.pausedUntil = now.Add(max(wait, firstWait))
	lower := max(1, t.limit/2)
	t.debt += t.limit - lower
	for t.debt > 0 && len(t.slots) > 0 { // those that nobody uses are taken away at once
		select {
		case <-t.slots:
			t.debt--
		default:
		}
	}
	changed = lower != t.limit
	t.limit = lower
	return t.limit, changed
}
