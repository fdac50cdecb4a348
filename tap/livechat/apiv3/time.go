package apiv3

import (
	"time"

	"tap-livechat/tap/jsondoc"
)

// parseTime reads a time as the API writes it: RFC 3339, of any offset. It is in
// UTC; zero if v is something else, or nothing.
func parseTime(v jsondoc.Value) time.Time {
	if v.Kind() != jsondoc.String {
		return time.Time{}
	}
	t, ok := parseUsualForm(v.Raw())
	if !ok {
		var err error
		if t, err = time.Parse(time.RFC3339, v.Text()); err != nil {
			return time.Time{}
		}
	}
	// Those outside are for the renderer to judge: no target holds them.
	if t = t.UTC(); t.Year() < 1 || t.Year() > 9999 {
		return time.Time{}
	}
	return t
}

// parseUsualForm reads a time in the form that nearly all have, "2026-01-05T09:00:00.120000Z"
// in its quotes, without a copy.
func parseUsualForm(raw []byte) (t time.Time, ok bool) {
	const form = `"0000-00-00T00:00:00.000000Z"`
	if len(raw) != len(form) {
		return t, false
	}
	var fields [7]int
	field := 0
	for i, c := range raw {
		switch {
		case form[i] != '0':
			if c != form[i] {
				return t, false
			}
			if i > 0 {
				field++
			}
		case c < '0' || c > '9':
			return t, false
		default:
			fields[field] = fields[field]*10 + int(c-'0')
		}
	}
	year, month, day := fields[0], time.Month(fields[1]), fields[2]
	t = time.Date(year, month, day, fields[3], fields[4], fields[5], fields[6]*1000, time.UTC)
	y, m, d := t.Date()
	return t, y == year && m == month && d == day && fields[3] < 24 && fields[4] < 60 && fields[5] < 60
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
