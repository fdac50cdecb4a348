// Command tap-livechat reads a company's LiveChat archive and writes it as
// Singer messages.
//
// It is the adapter between a process and package tap: flags, files, standard
// streams, signals, exit codes and the form of the log are here, and nothing
// else.
package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"syscall"
	"time"
	_ "time/tzdata" // zones on machines that have none, such as an empty container
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
	ctx, cancel := context.WithCancelCause(context.Background())
	defer cancel(nil)
	p := &process{args: os.Args[1:], environ: os.Environ(), stdout: os.Stdout, stderr: os.Stderr}
	p.screen = &screen{w: p.stderr}
	p.log = newLogger(p.environ, p.screen)
	go obey(signals, p.log, cancel)
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

// interrupted is the cause of a run that ended by a signal.
type interrupted struct{ signal os.Signal }

func (i interrupted) Error() string {
	if i.signal == syscall.SIGTERM {
		return "terminated by a signal"
	}
	return "interrupted"
}

func (i interrupted) Hint() string {
	return "run again with the last STATE: it goes on where this run stopped"
}

// code is the exit code by the shells' convention: 128 and the signal.
func (i interrupted) code() int {
	if i.signal == syscall.SIGTERM {
		return 143
	}
	return 130
}

// obey ends the run at the first signal. The run gets some time to write its
// last STATE; a second SIGINT does not wait for that. A second SIGTERM is
// ignored: Meltano sends both for one Ctrl-C.
func obey(signals <-chan os.Signal, log *slog.Logger, cancel context.CancelCauseFunc) {
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
			critical(log, fmt.Errorf("%w; the target does not read, so the last STATE could not be written again", first))
			os.Exit(first.code())
		case s := <-signals:
			if s == syscall.SIGINT {
				if ints++; ints > 1 {
					critical(log, interrupted{s})
					os.Exit(130)
				}
			}
		}
	}
}
