package tap

import (
	"cmp"

	"tap-livechat/catalog"
	"tap-livechat/tap/livechat"
	"tap-livechat/tap/livechat/apiv2"
	"tap-livechat/tap/livechat/apiv3"
	"tap-livechat/tap/source"
)

// api is one that is put together of an archive and of lists, over one client.
type api struct {
	source.Archive
	source.Lists
	client *livechat.Client
}

func (a api) Usage() source.Usage { return a.client.Usage() }

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
	var archive source.Archive = apiv2.New(client, records)
	if c.APIVersion == catalog.V3 {
		archive = apiv3.New(client, records)
	}
	return api{archive, livechat.NewLists(client, records, apiv3.Lists(), apiv2.Lists()), client}, nil
}
