package livechat

import (
	"context"
	"sync"
)

// job is one page to be fetched. page and err may be read once done is closed.
type job struct {
	q    query
	n    int
	done chan struct{}
	page *page
	err  error
}

// ready tells whether the job is done, without waiting.
func (j *job) ready() bool {
	select {
	case <-j.done:
		return true
	default:
		return false
	}
}

// wait ends when the job is done, or with the context.
func (j *job) wait(ctx context.Context) (*page, error) {
	select {
	case <-j.done:
		return j.page, j.err
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

// fetcher is the workers. Every goroutine of a read is started here, and
// stop waits for all of them.
type fetcher struct {
	jobs  chan *job
	stop  func()
	ahead int // jobs that may be under way or wait to be read, to bound memory
}

// mostSpare is how many pages may lie ready beyond those being fetched. They
// even out answers of different speed; each is some 250 KB of records.
const mostSpare = 8

func (c *Client) startFetcher(ctx context.Context) *fetcher {
	ctx, cancel := context.WithCancel(ctx)
	f := &fetcher{ahead: c.opts.Workers + min(c.opts.Workers, mostSpare) + 2}
	f.jobs = make(chan *job, 2*f.ahead)
	var workers sync.WaitGroup
	for range c.opts.Workers {
		workers.Go(func() {
			for {
				select {
				case j := <-f.jobs:
					s := scratches.Get().(*scratch)
					j.page, j.err = c.page(ctx, s, j.q, j.n)
					scratches.Put(s)
					close(j.done)
				case <-ctx.Done():
					return
				}
			}
		})
	}
	f.stop = func() {
		cancel()
		workers.Wait()
	}
	return f
}

// start hands page n of q to the workers.
func (f *fetcher) start(ctx context.Context, q query, n int) *job {
	j := &job{q: q, n: n, done: make(chan struct{})}
	select {
	case f.jobs <- j:
	case <-ctx.Done():
		j.err = context.Cause(ctx)
		close(j.done)
	}
	return j
}
