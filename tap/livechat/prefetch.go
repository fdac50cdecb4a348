package livechat

import (
	"context"
	"errors"
	"iter"
	"sync"

	"tap-livechat/tap/source"
)

// Steps is the sequence that an Archive's Read returns: it runs read, which yields
// the steps. A yield fails when the caller has ended its loop, which is not an
// error of the sequence, and when the context has ended, which is. The context of
// read ends with the loop.
func Steps(ctx context.Context, read func(ctx context.Context, yield func(source.Step) error) error) iter.Seq2[source.Step, error] {
	return func(yield func(source.Step, error) bool) {
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		err := read(ctx, func(s source.Step) error {
			if ctx.Err() != nil {
				return context.Cause(ctx)
			}
			if !yield(s, nil) {
				return errStopped
			}
			return nil
		})
		if err != nil && !errors.Is(err, errStopped) {
			yield(source.Step{}, err)
		}
	}
}

// Prefetch says how many pages may be in flight: requested, or here and not yet
// yielded. That are as many as keep the workers busy, and fewer while pages are so
// large that memory would not stay flat. One goroutine uses it.
type Prefetch struct {
	pages, bytes int // the most
	pageSize     int // bytes, the largest of late
}

// NewPrefetch allows at most so many pages, and two at least; beyond those they may
// take at most so many bytes.
func NewPrefetch(pages, bytes int) *Prefetch { return &Prefetch{pages: max(pages, 2), bytes: bytes} }

// Learn notes how many bytes a page took.
func (p *Prefetch) Learn(size int) { p.pageSize = max(size, p.pageSize*15/16) }

// Capacity is how many pages may be in flight now.
func (p *Prefetch) Capacity() int { return min(p.pages, max(p.bytes/max(p.pageSize, 1), 2)) }

// buffers lends the memory that pages are rendered into.
var buffers = sync.Pool{New: func() any { return new([]byte) }}

// Buffer is an empty buffer with the capacity that an earlier page needed.
func Buffer() []byte { return (*buffers.Get().(*[]byte))[:0] }

// FreeBuffer gives a buffer back. Nothing may read it any more.
func FreeBuffer(b []byte) {
	b = b[:0]
	buffers.Put(&b)
}
