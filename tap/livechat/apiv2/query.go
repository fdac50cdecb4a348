package apiv2

import (
	"net/url"
	"strconv"
	"time"
)

// query is one list of chats: local days in a zone, both inclusive.
type query struct {
	from, to string // YYYY-MM-DD
	zone     string // as the service knows it: UTC, Etc/GMT-3
}

func (q query) path(page int) string {
	v := url.Values{
		"date_from":       {q.from},
		"date_to":         {q.to},
		"timezone":        {q.zone},
		"include_pending": {"1"},
		"page":            {strconv.Itoa(page)},
	}
	return "/chats?" + v.Encode()
}

func (q query) String() string {
	days := q.from
	if q.to != q.from {
		days += " to " + q.to
	}
	if q.zone != "UTC" {
		days += " in " + q.zone
	}
	return days
}

// daysOf is the list of whole days, UTC.
func daysOf(days span) query {
	return query{days.from.Format(time.DateOnly), days.to.AddDate(0, 0, -1).Format(time.DateOnly), "UTC"}
}

// fromAnHourBefore is the list of the two days that begin an hour before midnight.
func fromAnHourBefore(midnight time.Time) query {
	return query{midnight.Format(time.DateOnly), midnight.AddDate(0, 0, 1).Format(time.DateOnly), "Etc/GMT-1"}
}
