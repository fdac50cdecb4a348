package apiv3

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"time"

	"tap-livechat/tap/jsondoc"
	"tap-livechat/tap/livechat"
	"tap-livechat/tap/source"
)

const (
	version  = "3.6"
	pageSize = 100 // the most that one answer lists
	mostIDs  = 20  // that can be asked for at a time
)

// query is one list of threads: those created from one instant to another. Ends
// may be included or not: whoever asks sees to it that either is right.
type query struct {
	from, to time.Time
	desc     bool // newest first
}

func (q query) body() []byte {
	order := "asc"
	if q.desc {
		order = "desc"
	}
	return fmt.Appendf(nil, `{"filters":{"from":%q,"to":%q},"sort_order":%q,"limit":%d}`, stamp(q.from), stamp(q.to), order, pageSize)
}

func (q query) String() string {
	return q.from.UTC().Format(time.RFC3339) + " to " + q.to.UTC().Format(time.RFC3339)
}

// page is one answer that lists threads.
type page struct {
	chats       []source.Chat
	eventless   []int         // of chats: ended, without events, and nothing says why
	parents     []string      // of eventless, their chats' ids
	found       int           // threads that match, says the service; -1 if it does not
	next        string        // the cursor of the next page; empty on the last
	first, last time.Time     // the earliest and the latest creation on it; zero if none is known
	ahead       time.Duration // how far the service's clock is ahead of ours; 0 if not known
	at          time.Time     // when it was given, by the service's clock, or by ours if that is not known
	size        int           // bytes of memory that the answer took, about
	out         []byte        // what was rendered; taken from and given back to outs
}

// outs lends the buffers that pages are rendered into.
var outs = sync.Pool{New: func() any { return new([]byte) }}

// makers are what entries are read with.
var makers = sync.Pool{New: func() any { return new(converter) }}

// free gives the page's memory back; its chats are not valid any more.
func (p *page) free() {
	if p.out != nil {
		out := p.out[:0]
		outs.Put(&out)
		p.out, p.chats = nil, nil
	}
}

// call is one call of the Agent Chat API. Reading is POST, too.
func call(op, action string, body []byte, parse func(*livechat.Answer) error) livechat.Call {
	return livechat.Call{
		Op: op, Endpoint: action, Method: http.MethodPost, Path: "/v" + version + "/agent/action/" + action, Version: version, Body: body, Parse: parse,
	}
}

// list asks for a page of archives.
func (a *Archive) list(ctx context.Context, op string, body []byte) (*page, error) {
	var p *page
	listed := call(op, "list_archives", body, func(answer *livechat.Answer) (err error) {
		if p != nil {
			p.free()
		}
		p, err = a.parse(answer)
		return err
	})
	listed.List = "chats"
	err := a.client.Ask(ctx, listed)
	if err == nil {
		err = a.fill(ctx, p)
	}
	if err != nil {
		if p != nil {
			p.free()
		}
		return nil, err
	}
	return p, nil
}

// page asks for a page of q: the first, or the one that cursor names.
func (a *Archive) page(ctx context.Context, q query, cursor string, n int) (*page, error) {
	body := q.body()
	if cursor != "" {
		body = append(jsondoc.Quote([]byte(`{"page_id":`), cursor), '}')
	}
	op := fmt.Sprintf("page %d of the threads of %s", n, q)
	p, err := a.list(ctx, op, body)
	if err == nil && len(p.chats) == 0 && (cursor != "" || p.next != "") {
		p.free() // there was to be something
		p, err = a.list(ctx, op, body)
	}
	return p, err
}

func (a *Archive) parse(answer *livechat.Answer) (*page, error) {
	p := &page{found: -1, at: answer.Received, out: (*outs.Get().(*[]byte))[:0], chats: make([]source.Chat, 0, pageSize)}
	if !answer.Date.IsZero() {
		p.at, p.ahead = answer.Date, answer.Date.Sub(answer.Received.Truncate(time.Second))
	}
	m := makers.Get().(*converter)
	defer makers.Put(m)
	ends := make([]int, 0, pageSize)
	err := answer.Each(func(doc *jsondoc.Doc, entry jsondoc.Value) error {
		mark := doc.Mark()
		chat := new(source.Chat)
		if entry.Kind() == jsondoc.String {
			// It is too large to be read: what becomes of it is not decided here.
			chat.ID, chat.TooLarge = jsondoc.Lookup([]byte(entry.Text()), "thread", "id"), true
			if chat.ID != "" {
				p.out = a.render(p.out, chat, answer)
				p.chats, ends = append(p.chats, *chat), append(ends, len(p.out))
				return nil
			}
		}
		eventless := m.read(doc, entry, answeredAt(answer), chat)
		if chat.ID == "" {
			return &livechat.Error{Detail: fmt.Sprintf("thread %d of the page has no id", len(p.chats)+1), Cause: livechat.NoID}
		}
		if eventless {
			p.eventless = append(p.eventless, len(p.chats))
			p.parents = append(p.parents, entry.Get("id").Text())
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
	p.first, p.last = p.reach()
	// Rendering may have moved the buffer while it grew.
	start := 0
	for i, end := range ends {
		p.chats[i].Out.Text, start = p.out[start:end:end], end
	}
	p.size = answer.Size + len(p.out)
	return p, nil
}

// reach is from when to when the page reaches, as the third earliest and the third
// latest of its threads have it: no single time decides where a chain has come to.
func (p *page) reach() (first, last time.Time) {
	var room [pageSize]time.Time
	times := room[:0]
	for i := range p.chats {
		if at := p.chats[i].Started; !at.IsZero() {
			times = append(times, at)
		}
	}
	if len(times) == 0 {
		return first, last
	}
	slices.SortFunc(times, time.Time.Compare)
	third := min(2, len(times)-1)
	return times[third], times[len(times)-1-third]
}

// answeredAt is when the service answered, by the later of its clock and ours: what
// one of them allows can have happened, and either may be wrong.
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

// stillMissing is said of an ended thread whose events the service does not give.
const stillMissing = "they are missing, though nothing restricts the access; asked for one by one they did not come either"

// fill asks once, one by one, for the threads whose events are missing though
// nothing says why. What does not come then is delivered without them, with a note.
func (a *Archive) fill(ctx context.Context, p *page) error {
	for k, i := range p.eventless {
		chat := &p.chats[i]
		whole, err := a.get(ctx, p.parents[k], chat.ID)
		switch {
		case refused(err):
		case err != nil:
			return err
		case whole != nil:
			*chat = *whole
			continue
		}
		chat.Warnings = append(chat.Warnings, source.Warning{Field: "events", Why: stillMissing})
		chat.Out.Warnings = append(chat.Out.Warnings, source.Warning{Field: "events", Why: stillMissing})
	}
	return nil
}

// refused reports whether the service does not give what was asked for, and will not.
func refused(err error) bool {
	var e *livechat.Error
	return absent(err) || errors.As(err, &e) && e.Cause == livechat.Scope
}

// absent reports whether the service says that it has no such thing, or that it
// was asked for wrongly.
func absent(err error) bool {
	var e *livechat.Error
	return errors.As(err, &e) && (e.Cause == livechat.Missing || e.Cause == livechat.BadRequest)
}

// get asks for one thread; nil if its events do not come with it.
func (a *Archive) get(ctx context.Context, parent, id string) (*source.Chat, error) {
	var chat *source.Chat
	body := jsondoc.Quote(append(jsondoc.Quote([]byte(`{"chat_id":`), parent), `,"thread_id":`...), id)
	err := a.client.Ask(ctx, call("thread "+livechat.Printable(id), "get_chat", append(body, '}'), func(answer *livechat.Answer) error {
		if answer.Root().Kind() != jsondoc.Object {
			return errors.New("it is no chat")
		}
		m := makers.Get().(*converter)
		defer makers.Put(m)
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
