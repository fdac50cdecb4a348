package livechat

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
)

// ErrBudget is returned when Options.MaxRequests requests have been made.
var ErrBudget = errors.New("the number of requests allowed by max_requests is used up")

// Error is a request that failed for good: an answer that cannot be put right
// by asking again, or one that stayed wrong for every try.
type Error struct {
	Op     string // what was asked for: "page 3 of the chats of 2024-01-05"
	Status int    // the HTTP status; 0 if there was no answer
	Type   string // the service's own name for it: "misdirected_request"
	Detail string // what is wrong, in the service's words or in ours; never a credential
	Tries  int    // requests spent on it
	Err    error  // the cause, if it was not an answer
	hint   string
}

func (e *Error) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "reading %s failed", e.Op)
	if e.Tries > 1 {
		fmt.Fprintf(&b, " after %d tries", e.Tries)
	}
	if e.Status != 0 {
		fmt.Fprintf(&b, ": the service answered %d %s", e.Status, http.StatusText(e.Status))
	}
	if e.Type != "" {
		fmt.Fprintf(&b, " (%s)", e.Type)
	}
	if e.Detail != "" {
		fmt.Fprintf(&b, ": %s", e.Detail)
	}
	if e.Err != nil {
		fmt.Fprintf(&b, ": %v", e.Err)
	}
	return b.String()
}

func (e *Error) Unwrap() error { return e.Err }

// Hint says what the user can do about it; empty if nothing is known to help.
func (e *Error) Hint() string {
	if e.hint != "" {
		return e.hint
	}
	switch {
	case e.Type == typeMisdirected:
		return "set region to the data centre of the account (dal or fra), or take the setting out"
	case e.Status == http.StatusBadRequest:
		return "the service does not accept the request; check api_url, and report this if it is the default"
	case e.Status == http.StatusUnauthorized:
		return "check entity_id and access_token: a personal access token needs both and must belong to that account; " +
			"an OAuth token goes into access_token alone and may have expired"
	case e.Status == http.StatusForbidden:
		return "the token may not read the archive: give it the scope archives_read (chats--all:ro), or take one of an administrator"
	case e.Status == http.StatusNotFound:
		return "check api_url: there is no chats archive at that address"
	case e.Status == http.StatusTooManyRequests:
		return "lower max_concurrent_requests, or start the run again later: it goes on where it stopped"
	case e.Status >= 300 && e.Status < 400:
		return "redirects to another address are not followed, because the credentials would go with them; set api_url to the address that answers"
	case e.Status >= 500 || e.Status == http.StatusRequestTimeout:
		return "the service is in trouble; start the run again later: it goes on where it stopped"
	case e.Status >= 200 && e.Status < 300:
		return "check api_url, and whether a proxy or a login page answers in place of LiveChat"
	case e.Status >= 400:
		return "the service refuses the request for good; check api_url and the token, and report this if they are right"
	case e.Status == 0:
		return "check the network, the proxy and api_url; start the run again: it goes on where it stopped"
	}
	return ""
}

// FullHourError is a day that cannot be read whole by any query there is.
type FullHourError struct {
	Day   string // 2024-01-05, UTC
	Hour  int    // more than the cap ended (or began) in the hour before it
	Total int    // what the service states for the day; the cap if it states no more
}

func (e *FullHourError) Error() string {
	return fmt.Sprintf("the day %s holds %d chats or more, over %d of them in the hour before %02d:00 UTC: the service lists no more than that",
		e.Day, e.Total, archiveCap, e.Hour)
}

// Hint says how to go on without that day.
func (e *FullHourError) Hint() string {
	return fmt.Sprintf("what came before %s is covered by the state; to go on after that day, run again with start_date set to the next one", e.Day)
}
