package sandbox

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// listen starts a server that a real client can talk to.
func listen(t *testing.T, s *Server) string {
	t.Helper()
	url, shut, err := s.Listen("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { shut() })
	return url
}

// ask does one request over the wire and reads the body to its end.
func ask(ctx context.Context, url string) (status int, header http.Header, body []byte, err error) {
	r, _ := http.NewRequestWithContext(ctx, "GET", url, nil)
	r.SetBasicAuth("entity", "token")
	r.Header.Set("X-API-Version", "2")
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	resp, err := client.Do(r)
	if err != nil {
		return 0, nil, nil, err
	}
	defer resp.Body.Close()
	body, err = io.ReadAll(resp.Body)
	return resp.StatusCode, resp.Header, body, err
}

func TestEveryFault(t *testing.T) {
	invalid := func(b []byte) bool { return !json.Valid(b) }
	total := func(b []byte) (n int) {
		var p struct{ Total *int }
		if json.Unmarshal(b, &p) != nil || p.Total == nil {
			return -99
		}
		return *p.Total
	}
	for _, tt := range []struct {
		name   string
		status int
		err    error // of the client; body is then not looked at
		body   func([]byte) bool
	}{
		{"500", 500, nil, json.Valid},
		{"503", 503, nil, json.Valid},
		{"429", 429, nil, json.Valid},
		{"408", 408, nil, json.Valid},
		{"reset", 0, syscall.ECONNRESET, nil},
		{"cut", 200, io.ErrUnexpectedEOF, nil},
		{"chopped", 200, nil, func(b []byte) bool { return len(b) > 1000 && invalid(b) }},
		{"broken", 200, nil, invalid},
		{"html", 200, nil, func(b []byte) bool { return strings.HasPrefix(string(b), "<!DOCTYPE html>") }},
		{"empty", 200, nil, func(b []byte) bool { return len(b) == 0 }},
		{"null", 200, nil, func(b []byte) bool { return string(b) == `{"chats": null}` }},
		{"wrong_total", 200, nil, func(b []byte) bool { return json.Valid(b) && total(b) != 100 && total(b) != -99 }},
		{"no_total", 200, nil, func(b []byte) bool { return json.Valid(b) && total(b) == -99 }},
		{"error_200", 200, nil, func(b []byte) bool { return json.Valid(b) && strings.HasPrefix(string(b), `{"error":{"type":"`) }},
		{"stall_header", 0, context.DeadlineExceeded, nil},
		{"stall_body", 200, context.DeadlineExceeded, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := newServer(t, "chats=100&pending=0&long_chats=0&fault_burst=0&shape=even&rate_"+tt.name+"=1")
			url := listen(t, s)
			for range 4 { // there are variants
				ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
				if errors.Is(tt.err, context.DeadlineExceeded) {
					ctx, cancel = context.WithTimeout(t.Context(), time.Second)
				}
				status, _, body, err := ask(ctx, url+"/chats")
				cancel()
				if !errors.Is(err, tt.err) || status != tt.status || tt.err == nil && !tt.body(body) {
					t.Errorf("status %d, want %d; error %v, want %v; body %.200s", status, tt.status, err, tt.err, body)
				}
			}
			for _, r := range s.Requests() {
				if r.Fault != tt.name || r.Status != tt.status {
					t.Errorf("logged as %d %q", r.Status, r.Fault)
				}
			}
		})
	}
	if n := len(rates(new(Options))); n != 17 {
		t.Errorf("there are %d rates, a test for 17", n)
	}
}

func TestFaultsWithoutConnection(t *testing.T) {
	// A RoundTripper over the handler has nothing to hijack: what happens on
	// the wire becomes http.ErrAbortHandler.
	for _, name := range []string{"reset", "cut", "stall_header", "stall_body"} {
		s := newServer(t, "fault_burst=0&stall=10ms&rate_"+name+"=1")
		func() {
			defer func() {
				if p := recover(); p != http.ErrAbortHandler {
					t.Errorf("%s: %v", name, p)
				}
			}()
			get(s, "/chats")
			t.Errorf("%s: answered", name)
		}()
	}
	for range 5 {
		if w := get(newServer(t, "fault_burst=0&rate_chopped=1"), "/chats"); json.Valid(w.Body.Bytes()) {
			t.Error("chopped, yet whole")
		}
	}
}

func TestFaultRatesAndBurst(t *testing.T) {
	faults := func(query string, n int) (all []string) {
		s := newServer(t, "chats=1&"+query)
		for range n {
			get(s, "/chats")
		}
		for _, r := range s.Requests() {
			all = append(all, r.Fault)
		}
		return all
	}
	count := func(all []string, f string) (n int) {
		for _, g := range all {
			if f == g {
				n++
			}
		}
		return n
	}
	all := faults("fault_burst=0&rate_500=0.1&rate_429=0.2&rate_empty=0.3", 1500)
	for name, want := range map[string]int{"500": 150, "429": 300, "empty": 450, "": 600} {
		if n := count(all, name); n < want-70 || n > want+70 {
			t.Errorf("%q struck %d times, want about %d", name, n, want)
		}
	}
	if !slices.Equal(all[:100], faults("fault_burst=0&rate_500=0.1&rate_429=0.2&rate_empty=0.3", 100)) {
		t.Error("not the same faults with the same seed")
	}
	if slices.Equal(all[:100], faults("fault_seed=2&fault_burst=0&rate_500=0.1&rate_429=0.2&rate_empty=0.3", 100)) {
		t.Error("the same faults with another seed")
	}
	want := []string{"500", "500", "500", "", "500", "500", "500", ""}
	if got := faults("rate_500=1", 8); !slices.Equal(got, want) {
		t.Errorf("with a burst of three: %q", got)
	}
}

func TestRetryAfter(t *testing.T) {
	for _, fault := range []string{"rate_429=1", "rate_503=1", "status=503", "fail_after=1"} {
		if h := get(newServer(t, fault), "/chats").Header(); h.Get("Retry-After") != "" {
			t.Errorf("%s: %v", fault, h)
		}
		if h := get(newServer(t, "retry_after=seconds&retry_after_value=7&"+fault), "/chats").Header(); h.Get("Retry-After") != "7" {
			t.Errorf("%s: %v", fault, h)
		}
		h := get(newServer(t, "retry_after=date&retry_after_value=1h&"+fault), "/chats").Header()
		at, err := http.ParseTime(h.Get("Retry-After"))
		if err != nil || time.Until(at) < 59*time.Minute || time.Until(at) > 61*time.Minute {
			t.Errorf("%s: %v %v", fault, h, err)
		}
	}
}

func TestFailAfter(t *testing.T) {
	s := newServer(t, "fail_after=3")
	for n, want := range []int{200, 200, 503, 503} {
		if w := get(s, "/chats"); w.Code != want {
			t.Errorf("list %d: status %d, want %d", n+1, w.Code, want)
		}
	}
}

func TestLatencyAndMaxRate(t *testing.T) {
	s := newServer(t, "latency=50ms&max_rate=2")
	status := make(chan int, 6)
	begin := time.Now()
	for range cap(status) {
		go func() { status <- get(s, "/chats").Code }()
	}
	got := map[int]int{}
	for range cap(status) {
		got[<-status]++
	}
	if took := time.Since(begin); took < 50*time.Millisecond {
		t.Errorf("answered in %v", took)
	}
	if got[200] == 0 || got[429] == 0 || got[200]+got[429] != 6 {
		t.Errorf("%v", got)
	}
	if w := get(s, "/chats"); w.Code != 200 {
		t.Errorf("with nothing else in flight: %d", w.Code)
	}
}

func TestEndless(t *testing.T) {
	for _, chats := range []string{"0", "10"} {
		r, _ := http.NewRequest("GET", listen(t, newServer(t, "endless=true&chats="+chats))+"/chats", nil)
		r.Header = request("/").Header
		resp, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		n, err := io.CopyN(io.Discard, resp.Body, 4<<20)
		resp.Body.Close()
		if err != nil {
			t.Errorf("it ended after %d bytes: %v", n, err)
		}
	}
}

func TestManyAtOnce(t *testing.T) {
	for _, habits := range []string{"order=none", "order=changing&stale=5&late_show=3h&contradict=0.3&zero_once=0.3&empty_once=0.3&pending_404=once&clock=back&echo=true&drift_rate=0.7"} {
		manyAtOnce(t, newServer(t, "chats=400&days=2&drift_end=2&drift_vanish=3&cache=true&rate_500=0.1&rate_chopped=0.1&gzip=true&late_changes=0.5&pending=5&"+habits))
	}
}

func manyAtOnce(t *testing.T, s *Server) {
	url := listen(t, s)
	done := make(chan bool)
	for k := range 4 {
		go func() {
			defer func() { done <- true }()
			for n := range 12 {
				ask(t.Context(), url+"/chats?include_pending=1&page="+strconv.Itoa(n+1))
				s.SetNow(s.opt.Now.Add(time.Duration(k*n) * time.Minute))
			}
			for range s.Truth() {
			}
			s.Requests()
		}()
	}
	for range 4 {
		<-done
	}
	if s.Count() != 48 {
		t.Errorf("%d requests, want 48", s.Count())
	}
}

func TestDeep(t *testing.T) {
	s := newServer(t, "deep=5000")
	body := get(s, "/chats").Body.String()
	if !strings.Contains(body, strings.Repeat("[", 5000)+strings.Repeat("]", 5000)) || !json.Valid([]byte(body)) {
		t.Errorf("%.100s", body)
	}
	if body := get(s, "/chats?page=2").Body.String(); strings.Contains(body, "[[[") {
		t.Error("page 2 is deep, too")
	}
}

func TestListenCloses(t *testing.T) {
	there := 0
	const times = 5 // another process may be given the port at once
	for range times {
		url, shut, err := newServer(t, "").Listen("127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		if err := shut(); err != nil {
			t.Error(err)
		}
		if c, err := net.Dial("tcp", strings.TrimPrefix(url, "http://")); err == nil {
			c.Close()
			there++
		}
	}
	if there == times {
		t.Error("still there")
	}
	if _, _, err := newServer(t, "").Listen("not an address"); err == nil {
		t.Error("no error for a bad address")
	}
}
