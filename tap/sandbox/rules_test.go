package sandbox

import (
	"compress/gzip"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func TestRules(t *testing.T) {
	for _, tt := range []struct {
		name, switches, target string
		change                 func(*http.Request)
		status                 int
		body                   string
	}{
		{"all is well", "", "/chats", nil, 200, `{"chats":[`},
		{"bearer", "", "/chats", func(r *http.Request) { r.Header.Set("Authorization", "Bearer dal:x") }, 200, ""},
		{"no credentials", "", "/chats", func(r *http.Request) { r.Header.Del("Authorization") }, 401, `"authentication"`},
		{"empty user", "", "/chats", func(r *http.Request) { r.SetBasicAuth("", "x") }, 401, ""},
		{"empty token", "", "/chats", func(r *http.Request) { r.SetBasicAuth("x", "") }, 401, ""},
		{"empty bearer", "", "/chats", func(r *http.Request) { r.Header.Set("Authorization", "Bearer ") }, 401, ""},
		{"wrong", "", "/chats", func(r *http.Request) { r.SetBasicAuth("x", "wrong") }, 401, ""},
		{"wrong bearer", "", "/chats", func(r *http.Request) { r.Header.Set("Authorization", "Bearer wrong") }, 401, ""},
		{"the entity", "entity_id=entity&access_token=token", "/chats", nil, 200, ""},
		{"another entity", "entity_id=other", "/chats", nil, 401, ""},
		{"another token", "access_token=other", "/chats", nil, 401, ""},
		{"no version", "", "/chats", func(r *http.Request) { r.Header.Del("X-API-Version") }, 400, "X-API-Version"},
		{"version 3", "", "/chats", func(r *http.Request) { r.Header.Set("X-API-Version", "3") }, 400, ""},
		{"no such path", "", "/agents", nil, 404, `"not_found"`},
		{"post", "", "/chats", func(r *http.Request) { r.Method = "POST" }, 405, ""},
		{"page 0", "", "/chats?page=0", nil, 400, "page"},
		{"page x", "", "/chats?page=x", nil, 400, ""},
		{"page empty", "", "/chats?page=", nil, 400, ""},
		{"page huge", "", "/chats?page=9223372036854775807", nil, 200, `{"chats":[]`},
		{"a bad day", "", "/chats?date_from=2026-02-30", nil, 400, "date_from"},
		{"a time", "", "/chats?date_to=2026-02-03T00:00:00Z", nil, 400, "date_to"},
		{"a short date", "", "/chats?date_to=2026-2-3", nil, 400, ""},
		{"inverted", "", "/chats?date_from=2026-02-03&date_to=2026-02-02", nil, 400, ""},
		{"from the future", "", "/chats?date_from=2036-02-03", nil, 200, `{"chats":[],"total":0,"pages":0}`},
		{"no such zone", "", "/chats?timezone=Mars/Olympus", nil, 400, "timezone"},
		{"empty zone", "", "/chats?timezone=", nil, 400, ""},
		{"Local", "", "/chats?timezone=Local", nil, 400, ""},
		{"other filters", "", "/chats?agent=x&tag%5B%5D=y", nil, 200, ""},
		{"a parameter that is none", "", "/chats?agent=x&nonsense=1", nil, 400, "nonsense"},
		{"misdirected", "misdirected=fra", "/chats", nil, 421, `"data":{"region":"fra"}`},
		{"misdirected 400", "misdirected=fra&misdirected_status=400", "/chats", nil, 400, `"misdirected_request"`},
		{"rightly directed", "misdirected=fra", "/chats", func(r *http.Request) { r.Header.Set("X-Region", "fra") }, 200, ""},
		{"status", "status=403", "/chats", nil, 403, `"authorization"`},
		{"fail_after", "fail_after=1", "/chats", nil, 503, ""},
		{"nothing at all", "chats=0", "/chats", nil, 200, `{"chats":[],"total":0,"pages":0}`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := newServer(t, "pending=0&"+tt.switches)
			r := request(tt.target)
			if tt.change != nil {
				tt.change(r)
			}
			w := httptest.NewRecorder()
			s.ServeHTTP(w, r)
			if w.Code != tt.status || !strings.Contains(w.Body.String(), tt.body) {
				t.Errorf("status %d, want %d, and in the body %q: %.300s", w.Code, tt.status, tt.body, w.Body)
			}
			if !json.Valid(w.Body.Bytes()) {
				t.Errorf("not JSON: %.300s", w.Body)
			}
		})
	}
}

func TestRedirect(t *testing.T) {
	for to, want := range map[string]string{
		"https://other.example":      "https://other.example/chats?page=2",
		"https://other.example/here": "https://other.example/here",
	} {
		w := get(newServer(t, "redirect="+to), "/chats?page=2")
		if w.Code != 302 || w.Header().Get("Location") != want {
			t.Errorf("%d %s, want %s", w.Code, w.Header().Get("Location"), want)
		}
	}
}

func TestGzip(t *testing.T) {
	r := request("/chats")
	r.Header.Set("Accept-Encoding", "gzip")
	w := httptest.NewRecorder()
	newServer(t, "gzip=true").ServeHTTP(w, r)
	z, err := gzip.NewReader(w.Body)
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(z)
	if err != nil || string(body) != get(newServer(t, ""), "/chats").Body.String() {
		t.Errorf("not the same as without: %v", err)
	}
	if w := get(newServer(t, "gzip=true"), "/chats"); w.Header().Get("Content-Encoding") != "" {
		t.Error("compressed for a client that did not ask for it")
	}
}

func TestLog(t *testing.T) {
	s := newServer(t, "chats=30")
	get(s, "/chats?page=1")
	get(s, "/chats?page=x")
	get(s, "/_sandbox/chats")
	requests := s.Requests()
	if s.Count() != 2 || len(requests) != 2 {
		t.Fatalf("%d requests counted, %d kept, want 2", s.Count(), len(requests))
	}
	if r := requests[1]; r.Path != "/chats" || r.Query.Get("page") != "x" || r.Status != 400 || r.Header.Get("Authorization") != "Basic" {
		t.Errorf("%+v", r)
	}
	if w := get(s, "/_sandbox/requests"); !strings.Contains(w.Body.String(), `{"count":2,"by_status":{"200":1,"400":1}`) {
		t.Errorf("%s", w.Body)
	}
}

func TestAdminChats(t *testing.T) {
	s := newServer(t, "chats=500&pending=3&odd=0.1")
	r := httptest.NewRequest("GET", "/_sandbox/chats", nil) // no credentials
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	lines := json.NewDecoder(w.Body)
	for c := range s.Truth() {
		var line struct {
			ID, Type, Started string
			Ended             *string
			Agents            []string
			Messages, Events  int
			Chat              json.RawMessage
		}
		if err := lines.Decode(&line); err != nil {
			t.Fatal(err)
		}
		if line.ID != c.ID || line.Type != c.Type || (line.Ended == nil) != c.Pending || line.Agents == nil ||
			len(line.Agents) != len(c.Agents) || line.Events != c.Events || string(line.Chat) != string(c.JSON) {
			t.Fatalf("%+v\nis not %+v", line, c)
		}
	}
	w = httptest.NewRecorder()
	s.ServeHTTP(w, httptest.NewRequest("POST", "/_sandbox/now?t=2026-11-25T00:00:00Z", nil))
	if w.Code != 204 || len(truth(s, ended)) < 510 {
		t.Errorf("POST now: %d, %d chats", w.Code, len(truth(s, ended)))
	}
}
