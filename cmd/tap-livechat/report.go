package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"

	"tap-livechat/tap"
	"tap-livechat/tap/config"
	"tap-livechat/tap/source"
)

// The exit codes. Those of signals are in main.go.
const (
	exitOK         = 0 // everything was delivered
	exitRuntime    = 1 // the service, the target, the disk, or an invalid state file
	exitUsage      = 2 // the command line, the config or the catalog is wrong; nothing was read
	exitBudget     = 3 // max_requests is used up; the next run goes on
	exitIncomplete = 4 // read to the end, but not complete; the next run reads again what is missing
)

func exitCode(err error) int {
	var (
		signal     interrupted
		incomplete interface{ Incomplete() bool }
		usage      usageError
		setting    *config.Error
		input      *inputError
	)
	switch {
	case err == nil:
		return exitOK
	case errors.As(err, &signal):
		return signal.code()
	case errors.As(err, &usage), errors.As(err, &setting), errors.As(err, &input), errors.Is(err, tap.ErrNothingSelected):
		return exitUsage
	case errors.Is(err, source.ErrBudget):
		return exitBudget
	case errors.As(err, &incomplete) && incomplete.Incomplete():
		return exitIncomplete
	}
	return exitRuntime
}

// inputError reports an input of the user that cannot be used.
type inputError struct {
	what string
	err  error
	hint string // empty: the cause has one
}

func (e *inputError) Error() string { return e.what + ": " + e.err.Error() }
func (e *inputError) Unwrap() error { return e.err }

func (e *inputError) Hint() string {
	if e.hint != "" {
		return e.hint
	}
	return hintOf(e.err)
}

// critical logs the error that ended the run. If it has several lines, each is logged
// as an ERROR. The last line is CRITICAL, with the first reason and the hint.
func critical(log *slog.Logger, err error) {
	lines := strings.Split(strings.TrimSpace(err.Error()), "\n")
	last := lines[0]
	if len(lines) > 1 {
		for _, line := range lines {
			log.Error(line)
		}
		last = fmt.Sprintf("%d problems; the first: %s", len(lines), lines[0])
	}
	if hint := hintOf(err); hint != "" {
		last += " — " + hint
	}
	log.Log(context.Background(), levelCritical, last, errorKey, err)
}

// hintOf returns the hint of the error or of one of its causes; empty if none has one.
func hintOf(err error) string {
	var h interface{ Hint() string }
	if errors.As(err, &h) {
		return h.Hint()
	}
	if errors.Is(err, source.ErrBudget) {
		return "run again with the last STATE"
	}
	return ""
}
