package livechat

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"time"
	"unicode"

	"tap-livechat/tap/jsondoc"
	"tap-livechat/tap/secret"
	"tap-livechat/tap/source"
)

// maxAnswer is the most that is read of one answer, unpacked: 200 times an
// ordinary page, far below what would hurt a small container for long.
const maxAnswer = 32 << 20

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
	Observe func(Made)
}

// Made is a request that was made.
type Made struct {
	Endpoint string // as the Call names it
	Status   int    // 0: no answer
	OK       bool   // the answer was what was asked for
	Duration time.Duration
}

// Client asks LiveChat's APIs. It is safe for concurrent use.
type Client struct {
	opts     Options
	http     *http.Client
	auth     secret.Text
	secrets  []secret.Text // what must not be quoted from an answer
	throttle *throttle
	region   atomic.Pointer[string]
	requests atomic.Int64
	retries  atomic.Int64
	sent     atomic.Int64 // numbers the requests in the order they were sent
	clock    clock
}

// New checks the base URL and returns a Client. It makes no request.
func New(o Options) (*Client, error) {
	if o.BaseURL == "" {
		o.BaseURL = "https://api.livechatinc.com"
	}
	base, err := url.Parse(o.BaseURL)
	if err != nil || base.Host == "" {
		return nil, errors.New("the base URL is none")
	}
	o.BaseURL = strings.TrimSuffix(o.BaseURL, "/")
	o.Workers = max(o.Workers, 1)
	if o.Timeout <= 0 {
		o.Timeout = time.Minute
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Transport == nil {
		t := http.DefaultTransport.(*http.Transport).Clone()
		t.MaxIdleConnsPerHost, t.MaxConnsPerHost = o.Workers, 0
		t.ReadBufferSize = 64 << 10
		o.Transport = t
	}
	c := &Client{
		opts:     o,
		throttle: newThrottle(o.Workers),
		http: &http.Client{
			Transport: o.Transport,
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
		// Tokens have said where the account lives; dal is the default.
		c.region.Store(&region)
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
func (c *Client) Region() string {
	if r := c.region.Load(); r != nil {
		return *r
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
	// Parse reads the answer. What it keeps of the document it must copy. An
	// error says that the answer is not what was asked for, so the call is made
	// again; an *Error is final.
	Parse func(*Answer) error
}

// Answer is what the service said. It is valid while it is parsed.
type Answer struct {
	*jsondoc.Doc
	Size     int       // of its body, in bytes
	Sent     int64     // the number of the request, in the order in which they were sent
	Before   int64     // how many requests had been sent when the answer was here: those after it were sent later
	Received time.Time // by our clock, UTC
	// Date is when the service answered, by its own clock, UTC, to the second;
	// zero if it does not say, or cannot be believed: it is more than a day off
	// our clock, or more than a minute before what an earlier answer said.
	Date time.Time
	Text []byte // for the parser's use; kept for the next answer
}

// answers are shared by the workers, so that there are no more of them than
// answers are read at a time.
var answers = sync.Pool{New: func() any { return new(reading) }}

// reading is what an answer is read with.
type reading struct {
	body bytes.Buffer
	doc  jsondoc.Doc
	Answer
}

// Ask makes a call and gives its answer to be parsed. From the outside in:
//
//	retry     the same again, as retry.go says
//	region    once more in the data centre that the service names
//	throttle  fewer requests at a time after "too many"; the budget
//	exchange  one request, its time limit, its answer read, judged and parsed
//
// The error is a *[Error], source.ErrBudget or the cause of the context's end.
func (c *Client) Ask(ctx context.Context, call Call) error {
	r := answers.Get().(*reading)
	defer answers.Put(r)
	return c.retry(ctx, func() error {
		sent := c.Region()
		err := c.try(ctx, call, r)
		var e *Error
		if errors.As(err, &e) && e.Type == typeMisdirected {
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
		c.opts.Observe(Made{call.Endpoint, status, err == nil, time.Since(started)})
	}
	var a *again
	switch {
	case err == nil:
		c.throttle.ok()
	case errors.As(err, &a) && (status == http.StatusTooManyRequests || a.err.Type == typeTooMany):
		if limit, changed := c.throttle.slow(time.Now(), a.wait); changed {
			c.opts.Log.Warn("the service asks to slow down", "max_concurrent_requests", limit)
		}
	}
	return err
}

// exchange makes one request, at most Timeout long, and reads its answer.
func (c *Client) exchange(ctx context.Context, call Call, r *reading) (status int, err error) {
	ctx, cancel := context.WithTimeoutCause(ctx, c.opts.Timeout, errSlow)
	defer cancel()
	req, err := c.request(ctx, call)
	if err != nil {
		return 0, &Error{Op: call.Op, Err: errors.New("the request cannot be made"), Cause: Address}
	}
	sent := c.sent.Add(1)
	resp, err := c.http.Do(req)
	if err != nil {
		return 0, &again{err: &Error{Op: call.Op, Err: c.why(ctx, err), Cause: Network}}
	}
	defer resp.Body.Close()
	date := c.clock.read(resp.Header.Get("Date"), time.Now())
	buf := &r.body
	buf.Reset()
	if n := resp.ContentLength; n > 0 && n <= maxAnswer {
		buf.Grow(int(n + n/2)) // and room for the times that are rewritten
	}
	n, err := io.Copy(buf, io.LimitReader(resp.Body, maxAnswer+1))
	if resp.StatusCode < 200 || resp.StatusCode > 299 {
		return resp.StatusCode, c.refusal(call.Op, resp, c.complaint(buf.Bytes()), time.Now())
	}
	wrong := &Error{Op: call.Op, Status: resp.StatusCode, Cause: Foreign}
	switch {
	case n > maxAnswer:
		wrong.Detail = fmt.Sprintf("the answer is longer than %d MiB", maxAnswer>>20)
		return resp.StatusCode, wrong
	case err != nil:
		wrong.Detail, wrong.Err = "the answer was cut off", c.why(ctx, err)
		return resp.StatusCode, &again{err: wrong}
	}
	r.Answer = Answer{Doc: &r.doc, Size: buf.Len(), Sent: sent, Before: c.sent.Load(), Received: time.Now().UTC(), Date: date, Text: r.Text[:0]}
	if err = r.doc.Parse(buf.Bytes()); err == nil {
		err = call.Parse(&r.Answer)
	}
	if err != nil {
		var final *Error
		if errors.As(err, &final) {
			final.Op = call.Op
			return resp.StatusCode, final
		}
		wrong.Detail = describe(resp.Header.Get("Content-Type"), buf.Bytes(), err)
		if errors.Is(err, jsondoc.ErrDepth) {
			return resp.StatusCode, wrong // it is whole, and will be the same next time
		}
		return resp.StatusCode, &again{err: wrong}
	}
	return resp.StatusCode, nil
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

var errSlow = errors.New("no complete answer within request_timeout")

// why is what went wrong below HTTP, without the URL that net/http puts before it.
func (c *Client) why(ctx context.Context, err error) error {
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

// describe says what came in place of the JSON that was asked for.
func describe(contentType string, body []byte, err error) string {
	start := bytes.TrimSpace(body)
	switch {
	case len(start) == 0:
		return "the answer is empty"
	case start[0] == '<' || strings.Contains(contentType, "html"):
		return "the answer is a web page, not JSON"
	}
	return "the answer is not what was asked for: " + Printable(err.Error())
}

// serviceError is what an answer other than 2xx says for itself.
type serviceError struct{ kind, message string }

// complaint reads the bodies that LiveChat's versions use for errors:
// {"error": "…"}, {"error": {"type", "message", "data"}}, {"errors": ["…"]}.
func (c *Client) complaint(body []byte) serviceError {
	var doc jsondoc.Doc
	if len(body) > 1<<16 || doc.Parse(bytes.Clone(body)) != nil {
		return serviceError{}
	}
	root := doc.Root()
	var said serviceError
	var words []string
	switch e := root.Get("error"); e.Kind() {
	case jsondoc.Object:
		said.kind = e.Get("type").Text()
		words = append(words, e.Get("message").Text())
		if region := e.Get("data").Get("region").Text(); region != "" {
			words = append(words, "region: "+region)
		}
	case jsondoc.String:
		words = append(words, e.Text())
	}
	for e := range root.Get("errors").All() {
		words = append(words, e.Text())
	}
	if m := root.Get("message"); m.Kind() == jsondoc.String {
		words = append(words, m.Text())
	}
	said.message = c.redact(strings.Join(words, "; "))
	said.kind = c.redact(said.kind)
	if said.kind == "" && strings.Contains(strings.ToLower(said.message), "misdirected") {
		said.kind = typeMisdirected
	}
	return said
}

// redact takes the credentials out of text that the service sent back.
func (c *Client) redact(text string) string {
	return Printable(secret.Redact(text, c.secrets...))
}

// Printable makes foreign text fit for one line of a log.
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

// safeURL is a URL that may be shown: without its query and user.
func safeURL(text string) string {
	u, err := url.Parse(text)
	if err != nil {
		return "an address that is none"
	}
	return Printable((&url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path}).String())
}

var regionWord = regexp.MustCompile(`\b[a-z]{3}[0-9]?\b`)

func isRegion(s string) bool { return s == "dal" || s == "fra" }

// findRegion is the data centre that a message names.
func findRegion(message string) string {
	if _, after, ok := strings.Cut(message, "region: "); ok {
		return regionWord.FindString(after)
	}
	for _, w := range regionWord.FindAllString(strings.ToLower(message), -1) {
		if isRegion(w) {
			return w
		}
	}
	return ""
}
