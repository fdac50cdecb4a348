package api

import (
	"net/http"

	"tap-livechat/tap/livechat"
)

// Transport is what makes the requests of a run, as the environment, which is a
// list such as [os.Environ] returns, says: through its proxy, trusting its
// certificates. Warnings and error show the value of no variable.
func Transport(environ []string) (transport http.RoundTripper, warnings []string, err error) {
	t, warnings, err := livechat.Transport(environ)
	if err != nil {
		return nil, warnings, err
	}
	return t, warnings, nil
}
