package api

import (
	"errors"
	"slices"

	"tap-livechat/tap/livechat"
)

// withHint is an error with a hint for the user.
type withHint struct {
	error
	hint string
}

func (h withHint) Hint() string  { return h.hint }
func (h withHint) Unwrap() error { return h.error }

// WithHint returns err with a method Hint() string that says what the user can do.
func WithHint(err error, hint string) error { return withHint{err, hint} }

// hints say what the user can do about an error of the service, by its cause. The
// client determines causes; only this file knows the settings that resolve them.
var hints = map[livechat.Cause]string{
	livechat.Region:     "set region to the data centre of the account (us-south1 or eu-west3), or take the setting out",
	livechat.BadRequest: "the service does not accept the request; check api_url, and report this if it is the default",
	livechat.Credentials: "check entity_id and access_token: a personal access token needs both and must belong to that account; " +
		"an OAuth token goes into access_token alone and may have expired",
	livechat.Expired: "the token was accepted before and is not any more: it has expired or was revoked. " +
		"The state covers what was read: run again with a new access_token",
	livechat.Scope:    "the token may not read the archive: give it the scope archives_read (chats--all:ro), or take one of an administrator",
	livechat.Account:  "the account is closed, unknown or of another product: check in LiveChat that the license is active, and that entity_id and access_token belong to it",
	livechat.Version:  "LiveChat has switched this version of its API off: look for a newer release of the tap, or set api_version to the other one",
	livechat.Limit:    "the plan of the account does not allow this; ask LiveChat, or raise the plan",
	livechat.Missing:  "check api_url: there is no chats archive at that address",
	livechat.TooMany:  "lower max_concurrent_requests, or start the run again later",
	livechat.Redirect: "redirects to another address are not followed, because the credentials would go with them; set api_url to the address that answers",
	livechat.Refused:  "the service refuses the request; check api_url and the token, and report this if they are right",
	livechat.Service:  "the service is in trouble; start the run again later",
	livechat.Foreign:  "check api_url, and whether a proxy or a login page answers in place of LiveChat",
	livechat.TooLarge: "check api_url; if LiveChat answers there, report what is named here: the limit keeps memory small",
	livechat.Network:  "check the network, the proxy and api_url; start the run again",
	livechat.Certificate: "if a proxy or firewall of your network opens connections, set SSL_CERT_FILE to a file with its certificate; " +
		"else check api_url and the clock of this machine",
	livechat.Proxy:   "check HTTPS_PROXY, its user and password; the proxy must let CONNECT through to the host of api_url (or name that host in NO_PROXY)",
	livechat.Address: "check api_url",
	livechat.NoID:    "a chat cannot be stored without its id; report this chat to LiveChat",
}

// hintsV2 are the hints that differ for API v2.
var hintsV2 = map[livechat.Cause]string{
	livechat.Credentials: hints[livechat.Credentials] + "; new tokens may not be good for API v2 any more: try api_version \"3\"",
	livechat.Scope: "the token may not read the archive of API v2: give it the scope archives_read, or take one of an administrator; " +
		"new tokens may not get it: try api_version \"3\", which needs chats--all:ro",
	livechat.Version: "LiveChat has switched API v2 off: set api_version to \"3\"",
}

// Explain returns an error of the service with the hint for its cause. Any other error
// is returned unchanged.
func Explain(err error) error {
	var e *livechat.Error
	if !errors.As(err, &e) {
		return err
	}
	hint := hints[e.Cause]
	if other := hintsV2[e.Cause]; e.Version == "2" && other != "" {
		hint = other
	}
	if hint != "" {
		return WithHint(err, hint)
	}
	return err
}

// Passing reports whether err is one after which the same run can succeed later.
func Passing(err error) bool {
	var e *livechat.Error
	return errors.As(err, &e) && slices.Contains([]livechat.Cause{livechat.Expired, livechat.TooMany, livechat.Service, livechat.Network}, e.Cause)
}
