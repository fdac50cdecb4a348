package checkpoint

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"tap-livechat/catalog"
	"tap-livechat/tap/source"
	"tap-livechat/tap/state"
)

// march is a time in March 2026; the run begins on the 10th at 15:04:05.
func march(days, hours int) time.Time { return time.Date(2026, 3, days, hours, 0, 0, 0, time.UTC) }

var syncNow = time.Date(2026, 3, 10, 15, 4, 5, 0, time.UTC)

func tracker(t *testing.T, o Options, from state.Bookmark) (*Tracker, *Stream) {
	t.Helper()
	if o.Now.IsZero() {
		o.Now = syncNow
	}
	o.API = "2"
	if from.API == "" {
		from.API = "2"
	}
	tr, err := New(o, []catalog.Selected{selected["chats"]}, state.State{}.With("chats", from))
	if err != nil {
		t.Fatal(err)
	}
	return tr, tr.Streams[0]
}

// What is read: from a midnight on, at least six hours before what was read before.
func TestRange(t *testing.T) {
	known := func(at time.Time) state.Bookmark {
		return state.Bookmark{At: at, OpenKnown: true, ReadFrom: march(1, 0), ReadTo: at}
	}
	for _, test := range []struct {
		name     string
		o        Options
		from     state.Bookmark
		want     time.Time // where reading begins
		unreadTo time.Time
	}{
		{"no bookmark", Options{StartDate: march(2, 6)}, state.Bookmark{}, march(2, 0), time.Time{}},
		{"no bookmark, early in the day", Options{StartDate: march(2, 5)}, state.Bookmark{}, march(1, 0), time.Time{}},
		{"a look-back of nothing is six hours", Options{StartDate: march(1, 0)}, known(march(8, 5)), march(7, 0), time.Time{}},
		{"a look-back of a day", Options{StartDate: march(1, 0), Lookback: day}, known(march(8, 12)), march(7, 0), time.Time{}},
		{"start_date is past the bookmark", Options{StartDate: march(9, 12)}, known(march(3, 0)), march(9, 0), time.Time{}},
		{"start_date is within the look-back", Options{StartDate: march(8, 0), Lookback: day}, known(march(8, 12)), march(7, 0), time.Time{}},
		{"start_date is before what was read", Options{StartDate: march(1, 0).AddDate(0, -1, 0)}, known(march(8, 12)), march(8, 0), march(1, 0)},
		{"open chats are not known", Options{StartDate: march(1, 0).AddDate(-1, 0, 0)}, state.Bookmark{At: march(8, 12)}, march(8, 0).AddDate(0, 0, -32), time.Time{}},
		{"the bookmark is in the future", Options{StartDate: march(1, 0).AddDate(-1, 0, 0)}, known(march(20, 0)), march(10, 0).AddDate(0, 0, -32), march(10, 0).AddDate(0, 0, -32)},
	} {
		tr, s := tracker(t, test.o, test.from)
		if rg := tr.Range(); !rg.From.Equal(test.want) || !rg.To.Equal(syncNow) || !rg.Open {
			t.Errorf("%s: %v", test.name, rg)
		}
		if !s.UnreadTo.Equal(test.unreadTo) {
			t.Errorf("%s: not read up to %s, want %s", test.name, s.UnreadTo, test.unreadTo)
		}
		if future := test.from.At.After(syncNow); future == s.FromFuture.IsZero() {
			t.Errorf("%s: from the future: %s", test.name, s.FromFuture)
		}
	}
	tr, _ := tracker(t, Options{StartDate: march(1, 0), EndDate: march(4, 7)}, state.Bookmark{})
	if rg := tr.Range(); !rg.To.Equal(march(4, 7)) || rg.Open {
		t.Errorf("with an end_date: %v", rg)
	}
}

// A stream that begins later than another begins a range of its own.
func TestRanges(t *testing.T) {
	from := state.State{}.With("messages", state.Bookmark{At: march(8, 12), API: "2", OpenKnown: true, ReadFrom: march(1, 0), ReadTo: march(8, 12)})
	for _, end := range []time.Time{{}, march(5, 0), march(9, 12)} {
		tr, err := New(Options{Now: syncNow, StartDate: march(2, 6), EndDate: end, API: "2"}, []catalog.Selected{selected["messages"], selected["chats"]}, from)
		if err != nil {
			t.Fatal(err)
		}
		got := fmt.Sprint(tr.Ranges())
		want := tr.Range()
		pieces := []source.Range{want}
		if !end.Equal(march(5, 0)) {
			pieces = []source.Range{want, want}
			pieces[0].To, pieces[0].Open, pieces[1].From = march(8, 0), false, march(8, 0)
		}
		if fmt.Sprint(pieces) != got {
			t.Errorf("to %s: %s, want %v", end, got, pieces)
		}
	}
}

// A chat is judged by the window it is listed in, and by whether the stream waits for
// it; never by its own times.
func TestOffer(t *testing.T) {
	from := state.Bookmark{At: march(8, 12), OpenKnown: true, ReadFrom: march(1, 0), ReadTo: march(8, 12), Open: []state.OpenChat{{ID: "waits", Since: march(7, 1), Asked: march(8, 1)}}}
	chat := func(id string, days int, start, end time.Time) *source.Chat {
		return &source.Chat{ID: id, Started: start, Ended: end, Pending: end.IsZero(), From: march(days, 0), To: march(days+1, 0)}
	}
	for _, test := range []struct {
		name    string
		pending bool
		chat    *source.Chat
		want    Verdict
		waits   bool // afterwards
	}{
		{"listed within the range", false, chat("A", 8, march(8, 1), march(8, 2)), Deliver, false},
		{"listed within, its times are before", false, chat("A", 8, march(1, 1), march(1, 2)), Deliver, false},
		{"listed within, its end is after end_date", false, chat("A", 8, march(8, 1), march(9, 20)), Deliver, true},
		{"listed before", false, chat("A", 7, march(7, 1), march(7, 2)), Before, false},
		{"listed before, its times are within", false, chat("A", 7, march(8, 13), march(8, 14)), Before, false},
		{"open", false, chat("A", 8, march(8, 1), time.Time{}), Wait, true},
		{"open, include_pending", true, chat("A", 8, march(8, 1), time.Time{}), Deliver, true},
		{"open, listed before", true, chat("A", 7, march(7, 1), time.Time{}), Before, false},
		{"waited for, listed before", false, chat("waits", 7, march(7, 1), march(8, 2)), Deliver, true},
		{"waited for, by its id", false, &source.Chat{ID: "waits", Started: march(7, 1), Ended: march(9, 20)}, Deliver, true},
		{"not waited for, by its id", false, &source.Chat{ID: "A", Started: march(8, 1), Ended: march(9, 20)}, Before, false},
	} {
		tr, s := tracker(t, Options{StartDate: march(1, 0), EndDate: march(9, 12), IncludePending: test.pending}, from)
		if got := tr.Offer(s, test.chat); got != test.want {
			t.Errorf("%s: %d, want %d", test.name, got, test.want)
		}
		if waits := s.open[test.chat.ID] != nil; waits != test.waits {
			t.Errorf("%s: waits %t, want %t", test.name, waits, test.waits)
		}
	}
}

// The bookmark moves to the greatest end delivered, and never past what bounds it.
func TestAdvance(t *testing.T) {
	at := func(hours int) time.Time { return march(10, 10).Add(time.Duration(hours) * time.Hour) }
	for _, test := range []struct {
		name                               string
		reached, watermark, startedAt, end time.Time
		full                               bool
		want                               time.Time
	}{
		{"delivered", at(3), at(9), at(9), time.Time{}, false, at(3)},
		{"not past what was read", at(3), at(2), at(9), time.Time{}, false, at(2)},
		{"not past the beginning of the run", at(3), at(9), at(1), time.Time{}, false, at(1)},
		{"not past end_date", at(3), at(9), at(9), at(2), false, at(2)},
		{"not back", at(-3), at(9), at(9), time.Time{}, false, at(0)},
		{"not of FULL_TABLE", at(3), at(9), at(9), time.Time{}, true, at(0)},
	} {
		s := &Stream{at: at(0), begins: at(-5), reached: test.reached, open: make(openChats)}
		s.FullTable = test.full
		tr := &Tracker{o: Options{EndDate: test.end}, startedAt: test.startedAt, watermark: test.watermark, Streams: []*Stream{s}}
		tr.advance()
		if !s.at.Equal(test.want) || tr.Moved() != test.want.After(at(0)) {
			t.Errorf("%s: the bookmark is %s, want %s; moved %t", test.name, s.at, test.want, tr.Moved())
		}
	}
}

// The span that a state says it has read ends where a run's answers end: not at
// end_date, not within six hours before the run, not in days that moved.
func TestSpan(t *testing.T) {
	window := func(from, to time.Time) source.Window { return source.Window{From: from, To: to, Complete: true} }
	moving := window(march(10, 0), syncNow)
	moving.Moving = true
	for _, test := range []struct {
		name     string
		o        Options
		windows  []source.Window
		from, to time.Time
	}{
		{"nothing yet", Options{}, nil, march(1, 0), march(1, 0)},
		{"a window", Options{}, []source.Window{window(march(1, 0), march(4, 0))}, march(1, 0), march(4, 0)},
		{"a gap", Options{}, []source.Window{window(march(1, 0), march(4, 0)), window(march(5, 0), march(9, 0))}, march(1, 0), march(4, 0)},
		{"in any order", Options{}, []source.Window{window(march(4, 0), march(9, 0)), window(march(1, 0), march(4, 0))}, march(1, 0), march(9, 0)},
		{"up to now", Options{}, []source.Window{window(march(1, 0), syncNow)}, march(1, 0), march(10, 9).Add(4*time.Minute + 5*time.Second)},
		{"days that moved", Options{}, []source.Window{window(march(1, 0), march(10, 0)), moving}, march(1, 0), march(10, 0)},
		{"end_date", Options{EndDate: march(5, 0)}, []source.Window{window(march(1, 0), march(5, 0))}, march(1, 0), march(5, 0)},
		{"end_date is in the future", Options{EndDate: march(20, 0)}, []source.Window{window(march(1, 0), syncNow)}, march(1, 0), march(10, 9).Add(4*time.Minute + 5*time.Second)},
	} {
		test.o.StartDate = march(1, 7)
		tr, _ := tracker(t, test.o, state.Bookmark{})
		for _, w := range test.windows {
			tr.Complete(w)
		}
		if b := tr.State(state.State{}).Bookmarks["chats"]; !b.ReadFrom.Equal(test.from) || !b.ReadTo.Equal(test.to) {
			t.Errorf("%s: %s to %s, want %s to %s", test.name, b.ReadFrom, b.ReadTo, test.from, test.to)
		}
	}
}

// A run begins at the earlier of the two clocks.
func TestClockAhead(t *testing.T) {
	for ahead, want := range map[time.Duration]time.Time{-7 * time.Minute: syncNow.Add(-7 * time.Minute), 7 * time.Minute: syncNow, 0: syncNow} {
		tr := &Tracker{o: Options{Now: syncNow}, startedAt: syncNow}
		tr.ClockAhead(ahead)
		if !tr.startedAt.Equal(want) {
			t.Errorf("the service is ahead by %s: the run begins %s, want %s", ahead, tr.startedAt, want)
		}
	}
}

// What the state waits for: all that is open, and what late changes may reach though
// no run from its bookmark on lists it.
func TestOpenChats(t *testing.T) {
	bookmark := march(8, 12) // with a look-back of two days, the next run begins on the 6th
	for _, test := range []struct {
		name string
		chat *source.Chat
		want bool
	}{
		{"open", &source.Chat{Started: march(8, 1), Pending: true, From: march(8, 0), To: march(9, 0)}, true},
		{"open, nobody knows when it began", &source.Chat{Pending: true, From: march(8, 0), To: march(9, 0)}, true},
		{"ended within the look-back, listed for a day before", &source.Chat{Started: march(5, 1), Ended: march(7, 1), From: march(5, 0), To: march(6, 0)}, true},
		{"the same, in a window of many days", &source.Chat{Started: march(5, 1), Ended: march(7, 1), From: march(1, 0), To: march(8, 0)}, true},
		{"ended within the look-back, began within it", &source.Chat{Started: march(6, 1), Ended: march(7, 1), From: march(1, 0), To: march(8, 0)}, false},
		{"ended within the look-back, its start contradicts its window", &source.Chat{Started: march(8, 1), Ended: march(7, 1), From: march(1, 0), To: march(2, 0)}, true},
		{"ended within the look-back, nobody knows when it began", &source.Chat{Ended: march(7, 1), From: march(1, 0), To: march(8, 0)}, true},
		{"ended before the look-back", &source.Chat{Started: march(3, 1), Ended: march(5, 1), From: march(3, 0), To: march(4, 0)}, false},
		{"nobody knows when it ended", &source.Chat{Started: march(3, 1), From: march(3, 0), To: march(4, 0)}, false},
		{"by its id, ended within the look-back", &source.Chat{Started: march(7, 1), Ended: march(7, 2)}, true},
	} {
		test.chat.ID = "A"
		o := make(openChats)
		o.observe(test.chat, march(9, 12))
		if all, _ := o.list(bookmark, 2*day); (len(all) == 1) != test.want {
			t.Errorf("%s: the state waits for %v", test.name, all)
		}
	}
	o := make(openChats)
	o.load([]state.OpenChat{{ID: "A", Since: march(8, 13)}})
	if all, _ := o.list(bookmark, day); len(all) != 1 {
		t.Error("what was not observed of is forgotten")
	}
}

// No more than 10,000 open chats are kept; the oldest are dropped and named.
func TestTooManyOpenChats(t *testing.T) {
	tr, s := tracker(t, Options{StartDate: march(1, 0)}, state.Bookmark{})
	for i := range MaxOpen + 5 {
		tr.Offer(s, &source.Chat{ID: fmt.Sprintf("C%05d", i), Started: march(9, 0).Add(time.Duration(i) * time.Second), Pending: true, From: march(9, 0), To: march(10, 0)})
	}
	dropped := tr.Dropped(s)
	slices.Sort(dropped)
	if all := tr.State(state.State{}).Bookmarks["chats"].Open; len(all) != MaxOpen || !slices.Equal(dropped, []string{"C00000", "C00001", "C00002", "C00003", "C00004"}) {
		t.Errorf("%d are kept, %q dropped", len(all), dropped)
	}
}

// A chat that stays open is asked for again when a tenth of its age has passed.
func TestDue(t *testing.T) {
	for _, test := range []struct {
		name  string
		c     openChat
		hours int
		want  bool
	}{
		{"ten days old, a day later", openChat{since: syncNow.AddDate(0, 0, -10), asked: syncNow}, 24, true},
		{"ten days old, 23 hours later", openChat{since: syncNow.AddDate(0, 0, -10), asked: syncNow}, 23, false},
		{"an hour old", openChat{since: syncNow.Add(-time.Hour), asked: syncNow}, 1, true},
		{"not found before", openChat{since: syncNow.AddDate(0, 0, -10), asked: syncNow, notFound: 1}, 1, true},
		{"nobody knows", openChat{}, 0, true},
		{"brought by a window", openChat{since: syncNow.AddDate(0, 0, -10), asked: syncNow, observed: true}, 24, false},
	} {
		if got := test.c.shouldPoll(syncNow.Add(time.Duration(test.hours) * time.Hour)); got != test.want {
			t.Errorf("%s: %v", test.name, got)
		}
	}
}

// A chat is dropped when it was not found in three runs, six hours apart.
func TestNotFound(t *testing.T) {
	from := state.Bookmark{At: march(8, 12), OpenKnown: true, ReadFrom: march(1, 0), ReadTo: march(8, 12), Open: []state.OpenChat{{ID: "A", Since: march(7, 1), Asked: march(8, 1)}}}
	for _, test := range []struct {
		hours int // between the runs
		want  int // in which run it is dropped; 0: in none of five
	}{{1, 0}, {6, 3}, {30, 3}} {
		b, dropped := from, 0
		for n := 1; n <= 5 && dropped == 0; n++ {
			tr, _ := tracker(t, Options{Now: syncNow.Add(time.Duration(n*test.hours) * time.Hour), StartDate: march(1, 0)}, b)
			if due := tr.Due(); !slices.Equal(due, []string{"A"}) {
				t.Fatalf("due are %q", due)
			}
			if len(tr.NotFound([]string{"A"})) > 0 {
				dropped = n
			}
			b = tr.State(state.State{}).Bookmarks["chats"]
		}
		if dropped != test.want {
			t.Errorf("%d hours apart: dropped in run %d, want %d", test.hours, dropped, test.want)
		}
	}
}

// The chats that are active are remembered by the streams whose state has lost its
// open chats, and by no other.
func TestActive(t *testing.T) {
	for _, known := range []bool{true, false} {
		tr, s := tracker(t, Options{StartDate: march(1, 0)}, state.Bookmark{At: march(8, 12), OpenKnown: known})
		tr.Active("A", march(1, 0).AddDate(-1, 0, 0))
		if tr.Lost() == known || (s.open["A"] != nil) == known {
			t.Errorf("open chats known %t: lost %t, waits for %v", known, tr.Lost(), s.open)
		}
		if due := tr.Due(); len(due) > 0 {
			t.Errorf("what is active now is asked for: %q", due)
		}
		tr.Complete(source.Window{From: tr.Range().From, To: march(8, 12), Complete: true})
		if b := tr.State(state.State{}).Bookmarks["chats"]; !b.OpenKnown || (len(b.Open) == 1) == known {
			t.Errorf("open chats known %t: the state waits for %v", known, b.Open)
		}
	}
}

// TestDecide: a chat that cannot be written stays in the state. It is decided about, and
// not offered.
func TestDecide(t *testing.T) {
	from := state.State{}.With("chats", state.Bookmark{At: march(8, 0), API: "2", OpenKnown: true, ReadFrom: march(1, 0), ReadTo: march(8, 0),
		Open: []state.OpenChat{{ID: "A", Since: march(2, 0), Asked: march(7, 0)}}})
	chats := catalog.Default(catalog.V2).Streams[:1]
	for _, offer := range []bool{false, true} {
		tr, err := New(Options{Now: march(9, 0), StartDate: march(1, 0), Lookback: day, API: "2"}, chats, from)
		if err != nil {
			t.Fatal(err)
		}
		chat := &source.Chat{ID: "A", Started: march(2, 0), Ended: march(3, 0)} // by its id, ended before the look-back
		decide := tr.Decide
		if offer {
			decide = tr.Offer
		}
		if v := decide(tr.Streams[0], chat); v != Deliver {
			t.Fatalf("the verdict is %d", v)
		}
		if open := tr.State(from).Bookmarks["chats"].Open; len(open) > 0 == offer {
			t.Errorf("offered %t: the state waits for %v", offer, open)
		}
	}
}
