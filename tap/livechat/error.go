package livechat

import (
	"fmt"
	"net/http"
	"strings"
)

// Cause is what stands behind an error: what to do about it follows from the
// cause, not from a status.
type Cause byte

// The causes of an [Error].
const (
	Unknown     Cause = iota
	Region            // the account lives in another data centre
	Request           // the service does not accept the request
	Credentials       // they are wrong or have expired
	Scope             // they may not read this
	Missing           // there is no such thing
	TooMany           // the service asks to slow down
	Redirect          // it points to another address
	Refused           // it refuses for good, and says no more
	Service           // it is in trouble
	Foreign           // what answers is not LiveChat, or not whole
	Network           // no answer
	Address           // the address is none
	NoID              // a chat without an id
	FullHour          // more in an hour than the service lists
)

// Error is a request that failed for good: an answer that cannot be put right
// by asking again, or one that stayed wrong for every try.
type Error struct {
	Op     string // what was asked for: "page 3 of the chats of 2024-01-05"
	Status int    // the HTTP status; 0 if there was no answer
	Type   string // the service's own name for it: "misdirected_request"
	Detail string // what is wrong, in the service's words or in ours; never a credential
	Tries  int    // requests spent on it
	Err    error  // the reason, if it was not an answer
	Cause  Cause
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

// causes are the causes that the service's words for an error stand for. They
// count before the status, which LiveChat does not document.
var causes = map[string]Cause{
	typeMisdirected: Region,
	typeTooMany:     TooMany,

	"authentication": Credentials, "authorization": Scope, "missing_access": Scope,
	"validation": Request, "not_found": Missing,
	"internal": Service, "service_unavailable": Service, "request_timeout": Service,
}

// causeOf finds the cause of a refusal.
func causeOf(kind string, status int) Cause {
	if c, ok := causes[kind]; ok {
		return c
	}
	switch {
	case status == http.StatusBadRequest:
		return Request
	case status == http.StatusUnauthorized:
		return Credentials
	case status == http.StatusForbidden:
		return Scope
	case status == http.StatusNotFound:
		return Missing
	case status == http.StatusTooManyRequests:
		return TooMany
	case status >= 300 && status < 400:
		return Redirect
	case status >= 500 || status == http.StatusRequestTimeout:
		return Service
	case status >= 400:
		return Refused
	}
	return Foreign
}
