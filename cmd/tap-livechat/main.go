// Command tap-livechat reads a company's LiveChat archive and writes it as
// Singer messages.
//
// It is the adapter between a process and package tap: flags, files, standard
// streams, signals, exit codes and the form of the log are here, and nothing
// else.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"sync/atomic"
	"syscall"
	"time"
	_ "time/tzdata" // zones on machines that have none, such as an empty container

	"tap-livechat/tap/singer"
)

// grace is how long a run may take to end after a signal. What holds it up
// then is a target that does not read.
const grace = 5 * time.Second

func main() {
	limitMemory()
	// A closed pipe is to be an error of the write, not the end of the process
	// without a word.
	signal.Ignore(syscall.SIGPIPE)
	signals := make(chan os.Signal, 4) // first of all: what comes before it just ends the process
	signal.Notify(signals, syscall.SIGINT, syscall.SIGTERM)
	if !signal.Ignored(syscall.SIGHUP) { // nohup has it ignored
		signal.Notify(signals, syscall.SIGHUP)
	}
	ctx, cancel := context.WithCancelCause(context.Background())
	defer cancel(nil)
	stdout, stderr := &watched{w: os.Stdout}, &watched{w: os.Stderr}
	p := &process{args: os.Args[1:], environ: os.Environ(), stdout: stdout, stderr: os.Stderr}
	p.screen = &screen{w: stderr}
	p.log = newLogger(p.environ, p.screen)
	go obey(signals, p.log, cancel, stdout, stderr)
	if stdoutIsClosed() {
		err := &singer.OutputError{Err: errors.New("it was closed when the program began")}
		critical(p.log, err)
		os.Exit(exitCode(err))
	}
	os.Exit(p.run(ctx))
}

// process is what the program sees of its surroundings.
type process struct {
	args           []string // without the program's name
	environ        []string
	stdout, stderr io.Writer
	log            *slog.Logger
	screen         *screen // what the log is written through; nil: it is not for a terminal
}

// watched is a writer that can be asked whether somebody reads.
type watched struct {
	w     io.Writer
	stuck atomic.Int32 // writes under way
}

func (w *watched) Write(b []byte) (int, error) {
	w.stuck.Add(1)
	defer w.stuck.Add(-1)
	return w.w.Write(b)
}

// interrupted is the cause of a run that ended by a signal.
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
	return "run again with the last STATE: it goes on where this run stopped"
}

// code is the exit code by the shells' convention: 128 and the signal.
func (i interrupted) code() int {
	if number, ok := i.signal.(syscall.Signal); ok {
		return 128 + int(number)
	}
	return exitRuntime
}

// obey ends the run at the first signal. The run gets some time to write its
// last STATE; a second SIGINT does not wait for that. A second SIGTERM is
// ignored: Meltano sends both for one Ctrl-C.
func obey(signals <-chan os.Signal, log *slog.Logger, cancel context.CancelCauseFunc, stdout, stderr *watched) {
	first := interrupted{<-signals}
	cancel(first)
	late := time.After(grace)
	ints := 0
	if first.signal == syscall.SIGINT {
		ints = 1
	}
	for {
		select {
		case <-late:
			why := "it did not end in time"
			if stdout.stuck.Load() > 0 {
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

// exit ends the process, with a last line if somebody reads what it writes to
// standard error.
func exit(log *slog.Logger, stderr *watched, err error, code int) {
	said := make(chan struct{})
	go func() {
		defer close(said)
		if stderr.stuck.Load() == 0 {
			critical(log, err)
		}
	}()
	select {
	case <-said:
	case <-time.After(time.Second):
	}
	os.Exit(code)
}
