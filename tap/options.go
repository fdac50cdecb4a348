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

// Options are the options of a run.
type Options struct {
	Config    config.Config
	Selection catalog.Selection
	State     state.State
	Out       io.Writer    // for the messages
	Log       *slog.Logger // messages for the user
	Version   string       // of the tap, for the user agent
	Now       time.Time    // the start of the run; no bookmark is after it
	// Transport makes the requests; the client's default if nil.
	Transport http.RoundTripper
	// Progress, if not nil, is called from time to time with the progress of the run.
	Progress func(Progress)

	failpoint func(step string) error // only tests set it; see singer.Writer.Batches
}

// API returns the options for opening the API.
func (o Options) API() api.Options {
	return api.Options{Config: o.Config, Version: o.Version, Log: o.Log, Transport: o.Transport}
}

// until returns the end of the range to read: the earlier of end_date and now.
func (o Options) until() time.Time {
	if end := o.Config.EndDate; !end.IsZero() && end.Before(o.Now) {
		return end
	}
	return o.Now
}

// Progress is the progress of a run.
type Progress struct {
	Done, Expected int // chats read, and chats in the range; Expected is 0 until it is known
	Capped         bool
	Requests       int
}

// Summary is the result of a run. It is valid after an error, too.
type Summary struct {
	Chats            int            // delivered
	Records          map[string]int // by stream
	Requests         int
	ExpectedRequests int // maximum number of requests for all expected chats
	ListRequests     int // number of requests for the lists and reports that a sample can read
	Retries          int
	Windows          int
	Incomplete       int            // windows for which the service reports more chats than it returns
	LeftOut          map[string]int // chats read and not delivered, by reason
	Expected         int            // chats in the range, as reported by the service
	Capped           bool           // there may be more
	Open             int            // chats that the next runs wait for
	Region           string         // the data centre that answered; empty if none was named
	Duration         time.Duration
	NotRead          map[string]string // lists that could not be read, and why
}

// ReasonsLeftOut returns the reasons of LeftOut with their counts as one text; empty if
// nothing was left out.
func (s Summary) ReasonsLeftOut() string {
	var parts []string
	for _, why := range slices.Sorted(maps.Keys(s.LeftOut)) {
		parts = append(parts, fmt.Sprintf("%s=%d", why, s.LeftOut[why]))
	}
	return strings.Join(parts, " ")
}
