package sandbox

import (
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestSetNow(t *testing.T) {
	const query = "chats=300&days=10&pending=5&long_chats=0.1"
	s := newServer(t, query)
	before := truth(s, func(Chat) bool { return true })
	open := truth(s, func(c Chat) bool { return c.Pending })
	now := s.opt.Now
	for h := 6; h <= 24*5; h += 6 {
		s.SetNow(now.Add(time.Duration(h) * time.Hour))
		for c := range s.Truth() {
			if at := now.Add(time.Duration(h) * time.Hour); c.Started.After(at) || c.Ended.After(at) {
				t.Fatalf("%s is from the future", c.ID)
			}
		}
	}
	after := truth(s, func(Chat) bool { return true })
	if n := len(after) - len(before); n < 100 || n > 200 {
		t.Errorf("%d new chats in five days, want about 150", n)
	}
	stillOpen := truth(s, func(c Chat) bool { return c.Pending && slices.Contains(open, c.ID) })
	if len(stillOpen) != 0 {
		t.Errorf("after five days still open: %v", stillOpen)
	}
	got, _ := readAll(t, s, "timezone=UTC")
	if diff := cmp.Diff(truth(s, ended), sorted(got)); diff != "" {
		t.Error(diff)
	}
	// In one step it comes to the same, and time does not go back.
	once := newServer(t, query)
	once.SetNow(now.Add(5 * 24 * time.Hour))
	once.SetNow(now)
	if diff := cmp.Diff(after, truth(once, func(Chat) bool { return true })); diff != "" {
		t.Error(diff)
	}
}

func TestDrift(t *testing.T) {
	run := func() (total int, drifted, vanished []string) {
		s := newServer(t, "chats=500&drift_end=2&drift_vanish=5")
		for n := 1; n <= 20; n++ {
			total = getPage(t, s, "timezone=UTC&page="+strconv.Itoa(n)).Total
		}
		top := getPage(t, s, "timezone=UTC&include_pending=0").Chats
		drifted = truth(s, func(c Chat) bool { return c.Drifted })
		vanished = truth(s, func(c Chat) bool { return c.Vanished })
		if !slices.ContainsFunc(top, func(c struct {
			ID      string
			Pending bool
		}) bool {
			return slices.Contains(drifted, c.ID)
		}) {
			t.Error("what has just ended is not on the first page")
		}
		for _, id := range vanished {
			if w := get(s, "/chats/"+id); w.Code != 404 {
				t.Errorf("%s vanished, yet answers %d", id, w.Code)
			}
		}
		got, _ := readAll(t, newServer(t, "chats=500"), "timezone=UTC")
		for _, id := range vanished {
			if !slices.Contains(got, id) && !slices.Contains(drifted, id) {
				t.Errorf("%s never was", id)
			}
		}
		return total, drifted, vanished
	}
	total, drifted, vanished := run()
	if len(drifted) != 10 || len(vanished) != 4 {
		t.Errorf("%d came and %d went, want 10 and 4 (total %d)", len(drifted), len(vanished), total)
	}
	_, again, goneAgain := run()
	if diff := cmp.Diff([][]string{drifted, vanished}, [][]string{again, goneAgain}); diff != "" {
		t.Errorf("not the same twice:\n%s", diff)
	}
}
