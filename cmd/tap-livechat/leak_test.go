package main

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"tap-livechat/tap/sandbox"
)

// words are a customer's. They belong into records and nowhere else.
const words = "V1S1T0R: my card number is 0000"

// leaks runs the program with the most talkative log, in both its forms, and
// looks for the credentials and the customer's words in all that it writes but
// the records.
func leaks(t *testing.T, environ []string, args ...string) (stderr string, code int) {
	t.Helper()
	structured := filepath.Join(t.TempDir(), "log.json")
	writeFile(t, structured, `{"version":1,"root":{"level":"DEBUG"},"formatters":{"singer_formatter":{"()":"singer_sdk.logging.StructuredFormatter"}}}`)
	for _, form := range []string{"SINGER_SDK_LOG_CONFIG=" + structured, "TAP_LIVECHAT_LOGLEVEL=DEBUG"} {
		var stdout string
		stdout, stderr, code = runProgram(t.Context(), append(environ, form), args...)
		noSecret(t, stdout, stderr)
		for line := range strings.Lines(stdout) {
			if !strings.HasPrefix(line, `{"type":"RECORD"`) && strings.Contains(line, "V1S1T0R") {
				t.Errorf("a customer's words are in %.300s", line)
			}
		}
		if at := strings.Index(stderr, "V1S1T0R"); at >= 0 {
			t.Errorf("a customer's words are in the log: …%s…", stderr[max(0, at-200):min(len(stderr), at+100)])
		}
	}
	return stderr, code
}

// leakConfig is a config for one window of an API.
func leakConfig(api string, more map[string]any) map[string]any {
	config := map[string]any{
		"entity_id": "acct-1", "access_token": secret, "start_date": "2026-03-01", "end_date": "2026-03-03",
		"api_url": api, "max_retries": 0, "max_concurrent_requests": 1,
	}
	maps.Copy(config, more)
	return config
}

// serving runs an API and returns its address.
func serving(t *testing.T, h http.HandlerFunc) string {
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	return server.URL
}

// madeUpChat is a chat of the sandbox, with the customer's words in every text
// that is one.
func madeUpChat(t *testing.T) string {
	t.Helper()
	options, err := sandbox.Parse("chats=60&days=2&now=2026-03-03T00:00:00Z&pending=0&seed=2")
	if err != nil {
		t.Fatal(err)
	}
	w := httptest.NewRecorder()
	r := httptest.NewRequest(http.MethodGet, "/chats?date_from=2026-03-01&date_to=2026-03-02&timezone=UTC&page=1", nil)
	r.SetBasicAuth("acct-1", secret)
	r.Header.Set("X-API-Version", "2")
	sandbox.New(options).ServeHTTP(w, r)
	var page struct{ Chats []map[string]any }
	if err := json.Unmarshal(w.Body.Bytes(), &page); err != nil || len(page.Chats) == 0 {
		t.Fatalf("%v: %.300s", err, w.Body)
	}
	longest := slices.MaxFunc(page.Chats, func(a, b map[string]any) int { return len(jsonOf(t, a)) - len(jsonOf(t, b)) })
	mark(longest)
	return jsonOf(t, longest)
}

func jsonOf(t *testing.T, v any) string {
	t.Helper()
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// mark puts the words into every text that people write.
func mark(v any) {
	switch v := v.(type) {
	case []any:
		for _, e := range v {
			mark(e)
		}
	case map[string]any:
		for key, e := range v {
			if _, text := e.(string); text && slices.Contains([]string{
				"text", "name", "display_name", "visitor_name", "author_name", "email", "ip", "city", "user_agent", "value", "key", "answer", "comment", "referrer", "message_json",
			}, key) {
				v[key] = words
				continue
			}
			mark(e)
		}
	}
}

// places calls f with every place of a document, as a function that puts another
// value there.
func places(doc any, path string, put func(any), f func(path string, was any, put func(any))) {
	f(path, doc, put)
	switch v := doc.(type) {
	case []any:
		for i := range min(len(v), 2) { // what is further back is of the same kind
			places(v[i], path+"["+strconv.Itoa(i)+"]", func(x any) { v[i] = x }, f)
		}
	case map[string]any:
		for _, key := range slices.Sorted(maps.Keys(v)) {
			places(v[key], path+"."+key, func(x any) { v[key] = x }, f)
		}
	}
}

// A value of a wrong type is what a log is most likely to quote: here each place
// of a chat holds one in turn, and each is a customer's.
func TestWrongValuesAreNotQuoted(t *testing.T) {
	text := madeUpChat(t)
	var answer string
	api := serving(t, func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, answer) })
	failing, runs := 0, 0
	configs := map[string]string{}
	for _, rule := range []string{"fail", "null"} {
		configs[rule] = jsonFile(t, leakConfig(api, map[string]any{"on_invalid": rule}))
	}
	var doc any
	if err := json.Unmarshal([]byte(text), &doc); err != nil {
		t.Fatal(err)
	}
	places(doc, "chat", func(x any) { doc = x }, func(path string, was any, put func(any)) {
		for _, wrong := range []any{words, map[string]any{"x": words, words: 1}, []any{words, map[string]any{"x": words}}, json.Number("1e400")} {
			put(wrong)
			answer = `{"chats":[` + jsonOf(t, doc) + `],"total":1,"pages":1}`
			for rule, config := range configs {
				if stderr, code := leaks(t, nil, "--config", config); code != exitOK {
					failing++
					if strings.Contains(stderr, "panic") {
						t.Errorf("%s: %s", path, stderr)
					}
				}
				runs++
				if t.Failed() {
					t.Fatalf("at %s, on_invalid %s, %T", path, rule, wrong)
				}
			}
		}
		put(was)
	})
	if failing < 50 || runs < 500 {
		t.Errorf("%d runs, of which %d failed", runs, failing)
	}
}

// An answer of any status may say the request back, in its body or its headers.
func TestEchoedCredentialsAreNotQuoted(t *testing.T) {
	pair := base64.StdEncoding.EncodeToString([]byte("acct-1:" + secret))
	chat := strings.TrimPrefix(madeUpChat(t), "{")
	bodies := []string{
		`{"error":{"type":"%s","message":"you sent %s"}}`, `{"error":"%s"}`, `{"errors":["%s"]}`, `{"message":"%s"}`,
		`{"error":{"type":"misdirected_request","message":"m","data":{"region":"%s"}}}`, `<html>%s</html>`, `%s`, `"%s"`, `{"chats":"%s"}`,
		`{"chats":[{"id":"%s"`, `{"chats":[],"total":"%s","pages":"%s"}`, `{"chats":[{"id":{"%s":1}}],"total":1,"pages":1}`,
		`{"chats":{"%s":x}}`, `{"chats":[{"%s":1,` + chat + `],"total":1,"pages":1}`, `{"chats":[{"type":{"%s":1},` + chat + `],"total":1,"pages":1}`,
	}
	for _, status := range []int{200, 204, 302, 400, 401, 403, 404, 418, 421, 422, 429, 500, 503} {
		for _, echo := range []string{secret, pair, "Basic " + pair} {
			var body string
			api := serving(t, func(w http.ResponseWriter, _ *http.Request) {
				for _, name := range []string{"Content-Type", "Retry-After", "Location", "WWW-Authenticate", "Deprecation", "Legacy", "Date", "X-Region"} {
					w.Header().Set(name, echo)
				}
				w.WriteHeader(status)
				io.WriteString(w, body)
			})
			config := jsonFile(t, leakConfig(api, nil))
			for _, form := range bodies {
				body = strings.ReplaceAll(form, "%s", echo)
				leaks(t, nil, "--config", config)
			}
			leaks(t, nil, "--config", config, "--test")
			if t.Failed() {
				t.Fatalf("status %d, %q, body %.100s", status, echo, body)
			}
		}
	}
}

// Files that are given to the wrong flag, and whatever else may be given there.
func TestMixedUpFilesAreNotQuoted(t *testing.T) {
	api := serving(t, func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, `{"chats":[],"total":0,"pages":0}`) })
	good := jsonOf(t, leakConfig(api, nil))
	texts := []string{
		good, good[:len(good)-1], good + good, strings.ReplaceAll(good, `"`, `'`), "\ufeff" + good, strings.ReplaceAll(good, ":", "="),
		secret, `"` + secret + `"`, `["` + secret + `"]`, "access_token: " + secret, "TAP_LIVECHAT_ACCESS_TOKEN=" + secret,
		`{"dal:` + secret + `":1}`, `{"access_token":"` + secret + "\n" + `"}`, `{"streams":"` + secret + `"}`, `{"bookmarks":"` + secret + `"}`,
		`{"type":"RECORD","stream":"messages","record":{"text":"` + words + `"}}`,
		`{"type":"RECORD","stream":"messages","record":{"text":"` + words + `"}}` + "\n" + `{"type":"STATE","value":{"bookmarks":{}}}`,
		`{"type":"` + words + `","bookmarks":{"chats":{"ended_timestamp":"` + words + `"}}}`,
		`{"bookmarks":{"chats":{"ended_timestamp":"2026-03-01","open_chats":[{"id":"` + words + `","since":"` + words + `"}]}}}`,
		`{"bookmarks":{"chats":{"ended_timestamp":"2026-03-01","api":["` + words + `"]}}}`,
		`{"bookmarks":{"chats":{"ended_timestamp":"2026-03-01"}},"record":{"text":"` + words + `"},"type":"RECORD"}`,
		`{"value":{"` + words + `":{"completed":"` + words + `"}}}`, `{"` + words + `":{"completed":{"x":1}},"y":{"completed":{}}}`,
		"dal:" + secret, "{" + words,
	}
	for i, text := range texts {
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			t.Chdir(t.TempDir())
			config := jsonFile(t, leakConfig(api, nil))
			writeFile(t, "given.json", text)
			writeFile(t, ".env", text)
			file := "given.json"
			for _, given := range []string{file, text, url.PathEscape(text), "./" + text} {
				leaks(t, nil, "--config", given)
				leaks(t, nil, "--config", config, "--config", given)
				leaks(t, nil, "--config", config, "--state", given)
				leaks(t, nil, "--config", config, "--catalog", given)
				leaks(t, nil, "--config", config, "--state", given, "--catalog", given, "--test")
			}
			leaks(t, nil, "--config", config, "--config", "ENV")
			for _, args := range [][]string{
				{text}, {"--" + text}, {"-" + text}, {"--format", text, "--about"}, {"--test=" + text}, {"--discover=" + text}, {"--version=" + text},
				{"sandbox", "--listen", text}, {"sandbox", "--switches", text}, {"--config"},
			} {
				leaks(t, nil, args...)
			}
			for _, name := range []string{"API_URL", "REGION", "START_DATE", "END_DATE", "USER_AGENT", "ENTITY_ID", "MAX_REQUESTS", "ON_INVALID", "REPORT_TIMEZONE", "BATCH_CONFIG", "API_VERSION"} {
				leaks(t, []string{
					"TAP_LIVECHAT_ACCESS_TOKEN=" + secret, "TAP_LIVECHAT_API_URL=" + api, "TAP_LIVECHAT_START_DATE=2026-03-01", "TAP_LIVECHAT_MAX_RETRIES=0",
					"TAP_LIVECHAT_" + secret + "=1", "HTTPS_PROXY=" + text, "SSL_CERT_FILE=" + text, "TAP_LIVECHAT_" + name + "=" + text,
				}, "--config", "ENV")
			}
		})
	}
}
