package livechat

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"tap-livechat/tap/secret"
)

// What holds the credentials shows them in no way: printed, logged or marshalled.
func TestClientHidesCredentials(t *testing.T) {
	const user, token = "agent@example.com", "t0ps3cr3t"
	for _, o := range []Options{{AccessToken: secret.New(token)}, {EntityID: secret.New(user), AccessToken: secret.New(token)}} {
		c, err := New(o)
		if err != nil {
			t.Fatal(err)
		}
		for _, holder := range []any{o, &o, c, struct{ c *Client }{c}, []any{c, o}} {
			var out bytes.Buffer
			for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
				fmt.Fprintf(&out, verb+"\n", holder)
			}
			slog.New(slog.NewTextHandler(&out, nil)).Info("start", "holder", holder)
			slog.New(slog.NewJSONHandler(&out, nil)).Info("start", "holder", holder)
			text, _ := json.Marshal(holder) // what holds a function cannot be marshalled
			printed := out.String() + string(text)
			for _, marked := range []string{token, user, base64.StdEncoding.EncodeToString([]byte(user + ":" + token)), fmt.Sprintf("%x", token)} {
				if strings.Contains(printed, marked) {
					t.Errorf("%T shows %q: %s", holder, marked, printed)
				}
			}
		}
	}
}

// FuzzAnswersAreRedacted: whatever quotes an answer shows no part of 8 characters of the
// token: an error of the service, the place of a fault in broken JSON, headers.
func FuzzAnswersAreRedacted(f *testing.F) {
	for seed := range uint64(300) {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, seed uint64) {
		r := rand.New(rand.NewPCG(seed, 0))
		pick := func(from ...string) string { return from[r.IntN(len(from))] }
		random := make([]byte, 9+r.IntN(40))
		for i := range random {
			random[i] = byte(r.Uint32())
		}
		secretPart := pick(base64.StdEncoding.EncodeToString(random), base64.RawURLEncoding.EncodeToString(random), fmt.Sprintf("%x", random))
		user, token := pick("", "12345", "agent@example.com"), pick("", "dal:", "12345:fra:")+secretPart
		pair := base64.StdEncoding.EncodeToString([]byte(user + ":" + token))

		echo := pick(token, secretPart, pair, "Basic "+pair, token[r.IntN(len(token)):], pair[r.IntN(len(pair)):])
		echo = pick("", "x", "/", " ") + pick(echo, url.QueryEscape(echo), strings.ReplaceAll(echo, "/", `\/`), strings.ReplaceAll(echo, "/", `~1`)) + pick("", "x", "/", " ")
		name := strings.Repeat("n", r.IntN(120)) + echo // the place of a fault is cut in its middle
		body := strings.NewReplacer("ECHO", echo, "NAME", name).Replace(pick(
			`{"error":{"type":"ECHO","message":"you sent ECHO"}}`, `{"error":"NAME"}`, `{"errors":["no","ECHO"]}`, `{"message":"ECHO"}`,
			`{"error":{"type":"misdirected_request","data":{"region":"ECHO"}}}`, `ECHO`, `"ECHO`, `{"NAME":`, `{"NAME":x}`, `{"list":{"NAME":{"ECHO":[1,]}}}`,
			`{"list":[{"a":"ECHO"]}`, `{"NAME":1 "ECHO":2}`, `{"a":"\ECHO"}`, `{"list":ECHO}`, `{"list":[]} ECHO`, `{"ECHO":{}}`, `{"list":"ECHO"}`))
		header := http.Header{}
		for _, h := range []string{"Content-Type", "Retry-After", "Location", "X-Debug-Id", "Deprecation", "Legacy", "Date"} {
			header.Set(h, echo)
		}
		status := []int{200, 302, 400, 401, 404, 421, 429, 503}[r.IntN(8)]

		var log bytes.Buffer
		c, err := New(Options{BaseURL: "https://livechat.example", EntityID: secret.New(user), AccessToken: secret.New(token),
			Transport: answering(status, body, header), Log: slog.New(slog.NewTextHandler(&log, nil))})
		if err != nil {
			t.Fatal(err)
		}
		printed := fmt.Sprint(c.Ask(t.Context(), Call{Op: "a list", Version: "3.6", Parse: wantList}), log.String())
		for _, credential := range []string{token, pair} {
			for i := range len(credential) - 8 + 1 {
				if part := credential[i : i+8]; strings.Contains(printed, part) {
					t.Fatalf("user %q, token %q: %q is in %q; the answer was %d %s", user, token, part, printed, status, body)
				}
			}
		}
	})
}
