package livechat

import (
	"testing"
	"time"

	"tap-livechat/tap/jsondoc"
)

// Seconds, RFC 3339 and local times are read; everything else is zero.
func TestParseTime(t *testing.T) {
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string]string{
		`1700000000`: "2023-11-14T22:13:20Z", `"1700000000"`: "2023-11-14T22:13:20Z", `0`: "1970-01-01T00:00:00Z",
		`253402300799`:                "9999-12-31T23:59:59Z",
		`"2024-07-01T10:00:00+03:00"`: "2024-07-01T07:00:00Z", `"2024-07-01T10:00:00"`: "2024-07-01T08:00:00Z", `"2024-07-01 10:00:00"`: "2024-07-01T08:00:00Z",
		`253402300800`: "", `99999999999999999999`: "", `-1`: "", `1.5`: "", `1e3`: "", `"+5"`: "", `"soon"`: "", `""`: "", `null`: "", `true`: "",
	} {
		var d jsondoc.Doc
		if err := d.Parse([]byte(text)); err != nil {
			t.Fatal(err)
		}
		got := ""
		if at := parseTime(d.Root(), berlin); !at.IsZero() {
			got = at.Format(time.RFC3339)
		}
		if got != want {
			t.Errorf("%s is %q, want %q", text, got, want)
		}
	}
}
