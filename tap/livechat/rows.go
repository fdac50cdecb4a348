package livechat

import (
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"

	"tap-livechat/tap/jsondoc"
	"tap-livechat/tap/source"
)

// visitor is called for the rows of a response.
type visitor struct {
	row func(v jsondoc.Value, found []column)
	day func(date time.Time) // after the rows of each day of a report; nil: not called
}

// rows yields the rows of a response, each as it is rendered, and rows of zeros for
// those that have gone. It leaves out the rows whose ids are in yielded, and adds the
// others to it; nil: it yields all.
func (r *listReader) rows(l *List, q request, a *Answer, yielded map[uint64]bool) {
	clear(r.listed)
	v := visitor{row: func(v jsondoc.Value, found []column) {
		if yielded != nil {
			id := rowID(v, found)
			if yielded[id] {
				return
			}
			yielded[id] = true
		}
		r.row(l, q, a, v, found, false)
	}}
	if len(l.Numbers) > 0 {
		v.day = func(date time.Time) {
			for _, key := range q.keys[date.Format(time.DateOnly)] {
				if !r.listed[key] {
					r.row(l, q, a, jsondoc.Value{}, l.columnsOf(date, key), true)
				}
			}
			clear(r.listed)
		}
	}
	_ = l.walk(a.Root(), q, v) // fetch has checked the form
}

// row builds, renders and yields a row. One that is gone has zeros.
func (r *listReader) row(l *List, q request, a *Answer, v jsondoc.Value, found []column, gone bool) {
	if r.stopped {
		return
	}
	mark := a.Mark()
	b := a.Build()
	b.Object("")
	l.putDefaults(b, v)
	for member, name := range l.FromParent {
		if value, err := a.JSON(q.parent[member]); err == nil {
			l.putMember(b, name, value, q.zone)
		}
	}
	if l.Days != NoDays {
		b.Text("timezone", q.zone.String())
		b.Text("date", q.from.Format(time.DateOnly))
	}
	for _, c := range found {
		if c.value.Kind() == jsondoc.Absent {
			b.Text(c.name, c.text)
		} else {
			b.Put(c.name, c.value)
		}
	}
	if v.Kind() == jsondoc.Object {
		for m := range v.All() {
			l.putMember(b, string(m.Name()), m, q.zone)
		}
	}
	row := source.Row{Stream: r.stream, Received: a.Received}
	if gone {
		for _, column := range l.Numbers {
			b.Int(column, 0)
		}
	} else if len(l.Numbers) > 0 {
		row.Key = keyOf(found)
		r.listed[row.Key] = true
	}
	row.Doc = b.Value()
	switch l.Days {
	case ByDay:
		row.Day = q.from
	case BySpan:
		if len(found) > 0 && found[0].name == "date" {
			row.Day, _ = time.Parse(time.DateOnly, found[0].text)
		}
	}
	if r.renderer != nil {
		r.out = r.renderer.Row(r.out[:0], &row)
		row.Out.Text = r.out
	}
	row.Doc = jsondoc.Value{}
	a.Undo(mark)
	r.count++
	r.stopped = !r.yield(&row, nil)
}

// orStopped returns err, or errStopped if no more rows are wanted.
func (r *listReader) orStopped(err error) error {
	if err == nil && r.stopped {
		return errStopped
	}
	return err
}

// column is a column from the path to a row: a text, or a value.
type column struct {
	name, text string
	value      jsondoc.Value
}

// keyOf is the key of a report's row beside its date.
func keyOf(found []column) string {
	for _, c := range slices.Backward(found) {
		if c.value.Kind() == jsondoc.Absent {
			return c.text
		}
	}
	return ""
}

// columnsOf are the columns of a report's row with a key beside its date.
func (l *List) columnsOf(date time.Time, key string) (all []column) {
	for step := range strings.SplitSeq(l.Rows, "/") {
		if step == "{date}" {
			all = append(all, column{name: "date", text: date.Format(time.DateOnly)})
		} else if name, ok := strings.CutPrefix(step, "{"); ok {
			all = append(all, column{name: strings.TrimSuffix(name, "}"), text: key})
		}
	}
	return all
}

// walk follows the path to each row and visits it. The error says that the answer does
// not have the form of the path.
func (l *List) walk(root jsondoc.Value, q request, visit visitor) error {
	err := l.walkRows(root, l.Rows, q, nil, visit)
	if err == nil && visit.day != nil && l.Days == ByDay {
		visit.day(q.from)
	}
	return err
}

func (l *List) walkRows(v jsondoc.Value, path string, q request, found []column, visit visitor) error {
	if path == "" {
		if len(found) == 0 && l.Days != BySpan && v.Kind() != jsondoc.Object && l.Rows == "" {
			return errors.New("it is no object")
		}
		visit.row(v, found)
		return nil
	}
	step, rest, _ := strings.Cut(path, "/")
	found = slices.Clip(found)
	name, ofNames := strings.CutPrefix(step, "{")
	name = strings.TrimSuffix(name, "}")
	switch {
	case step == "[]":
		if v.Kind() != jsondoc.Array {
			return errors.New("it is no list")
		}
		for e := range v.All() {
			if err := l.walkRows(e, rest, q, found, visit); err != nil {
				return err
			}
		}
	case ofNames && v.Kind() != jsondoc.Object && v.Kind() != jsondoc.Null && !(v.Kind() == jsondoc.Array && v.Size() == 0):
		return errors.New("it has no object where one should be")
	case ofNames && name == "date" && l.Days == BySpan:
		for day := q.from; !day.After(q.to); day = day.AddDate(0, 0, 1) {
			date := day.Format(time.DateOnly)
			bucket := v.Get(date)
			if rest == "" || bucket.Kind() == jsondoc.Object {
				if err := l.walkRows(bucket, rest, q, append(found, column{name: name, text: date}), visit); err != nil {
					return err
				}
			}
			if visit.day != nil {
				visit.day(day)
			}
		}
	case ofNames:
		for m := range v.All() {
			if err := l.walkRows(m, rest, q, append(found, column{name: name, text: string(m.Name())}), visit); err != nil {
				return err
			}
		}
	case strings.Contains(step, "="):
		name, member, _ := strings.Cut(step, "=")
		if member == "" {
			return l.walkRows(jsondoc.Value{}, rest, q, append(found, column{name: name, value: v}), visit)
		}
		return l.walkRows(v, rest, q, append(found, column{name: name, value: v.Get(member)}), visit)
	default:
		next := v.Get(step)
		if next.Kind() == jsondoc.Absent {
			return errors.New("it has no " + step)
		}
		return l.walkRows(next, rest, q, found, visit)
	}
	return nil
}

// valueAt returns the value at the end of a path of members; absent if there is none.
func valueAt(v jsondoc.Value, path string) jsondoc.Value {
	for step := range strings.SplitSeq(path, "/") {
		v = v.Get(step)
	}
	return v
}

// putMember writes a member of a row to its column.
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

// putDefaults writes the default values of columns. Later values of a column win.
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

// withScheme returns a URL with a scheme, https if it has none.
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

// parseTime parses Unix seconds, RFC 3339, or a time without a zone; zero if it is none
// of these.
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
