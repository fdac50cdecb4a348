// Package secret holds credentials so that they cannot be printed by accident, and
// removes them from other texts.
package secret

import (
	"fmt"
	"log/slog"
)

// shown is printed in place of a secret.
const shown = "[redacted]"

// A Text is a credential, or a text that may contain one. Only Reveal returns it. It is
// not printed by any verb of package fmt, not logged and not marshalled, not even from
// an unexported field. The zero value is the empty text.
type Text struct {
	// A pointer: fmt cannot call methods of an unexported field and prints its value,
	// which is an address.
	text *string
}

// New returns a secret.
func New(text string) Text {
	if text == "" {
		return Text{}
	}
	return Text{&text}
}

// Reveal returns the text.
func (t Text) Reveal() string {
	if t.text == nil {
		return ""
	}
	return *t.text
}

// IsZero reports whether the text is empty.
func (t Text) IsZero() bool { return t.text == nil }

// Equal reports whether two texts are equal. The operator == compares addresses.
func (t Text) Equal(other Text) bool { return t.Reveal() == other.Reveal() }

// String returns a placeholder, empty for an empty text. The methods below do the same
// for other interfaces.
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
