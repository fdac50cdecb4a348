package tap

import (
	"context"
	"errors"
	"iter"
	"slices"
	"strings"
	"time"

	"tap-livechat/catalog"
	"tap-livechat/tap/civil"
	"tap-livechat/tap/record"
	"tap-livechat/tap/singer"
	"tap-livechat/tap/source"
	"tap-livechat/tap/state"
)

// stateEveryDays is how many days of a report go by between two STATEs.
const stateEveryDays = 30

// readLists reads the lists and reports that are selected, after the chats:
// those are what takes long, and lists should not be older than the chats that
// speak of them. It goes on after an error that says what is incomplete, and adds to
// that the lists that cannot be read while others can. Each list is read by read.
func (s *run) readLists(ctx context.Context, err error, read func(context.Context, catalog.Selected) error) error {
	var incomplete *IncompleteError
	if err != nil && !errors.As(err, &incomplete) {
		return err
	}
	if incomplete == nil {
		incomplete = new(IncompleteError)
	}
	var remedies []string
	for _, stream := range s.o.Selection.Streams {
		if stream.Group == "" {
			continue
		}
		failed := read(ctx, stream)
		var one *source.ListError
		switch {
		case errors.As(failed, &one):
		case errors.Is(failed, source.ErrNotServed):
			one = &source.ListError{Reason: failed.Error(), Err: failed}
		case failed != nil:
			return failed
		default:
			continue
		}
		why, remedy := explainList(stream.Stream, one)
		s.summary.NotRead[stream.Name] = why
		if !slices.Contains(remedies, remedy) {
			remedies = append(remedies, remedy)
		}
	}
	if len(s.summary.NotRead) == 0 {
		return err
	}
	incomplete.Streams = s.listsNotRead()
	if incomplete.Remedy != "" {
		remedies = slices.Insert(remedies, 0, incomplete.Remedy)
	}
	incomplete.Remedy = strings.Join(remedies, "; ")
	return incomplete
}

// explainList says why a list cannot be read, and what to do.
func explainList(stream catalog.Stream, e *source.ListError) (why, remedy string) {
	scope := "scope " + stream.Scope
	switch {
	case e.Ours:
		return e.Reason + ": a fault of the tap", "the service refuses a request of the tap as wrong: report it with the line of the log about it, and leave these streams out of the catalog until then"
	case !e.Denied:
		return e.Reason, "if it is the same each time, leave these streams out of the catalog"
	case stream.Scope == "":
		why = e.Reason
	case e.Unsure:
		why = e.Reason + ", " + scope
	default:
		why = scope
	}
	return why, "give the token these scopes, or leave these streams out of the catalog"
}

// listsNotRead names the streams that cannot be read, those of a reason together.
func (s *run) listsNotRead() (all []string) {
	byReason := make(map[string][]string)
	var reasons []string
	for _, stream := range s.o.Selection.Streams {
		why, failed := s.summary.NotRead[stream.Name]
		if !failed {
			continue
		}
		if byReason[why] == nil {
			reasons = append(reasons, why)
		}
		byReason[why] = append(byReason[why], stream.Name)
	}
	for _, why := range reasons {
		all = append(all, strings.Join(byReason[why], ", ")+" ("+why+")")
	}
	return all
}

// list is a list or report that is being read.
type list struct {
	stream   catalog.Selected
	rg       source.Range
	first    time.Time // the date of start_date
	lookback int       // report_lookback_days
	done     time.Time // the date up to which a report is in the state
	was      state.Report
	rows     int
	keys     map[string][]string // of a report's rows, by date, of the days that the next run reads again
	day      time.Time           // the latest day of keys

	out     *singer.Writer
	row     func(row *source.Row, count int) // is told of each row that was written
	advance func(to time.Time)               // moves the bookmark of a report and writes a STATE
}

// readList reads one list. Only a list that is whole is activated.
func (s *run) readList(ctx context.Context, stream catalog.Selected) error {
	l := &list{stream: stream, rg: s.o.listRange(), out: &s.out, keys: make(map[string][]string)}
	l.first, l.lookback = l.rg.From, s.o.Config.ReportLookbackDays
	l.row = func(row *source.Row, count int) {
		s.countRow(&stream, row, count)
		s.tick()
	}
	l.advance = func(to time.Time) {
		if !stream.FullTable && !to.Before(l.done) { // never back
			if to.After(l.done) {
				s.reportMoved, s.requestsAtMove = true, s.api.Usage().Requests
			}
			l.done = to
			r := l.report(to, s.o.Now)
			r.Keys = l.keysOf(to.AddDate(0, 0, -l.lookback), to)
			s.o.State = s.o.State.WithReport(stream.Name, r)
		}
		s.out.State(s.state())
	}
	if stream.ReplicationKey != "" && !stream.FullTable {
		l.resume(s.o)
	}
	if stream.ReplicationKey == "" && s.o.Config.EmitActivateVersionMessages {
		s.out.Version(&stream, s.o.Now.Unix()) // seconds: targets keep it in 32 bits
	}
	if stream.ReplicationKey != "" && !l.rg.From.Before(l.rg.To) {
		s.out.Schema(stream)
		return s.out.Err
	}
	if err := l.read(s.api.List(ctx, stream.Name, l.rg)); err != nil {
		if one := new(source.ListError); errors.As(err, &one) || errors.Is(err, source.ErrNotServed) {
			s.o.Log.Warn("a list cannot be read; the others go on", "stream", stream.Name, "scope", stream.Scope, "reason", err.Error())
		}
		return err
	}
	s.out.Announce()
	s.out.Activate(&stream)
	if stream.ReplicationKey != "" {
		l.advance(l.rg.To.AddDate(0, 0, -1))
	}
	if l.rows == 0 && stream.ReplicationKey == "" {
		s.o.Log.Warn("the list was empty twice: LiveChat says that there is nothing in it", "stream", stream.Name)
	}
	s.o.Log.Info("list complete", "stream", stream.Name, "rows", l.rows, "requests", s.api.Usage().Requests)
	return s.out.Err
}

// countRow counts the records and warnings of a row.
func (s *run) countRow(stream *catalog.Selected, row *source.Row, count int) {
	s.summary.Records[stream.Name] += count
	for _, w := range row.Out.Warnings {
		s.warnings.add(w, "")
	}
}

// listRange is the days of a report that is read without a bookmark.
func (o Options) listRange() source.Range {
	from, to := o.Config.ReportDays(o.Now)
	return source.Range{From: from, To: to, Now: o.Now, Zone: o.Config.ReportTimezone}
}

// resume sets from when on a report is read: from its bookmark, less the days
// that may still change.
func (l *list) resume(o Options) {
	switch mark := o.State.Report(l.stream.Name); {
	case mark.Day.IsZero():
	case mark.Zone != l.rg.Zone.String():
		o.Log.Warn("the report was read in another time zone; it is read from start_date again", "stream", l.stream.Name, "before", mark.Zone, "report_timezone", l.rg.Zone.String())
	default:
		l.done, l.rg.Keys, l.was = mark.Day, mark.Keys, mark
		if l.was.ReadTo.IsZero() { // of a version that did not write it
			l.was.ReadTo = l.endOf(mark.Day, o.Now)
			if l.was.ReadFrom.IsZero() {
				l.was.ReadFrom = l.startOf(l.first)
			}
		}
		// A bookmark in the future is brought back to today.
		if today := civil.DateOf(o.Now, l.rg.Zone); mark.Day.After(today) {
			l.done, mark.Day, l.was = today.AddDate(0, 0, -1), today, state.Report{}
		}
		if from := mark.Day.AddDate(0, 0, -o.Config.ReportLookbackDays); from.After(l.rg.From) {
			l.rg.From = from
		}
		if from, _ := l.covered(l.startOf(l.rg.From)); from.After(l.startOf(l.first)) {
			o.warnUnread(l.stream.Name, from)
		}
	}
}

// report is the bookmark after a day has been read.
func (l *list) report(day, now time.Time) state.Report {
	r := state.Report{Day: day, Zone: l.rg.Zone.String()}
	r.ReadFrom, r.ReadTo = l.covered(l.endOf(day, now))
	return r
}

// startOf is the first moment of a date in the report's time zone.
func (l *list) startOf(date time.Time) time.Time { return civil.StartOf(date, l.rg.Zone) }

// endOf is when a date ends, but not after now.
func (l *list) endOf(date, now time.Time) time.Time {
	if end := l.startOf(date.AddDate(0, 0, 1)); end.Before(now) {
		return end
	}
	return now.Truncate(time.Second)
}

// covered is the span that has been read without a gap, if this run has read up to a
// time.
func (l *list) covered(to time.Time) (from, end time.Time) {
	from, end = l.startOf(l.rg.From), to
	switch {
	case l.was.ReadTo.IsZero(), from.After(l.was.ReadTo):
		return from, end
	case end.Before(l.was.ReadFrom):
		return l.was.ReadFrom, l.was.ReadTo
	}
	if l.was.ReadFrom.Before(from) {
		from = l.was.ReadFrom
	}
	if l.was.ReadTo.After(end) {
		end = l.was.ReadTo
	}
	return from, end
}

// read writes the SCHEMA and the rows, and for a report a STATE now and then. It
// writes nothing if the first row is an error. A row without its key ends this list and
// not the others, whatever on_invalid says.
func (l *list) read(rows iter.Seq2[*source.Row, error]) error {
	began := false
	told, last := l.done, l.done // the day of the last STATE, and of the last row
	for row, err := range rows {
		if err == nil {
			err = row.Out.Err
			if value := new(record.ValueError); errors.As(err, &value) && value.Required() {
				err = &source.ListError{Reason: value.Error(), Err: err}
			}
		}
		if err != nil {
			return err
		}
		if !began {
			l.out.Schema(l.stream)
			began = true
		}
		if told.IsZero() {
			told = row.Day
		}
		if row.Day.After(last) {
			last = row.Day
			if !last.Before(told.AddDate(0, 0, stateEveryDays)) {
				l.advance(last.AddDate(0, 0, -1))
				told = last
			}
		}
		if row.Key != "" && !l.stream.FullTable {
			l.addKey(row)
		}
		records, n := recordsOf(&row.Out, l.stream.Name)
		l.out.Records(&l.stream, records, n, row.Received)
		l.rows += n
		l.row(row, n)
		if l.out.Err != nil {
			return l.out.Err
		}
	}
	if !began {
		l.out.Schema(l.stream)
	}
	return nil
}
