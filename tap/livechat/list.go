package livechat

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"time"

	"tap-livechat/tap/jsondoc"
	"tap-livechat/tap/source"
)

// Lists are the lists and reports of a table; see [source.Lists].
type Lists struct {
	client   *Client
	renderer source.Renderer
	table    []List

	doubts    int   // lists in a row of which failure cannot tell whether others fail as well
	succeeded int64 // requests that had succeeded then
}

// NewLists makes no request. The renderer may be nil.
func NewLists(client *Client, renderer source.Renderer, tables ...[]List) *Lists {
	return &Lists{client: client, renderer: renderer, table: slices.Concat(tables...)}
}

var _ source.Lists = (*Lists)(nil)

// find returns the list of a stream; nil if the API has none.
func (s *Lists) find(stream string) *List {
	i := slices.IndexFunc(s.table, func(l List) bool { return l.Stream == stream })
	if i < 0 {
		return nil
	}
	return &s.table[i]
}

// List requests one list, page by page.
func (s *Lists) List(ctx context.Context, stream string, rg source.Range) iter.Seq2[*source.Row, error] {
	return func(yield func(*source.Row, error) bool) {
		l := s.find(stream)
		if l == nil {
			yield(nil, source.ErrNotServed)
			return
		}
		r := &listReader{Lists: s, ctx: ctx, stream: stream, yield: yield, listed: make(map[string]bool)}
		if err := r.read(l, rg); err != nil && !errors.Is(err, errStopped) {
			yield(nil, s.failure(err))
		}
	}
}

// errStopped says that whoever wanted the rows has seen enough.
var errStopped = errors.New("stopped")

// listReader reads one list. What is requested is in listrequest.go, and how rows
// come of it in rows.go.
type listReader struct {
	*Lists
	ctx     context.Context
	stream  string
	yield   func(*source.Row, error) bool
	stopped bool            // no more rows are wanted
	out     []byte          // the text of a row
	count   int             // rows that were yielded
	listed  map[string]bool // the keys of a report's day
}

func (r *listReader) read(l *List, rg source.Range) error {
	q := request{zone: rg.Zone, keys: rg.Keys}
	if q.zone == nil {
		q.zone = time.UTC
	}
	if l.ForEach != nil {
		return r.forEach(l, q, rg)
	}
	if err := r.days(l, q, rg); err != nil {
		return err
	}
	if l.NeverEmpty && r.count == 0 {
		return r.conflict(l, q, "the list was empty twice, and every account has at least one row")
	}
	return nil
}

// forEach reads a list that is requested once for each row of another one. A row
// that is listed and not found has been deleted meanwhile, if it is not found when
// requested again; but not if none is found.
func (r *listReader) forEach(l *List, q request, rg source.Range) error {
	parents, err := r.parents(l.ForEach)
	if err != nil {
		return err
	}
	for missing := parents; len(missing) > 0; {
		requested := missing
		missing = nil
		var notFound *Error
		for _, q.parent = range requested {
			err := r.days(l, q, rg)
			var e *Error
			if errors.As(err, &e) && e.Cause == Missing {
				missing, notFound = append(missing, q.parent), e
			} else if err != nil {
				return err
			}
		}
		switch {
		case len(missing) == len(parents):
			return &Error{Op: "the list " + r.stream, Version: l.Version, DebugID: notFound.DebugID, Cause: Missing,
				Detail: fmt.Sprintf("none of the %d that %s lists is found: %s", len(parents), l.ForEach.endpoint(), notFound.reason())}
		case len(requested) < len(parents):
			return nil // not found twice
		}
	}
	return nil
}

// parents reads the list that another one is requested once for each row of.
func (r *listReader) parents(l *List) ([]parent, error) {
	var all []parent
	p, err := r.fetch(l, request{}, 1, "", func(a *Answer) {
		_ = l.walk(a.Root(), request{}, visitor{row: func(v jsondoc.Value, _ []column) {
			p := make(parent)
			for m := range v.All() {
				p[string(m.Name())] = m.AppendJSON(nil)
			}
			all = append(all, p)
		}})
	})
	if err == nil && p.empty && l.NeverEmpty {
		err = r.conflict(l, request{}, l.endpoint()+" was empty twice, and every account has at least one row")
	}
	return all, err
}

// days requests each span of a report.
func (r *listReader) days(l *List, q request, rg source.Range) error {
	if l.Days == NoDays {
		return r.pages(l, q)
	}
	for q.from, q.to = range l.spans(rg) {
		if err := r.pages(l, q); err != nil {
			return err
		}
	}
	return nil
}

// spans yields the first and the last day of each request of a report.
func (l *List) spans(rg source.Range) iter.Seq2[time.Time, time.Time] {
	maxSpan := maxDays
	if l.Days == ByDay {
		maxSpan = 1
	}
	return func(yield func(from, to time.Time) bool) {
		last := rg.To.AddDate(0, 0, -1)
		for from := rg.From; !from.After(last); from = from.AddDate(0, 0, maxSpan) {
			to := from.AddDate(0, 0, maxSpan-1)
			if to.After(last) {
				to = last
			}
			if !yield(from, to) {
				return
			}
		}
	}
}

func (r *listReader) conflict(l *List, q request, detail string) *Error {
	return &Error{Op: r.op(l, q, 1), Version: l.Version, Detail: detail, Cause: Conflicting}
}
