package livechat

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
)

// Cause is the cause of an error. What a user can do depends on the cause, not on the
// HTTP status.
type Cause byte

// The causes of an [Error].
const (
	Unknown     Cause = iota
	Region            // the account lives in another data centre
	BadRequest        // the service rejects the request as invalid
	Credentials       // they are wrong or have expired
	Expired           // they were accepted earlier in the run
	Scope             // they lack a permission
	Account           // the account is closed, unknown, or of another product
	Version           // this version of the API is switched off
	Limit             // the plan of the account does not allow more
	Missing           // not found
	TooMany           // too many requests
	Redirect          // the response is a redirect
	Refused           // refused permanently, without a known reason
	Service           // a temporary error of the service
	Foreign           // the response is not from LiveChat, or incomplete
	TooLarge          // the response is larger than maxAnswer
	Network           // no response
	Certificate       // the server's certificate is not trusted
	Proxy             // the proxy refuses the request or cannot be reached
	Address           // the URL is invalid
	NoID              // a chat without an id
	Conflicting       // the responses for a list contradict each other every time
)

// Error is a call that failed permanently: retrying does not help, or every retry
// failed.
type Error struct {
	Op      string // the call, such as "page 3 of the chats of 2024-01-05"
	Version string // of the API
	Status  int    // the HTTP status; 0 if there was no response
	Type    string // the service's error type, such as "misdirected_request"
	Detail  string // what is wrong, from the service or from the client; never a credential
	DebugID string // the X-Debug-Id for LiveChat's support; empty if there was none
	Tries   int    // number of requests made
	Err     error  // the cause, if there was no response
	Cause   Cause

	region string // the data centre that a misdirected request belongs to; empty if the answer names none
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

// TooMuch reports whether a smaller answer could have come: this one took too long,
// was too large for a gateway or the service, or is longer than what is read of one.
func (e *Error) TooMuch() bool {
	switch {
	case e.Cause == TooLarge, errors.Is(e.Err, errSlow), e.Type == "request_timeout", e.Type == "entity_too_large":
		return true
	}
	return e.Status == http.StatusBadGateway || e.Status == http.StatusGatewayTimeout || e.Status == http.StatusRequestEntityTooLarge
}

// class is the class of an error response.
type class struct {
	cause     Cause
	retryable bool // a retry may succeed
}

// The error types that the client handles itself.
const (
	typeMisdirected = "misdirected_request"
	typeTooMany     = "too_many_requests"
)

// errorTypes maps the service's error types to classes. The type wins over the HTTP
// status, which LiveChat does not document. The Agent Chat API documents the types; v2
// responses have been observed with and without a type.
var errorTypes = map[string]class{
	typeMisdirected: {Region, false}, // except for one request to the region that it names
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

// classify returns the class of an error response: by its type, else by its status.
func classify(kind string, status int) class {
	if v, ok := errorTypes[kind]; ok {
		return v
	}
	switch {
	case status >= 200 && status < 300:
		// An error with a status of success: whether it is permanent is unknown, and
		// a retry costs less than failing.
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
