package tap

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
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
	Unsettled        int    // windows that did not add up
	Expected         int    // chats the service states for all the days asked for
	Capped           bool   // there may be more
	Open             int    // chats that are waited for
	Region           string // the data centre that answered; empty if none was named
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
	records, err := record.New(o.Selection, o.Config.OnInvalid == Null)
	if err != nil {
		return Summary{}, err
	}
	s := &run{o: o, waiting: make(map[time.Time]bool), metrics: newMetrics(o.Log, started), odd: newOddities(o.Log), out: messageWriter{out: o.Out}, end: o.Config.EndDate}
	if s.followers, err = s.followersOf(o.State); err != nil {
		return Summary{}, err
	}
	if s.api, err = open(o, records, s.metrics.observe); err != nil {
		return Summary{}, err
	}
	s.summary.Records = make(map[string]int)
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
	if s.out.err != nil {
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
	end       time.Time          // chats that ended at or after it are not wanted; zero: all are
	seen      int                // chats that came, wanted or not
	moved     bool               // a bookmark has moved in this run
	readTo    time.Time          // the end of the last window
	waiting   map[time.Time]bool // windows, by their begin, that do not add up: no bookmark moves past them
}

// errSampled ends a sampling run.
var errSampled = errors.New("a record of each stream has been seen")

func (s *run) sync(ctx context.Context) error {
	rg := s.rangeToRead()
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
		s.summary.Expected, s.summary.ExpectedRequests, s.summary.Capped = step.Plan.Chats, step.Plan.Requests, step.Plan.Capped
	case step.Chat != nil:
		s.seen++
		return s.deliver(step.Chat, s.followers)
	case step.Window != nil:
		s.window(step.Window)
	}
	return s.out.err
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
	wanted := false
	for _, f := range to {
		if !f.wants(chat, s) {
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
		s.summary.Chats++
		for _, o := range chat.Out.Notes {
			s.odd.add(o, chat.ID)
		}
	}
	s.tick()
	return s.out.err
}

func (s *run) write(f *follower, chat *source.Chat) {
	lines, n := linesOf(&chat.Out, f.Name)
	s.out.records(lines)
	s.summary.Records[f.Name] += n
}

// linesOf are the RECORD messages of one stream.
func linesOf(r *source.Rendered, stream string) (lines []byte, count int) {
	start := 0
	for _, part := range r.Parts {
		if part.Stream == stream {
			return r.Text[start:part.End], part.Count
		}
		start = part.End
	}
	return nil, 0
}

// sample writes the first record that a stream has.
func (s *run) sample(f *follower, chat *source.Chat) error {
	if lines, n := linesOf(&chat.Out, f.Name); s.summary.Records[f.Name] == 0 && n > 0 {
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

// window moves the bookmarks past a window that adds up, unless they wait before
// an earlier one that does not.
func (s *run) window(w *source.Window) {
	args := []any{"from", w.From.Format(time.DateOnly), "to", w.To.AddDate(0, 0, -1).Format(time.DateOnly), "chats", w.Chats}
	switch {
	case w.Settled:
		delete(s.waiting, w.From)
		s.o.Log.Info("window complete", append(args, "requests", s.api.Usage().Requests)...)
	default:
		s.waiting[w.From] = true
		s.o.Log.Warn("a window does not add up; the bookmark waits before it, and it is read again",
			append(args, "total", w.Total, "passes", w.Passes)...)
	}
	s.summary.Windows++
	if w.To.After(s.readTo) {
		s.readTo = w.To
	}
	s.summary.Unsettled = len(s.waiting)
	if len(s.waiting) == 0 {
		for _, f := range s.followers {
			before := f.bookmark
			f.advance(s.readTo, s.o.Now, s.end)
			s.moved = s.moved || f.bookmark.After(before)
		}
	}
	s.out.state(s.state())
}

// state is a state from which the next run loses nothing.
func (s *run) state() State {
	state := s.o.State
	for _, f := range s.followers {
		if !f.FullTable {
			state = state.With(f.Name, f.ReplicationKey, Bookmark{At: f.bookmark, Searched: true, Open: f.openBefore(f.bookmark.UTC().Truncate(24 * time.Hour))})
		}
	}
	return state
}

// finish writes the last STATE.
func (s *run) finish() {
	if s.out.any && !s.o.Sample {
		s.out.state(s.state())
	}
	s.out.flush()
	for _, f := range s.followers {
		s.summary.Open = max(s.summary.Open, len(f.open))
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
