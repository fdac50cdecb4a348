package tap

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"tap-livechat/catalog"
	"tap-livechat/tap/checkpoint"
	"tap-livechat/tap/config"
	"tap-livechat/tap/sandbox"
	"tap-livechat/tap/sandbox/oracle"
	"tap-livechat/tap/singer"
	"tap-livechat/tap/source"
	"tap-livechat/tap/state"
)

// history is an archive that is read in several runs, most of which are cut off,
// as time goes on. What it is like and what happens follows from its seed.
type history struct {
	*env
	proxy *proxy // to the service
	r     *rand.Rand
	plan  historyPlan
	steps []string // what has happened, for whoever looks for a fault

	delivered map[string]map[string]bool // by stream, the ids of chats that a target has for good
	records   map[string]map[string]json.RawMessage
	gone      map[string]bool // chats of which the tap has said that they are not found any more
	marks     map[string]time.Time
	claims    map[string]claim
	patient   map[string]map[string]bool // by stream, the chats that the last STATE waits for; true for those that are not due yet
	forgot    bool                       // a state has lost its open chats
	warned    bool                       // that nothing proves that all came
	problems  []string
	sum       historySum
}

// claim is what the bookmark of a stream says, and when the run began that was the
// first to say it.
type claim struct{ at, began time.Time }

// historySum is what histories came to.
type historySum struct {
	histories, runs, cut, complete, incomplete, accepted, requests, chats, checks, states, fields, endless, blind int
}

func (s *historySum) add(o historySum) {
	s.histories, s.runs, s.cut, s.complete, s.incomplete = s.histories+o.histories, s.runs+o.runs, s.cut+o.cut, s.complete+o.complete, s.incomplete+o.incomplete
	s.accepted, s.requests, s.chats, s.checks = s.accepted+o.accepted, s.requests+o.requests, s.chats+o.chats, s.checks+o.checks
	s.states, s.fields, s.endless, s.blind = s.states+o.states, s.fields+o.fields, s.endless+o.endless, s.blind+o.blind
}

// asked is one run of a history.
type asked struct {
	start, end time.Time // of the run; end zero: none
	lookback   int
	streams    []string
	mismatch   config.OnMismatch
	pending    bool
	workers    int
	cut        string
	at         int // where it is cut: bytes written, or requests
}

func (a asked) String() string {
	text := fmt.Sprintf("start_date %s lookback %d streams %v", a.start.Format(time.RFC3339), a.lookback, a.streams)
	if !a.end.IsZero() {
		text += " end_date " + a.end.Format(time.RFC3339)
	}
	if a.cut != "" {
		text += fmt.Sprintf(" cut off by %s at %d", a.cut, a.at)
	}
	if a.mismatch == config.WarnOnMismatch {
		text += " on_mismatch warn"
	}
	return text
}

// proxy is a transport between the tap and the sandbox. It can fail permanently, and can
// advance the sandbox's clock during a run.
type proxy struct {
	server *sandbox.Server
	next   http.RoundTripper
	skew   time.Duration // how far the archive is ahead of this machine
	live   bool
	mu     sync.Mutex
	left   int  // requests until it fails; negative: never
	token  bool // it fails since the token has expired
}

// allows reports whether the way is still open for a request.
func (s *proxy) allows() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.left == 0 {
		return false
	}
	s.left--
	return true
}

func (s *proxy) RoundTrip(r *http.Request) (*http.Response, error) {
	if s.live {
		s.server.SetNow(time.Now().Add(s.skew))
	}
	switch {
	case s.allows():
		return s.next.RoundTrip(r)
	case s.token:
		return expired(r), nil
	}
	return answer(r, []byte("<html>Bad Gateway")), nil
}

// problemf notes what is wrong.
func (h *history) problemf(format string, args ...any) {
	if len(h.problems) < 5 {
		h.problems = append(h.problems, fmt.Sprintf(format, args...))
	}
}

// run makes one run from a state and returns the one that a target has kept.
func (h *history) run(from state.State, a asked) (state.State, error) {
	h.sum.runs++
	out := new(bytes.Buffer)
	ctx, cancel := context.WithCancelCause(context.Background())
	defer cancel(nil)
	began := h.now // by the clock that is behind
	if h.plan.clock < 0 {
		began = began.Add(h.plan.clock)
	}
	h.proxy.left, h.proxy.token = -1, a.cut == "the token"
	var refused *refuse
	var ended *ender
	r := h.syncContext(ctx, from, func(o *Options) {
		o.Config.StartDate, o.Config.EndDate, o.Config.LookbackDays, o.Config.OnMismatch = a.start, a.end, a.lookback, a.mismatch
		o.Config.IncludePending, o.Config.MaxConcurrentRequests, o.Config.OnInvalid = a.pending, a.workers, config.Null
		o.Transport = h.proxy
		o.Config.APIVersion = h.plan.api
		o.Selection.Streams = slices.DeleteFunc(catalog.Default(h.plan.api).Streams, func(s catalog.Selected) bool { return !slices.Contains(a.streams, s.Name) })
		o.Out = out
		switch a.cut {
		case "a budget":
			o.Config.MaxRequests = a.at
		case "a closed pipe", "a kill":
			refused = &refuse{left: a.at, partial: a.cut == "a kill"}
			o.Out = refused
		case "a signal":
			ended = &ender{left: a.at, cancel: cancel}
			o.Out = ended
		case "the service", "the token":
			h.proxy.left, o.Config.MaxRetries = a.at, 1
		}
	})
	switch {
	case refused != nil:
		out = &refused.Buffer
	case ended != nil:
		out = &ended.Buffer
	}
	h.sum.requests += r.requests
	h.steps = append(h.steps, fmt.Sprintf("%s: %s: %d chats %d requests left out %v incomplete %d: %v", began.Format(time.RFC3339), a, r.summary.Chats, r.requests, r.summary.LeftOut, r.summary.Incomplete, r.err))
	h.judge(r.err, a)
	truth := slices.Collect(h.server.Truth())
	wanted := h.except(truth, accepted(r.log))
	h.warned = h.warned || strings.Contains(r.log, "nothing proves that it is all")
	kept, ok := h.keep(out.Bytes(), a, wanted, began)
	if !ok {
		kept = from
	}
	h.listen(r.log)
	if *gridLog {
		h.steps = append(h.steps, r.log)
	}
	if h.blind() {
		h.sum.blind++
	}
	if r.err == nil {
		h.sum.complete++
		if r.summary.Incomplete > 0 {
			h.sum.accepted++
		} else {
			h.counted(r, truth)
		}
		if !h.blind() && (r.summary.Incomplete == 0 || !h.plan.lossy) {
			h.whole(a, wanted, began)
		}
	}
	return kept, r.err
}

// blind reports whether threads may be lost that nothing shows.
func (h *history) blind() bool { return h.plan.twice || h.plan.blind && h.warned }

// judge tells that a run ended as it may.
func (h *history) judge(err error, a asked) {
	var output *singer.OutputError
	var incomplete *IncompleteError
	switch {
	case err == nil:
	case errors.As(err, &incomplete):
		h.sum.incomplete++
	case errors.Is(err, source.ErrBudget), errors.As(err, &output), errors.Is(err, errEnded), a.cut == "the service", a.cut == "the token":
		h.sum.cut++
	default:
		h.problemf("the run failed: %v", err)
	}
}

// keep reads what a run wrote, as far as a target has it for good: up to the
// last STATE. Each STATE is held against what came before it.
func (h *history) keep(out []byte, a asked, truth []sandbox.Chat, began time.Time) (last state.State, ok bool) {
	type pending struct {
		stream, id, key string
		text            json.RawMessage
	}
	var waiting []pending
	for line := range bytes.Lines(out) {
		if line[len(line)-1] != '\n' {
			break
		}
		var m struct {
			Type, Stream string
			Record       json.RawMessage
			Value        json.RawMessage
		}
		if err := json.Unmarshal(line, &m); err != nil {
			h.problemf("%v: %.200s", err, line)
			return last, ok
		}
		switch m.Type {
		case "RECORD":
			var r struct {
				ID    string
				Agent string `json:"agent_email"`
				Chat  string `json:"chat_id"`
				Event string `json:"event_id"`
			}
			if err := json.Unmarshal(m.Record, &r); err != nil {
				h.problemf("%v", err)
			}
			p := pending{stream: m.Stream, id: r.Chat, key: r.Event, text: m.Record}
			if m.Stream == "chats" {
				p.id, p.key = r.ID, oracle.Key(r.ID, r.Agent)
			}
			waiting = append(waiting, p)
		case "STATE":
			for _, p := range waiting {
				if h.delivered[p.stream] == nil {
					h.delivered[p.stream], h.records[p.stream] = make(map[string]bool), make(map[string]json.RawMessage)
				}
				h.delivered[p.stream][p.id], h.records[p.stream][p.key] = true, p.text
			}
			waiting = waiting[:0]
			kept, _, err := state.Read(bytes.NewReader(m.Value))
			if err != nil {
				h.problemf("%v: %s", err, m.Value)
				return last, ok
			}
			last, ok = kept, true
			h.stated(kept, a, truth, began)
		}
	}
	return last, ok
}

// stated holds a STATE against what has been delivered. A bookmark says what was there
// when the run began that moved it. A run that is cut off before its first window is
// complete repeats it, and says nothing of a chat that has shown up since: that one
// lies within the look-back of the next run.
func (h *history) stated(kept state.State, a asked, truth []sandbox.Chat, began time.Time) {
	h.sum.states++
	for _, stream := range catalog.Default(h.plan.api).Streams {
		b := kept.Bookmarks[stream.Name]
		if b.At.Before(h.marks[stream.Name]) {
			h.problemf("the bookmark of %s goes back from %s to %s", stream.Name, h.marks[stream.Name], b.At)
		}
		h.marks[stream.Name] = b.At
		if !b.At.Equal(h.claims[stream.Name].at) {
			h.claims[stream.Name] = claim{b.At, began}
		}
		waited := h.patient[stream.Name]
		h.patient[stream.Name] = make(map[string]bool)
		for _, c := range b.Open {
			h.patient[stream.Name][c.ID] = c.Missed == 0 && h.now.Sub(c.Asked) < c.Asked.Sub(c.Since)/checkpoint.PollFraction
		}
		// Where API v3.6 lists by the end, or does not say when a thread ended, the truth
		// of the account is not what the service shows; whole() alone holds then.
		untold := strings.Contains(h.plan.switches, "v3_dates=ended") || strings.Contains(h.plan.switches, "v3_no_end=") && !strings.Contains(h.plan.switches, "v3_no_end=0.0")
		if untold || !b.OpenKnown || !slices.Contains(a.streams, stream.Name) || h.blind() || h.plan.lossy && a.mismatch == config.WarnOnMismatch {
			continue
		}
		open := make(map[string]bool)
		for _, c := range b.Open {
			open[c.ID] = true
		}
		for _, c := range truth {
			since := h.claims[stream.Name].began
			if _, ok := waited[c.ID]; ok {
				since = began // it must not drop out of the list either
			}
			// A bookmark begins at start_date, and claims nothing of the time before it.
			if end, _ := h.ended(c); !end.Before(a.start) && end.Before(b.At) && !open[c.ID] && h.must(c, stream.Name, a, since) && !h.delivered[stream.Name][c.ID] {
				h.problemf("a STATE has the bookmark %s of %s, but %s has not come: %s", b.At.Format(time.RFC3339), stream.Name, c.ID, described(c))
				return
			}
		}
	}
}

// must tells that a run which began at a moment has to have delivered the chat.
func (h *history) must(c sandbox.Chat, stream string, a asked, began time.Time) bool {
	switch {
	case c.Vanished, c.Pending, h.gone[c.ID], !c.Ended.Before(began), !c.Appears.Before(began), !h.asksFor(a, c):
		return false
	case h.plan.stale && c.Drifted:
		return false // a server that was asked did not know it yet, and there is no telling how long
	case h.plan.api == catalog.V3:
	case stream == "messages" && c.Messages == 0, stream == "events" && c.Events == 0:
		return false
	}
	ended, known := h.ended(c)
	if h.plan.api == catalog.V3 && c.Appears.After(c.Ended) && c.Appears.Sub(c.Started) > h.lookback(a) {
		return false // it was listed by no run while it was open, nor for hours after its end
	}
	return (h.plan.api == catalog.V2 || h.tells(c, stream)) && !(known && !ended.Before(began))
}

// asksFor reports whether LiveChat lists the chat for the time from start_date to end_date:
// v2 by whole days, v3.6 by when the thread was created.
func (h *history) asksFor(a asked, c sandbox.Chat) bool {
	end := a.end
	if end.IsZero() {
		end = syncNow.AddDate(10, 0, 0)
	}
	if h.plan.api == catalog.V2 {
		return c.Listed(a.start.UTC().Truncate(day), end.Add(day-1).UTC().Truncate(day))
	}
	return !c.Started.Before(a.start) && c.Started.Before(end)
}

// ended is the end that the records have to tell.
func (h *history) ended(c sandbox.Chat) (at time.Time, known bool) {
	if h.plan.api == catalog.V3 {
		at, known = oracle.ThreadEnded(h.server.Thread(c.Account.No))
	} else {
		var seconds int64
		seconds, known = oracle.Ended(c.Account)
		at = time.Unix(seconds, 0)
	}
	if !known {
		at = c.Ended
	}
	return at, known
}

// whole holds everything delivered against what there is: the run has said that
// all is there.
func (h *history) whole(a asked, truth []sandbox.Chat, began time.Time) {
	for _, stream := range a.streams {
		missing := 0
		for _, c := range truth {
			if !h.must(c, stream, a, began) || began.Sub(c.Ended) < c.Ended.Sub(c.Started)/9 && c.Started.Before(began.Add(-h.lookback(a))) {
				continue // one that was open for long is asked for now and then
			}
			h.sum.checks++
			if h.delivered[stream][c.ID] || h.patient[stream][c.ID] {
				continue // or it was open for so long that it is not asked for in every run
			}
			if missing++; missing <= 2 {
				h.problemf("exit code 0, but %s of %s is missing: %s", c.ID, stream, described(c))
			}
		}
		if missing > 2 {
			h.problemf("%d chats of %s are missing", missing, stream)
		}
	}
}

var readShort = regexp.MustCompile(`on_mismatch says to go on" from=(\S+) to=(\S+)`)

// accepted are the days that a run has named as incomplete and that on_mismatch let pass.
func accepted(log string) (all []Days) {
	for _, found := range readShort.FindAllStringSubmatch(log, -1) {
		from, _ := time.Parse(time.DateOnly, found[1])
		last, _ := time.Parse(time.DateOnly, found[2])
		all = append(all, Days{from, last.Add(day)})
	}
	return all
}

// except leaves out the chats that are listed for such days, where the service keeps some of
// them back: on_mismatch says to do without.
func (h *history) except(truth []sandbox.Chat, short []Days) []sandbox.Chat {
	if !h.plan.loses {
		return truth
	}
	return slices.DeleteFunc(slices.Clone(truth), func(c sandbox.Chat) bool {
		return slices.ContainsFunc(short, func(d Days) bool { return h.listed(c, d.From, d.To) })
	})
}

// lookback is from where on all that began is listed again.
func (h *history) lookback(a asked) time.Duration {
	return max(time.Duration(a.lookback)*day, checkpoint.LeastLookback)
}

func described(c sandbox.Chat) string {
	text := fmt.Sprintf("from %s to %s, listed from %s to %s, appears %s", c.Started.Format(time.RFC3339), c.Ended.Format(time.RFC3339), c.ListedFrom.Format(time.RFC3339), c.ListedTo.Format(time.RFC3339), c.Appears.Format(time.RFC3339))
	if c.Contradicts != "" {
		text += ", " + c.Contradicts
	}
	if c.Drifted {
		text += ", drifted"
	}
	return text
}

var readFrom = regexp.MustCompile(`msg="reading the archive" from=(\S+) to=(\S+)`)

// counted holds the summary against the list of the days that were read: what
// is on it was delivered or counted.
func (h *history) counted(r result, truth []sandbox.Chat) {
	found := readFrom.FindStringSubmatch(r.log)
	if h.plan.moves || h.blind() || found == nil {
		return
	}
	from, _ := time.Parse(time.RFC3339, found[1])
	to, _ := time.Parse(time.RFC3339, found[2])
	if !from.Before(to) {
		return
	}
	from = from.Truncate(day)
	if h.plan.api == catalog.V3 {
		// to the very instant
	} else if end := to.Truncate(day); !end.Equal(to) {
		to = end.Add(day)
	}
	listed, left := 0, 0
	for _, c := range truth {
		if !c.Vanished && !c.Appears.After(h.now.Add(h.plan.clock)) && h.listed(c, from, to) {
			listed++
		}
	}
	for _, n := range r.summary.LeftOut {
		left += n
	}
	if r.summary.Chats+left < listed {
		h.problemf("%d chats are listed for the days from %s to %s; %d were delivered and %d counted: %v", listed, from, to, r.summary.Chats, left, r.summary.LeftOut)
	}
}

var namedGone = regexp.MustCompile(`not in the archive any more.*ids="?([^"\n]*)`)

// listen notes what a run says of chats that it gives up.
func (h *history) listen(log string) {
	for _, found := range namedGone.FindAllStringSubmatch(log, -1) {
		for _, id := range strings.Fields(found[1]) {
			h.gone[id] = true
		}
	}
	if strings.Contains(log, "level=ERROR") {
		h.problemf("%s", log)
	}
}

// checkRecords compares the last record of each key with what the chat is now.
func (h *history) checkRecords() {
	if h.plan.api == catalog.V3 {
		h.checkThreads()
		return
	}
	for c := range h.server.Truth() {
		late := h.plan.late && h.now.Sub(c.Ended) < 40*time.Hour
		if shown := c.Account.ShownStart.At; shown > c.Account.End || c.Contradicts == "end_future" && strings.Contains(h.plan.switches, "clock_off") {
			continue // what it shows is in the future at first, and later is not
		}
		if c.Pending || c.Vanished || c.Odd || c.Hostile || late || h.plan.behind || !h.delivered["chats"][c.ID] {
			continue
		}
		for stream, records := range oracle.V2(c.Account) {
			for key, want := range records {
				text := h.records[stream][key]
				if text == nil {
					if stream == "chats" && !h.plan.late {
						h.problemf("%s is missing", key)
					}
					continue
				}
				var got map[string]any
				d := json.NewDecoder(bytes.NewReader(text))
				d.UseNumber()
				if err := d.Decode(&got); err != nil {
					h.problemf("%v", err)
				}
				if got["pending"] == true && stream == "chats" && want["pending"] == nil {
					h.problemf("%s is delivered as if it were open", key)
					continue
				}
				got = oracle.Tidy(got)
				if c.Contradicts != "" {
					delete(got, "started")
					delete(got, "ended")
				}
				h.sum.fields++
				if diff := gocmp.Diff(want, got); diff != "" {
					h.problemf("%s of %s, %s (-truth +delivered):\n%s", key, stream, described(c), diff)
					return
				}
			}
		}
	}
}
