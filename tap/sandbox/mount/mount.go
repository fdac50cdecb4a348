// Package mount lets a client ask a handler without a socket: for tests, since
// virtual time (testing/synctest) stands still while a goroutine waits for one.
package mount

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strconv"
	"sync"
)

// A Mounted service answers with a handler, as a connection of its own for each request:
// what the handler has not written does not come, and when it gives up
// (http.ErrAbortHandler) the connection is gone.
type Mounted struct{ http.Handler }

var errReset = errors.New("connection reset by peer")

func (m Mounted) RoundTrip(r *http.Request) (*http.Response, error) {
	ctx, cancel := context.WithCancel(r.Context())
	c := &wire{ctx: ctx, cancel: cancel, header: make(http.Header), begun: make(chan struct{}), more: make(chan struct{}, 1), room: make(chan struct{}, 1)}
	go func() {
		defer func() {
			problem := recover()
			if problem != nil && problem != http.ErrAbortHandler {
				panic(problem)
			}
			c.end(problem != nil)
		}()
		asked := r.Clone(ctx)
		if asked.Body == nil { // as a server has it
			asked.Body = http.NoBody
		}
		m.ServeHTTP(c, asked)
	}()
	select {
	case <-c.begun:
	case <-ctx.Done():
	}
	if err := r.Context().Err(); err != nil {
		cancel()
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.status == 0 {
		cancel()
		return nil, errReset
	}
	length, err := strconv.ParseInt(c.header.Get("Content-Length"), 10, 64)
	if err != nil {
		length = -1
	}
	c.left = length
	return &http.Response{StatusCode: c.status, Header: c.header.Clone(), Body: c, ContentLength: length, Request: r}, nil
}

// wire is the answer to one request: the handler writes it, the client reads it.
type wire struct {
	ctx    context.Context
	cancel context.CancelFunc
	begun  chan struct{}
	once   sync.Once
	more   chan struct{} // something was written, or the end is there
	room   chan struct{} // something was read

	mu      sync.Mutex
	header  http.Header
	status  int
	buf     []byte
	at      int
	left    int64 // of Content-Length
	ended   bool
	aborted bool
}

func (c *wire) Header() http.Header { return c.header }

func (c *wire) WriteHeader(status int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.status == 0 {
		c.status = status
	}
}

// kept is how much an answer may be ahead of its reader.
const kept = 1 << 20

func (c *wire) Write(b []byte) (int, error) {
	c.WriteHeader(http.StatusOK)
	for {
		c.mu.Lock()
		if len(c.buf)-c.at <= kept {
			c.buf = append(c.buf[c.at:], b...)
			c.at = 0
			c.mu.Unlock()
			return len(b), nil
		}
		c.mu.Unlock()
		c.Flush()
		select {
		case <-c.room:
		case <-c.ctx.Done():
			return 0, errReset
		}
	}
}

func (c *wire) Flush() {
	c.WriteHeader(http.StatusOK)
	c.once.Do(func() { close(c.begun) })
	signal(c.more)
}

func (c *wire) end(aborted bool) {
	c.mu.Lock()
	c.ended, c.aborted = true, aborted
	if c.status == 0 && !aborted {
		c.status = http.StatusOK
	}
	c.mu.Unlock()
	c.once.Do(func() { close(c.begun) })
	signal(c.more)
}

func (c *wire) Read(b []byte) (int, error) {
	for {
		c.mu.Lock()
		n := copy(b, c.buf[c.at:])
		c.at += n
		c.left -= int64(n)
		ended, cut := c.ended, c.aborted || c.left > 0
		c.mu.Unlock()
		switch {
		case n > 0:
			signal(c.room)
			return n, nil
		case ended && cut:
			return 0, io.ErrUnexpectedEOF
		case ended:
			return 0, io.EOF
		}
		select {
		case <-c.more:
		case <-c.ctx.Done():
			return 0, c.ctx.Err()
		}
	}
}

func (c *wire) Close() error {
	c.cancel()
	return nil
}

func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}
