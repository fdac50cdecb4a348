package apiv2

import (
	"bytes"
	"cmp"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"
)

// fakeArchive is an archive of chats that are nothing but an id and two times, for
// what needs many of them, or needs one to go at the right moment.
type fakeArchive struct {
	order string // newest, oldest, none
	dates string // start, end
	// capped: total says no more than the cap; past400: a page after the last
	// is refused; the cap can be smaller than the real one, never larger.
	capped, past400 bool
	latency         time.Duration

	// before is called, with the lock held, before each list is answered, and
	// after once it is. They may change the archive.
	before, after func(t *fakeArchive, page, asked int)

	mu    sync.Mutex
	chats []fakeChat
	index map[string][]fakeChat // sorted by key; nil if to be made
	asked int                   // lists answered
	paths map[string]int
}

type fakeChat struct {
	no         int
	start, end int64 // end 0: not ended
}

func (c fakeChat) id() string { return "C" + strconv.Itoa(c.no) }

func (t *fakeArchive) key(c fakeChat) int64 {
	if t.dates == "end" && c.end != 0 {
		return c.end
	}
	return c.start
}

// add adds a chat and returns its number.
func (t *fakeArchive) add(start, end time.Time) int {
	c := fakeChat{no: len(t.chats), start: start.Unix()}
	if !end.IsZero() {
		c.end = end.Unix()
	}
	if n := len(t.chats); n > 0 {
		c.no = max(c.no, t.chats[n-1].no+1)
	}
	t.chats, t.index = append(t.chats, c), nil
	return c.no
}

// remove takes a chat out.
func (t *fakeArchive) remove(no int) {
	t.chats = slices.DeleteFunc(t.chats, func(c fakeChat) bool { return c.no == no })
	t.index = nil
}

func (t *fakeArchive) sorted() []fakeChat {
	if t.index == nil {
		all := slices.Clone(t.chats)
		slices.SortFunc(all, func(a, b fakeChat) int { return cmp.Or(cmp.Compare(t.key(a), t.key(b)), cmp.Compare(a.no, b.no)) })
		t.index = map[string][]fakeChat{"": all}
	}
	return t.index[""]
}

func (t *fakeArchive) RoundTrip(r *http.Request) (*http.Response, error) {
	if t.latency > 0 {
		time.Sleep(t.latency)
	}
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	v := r.URL.Query()
	zone, err := time.LoadLocation(v.Get("timezone"))
	if err != nil || v.Get("timezone") == "" {
		return answer(400, `{"error":"timezone"}`), nil
	}
	from, err1 := time.ParseInLocation(time.DateOnly, v.Get("date_from"), zone)
	to, err2 := time.ParseInLocation(time.DateOnly, v.Get("date_to"), zone)
	n, err3 := strconv.Atoi(v.Get("page"))
	if err1 != nil || err2 != nil || err3 != nil {
		return answer(400, `{"error":"dates"}`), nil
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.asked++
	if t.paths == nil {
		t.paths = make(map[string]int)
	}
	t.paths[r.URL.RawQuery]++
	if t.before != nil {
		t.before(t, n, t.asked)
	}
	body, ok := t.list(from.Unix(), to.AddDate(0, 0, 1).Unix(), n)
	if t.after != nil {
		t.after(t, n, t.asked)
	}
	if !ok {
		return answer(400, `{"error":"no such page"}`), nil
	}
	return answer(200, body), nil
}

// list is page n of the chats of [from, to).
func (t *fakeArchive) list(from, to int64, n int) (body string, ok bool) {
	all := t.sorted()
	first, _ := slices.BinarySearchFunc(all, from, func(c fakeChat, at int64) int { return cmp.Or(cmp.Compare(t.key(c), at), 1) })
	last, _ := slices.BinarySearchFunc(all, to, func(c fakeChat, at int64) int { return cmp.Or(cmp.Compare(t.key(c), at), 1) })
	all = all[first:last]
	total := len(all)
	all = all[max(0, len(all)-archiveCap):]
	if t.capped {
		total = len(all)
	}
	begin := (n - 1) * pageSize
	if n > 1 && begin >= len(all) && t.past400 {
		return "", false
	}
	var b bytes.Buffer
	b.WriteString(`{"chats":[`)
	for i := begin; i < min(begin+pageSize, len(all)); i++ {
		c := all[t.place(i, len(all))]
		if i > begin {
			b.WriteByte(',')
		}
		if c.end == 0 {
			fmt.Fprintf(&b, `{"id":"C%d","type":"chat","started_timestamp":%d,"pending":true}`, c.no, c.start)
		} else {
			fmt.Fprintf(&b, `{"id":"C%d","type":"chat","started_timestamp":%d,"ended_timestamp":%d}`, c.no, c.start, c.end)
		}
	}
	fmt.Fprintf(&b, `],"total":%d,"pages":%d}`, total, pages(total))
	return b.String(), true
}

// place is which of n chats, oldest first, comes i-th.
func (t *fakeArchive) place(i, n int) int {
	switch t.order {
	case "oldest":
		return i
	case "none": // 7919 is a prime that divides no list of these tests
		if n%7919 != 0 {
			return i * 7919 % n
		}
	}
	return n - 1 - i
}

func (t *fakeArchive) ids() map[string]int {
	all := make(map[string]int, len(t.chats))
	for _, c := range t.chats {
		all[c.id()] = 1
	}
	return all
}

// missing are the chats of the archive that did not come.
func (t *fakeArchive) missing(r *reading) (ids []string) {
	for _, id := range slices.Sorted(maps.Keys(t.ids())) {
		if r.chats[id] == 0 {
			ids = append(ids, id)
		}
	}
	return ids
}

// whole holds a reading against the archive.
func (t *fakeArchive) whole(tb testing.TB, r *reading) {
	tb.Helper()
	if lost := t.missing(r); len(lost) > 0 {
		tb.Errorf("%d of %d chats did not come: %s …", len(lost), len(t.chats), lost[0])
	}
}

// answer is an HTTP response.
func answer(status int, body string) *http.Response {
	return &http.Response{
		StatusCode: status, Header: http.Header{"Content-Type": {"application/json"}},
		Body: io.NopCloser(bytes.NewBufferString(body)), ContentLength: int64(len(body)),
	}
}
