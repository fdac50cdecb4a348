package livechat

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"log/slog"
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
