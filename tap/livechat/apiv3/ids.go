package apiv3

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"

	"tap-livechat/tap/jsondoc"
	"tap-livechat/tap/livechat"
	"tap-livechat/tap/source"
)

// maxIDs is how many threads one request can name.
const maxIDs = 20

// Chats requests twenty threads at a time.
func (a *Archive) Chats(ctx context.Context, ids []string) iter.Seq2[*source.Chat, error] {
	return func(yield func(*source.Chat, error) bool) {
		for some := range slices.Chunk(ids, maxIDs) {
			if !a.chats(ctx, some, yield) {
				return
			}
		}
	}
}

// chats yields those of at most maxIDs threads that are found. If LiveChat refuses
// the request, it asks for each half, since one id may be the reason. It returns
// false if the sequence has ended.
func (a *Archive) chats(ctx context.Context, ids []string, yield func(*source.Chat, error) bool) bool {
	p, err := a.named(ctx, ids)
	if absent(err) {
		half := len(ids) / 2
		return half == 0 || a.chats(ctx, ids[:half], yield) && a.chats(ctx, ids[half:], yield)
	}
	if err != nil {
		yield(nil, err)
		return false
	}
	defer p.free()
	for i := range p.chats {
		if slices.Contains(ids, p.chats[i].ID) && !yield(&p.chats[i], nil) {
			return false
		}
	}
	return true
}

// named requests threads by their ids. LiveChat allows nothing beside the ids.
func (a *Archive) named(ctx context.Context, ids []string) (*page, error) {
	body := []byte(`{"filters":{"thread_ids":[`)
	for i, id := range ids {
		if i > 0 {
			body = append(body, ',')
		}
		body = jsondoc.Quote(body, id)
	}
	body = append(body, "]}}"...)
	return a.list(ctx, fmt.Sprintf("%d threads by their ids", len(ids)), func(int) []byte { return body }, 0)
}

// Active yields the threads that are active, from all pages of list_chats.
func (a *Archive) Active(ctx context.Context) iter.Seq2[source.Active, error] {
	return func(yield func(source.Active, error) bool) {
		seen := make(map[string]bool)
		for pageID := ""; ; {
			chats, next, err := a.activePage(ctx, pageID)
			if err == nil && len(chats) == 0 && (next != "" || pageID != "") {
				chats, next, err = a.activePage(ctx, pageID) // one page at least was to come
			}
			if err != nil {
				yield(source.Active{}, livechat.Unreadable(err))
				return
			}
			before := len(seen)
			for _, chat := range chats {
				if seen[chat.ID] {
					continue
				}
				seen[chat.ID] = true
				if !yield(chat, nil) {
					return
				}
			}
			if next == "" || len(seen) == before { // a page that brings nothing new is the last
				return
			}
			pageID = next
		}
	}
}

// activePage is one page of the active chats, and the page_id of the one after it.
func (a *Archive) activePage(ctx context.Context, pageID string) (chats []source.Active, next string, err error) {
	body := fmt.Appendf(nil, `{"filters":{"active":true},"limit":%d}`, maxPage)
	if pageID != "" {
		body = byPageID(pageID)
	}
	listed := call("the active chats", "list_chats", body, func(answer *livechat.Answer) error {
		list := answer.Root().Get("chats_summary")
		if list.Kind() != jsondoc.Array {
			return errors.New("it has no list of chats (chats_summary)")
		}
		chats, next = nil, word(answer.Root().Get("next_page_id"))
		for summary := range list.All() {
			thread := summary.Get("last_thread_summary")
			if id := thread.Get("id").Text(); id != "" { // a chat may have no thread
				chats = append(chats, source.Active{ID: id, Since: parseTime(thread.Get("created_at"))})
			}
		}
		return nil
	})
	listed.OwnScope = true
	return chats, next, a.client.Ask(ctx, listed)
}
