package sandbox

import (
	"fmt"
	"io"
	"net/http"
	"runtime"
	"strconv"
	"strings"
	"testing"
)

// sink is a ResponseWriter that costs nothing.
type sink struct{ h http.Header }

func (s *sink) Header() http.Header         { return s.h }
func (s *sink) Write(b []byte) (int, error) { return len(b), nil }
func (s *sink) WriteHeader(int)             {}

// BenchmarkPage is a page of 25, as served, with and without the cache.
func BenchmarkPage(b *testing.B) {
	for _, query := range []string{"order=newest", "order=newest&cache=true", "order=none&cache=true", "dates=overlap&cache=true", "order=newest&gzip=true"} {
		b.Run(query, func(b *testing.B) {
			s := newServer(b, "chats=5000&"+query)
			requests := make([]*http.Request, 190)
			for i := range requests {
				requests[i] = request("/chats?timezone=UTC&include_pending=1&page=" + strconv.Itoa(i+1))
				requests[i].Header.Set("Accept-Encoding", "gzip")
				s.ServeHTTP(&sink{http.Header{}}, requests[i]) // fills the cache
			}
			b.ReportAllocs()
			n := 0
			for b.Loop() {
				s.ServeHTTP(&sink{http.Header{}}, requests[n%len(requests)])
				n++
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(n*pageSize), "ns/chat")
		})
	}
}

func BenchmarkChat(b *testing.B) {
	s := newServer(b, "chats=5000")
	all := s.account.All()
	var buf []byte
	b.ReportAllocs()
	n := 0
	for b.Loop() {
		buf = appendV2(buf[:0], s.account, s.account.Ref(int(all[n%len(all)])), s.account.Now())
		n++
	}
}

// BenchmarkBigArchive makes 400,000 chats, says what they take, and asks for
// pages of a range that holds all of them.
func BenchmarkBigArchive(b *testing.B) {
	b.Run("new", func(b *testing.B) {
		for b.Loop() {
			newServer(b, "chats=400000&days=365")
		}
	})
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	s := newServer(b, "chats=400000&days=365&cap=1000000")
	runtime.GC()
	runtime.ReadMemStats(&after)
	bytesPerChat := float64(after.HeapAlloc-before.HeapAlloc) / 400000
	for _, dates := range []string{"start", "end", "overlap"} {
		s.opt.Dates = dates
		b.Run(fmt.Sprintf("page/dates=%s", dates), func(b *testing.B) {
			n := 0
			for b.Loop() {
				n++
				r := request("/chats?timezone=UTC&include_pending=1&page=" + strconv.Itoa(n%16000+1))
				s.ServeHTTP(&sink{http.Header{}}, r)
			}
			b.ReportMetric(bytesPerChat, "bytes/chat")
		})
	}
	if bytesPerChat > 32 {
		b.Errorf("a chat takes %.0f bytes, want at most 32", bytesPerChat)
	}
}

// BenchmarkThreads is a page of 100 of v3, as served, with and without the cache.
func BenchmarkThreads(b *testing.B) {
	for _, query := range []string{"", "cache=true"} {
		b.Run(query, func(b *testing.B) {
			s := newServer(b, "chats=5000&"+query)
			n := 0
			for b.Loop() {
				r := request("/v3.6/agent/action/list_archives")
				r.Method, r.Body = "POST", io.NopCloser(strings.NewReader(`{"limit":100}`))
				r.Header.Set("Content-Type", "application/json")
				s.ServeHTTP(&sink{http.Header{}}, r)
				n++
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(n*mostOnPage), "ns/chat")
		})
	}
}
