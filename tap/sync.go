package tap

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"tap-livechat/catalog"
	"tap-livechat/tap/api"
	"tap-livechat/tap/checkpoint"
	"tap-livechat/tap/config"
	"tap-livechat/tap/record"
	"tap-livechat/tap/singer"
	"tap-livechat/tap/source"
	"tap-livechat/tap/state"
)

// ErrNothingSelected is returned when the catalog leaves nothing to do.
var ErrNothingSelected = api.WithHint(errors.New("the catalog selects no stream"),
	`set "selected": true in the metadata of a stream, or leave --catalog out to select all`)

// Sync reads what the state has not covered and writes it as Singer messages.
//
// Nothing is written before the service has given its first answer. After
// that the last line is always a STATE from which another run loses nothing,
// whatever the error, unless the error came from writing. The error is nil only
// if everything was delivered.
func Sync(ctx context.Context, o Options) (Summary, error) {
	s, err := newRun(o)
	if err != nil {
		return Summary{}, err
	}
	if err = s.resume(); err != nil {
		return Summary{}, err
	}
	if o.Config.Batch != nil {
		if err = s.out.Batches(*o.Config.Batch, o.Log, o.failpoint); err != nil {
			return Summary{}, err
		}
		s.out.SetBase(s.state())
	}
	if len(s.track.Streams) > 0 {
		err = s.sync(ctx)
	}
	err = s.readLists(ctx, err, s.readList)
	s.finish()
	summary, err := s.result(err)
	return summary, s.withNextRun(ctx, err)
}

// newRun makes a run of what Sync and Sample share. It makes no request.
func newRun(o Options) (*run, error) {
	if len(o.Selection.Streams) == 0 {
		return nil, ErrNothingSelected
	}
	records, err := record.New(o.Selection, o.Config.OnInvalid == config.Null)
	if err != nil {
		return nil, err
	}
	s := &run{o: o, started: time.Now(), warnings: newWarningCounter(o.Log), out: singer.Writer{Out: o.Out}}
	s.metrics = newMetrics(o.Log, s.started)
	opened := o.API()
	opened.Records, opened.Observe = records, s.metrics.observe
	if s.api, err = api.Open(opened); err != nil {
		return nil, err
	}
	s.summary.Records, s.summary.LeftOut, s.summary.NotRead = make(map[string]int), make(map[string]int), make(map[string]string)
	for _, f := range o.Selection.Streams {
		s.summary.Records[f.Name] = 0
	}
	return s, nil
}

// result logs the warnings and returns what came of the run. An error of writing
// counts for more than err.
func (s *run) result(err error) (Summary, error) {
	err = api.Explain(err)
	if errors.Is(err, source.ErrBudget) && !s.moved() {
		err = api.WithHint(err, "raise max_requests: it was used up before a bookmark could move, so another run would end at the same place")
	}
	var batch *singer.BatchError
	switch {
	case errors.As(s.out.Err, &batch):
		err = batch
	case s.out.Err != nil:
		err = &singer.OutputError{Err: s.out.Err}
	}
	usage := s.api.Usage()
	s.summary.Requests, s.summary.Retries, s.summary.Region = usage.Requests, usage.Retries, usage.Region
	s.summary.Duration = time.Since(s.started)
	s.warnings.report()
	return s.summary, err
}

// run is one call of Sync or Sample. One goroutine has it.
type run struct {
	o          Options
	api        source.API
	started    time.Time
	track      *checkpoint.Tracker // of the streams that are made of chats; nil in Sample
	out        singer.Writer
	metrics    *metrics
	warnings   *warningCounter
	summary    Summary
	seen       int    // chats that came, wanted or not
	incomplete []Days // that are not complete

	reportMoved    bool // the bookmark of a report has moved in this run
	requestsAtMove int  // how many requests had been made when a bookmark last moved
}

// resume goes on from the state.
func (s *run) resume() (err error) {
	s.track, err = checkpoint.New(s.checkpointOptions(), s.o.chatStreams(), s.o.State)
	if err != nil {
		return err
	}
	for _, f := range s.track.Streams {
		if !f.FromFuture.IsZero() {
			s.o.Log.Warn("the bookmark lies in the future; it is brought back to now, and chats of the days before may be missing: to read them, run once without the state",
				"stream", f.Name, "bookmark", f.FromFuture.Format(time.RFC3339), "now", s.o.Now.Format(time.RFC3339))
		}
		s.o.warnUnread(f.Name, f.UnreadTo)
	}
	return nil
}

func (s *run) checkpointOptions() checkpoint.Options {
	c := s.o.Config
	return checkpoint.Options{
		Now: s.o.Now, StartDate: c.StartDate, EndDate: c.EndDate, Lookback: time.Duration(c.LookbackDays) * day,
		IncludePending: c.IncludePending, API: cmp.Or(c.APIVersion, catalog.V2),
	}
}

// warnUnread warns of a start_date before the span that the state has read, which
// begins at to; zero: it is not.
func (o Options) warnUnread(stream string, to time.Time) {
	if to.IsZero() {
		return
	}
	o.Log.Warn("start_date is before the span that the state has read, and a bookmark does not go back: to read what is missing, "+
		"run once without the state, with these dates as start_date and end_date, and join its last STATE to this one with merge-state",
		"stream", stream, "start_date", o.Config.StartDate.UTC().Format(time.RFC3339), "end_date", to.UTC().Format(time.RFC3339))
}

// withNextRun adds to the hint of an error after which the same run can go on from
// where that is, and how many requests it repeats.
func (s *run) withNextRun(ctx context.Context, err error) error {
	cut := ctx.Err() != nil || errors.Is(err, source.ErrBudget) && s.moved() || api.Passing(err)
	if err == nil || !cut || s.out.Err != nil || !s.out.WroteAny {
		return err
	}
	next, failed := checkpoint.New(s.checkpointOptions(), s.o.chatStreams(), s.state())
	if failed != nil || len(next.Streams) == 0 {
		return err
	}
	hint := "run again with the last STATE"
	if h, ok := errors.AsType[interface {
		error
		Hint() string
	}](err); ok {
		hint = h.Hint()
	}
	requests := s.api.Usage().Requests
	return api.WithHint(err, fmt.Sprintf("%s: the next run goes on from %s, the look-back included, and repeats %d of the %d requests of this run",
		hint, next.Range().From.Format(time.DateOnly), requests-s.requestsAtMove, requests))
}

// moved reports whether a bookmark has moved in this run.
func (s *run) moved() bool { return s.reportMoved || s.track != nil && s.track.Moved() }

// chatStreams are the selected streams that are made of chats.
func (o Options) chatStreams() []catalog.Selected {
	return slices.DeleteFunc(slices.Clone(o.Selection.Streams), func(s catalog.Selected) bool { return s.Group != "" })
}

func (s *run) sync(ctx context.Context) error {
	rg := s.track.Range()
	s.o.Log.Info("reading the archive", "from", rg.From.Format(time.RFC3339), "to", rg.To.Format(time.RFC3339), "streams", s.names())
	if err := s.askForActive(ctx); err != nil {
		return err
	}
	for _, rg := range s.track.Ranges() {
		for step, err := range s.api.Read(ctx, rg) {
			if err == nil {
				err = s.step(step)
			}
			if err != nil {
				return err
			}
		}
	}
	if err := s.pollPending(ctx); err != nil {
		return err
	}
	s.begin() // an end_date before the first bookmark leaves nothing to read
	s.dropped()
	if len(s.incomplete) > 0 {
		return &IncompleteError{Days: s.incomplete, Remedy: "run again with the last STATE, which waits before these days; " +
			`if it is the same each time, set on_mismatch to "warn" to go on without what does not come`}
	}
	return nil
}

func (s *run) step(step source.Step) error {
	s.begin()
	switch {
	case step.Plan != nil:
		s.plan(step.Plan)
	case step.Chat != nil:
		s.seen++
		return s.deliver(step.Chat)
	case step.Window != nil:
		s.window(step.Window)
	}
	return s.out.Err
}

// expect notes how much there is to read.
func (s *run) expect(p *source.Plan) {
	s.summary.Expected, s.summary.ExpectedRequests, s.summary.Capped = s.summary.Expected+p.Chats, s.summary.ExpectedRequests+p.Requests, s.summary.Capped || p.Capped
}

// plan notes what there is to do, and what the service's clock says.
func (s *run) plan(p *source.Plan) {
	first := s.summary.ExpectedRequests == 0
	s.expect(p)
	s.track.ClockAhead(p.Ahead)
	if first && p.Ahead.Abs() >= time.Minute {
		s.o.Log.Warn("the clock of this machine and that of the service differ; nothing is lost by it",
			"service_is_ahead_by", p.Ahead.Round(time.Second).String())
	}
}

// begin writes the SCHEMA messages, once.
func (s *run) begin() {
	if s.out.WroteAny {
		return
	}
	for _, f := range s.track.Streams {
		s.out.Schema(f.Selected)
	}
}

// The reasons for which a chat is left out, in a summary.
const (
	notEnded    = "not_ended"
	beforeRange = "listed_before_the_range"
)

// deliver writes a chat's records for those streams that are given it.
func (s *run) deliver(chat *source.Chat) error {
	wanted, why := false, beforeRange
	for _, f := range s.track.Streams {
		if chat.Out.Err != nil && s.track.Decide(f, chat) == checkpoint.Deliver {
			return chat.Out.Err
		}
		switch s.track.Offer(f, chat) {
		case checkpoint.Before:
			continue
		case checkpoint.Wait:
			why = notEnded
			continue
		}
		wanted = true
		s.write(f, chat)
	}
	if wanted {
		switch {
		case chat.TooLarge:
			s.summary.LeftOut["too large to be read"]++
		case chat.NoID:
			s.summary.LeftOut["listed without an id"]++
		default:
			s.summary.Chats++
		}
		for _, o := range chat.Out.Warnings {
			s.warnings.add(o, chat.ID)
		}
	} else {
		s.summary.LeftOut[why]++
	}
	s.tick()
	return s.out.Err
}

func (s *run) write(f *checkpoint.Stream, chat *source.Chat) {
	lines, n := recordsOf(&chat.Out, f.Name)
	s.out.Records(&f.Selected, lines, n, chat.Received)
	s.summary.Records[f.Name] += n
}

// recordsOf are the records of one stream, one a line.
func recordsOf(r *source.Rendered, stream string) (lines []byte, count int) {
	start := 0
	for _, part := range r.Parts {
		if part.Stream != stream {
			start = part.End
			continue
		}
		return r.Text[start:part.End], part.Count
	}
	return nil, 0
}

// state is a state from which the next run loses nothing.
func (s *run) state() state.State { return s.track.State(s.o.State) }

// finish writes the last STATE.
func (s *run) finish() {
	if s.out.WroteAny {
		s.out.State(s.state())
	}
	s.out.End()
	for _, f := range s.track.Streams {
		s.summary.Open = max(s.summary.Open, f.Open())
	}
	s.metrics.flush(s.summary.Records)
	s.tellProgress()
}

func (s *run) tick() {
	s.tellProgress()
	s.metrics.tick(s.summary.Records)
}

func (s *run) tellProgress() {
	if s.o.Progress == nil {
		return
	}
	s.o.Progress(Progress{Done: s.seen, Expected: s.summary.Expected, Capped: s.summary.Capped, Requests: s.api.Usage().Requests})
}

func (s *run) names() string {
	var all []string
	for _, f := range s.track.Streams {
		all = append(all, f.Name)
	}
	return strings.Join(all, " ")
}

// askForActive remembers the chats that are active now, if the state has lost its
// open chats.
func (s *run) askForActive(ctx context.Context) error {
	if !s.track.Lost() {
		return nil
	}
	for chat, err := range s.api.Active(ctx) {
		var refused *source.ListError
		switch {
		case errors.Is(err, source.ErrNotServed):
			return nil
		case errors.As(err, &refused):
			s.o.Log.Warn("the state does not say which chats are open, and the active ones cannot be listed: chats that have been open for more than 32 days may be missing",
				"reason", refused.Reason)
			return nil
		case err != nil:
			return err
		}
		s.track.Active(chat.ID, chat.Since)
	}
	return nil
}

// pollPending requests by id the chats that the state waits for and that no window has
// brought.
func (s *run) pollPending(ctx context.Context) error {
	due := s.track.Due()
	if len(due) == 0 {
		return nil
	}
	missing := slices.Clone(due)
	for chat, err := range s.api.Chats(ctx, due) {
		if err != nil {
			return err
		}
		s.begin()
		missing = slices.DeleteFunc(missing, func(id string) bool { return id == chat.ID })
		if err := s.deliver(chat); err != nil {
			return err
		}
	}
	s.begin()
	gone := s.track.NotFound(missing)
	if waiting := len(missing) - len(gone); waiting > 0 {
		s.o.Log.Info("chats that were open in an earlier run were not found; the next run asks for them again", "chats", waiting)
	}
	if len(gone) > 0 {
		s.o.Log.Warn("chats that were open in an earlier run are not in the archive any more: they were not found in several runs",
			"chats", len(gone), "ids", someOf(gone))
	}
	return nil
}

// dropped warns of open chats that a state has no room for.
func (s *run) dropped() {
	for _, f := range s.track.Streams {
		if dropped := s.track.Dropped(f); len(dropped) > 0 {
			s.o.Log.Warn("there are more open chats than a state keeps; the oldest are not waited for any more",
				"stream", f.Name, "kept", checkpoint.MaxOpen, "dropped", len(dropped), "ids", someOf(dropped))
		}
	}
}

// someOf names the first of many.
func someOf(ids []string) string {
	const some = 10
	if len(ids) > some {
		return strings.Join(ids[:some], " ") + " …"
	}
	return strings.Join(ids, " ")
}
