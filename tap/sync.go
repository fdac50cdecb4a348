package tap

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"time"

	"tap-livechat/catalog"
	"tap-livechat/tap/config"
	"tap-livechat/tap/record"
	"tap-livechat/tap/source"
)

// Options are what a run needs.
type Options struct {
	Config    config.Config
	Selection catalog.Selection
	State     State
	Out       io.Writer    // the messages
	Log       *slog.Logger // what the user is to know
	Version   string       // of the tap, for the user agent
	Now       time.Time    // when the run begins; no bookmark passes it
	// Transport makes the requests; one of the client's own if nil.
	Transport http.RoundTripper
	// Progress, if not nil, is told now and then how far the run has come.
	Progress func(Progress)
	// Sample asks how many chats there are and for one record of each selected
	// stream, with as few requests as that takes. No STATE is written then, and
	// what is logged is left to the caller.
	Sample bool

	fault func(step string) error // which tests set: see batches
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

// ErrNothingSelected is returned when the catalog leaves nothing to do.
var ErrNothingSelected = hinted{errors.New("the catalog selects no stream"),
	`set "selected": true in the metadata of a stream, or leave --catalog out to select all`}

// hinted is an error with its remedy.
type hinted struct {
	error
	hint string
}

func (h hinted) Hint() string  { return h.hint }
func (h hinted) Unwrap() error { return h.error }

// Sync reads what the state has not covered and writes it as Singer messages.
//
// Nothing is written before the service has given its first answer. After
// that the last line is always a STATE from which another run loses nothing,
// whatever the error, unless the error came from writing. The error is nil only
// if everything was delivered.
func Sync(ctx context.Context, o Options) (Summary, error) {
	started := time.Now()
	if len(o.Selection.Streams) == 0 {
		return Summary{}, ErrNothingSelected
	}
	records, err := record.New(o.Selection, o.Config.OnInvalid == config.Null)
	if err != nil {
		return Summary{}, err
	}
	s := &run{o: o, version: cmp.Or(o.Config.APIVersion, catalog.V2), metrics: newMetrics(o.Log, started), odd: newOddities(o.Log), out: messageWriter{out: o.Out}, end: o.Config.EndDate}
	if s.followers, err = s.followersOf(o.State); err != nil {
		return Summary{}, err
	}
	if s.api, err = open(o, records, s.metrics.observe); err != nil {
		return Summary{}, err
	}
	if o.Config.Batch != nil && !o.Sample {
		if s.out.batches, err = openBatches(*o.Config.Batch, o.Log, o.fault); err != nil {
			return Summary{}, err
		}
		s.out.covers(s.state())
	}
	s.summary.Records, s.summary.LeftOut = make(map[string]int), make(map[string]int)
	for _, f := range o.Selection.Streams {
		s.summary.Records[f.Name] = 0
	}

	if len(s.followers) > 0 {
		err = s.sync(ctx)
	}
	if errors.Is(err, errSampled) {
		err = nil
	}
	err = s.readLists(ctx, err)
	s.finish()
	err = withRemedy(err)
	if errors.Is(err, source.ErrBudget) && !s.moved {
		err = hinted{err, "raise max_requests: it was used up before a bookmark could move, so another run would end at the same place"}
	}
	var batch *BatchError
	switch {
	case errors.As(s.out.err, &batch):
		err = batch
	case s.out.err != nil:
		err = &OutputError{s.out.err}
	}
	usage := s.api.Usage()
	s.summary.Requests, s.summary.Retries, s.summary.Region = usage.Requests, usage.Retries, usage.Region
	s.summary.Duration = time.Since(started)
	if !o.Sample {
		s.metrics.flush(s.summary.Records)
	}
	s.odd.report()
	return s.summary, err
}

// OutputError says that messages cannot be written any more.
type OutputError struct{ Err error }

func (e *OutputError) Error() string { return "writing to standard output failed: " + e.Err.Error() }
func (e *OutputError) Unwrap() error { return e.Err }

// Hint says what that means for the data.
func (e *OutputError) Hint() string {
	return "the target has ended or the disk is full; see the target's messages, and run again with the last STATE it kept"
}

// run is one call of Sync. One goroutine has it.
type run struct {
	o         Options
	api       source.API
	out       messageWriter
	followers []*follower
	metrics   *metrics
	odd       *oddities
	summary   Summary
	end       time.Time       // chats that ended at or after it are not wanted; zero: all are
	seen      int             // chats that came, wanted or not
	moved     bool            // a bookmark has moved in this run
	version   string          // of the API
	from      time.Time       // what is read begins here
	readTo    time.Time       // all windows up to here are complete
	ahead     []source.Window // those that are complete, and have one before them that is not
	ends      time.Time       // the end of the last window that came
	begins    time.Time       // when the run began, by the clock that is behind
	search    *source.Searched
	faults    []Days // that are not complete
	complete  bool   // the run came to its end
	unpacked  []byte // see linesOf
}

// errSampled ends a sampling run.
var errSampled = errors.New("a record of each stream has been seen")

func (s *run) sync(ctx context.Context) error {
	rg := s.rangeToRead()
	s.from, s.readTo, s.begins = rg.From, rg.From, s.o.Now.Truncate(time.Second)
	if s.o.Sample && rg.From.Before(rg.To) {
		return s.look(ctx, rg)
	}
	s.o.Log.Info("reading the archive", "from", rg.From.Format(time.RFC3339), "to", rg.To.Format(time.RFC3339), "streams", s.names())
	if rg.From.Before(rg.To) {
		for step, err := range s.api.Read(ctx, rg) {
			if err == nil {
				err = s.step(step)
			}
			if err != nil {
				return err
			}
		}
	}
	if err := s.followUp(ctx); err != nil {
		return err
	}
	s.begin() // an end_date before the first bookmark leaves nothing to read
	s.dropped()
	if s.complete = len(s.faults) == 0; !s.complete {
		return &IncompleteError{Days: s.faults, Remedy: "run again with the last STATE, which waits before these days; " +
			`if it is the same each time, set on_mismatch to "warn" to go on without what does not come`}
	}
	return nil
}

// look takes a sample.
func (s *run) look(ctx context.Context, rg source.Range) error {
	for step, err := range s.api.Sample(ctx, rg) {
		if err == nil {
			err = s.step(step)
		}
		if err != nil {
			return err
		}
	}
	s.begin() // the archive may hold nothing
	return nil
}

func (s *run) step(step source.Step) error {
	s.begin()
	switch {
	case step.Plan != nil:
		s.plan(step.Plan)
	case step.Chat != nil:
		s.seen++
		return s.deliver(step.Chat, s.followers)
	case step.Searched != nil:
		s.searched(step.Searched)
	case step.Window != nil:
		s.window(step.Window)
	}
	return s.out.err
}

// plan notes what there is to do, and what the service's clock says.
func (s *run) plan(p *source.Plan) {
	s.summary.Expected, s.summary.ExpectedRequests, s.summary.Capped = p.Chats, p.Requests, p.Capped
	if p.Ahead < 0 {
		s.begins = s.begins.Add(p.Ahead)
	}
	if p.Ahead.Abs() >= time.Minute && !s.o.Sample {
		s.o.Log.Warn("the clock of this machine and that of the service differ; nothing is lost by it",
			"service_is_ahead_by", p.Ahead.Round(time.Second).String())
	}
}

// begin writes the SCHEMA messages, once.
func (s *run) begin() {
	if s.out.any {
		return
	}
	for _, f := range s.followers {
		s.out.schema(f.Selected)
	}
}

// deliver writes a chat's records for those streams that want it.
func (s *run) deliver(chat *source.Chat, to []*follower) error {
	wanted, why := false, ""
	for _, f := range to {
		if reason := f.wants(chat, s); reason != "" {
			why = reason
			continue
		}
		if chat.Out.Err != nil {
			return chat.Out.Err
		}
		wanted = true
		if !s.o.Sample {
			s.write(f, chat)
		} else if err := s.sample(f, chat); err != nil {
			return err
		}
	}
	if wanted {
		if chat.TooLarge {
			s.summary.LeftOut["too large to be read"]++
		} else {
			s.summary.Chats++
		}
		for _, o := range chat.Out.Notes {
			s.odd.add(o, chat.ID)
		}
	} else if why != "" {
		s.summary.LeftOut[why]++
	}
	s.tick()
	return s.out.err
}

func (s *run) write(f *follower, chat *source.Chat) {
	lines, n := s.linesOf(&chat.Out, f.Name)
	s.out.deliver(&f.Selected, lines, n)
	s.summary.Records[f.Name] += n
}

// linesOf are the RECORD messages of one stream, valid until the next call.
func (s *run) linesOf(r *source.Rendered, stream string) (lines []byte, count int) {
	start := 0
	for _, part := range r.Parts {
		if part.Stream != stream {
			start = part.End
			continue
		}
		lines = r.Text[start:part.End]
		if r.Packed {
			var err error
			if s.unpacked, err = record.Unpack(s.unpacked[:0], lines); err != nil {
				panic(err) // it was packed by this very program
			}
			lines = s.unpacked
		}
		return lines, part.Count
	}
	return nil, 0
}

// sample writes the first record that a stream has.
func (s *run) sample(f *follower, chat *source.Chat) error {
	if lines, n := s.linesOf(&chat.Out, f.Name); s.summary.Records[f.Name] == 0 && n > 0 {
		s.out.records(lines[:bytes.IndexByte(lines, '\n')+1])
		s.summary.Records[f.Name] = 1
	}
	for _, f := range s.followers {
		if s.summary.Records[f.Name] == 0 {
			return nil
		}
	}
	return errSampled
}

// window moves the bookmarks to the end of the windows that are complete, from
// the oldest on.
func (s *run) window(w *source.Window) {
	s.summary.Windows++
	if w.To.After(s.ends) {
		s.ends = w.To
	}
	if s.settled(*w) {
		s.ahead = append(s.ahead, *w)
		s.advance()
	}
	s.out.state(s.state())
}

// settled tells whether a window counts as complete, and says what there is to say of it.
func (s *run) settled(w source.Window) bool {
	args := []any{"from", w.From.Format(time.DateOnly), "to", lastDay(w.To), "chats", w.Chats}
	switch {
	case w.Estimate:
		s.o.Log.Warn("fewer chats came than the service states; its number is an estimate, and all that could be done to find more was done", append(args, "total", w.Total)...)
	case w.Settled:
		s.o.Log.Info("window complete", append(args, "requests", s.api.Usage().Requests)...)
	default:
		return s.mismatch("the service states another number of chats than it gives", args, w.From, w.To, w.Chats, w.Total, w.Passes)
	}
	return true
}

// mismatch says that days are not complete; the user decides whether they count as if they were.
func (s *run) mismatch(what string, args []any, from, to time.Time, chats, total, passes int) (accepted bool) {
	args = append(args, "total", total, "passes", passes)
	s.summary.Incomplete++
	if s.o.Config.OnMismatch == config.WarnOnMismatch {
		s.o.Log.Warn(what+"; on_mismatch says to go on", args...)
		return true
	}
	s.o.Log.Warn(what+"; the bookmark waits before these days", args...)
	s.faults = append(s.faults, Days{from, to})
	return false
}

// lastDay is the last day before a moment.
func lastDay(to time.Time) string { return to.Add(-time.Nanosecond).Format(time.DateOnly) }

// searched notes that the days before the range have been searched.
func (s *run) searched(found *source.Searched) {
	if found.Settled || s.mismatch("the days before, which were searched, are not complete", []any{"from", found.From.Format(time.DateOnly), "to", lastDay(found.To)}, found.From, found.To, found.Chats, -1, 0) {
		s.search = found
	}
	s.advance()
}

// advance moves the bookmarks as far as they may.
func (s *run) advance() {
	for again := true; again; {
		again = false
		for _, w := range s.ahead {
			if !w.From.After(s.readTo) && w.To.After(s.readTo) {
				s.readTo, again = w.To, true
			}
		}
	}
	s.ahead = slices.DeleteFunc(s.ahead, func(w source.Window) bool { return !w.To.After(s.readTo) })
	for _, f := range s.followers {
		// A stream whose bookmark lies further on has its days before read by these windows.
		if s.search != nil && !s.readTo.Before(f.bookmark.UTC().Truncate(day)) {
			f.searched = true
		}
		if f.advance(s.readTo, s.begins, s.end) {
			s.moved = true
		}
	}
}

// state is a state from which the next run loses nothing.
func (s *run) state() State {
	state := s.o.State
	for _, f := range s.followers {
		if !f.FullTable {
			state = state.With(f.Name, f.ReplicationKey, f.mark(s))
		}
	}
	if s.end.IsZero() {
		return state.WithPart(nil)
	}
	return state.WithPart(&Part{StartDate: s.o.Config.StartDate, EndDate: s.end, Complete: s.complete})
}

// finish writes the last STATE.
func (s *run) finish() {
	if s.out.any && !s.o.Sample {
		s.out.state(s.state())
	}
	s.out.end()
	for _, f := range s.followers {
		s.summary.Open = max(s.summary.Open, len(f.openChats))
	}
	if s.o.Progress != nil {
		s.o.Progress(s.progress())
	}
}

func (s *run) tick() {
	if s.o.Progress != nil {
		s.o.Progress(s.progress())
	}
	if !s.o.Sample {
		s.metrics.tick(s.summary.Records)
	}
}

func (s *run) progress() Progress {
	return Progress{Done: s.seen, Expected: s.summary.Expected, Capped: s.summary.Capped, Requests: s.api.Usage().Requests}
}

func (s *run) names() string {
	var all []string
	for _, f := range s.followers {
		all = append(all, f.Name)
	}
	return strings.Join(all, " ")
}
