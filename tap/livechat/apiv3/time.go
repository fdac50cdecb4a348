package apiv3

import (
	"strings"
	"time"

	"tap-livechat/tap/jsondoc"
)

// parseTime parses a time of the API: RFC 3339 with any offset, or another form that can
// be read in one way only. The result is in UTC; zero if v is not such a time.
func parseTime(v jsondoc.Value) time.Time {
	if v.Kind() != jsondoc.String {
		return time.Time{}
	}
	t, ok := parseUsualForm(v.Raw())
	if !ok {
		t = parseOtherForm(v.Text())
	}
	// The renderer rejects other years: targets do not support them.
	if t = t.UTC(); t.Year() < 1 || t.Year() > 9999 {
		return time.Time{}
	}
	return t
}

// otherForms are the forms of a time that differ from RFC 3339 and leave no choice: without
// seconds, and with an offset of ISO 8601. Each takes a fraction of a second.
var otherForms = []string{"2006-01-02T15:04:05Z07:00", "2006-01-02T15:04:05Z0700", "2006-01-02T15:04:05Z07", "2006-01-02T15:04Z07:00"}

// parseOtherForm parses a time in one of these forms, with a blank or a small letter for T
// and Z, and with blanks around it; zero if it is in none of them. A time without an
// offset is not parsed.
func parseOtherForm(text string) time.Time {
	text = strings.Replace(strings.ToUpper(strings.TrimSpace(text)), " ", "T", 1)
	for _, form := range otherForms {
		if t, err := time.Parse(form, text); err == nil {
			return t
		}
	}
	return time.Time{}
}

// parseUsualForm parses the most common form, "2026-01-05T09:00:00.120000Z" with its
// quotes, without allocating.
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

// timeOr returns t as a value; the API's value if t is zero.
func timeOr(doc *jsondoc.Doc, t time.Time, given jsondoc.Value) jsondoc.Value {
	if t.IsZero() {
		return given
	}
	return doc.Time(t)
}

// stamp formats a time for a request: UTC, with six decimals.
func stamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000000+00:00") }
