package apiv3

import (
	"time"

	"tap-livechat/tap/jsondoc"
)

// instant reads a time as the API writes it: RFC 3339, of any offset. It is in
// UTC; zero if v is something else, or nothing.
func instant(v jsondoc.Value) time.Time {
	if v.Kind() != jsondoc.String {
		return time.Time{}
	}
	t, err := time.Parse(time.RFC3339, v.Text())
	if err != nil {
		return time.Time{}
	}
	// Those outside are for the renderer to judge: no target holds them.
	if t = t.UTC(); t.Year() < 1 || t.Year() > 9999 {
		return time.Time{}
	}
	return t
}

// timeOr is t as a value; what the API gave if that is no time.
func timeOr(doc *jsondoc.Doc, t time.Time, given jsondoc.Value) jsondoc.Value {
	if t.IsZero() {
		return given
	}
	return doc.Time(t)
}

// stamp writes a time as the API wants it: UTC, with six decimals.
func stamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000000+00:00") }
