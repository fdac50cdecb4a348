package livechat

import (
	"context"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// What needs an API to ask is tested in package apiv2.

// TestRetryAfter: both forms are read, to the second, up to a limit.
func TestRetryAfter(t *testing.T) {
	now := time.Date(2026, 3, 10, 12, 0, 0, 0, time.UTC)
	for text, want := range map[string]time.Duration{
		"": 0, "7": 7 * time.Second, " 7 ": 7 * time.Second, "0": 0, "-5": 0, "0.5": time.Second / 2, "86400": maxWait,
		"99999999999999999999": maxWait, "1e400": 0, "NaN": 0, "Inf": maxWait, "soon": 0,
		now.Add(9 * time.Second).Format(http.TimeFormat):  9 * time.Second,
		now.Add(-9 * time.Second).Format(http.TimeFormat): 0,
		now.Add(48 * time.Hour).Format(http.TimeFormat):   maxWait,
		now.Add(9 * time.Second).Format(time.RFC850):      9 * time.Second,
	} {
		h := http.Header{}
		if text != "" {
			h.Set("Retry-After", text)
		}
		if got := retryAfter(h, now); got != want {
			t.Errorf("Retry-After %q: wait %s, want %s", text, got, want)
		}
	}
}

// TestThrottle: however it is used, no more than its limit get in, and all of
// them again in the end.
func TestThrottle(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const most = 8
		th := newThrottle(most)
		var in, highest atomic.Int64
		work := func(n int) {
			var all sync.WaitGroup
			for range n {
				all.Go(func() {
					if err := th.acquire(t.Context()); err != nil {
						t.Error(err)
						return
					}
					highest.Store(max(highest.Load(), in.Add(1)))
					time.Sleep(time.Millisecond)
					in.Add(-1)
					th.succeeded()
					th.release()
				})
			}
			all.Wait()
		}
		for range 5 {
			th.backOff(time.Now(), time.Second)
			time.Sleep(2 * time.Second)
		}
		if th.limit != 1 {
			t.Errorf("after five 429 the limit is %d, want 1", th.limit)
		}
		work(10)
		if highest.Load() != 1 {
			t.Errorf("%d at once, want 1", highest.Load())
		}
		work(recovery * most)
		highest.Store(0)
		work(100)
		if highest.Load() != most || th.limit != most || th.inUse != 0 {
			t.Errorf("%d at once, limit %d, %d in use; want %d, %d, 0", highest.Load(), th.limit, th.inUse, most, most)
		}
	})
}

// TestThrottleUnderWay: requests that are under way at a 429 count against the
// new limit; a burst of them lowers it once and holds everybody back; who waits
// can be called off.
func TestThrottleUnderWay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		th := newThrottle(4)
		for range 4 {
			if err := th.acquire(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		for range 4 {
			th.backOff(time.Now(), time.Second)
		}
		if th.limit != 2 {
			t.Errorf("after a burst the limit is %d, want 2", th.limit)
		}
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		called := make(chan error, 1)
		go func() { called <- th.acquire(ctx) }()
		var in atomic.Int64
		for range 2 {
			go func() {
				if th.acquire(t.Context()) == nil {
					in.Add(1)
				}
			}()
		}
		for step, want := range []int64{0, 0, 0, 1, 2} { // four are released, one after another, past the pause
			if step > 0 {
				th.release()
			} else {
				cancel()
				if err := <-called; err == nil {
					t.Error("a request that was called off may start")
				}
			}
			time.Sleep(2 * time.Second)
			if synctest.Wait(); in.Load() != want {
				t.Errorf("%d released: %d started, want %d", step, in.Load(), want)
			}
		}
		th.release()
		th.release()
		begin := time.Now()
		th.backOff(begin, 3*time.Second)
		if err := th.acquire(t.Context()); err != nil || time.Since(begin) != 3*time.Second {
			t.Errorf("a request starts %s after a 429, want 3s (error %v)", time.Since(begin), err)
		}
	})
}
