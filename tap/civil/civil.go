// Package civil reckons with dates: days of the calendar, which a time zone makes
// spans of time. A date is a time.Time, the midnight in UTC that begins it, where every
// day has a midnight and 24 hours.
package civil

import "time"

// DateOf is the date of an instant in a zone.
func DateOf(at time.Time, zone *time.Location) time.Time {
	year, month, d := at.In(zone).Date()
	return time.Date(year, month, d, 0, 0, 0, 0, time.UTC)
}

// StartOf is the first instant of a date in a zone, or of the next date that
// the zone has. Clocks may skip the midnight, and show it twice.
func StartOf(date time.Time, zone *time.Location) time.Time {
	const maxOffset = 26 * time.Hour // more than any zone is ahead of UTC
	for at := date.Add(-maxOffset).In(zone); ; {
		_, offset := at.Zone()
		_, change := at.ZoneBounds()
		start := date.Add(-time.Duration(offset) * time.Second).In(zone)
		if start.Before(at) {
			start = at
		}
		if change.IsZero() || start.Before(change) {
			return start
		}
		at = change
	}
}
