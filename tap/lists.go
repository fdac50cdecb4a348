package tap

import (
	"context"
	"errors"
	"strings"
	"time"

	"tap-livechat/catalog"
	"tap-livechat/tap/source"
	"tap-livechat/tap/state"
)

// stateEveryDays is how many days of a report go by between two STATEs.
const stateEveryDays = 30

// readLists reads the lists and reports that are selected, after the chats:
// those are what takes long, and lists should not be older than the chats that
// speak of them. It goes on after an error that says what is incomplete, and
// adds to that the lists that the token may not read.
func (s *run) readLists(ctx context.Context, err error) error {
	var incomplete *IncompleteError
	if err != nil && !errors.As(err, &incomplete) {
		return err
	}
	if incomplete == nil {
		incomplete = new(IncompleteError)
	}
	complete := err == nil
	s.complete = false // until the lists have been read, too
	for _, stream := range s.o.Selection.Streams {
		if stream.Group == "" {
			continue
		}
		refused := s.readList(ctx, stream)
		switch {
		case errors.Is(refused, source.ErrDenied), errors.Is(refused, source.ErrNotServed):
			s.deny(stream.Stream, refused)
		case refused != nil:
			return refused
		}
	}
	if len(s.summary.Denied) == 0 {
		s.complete = complete
		return err
	}
	incomplete.Streams = s.denied()
	if incomplete.Remedy != "" {
		incomplete.Remedy += "; "
	}
	incomplete.Remedy += "give the token these scopes, or leave these streams out of the catalog"
	return incomplete
}

// deny notes a list that cannot be read.
func (s *run) deny(stream catalog.Stream, err error) {
	if s.summary.Denied == nil {
		s.summary.Denied = make(map[string]string)
	}
	s.summary.Denied[stream.Name] = err.Error()
	if !s.o.Sample {
		s.o.Log.Warn("a list cannot be read; the others go on", "stream", stream.Name, "scope", stream.Scope, "reason", err.Error())
	}
}

// denied names the streams that cannot be read, those of a scope together.
func (s *run) denied() (all []string) {
	byScope := make(map[string][]string)
	var scopes []string
	for _, stream := range s.o.Selection.Streams {
		if _, ok := s.summary.Denied[stream.Name]; !ok {
			continue
		}
		if byScope[stream.Scope] == nil {
			scopes = append(scopes, stream.Scope)
		}
		byScope[stream.Scope] = append(byScope[stream.Scope], stream.Name)
	}
	for _, scope := range scopes {
		names := strings.Join(byScope[scope], ", ")
		if scope != "" {
			names += " (scope " + scope + ")"
		}
		all = append(all, names)
	}
	return all
}

// list is a list or report on its way.
type list struct {
	*run
	catalog.Selected
	rg    source.Range
	done  time.Time // the day up to which a report is in the state
	began bool      // its SCHEMA has been written
	rows  int
}

// readList reads one list. No row is written if it is denied.
func (s *run) readList(ctx context.Context, stream catalog.Selected) error {
	l := &list{run: s, Selected: stream, rg: source.Range{From: s.o.Config.StartDate, To: s.o.Now, Now: s.o.Now, Zone: s.o.Config.ReportTimezone}}
	if err := l.span(); err != nil {
		return err
	}
	if stream.ReplicationKey == "" && s.o.Config.EmitActivateVersionMessages && !s.o.Sample {
		s.out.Version(&stream, s.o.Now.Unix()) // seconds: targets keep it in 32 bits
	}
	if stream.ReplicationKey != "" && !l.rg.From.Before(l.rg.To) {
		l.begin()
		return s.out.Err
	}
	if err := l.read(ctx); err != nil {
		return err
	}
	l.begin() // it may be empty
	if s.o.Sample {
		return s.out.Err
	}
	s.out.Announce()
	s.out.Activate(&stream)
	if l.ReplicationKey != "" {
		l.advance(midnight(l.rg.To.Add(-1), l.rg.Zone))
		s.out.State(s.state())
	}
	s.o.Log.Info("list complete", "stream", l.Name, "rows", l.rows, "requests", s.api.Usage().Requests)
	return s.out.Err
}

// span sets from when on a report is read: from its bookmark, less the days
// that may still change.
func (l *list) span() error {
	if l.rg.Zone == nil {
		l.rg.Zone = time.UTC
	}
	if end := l.end; !end.IsZero() && end.Before(l.rg.To) {
		l.rg.To = end
	}
	if l.ReplicationKey == "" {
		return nil
	}
	if l.o.Sample {
		l.rg.From = l.rg.To.Add(-time.Nanosecond) // the last day will do
		return nil
	}
	if l.FullTable {
		return nil
	}
	mark, err := l.o.State.Report(l.Name, l.ReplicationKey, l.rg.Zone)
	if err != nil {
		return err
	}
	switch {
	case mark.Day.IsZero():
	case mark.Zone != l.rg.Zone.String():
		l.o.Log.Warn("the report was read in another time zone; it is read from start_date again", "stream", l.Name, "before", mark.Zone, "report_timezone", l.rg.Zone.String())
	default:
		l.done = mark.Day
		if from := mark.Day.AddDate(0, 0, -l.o.Config.ReportLookbackDays); from.After(l.rg.From) {
			l.rg.From = from
		}
		// A bookmark in the future is brought back to today.
		if today := midnight(l.o.Now, l.rg.Zone); mark.Day.After(today) {
			l.done, l.rg.From = today.AddDate(0, 0, -1), today.AddDate(0, 0, -l.o.Config.ReportLookbackDays)
		}
	}
	return nil
}

func (l *list) read(ctx context.Context) error {
	answered := 0                // requests when the first row came
	told, last := l.done, l.done // the day of the last STATE, and of the last row
	for row, err := range l.api.List(ctx, l.Name, l.rg) {
		if err != nil {
			return err
		}
		requests := l.api.Usage().Requests
		if l.rows == 0 {
			answered = requests
		}
		if l.o.Sample && requests != answered {
			return nil // one answer has been seen
		}
		if row.Out.Err != nil {
			return row.Out.Err
		}
		l.begin()
		if told.IsZero() {
			told = row.Day
		}
		if row.Day.After(last) {
			last = row.Day
			if !l.o.Sample && !last.Before(told.AddDate(0, 0, stateEveryDays)) {
				l.advance(last.AddDate(0, 0, -1))
				l.out.State(l.state())
				told = last
			}
		}
		l.write(row)
		if l.out.Err != nil {
			return l.out.Err
		}
	}
	return nil
}

// begin writes the SCHEMA, once.
func (l *list) begin() {
	if !l.began {
		l.began = true
		l.out.Schema(l.Selected)
	}
}

func (l *list) write(row *source.Row) {
	lines, n := recordsOf(&row.Out, l.Name)
	l.rows += n
	if l.o.Sample && l.rows > n { // one is enough
		lines = nil
	}
	l.out.Records(&l.Selected, lines, n, row.Received)
	l.summary.Records[l.Name] += n
	for _, w := range row.Out.Warnings {
		l.warnings.add(w, "")
	}
	l.tick()
}

// advance moves the bookmark of a report, never back.
func (l *list) advance(to time.Time) {
	if l.FullTable || !to.After(l.done) {
		return
	}
	l.done, l.moved = to, true
	l.o.State = l.o.State.WithReport(l.Name, l.ReplicationKey, state.Report{Day: to, Zone: l.rg.Zone.String()})
}

// midnight is what a day begins with in a zone.
func midnight(at time.Time, zone *time.Location) time.Time {
	year, month, d := at.In(zone).Date()
	return time.Date(year, month, d, 0, 0, 0, 0, zone)
}
