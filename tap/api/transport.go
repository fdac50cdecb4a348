package api

import (
	"net/http"

	"tap-livechat/tap/livechat"
)

// Transport returns a transport for the environment, which getenv looks up as
// [os.Getenv] does: it uses the proxy and trusts the certificates that the
// environment names. Warnings and error do not show values of variables.
func Transport(getenv func(string) string) (transport http.RoundTripper, warnings []string, err error) {
	t, warnings, err := livechat.Transport(getenv)
	if err != nil {
		return nil, warnings, err
	}
	return t, warnings, nil
}
