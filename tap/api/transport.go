package api

import (
	"net/http"

	"tap-livechat/tap/livechat"
)

// Transport returns a transport for the environment, a list such as [os.Environ]
// returns: it uses the proxy and trusts the certificates that the environment names.
// Warnings and error do not show values of variables.
func Transport(environ []string) (transport http.RoundTripper, warnings []string, err error) {
	t, warnings, err := livechat.Transport(environ)
	if err != nil {
		return nil, warnings, err
	}
	return t, warnings, nil
}
