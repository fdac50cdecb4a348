package apiv2

import (
	"context"
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

const (
	// maxSpare is how many pages may lie ready beyond those being fetched. They
	// even out answers of different speed; each is some 250 KB of records.
	maxSpare = 8
	// maxMemory bounds the memory of the pages in flight, in bytes.
	maxMemory = 16 << 20
)

// Read yields windows oldest first, one after the other.
func (a *Archive) Read(ctx context.Context, rg source.Range) iter.Seq2[source.Step, error] {
	n := a.client.Workers()
	return a.steps(ctx, rg, n+min(n, maxSpare)+2)
}

// steps reads with at most maxInFlight pages in flight.
func (a *Archive) steps(ctx context.Context, rg source.Range, maxInFlight int) iter.Seq2[source.Step, error] {
	return livechat.Steps(ctx, func(ctx context.Context, yield func(source.Step) error) error {
		workers := livechat.StartWorkers[*page](ctx, a.client.Workers(), maxInFlight)
		defer workers.Stop()
		r := &reader{a: a, ctx: ctx, workers: workers, prefetch: livechat.NewPrefetch(maxInFlight, maxMemory), yield: yield}
		return r.read(rg)
	})
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
	p, err := a.page(ctx, span{midnight(from), nextMidnight(to)}, 1, true)
	if err != nil {
		return source.Count{}, err
	}
	defer p.free()
	return source.Count{Chats: p.total, Capped: p.total == archiveCap || p.total < archiveCap && p.atCap()}, nil
}

// Cost is what reading so many chats takes, in requests.
func (a *Archive) Cost(chats int) int { return expected(chats) }

// Active is not served: v2 lists the chats that are open among all others.
func (a *Archive) Active(context.Context) iter.Seq2[source.Active, error] {
	return func(yield func(source.Active, error) bool) { yield(source.Active{}, source.ErrNotServed) }
}

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
