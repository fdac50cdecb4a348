package livechat

import (
	"bytes"
	"net/http"
	"net/url"
	"strings"
	"time"
	"unicode"

	"tap-livechat/tap/jsondoc"
	"tap-livechat/tap/secret"
)

// apiError is the error in the body of a response.
type apiError struct{ kind, message, region string }

// readAPIError reads an error in one of the forms that LiveChat's versions use:
// {"error": "…"}, {"error": {"type", "message", "data"}}, {"errors": ["…"]},
// {"message": "…"}. ok is false if there is none. With strict, a body that has other
// members is not an error of the last form: it may be a chat, with a visitor's message.
func (c *Client) readAPIError(root jsondoc.Value, strict bool) (said apiError, ok bool) {
	var words []string
	switch e := root.Get("error"); e.Kind() {
	case jsondoc.Object:
		said.kind = e.Get("type").Text()
		words = append(words, e.Get("message").Text())
		if region := e.Get("data").Get("region").Text(); region != "" {
			words = append(words, "region: "+region)
			if region = c.redact(region); secret.IsRegion(region) {
				said.region = region
			}
		}
	case jsondoc.String:
		words = append(words, e.Text())
	}
	for e := range root.Get("errors").All() {
		if e.Kind() == jsondoc.String {
			words = append(words, e.Text())
		}
	}
	if m := root.Get("message"); m.Kind() == jsondoc.String && (!strict || onlyErrorMembers(root)) {
		words = append(words, m.Text())
	}
	said.kind = strings.ToLower(strings.TrimSpace(said.kind))
	if kind := root.Get("type"); said.kind == "" && kind.Kind() == jsondoc.String {
		if _, known := errorTypes[kind.Text()]; known {
			said.kind = kind.Text()
		}
	}
	if _, known := errorTypes[strings.Join(words, "")]; known && said.kind == "" {
		said.kind, words = words[0], nil
	}
	said.kind, said.message = c.redact(said.kind), c.redact(strings.Join(words, "; "))
	if said.kind == "" && strings.Contains(strings.ToLower(said.message), "misdirected") {
		said.kind = typeMisdirected
	}
	return said, said != apiError{}
}

// onlyErrorMembers reports whether an object has only members that gateways use in
// errors.
func onlyErrorMembers(root jsondoc.Value) bool {
	for m := range root.All() {
		switch strings.ToLower(string(m.Name())) {
		case "message", "error", "errors", "error_description", "type", "code", "status", "statuscode", "success",
			"data", "details", "request_id", "requestid", "timestamp", "path":
		default:
			return false
		}
	}
	return true
}

// errorResponse completes e, the error of an error response. The result is e, or a
// retryableError around it.
func (c *Client) errorResponse(call Call, e *Error, header http.Header, apiErr apiError) error {
	v := classify(apiErr.kind, e.Status)
	e.Type, e.Detail, e.Cause, e.region = apiErr.kind, apiErr.message, v.cause, apiErr.region
	switch {
	case v.retryable:
		return &retryableError{err: e, wait: retryAfter(header, time.Now())}
	case e.Cause == Credentials && e.Type == "" && call.OwnScope:
		e.Cause = Scope
	case e.Cause == Credentials:
		e.Cause = c.refusedCredentials(call.Version)
	}
	if loc := header.Get("Location"); loc != "" && e.Detail == "" {
		e.Detail = "it points to " + c.redact(safeURL(loc))
	}
	return e
}

// refusedCredentials is the cause of an error that refuses the credentials.
func (c *Client) refusedCredentials(version string) Cause {
	if _, accepted := c.accepted.Load(version); accepted {
		return Expired
	}
	return Credentials
}

// announcements logs a warning, once for each version, if a response announces the end
// of the version.
func (c *Client) announcements(call Call, header http.Header) {
	for name, means := range map[string]string{
		"Deprecation": "LiveChat says that this version of its API is deprecated and when it will be switched off",
		"Legacy":      "LiveChat says that this version of its API is legacy and until when it stays so",
	} {
		date := c.redact(header.Get(name))
		if date == "" {
			continue
		}
		if _, known := c.warned.LoadOrStore([2]string{call.Version, name}, true); !known {
			c.opts.Log.Warn(means, "api_version", call.Version, "header", name, "date", date)
		}
	}
}

// describe returns what is wrong with a body that could not be parsed.
func (c *Client) describe(contentType string, body []byte, err error) string {
	start := bytes.TrimSpace(body)
	switch {
	case len(start) == 0:
		return "the answer is empty"
	case start[0] == '<' || strings.Contains(contentType, "html"):
		return "the answer is a web page, not JSON"
	}
	return "the answer is not what was asked for: " + c.redact(err.Error())
}

// redact hides the credentials in a text of the service, and makes it safe for a log.
func (c *Client) redact(text string) string { return Printable(c.hide(text)) }

// Printable makes a text safe for one line of a log: printable characters only, at most
// 300.
func Printable(text string) string {
	text = strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return ' '
		}
		return r
	}, text)
	if runes := []rune(text); len(runes) > 300 {
		text = string(runes[:300]) + "…"
	}
	return text
}

// safeURL returns a URL without query and user, so that it may be shown.
func safeURL(text string) string {
	u, err := url.Parse(text)
	if err != nil {
		return "an address that is none"
	}
	return Printable((&url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path}).String())
}
