package apiv2

import (
	"strings"
	"sync"
	"time"
)

// The reasons for which a local time has no instant; see [source.Warning].
const (
	noZone      = "its time zone is missing or unknown"
	neverLocal  = "the zone's clocks were put forward over it"
	twiceLocal  = "the zone's clocks showed it twice; the earlier one is taken"
	unreadable  = "" // left as it is: a value of the wrong type
	localLayout = "01/02/06 03:04:05 pm"
)

// otherLayouts are forms that can be read in one way only, if localLayout is not the form.
var otherLayouts = []string{"01/02/2006 03:04:05 pm", "01/02/06 03:04 pm", "01/02/2006 03:04 pm"}

// zones caches what findZone found; nil is a name it does not know.
// Names come from the service, so the cache is bounded.
var zones struct {
	sync.RWMutex
	byName map[string]*time.Location
}

const maxZones = 2000 // the TZ database has about 600 names

// zone is the zone of a name, or of an offset; nil if it is neither.

func zone(name string) *time.Location {
	zones.RLock()
	loc, ok := zones.byName[name]
	zones.RUnlock()
	if ok {
		return loc
	}
	loc = findZone(strings.TrimSpace(name))
	zones.Lock()
	defer zones.Unlock()
	if zones.byName == nil || len(zones.byName) >= maxZones {
		zones.byName = make(map[string]*time.Location)
	}
	zones.byName[strings.Clone(name)] = loc
	return loc
}

// localTime reads a date as the archive writes it, "Wed, 01/23/13 11:40:53 am",
// in the zone of that name. The instant of a wall clock time that came twice
// is the one between notBefore and notAfter (zero: no bound), if only one is.
// With ok false, why is one of the reasons above.
func localTime(text, zoneName string, notBefore, notAfter time.Time) (t time.Time, why string, ok bool) {
	text = strings.TrimSpace(text)
	if t, err := time.Parse(time.RFC3339, text); err == nil {
		return t.UTC(), "", true
	}
	if _, after, found := strings.Cut(text, ", "); found {
		text = after // the weekday follows from the date
	}
	text = strings.ToLower(text)
	wall, err := time.Parse(localLayout, text)
	for i := 0; err != nil && i < len(otherLayouts); i++ {
		wall, err = time.Parse(otherLayouts[i], text)
	}
	if err != nil {
		return time.Time{}, unreadable, false
	}
	loc := zone(zoneName)
	if loc == nil {
		return time.Time{}, noZone, false
	}
	var found []time.Time
	for _, t := range candidates(wall, loc) {
		if (notBefore.IsZero() || !t.Before(notBefore)) && (notAfter.IsZero() || !t.After(notAfter)) {
			found = append(found, t)
		}
	}
	if len(found) == 1 {
		return found[0], "", true
	}
	if found = candidates(wall, loc); len(found) == 0 {
		return time.Time{}, neverLocal, false
	}
	if len(found) > 1 {
		why = twiceLocal
	}
	return found[0], why, true
}

// candidates are the instants, earliest first, at which a clock in loc showed
// wall (whose own zone does not count): one, two, or none.
func candidates(wall time.Time, loc *time.Location) []time.Time {
	var found []time.Time
	// The offsets in force well before and well after cover every change of
	// clocks that can touch this wall time.
	_, before := wall.Add(-26 * time.Hour).In(loc).Zone()
	_, after := wall.Add(26 * time.Hour).In(loc).Zone()
	for _, offset := range []int{max(before, after), min(before, after)} {
		t := wall.Add(-time.Duration(offset) * time.Second)
		if _, there := t.In(loc).Zone(); there == offset && (len(found) == 0 || !found[0].Equal(t)) {
			found = append(found, t)
		}
	}
	return found
}
