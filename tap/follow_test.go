package tap

import (
	"errors"
	"strings"
	"testing"

	"tap-livechat/tap/checkpoint"
)

// A bookmark that the other API has made is refused, and the error says from
// where to begin.
func TestBookmarkOfOtherAPI(t *testing.T) {
	withEnv(t, "chats=30&days=9", func(t *testing.T, w *env) {
		r := w.sync(mustState(t, `{"bookmarks":{"chats":{"ended_timestamp":"2026-03-05T00:00:00Z","api":"3","open_chats":[]}}}`), nil)
		var state *checkpoint.OtherAPIError
		var hint interface{ Hint() string }
		if !errors.As(r.err, &state) || !errors.As(r.err, &hint) || !strings.Contains(hint.Hint(), "2026-03-04T00:00:00Z") || r.requests > 0 {
			t.Errorf("%v, %d requests", r.err, r.requests)
		}
	})
}
