package livechat

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"tap-livechat/tap/jsondoc"
	"tap-livechat/tap/secret"
	"tap-livechat/tap/source"
)

// Options are the options of a [Client]. The comment of a field says what its zero
// value means.
type Options struct {
	BaseURL     string      // https://api.livechatinc.com if empty
	EntityID    secret.Text // empty: AccessToken is an OAuth token (Bearer)
	AccessToken secret.Text
	Region      string // sent as X-Region; empty: the region that the token or the service names, if any
	UserAgent   string
	Workers     int           // concurrent requests; 1 if 0
	Timeout     time.Duration // of one request, including its whole response; 60 s if 0
	MaxRetries  int           // retries of a request
	MaxRequests int           // 0: no limit
	Log         *slog.Logger  // nothing is logged if nil
	// Transport makes the requests; a clone of http.DefaultTransport if nil.
	Transport http.RoundTripper
	// Observe is called after every request, from any goroutine; may be nil.
	Observe func(Request)
}

// Request is a finished request, for metrics.
type Request struct {
	Endpoint string // as in the Call
	Status   int    // HTTP status; 0: no response
	OK       bool   // the response could be parsed
	Duration time.Duration
}

// Client makes calls to LiveChat's APIs. It is safe for concurrent use.
type Client struct {
	opts      Options
	http      *http.Client
	auth      secret.Text
	hide      func(text string) string // hides the credentials in a text of a response
	throttle  *throttle
	region    atomic.Pointer[string] // the configured region, or the one that the token or the service named; empty if none
	accepted  sync.Map               // API versions that have accepted the credentials
	warned    sync.Map               // deprecation headers that have been logged
	requests  atomic.Int64
	succeeded atomic.Int64 // requests
	retries   atomic.Int64
	clock     clock
	largeSlot chan *reading // see newLargeSlot
}

// New checks the base URL and returns a Client. It makes no request.
func New(o Options) (*Client, error) {
	if o.BaseURL == "" {
		o.BaseURL = "https://api.livechatinc.com"
	}
	base, err := url.Parse(o.BaseURL)
	if err != nil || base.Host == "" {
		return nil, errors.New("the base URL is not an address")
	}
	o.BaseURL = strings.TrimSuffix(o.BaseURL, "/")
	o.Workers = max(o.Workers, 1)
	if o.Timeout <= 0 {
		o.Timeout = time.Minute
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	c := &Client{
		opts:      o,
		throttle:  newThrottle(o.Workers),
		largeSlot: newLargeSlot(),
		http: &http.Client{
			Transport: transport(o),
			// Redirects are not followed: credentials are sent only to the host that
			// the user named.
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}
	c.hide = secret.Redactor(o.EntityID, o.AccessToken)
	c.auth = secret.New("Bearer " + o.AccessToken.Reveal())
	if !o.EntityID.IsZero() {
		c.auth = secret.New("Basic " + secret.Basic(o.EntityID, o.AccessToken).Reveal())
	}
	region := cmp.Or(o.Region, o.AccessToken.Region())
	c.region.Store(&region)
	return c, nil
}

// Usage counts the requests made so far.
func (c *Client) Usage() source.Usage {
	return source.Usage{Requests: int(c.requests.Load()), Retries: int(c.retries.Load()), Region: c.Region()}
}

// Workers is the maximum number of concurrent requests.
func (c *Client) Workers() int { return c.opts.Workers }

// MaxRequests is the maximum number of requests; 0: no limit.
func (c *Client) MaxRequests() int { return c.opts.MaxRequests }

// Log is the log for the user.
func (c *Client) Log() *slog.Logger { return c.opts.Log }

// Region is the data centre to which requests are sent; empty if none was named.
func (c *Client) Region() string { return *c.region.Load() }

// Call is one call of an API.
type Call struct {
	Op       string // in errors: "page 3 of the chats of 2024-01-05"
	Endpoint string // in metrics: "/chats/<id>"
	Method   string
	Path     string // with query
	Version  string // of the API; sent as X-API-Version
	Body     []byte // JSON; nil: no body
	List     string // the member of the response that Answer.Each reads; empty: none
	// OwnScope means that the call needs a scope that other calls do not need. A 401
	// without an error type then means that the scope is missing.
	OwnScope bool
	// Parse reads the answer. It must copy what it keeps of the document. If it returns
	// an error, the call is retried; an *Error is final.
	Parse func(*Answer) error
	// Use, if not nil, is called with the answer that Parse has accepted, by the goroutine
	// that called Ask. The time that it takes is not the request's. An answer that
	// Answer.Each reads has no Use.
	Use func(*Answer)
	// Reduce, if not nil, is called after an answer that was too much for the
	// service, for the way to it, or for the tap (see Error.TooMuch). It returns the
	// body that asks for less, or nil if there is no less to ask for.
	Reduce func() []byte
}

// Answer is the response to a call. It is valid until Call.Parse and Call.Use return.
type Answer struct {
	*jsondoc.Doc
	Size     int       // of the body, in bytes
	Received time.Time // by this machine's clock, UTC
	// Date is the time of the response by the service's clock, UTC, to the second. It is
	// zero if the header is missing or implausible: more than a day off this machine's
	// clock, or more than a minute before the Date of an earlier answer.
	Date time.Time
	Text []byte // a buffer for Call.Parse; reused for later answers

	list   string
	stream *stream // a large answer that has not been read yet
}

// Ask makes a call and parses its answer with call.Parse. Its layers, outermost first:
//
//	retry     retries of the call (retry.go)
//	region    one more request, to the data centre that the service names
//	throttle  the limit of concurrent requests, lower after a 429; the budget
//	exchange  one request with its timeout; the response is parsed or classified
//
// The error is a *[Error], source.ErrBudget or the cause of the context's end.
func (c *Client) Ask(ctx context.Context, call Call) error {
	r := answers.Get().(*reading)
	defer answers.Put(r)
	return c.retry(ctx, func() error {
		sent := c.Region()
		err := c.try(ctx, call, r)
		var e *Error
		if errors.As(err, &e) && e.Cause == Region {
			if named := e.region; c.opts.Region == "" && named != "" && named != sent {
				c.opts.Log.Info("the account lives in another region", "region", named)
				c.region.Store(&named)
				return c.try(ctx, call, r)
			}
		}
		return reduce(&call, err)
	})
}

// reduce has the call ask for less if its answer was too much.
func reduce(call *Call, err error) error {
	var e *Error
	if call.Reduce == nil || !errors.As(err, &e) || !e.TooMuch() {
		return err
	}
	body := call.Reduce()
	if body == nil {
		return err
	}
	call.Body = body
	var a *retryableError
	if !errors.As(err, &a) {
		a = &retryableError{err: e}
	}
	a.less = true
	return a
}

func (c *Client) try(ctx context.Context, call Call, r *reading) error {
	if err := c.throttle.acquire(ctx); err != nil {
		return err
	}
	defer c.throttle.release()
	if n := c.requests.Add(1); c.opts.MaxRequests > 0 && n > int64(c.opts.MaxRequests) {
		c.requests.Add(-1)
		return source.ErrBudget
	}
	started, used := time.Now(), time.Duration(0)
	if use := call.Use; use != nil {
		call.Use = func(a *Answer) {
			began := time.Now()
			use(a)
			used = time.Since(began)
		}
	}
	status, err := c.exchange(ctx, call, r)
	if c.opts.Observe != nil && ctx.Err() == nil {
		c.opts.Observe(Request{call.Endpoint, status, err == nil, time.Since(started) - used})
	}
	var a *retryableError
	switch {
	case err == nil:
		c.throttle.succeeded()
		c.succeeded.Add(1)
		c.accepted.Store(call.Version, true)
	case errors.As(err, &a) && a.err.Cause == TooMany:
		if limit, changed := c.throttle.backOff(time.Now(), a.wait); changed {
			c.opts.Log.Warn("the service asks to slow down", "max_concurrent_requests", limit)
		}
	}
	return err
}

// exchange makes one request and parses its response, within Timeout.
func (c *Client) exchange(ctx context.Context, call Call, r *reading) (status int, err error) {
	ctx, limit := withLimit(ctx, c.opts.Timeout)
	defer limit.end()
	req, err := c.request(ctx, call)
	if err != nil {
		return 0, &Error{Op: call.Op, Version: call.Version, Err: errors.New("the request cannot be made"), Cause: Address}
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return 0, c.networkError(ctx, call, err)
	}
	defer resp.Body.Close()
	c.announcements(call, resp.Header)
	date := c.clock.read(resp.Header.Get("Date"), time.Now())
	status = resp.StatusCode
	success, maxBytes := status >= 200 && status < 300, int64(maxAnswer)
	switch {
	case status < 200:
		maxBytes = -1 // the connection has switched to another protocol; its data has no end
	case !success:
		maxBytes = maxErrorBody
	}
	list := ""
	if success {
		list = call.List
	}
	r, n, done, err := c.body(ctx, limit, resp, maxBytes, list, r)
	defer done()
	failure := &Error{Op: call.Op, Version: call.Version, Status: status, DebugID: c.redact(resp.Header.Get("X-Debug-Id")), Cause: Foreign}
	switch {
	case !success:
		var apiErr apiError
		if n <= maxBytes && r.doc.Parse(r.body) == nil {
			apiErr, _ = c.readAPIError(r.doc.Root(), false)
		}
		return status, c.errorResponse(call, failure, resp.Header, apiErr)
	case n > maxBytes && err == nil && r.stream == nil:
		err = errTooLarge()
	case err != nil:
		failure.Detail, failure.Err = "the answer was cut off", c.cause(ctx, err)
		return status, &retryableError{err: failure}
	}
	head := r.body
	if err == nil {
		r.Answer = Answer{Doc: &r.doc, Size: len(r.body), Received: time.Now().UTC(), Date: date, Text: r.Text[:0],
			list: call.List, stream: r.stream}
		if r.stream != nil {
			r.doc.Reset() // Each reads it
			head = []byte("{")
		} else {
			err = r.doc.Parse(r.body)
		}
		if err == nil {
			if err = call.Parse(&r.Answer); err == nil {
				if call.Use != nil {
					call.Use(&r.Answer)
				}
				return status, nil
			}
			if apiErr, success := c.readAPIError(r.doc.Root(), true); success {
				return status, c.errorResponse(call, failure, resp.Header, apiErr)
			}
		}
	}
	var (
		final *Error
		cut   *cutError
	)
	switch {
	case errors.As(err, &final):
		final.Op, final.Version = call.Op, call.Version
		if final.Cause == TooLarge {
			final.Status = status
		}
		return status, final
	case errors.As(err, &cut):
		failure.Detail, failure.Err = cut.Error(), c.cause(ctx, cut.err)
		return status, &retryableError{err: failure}
	}
	failure.Detail = c.describe(resp.Header.Get("Content-Type"), head, err)
	if errors.Is(err, jsondoc.ErrDepth) {
		return status, failure // the response is complete, so a retry would return the same
	}
	return status, &retryableError{err: failure}
}

func (c *Client) request(ctx context.Context, call Call) (*http.Request, error) {
	var body io.Reader
	if call.Body != nil {
		body = bytes.NewReader(call.Body)
	}
	req, err := http.NewRequestWithContext(ctx, call.Method, c.opts.BaseURL+call.Path, body)
	if err != nil {
		return nil, err
	}
	if call.Body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	req.Header.Set("Authorization", c.auth.Reveal())
	req.Header.Set("X-API-Version", call.Version)
	req.Header.Set("Accept", "application/json")
	req.Header.Set("User-Agent", c.opts.UserAgent)
	if region := c.Region(); region != "" {
		req.Header.Set("X-Region", region)
	}
	return req, nil
}
