package record

import (
	"bytes"
	"slices"
	"strings"
	"time"

	"tap-livechat/tap/jsondoc"
)

// ranks returns the rank of each entry of a list by time, from 1. Entries with
// equal times keep their order. An entry without a time follows the entry before it.
// The result is nil if the list is in the order of time already.
func (w *writer) ranks(list jsondoc.Value) []int {
	var last []byte
	ordered := true
	for entry := range list.All() {
		if at := entryTime(entry); at != nil {
			ordered = ordered && bytes.Compare(last, at) <= 0
			last = at
		}
	}
	if ordered {
		return nil
	}
	type placed struct {
		at    []byte
		entry int
	}
	var all []placed
	last = nil
	for entry := range list.All() {
		if entry.Kind() != jsondoc.Object {
			continue
		}
		if at := entryTime(entry); at != nil {
			last = at
		}
		all = append(all, placed{last, len(all)})
	}
	slices.SortStableFunc(all, func(a, b placed) int { return bytes.Compare(a.at, b.at) })
	ranks := make([]int, len(all))
	for i, e := range all {
		ranks[e.entry] = i + 1
	}
	return ranks
}

// entryTime returns the time of an entry as sortable bytes; nil if it has none.
func entryTime(entry jsondoc.Value) []byte {
	v := entry.Get("timestamp")
	if isBlank(v) {
		v = entry.Get("date")
	}
	text := v.Raw()
	switch v.Kind() {
	case jsondoc.Time:
	case jsondoc.String:
		t, err := time.Parse(time.RFC3339, strings.TrimSpace(v.Text()))
		if err != nil {
			return nil
		}
		text = jsondoc.AppendTime(nil, t)
	default:
		return nil
	}
	return text[1 : len(text)-2] // without the Z, fewer decimals sort before more
}
