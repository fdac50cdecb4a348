package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"
	"sync"
	"time"
	"unicode"

	"tap-livechat/tap"
)

const (
	levelCritical = slog.LevelError + 4
	errorKey      = "error"
)

// newLogger makes the log that the environment asks for: lines to read, or,
// when Meltano asks through SINGER_SDK_LOG_CONFIG, the JSON that it parses.
func newLogger(environ []string, w io.Writer) *slog.Logger {
	h := &logHandler{w: w, mu: new(sync.Mutex), form: formatText, level: slog.LevelInfo}
	h.readConfig(lookupEnv(environ, "SINGER_SDK_LOG_CONFIG"))
	for _, name := range []string{"LOGLEVEL", "TAP_LIVECHAT_LOGLEVEL"} { // the later wins
		if level, ok := parseLevel(lookupEnv(environ, name)); ok {
			h.level = level
		}
	}
	return slog.New(h)
}

func lookupEnv(environ []string, name string) string {
	for _, e := range environ {
		if v, ok := strings.CutPrefix(e, name+"="); ok {
			return v
		}
	}
	return ""
}

// parseLevel reads Python's names for levels, which the ecosystem uses.
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

// logHandler writes one line for each record.
type logHandler struct {
	w     io.Writer
	mu    *sync.Mutex
	form  func(slog.Record) []byte
	level slog.Level
}

// readConfig obeys Python's logging configuration as far as it concerns us:
// the level, and whether lines are to be structured.
func (h *logHandler) readConfig(path string) {
	if path == "" {
		return
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return // a log must not be the reason for a run to fail
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
	line := h.form(r)
	h.mu.Lock()
	defer h.mu.Unlock()
	_, err := h.w.Write(append(line, '\n'))
	return err
}

// WithAttrs and WithGroup are not used: the tap logs through one logger.
func (h *logHandler) WithAttrs([]slog.Attr) slog.Handler { return h }
func (h *logHandler) WithGroup(string) slog.Handler      { return h }

// formatText is singer-python's form: LEVEL message.
func formatText(r slog.Record) []byte {
	return append([]byte(levelName(r.Level)+" "), formatMessage(r)...)
}

func formatMessage(r slog.Record) []byte {
	b := []byte(oneLine(r.Message))
	r.Attrs(func(a slog.Attr) bool {
		switch a.Key {
		case errorKey:
		case tap.MetricKey:
			b = append(append(b, ": "...), compactJSON(a.Value.Any())...)
		default:
			text := oneLine(a.Value.String())
			if strings.ContainsAny(text, " \"=") {
				text = fmt.Sprintf("%q", text)
			}
			b = fmt.Appendf(b, " %s=%s", a.Key, text)
		}
		return true
	})
	return b
}

// formatStructured is the form that Meltano parses. It wants every one of
// these keys, stream_name even if there is none. Meltano shows the message
// and not what is in extra, so the figures stand in both.
func formatStructured(r slog.Record) []byte {
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
		Message: string(formatMessage(r)), Extra: make(map[string]any),
	}
	r.Attrs(func(a slog.Attr) bool {
		switch a.Key {
		case errorKey:
			err, _ := a.Value.Any().(error)
			line.Error = map[string]any{"type": typeName(err), "module": "tap-livechat", "message": oneLine(fmt.Sprint(err))}
		case tap.MetricKey:
			line.Metric, line.Message = a.Value.Any(), oneLine(r.Message)
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
				line.Extra[a.Key] = oneLine(a.Value.String())
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

// maxText is how much of one text is logged. Meltano reads lines of up to
// 64 KiB, and a line holds a handful of texts.
const maxText = 2000

// oneLine makes a text, which may come from outside, fit for a line of the log.
func oneLine(s string) string {
	if len(s) > maxText {
		s = s[:maxText] + "…"
	}
	return strings.Join(strings.FieldsFunc(strings.ToValidUTF8(s, "\ufffd"), func(r rune) bool { return unicode.IsControl(r) }), " ")
}

// typeName names the kind of an error, for the first one if there are several.
func typeName(err error) string {
	if all, ok := err.(interface{ Unwrap() []error }); ok && len(all.Unwrap()) > 0 {
		return typeName(all.Unwrap()[0])
	}
	return strings.TrimPrefix(fmt.Sprintf("%T", err), "*")
}
