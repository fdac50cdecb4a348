package apiv2

import (
	"regexp"
	"strconv"
	"strings"
	"time"
)

// findZone is the zone that a name or an offset means, if it can mean one only: a name
// of the TZ database in any case, Z, or an offset east of UTC such as UTC+02:00 or
// +0200. It is nil for anything else. GMT+2 is not read: the TZ database has such
// names with the sign turned round.
func findZone(name string) *time.Location {
	if name == "" || strings.EqualFold(name, "Local") { // which LoadLocation reads as UTC and as this machine's zone
		return nil
	}
	if loc, err := time.LoadLocation(name); err == nil {
		return loc
	}
	if strings.EqualFold(name, "Z") {
		return time.UTC
	}
	if m := offset.FindStringSubmatch(name); m != nil {
		hours, _ := strconv.Atoi(m[2])
		minutes, _ := strconv.Atoi(m[3])
		seconds := hours*3600 + minutes*60
		if seconds > 14*3600 { // no clock is further from UTC
			return nil
		}
		if m[1] == "-" {
			seconds = -seconds
		}
		return time.FixedZone(name, seconds)
	}
	loc, err := time.LoadLocation(asDatabaseWrites(name))
	if err != nil {
		return nil
	}
	return loc
}

var (
	offset = regexp.MustCompile(`^(?i:UTC)?([+-])([01]?[0-9])(?::?([0-5][0-9]))?$`)
	word   = regexp.MustCompile(`[A-Za-z]+`)
)

// databaseWords are the words in names of the TZ database that do not begin with a
// capital letter or have more than one.
var databaseWords = func() map[string]string {
	words := make(map[string]string)
	for _, w := range strings.Fields("of es au ACT BajaNorte BajaSur CDT CET CHAT CST ComodRivadavia DeNoronha DumontDUrville EDT EET EST EasterIsland " +
		"GB GMT HST IN LHI MDT MET MST McMurdo NSW NZ PDT PRC PST ROC ROK SU UCT US UTC WET") {
		words[strings.ToLower(w)] = w
	}
	return words
}()

// asDatabaseWrites writes a name in the case in which the TZ database has it.
func asDatabaseWrites(name string) string {
	return word.ReplaceAllStringFunc(name, func(w string) string {
		w = strings.ToLower(w)
		if known, ok := databaseWords[w]; ok {
			return known
		}
		return strings.ToUpper(w[:1]) + w[1:]
	})
}
