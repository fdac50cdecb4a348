package apiv2

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"sync"
	"time"

	"tap-livechat/tap/jsondoc"
	"tap-livechat/tap/livechat"
	"tap-livechat/tap/source"
)

// page is one answer to a list.
type page struct {
	chats []source.Chat
	sound []bool // of each chat: its times are confirmed by something else it says
	total int    // how many chats match, says the service
	pages int    // how many pages they make, says the service; 0 if it does not
	size  int    // bytes of memory that the answer took, about
	past  bool   // the service refuses this page: the list ends before it
	out   []byte // what was rendered; taken from and given back to outs

	sent, before int64         // see livechat.Answer
	date         time.Time     // when the answer was given: by the service's clock if it can be believed, else by ours
	ahead        time.Duration // how far that clock is ahead of ours
}

// empty tells that the list is said to hold nothing.
func (p *page) empty() bool { return p.total == 0 && len(p.chats) == 0 }

// atCap tells that the list may hold more than one query reaches.
func (p *page) atCap() bool { return p.total >= archiveCap || p.pages >= pageCap }

// outs lends the buffers that pages are rendered into.
var outs = sync.Pool{New: func() any { return new([]byte) }}

// free gives the page's memory back; its chats are not valid any more.
func (p *page) free() {
	if p.out != nil {
		out := p.out[:0]
		outs.Put(&out)
		p.out, p.chats = nil, nil
	}
}

// page fetches page n of a list.
func (a *Archive) page(ctx context.Context, q query, n int) (*page, error) {
	var p *page
	err := a.client.Ask(ctx, livechat.Call{
		Op:       fmt.Sprintf("page %d of the chats of %s", n, q),
		Endpoint: "/chats", Method: http.MethodGet, Path: q.path(n), Version: version, List: "chats",
		Parse: func(answer *livechat.Answer) (err error) {
			p, err = a.parsePage(answer)
			return err
		},
	})
	var e *livechat.Error
	if n > 1 && errors.As(err, &e) && (e.Cause == livechat.BadRequest || e.Cause == livechat.Missing) {
		// The list has become shorter: what one service answers with an empty
		// page, another refuses.
		return &page{past: true}, nil
	}
	if err != nil {
		return nil, err
	}
	return p, nil
}

func (a *Archive) parsePage(answer *livechat.Answer) (*page, error) {
	p := &page{sent: answer.Sent, before: answer.SentByThen, date: now(answer), out: (*outs.Get().(*[]byte))[:0], chats: make([]source.Chat, 0, 25)}
	if !answer.Date.IsZero() {
		p.ahead = answer.Date.Sub(answer.Received.Truncate(time.Second))
	}
	ends := make([]int, 0, 25)
	at := 0
	err := answer.Each(func(_ *jsondoc.Doc, v jsondoc.Value) error {
		at++
		if id := tooLarge(v, "id"); id != "" {
			// It is too large to be read: what becomes of it is not decided here.
			p.chats = append(p.chats, source.Chat{ID: id, TooLarge: true, Received: answer.Received})
			if a.renderer != nil {
				p.out = a.renderer.Chat(p.out, &p.chats[at-1])
			}
			p.sound, ends = append(p.sound, false), append(ends, len(p.out))
			return nil
		}
		if v.Kind() != jsondoc.Object {
			return fmt.Errorf("chat %d of the page is no object", at)
		}
		p.chats = append(p.chats, source.Chat{})
		sound, err := a.readChat(answer, v, &p.chats[at-1], &p.out, false)
		if err != nil {
			return &livechat.Error{Detail: fmt.Sprintf("chat %d of the page: %v", at, err), Cause: livechat.NoID}
		}
		p.sound, ends = append(p.sound, sound), append(ends, len(p.out))
		return nil
	})
	var ok bool
	if p.total, ok = count(answer.Root().Get("total")); err == nil && !ok {
		err = errors.New("it does not say how many chats there are (total)")
	}
	if err != nil {
		p.free()
		return nil, err
	}
	p.pages, _ = count(answer.Root().Get("pages"))
	// Rendering may have moved the buffer while it grew.
	start := 0
	for i, end := range ends {
		p.chats[i].Out.Text, start = p.out[start:end], end
	}
	p.size = 2*answer.Size + len(p.out) // the body, its table of values, and what became of it
	return p, nil
}

// tooLarge is the id of a chat that is too large to be read; empty if it is not.
func tooLarge(v jsondoc.Value, way ...string) string {
	if v.Kind() != jsondoc.String {
		return ""
	}
	return jsondoc.Lookup([]byte(v.Text()), way...)
}

// now is when the answer was given.
func now(answer *livechat.Answer) time.Time {
	if answer.Date.IsZero() {
		return answer.Received
	}
	return answer.Date
}

func (a *Archive) readChat(answer *livechat.Answer, v jsondoc.Value, chat *source.Chat, out *[]byte, byID bool) (sound bool, err error) {
	s := normaliser{text: answer.Text, latest: latest(answer), byID: byID}
	s.normalise(v, chat)
	answer.Text = s.text
	if chat.ID == "" {
		return false, errors.New("it has no id")
	}
	chat.Received = answer.Received
	if a.renderer != nil {
		*out = a.renderer.Chat(*out, chat)
	}
	chat.Doc = jsondoc.Value{}
	return s.sound, nil
}

// chat fetches one chat by its id. It returns nil without an error if the
// service does not know it.
func (a *Archive) chat(ctx context.Context, id string) (*source.Chat, error) {
	var chat *source.Chat
	err := a.client.Ask(ctx, livechat.Call{
		Op:       "chat " + livechat.Printable(id),
		Endpoint: "/chats/<id>", Method: http.MethodGet, Path: "/chats/" + url.PathEscape(id) + "?include_pending=1", Version: version,
		Parse: func(answer *livechat.Answer) error {
			if answer.Root().Kind() != jsondoc.Object {
				return errors.New("it is no chat")
			}
			var out []byte
			chat = new(source.Chat)
			if _, err := a.readChat(answer, answer.Root(), chat, &out, true); err != nil {
				return err
			}
			chat.Out.Text = out
			return nil
		},
	})
	var e *livechat.Error
	if errors.As(err, &e) && e.Cause == livechat.Missing {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return chat, nil
}

// count reads a number that cannot be negative, as number or as text.
func count(v jsondoc.Value) (int, bool) {
	n, err := strconv.ParseInt(v.Text(), 10, 48)
	return int(n), err == nil && n >= 0 && (v.Kind() == jsondoc.Number || v.Kind() == jsondoc.String)
}
