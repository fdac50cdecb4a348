//go:build unix

package main

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
)

// TestRefused: a service that refuses, under whatever status, and a proxy that
// does. What cannot pass is asked for once, and the last line says who refused,
// why and what to do.
func TestRefused(t *testing.T) {
	expired := `{"error":{"type":"license_expired","message":"Your license expired on 2026-01-01."}}`
	const license = "check in LiveChat that the license is active"
	for _, test := range []struct {
		name   string
		status int
		body   string
		tries  int64
		says   []string
	}{
		{"license_expired under 200", 200, expired, 1, []string{"200 OK (license_expired): Your license expired", license}},
		{"license_expired under 500", 500, expired, 1, []string{"500 Internal Server Error (license_expired): Your license expired", license}},
		{"authentication under 503", 503, `{"error":{"type":"authentication","message":"Invalid token"}}`, 1, []string{"(authentication): Invalid token", "check entity_id"}},
		{"too_many_requests under 400", 400, `{"error":{"type":"too_many_requests","message":"Slow"}}`, 2, []string{"after 2 tries", "lower max_concurrent_requests"}},
		{"a message under 200", 200, `{"message":"No."}`, 2, []string{"200 OK: No."}},
		{"v2's scopes", 403, ``, 1, []string{"403 Forbidden", `api_version "3"`}},
		{"v2's tokens", 401, ``, 1, []string{"401 Unauthorized", `api_version "3"`}},
		{"the proxy's password", 407, "proxy", 1, []string{"the proxy HTTPS_PROXY names refused (407 Proxy Authentication Required)", "check HTTPS_PROXY"}},
		{"the proxy's policy", 403, "proxy", 1, []string{"the proxy HTTPS_PROXY names refused (403 Forbidden)", "NO_PROXY"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			var requests atomic.Int64
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				requests.Add(1)
				w.WriteHeader(test.status)
				_, _ = io.WriteString(w, test.body)
			}))
			defer server.Close()
			config := map[string]any{"entity_id": "me", "access_token": secret, "start_date": "2026-03-01", "max_retries": 1}
			if test.body != "proxy" {
				config["api_url"] = server.URL
			}
			file := filepath.Join(t.TempDir(), "config.json")
			text := "{"
			for name, value := range config {
				text += fmt.Sprintf("%q:%#v,", name, value)
			}
			writeFile(t, file, strings.TrimSuffix(text, ",")+"}")
			j := newJob(t, file, "")
			j.cmd.Env = append(os.Environ(), "HTTPS_PROXY=http://svc:"+secret+"@"+strings.TrimPrefix(server.URL, "http://"), "NO_PROXY=")
			err := j.cmd.Run()
			if err == nil || j.cmd.ProcessState.ExitCode() != exitRuntime || requests.Load() != test.tries {
				t.Errorf("%v, %d requests, want exit %d and %d", err, requests.Load(), exitRuntime, test.tries)
			}
			for _, part := range append(test.says, "CRITICAL", "page 1 of the chats") {
				if !strings.Contains(j.last(), part) {
					t.Errorf("%q does not say %q", j.last(), part)
				}
			}
			noSecret(t, j.stdout.String(), j.stderr.String())
		})
	}
}
