package apiv3

import (
	"testing"
	"time"

	"tap-livechat/tap/jsondoc"
)

// TestInstant: what package time reads as RFC 3339 is read, and the same.
func TestInstant(t *testing.T) {
	for _, text := range []string{
		"2026-01-05T09:00:00.120000Z", "2026-01-05T09:00:00Z", "2026-01-05T10:00:00.120000+01:00", "2024-02-29T23:59:59.999999Z",
		"2023-02-29T00:00:00.000000Z", "2026-13-05T09:00:00.120000Z", "2026-00-05T09:00:00.120000Z", "2026-01-00T09:00:00.120000Z", "2026-01-32T09:00:00.120000Z", "2026-04-31T09:00:00.120000Z",
		"2026-01-05T24:00:00.120000Z", "2026-01-05T09:60:00.120000Z", "2026-01-05T09:00:60.120000Z", "2026-01-05T09:00:00,120000Z", "2026-01-05T09:00:00.1200000Z",
		"0001-01-01T00:00:00.000000Z", "0000-01-01T00:00:00.000000Z", "9999-12-31T23:59:59.999999Z", "0001-01-01T00:00:00+01:00", "2026-01-05T09:00:0a.120000Z", "", "soon",
	} {
		var d jsondoc.Doc
		want, err := time.Parse(time.RFC3339, text)
		if want = want.UTC(); err != nil || want.Year() < 1 || want.Year() > 9999 {
			want = time.Time{}
		}
		if got := parseTime(d.String(text)); !got.Equal(want) || got.IsZero() != want.IsZero() {
			t.Errorf("%s is %v, want %v", text, got, want)
		}
	}
}

// TestOtherForms: a time that can be read in one way only is read, whatever its form.
func TestOtherForms(t *testing.T) {
	for text, want := range map[string]string{
		"2026-01-05T09:00:00.120000z": "2026-01-05T09:00:00.12Z", "2026-01-05 09:00:00.120000Z": "2026-01-05T09:00:00.12Z", "2026-01-05t09:00:00Z": "2026-01-05T09:00:00Z",
		" 2026-01-05T09:00:00Z\n": "2026-01-05T09:00:00Z", "2026-01-05T09:00Z": "2026-01-05T09:00:00Z",
		"2026-01-05T09:00:00+0200": "2026-01-05T07:00:00Z", "2026-01-05T09:00:00.5-02": "2026-01-05T11:00:00.5Z",
		"2026-01-05T09:00:00": "", "2026-01-05": "", "2026-01-05  09:00:00Z": "", "01/05/2026 09:00:00Z": "", "2026-01-05T09:00:00 CET": "", "": "",
	} {
		var d jsondoc.Doc
		got := ""
		if at := parseTime(d.String(text)); !at.IsZero() {
			got = at.Format(time.RFC3339Nano)
		}
		if got != want {
			t.Errorf("%q is %q, want %q", text, got, want)
		}
	}
}
