package apiv3

import (
	"context"
	"errors"
	"iter"
	"slices"
	"time"

	"tap-livechat/tap/livechat"
	"tap-livechat/tap/source"
)

// Archive is the archive of the Agent Chat API v3.6; see [source.Archive]. It is
// safe for concurrent use. A chat of the seam is a thread of the API.
type Archive struct {
	client   *livechat.Client
	renderer source.Renderer
}

// New makes no request. The renderer may be nil.
func New(client *livechat.Client, renderer source.Renderer) *Archive {
	return &Archive{client: client, renderer: renderer}
}

var _ source.Archive = (*Archive)(nil)

// Read reads windows side by side; they are yielded oldest first, their chats as
// they come.
func (a *Archive) Read(ctx context.Context, rg source.Range) iter.Seq2[source.Step, error] {
	return func(yield func(source.Step, error) bool) {
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		r := newReader(ctx, a, rg)
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
		if err := r.read(); err != nil && !errors.Is(err, errStopped) {
			yield(source.Step{}, err)
		}
	}
}

// errStopped says that the caller has broken out of its loop.
var errStopped = errors.New("stopped")

// Sample takes the chats from the newest on.
func (a *Archive) Sample(ctx context.Context, rg source.Range) iter.Seq2[source.Step, error] {
	return func(yield func(source.Step, error) bool) {
		q := query{from: rg.From, to: rg.To, desc: true}
		cursor := ""
		for n := 1; ; n++ {
			p, err := a.page(ctx, q, cursor, n)
			if err != nil {
				yield(source.Step{}, err)
				return
			}
			if n == 1 && !yield(source.Step{Plan: planOf(p, span{q.from, q.to})}, nil) {
				return
			}
			for i := range p.chats {
				if !yield(source.Step{Chat: &p.chats[i]}, nil) {
					return
				}
			}
			again := p.next == cursor
			cursor = p.next
			p.free()
			if cursor == "" || again {
				return
			}
		}
	}
}

// planOf is what the first answer to a list says about it.
func planOf(p *page, s span) *source.Plan {
	n, known := p.threads(s)
	return &source.Plan{Chats: n, Capped: !known, Requests: cost(n), Ahead: p.ahead}
}

// Count asks for the first page, which takes as long as those of a run. There is
// no largest number.
func (a *Archive) Count(ctx context.Context, from, to time.Time) (source.Count, error) {
	p, err := a.page(ctx, query{from: from, to: to}, "", 1)
	if err != nil {
		return source.Count{}, err
	}
	defer p.free()
	n, known := p.threads(span{from, to})
	return source.Count{Chats: n, Judged: !known && p.next != ""}, nil
}

// Cost is what reading so many threads takes, in requests.
func (a *Archive) Cost(chats int) int { return cost(chats) }

func cost(threads int) int {
	pages := pagesOf(threads)
	return pages*103/100 + min(20, 3+3*pages) // few pages make few windows
}

// threads is how many threads a span holds, of which p is the first page: as the
// service states, if that can be; else, and with known false, judged by how much
// of the span the page has covered.
func (p *page) threads(s span) (n int, known bool) {
	has := len(p.chats)
	switch {
	case p.next == "":
		return max(has, p.found), p.found >= has
	case p.found > has:
		return p.found, true
	case !p.last.After(p.first) || !s.to.After(p.first):
		return 2 * max(has, 1), false
	}
	part := float64(s.to.Sub(p.first)) / float64(p.last.Sub(p.first))
	return max(int(min(float64(has)*part, 1e9)), has+1), false
}

// Chats asks for twenty at a time. Should the service not list active threads,
// the list of active chats says which of them still are.
func (a *Archive) Chats(ctx context.Context, ids []string) iter.Seq2[*source.Chat, error] {
	return func(yield func(*source.Chat, error) bool) {
		missing := make(map[string]bool, len(ids))
		for _, id := range ids {
			missing[id] = true
		}
		for some := range slices.Chunk(ids, mostIDs) {
			if !a.chats(ctx, some, missing, yield) {
				return
			}
		}
		if len(missing) == 0 {
			return
		}
		for chat, err := range a.active(ctx) {
			if err != nil {
				yield(nil, err)
				return
			}
			if missing[chat.ID] {
				delete(missing, chat.ID)
				if !yield(chat, nil) {
					return
				}
			}
		}
	}
}

// chats yields those of at most mostIDs threads that come, and takes them out of
// missing. It returns false if that is the end.
func (a *Archive) chats(ctx context.Context, ids []string, missing map[string]bool, yield func(*source.Chat, error) bool) bool {
	for {
		p, err := a.named(ctx, ids)
		if absent(err) {
			// One of them may be the reason.
			half := len(ids) / 2
			return half == 0 || a.chats(ctx, ids[:half], missing, yield) && a.chats(ctx, ids[half:], missing, yield)
		}
		if err != nil {
			yield(nil, err)
			return false
		}
		came := 0
		for i := range p.chats {
			if chat := &p.chats[i]; missing[chat.ID] {
				came++
				delete(missing, chat.ID)
				if !yield(chat, nil) {
					return false
				}
			}
		}
		p.free()
		// Those that did not come may be more than one answer holds.
		ids = slices.DeleteFunc(slices.Clone(ids), func(id string) bool { return !missing[id] })
		if came == 0 || len(ids) == 0 {
			return true
		}
	}
}

// midnight is the beginning of t's day.
func midnight(t time.Time) time.Time { return t.UTC().Truncate(24 * time.Hour) }
