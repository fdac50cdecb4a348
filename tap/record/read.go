package record

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"
	"time"

	"tap-livechat/tap/jsondoc"
)

// Conversions of values. Each function appends v to dst if v can be converted to
// the type without loss; else ok is false. A text without content is treated as
// null where the type is not text.

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

// appendInstant accepts the years that every target supports, 1 to 9999.
func appendInstant(dst []byte, v jsondoc.Value) (_ []byte, ok bool) {
	switch v.Kind() {
	case jsondoc.Time:
		if raw := v.Raw(); !bytes.HasPrefix(raw, []byte(`"0000`)) {
			return append(dst, raw...), true
		}
	case jsondoc.String:
		if t, err := time.Parse(time.RFC3339, strings.TrimSpace(v.Text())); err == nil && t.UTC().Year() >= 1 && t.UTC().Year() <= 9999 {
			return jsondoc.AppendTime(dst, t), true
		}
	}
	return dst, false
}

// appendInteger accepts integers of up to 64 bits, the size of an integer column.
func appendInteger(dst []byte, v jsondoc.Value) (_ []byte, ok bool) {
	const safeLength = 18 // digits, including a sign, that always fit into 64 bits
	if raw := v.Raw(); v.Kind() == jsondoc.Number && len(raw) <= safeLength && !bytes.ContainsAny(raw, ".eE") {
		return append(dst, raw...), true
	}
	raw := numberText(v)
	if raw == "" {
		return dst, false
	}
	mark := len(dst)
	if !strings.ContainsAny(raw, ".eE") {
		dst = append(dst, raw...)
	} else if dst, ok = appendWhole(dst, raw); !ok {
		return dst, false
	}
	_, err := strconv.ParseInt(string(dst[mark:]), 10, 64)
	return dst, err == nil
}

// appendWhole appends the integer value of a JSON number that has a decimal point
// or an exponent, digit for digit. ok is false if the value is not an integer.
func appendWhole(dst []byte, raw string) (_ []byte, ok bool) {
	const maxZeros = 18 // added by an exponent
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
	if !ok || zeros < 0 || zeros > maxZeros {
		return dst, false
	}
	if negative {
		dst = append(dst, '-')
	}
	dst = append(dst, strings.TrimLeft(digits, "0")...)
	return append(dst, strings.Repeat("0", zeros)...), true
}

// exponent returns the exponent of a JSON number; ok is false if it exceeds maxExponent.
func exponent(raw string) (n int, ok bool) {
	const maxExponent = 1000 // a float64 ends at 308
	at := strings.IndexAny(raw, "eE")
	if at < 0 {
		return 0, true
	}
	n, err := strconv.Atoi(raw[at+1:])
	return n, err == nil && n >= -maxExponent && n <= maxExponent
}

func appendNumber(dst []byte, v jsondoc.Value) (_ []byte, ok bool) {
	raw := numberText(v)
	if _, ok := exponent(raw); raw == "" || !ok {
		return dst, false
	}
	return append(dst, raw...), true
}

// numberText returns the JSON number that v is or contains as text; empty if neither.
func numberText(v jsondoc.Value) string {
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

// appendOther appends a value whose schema has no single type: unchanged if its type
// is allowed, else as the first allowed type to which it can be converted.
func appendOther(dst []byte, v jsondoc.Value, s *schema) (_ []byte, ok bool) {
	switch v.Kind() {
	case jsondoc.String, jsondoc.Time:
		ok = s.allows("string")
	case jsondoc.Number:
		if s.allows("number") {
			return appendNumber(dst, v)
		}
	case jsondoc.True, jsondoc.False:
		ok = s.allows("boolean")
	case jsondoc.Object:
		ok = s.allows("object")
	case jsondoc.Array:
		ok = s.allows("array")
	}
	if ok {
		return v.AppendJSON(dst), true
	}
	if s.allows("integer") {
		dst, ok = appendInteger(dst, v)
	}
	if !ok && s.allows("number") {
		dst, ok = appendNumber(dst, v)
	}
	if !ok && s.allows("boolean") {
		dst, ok = appendBoolean(dst, v)
	}
	if !ok && s.allows("string") {
		dst, ok = appendText(dst, v, s.asJSON)
	}
	return dst, ok
}

// describe returns the kind and size of a value, not its content, which may be
// personal data.
func describe(v jsondoc.Value) string {
	switch v.Kind() {
	case jsondoc.Absent:
		return "nothing"
	case jsondoc.Null:
		return "null"
	case jsondoc.True, jsondoc.False:
		return "true or false"
	case jsondoc.Time:
		return "a time"
	case jsondoc.String:
		return fmt.Sprintf("a text of %d bytes", len(v.Text()))
	}
	kind := map[jsondoc.Kind]string{jsondoc.Number: "a number", jsondoc.Object: "an object", jsondoc.Array: "a list"}[v.Kind()]
	size := len(v.Raw())
	if size == 0 { // generated, not received
		size = len(v.AppendJSON(nil))
	}
	return fmt.Sprintf("%s of %d bytes", kind, size)
}
