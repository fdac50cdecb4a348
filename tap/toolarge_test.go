package tap

import (
	"errors"
	"testing"

	"tap-livechat/tap/config"
	"tap-livechat/tap/record"
	"tap-livechat/tap/state"
)

// A chat that is larger than what is read of one is named, and left out only if
// on_invalid says so; all others come.
func TestSyncTooLarge(t *testing.T) {
	for _, rule := range []config.OnInvalid{config.Fail, config.Null} {
		withEnv(t, "chats=40&days=20&pending=0&huge_chat=110000", func(t *testing.T, w *env) {
			w.config.OnInvalid = rule
			r := w.sync(state.State{}, nil)
			var large *record.TooLargeError
			if rule == config.Fail {
				if !errors.As(r.err, &large) || large.Chat == "" {
					t.Errorf("the error is %v", r.err)
				}
				return
			}
			readTranscript(t, r.out, checks{})
			if want := len(w.wanted(w.config.StartDate)); r.err != nil || r.summary.LeftOut["too large to be read"] != 1 || r.summary.Chats != want-1 {
				t.Errorf("%d chats of %d, left out %v, error %v", r.summary.Chats, want, r.summary.LeftOut, r.err)
			}
		})
	}
}
