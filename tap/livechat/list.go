package livechat

import (
	"context"
	"errors"
	"iter"
	"slices"
	"strconv"
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
	last := rg.To.AddDate(0, 0, -1)
	for q.from = rg.From; !q.from.After(last); q.from = q.from.AddDate(0, 0, maxSpan) {
		if q.to = q.from.AddDate(0, 0, maxSpan-1); q.to.After(last) {
			q.to = last
		}
		if err := r.pages(l, q); err != nil {
			return err
		}
	}
	return nil
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
