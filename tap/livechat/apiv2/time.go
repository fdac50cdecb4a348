package apiv2

import (
	"math"
	"strconv"
	"strings"
	"time"

	"tap-livechat/tap/jsondoc"
)

// The instants that RFC 3339 can write: years 1 to 9999, which is what targets can hold.
const (
	firstSecond = -62135596800
	lastSecond  = 253402300799
)

// unix reads Unix seconds, whole or not, as number or as text; a text may be
// RFC 3339 as well.
func unix(v jsondoc.Value) (time.Time, bool) {
	if v.Kind() == jsondoc.String {
		if t, err := time.Parse(time.RFC3339, strings.TrimSpace(v.Text())); err == nil {
			return t.UTC(), writable(t)
		}
	}
	s, ns, ok := seconds(v)
	return time.Unix(s, ns).UTC(), ok && writable(time.Unix(s, ns))
}

// seconds reads a number of seconds, whole or not, as number or as text.
func seconds(v jsondoc.Value) (s, ns int64, ok bool) {
	var text string
	switch v.Kind() {
	case jsondoc.Number:
		// No copy for what is the ordinary case.
		if s, ok := digits(v.Raw()); ok {
			return s, 0, true
		}
		text = string(v.Raw())
	case jsondoc.String:
		text = strings.TrimSpace(v.Text())
	default:
		return 0, 0, false
	}
	if s, err := strconv.ParseInt(text, 10, 64); err == nil {
		return s, 0, true
	}
	if whole, frac, ok := strings.Cut(text, "."); ok && len(frac) <= 9 && strings.Trim(frac, "0123456789") == "" {
		s, err1 := strconv.ParseInt(whole, 10, 64)
		ns, err2 := strconv.ParseInt((frac + "000000000")[:9], 10, 64)
		if strings.HasPrefix(whole, "-") {
			ns = -ns
		}
		return s, ns, err1 == nil && err2 == nil
	}
	f, err := strconv.ParseFloat(text, 64)
	ok = err == nil && jsondoc.IsNumber(text) && f == math.Trunc(f) && f >= firstSecond && f <= lastSecond
	return int64(f), 0, ok
}

// beyond reports whether v is a number of seconds, but of no year that can be written.
func beyond(v jsondoc.Value) bool {
	s, _, ok := seconds(v)
	return ok && !writable(time.Unix(s, 0))
}

// writable reports whether RFC 3339 can write t in UTC.
func writable(t time.Time) bool {
	return t.Unix() >= firstSecond && t.Unix() <= lastSecond
}

// longest is the duration in seconds, a hundred years, up to which it is believed.
const longest = 100 * 366 * 24 * 3600

// digits reads up to 11 digits, which cannot leave the range of RFC 3339.
func digits(raw []byte) (n int64, ok bool) {
	if len(raw) == 0 || len(raw) > 11 {
		return 0, false
	}
	for _, b := range raw {
		if b < '0' || b > '9' {
			return 0, false
		}
		n = n*10 + int64(b-'0')
	}
	return n, true
}

// empty reports whether v is there but says nothing.
func empty(v jsondoc.Value) bool {
	return v.Kind() == jsondoc.Null || v.Blank()
}

// broken reports whether v says something that is no time.
func broken(v jsondoc.Value) bool {
	_, ok := unix(v)
	return !ok && v.Kind() != jsondoc.Absent && v.Kind() != jsondoc.Time && !empty(v)
}
