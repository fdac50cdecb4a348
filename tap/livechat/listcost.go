package livechat

import (
	"context"
	"time"

	"tap-livechat/tap/source"
)

// ListCost counts the requests of a list by its row of the table. It requests the list
// that another one is requested once for each row of, and the first page of a list with
// pages.
func (s *Lists) ListCost(ctx context.Context, stream string, ranges ...source.Range) ([]int, error) {
	l := s.find(stream)
	if l == nil {
		return nil, source.ErrNotServed
	}
	r := &listReader{Lists: s, ctx: ctx, stream: stream}
	var costs []int
	for _, rg := range ranges {
		if l.Days == NoDays && len(costs) > 0 {
			costs = append(costs, costs[0])
			continue
		}
		n, err := r.cost(l, rg)
		if err != nil {
			return nil, s.failure(err)
		}
		costs = append(costs, n)
	}
	return costs, nil
}

// cost is the number of requests that read makes.
func (r *listReader) cost(l *List, rg source.Range) (n int, err error) {
	q := request{zone: rg.Zone}
	if q.zone == nil {
		q.zone = time.UTC
	}
	if l.ForEach == nil {
		return r.costOfDays(l, q, rg)
	}
	parents, err := r.parents(l.ForEach)
	if err != nil {
		return 0, err
	}
	n = 1
	for _, q.parent = range parents {
		each, err := r.costOfDays(l, q, rg)
		if err != nil {
			return 0, err
		}
		n += each
	}
	return n, nil
}

// costOfDays is the number of requests that days makes, if one day in twenty has no rows
// and is requested once more.
func (r *listReader) costOfDays(l *List, q request, rg source.Range) (int, error) {
	if l.Days == NoDays {
		return r.costOfPages(l, q)
	}
	total := 0
	for q.from, q.to = range l.spans(rg) {
		n, err := r.costOfPages(l, q)
		if err != nil {
			return 0, err
		}
		total += n
	}
	if l.Days == ByDay {
		total += total / 20
	}
	return total, nil
}

// costOfPages is the number of requests of one pass over the pages of a list, as its
// first page states them.
func (r *listReader) costOfPages(l *List, q request) (int, error) {
	if !l.paged() {
		return 1, nil
	}
	p, err := r.fetch(l, q, 1, "", nil)
	switch rows := len(p.ids); {
	case err != nil:
		return 0, err
	case p.pages > 0:
		return p.pages, nil
	case rows > 0 && p.stated > rows && p.next != "":
		return (p.stated + rows - 1) / rows, nil
	}
	return 1, nil
}
