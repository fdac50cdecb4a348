package main

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"flag"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write the transcripts under testdata/cli anew")

// secret is the token in every case under testdata/cli. It must not turn up
// anywhere.
const secret = "S3CR3T-t0k3n-5678"

// TestTranscripts runs each folder of testdata/cli: the arguments in args, one a
// line, in that folder, with the variables in env and dotenv as .env (repositories
// and their tools leave out files of that name); and compares standard output,
// standard error and exit code with want.*. Each case runs three times, since
// neither the level nor the form of the log may change anything else.
func TestTranscripts(t *testing.T) {
	cases, err := filepath.Glob("../../testdata/cli/*/args")
	if err != nil || len(cases) < 100 {
		t.Fatalf("%d cases were found: %v", len(cases), err)
	}
	structured := filepath.Join(t.TempDir(), "log.json")
	writeFile(t, structured, `{"version":1,"root":{"level":"DEBUG","handlers":["h"]},"formatters":{"singer_formatter":{"()":"singer_sdk.logging.StructuredFormatter"}}}`)
	for _, args := range cases {
		dir, err := filepath.Abs(filepath.Dir(args))
		if err != nil {
			t.Fatal(err)
		}
		t.Run(filepath.Base(dir), func(t *testing.T) {
			work := t.TempDir()
			if err := os.CopyFS(work, os.DirFS(dir)); err != nil {
				t.Fatal(err)
			}
			if err := os.Rename(filepath.Join(work, "dotenv"), filepath.Join(work, ".env")); err != nil && !errors.Is(err, fs.ErrNotExist) {
				t.Fatal(err)
			}
			t.Chdir(work)
			stdout, stderr, code := runCase(t, dir)
			got := map[string]string{"want.stdout": normal(stdout), "want.stderr": normal(stderr), "want.exit": strconv.Itoa(code) + "\n"}
			for name, text := range got {
				path := filepath.Join(dir, name)
				if *update {
					writeFile(t, path, text)
					continue
				}
				want, err := os.ReadFile(path)
				if err != nil {
					t.Fatal(err)
				}
				if d := cmp.Diff(string(want), text); d != "" {
					t.Errorf("%s (-want +got):\n%s", name, d)
				}
			}
			checkEnding(t, stdout, stderr, code)
			noSecret(t, stdout, stderr)
			stdout2, stderr2, code2 := runCase(t, dir, "TAP_LIVECHAT_LOGLEVEL=DEBUG", "LOGLEVEL=ERROR")
			stdout3, stderr3, code3 := runCase(t, dir, "SINGER_SDK_LOG_CONFIG="+structured)
			noSecret(t, stdout2, stderr2, stdout3, stderr3)
			if code2 != code || code3 != code || normal(stdout2) != normal(stdout) || normal(stdout3) != normal(stdout) {
				t.Errorf("the log's level or form changes the run: exit codes %d, %d, %d", code, code2, code3)
			}
			checkStructured(t, stderr3)
		})
	}
}

func writeFile(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// runCase runs the program in this process.
func runCase(t *testing.T, dir string, environ ...string) (stdout, stderr string, code int) {
	t.Helper()
	args, err := os.ReadFile(filepath.Join(dir, "args"))
	if err != nil {
		t.Fatal(err)
	}
	env, err := os.ReadFile(filepath.Join(dir, "env"))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
	var lines []string
	if text := strings.TrimSuffix(string(args), "\n"); text != "" {
		lines = strings.Split(text, "\n")
		if strings.HasSuffix(string(args), "\n\n") {
			lines = append(lines[:len(lines)-1], "") // an empty argument
		}
	}
	environ = append(strings.Fields(string(env)), environ...)
	return runProgram(context.Background(), environ, lines...)
}

// runProgram is main without the process.
func runProgram(ctx context.Context, environ []string, args ...string) (stdout, stderr string, code int) {
	var out, log bytes.Buffer
	p := &process{args: args, environ: environ, stdout: &out, stderr: &log}
	p.log = newLogger(environ, &log)
	code = p.run(ctx)
	return out.String(), log.String(), code
}

// What differs from run to run.
var noise = []struct {
	pattern *regexp.Regexp
	stands  string
}{
	{regexp.MustCompile(`127\.0\.0\.1:\d{2,}`), "127.0.0.1:<port>"},
	{regexp.MustCompile(`"time_extracted":"[^"]*"`), `"time_extracted":"<time>"`},
	{regexp.MustCompile(`(?m)^(\{"type":"SCHEMA".*?"schema":).*(,"key_properties")`), "$1{…}$2"}, // discover has them
	{regexp.MustCompile(`\b(to|now|it is )=?20[2-9]\d-\d\d-\d\dT\d\d:\d\d:\d\d\S*Z`), "$1<time>"},
	{regexp.MustCompile(`window complete from=(\S+) to=\S+`), "window complete from=$1 to=<day>"},
	{regexp.MustCompile(`("http_request_duration","value":)[0-9.e-]+`), "$1<n>"},
	{regexp.MustCompile(`\b(seconds=)[0-9.]+`), "$1<n>"},
	{regexp.MustCompile(`read tcp \S+->\S+: `), ""},
}

func normal(text string) string {
	for _, n := range noise {
		text = n.pattern.ReplaceAllString(text, n.stands)
	}
	return text
}

// checkEnding holds a run to the rules for its end: exit 0 without CRITICAL, or
// a last line on standard error that begins with it; and nothing on standard
// output after a mistake of the user's.
func checkEnding(t *testing.T, stdout, stderr string, code int) {
	t.Helper()
	lines := strings.Split(strings.TrimSuffix(stderr, "\n"), "\n")
	last := lines[len(lines)-1]
	switch {
	case code == exitOK && strings.Contains(stderr, "CRITICAL"):
		t.Errorf("exit code 0 after %q", last)
	case code != exitOK && !strings.HasPrefix(last, "CRITICAL "):
		t.Errorf("exit code %d after %q", code, last)
	case code != exitOK && strings.Count(stderr, "CRITICAL") != 1:
		t.Errorf("CRITICAL stands there more than once:\n%s", stderr)
	case code == exitUsage && stdout != "":
		t.Errorf("standard output after a mistake of the user's: %.300s", stdout)
	case code != exitOK && len(last) > 1000:
		t.Errorf("a last line of %d bytes", len(last))
	}
	for _, line := range lines {
		if len(line) >= 64<<10 {
			t.Errorf("a line of %d bytes", len(line))
		}
	}
	if strings.Contains(stderr, "goroutine ") {
		t.Errorf("a stack trace:\n%s", stderr)
	}
}

// noSecret looks for the token, plain and encoded.
func noSecret(t *testing.T, texts ...string) {
	t.Helper()
	forms := []string{secret, strings.ToLower(secret), "S3CR3T", "t0k3n-5678"}
	for _, prefix := range []string{"", "acct-1:", ":", secret + ":"} {
		// Base64 of the middle of a text looks the same at every third byte.
		for shift := range 3 {
			encoded := base64.StdEncoding.EncodeToString([]byte(prefix + secret)[min(shift, len(prefix)):])
			forms = append(forms, strings.TrimRight(encoded, "=")[:16])
		}
	}
	for _, text := range texts {
		for _, form := range forms {
			if at := strings.Index(text, form); at >= 0 {
				t.Errorf("a credential is in the output: …%s…", text[max(0, at-80):min(len(text), at+80)])
				return
			}
		}
	}
}

// checkStructured holds every line to what Meltano parses.
func checkStructured(t *testing.T, stderr string) {
	t.Helper()
	for line := range strings.Lines(stderr) {
		var l map[string]any
		if err := json.Unmarshal([]byte(line), &l); err != nil {
			t.Errorf("not one JSON object: %v: %.200s", err, line)
			continue
		}
		if len(line) >= 64<<10 {
			t.Errorf("a line of %d bytes", len(line))
		}
		for _, key := range []string{"level", "pid", "logger_name", "ts", "thread_name", "app_name", "stream_name", "message", "extra"} {
			if _, ok := l[key]; !ok {
				t.Errorf("%s is missing: %.200s", key, line)
			}
			delete(l, key)
		}
		if m, ok := l["metric_info"].(map[string]any); ok {
			for _, key := range []string{"type", "metric", "value", "tags"} {
				if m[key] == nil {
					t.Errorf("metric_info without %s: %.200s", key, line)
				}
			}
		}
		if e, ok := l["exception"].(map[string]any); ok {
			for _, key := range []string{"type", "module", "message"} {
				if s, _ := e[key].(string); s == "" {
					t.Errorf("exception without %s: %.200s", key, line)
				}
			}
		}
		delete(l, "metric_info")
		delete(l, "exception")
		if len(l) > 0 {
			t.Errorf("unknown keys %v: %.200s", l, line)
		}
	}
}

// Every faulty case names a remedy, so that nobody is left with the fault alone.
func TestTranscriptsHaveHints(t *testing.T) {
	files, err := filepath.Glob("../../testdata/cli/*/want.exit")
	if err != nil || len(files) < 100 {
		t.Fatalf("%d cases were found: %v", len(files), err)
	}
	var without []string
	for _, file := range files {
		code, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		stderr, err := os.ReadFile(filepath.Join(filepath.Dir(file), "want.stderr"))
		if err != nil {
			t.Fatal(err)
		}
		lines := strings.Split(strings.TrimSpace(string(stderr)), "\n")
		if string(code) != "0\n" && !strings.Contains(lines[len(lines)-1], " — ") {
			without = append(without, filepath.Base(filepath.Dir(file))+": "+lines[len(lines)-1])
		}
	}
	slices.Sort(without)
	for _, line := range without {
		t.Errorf("no hint: %s", line)
	}
}
