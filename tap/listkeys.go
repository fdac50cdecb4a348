package tap

import (
	"maps"
	"time"

	"tap-livechat/tap/source"
)

// maxKeys is how many keys the bookmark of a report holds.
const maxKeys = 10_000

// addKey adds the key of a row, and forgets the keys that no bookmark will hold.
func (l *list) addKey(row *source.Row) {
	if row.Day.After(l.day) {
		l.day = row.Day
		before := l.day.AddDate(0, 0, -1)
		l.keys = l.keysOf(before.AddDate(0, 0, -l.lookback), before)
	}
	date := row.Day.Format(time.DateOnly)
	if len(l.keys[date]) <= maxKeys { // one more: then the day is left out
		l.keys[date] = append(l.keys[date], row.Key)
	}
}

// keysOf are the keys of the rows of days, both inclusive, by date: of the latest
// days, if they are too many. It forgets those of the days before.
func (l *list) keysOf(from, to time.Time) map[string][]string {
	first := from.Format(time.DateOnly)
	maps.DeleteFunc(l.keys, func(date string, _ []string) bool { return date < first })
	all, n := make(map[string][]string), 0
	for day := to; !day.Before(from); day = day.AddDate(0, 0, -1) {
		date := day.Format(time.DateOnly)
		if n += len(l.keys[date]); n > maxKeys {
			break
		}
		if len(l.keys[date]) > 0 {
			all[date] = l.keys[date]
		}
	}
	return all
}
