package apiv2

import (
	"context"
	"errors"
	"iter"
	"time"

	"tap-livechat/tap/livechat"
	"tap-livechat/tap/source"
)

// version is what requests name as X-API-Version.
const version = "2"

// Archive is the chats archive of API v2; see [source.Archive]. It is safe for
// concurrent use.
type Archive struct {
	client   *livechat.Client
	renderer source.Renderer
	window   int // chats that a window is planned for
}

// New makes no request. The renderer may be nil.
func New(client *livechat.Client, renderer source.Renderer) *Archive {
	a := &Archive{client: client, renderer: renderer, window: windowChats}
	if most := client.MaxRequests(); most > 0 {
		// Smaller windows, so that a run completes some before it ends.
		a.window = min(max(most/4, 1)*pageSize, windowChats)
	}
	return a
}

// mostSpare is how many pages may lie ready beyond those being fetched. They
// even out answers of different speed; each is some 250 KB of records.
const mostSpare = 8

// Read yields windows oldest first, one after the other.
func (a *Archive) Read(ctx context.Context, rg source.Range) iter.Seq2[source.Step, error] {
	n := a.client.Workers()
	return a.steps(ctx, rg, n+min(n, mostSpare)+2)
}

// steps reads with so many pages, at most, under way or waiting to be read.
func (a *Archive) steps(ctx context.Context, rg source.Range, ahead int) iter.Seq2[source.Step, error] {
	return func(yield func(source.Step, error) bool) {
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		n := a.client.Workers()
		r := &reader{a: a, ctx: ctx, ahead: ahead, seen: new(evidence), workers: livechat.StartWorkers[*page](ctx, n, ahead)}
		defer r.workers.Stop()
		r.yield = func(s source.Step) error {
			if ctx.Err() != nil {
				return context.Cause(ctx)
			}
			if !yield(s, nil) {
				return errStopped
			}
			return nil
		}
		if err := r.read(rg); err != nil && !errors.Is(err, errStopped) {
			yield(source.Step{}, err)
		}
	}
}

// Sample takes the chats from the newest days, more and more of them: years may
// lie between the beginning of the range and the first chat, and reading up to
// it would cost a request for each few months.
func (a *Archive) Sample(ctx context.Context, rg source.Range) iter.Seq2[source.Step, error] {
	const few = 100 // so few that the reading may just go on
	return func(yield func(source.Step, error) bool) {
		newest := []int{0}
		for i := 0; i < len(newest); i++ {
			part := source.Range{From: rg.From, To: rg.To, Now: rg.Now}
			if days := newest[i]; days > 0 && rg.To.AddDate(0, 0, -days).After(rg.From) {
				part.From = rg.To.AddDate(0, 0, -days)
			}
			// No page is asked for before the one in front of it has shown too little.
			for step, err := range a.steps(ctx, part, 1) {
				if step.Plan != nil && i > 0 || step.Window != nil {
					continue
				}
				if !yield(step, err) {
					return
				}
				if step.Plan != nil && step.Plan.Chats > few {
					newest = []int{0, 1, 8, 64, 0}
					break
				}
			}
			if i > 0 && part.From.Equal(rg.From) {
				return // that was all
			}
		}
	}
}

// Count asks for the first page. A total of just as many as one query reaches
// may stand for more.
func (a *Archive) Count(ctx context.Context, from, to time.Time) (source.Count, error) {
	first := from.UTC().Truncate(day)
	p, err := a.page(ctx, daysOf(span{first, first.Add((to.Sub(first) + day - 1).Truncate(day))}), 1)
	if err != nil {
		return source.Count{}, err
	}
	defer p.free()
	return source.Count{Chats: p.total, Capped: p.total == archiveCap || p.total < archiveCap && p.pages >= pageCap}, nil
}

// Cost is what reading so many chats takes, in requests.
func (a *Archive) Cost(chats int) int { return expected(chats) }

// Chats asks for one chat after the other.
func (a *Archive) Chats(ctx context.Context, ids []string) iter.Seq2[*source.Chat, error] {
	return func(yield func(*source.Chat, error) bool) {
		for _, id := range ids {
			chat, err := a.chat(ctx, id)
			if (err != nil || chat != nil) && !yield(chat, err) || err != nil {
				return
			}
		}
	}
}

var _ source.Archive = (*Archive)(nil)
