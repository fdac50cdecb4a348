package apiv3

import (
	"context"
	"iter"
	"time"

	"tap-livechat/tap/livechat"
	"tap-livechat/tap/source"
)

// Archive is the archive of the Agent Chat API v3.6; see [source.Archive]. It is
// safe for concurrent use. A chat of the seam is a thread of the API.
type Archive struct {
	client   *livechat.Client
	renderer source.Renderer
	limit    pageLimit
	events   missingEvents
}

// New makes no request. The renderer may be nil.
func New(client *livechat.Client, renderer source.Renderer) *Archive {
	return &Archive{client: client, renderer: renderer, limit: pageLimit{size: maxPage}}
}

var _ source.Archive = (*Archive)(nil)

// Read reads windows side by side. It yields windows oldest first, and chats as
// they come.
func (a *Archive) Read(ctx context.Context, rg source.Range) iter.Seq2[source.Step, error] {
	return livechat.Steps(ctx, func(ctx context.Context, yield func(source.Step) error) error {
		r := newReader(ctx, a, rg, yield)
		defer r.workers.Stop()
		return r.read()
	})
}

// Sample yields the chats from the newest on.
func (a *Archive) Sample(ctx context.Context, rg source.Range) iter.Seq2[source.Step, error] {
	return livechat.Steps(ctx, func(ctx context.Context, yield func(source.Step) error) error {
		next := request{query: query{from: rg.From, to: rg.To, desc: true}, number: 1}
		for {
			p, err := a.page(ctx, next)
			if err != nil {
				return err
			}
			if next.number == 1 {
				if err := yield(source.Step{Plan: planOf(p, span{rg.From, rg.To})}); err != nil {
					return err
				}
			}
			for i := range p.chats {
				if err := yield(source.Step{Chat: &p.chats[i]}); err != nil {
					return err
				}
			}
			more := p.next != "" && p.next != next.pageID
			next.pageID, next.limit = p.next, p.limit
			next.number++
			p.free()
			if !more {
				return nil
			}
		}
	})
}

// Count requests the first page, which takes as long as a page of a run does.
func (a *Archive) Count(ctx context.Context, from, to time.Time) (source.Count, error) {
	p, err := a.page(ctx, request{query: query{from: from, to: to}, number: 1})
	if err != nil {
		return source.Count{}, err
	}
	defer p.free()
	n, known := p.threads(span{from, to})
	return source.Count{Chats: n, Judged: !known && p.next != ""}, nil
}

// Cost is how many requests reading so many threads takes, at most.
func (a *Archive) Cost(chats int) int { return cost(chats) }

func cost(threads int) int {
	pages := pagesOf(threads)
	return pages*103/100 + min(20, 3+3*pages) // few pages make few windows
}

// pagesOf is how many pages so many threads make.
func pagesOf(threads int) int { return (threads + maxPage - 1) / maxPage }

// planOf is what the first page of a span says about the work ahead.
func planOf(p *page, s span) *source.Plan {
	n, known := p.threads(s)
	return &source.Plan{Chats: n, Capped: !known, Requests: cost(n), Ahead: p.ahead}
}

// threads is how many threads are listed for a span that p is the first page of: as
// LiveChat states. If it states none, or fewer than came, known is false, and the
// number is estimated by how much of the span the page covers.
func (p *page) threads(s span) (n int, known bool) {
	came := len(p.chats)
	switch {
	case p.next == "":
		return max(came, p.found), p.found >= came
	case p.found > came:
		return p.found, true
	case !p.last.After(p.first) || !s.to.After(p.first):
		return 2 * max(came, 1), false
	}
	part := float64(s.to.Sub(p.first)) / float64(p.last.Sub(p.first))
	return max(int(min(float64(came)*part, 1e9)), came+1), false
}
