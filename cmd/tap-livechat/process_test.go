//go:build unix

package main

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// The tests in here run the real program as a process of its own, and end it in
// every way in which a process can end.

// binary is the program, built once for the tests that need it.
var binary = sync.OnceValues(func() (string, error) {
	path := filepath.Join(binaryDir, "tap-livechat")
	out, err := exec.Command("go", "build", "-o", path, ".").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("%w: %s", err, out)
	}
	return path, nil
})

var binaryDir string

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "tap-livechat")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	binaryDir = dir
	code := m.Run()
	os.RemoveAll(dir)
	os.Exit(code)
}

// startSandbox serves an archive from another process and returns its address.
func startSandbox(t *testing.T, switches string) string {
	t.Helper()
	path, err := binary()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(path, "sandbox", "--listen", "127.0.0.1:0", "--switches", switches)
	stderr, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	line, err := bufio.NewReader(stderr).ReadString('\n')
	_, url, ok := strings.Cut(strings.TrimSpace(line), "api_url=")
	if err != nil || !ok {
		t.Fatalf("%q, %v", line, err)
	}
	return url
}

// job is one run of the tap against an archive.
type job struct {
	cmd    *exec.Cmd
	stdout bytes.Buffer
	stderr bytes.Buffer
}

// newJob prepares a run from a state; empty: from the beginning.
func newJob(t *testing.T, config, state string) *job {
	t.Helper()
	path, err := binary()
	if err != nil {
		t.Fatal(err)
	}
	args := []string{"--config", config}
	if state != "" {
		file := filepath.Join(t.TempDir(), "state.json")
		writeFile(t, file, state)
		args = append(args, "--state", file)
	}
	j := &job{cmd: exec.Command(path, args...)}
	j.cmd.Stdout, j.cmd.Stderr = &j.stdout, &j.stderr
	return j
}

// signalled runs the job and sends it a signal after a while. It returns the
// exit code, -1 if the signal itself ended the process, and how long that took.
func (j *job) signalled(t *testing.T, sig syscall.Signal, after time.Duration) (code int, took time.Duration) {
	t.Helper()
	if err := j.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	time.Sleep(after)
	sent := time.Now()
	_ = j.cmd.Process.Signal(sig) // it may have ended already
	_ = j.cmd.Wait()
	return j.cmd.ProcessState.ExitCode(), time.Since(sent)
}

// last is the last line on standard error.
func (j *job) last() string {
	lines := strings.Split(strings.TrimSpace(j.stderr.String()), "\n")
	return lines[len(lines)-1]
}

// backfill is a config for all of an archive, record by record through API v2.
func backfill(t *testing.T, url string) string {
	return way{api: "2"}.config(t, url, 0)
}

// cutOff runs a backfill whose runs are all cut off by a signal until it is
// done, and checks each end with check.
func cutOff(t *testing.T, w way, url string, sig syscall.Signal, r *rand.Rand, longest time.Duration, check func(j *job, code int, took time.Duration, lastIsState bool)) (cuts int, h *harvest) {
	config := w.config(t, url, w.budget)
	h = newHarvest(t, w)
	state, still := "", 0
	for runs := 1; ; runs++ {
		if still++; h.state != state {
			state, still = h.state, 0
		} else if still > 6 { // a slow machine, or a busy one
			longest, still = longest*3/2, 0
		}
		j := newJob(t, config, h.state)
		j.cmd.Stdout = io.MultiWriter(&j.stdout, h)
		code, took := j.signalled(t, sig, time.Duration(r.Int64N(int64(longest))))
		lastIsState := h.runEnded(code == -1)
		noSecret(t, j.stdout.String(), j.stderr.String())
		switch code {
		case exitOK:
			return cuts, h
		case exitBudget: // it was over before the signal came
		default:
			cuts++
			check(j, code, took, lastIsState)
		}
		if runs > 400 {
			t.Fatalf("it does not get on: %s", h.state)
		}
	}
}

// cutting is how many runs are to be cut off, in backfills of how many chats.
func cutting() (cuts, chats int) {
	if testing.Short() {
		return 8, 900
	}
	return 60, 12000
}

// TestKilled kills the program at random moments and goes on from the last
// STATE that came out of it. What the STATEs cover, all together, is what the
// archive holds.
func TestKilled(t *testing.T) {
	t.Parallel()
	want, chats := cutting()
	switches := still(fmt.Sprintf("chats=%d&days=40&latency=4ms&cache=true&seed=3", chats))
	url := startSandbox(t, switches)
	for _, w := range ways() {
		t.Run(w.String(), func(t *testing.T) {
			t.Parallel()
			held := keysOf(t, w.api, switches)
			r := rand.New(rand.NewPCG(7, 7))
			kills, archives, records := 0, 0, 0
			for ; kills < want; archives++ {
				if archives > want {
					t.Fatalf("%d kills in %d backfills", kills, archives)
				}
				n, h := cutOff(t, w, url, syscall.SIGKILL, r, 220*time.Millisecond, func(j *job, code int, _ time.Duration, _ bool) {
					if code != -1 {
						t.Errorf("exit code %d: %s", code, j.last())
					}
				})
				h.wantAll(held)
				kills, records = kills+n, records+h.records
			}
			distinct := archives * held.count()
			// A chat has 21 records on average, or a few more through v3.6.
			if most := w.repeats * 24 * (kills + archives); records-distinct > most {
				t.Errorf("%d records were repeated in %d runs", records-distinct, kills+archives)
			}
			t.Logf("%d kills over %d backfills; %d records delivered, %d distinct: %.0f%% repeats", kills, archives, records, distinct, 100*float64(records-distinct)/float64(distinct))
		})
	}
}

// TestSignals ends the program by SIGTERM, SIGINT and SIGHUP: within seconds, with the
// shells' exit code, a STATE as the last line, and the cause on standard error.
func TestSignals(t *testing.T) {
	t.Parallel()
	runs, chats := cutting()
	switches := still(fmt.Sprintf("chats=%d&days=40&latency=8ms&cache=true&seed=4", min(chats/2, 3000)))
	url := startSandbox(t, switches)
	for i, w := range ways() {
		t.Run(w.String(), func(t *testing.T) {
			t.Parallel()
			held := keysOf(t, w.api, switches)
			for sig, want := range map[syscall.Signal]int{syscall.SIGTERM: 143, syscall.SIGINT: 130, syscall.SIGHUP: 129} {
				if signal.Ignored(sig) {
					continue // as under nohup, where the program ignores it, too
				}
				if testing.Short() && i > 0 && sig != syscall.SIGTERM {
					continue // whatever the signal, a run ends in the same way
				}
				var slowest time.Duration
				r := rand.New(rand.NewPCG(8, uint64(sig)))
				cuts, archives := 0, 0
				for ; cuts < runs/4; archives++ {
					if archives > runs {
						t.Fatalf("%v: %d runs cut off in %d backfills", sig, cuts, archives)
					}
					n, h := cutOff(t, w, url, sig, r, 400*time.Millisecond, func(j *job, code int, took time.Duration, lastIsState bool) {
						slowest = max(slowest, took)
						if code == -1 && j.stderr.Len() == 0 && j.stdout.Len() == 0 {
							return // the signal came before the program had begun
						}
						if code != want || took > 20*time.Second {
							t.Errorf("%v: exit code %d after %s: %s", sig, code, took, j.last())
						}
						if j.stdout.Len() > 0 && !lastIsState {
							t.Errorf("%v: the last message is no STATE", sig)
						}
						if !strings.HasPrefix(j.last(), "CRITICAL ") || !strings.Contains(j.last(), "run again with the last STATE") {
							t.Errorf("%v: %q", sig, j.last())
						}
					})
					h.wantAll(held)
					cuts += n
				}
				t.Logf("%v: %d runs cut off over %d backfills, the slowest end took %s", sig, cuts, archives, slowest.Round(time.Millisecond))
			}
		})
	}
}

// TestTargetGone runs a backfill into targets that close the pipe after some
// bytes, with a full disk in between, each run going on from the last STATE
// that came through. What the STATEs cover, all together, is what the archive
// holds.
func TestTargetGone(t *testing.T) {
	t.Parallel()
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Skip(err) // not every system has one
	}
	t.Cleanup(func() { full.Close() })
	_, chats := cutting()
	switches := still(fmt.Sprintf("chats=%d&days=40&seed=5&latency=2ms&cache=true", min(chats, 3000)))
	url := startSandbox(t, switches)
	for _, w := range ways() {
		t.Run(w.String(), func(t *testing.T) {
			t.Parallel()
			targetGone(t, w, url, full).wantAll(keysOf(t, w.api, switches))
		})
	}
	for _, args := range [][]string{{"--discover"}, {"--about"}, {"--version"}, {"--test=schema"}, {"--test"}} {
		j := newJob(t, backfill(t, url), "")
		j.cmd.Args = append(j.cmd.Args, args...)
		j.cmd.Stdout = full
		_ = j.cmd.Run()
		wantGone(t, j)
	}
}

func targetGone(t *testing.T, w way, url string, full *os.File) *harvest {
	config := w.config(t, url, w.budget)
	r := rand.New(rand.NewPCG(3, 3))
	h := newHarvest(t, w)
	closed, most := 0, 6e6
	if w.files != "" {
		most = 30e3 // schemas, for the most part
	}
	for runs, all := 0, false; !all; runs++ {
		if runs > 200 {
			t.Fatalf("it does not get on: %s", h.state)
		}
		j := newJob(t, config, h.state)
		j.cmd.Stdout = full
		_ = j.cmd.Run()
		wantGone(t, j)

		j = newJob(t, config, h.state)
		j.cmd.Stdout = nil
		pipe, err := j.cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := j.cmd.Start(); err != nil {
			t.Fatal(err)
		}
		before := h.state
		_, err = io.CopyN(h, pipe, r.Int64N(int64(most)))
		if err != nil && err != io.EOF {
			t.Fatal(err)
		}
		pipe.Close()
		_ = j.cmd.Wait()
		h.runEnded(true)
		code := j.cmd.ProcessState.ExitCode()
		if code != exitOK && code != exitBudget {
			wantGone(t, j)
			closed++
		}
		all = code == exitOK && err == io.EOF // what is left in a pipe, nobody knows of who wrote it
		if h.state == before {                // the pipe was closed before the first window was through
			most *= 1.2
		}
	}
	t.Logf("%d pipes closed, as many full disks", closed)
	return h
}

func wantGone(t *testing.T, j *job) {
	t.Helper()
	if code := j.cmd.ProcessState.ExitCode(); code != exitRuntime || !strings.HasPrefix(j.last(), "CRITICAL writing to standard output failed") || !strings.Contains(j.last(), "target") {
		t.Errorf("%q: exit code %d: %s", j.cmd.Args[3:], code, j.last())
	}
}

// TestTargetHangs signals a program whose target has stopped to read: it cannot
// write its last STATE, and must end all the same.
func TestTargetHangs(t *testing.T) {
	t.Parallel()
	url := startSandbox(t, "chats=3000&days=40&seed=6")
	for _, test := range []struct {
		signals []syscall.Signal
		code    int
		most    time.Duration // on a busy machine; but a second SIGINT does not wait for the grace
	}{
		{[]syscall.Signal{syscall.SIGTERM}, 143, 4 * shutdownTimeout},
		{[]syscall.Signal{syscall.SIGINT, syscall.SIGTERM}, 130, 4 * shutdownTimeout}, // Meltano's way with Ctrl-C
		{[]syscall.Signal{syscall.SIGINT, syscall.SIGINT}, 130, shutdownTimeout},
		{[]syscall.Signal{syscall.SIGTERM, syscall.SIGTERM, syscall.SIGINT, syscall.SIGINT}, 130, shutdownTimeout},
	} {
		t.Run(fmt.Sprint(test.signals), func(t *testing.T) {
			t.Parallel()
			j := newJob(t, backfill(t, url), "")
			read, write, err := os.Pipe()
			if err != nil {
				t.Fatal(err)
			}
			defer read.Close()
			j.cmd.Stdout = write
			if err := j.cmd.Start(); err != nil {
				t.Fatal(err)
			}
			write.Close()
			if _, err := read.Read(make([]byte, 1)); err != nil { // it has begun
				t.Fatal(err)
			}
			time.Sleep(500 * time.Millisecond) // the pipe is full by then
			start := time.Now()
			for _, sig := range test.signals {
				_ = j.cmd.Process.Signal(sig)
				time.Sleep(60 * time.Millisecond)
			}
			_ = j.cmd.Wait()
			took, code := time.Since(start), j.cmd.ProcessState.ExitCode()
			if code != test.code || took > test.most || !strings.HasPrefix(j.last(), "CRITICAL ") {
				t.Errorf("exit code %d after %s: %s", code, took, j.last())
			}
			if strings.Count(j.stderr.String(), "CRITICAL") != 1 {
				t.Errorf("%s", j.stderr.String())
			}
		})
	}
}

// TestNobodyReadsTheLog runs a program whose standard error is a full pipe. It
// waits for its reader; a signal must end it all the same, and a target that
// does read must not be blamed.
func TestNobodyReadsTheLog(t *testing.T) {
	t.Parallel()
	url := startSandbox(t, "chats=3000&days=40&seed=6")
	for sig, want := range map[syscall.Signal]int{syscall.SIGTERM: 143, syscall.SIGHUP: 129} {
		if signal.Ignored(sig) {
			continue // as under nohup, where the program ignores it, too
		}
		t.Run(sig.String(), func(t *testing.T) {
			t.Parallel()
			j := newJob(t, backfill(t, url), "")
			read, write, err := os.Pipe()
			if err != nil {
				t.Fatal(err)
			}
			defer read.Close()
			filler := bytes.Repeat([]byte("x"), 1<<20)
			_ = write.SetWriteDeadline(time.Now().Add(200 * time.Millisecond))
			_, _ = write.Write(filler) // as much as the pipe holds
			j.cmd.Stderr = write
			if err := j.cmd.Start(); err != nil {
				t.Fatal(err)
			}
			write.Close()
			time.Sleep(time.Second) // nothing says when it has begun to wait
			start := time.Now()
			_ = j.cmd.Process.Signal(sig)
			_ = j.cmd.Wait()
			if took, code := time.Since(start), j.cmd.ProcessState.ExitCode(); code != want || took > 4*shutdownTimeout {
				t.Errorf("exit code %d after %s", code, took)
			}
			if rest, err := io.ReadAll(read); err != nil || bytes.Contains(rest, []byte("target")) {
				t.Errorf("%v: …%.300s", err, bytes.TrimLeft(rest, "x"))
			}
		})
	}
}

// TestHangupIgnored: what nohup starts outlives its session.
func TestHangupIgnored(t *testing.T) {
	t.Parallel()
	url := startSandbox(t, "chats=300&days=40&latency=100ms")
	j := newJob(t, backfill(t, url), "")
	j.cmd.Args = append([]string{"sh", "-c", `trap "" HUP; exec "$0" "$@"`}, j.cmd.Args...)
	j.cmd.Path = "/bin/sh"
	if code, _ := j.signalled(t, syscall.SIGHUP, 300*time.Millisecond); code != exitOK {
		t.Errorf("exit code %d: %s", code, j.last())
	}
}

// The process's title and environment are seen by others on the machine: the
// token must not get into the former.
func TestNoSecretInTheProcessTitle(t *testing.T) {
	t.Parallel()
	url := startSandbox(t, "chats=100&latency=300ms")
	j := newJob(t, backfill(t, url), "")
	if err := j.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var title []byte
	var err error
	for len(title) == 0 && err == nil { // for a moment after it began, a process has none
		title, err = os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", j.cmd.Process.Pid))
	}
	_ = j.cmd.Process.Kill()
	_ = j.cmd.Wait()
	if err != nil {
		t.Skip(err)
	}
	noSecret(t, string(title))
	if !bytes.Contains(title, []byte("--config")) {
		t.Errorf("%q", title)
	}
}
