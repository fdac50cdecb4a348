package api

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"tap-livechat/tap/livechat"
)

// TestHints: every cause has a hint, and the hint goes by the cause alone,
// but for what differs between the APIs.
func TestHints(t *testing.T) {
	for cause := livechat.Unknown + 1; cause <= livechat.NoID; cause++ {
		for _, version := range []string{"2", "3.6"} {
			err := Explain(fmt.Errorf("around it: %w", &livechat.Error{Cause: cause, Version: version, Status: 418}))
			var h withHint
			if !errors.As(err, &h) || h.Hint() == "" {
				t.Errorf("cause %d of version %s has no hint", cause, version)
			}
			names := strings.Contains(h.hint, `"3"`)
			if want := version == "2" && (cause == livechat.Credentials || cause == livechat.Scope || cause == livechat.Version); names != want {
				t.Errorf("cause %d of version %s: %q", cause, version, h.hint)
			}
		}
	}
	if err := errors.New("another"); Explain(err) != err {
		t.Error("an error of another kind has got a hint")
	}
}
