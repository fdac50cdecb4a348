package tap

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"tap-livechat/catalog"
	"tap-livechat/tap/checkpoint"
	"tap-livechat/tap/state"
)

// selecting makes a selection with a catalog of root metadata.
func selecting(t *testing.T, roots map[string]string) catalog.Selection {
	t.Helper()
	var b bytes.Buffer
	if err := catalog.Discover(catalog.V2).Write(&b); err != nil {
		t.Fatal(err)
	}
	var doc struct {
		Streams []map[string]any `json:"streams"`
	}
	if err := json.Unmarshal(b.Bytes(), &doc); err != nil {
		t.Fatal(err)
	}
	for _, s := range doc.Streams {
		var root map[string]any
		if err := json.Unmarshal([]byte(`{"selected":false}`), &root); err != nil {
			t.Fatal(err)
		}
		if text, ok := roots[s["stream"].(string)]; ok {
			if err := json.Unmarshal([]byte(text), &root); err != nil {
				t.Fatal(err)
			}
		}
		for _, m := range s["metadata"].([]any) {
			m := m.(map[string]any)
			if len(m["breadcrumb"].([]any)) == 0 {
				for k, v := range root {
					m["metadata"].(map[string]any)[k] = v
				}
			}
		}
	}
	text, err := json.Marshal(doc)
	if err != nil {
		t.Fatal(err)
	}
	c, err := catalog.Read(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	selection, _, err := c.Select(catalog.V2)
	if err != nil {
		t.Fatal(err)
	}
	return selection
}

const on = `{"selected":true}`

// A stream that is switched on later is read from the beginning, and no other
// is repeated for it.
func TestSyncStreamSwitchedOnLater(t *testing.T) {
	withEnv(t, "chats=150&days=30", func(t *testing.T, w *env) {
		first := w.complete(state.State{}, func(o *Options) { o.Selection = selecting(t, map[string]string{"chats": on}) })
		one := readTranscript(t, first.out, checks{})
		if !slices.Equal(one.schemas, []string{"chats"}) || len(one.states[len(one.states)-1].marks) != 1 {
			t.Errorf("%q, %v", one.schemas, one.states)
		}
		second := w.complete(one.last(t), func(o *Options) { o.Selection = selecting(t, map[string]string{"chats": on, "events": on}) })
		two := readTranscript(t, second.out, checks{})
		for _, m := range two.latest["chats"] {
			if ended, ok := m.record["ended_timestamp"].(string); ok && ended < syncNow.Add(-49*time.Hour).Format(time.RFC3339) {
				t.Errorf("chats is repeated: %v, ended %v", m.record["id"], ended)
			}
		}
		one.union(two)
		third := w.complete(two.last(t), nil)
		three := readTranscript(t, third.out, checks{})
		if n := three.count["events"]; n > two.count["events"]/4 {
			t.Errorf("%d events are repeated", n)
		}
		one.union(three)
		w.wantAll(one, w.config.StartDate, ordinary)
	})
}

func TestSyncChildAlone(t *testing.T) {
	for _, stream := range []string{"messages", "events"} {
		withEnv(t, "chats=200&days=30", func(t *testing.T, w *env) {
			r := w.complete(state.State{}, func(o *Options) { o.Selection = selecting(t, map[string]string{stream: on}) })
			tr := readTranscript(t, r.out, checks{})
			if !slices.Equal(tr.schemas, []string{stream}) {
				t.Errorf("%q", tr.schemas)
			}
			want := 0
			for _, chat := range w.wanted(w.config.StartDate) {
				want += map[string]int{"messages": chat.Messages, "events": chat.Events}[stream]
			}
			if tr.count[stream] != want || want == 0 {
				t.Errorf("%d %s, want %d", tr.count[stream], stream, want)
			}
		})
	}
}

// A stream that is read in full neither uses nor moves its bookmark, and that
// of a stream that is not selected stays.
func TestSyncFullTableAndUnselected(t *testing.T) {
	withEnv(t, "chats=150&days=30", func(t *testing.T, w *env) {
		bookmarks := `"bookmarks":{"agents":{"x":1},"chats":{"ended_timestamp":"2026-03-01T00:00:00.5+01:00","note":"mine"},"events":{"chat_ended":"2026-03-02","open_chats":["Q"]}`
		from := `{` + bookmarks + `,"messages":{"chat_ended":"2026-03-08T00:00:00Z","open_chats":[]}},"currently_syncing":null}`
		r := w.complete(mustState(t, from), func(o *Options) {
			o.Selection = selecting(t, map[string]string{"chats": `{"selected":true,"replication-method":"FULL_TABLE"}`, "messages": on})
		})
		tr := readTranscript(t, r.out, checks{})
		if tr.count["chats"] < len(w.wanted(w.config.StartDate)) {
			t.Errorf("%d chats for a full table of %d", tr.count["chats"], len(w.wanted(w.config.StartDate)))
		}
		for _, m := range tr.latest["messages"] {
			if ended := m.record["chat_ended"].(string); ended < "2026-03-07" {
				t.Errorf("a message of a chat that ended %s", ended)
			}
		}
		for _, s := range tr.states {
			if !strings.HasPrefix(s.text, `{`+bookmarks+`,"messages":{"api":"2","chat_ended":"2026-03-`) || !strings.HasSuffix(s.text, `"currently_syncing":null}`) {
				t.Errorf("%s\nwas %s", s.text, from)
			}
		}
	})
}

// What other tools and older versions leave is gone on from.
func TestSyncFromOtherStates(t *testing.T) {
	for _, kept := range []string{
		`{"bookmarks":{"chats":{"ended_timestamp":"2026-03-05T00:00:00.000000Z"}}}`,
		`{"bookmarks":{"chats":{"ended_timestamp":"2026-03-05"}}}`,
		`{"type":"STATE","value":{"bookmarks":{"chats":{"ended_timestamp":"2026-03-05T02:00:00+02:00"}}}}`,
		`{"bookmarks":{"chats":{"replication_key":"ended_timestamp","replication_key_value":"2026-03-05T00:00:00"}}}`,
	} {
		t.Run(kept, func(t *testing.T) {
			withEnv(t, "chats=150&days=30", func(t *testing.T, w *env) {
				only := func(o *Options) { o.Selection = selecting(t, map[string]string{"chats": on}) }
				r := w.complete(mustState(t, kept), only)
				tr := readTranscript(t, r.out, checks{})
				// Another tool's state does not say which chats were open: of
				// those that began before the look-back nothing is known.
				for _, chat := range w.wanted(time.Date(2026, 3, 4, 0, 0, 0, 0, time.UTC)) {
					if !chat.Started.Before(time.Date(2026, 3, 4, 0, 0, 0, 0, time.UTC)) && !tr.has(chat) {
						t.Errorf("%s is missing, from %s to %s", chat.ID, chat.Started, chat.Ended)
					}
				}
				// Since the state does not say which chats are open, 32 days are read again.
				for _, m := range tr.latest["chats"] {
					if ended, ok := m.record["ended_timestamp"].(string); ok && ended < "2026-02-01" {
						t.Errorf("a chat that ended %s is repeated", ended)
					}
				}
				if last := tr.states[len(tr.states)-1].text; strings.Contains(last, "replication_key") || strings.Contains(last, "value") {
					t.Errorf("the state is %s", last)
				}
				if last := tr.states[len(tr.states)-1].marks["chats"]; !last.After(syncNow.AddDate(0, 0, -3)) {
					t.Errorf("the bookmark is %s", last)
				}
			})
		})
	}
}

// A thread that was open when the state lost its list may have ended long after its
// last event, and nothing says so: its end comes, and no record of it stays open.
func TestSyncLostList(t *testing.T) {
	withEnv(t, "chats=305&days=38&seed=184799&shape=bursty&returning=0.2&long_chats=0.5&long_days=12&pending=4&v3_no_end=1", func(t *testing.T, w *env) {
		run := func(from state.State) *transcript {
			return readTranscript(t, w.complete(from, func(o *Options) {
				o.Config.APIVersion, o.Config.IncludePending, o.Config.LookbackDays = catalog.V3, true, 0
				o.Selection.Streams = slices.DeleteFunc(catalog.Default(catalog.V3).Streams, func(s catalog.Selected) bool { return s.Name != "chats" }) // others would be read from start_date
			}).out, checks{})
		}
		all := run(state.State{})
		var open []string
		for key, m := range all.latest["chats"] {
			if m.record["pending"] == true {
				open = append(open, key)
			}
		}
		if len(open) == 0 {
			t.Fatal("no thread was open")
		}
		b := all.last(t).Bookmarks["chats"]
		w.at(syncNow.AddDate(0, 0, 14)) // when all of them have ended
		all.union(run(mustState(t, `{"bookmarks":{"chats":{"ended_timestamp":"`+b.At.Format(time.RFC3339)+`","api":"3"}}}`)))
		for _, key := range open {
			if all.latest["chats"][key].record["pending"] == true {
				t.Errorf("%q has ended, and its record is an open one", key)
			}
		}
	})
}

// Parts of a backfill that run side by side make the whole, and share nothing.
func TestSyncParts(t *testing.T) {
	for _, switches := range []string{"dates=start", "dates=end", "dates=overlap&order=none", "dates=start&order=oldest&seed=5"} {
		t.Run(switches, func(t *testing.T) {
			t.Parallel()
			withEnv(t, "chats=180&days=40&long_chats=0.2&long_days=6&pending=5&"+switches, func(t *testing.T, w *env) {
				cuts := []time.Time{w.config.StartDate, syncNow.Add(-30*24*time.Hour - 5*time.Hour), syncNow.AddDate(0, 0, -12), {}}
				whole := &transcript{latest: make(map[string]map[string]message), count: make(map[string]int)}
				for i := range 3 {
					r := w.complete(state.State{}, func(o *Options) { o.Config.StartDate, o.Config.EndDate = cuts[i], cuts[i+1] })
					tr := readTranscript(t, r.out, checks{repeats: strings.Contains(switches, "overlap")})
					for _, m := range tr.latest["chats"] {
						ended, ok := m.record["ended_timestamp"].(string)
						if !ok {
							continue
						}
						at, _ := time.Parse(time.RFC3339, ended)
						if at.Before(cuts[i].Add(-30 * time.Hour)) { // a midnight, six hours before at least
							t.Errorf("part %d has %v, ended %s", i+1, m.record["id"], ended)
						}
					}
					for _, s := range tr.states {
						if i < 2 && s.marks["chats"].After(cuts[i+1]) {
							t.Errorf("part %d has the bookmark %s", i+1, s.marks["chats"])
						}
					}
					// A part that is done is done.
					again := w.complete(tr.last(t), func(o *Options) { o.Config.StartDate, o.Config.EndDate = cuts[i], cuts[i+1] })
					if again.requests > 8 || again.summary.Records["chats"] > tr.count["chats"] {
						t.Errorf("part %d run again: %d requests, %v", i+1, again.requests, again.summary.Records)
					}
					readTranscript(t, again.out, checks{repeats: strings.Contains(switches, "overlap")})
					whole.union(tr)
				}
				w.wantAll(whole, w.config.StartDate, ordinary)
			})
		})
	}
}

// The look-back is subtracted when reading and never stored.
func TestSyncLookback(t *testing.T) {
	for _, days := range []int{0, 1, 7} {
		withEnv(t, "chats=120&days=30&shape=even&pending=0&long_chats=0", func(t *testing.T, w *env) {
			w.config.LookbackDays = days
			first := readTranscript(t, w.complete(state.State{}, nil).out, checks{})
			second := readTranscript(t, w.complete(first.last(t), nil).out, checks{})
			mark := first.states[len(first.states)-1].marks["chats"]
			from := mark.Add(-max(time.Duration(days)*24*time.Hour, checkpoint.LeastLookback))
			w.wantAll(second, from, ordinary)
			for _, m := range second.latest["chats"] {
				if ended, ok := m.record["ended_timestamp"].(string); ok && ended < from.Truncate(day).Format(time.RFC3339) {
					t.Errorf("lookback_days %d: a chat that ended %s is repeated, the bookmark is %s", days, ended, mark)
				}
			}
		})
	}
}

// Bookmarks that make no sense must not hide anything.
func TestSyncOddBookmarks(t *testing.T) {
	withEnv(t, "chats=200&days=30&pending=0", func(t *testing.T, w *env) {
		future := `{"bookmarks":{"chats":{"ended_timestamp":"2031-01-01"},"messages":{"chat_ended":"2031-01-01"},"events":{"chat_ended":"2031-01-01"}}}`
		r := w.complete(mustState(t, future), nil)
		tr := readTranscript(t, r.out, checks{})
		w.wantAll(tr, w.now.AddDate(0, 0, -1), nil)
		if !strings.Contains(r.log, "lies in the future") {
			t.Error(r.log)
		}
		old := `{"bookmarks":{"chats":{"ended_timestamp":"1999-01-01"}}}`
		r = w.complete(mustState(t, old), nil)
		tr = readTranscript(t, r.out, checks{})
		w.wantAll(tr, w.config.StartDate, nil)
		for _, request := range w.server.Requests() {
			if to := request.Query.Get("date_to"); to < "2025" && request.Path == "/chats" {
				t.Errorf("asked for days up to %s", to)
			}
		}
	})
}
