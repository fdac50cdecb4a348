package api

import (
	"context"
	"errors"
	"slices"
	"time"

	"tap-livechat/catalog"
	"tap-livechat/tap/livechat"
)

// Other is what became of the credentials at the API that the config does not name.
type Other struct {
	Version  string // that api_version has for it
	Err      error  // why the chats cannot be read there; nil if they can
	Requests int    // that it took to know
}

// aboutCredentials are the causes of errors that another API need not have.
var aboutCredentials = []livechat.Cause{livechat.Credentials, livechat.Scope, livechat.Version, livechat.Limit}

// TryOther asks the other API for the last day of what the config says to
// read, after a sample of the chosen one that took so many requests and ended
// with err. It asks nothing and returns false if that shows that the other one
// cannot be reached, either, or if max_requests leaves none.
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
