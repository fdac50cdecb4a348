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
	// ReadFrom and ReadTo are the span that was read without a gap; zero in a state of
	// a version that did not write them.
	ReadFrom, ReadTo time.Time
}

// Report is the bookmark of a report; its day is zero if there is none.
func (s State) Report(stream string) Report {
	b := s.Bookmarks[stream]
	if b.At.IsZero() {
		return Report{}
	}
	year, month, d := b.At.Date()
	return Report{
		Day: time.Date(year, month, d, 0, 0, 0, 0, time.UTC), Zone: cmp.Or(b.Zone, time.UTC.String()), Keys: b.Keys,
		ReadFrom: b.ReadFrom, ReadTo: b.ReadTo,
	}
}

// WithReport is a state with another bookmark for one report.
func (s State) WithReport(stream string, r Report) State {
	return s.With(stream, Bookmark{At: r.Day, Zone: r.Zone, Keys: r.Keys, ReadFrom: r.ReadFrom, ReadTo: r.ReadTo})
}
