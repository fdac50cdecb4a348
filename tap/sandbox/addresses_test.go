package sandbox

import (
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"

	"tap-livechat/tap/sandbox/account"
)

// TestAddresses asks for every address that GET / lists.
func TestAddresses(t *testing.T) {
	s := newServer(t, "")
	n := 0
	for line := range strings.Lines(get(s, "/").Body.String()) {
		n++
		method, path, _ := strings.Cut(strings.TrimSpace(line), " ")
		path = strings.NewReplacer("/chats/<id>", "/chats/"+truth(s, ended)[0], "<id>", strconv.Itoa(account.GoalSale), "<time>", "2026-11-20T13:00:00Z").Replace(path)
		status := 0
		if method3, ok := strings.CutPrefix(path, "/v3.6/"); ok {
			status = post(s, method3, `{}`).Code
		} else {
			r := request(path)
			r.Method = method
			w := httptest.NewRecorder()
			s.ServeHTTP(w, r)
			status = w.Code
		}
		if status != 200 && status != 204 && status != 422 && status != 400 {
			t.Errorf("%s: status %d", line, status)
		}
	}
	if want := 8 + len(v3Calls) + len(reports); n != want {
		t.Errorf("%d addresses, want %d", n, want)
	}
}
