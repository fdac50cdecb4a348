package livechat

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"tap-livechat/tap/jsondoc"
)

// List describes a list of reference data, or a report: the call, and how its answers
// become rows. A new list is an entry in a table of package apiv2 or apiv3, without
// code.
//
// A member of a row becomes the column of the same name, unless a field below says
// otherwise.
type List struct {
	Stream  string
	Version string // of the API
	Call    string // "POST /v3.6/…"; a name in braces stands for that member of ForEach's row
	Args    string // members of the body, as JSON: `"all": true`

	// Rows is the path from an answer to its rows. Its steps are separated by slashes:
	// a member; [] for each element; {column} for each member, with its name in a
	// column; column=member for a member that becomes a column; column= for the whole
	// value as a column. Empty: the answer is the row.
	Rows string

	Cursor  string // the member with the next page's cursor; the next request has only page_id
	Pages   string // the path to the number of pages; requests have page
	ForEach *List  // the list is requested once for each row of this other list
	Days    Days   // how a report is requested

	FromParent   map[string]string    // members of ForEach's row that become columns; the row's own members win
	Rename       map[string]string    // new names of members; "" leaves a member out
	Flatten      []string             // objects whose members become columns: queue.url becomes queue_url
	MapToList    map[string][2]string // objects with data as names: they become a list of objects with these two members
	Seconds      []string             // columns with Unix seconds
	URLs         []string             // columns with URLs that may lack a scheme
	LocalTimes   []string             // columns with times that may lack a zone; they are in the report's zone
	Date         string               // the column of Seconds or LocalTimes whose day is the date of the row
	DefaultZero  []string             // columns that are 0 if the row lacks them
	DefaultEmpty []string             // columns that are "" if the row lacks them: parts of the key, which is never null
	ID           []string             // members whose values form the column id
}

// Days says how a report is requested. Each row of a report has the columns date and
// timezone.
type Days byte

// The values of Days.
const (
	NoDays Days = iota // not a report
	BySpan             // up to maxDays in one request; {date} in Rows is each day, present or not
	ByDay              // one request for each day
)

// maxDays is the longest span of one request.
const maxDays = 366

// putMember puts a member of a row into its column.
func (l *List) putMember(b *jsondoc.Builder, name string, v jsondoc.Value, zone *time.Location) {
	if slices.Contains(l.Flatten, name) && v.Kind() == jsondoc.Object {
		for m := range v.All() {
			l.putMember(b, name+"_"+string(m.Name()), m, zone)
		}
		return
	}
	if other, ok := l.Rename[name]; ok {
		name = other
	}
	if name == "" || v.Kind() == jsondoc.Null {
		return
	}
	switch pair, isPair := l.MapToList[name]; {
	case isPair && v.Kind() == jsondoc.Object:
		b.Array(name)
		for m := range v.All() {
			b.Object("")
			b.Bytes(pair[0], m.Name())
			b.Put(pair[1], m)
			b.End()
		}
		b.End()
	case slices.Contains(l.URLs, name):
		if address := withScheme(v.Text()); address != "" {
			b.Text(name, address)
		}
	case slices.Contains(l.Seconds, name), slices.Contains(l.LocalTimes, name):
		at := parseTime(v, zone)
		switch {
		case v.Text() == "0": // no time at all
			return
		case at.IsZero():
			b.Put(name, v) // whether that will do is not decided here
			return
		}
		b.Time(name, at)
		if name == l.Date {
			b.Text("date", at.In(zone).Format(time.DateOnly))
		}
	default:
		b.Put(name, v)
	}
}

// putDefaults puts in what stands where a row says nothing; what comes later wins.
func (l *List) putDefaults(b *jsondoc.Builder, v jsondoc.Value) {
	for _, column := range l.DefaultZero {
		b.Int(column, 0)
	}
	for _, column := range l.DefaultEmpty {
		b.Text(column, "")
	}
	if len(l.ID) > 0 {
		var parts []string
		for _, name := range l.ID {
			parts = append(parts, v.Get(name).Text())
		}
		b.Text("id", strings.Join(parts, "|"))
	}
}

// withScheme completes an address.
func withScheme(address string) string {
	switch {
	case address == "" || strings.Contains(address, "://"):
		return address
	case strings.HasPrefix(address, "//"):
		return "https:" + address
	}
	return "https://" + address
}

// maxSeconds is the last second of the year 9999: RFC 3339 has no later year.
const maxSeconds = 253402300799

// parseTime reads Unix seconds, RFC 3339, or a time that lacks its zone; zero if
// it is none of these.
func parseTime(v jsondoc.Value, zone *time.Location) time.Time {
	text := strings.TrimSpace(v.Text())
	if v.Kind() == jsondoc.Number || jsondoc.IsNumber(text) {
		seconds, err := strconv.ParseUint(text, 10, 64)
		if err != nil || seconds > maxSeconds {
			return time.Time{}
		}
		return time.Unix(int64(seconds), 0).UTC()
	}
	if at, err := time.Parse(time.RFC3339, text); err == nil {
		return at.UTC()
	}
	for _, layout := range []string{"2006-01-02T15:04:05", time.DateTime} {
		if at, err := time.ParseInLocation(layout, text, zone); err == nil {
			return at.UTC()
		}
	}
	return time.Time{}
}
