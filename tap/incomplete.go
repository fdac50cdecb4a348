package tap

import (
	"strconv"
	"strings"
	"time"
)

// Days is a span of days in UTC; To is exclusive.
type Days struct{ From, To time.Time }

// String returns the first and the last day.
func (d Days) String() string {
	first, last := d.From.Format(time.DateOnly), d.To.Add(-time.Nanosecond).Format(time.DateOnly)
	if first == last {
		return first
	}
	return first + " to " + last
}

// IncompleteError reports that the run read everything to the end, but that some of it
// is incomplete. The next run loses nothing if it continues from the last STATE.
type IncompleteError struct {
	Days    []Days   // for which LiveChat reports more chats than it returned
	Streams []string // lists that could not be read
	Remedy  string   // what the user can do; empty: run again
}

func (e *IncompleteError) Error() string {
	var missing []string
	if len(e.Days) > 0 {
		days := make([]string, len(e.Days))
		for i, d := range e.Days {
			days[i] = d.String()
		}
		missing = append(missing, "fewer chats came than LiveChat states for "+listed(days))
	}
	if len(e.Streams) > 0 {
		missing = append(missing, "not read: "+listed(e.Streams))
	}
	return "read to the end, but not complete: " + strings.Join(missing, "; ")
}

// listed returns as many names as fit on one line.
func listed(all []string) string {
	const most = 10
	if n := len(all) - most; n > 0 {
		return strings.Join(all[:most], ", ") + " and " + strconv.Itoa(n) + " more"
	}
	return strings.Join(all, ", ")
}

// Hint says how the user can continue.
func (e *IncompleteError) Hint() string {
	if e.Remedy != "" {
		return e.Remedy
	}
	return "run again with the last STATE: what is missing is read again"
}

// Incomplete distinguishes this error from one that ended the reading.
func (e *IncompleteError) Incomplete() bool { return true }
