package livechat

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/cenkalti/backoff/v5"
)

const (
	firstWait = 500 * time.Millisecond // before the first retry; doubled for each further one, ± half of it
	maxWait   = 60 * time.Second       // maximum of these waits and of Retry-After
)

// retryableError is an error that a retry may resolve.
type retryableError struct {
	err  *Error
	wait time.Duration // from Retry-After; 0: the backoff decides
	less bool          // the next try requests less
}

func (a *retryableError) Error() string { return a.err.Error() }
func (a *retryableError) Unwrap() error { return a.err }

// retry calls try until it succeeds, fails permanently, or has been called
// MaxRetries+1 times; a failure after which the call requests less does not count. It
// retries requests without a response, 2xx responses that cannot
// be parsed, and error responses that classify calls retryable. It does not retry other
// errors, since each request costs money. Waits end with the context.
func (c *Client) retry(ctx context.Context, try func() error) error {
	waits := backoff.NewExponentialBackOff()
	waits.InitialInterval, waits.MaxInterval, waits.Multiplier = firstWait, maxWait, 2
	tries, left := 0, c.opts.MaxRetries
	_, err := backoff.Retry(ctx, func() (struct{}, error) {
		tries++
		err := try()
		var a *retryableError
		switch {
		case err == nil:
			return struct{}{}, nil
		case ctx.Err() != nil:
			return struct{}{}, backoff.Permanent(context.Cause(ctx))
		case !errors.As(err, &a):
			return struct{}{}, backoff.Permanent(err)
		case !a.less && left == 0:
			return struct{}{}, backoff.Permanent(err)
		}
		if !a.less {
			left--
		}
		if a.wait > 0 {
			return struct{}{}, errors.Join(err, &backoff.RetryAfterError{Duration: a.wait})
		}
		return struct{}{}, err
	},
		backoff.WithBackOff(waits),
		backoff.WithMaxElapsedTime(0), // limited by the tries, their timeout and maxWait
		backoff.WithNotify(func(err error, wait time.Duration) {
			c.retries.Add(1)
			var e *Error
			if errors.As(err, &e) {
				c.opts.Log.Warn("asking again", "reason", e.Error(), "wait", wait.Round(time.Millisecond).String(), "try", tries+1)
			}
		}),
	)
	var a *retryableError
	if errors.As(err, &a) {
		a.err.Tries = tries
		return a.err
	}
	return err
}

// retryAfter returns the wait of a Retry-After header, seconds or a date, at most
// maxWait; 0 if it is missing or invalid.
func retryAfter(h http.Header, now time.Time) time.Duration {
	text := strings.TrimSpace(h.Get("Retry-After"))
	if text == "" {
		return 0
	}
	if s, err := strconv.ParseFloat(text, 64); err == nil {
		if !(s > 0) {
			return 0
		}
		return time.Duration(min(s, maxWait.Seconds()) * float64(time.Second))
	}
	at, err := http.ParseTime(text)
	if err != nil || !at.After(now) {
		return 0
	}
	return min(at.Sub(now), maxWait)
}
