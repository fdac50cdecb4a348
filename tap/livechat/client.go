package livechat

import (
	"bytes"
	"context"
	"encoding/base64"
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

// Options are what a [Client] needs to know. The zero value of a field means
// what is said there.
type Options struct {
	BaseURL     string      // https://api.livechatinc.com if empty
	EntityID    secret.Text // empty: AccessToken is an OAuth token (Bearer)
	AccessToken secret.Text
	Region      string // sent as X-Region; empty: only if the token or the service names one
	UserAgent   string
	Workers     int           // requests at the same time; 1 if 0
	Timeout     time.Duration // for one request and all of its answer; 60 s if 0
	MaxRetries  int           // further tries of a request
	MaxRequests int           // 0: no limit
	Log         *slog.Logger  // nothing is logged if nil
	// Transport makes the requests; a transport of its own if nil.
	Transport http.RoundTripper
	// Observe is told of every request made, from any goroutine; may be nil.
	Observe func(Request)
}

// Request is a request that was made.
type Request struct {
	Endpoint string // as the Call names it
	Status   int    // 0: no answer
	OK       bool   // the answer was what was asked for
	Duration time.Duration
}

// Client asks LiveChat's APIs. It is safe for concurrent use.
type Client struct {
	opts        Options
	http        *http.Client
	auth        secret.Text
	secrets     []secret.Text // what must not be quoted from an answer
	throttle    *throttle
	region      atomic.Pointer[string] // that is configured, or that the service has named
	tokenRegion string                 // of the token: tokens have said where the account lives; dal is the default
	accepted    sync.Map               // the versions that have accepted the credentials
	warned      sync.Map               // the announcements that the user has been told of
	requests    atomic.Int64
	retries     atomic.Int64
	sent        atomic.Int64 // numbers the requests in the order they were sent
	clock       clock
	largeSlot   chan *reading // see newLarge
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
			// A redirect is an answer like any other: credentials go to the
			// host that the user named and to no other.
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}
	c.secrets = []secret.Text{o.AccessToken}
	if token := o.AccessToken.Reveal(); o.EntityID.IsZero() {
		c.auth = secret.New("Bearer " + token)
	} else {
		pair := base64.StdEncoding.EncodeToString([]byte(o.EntityID.Reveal() + ":" + token))
		c.auth = secret.New("Basic " + pair)
		c.secrets = append(c.secrets, secret.New(pair))
	}
	if region := o.Region; region != "" {
		c.region.Store(&region)
	} else if region, _, ok := strings.Cut(o.AccessToken.Reveal(), ":"); ok && isRegion(region) && region != "dal" {
		c.tokenRegion = region
	}
	return c, nil
}

// Usage is what has been asked so far.
func (c *Client) Usage() source.Usage {
	return source.Usage{Requests: int(c.requests.Load()), Retries: int(c.retries.Load()), Region: c.Region()}
}

// Workers is how many requests may be under way at the same time, and
// MaxRequests how many may be made at all; 0: no limit.
func (c *Client) Workers() int { return c.opts.Workers }

// MaxRequests is how many requests may be made at all; 0: no limit.
func (c *Client) MaxRequests() int { return c.opts.MaxRequests }

// Log is what the user is to know.
func (c *Client) Log() *slog.Logger { return c.opts.Log }

// Region is the data centre that requests are sent to; empty if none was named.
func (c *Client) Region() string { return c.regionFor(version2) }

// version2 is the only version whose tokens name a region.
const version2 = "2"

// regionFor is the region that a request names, if any.
func (c *Client) regionFor(version string) string {
	if r := c.region.Load(); r != nil {
		return *r
	}
	if version == version2 {
		return c.tokenRegion
	}
	return ""
}

// Call is one thing to ask the service for.
type Call struct {
	Op       string // in errors: "page 3 of the chats of 2024-01-05"
	Endpoint string // in metrics: "/chats/<id>"
	Method   string
	Path     string // with its query
	Version  string // of the API, sent as X-API-Version
	Body     []byte // JSON; nil: none is sent
	List     string // the member of the answer that is read by Each; empty: none
	// OwnScope says that the token may be refused for this call though it is good for
	// others: a 401 without a word says that it lacks a scope.
	OwnScope bool
	// Parse reads the answer. What it keeps of the document it must copy. An
	// error says that the answer is not what was asked for, so the call is made
	// again; an *Error is final.
	Parse func(*Answer) error
}

// Answer is what the service said. It is valid while it is parsed.
type Answer struct {
	*jsondoc.Doc
	Size       int       // of its body, in bytes
	Sent       int64     // the number of the request, in the order in which they were sent
	SentByThen int64     // how many requests had been sent when the answer was here: those after it were sent later
	Received   time.Time // by our clock, UTC
	// Date is when the service answered, by its own clock, UTC, to the second;
	// zero if it does not say, or cannot be believed: it is more than a day off
	// our clock, or more than a minute before what an earlier answer said.
	Date time.Time
	Text []byte // for the parser's use; kept for the next answer

	list   string
	stream *stream // a large answer that is still to be read
}

// Ask makes a call and gives its answer to be parsed. From the outside in:
//
//	retry     the same again, as retry.go says
//	region    once more in the data centre that the service names
//	throttle  fewer requests at a time after "too many"; the budget
//	exchange  one request, its time limit, its answer read and parsed, or judged
//
// The error is a *[Error], source.ErrBudget or the cause of the context's end.
func (c *Client) Ask(ctx context.Context, call Call) error {
	r := answers.Get().(*reading)
	defer answers.Put(r)
	return c.retry(ctx, func() error {
		sent := c.regionFor(call.Version)
		err := c.try(ctx, call, r)
		var e *Error
		if errors.As(err, &e) && e.Cause == Region {
			named := findRegion(e.Detail)
			if c.opts.Region == "" && named != "" && named != sent {
				c.opts.Log.Info("the account lives in another region", "region", named)
				c.region.Store(&named)
				return c.try(ctx, call, r)
			}
		}
		return err
	})
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
	started := time.Now()
	status, err := c.exchange(ctx, call, r)
	if c.opts.Observe != nil && ctx.Err() == nil {
		c.opts.Observe(Request{call.Endpoint, status, err == nil, time.Since(started)})
	}
	var a *retryableError
	switch {
	case err == nil:
		c.throttle.succeeded()
		c.accepted.Store(call.Version, true)
	case errors.As(err, &a) && a.err.Cause == TooMany:
		if limit, changed := c.throttle.backOff(time.Now(), a.wait); changed {
			c.opts.Log.Warn("the service asks to slow down", "max_concurrent_requests", limit)
		}
	}
	return err
}

// exchange makes one request, at most Timeout long, and reads its answer.
func (c *Client) exchange(ctx context.Context, call Call, r *reading) (status int, err error) {
	ctx, limit := withLimit(ctx, c.opts.Timeout)
	defer limit.end()
	req, err := c.request(ctx, call)
	if err != nil {
		return 0, &Error{Op: call.Op, Version: call.Version, Err: errors.New("the request cannot be made"), Cause: Address}
	}
	sent := c.sent.Add(1)
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
		maxBytes = -1 // the rest of the connection is not HTTP any more, and has no end
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
		r.Answer = Answer{Doc: &r.doc, Size: len(r.body), Sent: sent, SentByThen: c.sent.Load(), Received: time.Now().UTC(), Date: date, Text: r.Text[:0],
			list: call.List, stream: r.stream}
		if r.stream != nil {
			r.doc.Reset() // it is read by Each
			head = []byte("{")
		} else {
			err = r.doc.Parse(r.body)
		}
		if err == nil {
			if err = call.Parse(&r.Answer); err == nil {
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
	failure.Detail = describe(resp.Header.Get("Content-Type"), head, err)
	if errors.Is(err, jsondoc.ErrDepth) {
		return status, failure // it is whole, and will be the same next time
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
	if region := c.regionFor(call.Version); region != "" {
		req.Header.Set("X-Region", region)
	}
	return req, nil
}
