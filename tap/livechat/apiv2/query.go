package apiv2

import (
	"net/url"
	"strconv"
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
