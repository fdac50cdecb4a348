package apiv3

import (
	"context"
	"errors"
	"sync"

	"tap-livechat/tap/jsondoc"
	"tap-livechat/tap/livechat"
	"tap-livechat/tap/source"
)

// maxRefusals is after how many refusals in a row threads without events are not
// requested one by one any more: where the plan's retention is the reason, that
// would be most of an archive.
const maxRefusals = 10

// missingEvents counts, over a run, how requests for single threads ended. It is safe
// for concurrent use.
type missingEvents struct {
	mu      sync.Mutex
	refused int // in a row; from maxRefusals on it stays
}

// give reports whether it is worth to request a thread.
func (m *missingEvents) give() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.refused < maxRefusals
}

// answered notes whether the events came.
func (m *missingEvents) answered(came bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	switch {
	case m.refused >= maxRefusals:
	case came:
		m.refused = 0
	default:
		m.refused++
	}
}

// incomplete is a thread of a page that has ended, without events, and nothing says why.
type incomplete struct {
	at     int    // its place on the page
	chatID string // the id of the chat that the thread belongs to
}

// complete requests the threads of a page whose events are missing, one by one, while
// that helps. A thread whose events do not come is delivered without them, with a note.
func (a *Archive) complete(ctx context.Context, p *page) error {
	for _, i := range p.incomplete {
		chat := &p.chats[i.at]
		if a.events.give() {
			whole, err := a.thread(ctx, i.chatID, chat.ID)
			if err != nil && !refused(err) {
				return err
			}
			came := err == nil && whole != nil
			a.events.answered(came)
			if came {
				*chat = *whole
				continue
			}
		}
		warning := source.Warning{Field: "events", Why: noEvents}
		chat.Warnings = append(chat.Warnings, warning)
		chat.Out.Warnings = append(chat.Out.Warnings, warning)
	}
	return nil
}

// refused reports whether LiveChat does not give what was requested, and will not.
func refused(err error) bool {
	var e *livechat.Error
	return absent(err) || errors.As(err, &e) && e.Cause == livechat.Scope
}

// thread requests one thread by get_chat. It is nil if its events do not come with it.
func (a *Archive) thread(ctx context.Context, chatID, id string) (*source.Chat, error) {
	var chat *source.Chat
	body := jsondoc.Quote(append(jsondoc.Quote([]byte(`{"chat_id":`), chatID), `,"thread_id":`...), id)
	err := a.client.Ask(ctx, call("thread "+livechat.Printable(id), "get_chat", append(body, '}'), func(answer *livechat.Answer) error {
		if answer.Root().Kind() != jsondoc.Object {
			return errors.New("it is no chat")
		}
		m := converters.Get().(*converter)
		defer converters.Put(m)
		chat = new(source.Chat)
		eventless := m.read(answer.Doc, answer.Root(), answeredAt(answer), chat)
		if chat.ID == "" {
			return errors.New("it has no thread")
		}
		if eventless || chat.ID != id {
			chat = nil
			return nil
		}
		chat.Out.Text = a.render(nil, chat, answer)
		return nil
	}))
	return chat, err
}
