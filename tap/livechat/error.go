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
	BadRequest        // the service does not accept the request
	Credentials       // they are wrong or have expired
	Expired           // they were accepted before and are not any more
	Scope             // they may not read this
	Account           // it is closed, unknown, or of another product
	Version           // this version of the API is switched off
	Limit             // the plan of the account does not allow more
	Missing           // there is no such thing
	TooMany           // the service asks to slow down
	Redirect          // it points to another address
	Refused           // it refuses for good, and says no more
	Service           // it is in trouble
	Foreign           // what answers is not LiveChat, or not whole
	TooLarge          // the answer is longer than what is read of one
	Network           // no answer
	Certificate       // what answers cannot prove to be LiveChat
	Proxy             // a proxy does not let the request through
	Address           // the address is none
	NoID              // a chat without an id
	FullHour          // more in an hour than the service lists
)

// Error is a request that failed for good: an answer that another try does not
// mend, or one that stayed wrong for every try.
type Error struct {
	Op      string // what was asked for: "page 3 of the chats of 2024-01-05"
	Version string // of the API that was asked
	Status  int    // the HTTP status; 0 if there was no answer
	Type    string // the service's own name for it: "misdirected_request"
	Detail  string // what is wrong, in the service's words or in ours; never a credential
	DebugID string // what LiveChat's support finds it by; empty if the service gave none
	Tries   int    // requests spent on it
	Err     error  // the reason, if it was not an answer
	Cause   Cause
}

func (e *Error) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "reading %s failed", e.Op)
	if e.Tries > 1 {
		fmt.Fprintf(&b, " after %d tries", e.Tries)
	}
	if e.Status != 0 {
		fmt.Fprintf(&b, ": the service answered %s", strings.TrimSpace(fmt.Sprint(e.Status, " ", http.StatusText(e.Status))))
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
	if e.DebugID != "" {
		fmt.Fprintf(&b, " (x-debug-id %s)", e.DebugID)
	}
	return b.String()
}

func (e *Error) Unwrap() error { return e.Err }

// class is what a refusal means.
type class struct {
	cause     Cause
	retryable bool // it may pass
}

// The names that the client itself acts on.
const (
	typeMisdirected = "misdirected_request"
	typeTooMany     = "too_many_requests"
)

// errorTypes are the service's names for errors. They win over the status, which
// LiveChat does not document. The Agent Chat API documents them; v2's answers
// have been seen with and without.
var errorTypes = map[string]class{
	typeMisdirected: {Region, false}, // but for once, in the region that it names
	typeTooMany:     {TooMany, true},

	"internal":            {Service, true},
	"service_unavailable": {Service, true},
	"request_timeout":     {Service, true},

	"authentication":     {Credentials, false},
	"authorization":      {Scope, false},
	"missing_access":     {Scope, false},
	"validation":         {BadRequest, false},
	"entity_too_large":   {BadRequest, false},
	"already_exists":     {BadRequest, false},
	"ownership_transfer": {BadRequest, false},

	"unsupported_version":   {Version, false},
	"license_expired":       {Account, false},
	"license_not_found":     {Account, false},
	"wrong_product_version": {Account, false},
	"limit_reached":         {Limit, false},

	"not_found":       {Missing, false},
	"group_not_found": {Missing, false},
	"chat_anonymized": {Missing, false},
	"chat_inactive":   {Refused, false},
	"agent_offline":   {Refused, false},
}

// classify says what a refusal means: by its type, and by its status if the
// service gives no type, or one that is not known here.
func classify(kind string, status int) class {
	if v, ok := errorTypes[kind]; ok {
		return v
	}
	switch {
	case status >= 200 && status < 300:
		// The service says no under a status that says yes: nothing tells
		// whether that will pass, and asking again costs less than to give up.
		return class{Refused, true}
	case status >= 300 && status < 400:
		return class{Redirect, false}
	case status >= 500:
		return class{Service, true}
	}
	switch status {
	case http.StatusBadRequest:
		return class{BadRequest, false}
	case http.StatusUnauthorized:
		return class{Credentials, false}
	case http.StatusForbidden:
		return class{Scope, false}
	case http.StatusNotFound:
		return class{Missing, false}
	case http.StatusRequestTimeout:
		return class{Service, true}
	case http.StatusTooManyRequests:
		return class{TooMany, true}
	}
	if status >= 400 {
		return class{Refused, false}
	}
	return class{Foreign, false}
}
