package livechat

import (
	"bufio"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// rawServer answers the head of every request with text, and says no more.
func rawServer(t *testing.T, text string) (address string, requests *atomic.Int64) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	requests = new(atomic.Int64)
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				r := bufio.NewReader(conn)
				for {
					if _, err := http.ReadRequest(r); err != nil {
						return
					}
					requests.Add(1)
					_, _ = io.WriteString(conn, text)
				}
			}()
		}
	}()
	return l.Addr().String(), requests
}

// TestProxies: what a proxy answers to CONNECT with 4xx is final, and it is named.
func TestProxies(t *testing.T) {
	for _, test := range []struct {
		answer string
		tries  int64
		says   string
	}{
		{"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n", 1, "the proxy HTTPS_PROXY names refused (407 Proxy Authentication Required)"},
		{"HTTP/1.1 403 Blocked by policy\r\nContent-Length: 0\r\n\r\n", 1, "the proxy HTTPS_PROXY names refused (403 Blocked by policy)"},
		{"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n", 2, "the proxy HTTPS_PROXY names refused (502 Bad Gateway)"},
	} {
		t.Run(test.answer[9:12], func(t *testing.T) {
			t.Parallel()
			address, requests := rawServer(t, test.answer)
			rt := &http.Transport{Proxy: http.ProxyURL(&url.URL{Scheme: "http", Host: address, User: url.UserPassword("svc", "pw-5678")})}
			e, _, log := ask(t, rt, Call{}, func(o *Options) { o.MaxRetries = 1 })
			if e == nil || e.Cause != Proxy || requests.Load() != test.tries || !strings.Contains(e.Error(), test.says) {
				t.Errorf("%d requests, want %d: %v", requests.Load(), test.tries, e)
			}
			if strings.Contains(fmt.Sprint(e, log), "pw-5678") {
				t.Error("the proxy's password is shown")
			}
		})
	}
	t.Run("nobody there", func(t *testing.T) {
		t.Parallel()
		rt := &http.Transport{Proxy: http.ProxyURL(&url.URL{Scheme: "http", Host: "127.0.0.1:1"})}
		e, requests, _ := ask(t, rt, Call{}, func(o *Options) { o.MaxRetries = 1 })
		if e == nil || e.Cause != Proxy || requests != 2 || !strings.Contains(e.Error(), "the proxy HTTPS_PROXY names cannot be reached") {
			t.Errorf("%d requests: %v", requests, e)
		}
	})
}

// TestCertificates: a certificate that fails is final; so is a service without one.
func TestCertificates(t *testing.T) {
	server := httptest.NewUnstartedServer(nil)
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.StartTLS()
	defer server.Close()
	plain := httptest.NewServer(nil)
	defer plain.Close()
	for address, want := range map[string]Cause{server.URL: Certificate, "https" + strings.TrimPrefix(plain.URL, "http"): Address} {
		if e, requests, _ := ask(t, nil, Call{}, func(o *Options) { o.BaseURL = address }); e == nil || e.Cause != want || requests != 1 {
			t.Errorf("%d requests, cause %d, want %d: %v", requests, e.Cause, want, e)
		}
	}
}

// TestNeverHangs: answers that have no body, or none that ends, end at once.
func TestNeverHangs(t *testing.T) {
	const limit = 5 * time.Second
	for _, answer := range []string{
		"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n",
		"HTTP/1.1 204 No Content\r\n\r\n",
		"HTTP/1.1 304 Not Modified\r\n\r\n",
		"HTTP/1.1 302 Found\r\nLocation: https://elsewhere.example/x?y\r\nContent-Length: 0\r\n\r\n",
		strings.Repeat("HTTP/1.1 103 Early Hints\r\n\r\n", 200),
		strings.Repeat("HTTP/1.1 100 Continue\r\n\r\n", 200),
	} {
		t.Run(answer[9:12], func(t *testing.T) {
			t.Parallel()
			address, _ := rawServer(t, answer)
			started := time.Now()
			e, _, _ := ask(t, nil, Call{}, func(o *Options) { o.BaseURL, o.MaxRetries, o.Timeout = "http://"+address, 0, limit })
			// What comes before an answer (1xx, but for 101) is none: it is waited for as long as may be.
			most := limit / 2
			if strings.HasPrefix(answer[9:], "100") || strings.HasPrefix(answer[9:], "103") {
				most = 2 * limit
			}
			if time.Since(started) > most || e == nil {
				t.Errorf("after %s: %v", time.Since(started), e)
			}
		})
	}
}
