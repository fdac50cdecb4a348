package apiv2

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"tap-livechat/tap/jsondoc"
	"tap-livechat/tap/livechat"
	"tap-livechat/tap/source"
)

// page is one answer to a list.
type page struct {
	chats   []source.Chat
	total   int    // how many chats match, says the service
	pages   int    // how many pages they make, says the service; 0 if it does not
	size    int    // bytes of memory that the answer took, about
	refused bool   // the service refuses this page: the list ends before it
	out     []byte // what was rendered; a livechat.Buffer

	date  time.Time     // when the answer was given, by the clock of the service; zero if unknown
	ahead time.Duration // how far that clock is ahead of ours
}

// empty reports whether the list holds nothing.
func (p *page) empty() bool { return p.total == 0 && len(p.chats) == 0 }

// atCap reports whether the list may hold more than one query reaches. Which of
// the two numbers says so is not documented.
func (p *page) atCap() bool { return p.total >= archiveCap || p.pages >= maxPages }

// count is how many pages the list has that one query reaches.
func (p *page) count() int { return min(max(pages(p.total), 1), maxPages) }

// free gives the page's memory back; its chats are not valid any more.
func (p *page) free() {
	if p.out != nil {
		livechat.FreeBuffer(p.out)
		p.out, p.chats = nil, nil
	}
}

// page fetches page n of the chats of some days. A page that exists by its own total
// and is empty is asked for once more, and so is an empty list, unless believe is set.
func (a *Archive) page(ctx context.Context, days span, n int, believe bool) (*page, error) {
	p, err := a.fetch(ctx, days, n)
	if err == nil && len(p.chats) == 0 && !p.refused && ((n-1)*pageSize < p.total || n == 1 && !believe) {
		p.free()
		p, err = a.fetch(ctx, days, n)
	}
	return p, err
}

func (a *Archive) fetch(ctx context.Context, days span, n int) (*page, error) {
	var p *page
	err := a.client.Ask(ctx, livechat.Call{
		Op:       fmt.Sprintf("page %d of the chats of %s", n, days),
		Endpoint: "/chats", Method: http.MethodGet, Path: days.path(n), Version: version, List: "chats",
		Parse: func(answer *livechat.Answer) (err error) {
			p, err = a.parsePage(answer)
			return err
		},
	})
	var e *livechat.Error
	if n > 1 && errors.As(err, &e) && (e.Cause == livechat.BadRequest || e.Cause == livechat.Missing) {
		// The list has become shorter: what one service answers with an empty
		// page, another refuses.
		return &page{refused: true}, nil
	}
	if err != nil {
		return nil, err
	}
	return p, nil
}

func (a *Archive) parsePage(answer *livechat.Answer) (*page, error) {
	p := &page{date: answer.Date, out: livechat.Buffer(), chats: make([]source.Chat, 0, pageSize)}
	if !answer.Date.IsZero() {
		p.ahead = answer.Date.Sub(answer.Received.Truncate(time.Second))
	}
	ends := make([]int, 0, pageSize)
	at := 0
	err := answer.Each(func(_ *jsondoc.Doc, v jsondoc.Value) error {
		at++
		if id := tooLarge(v, "id"); id != "" {
			// It is too large to be read: what becomes of it is not decided here.
			p.chats = append(p.chats, source.Chat{ID: id, TooLarge: true, Received: answer.Received})
			if a.renderer != nil {
				p.out = a.renderer.Chat(p.out, &p.chats[at-1])
			}
			ends = append(ends, len(p.out))
			return nil
		}
		if v.Kind() != jsondoc.Object {
			return fmt.Errorf("chat %d of the page is no object", at)
		}
		p.chats = append(p.chats, source.Chat{})
		if err := a.readChat(answer, v, &p.chats[at-1], &p.out, false); err != nil {
			return &livechat.Error{Detail: fmt.Sprintf("chat %d of the page: %v", at, err), Cause: livechat.NoID}
		}
		ends = append(ends, len(p.out))
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

// readChat reads the chat v into chat and renders it to out. byID says that it was
// asked for by its id.
func (a *Archive) readChat(answer *livechat.Answer, v jsondoc.Value, chat *source.Chat, out *[]byte, byID bool) error {
	s := normaliser{text: answer.Text, latest: answer.Received.Add(maxAhead), byID: byID}
	s.normalise(v, chat)
	answer.Text = s.text
	if chat.ID == "" {
		return errors.New("it has no id")
	}
	chat.Received = answer.Received
	if a.renderer != nil {
		*out = a.renderer.Chat(*out, chat)
	}
	chat.Doc = jsondoc.Value{}
	return nil
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
			if err := a.readChat(answer, answer.Root(), chat, &out, true); err != nil {
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
