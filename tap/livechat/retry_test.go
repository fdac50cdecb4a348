package livechat

import (
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
		if highest.Load() != most || len(th.slots) != most || th.debt != 0 {
			t.Errorf("%d at once, %d free, debt %d; want %d, %d, 0", highest.Load(), len(th.slots), th.debt, most, most)
		}
	})
}
