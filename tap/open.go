package tap

import (
	"cmp"
	"context"
	"iter"

	"tap-livechat/tap/livechat"
	"tap-livechat/tap/livechat/apiv2"
	"tap-livechat/tap/livechat/apiv3"
	"tap-livechat/tap/source"
)

// api is one that is put together of an archive and of lists, over one client.
type api struct {
	source.Archive
	client *livechat.Client
}

func (a api) Usage() source.Usage { return a.client.Usage() }

// List is none's yet.
func (a api) List(context.Context, string, source.Range) iter.Seq2[*source.Row, error] {
	return func(yield func(*source.Row, error) bool) { yield(nil, source.ErrNotServed) }
}

// open connects to the API that the config names. This file alone knows which
// APIs there are. It makes no request.
func open(o Options, records source.Renderer, observe func(livechat.Made)) (source.API, error) {
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
		Observe:     observe,
	})
	if err != nil {
		return nil, err
	}
	if c.APIVersion == "3" {
		return api{apiv3.New(client, records), client}, nil
	}
	return api{apiv2.New(client, records), client}, nil
}
