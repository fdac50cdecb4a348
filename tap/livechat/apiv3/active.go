package apiv3

import (
	"context"
	"errors"
	"fmt"
	"iter"

	"tap-livechat/tap/jsondoc"
	"tap-livechat/tap/livechat"
	"tap-livechat/tap/source"
)

// named asks for threads by their ids, at most mostIDs of them. Nothing else may
// stand beside the ids.
func (a *Archive) named(ctx context.Context, ids []string) (*page, error) {
	body := []byte(`{"filters":{"thread_ids":[`)
	for i, id := range ids {
		if i > 0 {
			body = append(body, ',')
		}
		body = jsondoc.Quote(body, id)
	}
	return a.list(ctx, fmt.Sprintf("%d threads by their ids", len(ids)), append(body, "]}}"...))
}

// activePage is one answer that lists the chats that are active.
type activePage struct {
	chats []source.Chat
	next  string
}

// active yields the threads that are active now, with what a list of chats says
// of them: without their events.
func (a *Archive) active(ctx context.Context) iter.Seq2[*source.Chat, error] {
	return func(yield func(*source.Chat, error) bool) {
		cursor, came := "", make(map[string]bool)
		for {
			p, err := a.activePage(ctx, cursor)
			if err != nil {
				yield(nil, err)
				return
			}
			before := len(came)
			for i := range p.chats {
				if came[p.chats[i].ID] {
					continue
				}
				came[p.chats[i].ID] = true
				if !yield(&p.chats[i], nil) {
					return
				}
			}
			if p.next == "" || len(came) == before {
				return
			}
			cursor = p.next
		}
	}
}

// allActive are the threads that are active: whether the archive lists them is open.
func (a *Archive) allActive(ctx context.Context) (*page, error) {
	all := new(page)
	for chat, err := range a.active(ctx) {
		if refused(err) {
			a.client.Log().Warn("the list of active chats is refused; those that the archive does not list are found when they have ended", "reason", err.Error())
			return all, nil
		}
		if err != nil {
			return nil, err
		}
		all.chats = append(all.chats, *chat)
	}
	return all, nil
}

func (a *Archive) activePage(ctx context.Context, cursor string) (*activePage, error) {
	body := fmt.Appendf(nil, `{"filters":{"active":true},"limit":%d}`, pageSize)
	if cursor != "" {
		body = append(jsondoc.Quote([]byte(`{"page_id":`), cursor), '}')
	}
	var p *activePage
	err := a.client.Ask(ctx, call("the active chats", "list_chats", body, func(answer *livechat.Answer) error {
		list := answer.Root().Get("chats_summary")
		if list.Kind() != jsondoc.Array {
			return errors.New("it has no list of chats (chats_summary)")
		}
		p = &activePage{next: word(answer.Root().Get("next_page_id"))}
		m := makers.Get().(*converter)
		defer makers.Put(m)
		mark := answer.Mark()
		for summary := range list.All() {
			chat := new(source.Chat)
			m.read(answer.Doc, asEntry(answer.Doc, summary), answeredAt(answer), chat)
			if chat.ID == "" {
				continue // a chat without threads
			}
			chat.Warnings = nil // it is read whole when it has ended
			chat.Out.Text = a.render(nil, chat, answer)
			p.chats = append(p.chats, *chat)
			answer.Undo(mark)
		}
		return nil
	}))
	return p, err
}

// asEntry makes an entry of the archive of a chat's summary: its last thread,
// which is active, is its thread.
func asEntry(doc *jsondoc.Doc, summary jsondoc.Value) jsondoc.Value {
	b := doc.Build()
	b.Object("")
	for _, name := range [...]string{"id", "users", "properties"} {
		b.Put(name, summary.Get(name))
	}
	last := summary.Get("last_thread_summary")
	b.Object("thread")
	for _, name := range [...]string{"id", "created_at", "user_ids", "properties", "access", "tags", "custom_variables"} {
		b.Put(name, last.Get(name))
	}
	b.Bool("active", true)
	b.End()
	return b.Value()
}
