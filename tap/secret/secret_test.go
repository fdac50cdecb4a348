package secret

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"log/slog"
	"strings"
	"testing"
)

const hidden = "t0ps3cr3t"

// Whoever holds a secret cannot show it by accident.
func TestTextIsNotSeen(t *testing.T) {
	s := New(hidden)
	type public struct{ Token Text }
	type private struct {
		token  Text
		tokens []Text
		by     map[string]Text
	}
	holders := map[string]any{
		"itself": s, "pointer": &s, "list": []Text{s}, "key": map[Text]int{s: 1}, "value": map[string]Text{"token": s},
		"public": public{s}, "public pointer": &public{s}, "private": private{s, []Text{s}, map[string]Text{"": s}}, "private pointer": &private{token: s},
		"inside": struct{ any }{private{token: s}}, "error": fmt.Errorf("wrong: %v", private{token: s}),
	}
	for name, holder := range holders {
		t.Run(name, func(t *testing.T) {
			var out bytes.Buffer
			for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%t", "%c", "%U", "%e", "%10.5s", "%p", "%T"} {
				fmt.Fprintf(&out, verb+"\n", holder)
			}
			fmt.Fprint(&out, holder)
			for _, h := range []slog.Handler{slog.NewJSONHandler(&out, nil), slog.NewTextHandler(&out, nil)} {
				slog.New(h).Info("start", "holder", holder, slog.Group("group", "holder", holder))
				slog.New(h).With("holder", holder).Info("start")
			}
			if text, err := json.Marshal(holder); err == nil { // a map with such keys cannot be marshalled, and that is well
				out.Write(text)
			}
			if text, err := xml.Marshal(holder); err == nil {
				out.Write(text)
			}
			for _, spelling := range []string{hidden, fmt.Sprintf("%x", hidden), fmt.Sprintf("%X", hidden), fmt.Sprintf("%d", []byte(hidden)), "116 48 112", "0x74, 0x30"} {
				if strings.Contains(out.String(), spelling) {
					t.Errorf("%q is in %s", spelling, out.String())
				}
			}
		})
	}
}

func TestText(t *testing.T) {
	s := New(hidden)
	if s.Reveal() != hidden || s.IsZero() || !s.Equal(New(hidden)) || s.Equal(New("another")) || s.Equal(Text{}) || s.String() != "[redacted]" {
		t.Error("a secret does not say what it should")
	}
	if empty := New(""); !empty.IsZero() || empty.Reveal() != "" || !empty.Equal(Text{}) || empty.String() != "" {
		t.Error("an empty secret does not say what it should")
	}
}
