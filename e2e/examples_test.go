//go:build unix

package e2e

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"tap-livechat/tap/sandbox"
)

// cron is a folder as examples/cron/README.md asks for.
type cron struct {
	dir, tap, target string
}

// newCron puts the script beside the two configs. The target's tables are in
// the folder, too.
func newCron(t *testing.T, config, target string) *cron {
	t.Helper()
	if _, err := exec.LookPath("flock"); err != nil {
		without(t, "flock")
	}
	c := &cron{dir: t.TempDir(), tap: tapBinary, target: target}
	c.put(t, "livechat.sh", string(read(t, "../examples/cron/livechat.sh")))
	check(t, os.Chmod(filepath.Join(c.dir, "livechat.sh"), 0o755))
	c.put(t, "tap.json", string(read(t, config)))
	c.put(t, "target.json", fmt.Sprintf(`{"destination_path": %q, "do_timestamp_file": false}`, c.dir))
	return c
}

func (c *cron) put(t *testing.T, name, text string) {
	t.Helper()
	check(t, os.WriteFile(filepath.Join(c.dir, name), []byte(text), 0o644))
}

// set changes the tap's config.
func (c *cron) set(t *testing.T, settings map[string]any) {
	t.Helper()
	config := make(map[string]any)
	check(t, json.Unmarshal(read(t, filepath.Join(c.dir, "tap.json")), &config))
	maps.Copy(config, settings)
	text, err := json.Marshal(config)
	check(t, err)
	c.put(t, "tap.json", string(text))
}

// program writes a program in sh and returns its path.
func program(t *testing.T, script string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "program")
	check(t, os.WriteFile(file, []byte("#!/bin/sh\n"+script+"\n"), 0o755))
	return file
}

// command is what the line in a crontab starts: in another folder, with next
// to no environment.
func (c *cron) command() *exec.Cmd {
	cmd := exec.Command(filepath.Join(c.dir, "livechat.sh"))
	cmd.Dir = "/"
	cmd.Env = []string{"PATH=/usr/bin:/bin", "HOME=" + c.dir, "TAP=" + c.tap, "TARGET=" + c.target}
	return cmd
}

// run runs it to its end.
func (c *cron) run(t *testing.T) (code int, stderr string) {
	t.Helper()
	cmd := c.command()
	var log strings.Builder
	cmd.Stderr = &log
	if err := cmd.Run(); err != nil && !errors.As(err, new(*exec.ExitError)) {
		t.Fatal(err)
	}
	return cmd.ProcessState.ExitCode(), log.String()
}

// state is what is in state.json; empty if there is none.
func (c *cron) state(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(c.dir, "state.json"))
	if errors.Is(err, os.ErrNotExist) {
		return ""
	}
	check(t, err)
	return string(text)
}

// distinct counts the distinct keys of the tables in a folder.
func distinct(t *testing.T, dir string) map[string]int {
	t.Helper()
	n := make(map[string]int)
	for _, stream := range streams {
		seen := make(map[string]bool)
		for line := range bytes.Lines(read(t, filepath.Join(dir, stream+".jsonl"))) {
			var row struct {
				ID    string
				Agent string `json:"agent_email"`
				Event string `json:"event_id"`
			}
			check(t, json.Unmarshal(line, &row))
			seen[row.ID+"\x00"+row.Agent+"\x00"+row.Event] = true
		}
		n[stream] = len(seen)
	}
	return n
}

func wantKeys(t *testing.T, dir string, server *sandbox.Server) {
	t.Helper()
	same(t, rows(server), distinct(t, dir))
}

// TestCron runs examples/cron as cron does: a first run, the next one, and all
// that can go wrong.
func TestCron(t *testing.T) {
	bin := venv(t, "jsonl")
	jsonl := filepath.Join(bin, "target-jsonl")
	server, config := archive(t, "chats=300&days=20")
	c := newCron(t, config, jsonl)

	if code, log := c.run(t); code != 0 {
		t.Fatalf("the first run: exit code %d\n%s", code, log)
	}
	for stream, n := range rows(server) {
		if got := lines(t, filepath.Join(c.dir, stream+".jsonl")); got != n {
			t.Errorf("the first run: %d rows of %s, the sandbox holds %d", got, stream, n)
		}
	}
	if !strings.Contains(c.state(t), "bookmarks") {
		t.Fatalf("state.json: %q", c.state(t))
	}

	before := server.Count()
	if code, log := c.run(t); code != 0 {
		t.Fatalf("the second run: exit code %d\n%s", code, log)
	}
	onlyNew(t, server, before)
	wantKeys(t, c.dir, server)

	old := strings.TrimSpace(c.state(t))
	for _, test := range []struct {
		name, tap, target string
		settings          map[string]any
		code              int
		says, state       string
	}{
		{name: "a target that fails at the end", target: program(t, "cat >/dev/null; exit 7"), code: 1, says: "livechat: the target failed with exit code 7\n", state: old},
		{name: "a target that fails at once", target: program(t, "exit 7"), code: 1, says: "livechat: the target failed with exit code 7\n", state: old},
		{name: "a target that is killed", target: program(t, "kill -9 $$"), code: 1, says: "livechat: the target failed with exit code 137\n", state: old},
		{name: "a target that is not there", target: "/nowhere/target", code: 1, says: "livechat: the target failed with exit code 127\n", state: old},
		{name: "a target whose state is torn", target: program(t, `cat >/dev/null; printf '{"bookmarks": {"chats"'; exit 1`), code: 1, state: old},
		{name: "a target that stores, then fails", target: program(t, `cat >/dev/null; echo '{"bookmarks": {}}'; exit 1`), code: 1, state: `{"bookmarks": {}}`},
		{name: "credentials that do not work", settings: map[string]any{"access_token": "wrong"}, code: 1, says: "CRITICAL ", state: old},
		{name: "a config that is wrong", settings: map[string]any{"start_date": "soon"}, code: 2, says: "CRITICAL ", state: old},
		{name: "a tap that is not there", tap: "/nowhere/tap", code: 127, state: old},
		{name: "a tap that is killed", tap: program(t, "kill -9 $$"), code: 137, state: old},
	} {
		t.Run(test.name, func(t *testing.T) {
			c := newCron(t, config, jsonl)
			c.put(t, "state.json", old+"\n")
			c.set(t, test.settings)
			if test.target != "" {
				c.target = test.target
			}
			if test.tap != "" {
				c.tap = test.tap
			}
			code, log := c.run(t)
			if code != test.code || !strings.Contains(log, test.says) {
				t.Errorf("exit code %d, wanted %d and %q:\n%s", code, test.code, test.says, log)
			}
			if got := strings.TrimSpace(c.state(t)); got != test.state {
				t.Errorf("the state is %s, wanted %s", got, test.state)
			}
			if left, _ := filepath.Glob(filepath.Join(c.dir, "*.new")); len(left) > 0 {
				t.Errorf("left behind: %v", left)
			}
		})
	}
}

// TestCronLock starts a run while another is at work: it leaves, and its tap is
// not started. The lock outlives a script that is killed, as long as its target
// is at work.
func TestCronLock(t *testing.T) {
	_, config := archive(t, "chats=50&days=5")
	c := newCron(t, config, program(t, `touch began; while [ ! -e done ]; do sleep 0.05; done; cat >/dev/null`))
	second := *c
	second.tap = program(t, "touch tap-was-started")
	for _, kill := range []bool{false, true} {
		cmd := c.command()
		check(t, cmd.Start())
		waitFor(t, "the target has begun", func() bool { return exists(c.dir, "began") })
		if kill {
			check(t, cmd.Process.Kill())
			_ = cmd.Wait()
		}
		code, log := second.run(t)
		if code != 75 || log != "livechat: the run before is still at work\n" || exists(c.dir, "tap-was-started") {
			t.Errorf("killed: %v: the second run: exit code %d: %s", kill, code, log)
		}
		c.put(t, "done", "")
		if !kill {
			check(t, cmd.Wait())
		}
		waitFor(t, "the lock is gone", func() bool { code, _ := second.run(t); return code != 75 })
		for _, name := range []string{"began", "done", "tap-was-started"} {
			check(t, os.Remove(filepath.Join(c.dir, name)))
		}
	}
}

func exists(dir, name string) bool {
	_, err := os.Stat(filepath.Join(dir, name))
	return err == nil
}

func waitFor(t *testing.T, what string, is func() bool) {
	t.Helper()
	for end := time.Now().Add(time.Minute); !is(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("waited a minute for this: %s", what)
		}
	}
}

// TestCronBudget reads an archive in runs of 30 requests each.
func TestCronBudget(t *testing.T) {
	server, config := archive(t, "chats=1500&days=60")
	c := newCron(t, config, filepath.Join(venv(t, "jsonl"), "target-jsonl"))
	c.set(t, map[string]any{"max_requests": 30})
	for runs := 1; ; runs++ {
		state := c.state(t)
		code, log := c.run(t)
		if code != 0 {
			t.Fatalf("exit code %d\n%s", code, log)
		}
		if !strings.Contains(log, "livechat: max_requests is used up; the next run goes on\n") {
			if runs < 3 {
				t.Errorf("%d runs were enough", runs)
			}
			break
		}
		if c.state(t) == state {
			t.Fatalf("run %d did not get on: %s", runs, state)
		}
	}
	wantKeys(t, c.dir, server)
}

// TestCronStopped stops a run in the middle: it ends within seconds, and what
// the target has stored by then is not asked for again.
func TestCronStopped(t *testing.T) {
	for sig, want := range map[syscall.Signal]int{syscall.SIGTERM: 143, syscall.SIGINT: 130} {
		t.Run(sig.String(), func(t *testing.T) {
			server, config := archive(t, "chats=1500&days=60&latency=20ms")
			c := newCron(t, config, filepath.Join(venv(t, "jsonl"), "target-jsonl"))
			c.set(t, map[string]any{"max_requests": 100}) // a budget makes small windows
			cmd := c.command()
			var log strings.Builder
			cmd.Stderr = &log
			check(t, cmd.Start())
			waitFor(t, "the first windows are read", func() bool { return server.Count() > 56 })
			sent := time.Now()
			check(t, cmd.Process.Signal(sig))
			_ = cmd.Wait()
			if code := cmd.ProcessState.ExitCode(); code != want || !strings.HasSuffix(log.String(), "livechat: stopped by a signal; the next run goes on\n") {
				t.Errorf("exit code %d:\n%s", code, log.String())
			}
			if took := time.Since(sent); took > 10*time.Second {
				t.Errorf("it took %s to stop", took)
			}
			if !strings.Contains(c.state(t), "ended_timestamp") {
				t.Errorf("the state is %q", c.state(t))
			}
			asked := server.Count()
			if code, log := c.run(t); code != 0 {
				t.Errorf("the next run: exit code %d\n%s", code, log)
			}
			if n := server.Count() - asked; n > 50 {
				t.Errorf("the next run asked %d times, for an archive of 60 pages", n)
			}
			wantKeys(t, c.dir, server)
		})
	}
}

// TestParts cuts a backfill into three, runs them side by side, and wants every
// chat to come from one of them. A part begins at a midnight up to thirty hours before
// its start_date, so chats of these hours come from two. The cuts are at the very second
// in which a chat ended, and the service may list by either of a chat's times.
func TestParts(t *testing.T) {
	for _, dates := range []string{"start", "end", "overlap"} {
		t.Run(dates, func(t *testing.T) {
			server, config := archive(t, "chats=1500&days=60&long_chats=0.05&pending=0&missed=0.1&dates="+dates)
			var cuts []string
			no := 0
			for chat := range server.Truth() {
				if no++; no%500 == 0 && !chat.Pending {
					cuts = append(cuts, chat.Ended.Format(time.RFC3339))
				}
			}
			if len(cuts) < 2 {
				t.Fatal(cuts)
			}
			parts := []map[string]any{{"end_date": cuts[0]}, {"start_date": cuts[0], "end_date": cuts[1]}, {"start_date": cuts[1]}}
			outputs, errs := make([][]byte, len(parts)), make([]error, len(parts))
			var all sync.WaitGroup
			for i, part := range parts {
				file := filepath.Join(t.TempDir(), "part.json")
				text, err := json.Marshal(part)
				check(t, err)
				check(t, os.WriteFile(file, text, 0o644))
				all.Go(func() { outputs[i], errs[i] = exec.Command(tapBinary, "--config", config, "--config", file).Output() })
			}
			all.Wait()
			check(t, errors.Join(errs...))

			from := make(map[string]int)
			got := make(map[string]int)
			twice := 0
			for i, output := range outputs {
				for line := range bytes.Lines(output) {
					var m struct {
						Type, Stream string
						Record       struct {
							ID    string
							Agent string `json:"agent_email"`
							Event string `json:"event_id"`
						}
					}
					check(t, json.Unmarshal(line, &m))
					if m.Type != "RECORD" {
						continue
					}
					key := m.Stream + "\x00" + m.Record.ID + "\x00" + m.Record.Agent + "\x00" + m.Record.Event
					if before := from[key]; before == 0 {
						got[m.Stream]++
					} else if before != i+1 && m.Stream == "chats" {
						twice++
					}
					from[key] = i + 1
				}
			}
			same(t, rows(server), got)
			if twice > 2*3*25 { // of two cuts, three days with 25 chats each
				t.Errorf("%d chats come from two parts", twice)
			}
		})
	}
}

// TestAirflow puts examples/airflow into a dags folder, has Airflow parse it,
// and runs the DAG with all its mapped tasks.
func TestAirflow(t *testing.T) {
	airflow, jsonl := venv(t, "airflow"), filepath.Join(venv(t, "jsonl"), "target-jsonl")
	home, dir := t.TempDir(), t.TempDir()
	check(t, os.CopyFS(filepath.Join(home, "dags", "livechat"), os.DirFS("../examples/airflow")))
	server, config := archive(t, "chats=300&days=100&now=2026-03-10T15:00:00Z")
	check(t, os.WriteFile(filepath.Join(dir, "tap.json"), read(t, config), 0o644))
	check(t, os.WriteFile(filepath.Join(dir, "target.json"), fmt.Appendf(nil, `{"destination_path": %q, "do_timestamp_file": false}`, dir), 0o644))
	command := func(name string, args ...string) *exec.Cmd {
		cmd := exec.Command(filepath.Join(airflow, name), args...)
		cmd.Dir = dir
		cmd.Env = append(os.Environ(), "AIRFLOW_HOME="+home, "AIRFLOW__CORE__DAGS_FOLDER="+filepath.Join(home, "dags"), "AIRFLOW__CORE__LOAD_EXAMPLES=False", "AIRFLOW__CORE__DAGBAG_IMPORT_TIMEOUT=300",
			"LIVECHAT_DIR="+dir, "TAP="+tapBinary, "TARGET="+jsonl)
		return cmd
	}
	run(t, command("airflow", "db", "migrate"))

	parsed := lastLine(run(t, command("python", "-c", `
from airflow.models.dagbag import DagBag
bag = DagBag(include_examples=False)
print(bag.import_errors, [(d.dag_id, [(t.task_id, t.is_mapped, sorted(t.downstream_task_ids)) for t in d.tasks]) for d in bag.dags.values()])`)))
	if want := "{} [('livechat_backfill', [('plan', False, ['finish', 'load']), ('prepare', False, ['load']), ('load', True, ['finish']), ('finish', False, [])])]"; parsed != want {
		t.Errorf("Airflow makes of it\n%s, wanted\n%s", parsed, want)
	}

	log, err := command("airflow", "dags", "test", "livechat_backfill", "--conf", `{"parts": 5}`).CombinedOutput()
	if err != nil || !bytes.Contains(log, []byte("state=success")) {
		t.Fatalf("%v\n%s", err, tail(log))
	}
	if states, _ := filepath.Glob(filepath.Join(dir, "state-*.json")); len(states) != 5 {
		t.Errorf("wanted a state for each of five parts: %v", states)
	}
	wantKeys(t, dir, server)
	merged := read(t, filepath.Join(dir, "state.json"))
	var last map[string]any
	check(t, json.Unmarshal(read(t, filepath.Join(dir, "state-5.json")), &last))
	at := last["bookmarks"].(map[string]any)["chats"].(map[string]any)["ended_timestamp"].(string)
	if !bytes.Contains(merged, []byte(`"ended_timestamp":"`+at+`"`)) {
		t.Errorf("the incremental runs begin at %s, wanted %s", merged, at)
	}
}

// TestPartsWithoutAirflow runs the parts of examples/airflow by Python alone: a
// target that fails, the same again with a target that works, and a time in
// which nothing happened at the end.
func TestPartsWithoutAirflow(t *testing.T) {
	jsonl := venv(t, "jsonl")
	server, config := archive(t, "chats=300&days=60&quiet_days=40&now=2026-03-31T15:00:00Z")
	dir := t.TempDir()
	check(t, os.WriteFile(filepath.Join(dir, "tap.json"), read(t, config), 0o644))
	check(t, os.WriteFile(filepath.Join(dir, "target.json"), fmt.Appendf(nil, `{"destination_path": %q, "do_timestamp_file": false}`, dir), 0o644))
	backfill := func(target string) (string, error) {
		script, err := filepath.Abs("../examples/airflow/livechat.py")
		check(t, err)
		cmd := exec.Command(filepath.Join(jsonl, "python"), script, "3")
		cmd.Env = append(os.Environ(), "LIVECHAT_DIR="+dir, "TAP="+tapBinary, "TARGET="+target)
		log, err := cmd.CombinedOutput()
		return string(log), err
	}
	for part, script := range map[string]string{
		"tables": "cat >/dev/null; exit 7",
		"1":      `if grep RECORD >/dev/null; then exit 7; fi`,
	} {
		if log, err := backfill(program(t, script)); err == nil || !strings.HasSuffix(log, "RuntimeError: part "+part+": the target failed with exit code 7\n") {
			t.Errorf("a target that fails at %s: %v\n%s", part, err, log)
		}
	}
	if states, _ := filepath.Glob(filepath.Join(dir, "state*")); len(states) > 0 {
		t.Errorf("nothing was stored, and yet there are %v", states)
	}
	for range 2 { // the second time asks for next to nothing, and changes nothing
		if log, err := backfill(filepath.Join(jsonl, "target-jsonl")); err != nil {
			t.Fatalf("%v\n%s", err, log)
		}
		wantKeys(t, dir, server)
	}
	mine := []byte(`{"bookmarks": {"chats": {"ended_timestamp": "2026-03-31T00:00:00Z"}}}`)
	check(t, os.WriteFile(filepath.Join(dir, "state.json"), mine, 0o644))
	if log, err := backfill(filepath.Join(jsonl, "target-jsonl")); err != nil || !bytes.Equal(read(t, filepath.Join(dir, "state.json")), mine) {
		t.Errorf("a backfill sent the incremental runs back: %v\n%s", err, log)
	}
}
