package apiv3

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"sync"
	"time"

	"tap-livechat/tap/jsondoc"
	"tap-livechat/tap/livechat"
	"tap-livechat/tap/source"
)

const version = "3.6"

// query is a list of threads: those created from one instant to another. Whether
// LiveChat includes the two instants themselves is not promised.
type query struct {
	from, to time.Time
	desc     bool // newest first
}

func (q query) body(limit int) []byte {
	order := "asc"
	if q.desc {
		order = "desc"
	}
	return fmt.Appendf(nil, `{"filters":{"from":%q,"to":%q},"sort_order":%q,"limit":%d}`, stamp(q.from), stamp(q.to), order, limit)
}

func (q query) String() string {
	return q.from.UTC().Format(time.RFC3339) + " to " + q.to.UTC().Format(time.RFC3339)
}

// request is a page of a query: the first one, or the one that pageID names.
type request struct {
	query
	pageID string
	limit  int // of the page that pageID comes from
	number int // of the page, for messages
}

// page is one answer that lists threads.
type page struct {
	chats       []source.Chat
	incomplete  []incomplete  // of chats: ended, without events, and nothing says why
	limit       int           // how many threads were requested, at most
	found       int           // found_chats: how many threads match the query; -1 if it is not stated
	next        string        // next_page_id; empty on the last page
	first, last time.Time     // the earliest and the latest creation; zero if none can be read
	ahead       time.Duration // how far LiveChat's clock is ahead of ours; 0 if it is not known
	size        int           // bytes of memory that the answer took, about
	out         []byte        // what was rendered, a buffer of livechat
}

// converters are what entries are read with.
var converters = sync.Pool{New: func() any { return new(converter) }}

// free gives the page's memory back. Its chats are not valid any more.
func (p *page) free() {
	if p.out != nil {
		livechat.FreeBuffer(p.out)
		p.out, p.chats = nil, nil
	}
}

// call is one call of the Agent Chat API, where reading is POST, too.
func call(op, action string, body []byte, parse func(*livechat.Answer) error) livechat.Call {
	return livechat.Call{
		Op: op, Endpoint: action, Method: http.MethodPost, Path: "/v" + version + "/agent/action/" + action, Version: version, Body: body, Parse: parse,
	}
}

// byPageID is the body that names a page: LiveChat allows nothing beside page_id.
func byPageID(id string) []byte { return append(jsondoc.Quote([]byte(`{"page_id":`), id), '}') }

// list requests a page of list_archives, and smaller ones while that is too much,
// if a limit is given (0: the request has none). body makes the request for a limit.
func (a *Archive) list(ctx context.Context, op string, body func(limit int) []byte, limit int) (*page, error) {
	var p *page
	listed := call(op, "list_archives", body(limit), func(answer *livechat.Answer) (err error) {
		if p != nil {
			p.free()
		}
		p, err = a.parse(answer)
		return err
	})
	listed.List = "chats"
	if limit > 0 {
		listed.Reduce = func() []byte {
			if less := a.limit.tooMuch(limit); less > 0 {
				limit = less
				return body(limit)
			}
			return nil
		}
	}
	err := a.client.Ask(ctx, listed)
	if err == nil {
		if p.limit = limit; limit > 0 {
			a.limit.ok()
		}
		err = a.complete(ctx, p)
	}
	if err != nil {
		if p != nil {
			p.free()
		}
		return nil, err
	}
	return p, nil
}

// page requests a page. If it is empty, though another answer or the page itself
// says that something is there, it requests the page once more.
func (a *Archive) page(ctx context.Context, r request) (*page, error) {
	op := fmt.Sprintf("page %d of the threads of %s", r.number, r.query)
	get := func() (*page, error) {
		if r.pageID != "" {
			p, err := a.list(ctx, op, func(int) []byte { return byPageID(r.pageID) }, 0)
			if err == nil {
				p.limit = r.limit
			}
			return p, err
		}
		return a.list(ctx, op, r.body, a.limit.get())
	}
	p, err := get()
	if err == nil && len(p.chats) == 0 && (r.number > 1 || p.next != "" || p.found > 0) {
		p.free()
		p, err = get()
	}
	return p, err
}

func (a *Archive) parse(answer *livechat.Answer) (*page, error) {
	p := &page{found: -1, out: livechat.Buffer(), chats: make([]source.Chat, 0, maxPage)}
	if !answer.Date.IsZero() {
		p.ahead = answer.Date.Sub(answer.Received.Truncate(time.Second))
	}
	m := converters.Get().(*converter)
	defer converters.Put(m)
	ends := make([]int, 0, maxPage)
	err := answer.Each(func(doc *jsondoc.Doc, entry jsondoc.Value) error {
		mark := doc.Mark()
		chat := new(source.Chat)
		chatID := entry.Get("id").Text()
		if entry.Kind() == jsondoc.String { // the head of one that is too large to be read
			chatID = jsondoc.Lookup([]byte(entry.Text()), "id")
			chat.ID, chat.TooLarge = jsondoc.Lookup([]byte(entry.Text()), "thread", "id"), true
		} else if m.read(doc, entry, answeredAt(answer), chat) && chat.ID != "" {
			p.incomplete = append(p.incomplete, incomplete{len(p.chats), chatID})
		}
		if chat.ID == "" { // what becomes of it is not decided here
			*chat = source.Chat{ID: chatID, NoID: true}
		}
		if chat.ID == "" {
			return &livechat.Error{Detail: fmt.Sprintf("entry %d of the page has neither the id of a chat nor that of a thread", len(p.chats)+1), Cause: livechat.NoID}
		}
		if at := chat.Started; !at.IsZero() {
			if p.first.IsZero() || at.Before(p.first) {
				p.first = at
			}
			if at.After(p.last) {
				p.last = at
			}
		}
		p.out = a.render(p.out, chat, answer)
		p.chats, ends = append(p.chats, *chat), append(ends, len(p.out))
		doc.Undo(mark)
		return nil
	})
	if err != nil {
		p.free()
		return nil, err
	}
	p.next = word(answer.Root().Get("next_page_id"))
	if n, ok := count(answer.Root().Get("found_chats")); ok {
		p.found = n
	}
	// Rendering may have moved the buffer while it grew.
	start := 0
	for i, end := range ends {
		p.chats[i].Out.Text, start = p.out[start:end:end], end
	}
	p.size = answer.Size + len(p.out)
	return p, nil
}

// pageTime is how much time a page covers, by the later half of this one; 0 if its
// times cannot be read.
func (p *page) pageTime() time.Duration {
	if len(p.chats) == 0 {
		return 0
	}
	middle := p.chats[len(p.chats)/2].Started
	if middle.IsZero() {
		return 0
	}
	return 2 * p.last.Sub(middle)
}

// disorder says which thread of the page shows that LiveChat does not list in ascending
// order of created_at, to the millisecond, from an instant on; empty if none does.
// Threads without a time that can be read do not count.
func (p *page) disorder(from time.Time) string {
	after := "the beginning of the list"
	for i := range p.chats {
		chat := &p.chats[i]
		if chat.Started.IsZero() {
			continue
		}
		if chat.Started.Before(from.Truncate(overlap)) {
			return fmt.Sprintf("LiveChat does not list in the order of created_at: thread %s of %s comes after %s of %s",
				livechat.Printable(chat.ID), stamp(chat.Started), after, stamp(from))
		}
		from, after = chat.Started, "thread "+livechat.Printable(chat.ID)
	}
	return ""
}

// answeredAt is when LiveChat answered, by the later of its clock and ours: what one
// of them allows can have happened, and either may be wrong.
func answeredAt(answer *livechat.Answer) time.Time {
	if answer.Date.Before(answer.Received) {
		return answer.Received
	}
	return answer.Date
}

func (a *Archive) render(dst []byte, chat *source.Chat, answer *livechat.Answer) []byte {
	chat.Received = answer.Received
	if a.renderer != nil {
		dst = a.renderer.Chat(dst, chat)
	}
	chat.Doc = jsondoc.Value{}
	return dst
}

// count reads a number that cannot be negative, as number or as text.
func count(v jsondoc.Value) (int, bool) {
	n, err := strconv.ParseInt(v.Text(), 10, 48)
	return int(n), err == nil && n >= 0 && (v.Kind() == jsondoc.Number || v.Kind() == jsondoc.String)
}

// absent reports whether LiveChat says that it has no such thing, or that the
// request is wrong.
func absent(err error) bool {
	var e *livechat.Error
	return errors.As(err, &e) && (e.Cause == livechat.Missing || e.Cause == livechat.BadRequest)
}
