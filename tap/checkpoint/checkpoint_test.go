package checkpoint

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"tap-livechat/tap/source"
	"tap-livechat/tap/state"
)

var syncNow = time.Date(2026, 3, 10, 15, 4, 5, 0, time.UTC)

// What a chat comes to, and what the bookmark makes of it.
func TestWants(t *testing.T) {
	at := func(days int, hours int) time.Time { return time.Date(2026, 3, days, hours, 0, 0, 0, time.UTC) }
	newRun := func(end time.Time) (*Tracker, *Stream) {
		f := &Stream{from: at(5, 6), bookmark: at(5, 6), searched: true, open: make(openChats)}
		return &Tracker{o: Options{Now: at(9, 12), EndDate: end, Lookback: day}, begins: at(9, 12), from: f.from, Streams: []*Stream{f}}, f
	}
	listed := func(days int, start, end time.Time) *source.Chat {
		return &source.Chat{ID: "A", Started: start, Ended: end, From: at(days, 0), To: at(days+1, 0)}
	}
	for _, test := range []struct {
		name   string
		chat   *source.Chat
		end    time.Time // end_date
		waited bool
		why    string
		kept   bool // in open_chats, for what comes later
	}{
		{"within", listed(6, at(6, 1), at(6, 2)), time.Time{}, false, "", false},
		{"ended before", listed(4, at(4, 1), at(4, 2)), time.Time{}, false, EndedBefore, false},
		{"ended before, but it was waited for", listed(4, at(4, 1), at(4, 2)), time.Time{}, true, "", false},
		{"its times contradict where it is listed", listed(6, at(1, 1), at(1, 2)), time.Time{}, false, "", false},
		{"nobody knows when it ended", listed(6, at(6, 1), time.Time{}), time.Time{}, false, "", false},
	} {
		s, f := newRun(test.end)
		if test.waited {
			f.open["A"] = &openChat{known: true}
		}
		if why := s.Offer(f, test.chat); why != test.why {
			t.Errorf("%s: left out for %q, want %q", test.name, why, test.why)
		}
		f.bookmark = at(8, 0)
		if all, _ := f.open.list(f.bookmark, s.o.Lookback); (len(all) > 0) != test.kept {
			t.Errorf("%s: the state waits for %v", test.name, all)
		}
	}
}

// The bookmark moves to the greatest end delivered, and never past what bounds it.
func TestAdvance(t *testing.T) {
	at := func(hours int) time.Time { return syncNow.Add(time.Duration(hours) * time.Hour) }
	for _, test := range []struct {
		name                 string
		reached              time.Time
		readTo, begins, end  time.Time
		unsearched, fullOnly bool
		want                 time.Time
	}{
		{"delivered", at(3), at(9), at(9), time.Time{}, false, false, at(3)},
		{"not past what was read", at(3), at(2), at(9), time.Time{}, false, false, at(2)},
		{"not past the beginning of the run", at(3), at(9), at(1), time.Time{}, false, false, at(1)},
		{"not past end_date", at(3), at(9), at(9), at(2), false, false, at(2)},
		{"not back", at(-3), at(9), at(9), time.Time{}, false, false, at(0)},
		{"not before the search is done", at(3), at(9), at(9), time.Time{}, true, false, at(0)},
		{"not of FULL_TABLE", at(3), at(9), at(9), time.Time{}, false, true, at(0)},
	} {
		f := &Stream{bookmark: at(0), reached: test.reached, searched: !test.unsearched, open: make(openChats)}
		f.FullTable = test.fullOnly
		if test.unsearched {
			f.owed = at(12)
		}
		s := &Tracker{o: Options{Now: at(9), EndDate: test.end}, begins: test.begins, readTo: test.readTo, Streams: []*Stream{f}}
		s.advance()
		if !f.bookmark.Equal(test.want) {
			t.Errorf("%s: the bookmark is %s, want %s", test.name, f.bookmark, test.want)
		}
	}
}

// A run begins at the earlier of the two clocks.
func TestBegins(t *testing.T) {
	for ahead, want := range map[time.Duration]time.Time{-7 * time.Minute: syncNow.Add(-7 * time.Minute), 7 * time.Minute: syncNow, 0: syncNow} {
		s := &Tracker{begins: syncNow}
		s.ClockAhead(ahead)
		if !s.begins.Equal(want) {
			t.Errorf("the service is ahead by %s: the run begins %s, want %s", ahead, s.begins, want)
		}
	}
}

// What the state waits for: what no run from its bookmark on would meet.
func TestOpenChatsList(t *testing.T) {
	at := func(days int, hours int) time.Time { return time.Date(2026, 3, days, hours, 0, 0, 0, time.UTC) }
	bookmark := at(8, 12) // with a look-back of two days, the next run begins on the 6th
	for _, test := range []struct {
		name string
		chat *source.Chat
		end  time.Time // end_date
		want bool
	}{
		{"open, listed for a day before", &source.Chat{Started: at(7, 1), Pending: true, From: at(7, 0), To: at(8, 0)}, time.Time{}, true},
		{"open, listed for the bookmark's day", &source.Chat{Started: at(8, 1), Pending: true, From: at(8, 0), To: at(9, 0)}, time.Time{}, true},
		{"open, and its start contradicts where it is listed", &source.Chat{Started: at(8, 1), Pending: true, From: at(7, 0), To: at(8, 0)}, time.Time{}, true},
		{"open, nobody knows when it began", &source.Chat{Pending: true, From: at(8, 0), To: at(9, 0)}, time.Time{}, true},
		{"ended within the look-back, listed for a day before", &source.Chat{Started: at(5, 1), Ended: at(7, 1), From: at(5, 0), To: at(6, 0)}, time.Time{}, true},
		{"ended within the look-back, listed for it", &source.Chat{Started: at(6, 1), Ended: at(7, 1), From: at(6, 0), To: at(7, 0)}, time.Time{}, false},
		{"ended before the look-back", &source.Chat{Started: at(3, 1), Ended: at(5, 1), From: at(3, 0), To: at(4, 0)}, time.Time{}, false},
	} {
		test.chat.ID = "A"
		o := make(openChats)
		o.hear(test.chat, at(9, 12))
		if all, _ := o.list(bookmark, 2*day); (len(all) == 1) != test.want {
			t.Errorf("%s: the state waits for %v", test.name, all)
		}
	}
	o := make(openChats)
	o.load([]state.OpenChat{{ID: "A", Since: at(8, 13)}})
	if all, _ := o.list(bookmark, day); len(all) != 1 {
		t.Error("what was not heard of is forgotten")
	}
}

// No more than 10,000 open chats are kept; the oldest are dropped and named.
func TestTooManyOpenChats(t *testing.T) {
	o := make(openChats)
	for i := range MostOpen + 5 {
		o[fmt.Sprintf("C%05d", i)] = &openChat{started: syncNow.Add(time.Duration(i) * time.Second), asked: syncNow, heard: true}
	}
	all, dropped := o.list(syncNow.AddDate(0, 0, 2), day)
	slices.Sort(dropped)
	if len(all) != MostOpen || !slices.Equal(dropped, []string{"C00000", "C00001", "C00002", "C00003", "C00004"}) {
		t.Errorf("%d are kept, %q dropped", len(all), dropped)
	}
}

// A chat that stays open is asked for again when a tenth of its age has passed.
func TestPatience(t *testing.T) {
	for _, test := range []struct {
		name  string
		c     openChat
		hours int
		want  bool
	}{
		{"ten days old, a day later", openChat{started: syncNow.AddDate(0, 0, -10), asked: syncNow}, 24, true},
		{"ten days old, 23 hours later", openChat{started: syncNow.AddDate(0, 0, -10), asked: syncNow}, 23, false},
		{"an hour old", openChat{started: syncNow.Add(-time.Hour), asked: syncNow}, 1, true},
		{"not found before", openChat{started: syncNow.AddDate(0, 0, -10), asked: syncNow, missed: 1}, 1, true},
		{"nobody knows", openChat{}, 0, true},
		{"brought by a window", openChat{started: syncNow.AddDate(0, 0, -10), asked: syncNow, heard: true}, 24, false},
	} {
		if got := test.c.due(syncNow.Add(time.Duration(test.hours) * time.Hour)); got != test.want {
			t.Errorf("%s: %v", test.name, got)
		}
	}
}
