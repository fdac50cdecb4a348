// Package secret keeps texts that must not be seen, and takes them out of
// texts that will be.
package secret

import (
	"fmt"
	"log/slog"
	"strings"
)

// shown is what is seen of a secret, and stands where one was.
const shown = "[redacted]"

// A Text is a credential, or a text that may hold one. Only Reveal gives it
// away: it is not printed by any verb of package fmt, not logged and not
// marshalled, wherever it stands, be it in a field that is not exported. The zero
// value is the empty text.
type Text struct {
	// A pointer: fmt cannot call methods on a field that is not exported, and
	// prints what is there, which is an address now.
	text *string
}

// New makes a secret of a text.
func New(text string) Text {
	if text == "" {
		return Text{}
	}
	return Text{&text}
}

// Reveal is the text itself.
func (t Text) Reveal() string {
	if t.text == nil {
		return ""
	}
	return *t.text
}

// IsZero reports whether the text is empty.
func (t Text) IsZero() bool { return t.text == nil }

// Equal reports whether two texts are the same. The operator == compares addresses.
func (t Text) Equal(other Text) bool { return t.Reveal() == other.Reveal() }

// String hides the text, and so do the methods below for those who do not ask
// for a String.
func (t Text) String() string {
	if t.IsZero() {
		return ""
	}
	return shown
}

// Format hides the text, whatever the verb.
func (t Text) Format(f fmt.State, _ rune) { fmt.Fprint(f, t.String()) }

// LogValue hides the text.
func (t Text) LogValue() slog.Value { return slog.StringValue(t.String()) }

// MarshalText hides the text, in JSON, too.
func (t Text) MarshalText() ([]byte, error) { return []byte(t.String()), nil }

// Redact takes secrets out of a text.
func Redact(text string, secrets ...Text) string {
	for _, s := range secrets {
		if !s.IsZero() {
			text = strings.ReplaceAll(text, s.Reveal(), shown)
		}
	}
	return text
}
