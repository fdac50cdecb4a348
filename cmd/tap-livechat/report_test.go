package main

import (
	"errors"
	"fmt"
	"io/fs"
	"syscall"
	"testing"

	"tap-livechat/tap"
	"tap-livechat/tap/config"
	"tap-livechat/tap/singer"
	"tap-livechat/tap/source"
	"tap-livechat/tap/state"
)

func TestExitCode(t *testing.T) {
	incomplete := &tap.IncompleteError{Streams: []string{"tags"}}
	for _, test := range []struct {
		err  error
		want int
	}{
		{nil, 0},
		{errors.New("x"), 1},
		{&singer.OutputError{Err: fs.ErrClosed}, 1},
		{&state.Error{}, 1},
		{usageError{"x"}, 2},
		{&config.Error{}, 2},
		{&inputError{"x", fs.ErrNotExist, ""}, 2},
		{tap.ErrNothingSelected, 2},
		{errors.Join(&config.Error{}, &state.Error{}), 2},
		{fmt.Errorf("x: %w", source.ErrBudget), 3},
		{fmt.Errorf("x: %w", incomplete), 4},
		{errors.Join(incomplete, source.ErrBudget), 3}, // not read to the end
		{fmt.Errorf("x: %w", interrupted{syscall.SIGTERM}), 143},
		{interrupted{syscall.SIGINT}, 130},
		{interrupted{syscall.SIGHUP}, 129},
	} {
		if got := exitCode(test.err); got != test.want {
			t.Errorf("%v: exit code %d, want %d", test.err, got, test.want)
		}
	}
}
