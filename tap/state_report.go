package tap

import (
	"encoding/json"
	"maps"
	"time"

	"tap-livechat/tap/jsondoc"
	"tap-livechat/tap/userjson"
)

// keyZone is the key of a report's bookmark beside its replication key.
const keyZone = "timezone"

// reportMark reads the bookmark of a report; its day is zero if there is none.
// The error is a *StateError.
func (s State) reportMark(stream, key string, zone *time.Location) (reportMark, error) {
	b, err := s.Bookmark(stream, key)
	if err != nil || b.At.IsZero() {
		return reportMark{}, err
	}
	var members map[string]json.RawMessage
	_ = json.Unmarshal(orNull(s.bookmarks[stream]), &members) // Bookmark has read it
	mark := reportMark{zone: time.UTC.String()}
	if raw, ok := lookup(members, keyZone); ok && userjson.Value(raw).Kind() == '"' {
		mark.zone = userjson.Unquote(userjson.Value(raw))
	}
	year, month, d := b.At.Date()
	mark.day = time.Date(year, month, d, 0, 0, 0, 0, zone)
	return mark, nil
}

// withReport is a state with another bookmark for one report.
func (s State) withReport(stream, key string, mark reportMark) State {
	text := jsondoc.Quote(append(jsondoc.Quote([]byte("{"), key), ':'), mark.day.Format(time.DateOnly))
	text = jsondoc.Quote(append(text, `,"`+keyZone+`":`...), mark.zone)
	all := maps.Clone(s.bookmarks)
	if all == nil {
		all = make(map[string]json.RawMessage)
	}
	all[stream] = append(text, '}')
	return State{bookmarks: all, others: s.others}
}
