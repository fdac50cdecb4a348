package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"
	"unicode"

	"tap-livechat/tap"
)

const (
	levelCritical = slog.LevelError + 4
	errorKey      = "error"
)

// newLogger returns a logger in the format that the environment selects: text, or JSON
// if SINGER_SDK_LOG_CONFIG, which Meltano sets, says so.
func newLogger(environ []string, w io.Writer) *slog.Logger {
	h := &logHandler{w: w, mu: new(sync.Mutex), form: formatText, level: slog.LevelInfo}
	h.redact.Store(&noCredentials)
	h.readConfig(lookupEnv(environ, "SINGER_SDK_LOG_CONFIG"))
	for _, name := range []string{"LOGLEVEL", "TAP_LIVECHAT_LOGLEVEL"} { // the later wins
		if level, ok := parseLevel(lookupEnv(environ, name)); ok {
			h.level = level
		}
	}
	return slog.New(h)
}

// lookupEnv is the value of a variable in a list such as [os.Environ] returns;
// empty if it is not there. Of two entries the last counts, as for a process
// that package os/exec starts.
func lookupEnv(environ []string, name string) string {
	for _, e := range slices.Backward(environ) {
		if v, ok := strings.CutPrefix(e, name+"="); ok {
			return v
		}
	}
	return ""
}

// parseLevel parses Python's names of levels, which Singer tools use.
func parseLevel(name string) (slog.Level, bool) {
	level, ok := map[string]slog.Level{
		"NOTSET": slog.LevelDebug, "DEBUG": slog.LevelDebug, "INFO": slog.LevelInfo, "WARN": slog.LevelWarn, "WARNING": slog.LevelWarn,
		"ERROR": slog.LevelError, "CRITICAL": levelCritical, "FATAL": levelCritical,
	}[strings.ToUpper(strings.TrimSpace(name))]
	return level, ok
}

func levelName(l slog.Level) string {
	switch {
	case l >= levelCritical:
		return "CRITICAL"
	case l >= slog.LevelError:
		return "ERROR"
	case l >= slog.LevelWarn:
		return "WARNING"
	case l >= slog.LevelInfo:
		return "INFO"
	}
	return "DEBUG"
}

// logHandler is a slog.Handler that writes one line for each record.
type logHandler struct {
	w      io.Writer
	mu     *sync.Mutex
	form   func(r slog.Record, safe func(text string) string) []byte // writes safe(text) for each text
	level  slog.Level
	redact atomic.Pointer[func(string) string]
}

// noCredentials is the redaction before the credentials are known.
var noCredentials = func(text string) string { return text }

// hideInLog makes a logger of [newLogger] apply redact to each text that it writes. A
// message may quote an answer: the names of members that the tap does not know, the ids
// of chats. An answer may contain the request.
func hideInLog(log *slog.Logger, redact func(text string) string) {
	log.Handler().(*logHandler).redact.Store(&redact)
}

// readConfig reads the level and the format from a Python logging configuration. It
// ignores all other keys.
func (h *logHandler) readConfig(path string) {
	if path == "" {
		return
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return // a log's configuration must not make a run fail
	}
	var config struct {
		Root       struct{ Level any }
		Formatters map[string]map[string]any
	}
	if json.Unmarshal(text, &config) != nil {
		return
	}
	if level, ok := parseLevel(fmt.Sprint(config.Root.Level)); ok {
		h.level = level
	}
	f := config.Formatters["singer_formatter"]
	if strings.HasSuffix(fmt.Sprint(f["()"]), "StructuredFormatter") {
		h.form = formatStructured
	} else if f["format"] == "%(message)s" {
		h.form = formatMessage
	}
}

func (h *logHandler) Enabled(_ context.Context, l slog.Level) bool { return l >= h.level }

func (h *logHandler) Handle(_ context.Context, r slog.Record) error {
	redact := *h.redact.Load()
	line := h.form(r, func(text string) string { return oneLine(redact(text)) })
	h.mu.Lock()
	defer h.mu.Unlock()
	_, err := h.w.Write(append(line, '\n'))
	return err
}

// WithAttrs and WithGroup are not used: the tap logs through one logger.
func (h *logHandler) WithAttrs([]slog.Attr) slog.Handler { return h }
func (h *logHandler) WithGroup(string) slog.Handler      { return h }

// formatText formats a record as singer-python does: LEVEL message.
func formatText(r slog.Record, safe func(string) string) []byte {
	return append([]byte(levelName(r.Level)+" "), formatMessage(r, safe)...)
}

func formatMessage(r slog.Record, safe func(string) string) []byte {
	b := []byte(safe(r.Message))
	r.Attrs(func(a slog.Attr) bool {
		switch a.Key {
		case errorKey:
		case tap.MetricKey:
			b = append(append(b, ": "...), compactJSON(a.Value.Any())...)
		default:
			text := safe(a.Value.String())
			if strings.ContainsAny(text, " \"=") {
				text = fmt.Sprintf("%q", text)
			}
			b = fmt.Appendf(b, " %s=%s", a.Key, text)
		}
		return true
	})
	return b
}

// formatStructured formats a record as the JSON that Meltano parses. Every key is
// required, stream_name even if it is null. Meltano shows the message but not extra, so
// both contain the attributes.
func formatStructured(r slog.Record, safe func(string) string) []byte {
	line := struct {
		Level   string         `json:"level"`
		PID     int            `json:"pid"`
		Logger  string         `json:"logger_name"`
		TS      float64        `json:"ts"`
		Thread  string         `json:"thread_name"`
		App     string         `json:"app_name"`
		Stream  *string        `json:"stream_name"`
		Message string         `json:"message"`
		Metric  any            `json:"metric_info,omitempty"`
		Error   map[string]any `json:"exception,omitempty"`
		Extra   map[string]any `json:"extra"`
	}{
		Level: strings.ToLower(levelName(r.Level)), PID: os.Getpid(), Logger: "tap-livechat",
		TS: float64(r.Time.UnixMicro()) / float64(time.Second/time.Microsecond), Thread: "MainThread", App: "tap-livechat",
		Message: string(formatMessage(r, safe)), Extra: make(map[string]any),
	}
	r.Attrs(func(a slog.Attr) bool {
		switch a.Key {
		case errorKey:
			err, _ := a.Value.Any().(error)
			line.Error = map[string]any{"type": typeName(err), "module": "tap-livechat", "message": safe(fmt.Sprint(err))}
		case tap.MetricKey:
			line.Metric, line.Message = a.Value.Any(), safe(r.Message)
			if m, ok := line.Metric.(tap.Metric); ok {
				if s, ok := m.Tags["stream"].(string); ok {
					line.Stream = &s
				}
			}
		case "stream":
			s := a.Value.String()
			line.Stream = &s
		default:
			line.Extra[a.Key] = a.Value.Any()
			if k := a.Value.Kind(); k == slog.KindString || k == slog.KindAny {
				line.Extra[a.Key] = safe(a.Value.String())
			}
		}
		return true
	})
	return compactJSON(line)
}

func compactJSON(v any) []byte {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return fmt.Appendf(nil, "%q", err.Error())
	}
	return bytes.TrimSpace(b.Bytes())
}

// maxText is the maximum length of one logged text, in bytes. Meltano reads lines of up
// to 64 KiB, and a line has a few texts.
const maxText = 2000

// oneLine makes a text safe for one line of the log: valid UTF-8, without control
// characters, at most maxText long.
func oneLine(s string) string {
	if len(s) > maxText {
		s = s[:maxText] + "…"
	}
	return strings.Join(strings.FieldsFunc(strings.ToValidUTF8(s, "\ufffd"), func(r rune) bool { return unicode.IsControl(r) }), " ")
}

// typeName returns the Go type of an error; of joined errors that of the first.
func typeName(err error) string {
	if all, ok := err.(interface{ Unwrap() []error }); ok && len(all.Unwrap()) > 0 {
		return typeName(all.Unwrap()[0])
	}
	return strings.TrimPrefix(fmt.Sprintf("%T", err), "*")
}
