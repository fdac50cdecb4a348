package tap

import (
	"context"
	"errors"
	"slices"
	"time"

	"tap-livechat/catalog"
	"tap-livechat/tap/livechat"
	"tap-livechat/tap/record"
)

// OtherAPI is what became of the credentials at the API that the config does not name.
type OtherAPI struct {
	Version  string // that api_version has for it
	Err      error  // why the chats cannot be read there; nil if they can
	Requests int    // that it took to know
}

// TryOtherAPI asks the other API how many chats there were today, once. It asks
// nothing and returns false if the error, which is that of the chosen API or
// nil, shows that the other one cannot be reached, either.
func TryOtherAPI(ctx context.Context, o Options, err error) (other OtherAPI, tried bool) {
	var e *livechat.Error
	var incomplete *IncompleteError
	ofCredentials := errors.As(err, &e) && slices.Contains([]livechat.Cause{livechat.Credentials, livechat.Scope, livechat.Version, livechat.Limit}, e.Cause)
	if err != nil && !errors.As(err, &incomplete) && !ofCredentials {
		return other, false
	}
	other.Version = catalog.V3
	if o.Config.APIVersion == catalog.V3 {
		other.Version = catalog.V2
	}
	o.Config.APIVersion, o.Config.MaxRequests, o.Config.MaxRetries = other.Version, 0, min(o.Config.MaxRetries, 1)
	records, err := record.New(catalog.Selection{}, true)
	if err != nil {
		return other, false
	}
	api, err := open(o, records, nil)
	if err != nil {
		return other, false
	}
	_, _, other.Err = api.Count(ctx, o.Now.Truncate(24*time.Hour), o.Now)
	other.Requests = api.Usage().Requests
	return other, true
}
