package livechat

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"tap-livechat/tap/jsondoc"
	"tap-livechat/tap/source"
)

// Lists are the lists and reports of a table; see [source.Lists].
type Lists struct {
	client   *Client
	renderer source.Renderer
	table    []List
}

// NewLists makes no request. The renderer may be nil.
func NewLists(client *Client, renderer source.Renderer, tables ...[]List) *Lists {
	return &Lists{client, renderer, slices.Concat(tables...)}
}

var _ source.Lists = (*Lists)(nil)

// List asks for one list, page by page.
func (s *Lists) List(ctx context.Context, stream string, rg source.Range) iter.Seq2[*source.Row, error] {
	return func(yield func(*source.Row, error) bool) {
		at := slices.IndexFunc(s.table, func(l List) bool { return l.Stream == stream })
		if at < 0 {
			yield(nil, source.ErrNotServed)
			return
		}
		r := &listReader{Lists: s, ctx: ctx, stream: stream, yield: yield}
		if err := r.read(&s.table[at], rg); err != nil && !errors.Is(err, errStopped) {
			yield(nil, denied(err))
		}
	}
}

// errStopped says that whoever wanted the rows has seen enough.
var errStopped = errors.New("stopped")

// deniedError is a list that cannot be read, though others may be.
type deniedError struct{ err *Error }

func (e *deniedError) Error() string        { return e.err.Error() }
func (e *deniedError) Unwrap() error        { return e.err }
func (e *deniedError) Is(target error) bool { return target == source.ErrDenied }

// denied tells those errors apart that are about one list only.
func denied(err error) error {
	var e *Error
	if errors.As(err, &e) && (e.Cause == Scope || e.Cause == Limit || e.Cause == Missing || e.Cause == Version) {
		return &deniedError{e}
	}
	return err
}

// listReader is a list that is being read.
type listReader struct {
	*Lists
	ctx    context.Context
	stream string
	yield  func(*source.Row, error) bool
	rows   []source.Row
	out    []byte
	ends   []int
}

// request is what an answer is asked for with, beside what the list says.
type request struct {
	from, to time.Time // the days of a report, both included, midnight in zone
	zone     *time.Location
	parent   parent
}

// parent is a row that a list is asked for once for: its members, as JSON.
type parent map[string][]byte

func (r *listReader) read(l *List, rg source.Range) error {
	if l.ForEach == nil {
		return r.days(l, request{zone: rg.Zone}, rg)
	}
	parents, err := r.parents(l.ForEach)
	if err != nil {
		return err
	}
	for _, p := range parents {
		err := r.days(l, request{zone: rg.Zone, parent: p}, rg)
		var e *Error
		if errors.As(err, &e) && e.Cause == Missing {
			continue // it has been deleted meanwhile
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// days asks for each span of a report.
func (r *listReader) days(l *List, q request, rg source.Range) error {
	if q.zone == nil {
		q.zone = time.UTC
	}
	if l.Days == NoDays {
		return r.pages(l, q)
	}
	maxSpan := maxDays
	if l.Days == ByDay {
		maxSpan = 1
	}
	last := midnight(rg.To.Add(-1), q.zone)
	for q.from = midnight(rg.From, q.zone); !q.from.After(last); q.from = q.from.AddDate(0, 0, maxSpan) {
		if q.to = q.from.AddDate(0, 0, maxSpan-1); q.to.After(last) {
			q.to = last
		}
		if err := r.pages(l, q); err != nil {
			return err
		}
	}
	return nil
}

func midnight(at time.Time, zone *time.Location) time.Time {
	year, month, day := at.In(zone).Date()
	return time.Date(year, month, day, 0, 0, 0, 0, zone)
}

func (r *listReader) pages(l *List, q request) error {
	seen := make(map[string]bool)
	for n, cursor := 1, ""; ; n++ {
		pages, next := 1, ""
		err := r.client.Ask(r.ctx, r.call(l, q, n, cursor, func(a *Answer) (err error) {
			r.rows, r.out, r.ends = r.rows[:0], r.out[:0], r.ends[:0]
			root := a.Root()
			if l.Cursor != "" {
				next = root.Get(l.Cursor).Text()
			}
			if l.Pages != "" {
				pages, _ = strconv.Atoi(valueAt(root, l.Pages).Text())
			}
			return l.walk(root, l.Rows, q, nil, func(v jsondoc.Value, found []column) { r.row(l, q, a, v, found) })
		}))
		if err != nil {
			return err
		}
		if err := r.flush(); err != nil {
			return err
		}
		switch {
		case l.Cursor == "" && (n >= pages || len(r.rows) == 0), l.Cursor != "" && next == "":
			return nil
		case l.Cursor != "" && seen[next]:
			return &Error{Op: r.op(l, q, n), Version: l.Version, Detail: "it names the same next page again", Cause: Foreign}
		}
		cursor, seen[next] = next, true
	}
}

// flush yields the rows of an answer.
func (r *listReader) flush() error {
	start := 0
	for i := range r.rows {
		row := &r.rows[i]
		row.Out.Text, start = r.out[start:r.ends[i]], r.ends[i]
		if !r.yield(row, nil) {
			return errStopped
		}
	}
	return nil
}

// row makes a row and has it rendered.
func (r *listReader) row(l *List, q request, a *Answer, v jsondoc.Value, found []column) {
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
	row := source.Row{Stream: r.stream, Doc: b.Value(), Received: a.Received}
	switch l.Days {
	case ByDay:
		row.Day = q.from
	case BySpan:
		if len(found) > 0 && found[0].name == "date" {
			row.Day, _ = time.ParseInLocation(time.DateOnly, found[0].text, q.zone)
		}
	}
	if r.renderer != nil {
		r.out = r.renderer.Row(r.out, &row)
	}
	row.Doc = jsondoc.Value{}
	a.Undo(mark)
	r.rows, r.ends = append(r.rows, row), append(r.ends, len(r.out))
}

// parents reads the list that another one is asked for once for each row of.
func (r *listReader) parents(l *List) ([]parent, error) {
	var all []parent
	err := r.client.Ask(r.ctx, r.call(l, request{}, 1, "", func(a *Answer) error {
		all = nil
		return l.walk(a.Root(), l.Rows, request{}, nil, func(v jsondoc.Value, _ []column) {
			p := make(parent)
			for m := range v.All() {
				p[string(m.Name())] = m.AppendJSON(nil)
			}
			all = append(all, p)
		})
	}))
	return all, err
}

func (r *listReader) op(l *List, q request, page int) string {
	op := "the list " + r.stream
	if l.Days != NoDays {
		op = r.stream + " of " + q.from.Format(time.DateOnly)
		if q.to.After(q.from) {
			op += " to " + q.to.Format(time.DateOnly)
		}
	}
	if page > 1 {
		op = fmt.Sprintf("page %d of %s", page, op)
	}
	return op
}

func (r *listReader) call(l *List, q request, page int, cursor string, parse func(*Answer) error) Call {
	method, path, _ := strings.Cut(l.Call, " ")
	endpoint, _, _ := strings.Cut(path, "?")
	c := Call{Op: r.op(l, q, page), Endpoint: strings.NewReplacer("{", "<", "}", ">").Replace(endpoint), Method: method, Path: q.parent.fillPath(path), Version: l.Version, OwnScope: true, Parse: parse}
	if method == "POST" {
		c.Body = l.body(q, page, cursor)
	}
	return c
}

// fillPath puts the parent's members into a path.
func (p parent) fillPath(path string) string {
	for name, value := range p {
		if place := "{" + name + "}"; strings.Contains(path, place) {
			var doc jsondoc.Doc
			_ = doc.Parse(slices.Clone(value)) // it was JSON before
			path = strings.ReplaceAll(path, place, url.PathEscape(doc.Root().Text()))
		}
	}
	return path
}

// timeFormat is the form of times in requests.
const timeFormat = "2006-01-02T15:04:05.000000-07:00"

// body is what a request says.
func (l *List) body(q request, page int, cursor string) []byte {
	if cursor != "" {
		return append(jsondoc.Quote([]byte(`{"page_id":`), cursor), '}')
	}
	var members []string
	if l.Args != "" {
		members = append(members, l.Args)
	}
	if l.Days != NoDays {
		end := q.to.AddDate(0, 0, 1).Add(-time.Microsecond)
		if l.Days == BySpan { // the reports of one day each take none
			members = append(members, `"distribution":"day"`)
		}
		members = append(members, `"timezone":`+string(jsondoc.Quote(nil, q.zone.String())),
			fmt.Sprintf(`"filters":{"from":%q,"to":%q}`, q.from.Format(timeFormat), end.Format(timeFormat)))
	}
	if l.Pages != "" {
		members = append(members, fmt.Sprintf(`"page":%d`, page))
	}
	return []byte("{" + strings.Join(members, ",") + "}")
}
