package account

import (
	"fmt"
	"reflect"
	"testing"
	"time"
)

var lastingDay = time.Date(2026, 11, 20, 12, 34, 56, 0, time.UTC)

// TestLasting looks at an account at two moments: the later one shows all that the
// earlier one did, and what has happened since.
func TestLasting(t *testing.T) {
	for _, shape := range []string{"even", "busyhours", "bursty", "sparse", "spikes"} {
		for seed := range 4 {
			for _, since := range []time.Time{{}, time.Date(2026, 9, 13, 0, 0, 0, 0, time.UTC)} {
				for _, later := range []time.Duration{time.Second, time.Minute, 24 * time.Hour, 40 * 24 * time.Hour} {
					o := Options{
						Now: lastingDay, Since: since, Seed: seed, Chats: 300, Days: 25, Shape: shape, Pending: 3, LongChats: 0.05, LongDays: 30, Missed: 0.05,
						Returning: 0.9, EventIDs: "some", Visitor: "mixed", Odd: 0.2, AccountTimezone: "Europe/Berlin",
						Threads: ThreadOptions{Milliseconds: 1000, Bots: 0.05, LateEvents: 0.5, OtherEvents: 0.1},
					}
					name := fmt.Sprintf("%s, seed %d, since %v, %v later", shape, seed, since, later)
					lasts(t, name, o, later)
				}
			}
		}
	}
}

func lasts(t *testing.T, name string, o Options, later time.Duration) {
	t.Helper()
	before := New(o)
	o.Now = o.Now.Add(later)
	after := New(o)
	gone := 0
	for i, n := range before.All() {
		no := int(n)
		was := before.Ref(no)
		if after.rec(no) == nil || o.Since.IsZero() && after.Ref(no).Earlier() {
			if gone++; gone != i+1 || !o.Since.IsZero() {
				t.Fatalf("%s: chat %d of %d is gone", name, i, len(before.All()))
			}
			continue
		}
		is := after.Ref(no)
		if was != is {
			t.Fatalf("%s: chat %d was %+v, is %+v", name, no, was, is)
		}
		var x, y Thread
		ref := after.Thread(no)
		before.MakeThread(&x, before.Thread(no), before.now)
		after.MakeThread(&y, ref, before.now)
		if y.Next != x.Next && x.Next == "" { // it may have come since
			y.Next = ""
		}
		if x.Previous != y.Previous && before.Ref(was.Root).Earlier() {
			y.Previous = x.Previous
		}
		if !reflect.DeepEqual(x, y) {
			t.Fatalf("%s: chat %d has changed:\n%+v\n%+v", name, no, x, y)
		}
		after.MakeThread(&y, ref, after.now)
		if y.ID != x.ID || y.ChatID != x.ChatID || y.CustomerID != x.CustomerID || y.Created != x.Created || !x.Pending && (y.Ended != x.Ended || y.Pending) {
			t.Fatalf("%s: chat %d is another one: %s %s", name, no, x.ID, y.ID)
		}
	}
	old := len(before.All()) - gone
	for i, n := range after.All() {
		if start := after.Ref(int(n)).Start; (start > before.now) != (i >= old) || start > after.now || start < o.Since.Unix() && !o.Since.IsZero() {
			t.Fatalf("%s: chat %d of %d begins at %d", name, i, len(after.All()), start)
		}
	}
	if open := after.Open(after.now); len(open) < o.Pending {
		t.Fatalf("%s: %d are open, want %d or more", name, len(open), o.Pending)
	}
	o.Now = lastingDay
	moved := New(o)
	moved.Advance(after.now)
	if a, b := moved.All(), after.All(); !reflect.DeepEqual(a[len(a)-len(b):], b) {
		t.Fatalf("%s: time that moves on comes to another account", name)
	}
}

// TestRate counts the chats of the last days: as many as asked for, and those of
// any other span as the rate has it.
func TestRate(t *testing.T) {
	for shape, off := range map[string]int{"even": 1, "busyhours": 60, "sparse": 113, "bursty": 300, "spikes": 340} {
		o := Options{Now: lastingDay, Chats: 1000, Days: 90, Shape: shape, Pending: 2, EventIDs: "all", Visitor: "object"}
		if a := New(o); len(a.All()) != 1000 {
			t.Errorf("%s: %d chats, want 1000", shape, len(a.All()))
		}
		o.Since = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
		a := New(o)
		sundays := 0
		for _, no := range a.All() {
			if time.Unix(a.Ref(int(no)).Start, 0).UTC().Weekday() == time.Sunday {
				sundays++
			}
		}
		if share := float64(sundays) / float64(len(a.All())); shape == "busyhours" && share > 0.06 || shape == "even" && share < 0.12 {
			t.Errorf("%s: %.3f of the chats come on Sundays", shape, share)
		}
		for from := o.Since.Unix(); from+90*day <= a.now; from += day {
			n := a.Search(a.byStart, Start, from+90*day) - a.Search(a.byStart, Start, from)
			n += a.Search(a.open, Start, from+90*day) - a.Search(a.open, Start, from)
			if n < 1000-off || n > 1000+off {
				t.Errorf("%s: %d chats in the 90 days from %v, want 1000 ± %d", shape, n, time.Unix(from, 0).UTC(), off)
			}
		}
	}
}
