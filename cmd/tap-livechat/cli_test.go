package main

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write the transcripts under testdata/cli anew")

// secret is the token in every case under testdata/cli. It must not turn up
// anywhere.
const secret = "S3CR3T-t0k3n-5678"

// TestTranscripts runs each case of testdata/cli in a folder of its own, and
// compares standard output, standard error and exit code with what the
// transcript says. Each case runs three times, since neither the level nor the
// form of the log may change anything else.
func TestTranscripts(t *testing.T) {
	structured := filepath.Join(t.TempDir(), "log.json")
	writeFile(t, structured, `{"version":1,"root":{"level":"DEBUG","handlers":["h"]},"formatters":{"singer_formatter":{"()":"singer_sdk.logging.StructuredFormatter"}}}`)
	all := readTranscripts(t)
	stdoutOf := make(map[string]string)
	for _, tr := range all {
		for _, c := range tr.cases {
			stdoutOf[c.name] = c.stdout
		}
	}
	for _, tr := range all {
		for _, c := range tr.cases {
			t.Run(c.name, func(t *testing.T) {
				work := t.TempDir()
				for name, text := range c.files {
					writeFile(t, filepath.Join(work, name), text)
				}
				t.Chdir(work)
				stdout, stderr, code := runProgram(t.Context(), c.environ, c.args...)
				got := []any{normal(stdout), normal(stderr), code}
				want := []any{c.stdout, c.stderr, c.exit}
				if other, ok := stdoutOf[c.stdoutAs]; ok {
					want[0] = other
				} else if c.stdoutAs != "" {
					t.Errorf("there is no case %s", c.stdoutAs)
				}
				for i, what := range []string{"standard output", "standard error", "exit code"} {
					if d := cmp.Diff(want[i], got[i]); d != "" && !*update {
						t.Errorf("%s (-want +got):\n%s", what, d)
					}
				}
				if *update {
					c.stdout, c.stderr, c.exit = normal(stdout), normal(stderr), code
				}
				checkEnding(t, stdout, stderr, code)
				noSecret(t, stdout, stderr)
				stdout2, stderr2, code2 := runProgram(t.Context(), append(c.environ, "TAP_LIVECHAT_LOGLEVEL=DEBUG", "LOGLEVEL=ERROR"), c.args...)
				stdout3, stderr3, code3 := runProgram(t.Context(), append(c.environ, "SINGER_SDK_LOG_CONFIG="+structured), c.args...)
				noSecret(t, stdout2, stderr2, stdout3, stderr3)
				if code2 != code || code3 != code || normal(stdout2) != normal(stdout) || normal(stdout3) != normal(stdout) {
					t.Errorf("the log's level or form changes the run: exit codes %d, %d, %d", code, code2, code3)
				}
				checkStructured(t, stderr3)
			})
		}
		if *update {
			tr.write(t)
		}
	}
}

func writeFile(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
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
	{regexp.MustCompile(`"read_to":"[^"]*"`), `"read_to":"<time>"`},
	{regexp.MustCompile(`(?m)^(\{"type":"SCHEMA".*?"schema":).*(,"key_properties")`), "$1{…}$2"}, // discover has them
	{regexp.MustCompile(`\b(to|now|it is )=?20[2-9]\d-\d\d-\d\dT\d\d:\d\d:\d\d\S*Z`), "$1<time>"},
	{regexp.MustCompile(`window complete from=(\S+) to=\S+`), "window complete from=$1 to=<day>"},
	{regexp.MustCompile(`("http_request_duration","value":)[0-9.e-]+`), "$1<n>"},
	{regexp.MustCompile(`\b(seconds(=|": ))[0-9.]+`), "$1<n>"},
	{regexp.MustCompile(`read tcp \S+->\S+: `), ""},
}

// aTime is a time in quotes, as messages have it.
var aTime = regexp.MustCompile(`"20\d\d-\d\d-\d\dT[0-9:.]+Z"`)

func normal(text string) string {
	for _, n := range noise {
		text = n.pattern.ReplaceAllString(text, n.stands)
	}
	text = aTime.ReplaceAllStringFunc(text, func(quoted string) string {
		if at, err := time.Parse(time.RFC3339Nano, strings.Trim(quoted, `"`)); err == nil && time.Since(at).Abs() < time.Hour {
			return `"<now>"`
		}
		return quoted
	})
	// Days that a run without an end_date reckons from the clock: the moving days, and a
	// look-back of 32 days. Days in the files of the cases are older.
	for ago := range 40 {
		text = strings.ReplaceAll(text, time.Now().UTC().AddDate(0, 0, -ago).Format(time.DateOnly), "<recent day>")
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
	faulty := 0
	for _, tr := range readTranscripts(t) {
		for _, c := range tr.cases {
			if c.exit == exitOK {
				continue
			}
			faulty++
			lines := strings.Split(strings.TrimSpace(c.stderr), "\n")
			if last := lines[len(lines)-1]; !strings.Contains(last, " — ") {
				t.Errorf("%s: no hint: %s", c.name, last)
			}
		}
	}
	if faulty == 0 {
		t.Error("no case is faulty")
	}
}
