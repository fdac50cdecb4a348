package apiv2

import (
	"net/url"
	"strconv"
	"time"
)

// path is the request for one page of the chats that are listed for days.
func (s span) path(page int) string {
	first, last := s.bounds()
	v := url.Values{
		"date_from":       {first},
		"date_to":         {last},
		"timezone":        {"UTC"},
		"include_pending": {"1"},
		"page":            {strconv.Itoa(page)},
	}
	return "/chats?" + v.Encode()
}

// bounds are the first and the last day, as YYYY-MM-DD.
func (s span) bounds() (first, last string) {
	return s.from.Format(time.DateOnly), s.to.AddDate(0, 0, -1).Format(time.DateOnly)
}

func (s span) String() string {
	first, last := s.bounds()
	if first == last {
		return first
	}
	return first + " to " + last
}
