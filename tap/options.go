package tap

import (
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"tap-livechat/catalog"
	"tap-livechat/tap/api"
	"tap-livechat/tap/config"
	"tap-livechat/tap/state"
)

// Options are what a run needs.
type Options struct {
	Config    config.Config
	Selection catalog.Selection
	State     state.State
	Out       io.Writer    // the messages
	Log       *slog.Logger // what the user is to know
	Version   string       // of the tap, for the user agent
	Now       time.Time    // when the run begins; no bookmark passes it
	// Transport makes the requests; one of the client's own if nil.
	Transport http.RoundTripper
	// Progress, if not nil, is told now and then how far the run has come.
	Progress func(Progress)

	fault func(step string) error // which tests set: see batches
}

// API is what opening the API takes.
func (o Options) API() api.Options {
	return api.Options{Config: o.Config, Version: o.Version, Log: o.Log, Transport: o.Transport}
}

// until is the end of what there is to read: end_date, or now.
func (o Options) until() time.Time {
	if end := o.Config.EndDate; !end.IsZero() && end.Before(o.Now) {
		return end
	}
	return o.Now
}

// Progress is how far a run has come.
type Progress struct {
	Done, Expected int // chats that came and that are in all the days asked for; 0 until the service has said it
	Capped         bool
	Requests       int
}

// Summary is what a run did. It is valid after an error, too.
type Summary struct {
	Chats            int            // that were delivered
	Records          map[string]int // by stream
	Requests         int
	ExpectedRequests int // at most, for all of them
	Retries          int
	Windows          int
	Incomplete       int            // windows of which the service states more than it gives
	LeftOut          map[string]int // chats that came and were not delivered, by reason
	Expected         int            // chats the service states for all the days asked for
	Capped           bool           // there may be more
	Open             int            // chats that are waited for
	Region           string         // the data centre that answered; empty if none was named
	Duration         time.Duration
	Denied           map[string]string // lists that could not be read, and what the service says
}

// ReasonsLeftOut are the reasons of LeftOut with their counts, in one text; empty if
// nothing was left out.
func (s Summary) ReasonsLeftOut() string {
	var parts []string
	for _, why := range slices.Sorted(maps.Keys(s.LeftOut)) {
		parts = append(parts, fmt.Sprintf("%s=%d", why, s.LeftOut[why]))
	}
	return strings.Join(parts, " ")
}
