package record

import (
	"bytes"
	"fmt"
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

// appendInstant takes the years that every target knows, 1 to 9999.
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

// appendInteger takes what has 64 bits: a column of integers holds no more.
func appendInteger(dst []byte, v jsondoc.Value) (_ []byte, ok bool) {
	const surely = 18 // digits, or a sign and less
	if raw := v.Raw(); v.Kind() == jsondoc.Number && len(raw) <= surely && !bytes.ContainsAny(raw, ".eE") {
		return append(dst, raw...), true
	}
	raw := numeral(v)
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

// appendWhole writes the whole number that a JSON number with a decimal point
// or an exponent stands for, digit for digit.
func appendWhole(dst []byte, raw string) (_ []byte, ok bool) {
	const mostZeros = 18 // that an exponent may add
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
		dst, ok = appendText(dst, v, s.asJSON)
	}
	return dst, ok
}

// describe says of what kind and size a value is, and nothing of what it says.
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
	if size == 0 { // made, not received
		size = len(v.AppendJSON(nil))
	}
	return fmt.Sprintf("%s of %d bytes", kind, size)
}

// printable is the name of a field that a schema does not know. Names come from
// the service, but where a customer's words are names they are not repeated.
func printable(name []byte) string {
	const longest = 60
	for _, b := range name {
		if b != '_' && b != '-' && (b < '0' || b > '9') && (b|0x20 < 'a' || b|0x20 > 'z') {
			return "…"
		}
	}
	if len(name) == 0 || len(name) > longest {
		return "…"
	}
	return string(name)
}
