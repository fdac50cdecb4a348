//go:build unix

// Package e2e runs the tap as its users do: the built binary, piped into real
// programs of the Singer ecosystem that it installs itself.
package e2e

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"tap-livechat/tap/sandbox"
)

// tapBinary is the tap, built once.
var tapBinary string

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "tap-livechat-e2e")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	tapBinary = filepath.Join(dir, "tap-livechat")
	build := exec.Command("go", "build", "-o", tapBinary, "../cmd/tap-livechat")
	build.Stderr = os.Stderr
	code := 1
	if build.Run() == nil {
		code = m.Run()
	}
	os.RemoveAll(dir)
	os.Exit(code)
}

// venv installs what a requirements file pins, once for each content of it,
// and returns the folder of its programs. Without Python the test is skipped;
// in CI that is a failure.
func venv(t *testing.T, name string) string {
	t.Helper()
	python, err := exec.LookPath("python3")
	if err == nil {
		err = exec.Command(python, "-c", "import venv, ensurepip").Run()
	}
	if err != nil {
		why := "SKIPPED: there is no python3 with venv here, so nothing was tried against a real " + name
		if os.Getenv("CI") != "" {
			t.Fatal(why)
		}
		t.Skip(why)
	}
	requirements := "requirements-" + name + ".txt"
	text, err := os.ReadFile(requirements)
	check(t, err)
	cache := os.Getenv("TAP_LIVECHAT_E2E_DIR")
	if cache == "" {
		cache, err = os.UserCacheDir()
		check(t, err)
		cache = filepath.Join(cache, "tap-livechat-e2e")
	}
	dir := filepath.Join(cache, fmt.Sprintf("%s-%.12x", name, sha256.Sum256(text)))
	bin, done := filepath.Join(dir, "bin"), filepath.Join(dir, "installed")
	if _, err := os.Stat(done); err == nil {
		return bin
	}
	run(t, exec.Command(python, "-m", "venv", "--clear", dir))
	run(t, exec.Command(filepath.Join(bin, "pip"), "install", "--quiet", "--disable-pip-version-check", "-r", requirements))
	check(t, os.WriteFile(done, nil, 0o644))
	return bin
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// run runs a program to its end and returns what it printed.
func run(t *testing.T, cmd *exec.Cmd) string {
	t.Helper()
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s: %v\n%s\n%s", cmd, err, stderr.Bytes(), tail(out))
	}
	return string(out)
}

func tail(b []byte) []byte { return b[max(len(b)-2000, 0):] }

// archive serves a sandbox and writes a config for it.
func archive(t *testing.T, switches string) (*sandbox.Server, string) {
	t.Helper()
	options, err := sandbox.Parse(switches)
	check(t, err)
	server := sandbox.New(options)
	url, stop, err := server.Listen("127.0.0.1:0")
	check(t, err)
	t.Cleanup(func() { stop() })
	config := filepath.Join(t.TempDir(), "config.json")
	text, err := json.Marshal(map[string]any{"api_url": url, "entity_id": "e2e", "access_token": "e2e", "start_date": "2020-01-01"})
	check(t, err)
	check(t, os.WriteFile(config, text, 0o600))
	return server, config
}

// rows is how many rows each table must have: the distinct keys of the truth.
func rows(server *sandbox.Server) map[string]int {
	n := make(map[string]int)
	for chat := range server.Truth() {
		if chat.Pending {
			continue
		}
		agents := make(map[string]bool)
		for _, a := range chat.Agents {
			agents[a] = true
		}
		n["chats"] += max(len(agents), 1)
		n["messages"] += chat.Messages
		n["events"] += chat.Events
	}
	return n
}

// pipe runs tap | target and returns what the target printed, which is state.
func pipe(t *testing.T, target *exec.Cmd, args ...string) string {
	t.Helper()
	tap := exec.Command(tapBinary, args...)
	var log, stdout, stderr bytes.Buffer
	tap.Stderr, target.Stdout, target.Stderr = &log, &stdout, &stderr
	messages, err := tap.StdoutPipe()
	check(t, err)
	target.Stdin = messages
	check(t, target.Start())
	check(t, tap.Start())
	targetErr := target.Wait()
	if err := tap.Wait(); err != nil {
		t.Fatalf("tap: %v\n%s", err, log.Bytes())
	}
	if targetErr != nil {
		t.Fatalf("%s: %v\n%s", target, targetErr, tail(stderr.Bytes()))
	}
	return stdout.String()
}

// TestTargetJSONL loads a whole archive and then what is new.
func TestTargetJSONL(t *testing.T) {
	bin := venv(t, "jsonl")
	server, config := archive(t, "chats=300&days=20&visitor=mixed&event_ids=some")
	dir := t.TempDir()
	settings := filepath.Join(dir, "target.json")
	check(t, os.WriteFile(settings, fmt.Appendf(nil, `{"destination_path": %q, "do_timestamp_file": false}`, dir), 0o644))
	target := func() *exec.Cmd {
		cmd := exec.Command(filepath.Join(bin, "target-jsonl"), "--config", settings)
		cmd.Dir = dir
		return cmd
	}
	state := pipe(t, target(), "--config", config)
	got := make(map[string]int)
	for _, stream := range []string{"chats", "messages", "events"} {
		got[stream] = lines(t, filepath.Join(dir, stream+".jsonl"))
	}
	want := rows(server)
	t.Logf("rows: %v, of the sandbox: %v", got, want)
	for stream, n := range want {
		if n == 0 || got[stream] != n {
			t.Errorf("%s: %d rows, the sandbox holds %d", stream, got[stream], n)
		}
	}

	before := server.Count()
	file := filepath.Join(dir, "state.json")
	check(t, os.WriteFile(file, []byte(lastLine(state)), 0o644))
	pipe(t, target(), "--config", config, "--state", file)
	asked := server.Requests()[before:]
	t.Logf("the second run asked %d times", len(asked))
	yesterday := time.Now().UTC().Add(-48 * time.Hour).Format(time.DateOnly)
	for _, r := range asked {
		if from := r.Query.Get("date_from"); r.Path == "/chats" && from < yesterday {
			t.Errorf("the second run asked for %s", from)
		}
	}
	if len(asked) == 0 || len(asked) > 4 {
		t.Errorf("the second run asked %d times", len(asked))
	}
}

func lines(t *testing.T, file string) int {
	t.Helper()
	text, err := os.ReadFile(file)
	check(t, err)
	return bytes.Count(text, []byte("\n"))
}

func lastLine(text string) string {
	var last string
	for s := bufio.NewScanner(strings.NewReader(text)); s.Scan(); {
		if s.Text() != "" {
			last = s.Text()
		}
	}
	return last
}

// TestSingerCheckTap has the ecosystem's own checker run the tap, and again
// with the state of the first run.
func TestSingerCheckTap(t *testing.T) {
	bin := venv(t, "check")
	_, config := archive(t, "chats=200&days=20&odd=0.05")
	settings, err := os.ReadFile(config)
	check(t, err)
	check(t, os.WriteFile(config, bytes.Replace(settings, []byte("{"), []byte(`{"on_invalid":"null",`), 1), 0o600))
	// The checker waits for the tap, but not for its own thread that reads the
	// messages; a tap that is done too soon makes it fail with "NoneType".
	dir := t.TempDir()
	slow := filepath.Join(dir, "tap-livechat")
	check(t, os.WriteFile(slow, fmt.Appendf(nil, "#!/bin/sh\n%s \"$@\"\ncode=$?\nsleep 5\nexit $code\n", tapBinary), 0o755))
	cmd := exec.Command(filepath.Join(bin, "singer-check-tap"), "--tap", slow, "--config", config)
	cmd.Dir = dir
	out, err := cmd.CombinedOutput()
	t.Logf("%s", tail(out))
	if err != nil {
		t.Fatal(err)
	}
	if strings.Count(string(out), "Details by stream") != 2 {
		t.Error("the checker did not check the run with state")
	}
}
