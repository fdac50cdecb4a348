package tap

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"testing"
	"time"

	"tap-livechat/catalog"
	"tap-livechat/tap/jsondoc"
	"tap-livechat/tap/livechat"
	"tap-livechat/tap/livechat/apiv2"
	"tap-livechat/tap/record"
	"tap-livechat/tap/sandbox"
	"tap-livechat/tap/secret"
	"tap-livechat/tap/source"
)

// pages is an archive that answers from memory: page n of every list is
// pages[n-1], those after are empty.
type pages [][]byte

func (p pages) RoundTrip(r *http.Request) (*http.Response, error) {
	n, err := strconv.Atoi(r.URL.Query().Get("page"))
	if err != nil || n < 1 {
		return nil, fmt.Errorf("no page %d", n)
	}
	if n > len(p) {
		return answer(r, fmt.Appendf(nil, `{"chats":[],"total":%d,"pages":%d}`, len(p)*25, len(p))), nil
	}
	return answer(r, p[n-1]), nil
}

// answer is a 200 with that body.
func answer(r *http.Request, body []byte) *http.Response {
	return &http.Response{
		StatusCode: http.StatusOK, Request: r, ProtoMajor: 1, ProtoMinor: 1,
		Header: http.Header{"Content-Type": {"application/json"}},
		Body:   io.NopCloser(bytes.NewReader(body)), ContentLength: int64(len(body)),
	}
}

// archivePages are the chats of a sandbox, 25 to a page.
func archivePages(tb testing.TB, switches string) (all pages, n int) {
	tb.Helper()
	o, err := sandbox.Parse(switches)
	if err != nil {
		tb.Fatal(err)
	}
	o.Now = time.Date(2026, 3, 10, 15, 4, 5, 0, time.UTC)
	var texts [][]byte
	for chat := range sandbox.New(o).Truth() {
		texts = append(texts, chat.JSON)
	}
	const size = 25
	for i := 0; i < len(texts); i += size {
		page := append([]byte(`{"chats":[`), bytes.Join(texts[i:min(i+size, len(texts))], []byte(","))...)
		page = fmt.Appendf(page, `],"total":%d,"pages":%d}`, len(texts), (len(texts)+size-1)/size)
		all = append(all, page)
	}
	return all, len(texts)
}

// readPages reads them through a client, as a run does.
func readPages(tb testing.TB, from pages, r *record.Renderer, each func(*source.Chat)) {
	tb.Helper()
	client, err := livechat.New(livechat.Options{EntityID: secret.New("1"), AccessToken: secret.New("x"), Transport: from})
	if err != nil {
		tb.Fatal(err)
	}
	day := time.Date(2026, 3, 10, 0, 0, 0, 0, time.UTC)
	for step, err := range apiv2.New(client, r).Read(context.Background(), source.Range{From: day, To: day.AddDate(0, 0, 1)}) {
		if err != nil {
			tb.Fatal(err)
		}
		if step.Chat != nil {
			each(step.Chat)
		}
	}
}

// BenchmarkPage is the hot path: the bytes of 40 pages, through the client and
// into records, without a network. MB/s is of the answers.
func BenchmarkPage(b *testing.B) {
	all, n := archivePages(b, "chats=1000&days=1")
	size := 0
	for _, p := range all {
		size += len(p)
	}
	for _, streams := range []struct {
		name   string
		picked []int // by place in the catalog's table
	}{{"all", []int{0, 1, 2}}, {"chats", []int{0}}, {"messages", []int{1}}} {
		b.Run(streams.name, func(b *testing.B) {
			var selection catalog.Selection
			for _, at := range streams.picked {
				selection.Streams = append(selection.Streams, catalog.Default(catalog.V2).Streams[at])
			}
			r, err := record.New(selection, false)
			if err != nil {
				b.Fatal(err)
			}
			b.SetBytes(int64(size))
			b.ReportAllocs()
			records, written, came := 0, 0, 0
			for b.Loop() {
				records, written, came = 0, 0, 0
				readPages(b, all, r, func(c *source.Chat) {
					came++
					written += len(c.Out.Text)
					for _, part := range c.Out.Parts {
						records += part.Count
					}
				})
			}
			if came != n {
				b.Fatalf("%d chats came of %d", came, n)
			}
			perRecord(b, records, written)
		})
	}
}

func perRecord(b *testing.B, records, written int) {
	n := float64(records)
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/n, "ns/record")
	b.ReportMetric(float64(written)/n, "B/record")
}

// BenchmarkParse is what of that is reading JSON: the tables of the same pages.
func BenchmarkParse(b *testing.B) {
	all, _ := archivePages(b, "chats=1000&days=1")
	size := 0
	for _, p := range all {
		size += len(p)
	}
	b.SetBytes(int64(size))
	var doc jsondoc.Doc
	for b.Loop() {
		for _, p := range all {
			if err := doc.Parse(p); err != nil {
				b.Fatal(err)
			}
		}
	}
}
