package api

import (
	"context"
	"errors"
	"slices"
	"time"

	"tap-livechat/catalog"
	"tap-livechat/tap/livechat"
)

// Other is the result of trying the credentials with the other API.
type Other struct {
	Version  string // its value of api_version
	Err      error  // why chats cannot be read there; nil if they can be
	Requests int    // requests made
}

// aboutCredentials are the causes of errors that the other API may not have.
var aboutCredentials = []livechat.Cause{livechat.Credentials, livechat.Scope, livechat.Version, livechat.Limit}

// TryOther requests the number of chats of the range's last day from the API that the
// config does not name. requests and err are the result of a sample of the API that it
// names. TryOther makes no request and returns false if err shows that the other API
// cannot be reached either, or if max_requests allows no more requests.
func TryOther(ctx context.Context, o Options, now time.Time, requests int, err error) (other Other, tried bool) {
	var e *livechat.Error
	var incomplete interface{ Incomplete() bool }
	if err != nil && !errors.As(err, &incomplete) && !(errors.As(err, &e) && slices.Contains(aboutCredentials, e.Cause)) {
		return other, false
	}
	if o.Config.MaxRequests > 0 {
		if o.Config.MaxRequests -= requests; o.Config.MaxRequests <= 0 {
			return other, false
		}
	}
	other.Version = catalog.V3
	if o.Config.APIVersion == catalog.V3 {
		other.Version = catalog.V2
	}
	o.Config.APIVersion, o.Config.MaxRetries = other.Version, min(o.Config.MaxRetries, 1)
	api, err := Open(o)
	if err != nil {
		return other, false
	}
	to := o.Config.Until(now)
	_, other.Err = api.Count(ctx, to.Add(-24*time.Hour), to)
	other.Requests = api.Usage().Requests
	return other, true
}
