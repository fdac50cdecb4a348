package livechat

import (
	"net/http"
	"sync"
	"time"
)

const (
	maxAhead = 24 * time.Hour // a service whose clock is further off ours has none
	maxBack  = time.Minute    // answers may overtake each other, clocks do not run back
)

// clock is the clock of the service, as its answers tell it.
type clock struct {
	mu     sync.Mutex
	latest time.Time // of what was believed
}

// read reads the Date of an answer that came now; zero if it cannot be believed.
func (c *clock) read(header string, now time.Time) time.Time {
	date, err := http.ParseTime(header)
	if err != nil || date.Sub(now).Abs() > maxAhead {
		return time.Time{}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.latest.Sub(date) > maxBack {
		return time.Time{}
	}
	if date.After(c.latest) {
		c.latest = date
	}
	return date.UTC()
}
