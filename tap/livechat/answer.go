package livechat

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"sync"
	"time"

	"tap-livechat/tap/jsondoc"
	"tap-livechat/tap/source"
)

const (
	// maxAnswer is the most that is read of one answer, unpacked, or of one element
	// of its list: 200 times an ordinary page.
	maxAnswer = source.MaxChat
	// maxElements is how long a list may be that is read element by element: ten
	// times the largest page of any API. Beyond it there may be no end.
	maxElements = 1000
	// maxErrorBody is the most that is read of an answer that is no 2xx.
	maxErrorBody = 64 << 10
	// largeAnswer is from when on only one answer is read at a time.
	largeAnswer = 2 << 20
)

// reading is what an answer is read with.
type reading struct {
	body     []byte
	doc      jsondoc.Doc
	stream   *stream // the answer is read through it; nil: it is in body
	streamed stream
	Answer
}

// answers are shared by the workers, so that there are no more of them than
// answers are read at a time.
var answers = sync.Pool{New: func() any { return new(reading) }}

// newLargeSlot makes what large answers are read with, one after the other. The
// memory of several at a time would not be small, and each worker would keep what
// it has got.
func newLargeSlot() chan *reading {
	large := make(chan *reading, 1)
	large <- new(reading)
	return large
}

// body reads the body of an answer, at most one byte more than most, with r; or
// with what large answers are read with, which done gives back. A large answer
// with a list is not read yet, but made ready to be.
func (c *Client) body(ctx context.Context, l *limit, resp *http.Response, most int64, list string, r *reading) (with *reading, n int64, done func(), err error) {
	r.stream = nil
	fits := min(most, largeAnswer)
	length := resp.ContentLength
	r.body = r.body[:0]
	if length > 0 && length <= fits {
		r.body = withRoom(r.body, length+length/2) // and for the times that are rewritten
	}
	done = func() {}
	if length <= fits || fits == most { // else it is large for sure
		r.body, err = readMost(r.body, resp.Body, fits+1)
		if n = int64(len(r.body)); n <= fits || fits == most || err != nil {
			return r, n, done, err
		}
	}
	l.pause() // the time to wait for others is not the service's
	select {
	case with = <-c.largeSlot:
		l.resume()
	case <-ctx.Done():
		return r, n, done, ctx.Err()
	}
	done = func() { c.largeSlot <- with }
	if list != "" {
		with.stream = &with.streamed
		with.stream.from = io.MultiReader(bytes.NewReader(r.body), resp.Body)
		return with, n, done, nil
	}
	with.stream = nil
	with.body = with.body[:0]
	if room := length + length/4; length > 0 && length <= most && int64(cap(with.body)) < room {
		with.body = nil
		with.doc.Release() // before more is taken: there is not room for both
		with.body = withRoom(nil, room)
	}
	with.body, err = readMost(append(with.body, r.body...), resp.Body, most+1)
	return with, int64(len(with.body)), done, err
}

// withRoom is an empty buffer for n bytes, and not for many more.
func withRoom(b []byte, n int64) []byte {
	if int64(cap(b)) >= n {
		return b[:0]
	}
	return make([]byte, 0, n)
}

// readMost reads until b holds most bytes, or to the end. It lets b grow by a
// quarter where that is large.
func readMost(b []byte, from io.Reader, most int64) ([]byte, error) {
	for int64(len(b)) < most {
		if len(b) == cap(b) {
			b = append(b, 0)[:len(b)]
		}
		n, err := from.Read(b[len(b):min(int64(cap(b)), most)])
		b = b[:len(b)+n]
		if err == io.EOF {
			return b, nil
		}
		if err != nil {
			return b, err
		}
	}
	return b, nil
}

// limit ends a request that takes too long.
type limit struct {
	timer  *time.Timer
	left   time.Duration
	since  time.Time
	cancel context.CancelCauseFunc
}

// withLimit is a context that ends with errSlow.
func withLimit(ctx context.Context, d time.Duration) (context.Context, *limit) {
	ctx, cancel := context.WithCancelCause(ctx)
	return ctx, &limit{time.AfterFunc(d, func() { cancel(errSlow) }), d, time.Now(), cancel}
}

// pause stops the time until resume.
func (l *limit) pause() {
	l.timer.Stop()
	l.left -= time.Since(l.since)
}

func (l *limit) resume() {
	l.since = time.Now()
	l.timer.Reset(max(l.left, 0))
}

// end gives up what is still under way.
func (l *limit) end() {
	l.timer.Stop()
	l.cancel(nil)
}
