package livechat

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
)

// Workers run jobs concurrently, in the order of Start. Every goroutine of a reading is
// started here, and Stop waits for all of them.
type Workers[T any] struct {
	jobs chan *Job[T]
	Stop func() // also cancels running jobs
}

// Job is a call that returns a T, like a future.
type Job[T any] struct {
	do    func(context.Context) (T, error)
	done  chan struct{}
	value T
	err   error

	abandoned atomic.Bool
}

// errAbandoned is the error of a job that was abandoned before it started.
var errAbandoned = errors.New("abandoned")

// StartWorkers starts n workers. At most ahead jobs should be started and not yet waited
// for. The workers end with the context, or with Stop.
func StartWorkers[T any](ctx context.Context, n, ahead int) *Workers[T] {
	ctx, cancel := context.WithCancel(ctx)
	w := &Workers[T]{jobs: make(chan *Job[T], 2*ahead)}
	var workers sync.WaitGroup
	for range n {
		workers.Go(func() {
			for {
				select {
				case j := <-w.jobs:
					if j.abandoned.Load() {
						j.err = errAbandoned
					} else {
						j.value, j.err = j.do(ctx)
					}
					close(j.done)
				case <-ctx.Done():
					return
				}
			}
		})
	}
	w.Stop = func() {
		cancel()
		workers.Wait()
	}
	return w
}

// Start queues a job.
func (w *Workers[T]) Start(ctx context.Context, do func(context.Context) (T, error)) *Job[T] {
	j := &Job[T]{do: do, done: make(chan struct{})}
	select {
	case w.jobs <- j:
	case <-ctx.Done():
		j.err = context.Cause(ctx)
		close(j.done)
	}
	return j
}

// Done is closed when the job is done.
func (j *Job[T]) Done() <-chan struct{} { return j.done }

// Ready reports whether the job is done, without waiting.
func (j *Job[T]) Ready() bool {
	select {
	case <-j.done:
		return true
	default:
		return false
	}
}

// Wait returns the result of the job. It returns early with the context's error.
func (j *Job[T]) Wait(ctx context.Context) (T, error) {
	select {
	case <-j.done:
		return j.value, j.err
	case <-ctx.Done():
		var none T
		return none, context.Cause(ctx)
	}
}

// Abandon marks a job whose result is not needed: it is not started if it has not been.
func (j *Job[T]) Abandon() { j.abandoned.Store(true) }
