package record

import (
	"bytes"
	"slices"
	"strings"
	"time"

	"tap-livechat/tap/jsondoc"
)

// ranks are the places of a list's entries in the order of time, from 1. Entries
// of one time keep the list's order; one without a time stands behind the one
// before it. It is nil if that is the order in which the list has them.
func (p *pen) ranks(list jsondoc.Value) []int {
	var last []byte
	ordered := true
	for entry := range list.All() {
		if at := timeOf(entry); at != nil {
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
		if at := timeOf(entry); at != nil {
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

// timeOf is when an entry was, in a form that sorts; nil if it does not say.
func timeOf(entry jsondoc.Value) []byte {
	v := entry.Get("timestamp")
	if silent(v) {
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
