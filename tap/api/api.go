// Package api opens the API that a config names. Only this package knows which APIs
// exist, and which settings resolve an error of the service.
package api

import (
	"cmp"
	"log/slog"
	"net/http"

	"tap-livechat/catalog"
	"tap-livechat/tap/config"
	"tap-livechat/tap/livechat"
	"tap-livechat/tap/livechat/apiv2"
	"tap-livechat/tap/livechat/apiv3"
	"tap-livechat/tap/source"
)

// api is a [source.API] of an archive and lists that share one client.
type api struct {
	source.Archive
	source.Lists
	client *livechat.Client
}

func (a api) Usage() source.Usage { return a.client.Usage() }

// Options are the options of [Open].
type Options struct {
	Config    config.Config
	Version   string            // of the tap, for the user agent
	Log       *slog.Logger      // messages for the user
	Transport http.RoundTripper // makes the requests; one of the client's own if nil
	Records   source.Renderer   // renders chats and rows; nil if none are read
	Observe   func(livechat.Request)
}

// Open connects to the API that the config names. It makes no request.
func Open(o Options) (source.API, error) {
	c := o.Config
	client, err := livechat.New(livechat.Options{
		BaseURL:     c.APIURL,
		EntityID:    c.EntityID,
		AccessToken: c.AccessToken,
		Region:      c.Region,
		UserAgent:   cmp.Or(c.UserAgent, "tap-livechat/"+o.Version),
		Workers:     c.MaxConcurrentRequests,
		Timeout:     c.RequestTimeout,
		MaxRetries:  c.MaxRetries,
		MaxRequests: c.MaxRequests,
		Log:         o.Log,
		Transport:   o.Transport,
		Observe:     o.Observe,
	})
	if err != nil {
		return nil, err
	}
	var archive source.Archive = apiv2.New(client, o.Records)
	if c.APIVersion == catalog.V3 {
		archive = apiv3.New(client, o.Records)
	}
	return api{archive, livechat.NewLists(client, o.Records, apiv3.Lists(), apiv2.Lists()), client}, nil
}
