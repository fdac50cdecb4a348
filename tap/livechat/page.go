package livechat

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"sync"
	"time"

	"tap-livechat/tap/jsondoc"
)

// page is one answer to a list.
type page struct {
	chats    []Chat
	total    int    // how many chats match, says the service
	pages    int    // how many pages they make, says the service; 0 if it does not
	size     int    // bytes of memory that the answer took, about
	seq      int64  // the order in which answers came
	past     bool   // the service refuses this page: the list ends before it
	out      []byte // what Render made; taken from and given back to outs
	received time.Time
}

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

// scratch is what an answer is read with.
type scratch struct {
	body bytes.Buffer
	doc  jsondoc.Doc
	text []byte
}

// scratches are shared by the workers, so that there are no more of them than
// answers are read at a time.
var scratches = sync.Pool{New: func() any { return new(scratch) }}

// page fetches page n of a list.
func (c *Client) page(ctx context.Context, s *scratch, q query, n int) (*page, error) {
	op := fmt.Sprintf("page %d of the chats of %s", n, q)
	p := new(page)
	err := c.get(ctx, op, "/chats", q.path(n), &s.body, func(body []byte) error {
		return c.parsePage(s, body, p)
	})
	var e *Error
	if n > 1 && errors.As(err, &e) && (e.Status == http.StatusBadRequest || e.Status == http.StatusNotFound) {
		// The list has become shorter: what one service answers with an empty
		// page, another refuses.
		return &page{past: true, seq: c.answers.Add(1)}, nil
	}
	if err != nil {
		return nil, err
	}
	return p, nil
}

func (c *Client) parsePage(s *scratch, body []byte, p *page) error {
	if err := s.doc.Parse(body); err != nil {
		return err
	}
	root := s.doc.Root()
	list := root.Get("chats")
	if list.Kind() != jsondoc.Array {
		return errors.New("it has no list of chats")
	}
	total, ok := count(root.Get("total"))
	if !ok {
		return errors.New("it does not say how many chats there are (total)")
	}
	p.total = total
	p.pages, _ = count(root.Get("pages"))
	p.received = time.Now().UTC()
	p.out = (*outs.Get().(*[]byte))[:0]
	p.chats = make([]Chat, 0, 25)
	at := 0
	for v := range list.All() {
		at++
		if v.Kind() != jsondoc.Object {
			return fmt.Errorf("chat %d of the page is no object", at)
		}
		p.chats = append(p.chats, Chat{})
		if err := c.readChat(s, v, &p.chats[at-1], &p.out, p.received); err != nil {
			return &Error{Detail: fmt.Sprintf("chat %d of the page: %v", at, err), hint: hintNoID}
		}
	}
	// Render may have moved the buffer while it grew.
	start := 0
	for i := range p.chats {
		end := p.chats[i].outEnd
		p.chats[i].Out, start = p.out[start:end], end
	}
	p.size = 2*len(body) + len(p.out) // the body, its table of values, and what became of it
	p.seq = c.answers.Add(1)
	return nil
}

const hintNoID = "a chat cannot be stored without its id; report this chat to LiveChat"

func (c *Client) readChat(s *scratch, v jsondoc.Value, chat *Chat, out *[]byte, received time.Time) error {
	s.normalise(v, chat)
	if chat.ID == "" {
		return errors.New("it has no id")
	}
	chat.Received = received
	if c.opts.Render != nil {
		*out = c.opts.Render(*out, chat)
	}
	chat.outEnd = len(*out)
	chat.Doc = jsondoc.Value{}
	return nil
}

// Chat fetches one chat by its id. It returns nil without an error if the
// service does not know it.
func (c *Client) Chat(ctx context.Context, id string) (*Chat, error) {
	s, chat := new(scratch), new(Chat)
	err := c.get(ctx, "chat "+printable(id), "/chats/<id>", "/chats/"+url.PathEscape(id), &s.body, func(body []byte) error {
		if err := s.doc.Parse(body); err != nil {
			return err
		}
		if s.doc.Root().Kind() != jsondoc.Object {
			return errors.New("it is no chat")
		}
		var out []byte
		*chat = Chat{}
		if err := c.readChat(s, s.doc.Root(), chat, &out, time.Now().UTC()); err != nil {
			return err
		}
		chat.Out = out
		return nil
	})
	var e *Error
	if errors.As(err, &e) && e.Status == http.StatusNotFound {
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
