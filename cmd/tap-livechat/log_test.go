package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// sandboxConfig writes a config for the built-in sandbox and returns its path.
func sandboxConfig(t *testing.T, switches string, more map[string]any) string {
	t.Helper()
	config := map[string]any{"start_date": "2026-01-01", "end_date": "2026-03-12", "api_url": "sandbox:now=2026-03-10T15:00:00Z&" + switches}
	for k, v := range more {
		config[k] = v
	}
	return jsonFile(t, config)
}

func jsonFile(t *testing.T, v any) string {
	t.Helper()
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "file.json")
	writeFile(t, path, string(text))
	return path
}

func TestLogLevels(t *testing.T) {
	config := sandboxConfig(t, "chats=20&days=20", map[string]any{"colour": 1})
	quiet := jsonFile(t, map[string]any{"root": map[string]any{"level": "WARNING"}})
	for _, test := range []struct {
		env        string
		info, warn bool
	}{
		{"", true, true},
		{"LOGLEVEL=WARNING", false, true},
		{"LOGLEVEL=error", false, false},
		{"LOGLEVEL=nonsense", true, true},
		{"LOGLEVEL=INFO LOGLEVEL=ERROR", false, false}, // the later one counts, as in package config
		{"LOGLEVEL=ERROR TAP_LIVECHAT_LOGLEVEL=INFO", true, true},
		{"LOGLEVEL=INFO TAP_LIVECHAT_LOGLEVEL=CRITICAL", false, false},
		{"SINGER_SDK_LOG_CONFIG=" + quiet, false, true},
		{"TAP_LIVECHAT_LOGLEVEL=DEBUG SINGER_SDK_LOG_CONFIG=" + quiet, true, true},
		{"SINGER_SDK_LOG_CONFIG=/nowhere", true, true},
		{"SINGER_SDK_LOG_CONFIG=" + config, true, true},
	} {
		_, stderr, code := runProgram(context.Background(), strings.Fields(test.env), "--config", config)
		if code != 0 {
			t.Fatalf("%s: exit code %d: %s", test.env, code, stderr)
		}
		if strings.Contains(stderr, "window complete") != test.info || strings.Contains(stderr, `unknown setting "colour"`) != test.warn {
			t.Errorf("%s:\n%s", test.env, stderr)
		}
	}
	// Whatever the level, the cause of a failure is told.
	for _, level := range []string{"ERROR", "CRITICAL"} {
		if _, stderr, code := runProgram(context.Background(), []string{"LOGLEVEL=" + level}, "--config", "nowhere"); code != exitUsage || !strings.HasPrefix(stderr, "CRITICAL ") {
			t.Errorf("%s: exit code %d, %q", level, code, stderr)
		}
	}
}

// Meltano asks for the message alone if the plugin does not say that it can
// structure its log.
func TestLogPlainMessages(t *testing.T) {
	plain := jsonFile(t, map[string]any{"root": map[string]any{"level": "INFO"}, "formatters": map[string]any{"singer_formatter": map[string]any{"format": "%(message)s"}}})
	_, stderr, _ := runProgram(context.Background(), []string{"SINGER_SDK_LOG_CONFIG=" + plain}, "--config", sandboxConfig(t, "chats=20", nil))
	if !strings.HasPrefix(stderr, "reading the archive from=") {
		t.Error(stderr)
	}
}

// One line for each window, and nothing twice: a log that grows with the
// archive is read by nobody.
func TestLogIsShort(t *testing.T) {
	_, stderr, code := runProgram(context.Background(), nil, "--config", sandboxConfig(t, "chats=1500&days=60&shape=even&odd=0.3", map[string]any{"max_requests": 90, "on_invalid": "null"}))
	if code != 0 {
		t.Fatal(stderr)
	}
	windows, seen := 0, make(map[string]bool)
	for line := range strings.Lines(stderr) {
		if strings.HasPrefix(line, "INFO window complete") {
			windows++
		}
		if seen[line] {
			t.Errorf("twice: %s", line)
		}
		seen[line] = true
	}
	if windows < 3 || len(seen) > windows+60 {
		t.Errorf("%d windows, %d lines:\n%s", windows, len(seen), stderr)
	}
	if !strings.Contains(stderr, fmt.Sprintf("windows=%d ", windows)) {
		t.Error("the summary counts other windows")
	}
	for _, metric := range []string{"record_count", "http_request_count", "http_request_duration"} {
		if !strings.Contains(stderr, `"metric":"`+metric+`"`) {
			t.Errorf("no metric %s", metric)
		}
	}
}

// What comes from outside must not break a line, nor make it longer than its
// readers take.
func TestLogLines(t *testing.T) {
	structured := jsonFile(t, map[string]any{"formatters": map[string]any{"singer_formatter": map[string]any{"()": "singer_sdk.logging.StructuredFormatter"}}})
	for _, environ := range [][]string{nil, {"SINGER_SDK_LOG_CONFIG=" + structured}} {
		for _, text := range []string{strings.Repeat("x", 200<<10), strings.Repeat("é", 100<<10), strings.Repeat("\"\x00", 40<<10), "a\nb\r\nCRITICAL zz", "\xff\xfe", strings.Repeat("<", 70<<10)} {
			var b strings.Builder
			log := newLogger(environ, &b)
			log.Warn(text, "key", text)
			log.Error("m", "field", errors.New(text))
			critical(log, errors.New("cause: "+text))
			for line := range strings.Lines(b.String()) {
				if len(line) >= 64<<10 {
					t.Errorf("a line of %d bytes", len(line))
				}
				if environ != nil && !json.Valid([]byte(line)) {
					t.Errorf("not JSON: %.80q…%q", line, line[max(0, len(line)-80):])
				}
				if environ == nil && strings.HasPrefix(line, "CRITICAL zz") {
					t.Errorf("a line made of a text: %q", line)
				}
			}
		}
	}
}

// What Docker makes of a mount whose source is missing is a folder; it is named
// as one, and does not stop a run that has its settings.
func TestDotenvIsAFolder(t *testing.T) {
	t.Chdir(t.TempDir())
	if err := os.Mkdir(".env", 0o755); err != nil {
		t.Fatal(err)
	}
	environ := []string{"TAP_LIVECHAT_START_DATE=2026-03-01", "TAP_LIVECHAT_END_DATE=2026-03-02", "TAP_LIVECHAT_API_URL=sandbox:chats=0"}
	stdout, stderr, code := runProgram(t.Context(), environ, "--config", "ENV")
	if code != exitOK || stdout == "" || !strings.HasPrefix(stderr, "WARNING .env is not read: it is a folder\n") {
		t.Errorf("exit code %d: %s", code, stderr)
	}
}
