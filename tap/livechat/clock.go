package livechat

import (
	"net/http"
	"sync"
	"time"
)

const (
	maxAhead = 24 * time.Hour // a Date further off this machine's clock is ignored
	maxBack  = time.Minute    // responses may arrive out of order; a Date further back is ignored
)

// clock tracks the service's clock, by the Date headers of its responses.
type clock struct {
	mu     sync.Mutex
	latest time.Time // of the accepted dates
}

// read returns the Date of a response that arrived at now; zero if it is implausible.
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
