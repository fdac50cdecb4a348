package record

import (
	"bytes"
	"strconv"
	"strings"
	"time"

	"tap-livechat/tap/jsondoc"
)

// The readings of values. Each appends v to dst if it can be read as what is
// wanted without losing anything; ok is false if it cannot. A text without
// any content stands for null where no text is wanted.

func appendText(dst []byte, v jsondoc.Value, asJSON bool) (_ []byte, ok bool) {
	switch v.Kind() {
	case jsondoc.String, jsondoc.Time:
		return v.AppendString(dst), true
	case jsondoc.Number, jsondoc.True, jsondoc.False:
		return append(append(append(dst, '"'), v.Raw()...), '"'), true
	}
	if asJSON {
		return jsondoc.Quote(dst, v.AppendJSON(nil)), true
	}
	return dst, false
}

func appendInstant(dst []byte, v jsondoc.Value) (_ []byte, ok bool) {
	switch v.Kind() {
	case jsondoc.Time:
		return append(dst, v.Raw()...), true
	case jsondoc.String:
		if t, err := time.Parse(time.RFC3339, strings.TrimSpace(v.Text())); err == nil && t.UTC().Year() >= 0 && t.UTC().Year() <= 9999 {
			return jsondoc.AppendTime(dst, t), true
		}
	}
	return dst, false
}

func appendInteger(dst []byte, v jsondoc.Value) (_ []byte, ok bool) {
	if v.Kind() == jsondoc.Number && !bytes.ContainsAny(v.Raw(), ".eE") {
		return append(dst, v.Raw()...), true
	}
	raw := numeral(v)
	if raw == "" {
		return dst, false
	}
	if !strings.ContainsAny(raw, ".eE") {
		return append(dst, raw...), true
	}
	return appendWhole(dst, raw)
}

// appendWhole writes the whole number that a JSON number with a decimal point
// or an exponent stands for, digit for digit.
func appendWhole(dst []byte, raw string) (_ []byte, ok bool) {
	const mostZeros = 40 // that an exponent may add
	raw, negative := strings.CutPrefix(raw, "-")
	power, ok := exponent(raw)
	if at := strings.IndexAny(raw, "eE"); at >= 0 {
		raw = raw[:at]
	}
	whole, frac, _ := strings.Cut(raw, ".")
	digits := strings.TrimRight(whole+frac, "0")
	if digits == "" {
		return append(dst, '0'), true
	}
	zeros := len(whole) + power - len(digits)
	if !ok || zeros < 0 || zeros > mostZeros {
		return dst, false
	}
	if negative {
		dst = append(dst, '-')
	}
	dst = append(dst, strings.TrimLeft(digits, "0")...)
	return append(dst, strings.Repeat("0", zeros)...), true
}

// exponent is that of a JSON number; ok is false if it is out of proportion.
func exponent(raw string) (n int, ok bool) {
	const most = 1000 // a float64 ends at 308
	at := strings.IndexAny(raw, "eE")
	if at < 0 {
		return 0, true
	}
	n, err := strconv.Atoi(raw[at+1:])
	return n, err == nil && n >= -most && n <= most
}

func appendNumber(dst []byte, v jsondoc.Value) (_ []byte, ok bool) {
	raw := numeral(v)
	if _, ok := exponent(raw); raw == "" || !ok {
		return dst, false
	}
	return append(dst, raw...), true
}

// numeral is the JSON number that v is, or holds as text; empty if neither.
func numeral(v jsondoc.Value) string {
	switch v.Kind() {
	case jsondoc.Number:
		return string(v.Raw())
	case jsondoc.String:
		if s := strings.TrimSpace(v.Text()); jsondoc.IsNumber(s) {
			return s
		}
	}
	return ""
}

func appendBoolean(dst []byte, v jsondoc.Value) (_ []byte, ok bool) {
	switch v.Kind() {
	case jsondoc.True, jsondoc.False:
		return append(dst, v.Raw()...), true
	case jsondoc.Number, jsondoc.String:
		switch strings.ToLower(strings.TrimSpace(v.Text())) {
		case "1", "true":
			return append(dst, "true"...), true
		case "0", "false":
			return append(dst, "false"...), true
		}
	}
	return dst, false
}

// appendOther writes a value for which the schema has no single type: as it
// came if it has one of those allowed, else as the first that it can be read as.
func appendOther(dst []byte, v jsondoc.Value, s *shape) (_ []byte, ok bool) {
	switch v.Kind() {
	case jsondoc.String, jsondoc.Time:
		ok = s.takes("string")
	case jsondoc.Number:
		if s.takes("number") {
			return appendNumber(dst, v)
		}
	case jsondoc.True, jsondoc.False:
		ok = s.takes("boolean")
	case jsondoc.Object:
		ok = s.takes("object")
	case jsondoc.Array:
		ok = s.takes("array")
	}
	if ok {
		return v.AppendJSON(dst), true
	}
	if s.takes("integer") {
		dst, ok = appendInteger(dst, v)
	}
	if !ok && s.takes("number") {
		dst, ok = appendNumber(dst, v)
	}
	if !ok && s.takes("boolean") {
		dst, ok = appendBoolean(dst, v)
	}
	if !ok && s.takes("string") {
		dst, ok = appendText(dst, v, false)
	}
	return dst, ok
}
