package apiv2

import (
	"io/fs"
	"os"
	"strings"
	"testing"
	"time"
)

func TestFindZone(t *testing.T) {
	for name, want := range map[string]string{ // what a clock there shows at noon UTC in January
		"Europe/Berlin": "13:00", "europe/berlin": "13:00", "EUROPE/BERLIN": "13:00", "America/port-AU-prince": "07:00", "us/eastern": "07:00", "gmt": "12:00",
		"UTC": "12:00", "utc": "12:00", "Z": "12:00", "z": "12:00", "est5edt": "07:00",
		"UTC+02:00": "14:00", "utc+2": "14:00", "UTC-0330": "08:30", "+02:00": "14:00", "-02:00": "10:00", "+0530": "17:30", "+00:00": "12:00", "+14:00": "02:00",
		"Etc/GMT+2": "10:00", "etc/gmt+2": "10:00", // the TZ database has the sign turned round
		"": "", "Local": "", "local": "", "LOCAL": "", "GMT+2": "", "+15:00": "", "+02:60": "", "+2:0": "", "2": "", "UTC+": "", "Mars/Olympus": "", "../utc": "", "MESZ": "",
	} {
		got := ""
		if loc := findZone(name); loc != nil {
			got = time.Date(2026, 1, 5, 12, 0, 0, 0, time.UTC).In(loc).Format("15:04")
		}
		if got != want {
			t.Errorf("%q: %s, want %s", name, got, want)
		}
	}
}

// TestNamesInAnotherCase: each name of the TZ database is known in any case.
func TestNamesInAnotherCase(t *testing.T) {
	n := 0
	err := fs.WalkDir(os.DirFS("/usr/share/zoneinfo"), ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || name[0] < 'A' || name[0] > 'Z' {
			return err
		}
		loc, err := time.LoadLocation(name)
		if err != nil {
			return nil // a file of another kind
		}
		n++
		for _, written := range []string{strings.ToLower(name), strings.ToUpper(name)} {
			if got := findZone(written); got == nil || got.String() != loc.String() {
				t.Errorf("%s is %v", written, got)
			}
		}
		return nil
	})
	if err != nil || n < 300 {
		t.Skipf("%d zones on this machine, %v", n, err)
	}
}
