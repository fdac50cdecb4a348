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
	firstWait = 500 * time.Millisecond // before the second try; doubled for each further one, ± half of it
	maxWait   = 60 * time.Second       // the longest of these waits, and the most that Retry-After is obeyed
)

// retryableError marks an error that may go away when the same is asked again.
type retryableError struct {
	err  *Error
	wait time.Duration // what the service asks for; 0: our own backoff
}

func (a *retryableError) Error() string { return a.err.Error() }
func (a *retryableError) Unwrap() error { return a.err }

// retry calls try until it succeeds, fails for good, or has been called
// MaxRetries+1 times. Asked again are: requests without an answer, 2xx answers
// that are not what was asked for, and refusals that may pass, as classify says.
// Never: what another try does not mend, since such a request costs money.
// Waits end with the context.
func (c *Client) retry(ctx context.Context, try func() error) error {
	waits := backoff.NewExponentialBackOff()
	waits.InitialInterval, waits.MaxInterval, waits.Multiplier = firstWait, maxWait, 2
	tries := 0
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
		case a.wait > 0:
			return struct{}{}, errors.Join(err, &backoff.RetryAfterError{Duration: a.wait})
		}
		return struct{}{}, err
	},
		backoff.WithBackOff(waits),
		backoff.WithMaxTries(uint(c.opts.MaxRetries+1)),
		backoff.WithMaxElapsedTime(0), // bounded by the tries, their time limit and maxWait
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

// retryAfter reads the Retry-After header, seconds or a date, capped at
// maxWait; 0 if there is none that makes sense.
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
