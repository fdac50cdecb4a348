package civil

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// zones are the names of the time zones of this machine, or some where clocks change
// at midnight if it has no database.
func zones() (all []string) {
	for _, root := range []string{"/usr/share/zoneinfo", "/usr/lib/zoneinfo"} {
		_ = filepath.WalkDir(root, func(path string, d os.DirEntry, err error) error {
			name, _ := strings.CutPrefix(path, root+"/")
			if err == nil && !d.IsDir() && !strings.Contains(name, ".") && !strings.HasPrefix(name, "posix/") && !strings.HasPrefix(name, "right/") {
				if _, err := time.LoadLocation(name); err == nil {
					all = append(all, name)
				}
			}
			return nil
		})
	}
	if len(all) < 100 {
		all = []string{"America/Santiago", "Asia/Beirut", "Africa/Cairo", "America/Havana", "Atlantic/Azores", "Pacific/Apia", "America/Sao_Paulo"}
	}
	return all
}

// TestStartOf: in every zone, each day begins with the first instant of its date,
// so that days leave nothing out and share nothing, whatever clocks do.
func TestStartOf(t *testing.T) {
	from, to := time.Date(2015, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC)
	if testing.Short() {
		from = time.Date(2022, 1, 1, 0, 0, 0, 0, time.UTC)
	}
	text := func(at time.Time) string { return at.Format(time.DateOnly) }
	skipped := 0
	for _, name := range zones() {
		zone, err := time.LoadLocation(name)
		if err != nil {
			t.Fatal(err)
		}
		for day := from; day.Before(to); day = day.AddDate(0, 0, 1) {
			start := StartOf(day, zone)
			if text(start) != text(day) || text(start.Add(-time.Nanosecond)) >= text(day) {
				t.Fatalf("%s: %s begins at %s", name, text(day), start)
			}
			if hour, minute, _ := start.Clock(); hour != 0 || minute != 0 {
				skipped++
			}
		}
	}
	if skipped == 0 {
		t.Error("no zone skips a midnight: nothing was tested")
	}
	t.Logf("%d days without a midnight", skipped)
	apia, err := time.LoadLocation("Pacific/Apia")
	if err != nil {
		t.Fatal(err)
	}
	missing := time.Date(2011, 12, 30, 0, 0, 0, 0, time.UTC) // there was no such day
	if start := StartOf(missing, apia); !start.Equal(StartOf(missing.AddDate(0, 0, 1), apia)) {
		t.Errorf("a day that does not exist begins at %s", start)
	}
}
