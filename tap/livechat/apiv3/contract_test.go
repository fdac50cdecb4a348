package apiv3

import (
	"net/http"
	"testing"

	"tap-livechat/tap/livechat"
	"tap-livechat/tap/secret"
	"tap-livechat/tap/source"
	"tap-livechat/tap/source/sourcetest"
)

// TestArchive holds the archive against the contract of the seam.
func TestArchive(t *testing.T) {
	sourcetest.Archive(t, func(transport http.RoundTripper, renderer source.Renderer) source.Archive {
		client, err := livechat.New(livechat.Options{
			EntityID: secret.New("account"), AccessToken: secret.New("token"), Workers: 4, MaxRetries: 8, Transport: transport,
		})
		if err != nil {
			t.Fatal(err)
		}
		return New(client, renderer)
	})
}
