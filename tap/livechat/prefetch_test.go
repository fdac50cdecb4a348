package livechat

import (
	"context"
	"errors"
	"testing"

	"tap-livechat/tap/source"
)

// TestPrefetch: large pages are fewer in flight, two at least; the largest of late counts.
func TestPrefetch(t *testing.T) {
	p := NewPrefetch(10, 1000)
	want := func(n int) {
		t.Helper()
		if got := p.Capacity(); got != n {
			t.Errorf("%d pages may be in flight, want %d", got, n)
		}
	}
	want(10)
	p.Learn(50)
	want(10)
	p.Learn(250)
	want(4)
	p.Learn(1)
	want(4) // 234 bytes
	p.Learn(5000)
	want(2)
	for range 200 {
		p.Learn(1)
	}
	want(10)
	if n := NewPrefetch(1, 1000).Capacity(); n != 2 {
		t.Errorf("%d pages may be in flight, want 2", n)
	}
}

// TestSteps: a loop that the caller ends is no error, and ends the context of the reading;
// an error comes once, last; a context that has ended is an error.
func TestSteps(t *testing.T) {
	why := errors.New("so")
	var inner context.Context
	endless := func(ctx context.Context, yield func(source.Step) error) error {
		inner = ctx
		for {
			if err := yield(source.Step{Chat: &source.Chat{}}); err != nil {
				return err
			}
		}
	}
	for step, err := range Steps(t.Context(), endless) {
		if err != nil || step.Chat == nil {
			t.Errorf("%v, %v", step, err)
		}
		break
	}
	if inner.Err() == nil {
		t.Error("the context of the reading goes on")
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	defer cancel(nil)
	n := 0
	var last error
	for _, err := range Steps(ctx, endless) {
		if n++; n == 3 {
			cancel(why)
		}
		last = err
	}
	if n != 4 || !errors.Is(last, why) {
		t.Errorf("%d steps, the last with %v", n, last)
	}
}

// TestBuffers: a buffer that was given back is empty when it comes again.
func TestBuffers(t *testing.T) {
	b := append(Buffer(), "text"...)
	FreeBuffer(b)
	if again := Buffer(); len(again) != 0 {
		t.Errorf("%q", again)
	}
}
