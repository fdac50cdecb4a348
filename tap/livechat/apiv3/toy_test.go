package apiv3

import (
	"cmp"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"tap-livechat/tap/livechat"
	"tap-livechat/tap/secret"
	"tap-livechat/tap/source"
)

// toy is an archive of threads that are nothing but an id and two times, for what
// needs very many of them, or needs one to go at the right moment.
type toy struct {
	count        func(n int) int // what found_chats says of n; nil: n, and -1: nothing
	dense        bool            // threads are so close that some are listed for two windows, where those meet
	exclusive    bool            // the ends of a list are not in it
	most         int             // that a list reaches; 0: no cap
	newest       bool            // newest first, whatever is asked for
	refuses      bool            // to answer for ids of which it does not know one
	parts        bool            // of two threads of one millisecond, parted by a page, the second is left out
	shy          bool            // every list is empty when it is asked for the first time
	latency      time.Duration
	slow         func(q toyQuery) time.Duration          // the latency, if it differs
	ahead        time.Duration                           // of the service's clock
	refuseActive string                                  // how list_chats refuses, a type of error
	get          string                                  // how get_chat refuses, a type of error; or "empty": no events there either
	gives        func(id string) bool                    // whether get_chat gives the events of a thread; nil: always
	before       func(t *toy, action string, first bool) // is called with the lock held, before each answer
	alter        func(q toyQuery, p *toyPage)            // what a list answers, with the lock held

	mu       sync.Mutex
	threads  []toyThread // by creation, oldest first
	asked    map[string]int
	told     map[string]bool // lists that have been asked for
	mistakes []string
}

type toyThread struct {
	id         string
	start, end time.Time // end zero: active
	lost       bool      // counted, and never listed
	says       time.Time // what created_at says, if not start
	bare       bool      // listed without its events
	restricted string    // the reason that is given for that
}

// toyPage is one answer of a list of archives.
type toyPage struct {
	threads []toyThread
	found   int    // -1: not stated
	next    string // the cursor; empty on the last page
}

func (t *toy) add(start, end time.Time) { t.addAs(len(t.threads), start, end) }

func (t *toy) addAs(n int, start, end time.Time) {
	t.threads = append(t.threads, toyThread{id: fmt.Sprintf("T%d", n), start: start.UTC().Truncate(time.Millisecond), end: end.UTC()})
}

func (t *toy) sort() *toy {
	slices.SortStableFunc(t.threads, func(a, b toyThread) int { return cmp.Or(a.start.Compare(b.start), cmp.Compare(a.id, b.id)) })
	return t
}

// toyLayout is how the ends of a list are written.
const toyLayout = "2006-01-02T15:04:05.000000+00:00"

// atList has something happen before the nth list is answered.
func (t *toy) atList(n int, happens func()) {
	lists := 0
	t.before = func(t *toy, action string, _ bool) {
		if action != "list_archives" {
			return
		}
		if lists++; lists == n {
			happens()
			t.sort()
		}
	}
}

// toyQuery is the body of a request, and what a cursor remembers.
type toyQuery struct {
	Filters struct {
		From      string   `json:"from,omitempty"`
		To        string   `json:"to,omitempty"`
		ThreadIDs []string `json:"thread_ids,omitempty"`
		Active    *bool    `json:"active,omitempty"`
	} `json:"filters"`
	Order  string `json:"sort_order,omitempty"`
	Limit  int    `json:"limit,omitempty"`
	PageID string `json:"page_id,omitempty"`

	ThreadID string `json:"thread_id,omitempty"` // of get_chat

	// In a cursor only.
	After string `json:"after,omitempty"`
	ID    string `json:"id,omitempty"`    // of the last before it
	Asked int    `json:"asked,omitempty"` // pages of the list before it
}

func (t *toy) RoundTrip(r *http.Request) (*http.Response, error) {
	body, _ := io.ReadAll(r.Body)
	var q toyQuery
	mistake := json.Unmarshal(body, &q)
	wait := t.latency
	if t.slow != nil {
		wait = t.slow(q)
	}
	if wait > 0 {
		select {
		case <-time.After(wait):
		case <-r.Context().Done():
			return nil, r.Context().Err()
		}
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.asked == nil {
		t.asked = make(map[string]int)
	}
	action := r.URL.Path[strings.LastIndexByte(r.URL.Path, '/')+1:]
	t.asked[action]++
	if t.before != nil {
		t.before(t, action, !strings.Contains(string(body), "page_id"))
	}
	if mistake != nil || r.Method != http.MethodPost || r.Header.Get("Content-Type") != "application/json" || !strings.HasPrefix(r.URL.Path, "/v3.6/agent/action/") {
		t.mistakes = append(t.mistakes, fmt.Sprintf("%s %s %s: %v", r.Method, r.URL, body, mistake))
	}
	var text string
	switch action {
	case "list_archives":
		text = t.list(q, string(body))
	case "list_chats":
		text = t.active(q)
	case "get_chat":
		text = t.chat(q.ThreadID)
	}
	return &http.Response{StatusCode: 200, Header: http.Header{"Date": {time.Now().Add(t.ahead).UTC().Format(http.TimeFormat)}}, Body: io.NopCloser(strings.NewReader(text)), ContentLength: int64(len(text)), Request: r}, nil
}

func (x toyThread) json() string {
	active, events := "true", ""
	if !x.end.IsZero() {
		active, events = "false", fmt.Sprintf(`{"id":"%s_1","type":"system_message","system_message_type":"system_archived","created_at":%q}`, x.id, x.end.Format(time.RFC3339Nano))
	}
	list := `,"events":[` + events + `]`
	if x.bare {
		list = ""
	}
	if x.restricted != "" {
		list = fmt.Sprintf(`,"restricted_access":%q`, x.restricted)
	}
	at := x.start
	if !x.says.IsZero() {
		at = x.says
	}
	return fmt.Sprintf(`{"id":"C%s","thread":{"id":%q,"active":%s,"created_at":%q,"user_ids":[]%s}}`, x.id, x.id, active, at.Format(time.RFC3339Nano), list)
}

// active is a page of list_chats.
func (t *toy) active(q toyQuery) string {
	if t.refuseActive != "" {
		return fmt.Sprintf(`{"error":{"type":%q,"message":"no"}}`, t.refuseActive)
	}
	var all []string
	for _, x := range t.threads {
		if x.end.IsZero() {
			all = append(all, fmt.Sprintf(`{"id":"C%s","users":[],"last_thread_summary":{"id":%q,"created_at":%q}}`, x.id, x.id, x.start.Format(time.RFC3339Nano)))
		}
	}
	skip, _ := strconv.Atoi(q.PageID)
	if all = all[skip:]; len(all) <= maxPage {
		return `{"chats_summary":[` + strings.Join(all, ",") + `]}`
	}
	return fmt.Sprintf(`{"chats_summary":[%s],"next_page_id":"%d"}`, strings.Join(all[:maxPage], ","), skip+maxPage)
}

// chat is what get_chat gives.
func (t *toy) chat(id string) string {
	i := slices.IndexFunc(t.threads, func(x toyThread) bool { return x.id == id })
	if t.get != "" && t.get != "empty" || i < 0 {
		return fmt.Sprintf(`{"error":{"type":%q,"message":"no"}}`, cmp.Or(t.get, "not_found"))
	}
	x := t.threads[i]
	x.bare = t.get == "empty" || t.gives != nil && !t.gives(id)
	return x.json()
}

func (t *toy) list(q toyQuery, body string) string {
	var out []string
	if len(q.Filters.ThreadIDs) > 0 {
		if len(q.Filters.ThreadIDs) > 20 || strings.Contains(body, "limit") {
			t.mistakes = append(t.mistakes, body)
		}
		for _, x := range t.threads {
			if slices.Contains(q.Filters.ThreadIDs, x.id) && !x.lost {
				out = append(out, x.json())
			}
		}
		if t.refuses && len(out) < len(q.Filters.ThreadIDs) {
			return `{"error":{"type":"not_found","message":"Thread not found"}}`
		}
		return `{"chats":[` + strings.Join(out, ",") + `]}`
	}
	if q.PageID != "" {
		if strings.Contains(body, "filters") || strings.Contains(body, "limit") || strings.Contains(body, "sort_order") {
			t.mistakes = append(t.mistakes, "beside page_id: "+body)
		}
		text, _ := base64.StdEncoding.DecodeString(q.PageID)
		if json.Unmarshal(text, &q) != nil {
			t.mistakes = append(t.mistakes, "page_id: "+q.PageID)
		}
	} else if q.Limit < 1 || q.Limit > 100 {
		t.mistakes = append(t.mistakes, body)
	}
	from, err1 := time.Parse(toyLayout, q.Filters.From)
	to, err2 := time.Parse(toyLayout, q.Filters.To)
	if err1 != nil || err2 != nil {
		t.mistakes = append(t.mistakes, body)
	}
	if !t.exclusive {
		from, to = from.Add(-1), to.Add(1)
	}
	threads := t.threads
	first, _ := slices.BinarySearchFunc(threads, from.Add(1), func(x toyThread, at time.Time) int { return x.start.Compare(at) })
	last, _ := slices.BinarySearchFunc(threads, to, func(x toyThread, at time.Time) int { return x.start.Compare(at) })
	match := slices.Clone(threads[first:max(first, last)])
	if list := q.Filters.From + q.Filters.To; t.shy && !t.told[list] {
		if t.told == nil {
			t.told = make(map[string]bool)
		}
		t.told[list], match = true, nil
	}
	found := len(match)
	match = slices.DeleteFunc(match, func(x toyThread) bool { return x.lost })
	if t.newest {
		q.Order = "desc"
	}
	if q.Order == "desc" {
		slices.Reverse(match)
	}
	if t.most > 0 && len(match) > t.most {
		match = match[:t.most]
	}
	page := match
	if q.After != "" {
		after, _ := time.Parse(time.RFC3339Nano, q.After)
		at, _ := slices.BinarySearchFunc(match, toyThread{id: q.ID, start: after}, func(a, b toyThread) int {
			c := cmp.Or(a.start.Compare(b.start), cmp.Compare(a.id, b.id))
			if q.Order == "desc" {
				return -c
			}
			return c
		})
		page = match[at:]
		for len(page) > 0 && (page[0].id == q.ID || t.parts && page[0].start.Equal(after)) {
			page = page[1:]
		}
	}
	if t.count != nil {
		found = t.count(found)
	}
	p := toyPage{threads: page, found: found}
	if len(page) > q.Limit {
		p.threads = page[:q.Limit]
		p.next = q.cursor(page[q.Limit-1])
	}
	if t.alter != nil {
		t.alter(q, &p)
	}
	for _, x := range p.threads {
		out = append(out, x.json())
	}
	more := ""
	if p.next != "" {
		more = `,"next_page_id":"` + p.next + `"`
	}
	if p.found >= 0 {
		more += fmt.Sprintf(`,"found_chats":%d`, p.found)
	}
	return `{"chats":[` + strings.Join(out, ",") + `]` + more + `}`
}

// cursor names the page of the list that comes after last.
func (q toyQuery) cursor(last toyThread) string {
	q.After, q.ID, q.PageID = last.start.Format(time.RFC3339Nano), last.id, ""
	return q.same()
}

// same is a cursor that names the very page that q has asked for.
func (q toyQuery) same() string {
	q.Asked++
	text, _ := json.Marshal(q)
	return base64.StdEncoding.EncodeToString(text)
}

// result is what a read brought.
type result struct {
	came     map[string]int // by id
	pending  map[string]bool
	windows  []source.Window
	plan     *source.Plan
	log      string
	requests int
	err      error
}

// readToy reads the toy. What holds for any read is checked here.
func readToy(tb testing.TB, t *toy, rg source.Range, workers int) result {
	tb.Helper()
	var log strings.Builder
	client, err := livechat.New(livechat.Options{EntityID: secret.New("a"), AccessToken: secret.New("b"), Workers: workers, Transport: t.sort(), Log: slog.New(slog.NewTextHandler(&log, nil))})
	if err != nil {
		tb.Fatal(err)
	}
	r := readAll(tb, New(client, nil), client, rg, func() {
		if len(t.mistakes) > 0 {
			tb.Errorf("the service would refuse %d requests, such as %s", len(t.mistakes), t.mistakes[0])
		}
	})
	r.log = log.String()
	return r
}

func readAll(tb testing.TB, a *Archive, client *livechat.Client, rg source.Range, check func()) result {
	tb.Helper()
	r := result{came: make(map[string]int), pending: make(map[string]bool)}
	covered := rg.From
	for step, err := range a.Read(context.Background(), rg) {
		switch {
		case err != nil:
			r.err = err
		case step.Plan != nil:
			if r.plan != nil || len(r.came) > 0 {
				tb.Error("a plan that is not the first thing")
			}
			r.plan = step.Plan
		case step.Chat != nil:
			r.came[step.Chat.ID]++
			r.pending[step.Chat.ID] = step.Chat.Pending
		case step.Window != nil:
			w := *step.Window
			if !w.From.Equal(covered) || !w.To.After(w.From) {
				tb.Errorf("a window from %v to %v, and all before %v is covered", w.From, w.To, covered)
			} else {
				covered = w.To
			}
			r.windows = append(r.windows, w)
		}
	}
	if r.err == nil && covered.Before(rg.To) {
		tb.Errorf("the windows end at %v, the range at %v", covered, rg.To)
	}
	r.requests = client.Usage().Requests
	check()
	return r
}

// incomplete is how many windows were left so.
func (r *result) incomplete() (n int) {
	for _, w := range r.windows {
		if !w.Complete {
			n++
		}
	}
	return n
}
