package state

import (
	"encoding/json"
	"maps"
	"time"

	"tap-livechat/tap/jsondoc"
	"tap-livechat/tap/userjson"
)

// Report is the bookmark of a report: the date of the last day that was read, as
// its midnight in UTC, and the time zone whose days they are.
type Report struct {
	Day  time.Time
	Zone string
	// Keys are the keys, beside the date, of the rows of the days that are read again,
	// by date as YYYY-MM-DD. A row that is gone when its day is read again is known
	// by them.
	Keys map[string][]string
}

// The keys of a report's bookmark beside its replication key.
const (
	keyZone = "timezone"
	keyKeys = "keys"
)

// Report reads the bookmark of a report; its day is zero if there is none.
// The error is an *Error.
func (s State) Report(stream, key string) (Report, error) {
	b, err := s.Bookmark(stream, key)
	if err != nil || b.At.IsZero() {
		return Report{}, err
	}
	var members map[string]json.RawMessage
	_ = json.Unmarshal(orNull(s.bookmarks[stream]), &members) // Bookmark has read it
	mark := Report{Zone: time.UTC.String()}
	if raw, ok := lookup(members, keyZone); ok && userjson.Value(raw).Kind() == '"' {
		mark.Zone = userjson.Unquote(userjson.Value(raw))
	}
	if raw, ok := lookup(members, keyKeys); ok {
		_ = json.Unmarshal(raw, &mark.Keys) // without them no row is known to be gone
	}
	year, month, d := b.At.Date()
	mark.Day = time.Date(year, month, d, 0, 0, 0, 0, time.UTC)
	return mark, nil
}

// WithReport is a state with another bookmark for one report.
func (s State) WithReport(stream, key string, mark Report) State {
	text := jsondoc.Quote(append(jsondoc.Quote([]byte("{"), key), ':'), mark.Day.Format(time.DateOnly))
	text = jsondoc.Quote(append(text, `,"`+keyZone+`":`...), mark.Zone)
	if len(mark.Keys) > 0 {
		keys, err := json.Marshal(mark.Keys)
		if err != nil {
			panic(err) // texts cannot fail
		}
		text = append(append(text, `,"`+keyKeys+`":`...), keys...)
	}
	all := maps.Clone(s.bookmarks)
	if all == nil {
		all = make(map[string]json.RawMessage)
	}
	all[stream] = append(text, '}')
	return State{bookmarks: all, others: s.others}
}
