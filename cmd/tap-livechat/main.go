// Command tap-livechat reads a company's LiveChat archive and writes it as
// Singer messages.
//
// It connects a process to package tap: flags, files, standard streams, signals, exit
// codes and the format of the log. It has no other logic.
package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"sync/atomic"
	"syscall"
	"time"
	_ "time/tzdata" // time zones for machines without a database, such as an empty container
)

// shutdownTimeout is how long a run may take to end after a signal. A run that takes
// longer is blocked by a target that does not read.
const shutdownTimeout = 5 * time.Second

func main() {
	limitMemory()
	// A closed pipe then is an error of the write. It would otherwise end the process
	// without a message.
	signal.Ignore(syscall.SIGPIPE)
	signals := make(chan os.Signal, 4) // as early as possible: a signal before this ends the process
	signal.Notify(signals, syscall.SIGINT, syscall.SIGTERM)
	if !signal.Ignored(syscall.SIGHUP) { // nohup ignores it
		signal.Notify(signals, syscall.SIGHUP)
	}
	ctx, cancel := context.WithCancelCause(context.Background())
	defer cancel(nil)
	stdout, stderr := &trackedWriter{w: os.Stdout}, &trackedWriter{w: os.Stderr}
	p := &process{args: os.Args[1:], environ: os.Environ(), stdout: stdout, stderr: os.Stderr}
	p.screen = &screen{w: stderr}
	p.log = newLogger(p.environ, p.screen)
	go handleSignals(signals, p.log, cancel, stdout, stderr)
	os.Exit(p.run(ctx))
}

// process is the program's environment: arguments, variables, standard streams, log.
type process struct {
	args           []string // without the program's name
	environ        []string
	stdout, stderr io.Writer
	log            *slog.Logger
	screen         *screen // the log is written through it; nil: not on a terminal
}

// trackedWriter is a writer that counts pending writes: a pending write means that the
// reader is blocked.
type trackedWriter struct {
	w       io.Writer
	pending atomic.Int32 // writes in progress
}

func (w *trackedWriter) Write(b []byte) (int, error) {
	w.pending.Add(1)
	defer w.pending.Add(-1)
	return w.w.Write(b)
}

// interrupted is the cause of the end of a run by a signal.
type interrupted struct{ signal os.Signal }

func (i interrupted) Error() string {
	switch i.signal {
	case syscall.SIGTERM:
		return "terminated by a signal"
	case syscall.SIGHUP:
		return "the terminal or session of this program has ended"
	}
	return "interrupted"
}

func (i interrupted) Hint() string {
	return "run again with the last STATE"
}

// code returns the exit code by the convention of shells: 128 + the signal's number.
func (i interrupted) code() int {
	if number, ok := i.signal.(syscall.Signal); ok {
		return 128 + int(number)
	}
	return exitRuntime
}

// handleSignals cancels the run at the first signal. The run then has shutdownTimeout
// to write its last STATE. A second SIGINT ends the process at once. A second SIGTERM
// is ignored: Meltano sends both for one Ctrl-C.
func handleSignals(signals <-chan os.Signal, log *slog.Logger, cancel context.CancelCauseFunc, stdout, stderr *trackedWriter) {
	first := interrupted{<-signals}
	cancel(first)
	late := time.After(shutdownTimeout)
	ints := 0
	if first.signal == syscall.SIGINT {
		ints = 1
	}
	for {
		select {
		case <-late:
			why := "it did not end in time"
			if stdout.pending.Load() > 0 {
				why = "the target does not read, so the last STATE could not be written again"
			}
			exit(log, stderr, fmt.Errorf("%w; %s", first, why), first.code())
		case s := <-signals:
			if s == syscall.SIGINT {
				if ints++; ints > 1 {
					exit(log, stderr, interrupted{s}, interrupted{s}.code())
				}
			}
		}
	}
}

// exit ends the process. It first logs err, unless standard error is blocked.
func exit(log *slog.Logger, stderr *trackedWriter, err error, code int) {
	logged := make(chan struct{})
	go func() {
		defer close(logged)
		if stderr.pending.Load() == 0 {
			critical(log, err)
		}
	}()
	select {
	case <-logged:
	case <-time.After(time.Second):
	}
	os.Exit(code)
}
