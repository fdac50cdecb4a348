package livechat

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
)

// transport returns the options' transport, or a clone of the default one that
// distinguishes responses of a proxy from those of the service.
func transport(o Options) http.RoundTripper {
	t, ok := o.Transport.(*http.Transport)
	if o.Transport != nil && !ok {
		return o.Transport
	}
	if t == nil {
		t = http.DefaultTransport.(*http.Transport)
	}
	t = t.Clone()
	t.MaxIdleConnsPerHost, t.MaxConnsPerHost = o.Workers, 0
	t.ReadBufferSize = 64 << 10
	t.OnProxyConnectResponse = func(_ context.Context, _ *url.URL, _ *http.Request, answer *http.Response) error {
		if answer.StatusCode == http.StatusOK {
			return nil
		}
		return &proxyError{answer.StatusCode, Printable(answer.Status)}
	}
	return t
}

// proxyError is the refusal of a request by a proxy.
type proxyError struct {
	code   int
	status string // "407 Proxy Authentication Required"
}

func (e *proxyError) Error() string {
	return fmt.Sprintf("the proxy HTTPS_PROXY names refused (%s)", e.status)
}

var errSlow = errors.New("no complete answer within request_timeout")

// networkError returns the error of a request without a response.
func (c *Client) networkError(ctx context.Context, call Call, err error) error {
	e := &Error{Op: call.Op, Version: call.Version, Err: c.cause(ctx, err), Cause: Network}
	var (
		proxy       *proxyError
		dial        *net.OpError
		certificate *tls.CertificateVerificationError
		noTLS       tls.RecordHeaderError
	)
	switch {
	case errors.As(err, &proxy):
		e.Cause, e.Err = Proxy, proxy
		if proxy.code < 400 || proxy.code >= 500 {
			return &retryableError{err: e}
		}
		return e
	case errors.As(err, &certificate):
		e.Cause = Certificate
		return e
	case errors.As(err, &noTLS), errors.Is(err, http.ErrSchemeMismatch):
		e.Cause = Address
		return e
	case errors.As(err, &dial) && dial.Op == "proxyconnect":
		e.Cause, e.Err = Proxy, fmt.Errorf("the proxy HTTPS_PROXY names cannot be reached: %w", e.Err)
	}
	return &retryableError{err: e}
}

// cause returns an error below HTTP without the URL that net/http adds.
func (c *Client) cause(ctx context.Context, err error) error {
	if ctx.Err() != nil && errors.Is(context.Cause(ctx), errSlow) {
		return errSlow
	}
	var u *url.Error
	if errors.As(err, &u) {
		err = u.Err
	}
	// net/http quotes header lines that it cannot read.
	if text := c.redact(err.Error()); text != err.Error() {
		return errors.New(text)
	}
	return err
}
