package tap

import (
	"strings"
	"testing"
	"time"

	"tap-livechat/tap/state"
)

// An earlier start_date does not move a bookmark back: the run warns, and names the
// span that is not read. A part that reads it, joined to the state, closes the gap.
func TestSyncEarlierStart(t *testing.T) {
	withEnv(t, "chats=300&days=40&pending=0", func(t *testing.T, w *env) {
		const warning = "start_date is before the span that the state has read"
		early, late := w.config.StartDate, w.now.AddDate(0, 0, -20)
		w.config.StartDate = late
		first := w.complete(state.State{}, nil)
		all := readTranscript(t, first.out, checks{})
		w.config.StartDate = early
		second := w.complete(all.last(t), nil)
		readFrom := all.last(t).Bookmarks["chats"].ReadFrom
		if strings.Contains(first.log, warning) || strings.Count(second.log, warning) != 3 || !strings.Contains(second.log, "end_date="+readFrom.Format(time.RFC3339)) {
			t.Errorf("first:\n%s\nsecond:\n%s", first.log, second.log)
		}
		kept := readTranscript(t, second.out, checks{})
		all.union(kept)
		part := readTranscript(t, w.complete(state.State{}, func(o *Options) { o.Config.EndDate = readFrom }).out, checks{})
		all.union(part)
		merged, err := state.Merge([]state.Named{{Name: "now", State: kept.last(t)}, {Name: "before", State: part.last(t)}})
		if err != nil {
			t.Fatal(err)
		}
		third := w.complete(merged, nil)
		if strings.Contains(third.log, warning) {
			t.Errorf("after merge-state:\n%s", third.log)
		}
		w.wantAll(all, early, nil)
	})
}

// A part that is run before its end_date says what it has read, and a gap is refused.
// Run again from its state after end_date, it is whole.
func TestSyncPartBeforeItsEnd(t *testing.T) {
	withEnv(t, "chats=300&days=40&pending=0", func(t *testing.T, w *env) {
		border := w.now.AddDate(0, 0, 3)
		end := func(o *Options) { o.Config.EndDate = border }
		early := readTranscript(t, w.complete(state.State{}, end).out, checks{}).last(t)
		if b := early.Bookmarks["chats"]; b.ReadTo.After(w.now) {
			t.Errorf("at %s it has read up to %s", w.now, b.ReadTo)
		}
		w.at(w.now.AddDate(0, 0, 6))
		next := readTranscript(t, w.complete(state.State{}, func(o *Options) { o.Config.StartDate = border }).out, checks{}).last(t)
		parts := []state.Named{{Name: "early", State: early}, {Name: "next", State: next}}
		if _, err := state.Merge(parts); err == nil || !strings.Contains(err.Error(), "was not read: early, stream chats") {
			t.Errorf("the gap: %v", err)
		}
		parts[0].State = readTranscript(t, w.complete(early, end).out, checks{}).last(t)
		if _, err := state.Merge(parts); err != nil {
			t.Error(err)
		}
	})
}
