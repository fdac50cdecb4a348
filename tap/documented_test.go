package tap

import (
	"testing"
	"time"

	"tap-livechat/catalog"
	"tap-livechat/tap/state"
)

// TestRequestsAsDocumented: no request of the tap has an argument that LiveChat's
// reference does not know: the sandbox, which refuses those, serves all streams of
// both APIs.
func TestRequestsAsDocumented(t *testing.T) {
	for _, version := range []string{catalog.V2, catalog.V3} {
		withEnv(t, "chats=60&days=5&pending=3", func(t *testing.T, w *env) {
			w.config.APIVersion, w.config.StartDate, w.config.ReportTimezone = version, w.now.AddDate(0, 0, -5), time.UTC
			r := w.sync(state.State{}, func(o *Options) { o.Selection = catalog.Default(version, catalog.ReferenceData, catalog.Reports) })
			if r.err != nil {
				t.Errorf("api_version %s: %v\n%s", version, r.err, r.log)
			}
		})
	}
}
