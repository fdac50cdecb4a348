package state

import (
	"cmp"
	"time"
)

// Report is the bookmark of a report: the date of the last day that was read, as
// its midnight in UTC, and the time zone whose days they are.
type Report struct {
	Day  time.Time
	Zone string
	// Keys are the keys, beside the date, of the rows of the days that are read again,
	// by date as YYYY-MM-DD. A row that is gone when its day is read again is known
	// by them.
	Keys map[string][]string
}

// The keys of a report's bookmark beside its replication key.
const (
	keyZone = "timezone"
	keyKeys = "keys"
)

// Report is the bookmark of a report; its day is zero if there is none.
func (s State) Report(stream string) Report {
	b := s.Bookmarks[stream]
	if b.At.IsZero() {
		return Report{}
	}
	year, month, d := b.At.Date()
	return Report{Day: time.Date(year, month, d, 0, 0, 0, 0, time.UTC), Zone: cmp.Or(b.Zone, time.UTC.String()), Keys: b.Keys}
}

// WithReport is a state with another bookmark for one report.
func (s State) WithReport(stream string, mark Report) State {
	return s.With(stream, Bookmark{At: mark.Day, Zone: mark.Zone, Keys: mark.Keys})
}
