package apiv2

import (
	"io"
	"net/http"
	"regexp"
)

var (
	totalOf = regexp.MustCompile(`"total":\d+`)
	allOf   = regexp.MustCompile(`"total":\d+,"pages":\d+`)
)

// rewritten passes the bodies of a service's 200s through change.
func rewritten(rt http.RoundTripper, change func(body string) string) http.RoundTripper {
	return roundTrip(func(r *http.Request) (*http.Response, error) {
		resp, err := rt.RoundTrip(r)
		if err != nil || resp.StatusCode != 200 {
			return resp, err
		}
		body, err := io.ReadAll(resp.Body)
		if err != nil {
			return nil, err
		}
		return answer(200, change(string(body))), nil
	})
}
