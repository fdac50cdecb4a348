package tap

import (
	"strconv"
	"strings"
	"time"
)

// Days is a span of days, in UTC; To is exclusive.
type Days struct{ From, To time.Time }

// String names the days, both inclusive.
func (d Days) String() string {
	first, last := d.From.Format(time.DateOnly), d.To.Add(-time.Nanosecond).Format(time.DateOnly)
	if first == last {
		return first
	}
	return first + " to " + last
}

// IncompleteError says that everything was read to the end, and what of it is
// not complete. The state is one from which the next run loses nothing.
type IncompleteError struct {
	Days    []Days   // of which more chats are stated than came
	Streams []string // that could not be read
	Remedy  string   // what to do; empty: run again
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

// listed names so many that they fit on one line.
func listed(all []string) string {
	const most = 10
	if n := len(all) - most; n > 0 {
		return strings.Join(all[:most], ", ") + " and " + strconv.Itoa(n) + " more"
	}
	return strings.Join(all, ", ")
}

// Hint says what to do.
func (e *IncompleteError) Hint() string {
	if e.Remedy != "" {
		return e.Remedy
	}
	return "run again with the last STATE: what is missing is read again"
}

// Incomplete tells this kind of error from one that ended the reading.
func (e *IncompleteError) Incomplete() bool { return true }
