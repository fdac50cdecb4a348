package apiv2

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"tap-livechat/tap/livechat"
	"tap-livechat/tap/secret"
)

// What sockets do is tested with sockets, and with waits that are short.

func overWire(t *testing.T, h http.Handler, change func(*Options)) (tested, *httptest.Server) {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return newTestClient(t, nil, func(o *Options) {
		o.BaseURL, o.Timeout = s.URL, 5*time.Second
		if change != nil {
			change(o)
		}
	}), s
}

// TestWire reads through a real connection that breaks in every way.
func TestWire(t *testing.T) {
	for _, switches := range []string{"gzip=true", "gzip=true&rate_cut=0.15&rate_chopped=0.15", "rate_reset=0.1&rate_cut=0.1&rate_chopped=0.1"} {
		t.Run(switches, func(t *testing.T) {
			t.Parallel()
			s := newSandbox(t, "chats=150&days=4&fault_burst=1&"+switches)
			c, _ := overWire(t, s, nil)
			rg := Range{From: theNow.AddDate(0, 0, -5), To: theNow}
			r := read(t.Context(), c, rg)
			if r.err != nil {
				t.Fatal(r.err)
			}
			if missing, want := lost(s, r, rg); len(missing) > 0 {
				t.Errorf("%d of %d are missing", len(missing), want)
			}
		})
	}
}

// TestRefused: nobody listens there.
func TestRefused(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().String()
	l.Close()
	c := newTestClient(t, nil, func(o *Options) { o.BaseURL, o.MaxRetries = "http://"+address, 1 })
	r := read(t.Context(), c, oneDay)
	var e *Error
	if !errors.As(r.err, &e) || e.Tries != 2 || !strings.Contains(e.Error(), "refused") || e.Cause != livechat.Network {
		t.Errorf("the error is %v, want a refused connection after 2 tries", r.err)
	}
}

// TestTimeouts: an answer that stalls is given up after Timeout.
func TestTimeouts(t *testing.T) {
	for _, f := range []string{"stall_header", "stall_body"} {
		s := newSandbox(t, "chats=100&rate_"+f+"=1&fault_burst=0")
		c, _ := overWire(t, s, func(o *Options) { o.MaxRetries, o.Timeout = 0, 100*time.Millisecond })
		r := read(t.Context(), c, oneDay)
		if r.err == nil || !strings.Contains(r.err.Error(), "request_timeout") {
			t.Errorf("%s: the error is %v", f, r.err)
		}
	}
}

// TestRedirects: nothing goes to another host, nor to another address of the
// same one.
func TestRedirects(t *testing.T) {
	for _, status := range []int{301, 302, 303, 307, 308} {
		var visits atomic.Int64
		evil := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { visits.Add(1) }))
		var asked atomic.Int64
		c, own := overWire(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			asked.Add(1)
			http.Redirect(w, r, evil.URL+"/chats?token=1", status)
		}), nil)
		r := read(t.Context(), c, oneDay)
		var e *Error
		if !errors.As(r.err, &e) || e.Status != status || !strings.Contains(e.Error(), evil.URL) || asked.Load() != 1 {
			t.Errorf("%d: %d requests, the error is %v", status, asked.Load(), r.err)
		}
		if visits.Load() > 0 {
			t.Errorf("%d: the other host was visited", status)
		}
		own.Close()
		evil.Close()
	}
}

// TestKeepAlive: as many connections as workers, however many requests.
func TestKeepAlive(t *testing.T) {
	s := newSandbox(t, "chats=500&days=4")
	var opened atomic.Int64
	server := httptest.NewUnstartedServer(s)
	server.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			opened.Add(1)
		}
	}
	server.Start()
	defer server.Close()
	c := newTestClient(t, nil, func(o *Options) { o.BaseURL = server.URL })
	r := read(t.Context(), c, Range{From: theNow.AddDate(0, 0, -5), To: theNow})
	if r.err != nil || opened.Load() > 8 {
		t.Errorf("%d connections for 4 workers and %d requests, error %v", opened.Load(), s.Count(), r.err)
	}
}

// TestTooLong: an answer without end is given up, packed or not.
func TestTooLong(t *testing.T) {
	s := newSandbox(t, "chats=100&endless=true")
	c, _ := overWire(t, s, func(o *Options) { o.Timeout = 30 * time.Second })
	r := read(t.Context(), c, oneDay)
	if r.err == nil || !strings.Contains(r.err.Error(), "goes on beyond 1000") || s.Count() != 1 {
		t.Errorf("%d requests, the error is %v", s.Count(), r.err)
	}
}

// TestHeaders: what every request carries.
func TestHeaders(t *testing.T) {
	for _, bearer := range []bool{false, true} {
		c, _ := overWire(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			user, token, basic := r.BasicAuth()
			if bearer && r.Header.Get("Authorization") != "Bearer "+testToken || !bearer && (!basic || user != testUser || token != testToken) {
				t.Errorf("Authorization: %s", r.Header.Get("Authorization"))
			}
			q := r.URL.Query()
			if r.Header.Get("X-API-Version") != "2" || r.Header.Get("User-Agent") != "test" || r.Header.Get("X-Region") != "fra" ||
				q.Get("timezone") != "UTC" || q.Get("include_pending") != "1" || q.Get("date_from") != "2026-03-07" || q.Get("date_to") != "2026-03-10" || q.Get("page") != "1" {
				t.Errorf("%s %v", r.URL, r.Header)
			}
			io.WriteString(w, `{"chats":[],"total":0,"pages":0}`)
		}), func(o *Options) {
			o.Region = "fra"
			if bearer {
				o.EntityID = secret.Text{}
			}
		})
		read(t.Context(), c, oneDay).check(t, oneDay)
	}
}

// TestForeignProtocol: what answers does not speak HTTP, or says the
// credentials back in a header that cannot be read.
func TestForeignProtocol(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	go func() {
		for n := 0; ; n++ {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			buf := make([]byte, 4096)
			k, _ := conn.Read(buf)
			if n%2 == 0 {
				fmt.Fprintf(conn, "SSH-2.0 %s\r\n\r\n", buf[:k])
			} else {
				fmt.Fprintf(conn, "HTTP/1.1 200 OK\r\nSet Cookie %s\r\n\r\n", strings.ReplaceAll(string(buf[:k]), "\r\n", " "))
			}
			conn.Close()
		}
	}()
	var log logTo
	c := newTestClient(t, nil, func(o *Options) { o.BaseURL, o.MaxRetries, o.Log = "http://"+l.Addr().String(), 1, log.logger() })
	r := read(t.Context(), c, oneDay)
	if r.err == nil {
		t.Fatal("no error")
	}
	noSecret(t, r.err.Error()+log.String())
	t.Log(r.err)
}
