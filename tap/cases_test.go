package tap

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"tap-livechat/catalog"
	"tap-livechat/tap/checkpoint"
	"tap-livechat/tap/config"
	"tap-livechat/tap/secret"
	"tap-livechat/tap/state"
)

// fakeArchive is a service that lists chats under the days of their starts, whatever
// else they say.
type fakeArchive struct {
	chats []fakeChat
	mu    sync.Mutex
	asked int
}

type fakeChat struct {
	day  string
	text string
}

// put adds a chat that began at a moment; members are more of its JSON.
func (s *fakeArchive) put(id string, start time.Time, members string) {
	s.chats = append(s.chats, fakeChat{start.Format(time.DateOnly), fmt.Sprintf(
		`{"type":"chat","id":%q,"visitor":{"id":"S1.1"},"agents":[{"email":"an@shop.example"}],"timezone":"Europe/Berlin","started_timestamp":%d,"messages":[{"text":"hi","timestamp":%d,"event_id":"%s_1"}],"events":[],%s}`,
		id, start.Unix(), start.Unix()+5, id, members)})
}

func (s *fakeArchive) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	s.asked++
	s.mu.Unlock()
	q := r.URL.Query()
	var found []string
	for _, c := range s.chats {
		if q.Get("date_from") <= c.day && c.day <= q.Get("date_to") {
			found = append(found, c.text)
		}
	}
	n, _ := strconv.Atoi(q.Get("page"))
	begin := min((n-1)*25, len(found))
	w.Header().Set("Date", time.Now().UTC().Format(http.TimeFormat))
	fmt.Fprintf(w, `{"chats":[%s],"total":%d,"pages":%d}`, strings.Join(found[begin:min(begin+25, len(found))], ","), len(found), max(1, (len(found)+24)/25))
}

// take runs the tap against the fake archive.
func (s *fakeArchive) take(t *testing.T, service http.RoundTripper, start time.Time, from state.State) (tr *transcript, summary Summary, log string) {
	t.Helper()
	var out, said bytes.Buffer
	s.asked = 0
	summary, err := Sync(context.Background(), Options{
		Config: config.Config{AccessToken: secret.New("x"), APIVersion: "2", StartDate: start, LookbackDays: 1, OnInvalid: config.Fail, MaxConcurrentRequests: 4,
			RequestTimeout: time.Second, MaxRetries: 1},
		Selection: catalog.Default(catalog.V2), State: from, Out: &out, Log: textLog(&said), Now: time.Now().UTC(), Transport: service,
	})
	if err != nil {
		t.Fatalf("%v\n%s", err, said.String())
	}
	return readTranscript(t, out.Bytes(), checks{}), summary, said.String()
}

func (tr *transcript) ids() (all []string) {
	for _, m := range tr.latest["chats"] {
		all = append(all, m.record["id"].(string))
	}
	slices.Sort(all)
	return all
}

// An end that cannot be one is none: the chat is delivered, with what stands in
// for it, and counted in a warning that names one.
func TestEndThatIsNone(t *testing.T) {
	start := time.Date(2026, 2, 20, 8, 0, 0, 0, time.UTC)
	s := new(fakeArchive)
	s.put("FINE", start, fmt.Sprint(`"ended_timestamp":`, start.Unix()+60))
	s.put("ZERO", start, `"ended_timestamp":0`)
	s.put("ZEROTEXT", start, `"ended_timestamp":"0"`)
	s.put("MINUS", start, `"ended_timestamp":-1`)
	s.put("TEXT1970", start, `"ended":"Thu, 01/01/70 01:00:00 am"`)
	s.put("BEFORESTART", start, fmt.Sprint(`"ended_timestamp":`, start.AddDate(0, 0, -40).Unix()))
	s.put("CENTURY", start, fmt.Sprint(`"ended_timestamp":`, start.AddDate(100, 0, 0).Unix()))
	s.put("MILLISECONDS", start, fmt.Sprint(`"ended_timestamp":`, start.UnixMilli()))
	s.put("NOTHING", start, `"ended_timestamp":null,"duration":120`)
	serve(t, s, func(t *testing.T, service http.RoundTripper) {
		tr, summary, log := s.take(t, service, start.AddDate(0, 0, -9), state.State{})
		if got := tr.ids(); len(got) != len(s.chats) {
			t.Errorf("%q came", got)
		}
		for key, m := range tr.latest["chats"] {
			want := start.Add(5 * time.Second) // the only message
			switch id := m.record["id"]; id {
			case "FINE":
				want = start.Add(time.Minute)
			case "NOTHING":
				want = start.Add(2 * time.Minute)
			}
			if m.record["ended_timestamp"] != want.Format(time.RFC3339) {
				t.Errorf("%q ended %v, want %s", key, m.record["ended_timestamp"], want)
			}
		}
		if n := strings.Count(log, "level=WARN"); n == 0 || !strings.Contains(log, "first_chat=") || summary.Chats != len(s.chats) {
			t.Errorf("%s", log)
		}
	})
}

// One chat that "ended" years from now is delivered and named; it holds no
// bookmark and moves none, and costs nothing.
func TestEndInTheFuture(t *testing.T) {
	start := time.Date(2026, 2, 2, 0, 0, 0, 0, time.UTC)
	s := new(fakeArchive)
	for i := range 1500 {
		at := start.Add(time.Duration(i) * 20 * time.Minute)
		end := at.Add(10 * time.Minute)
		if i == 100 {
			end = at.AddDate(5, 0, 0)
		}
		s.put(fmt.Sprintf("F%04d", i), at, fmt.Sprint(`"ended_timestamp":`, end.Unix()))
	}
	serve(t, s, func(t *testing.T, service http.RoundTripper) {
		tr, _, log := s.take(t, service, start.AddDate(0, 0, -1), state.State{})
		if len(tr.ids()) != 1500 || s.asked > 62+4 {
			t.Errorf("%d chats, %d requests", len(tr.ids()), s.asked)
		}
		if !strings.Contains(log, "it lies in the future") || !strings.Contains(log, "F0100") {
			t.Errorf("%s", log)
		}
		last := start.Add(1499*20*time.Minute + 10*time.Minute)
		if mark := tr.states[len(tr.states)-1].marks["chats"]; !mark.Equal(last) {
			t.Errorf("the bookmark is %s, want %s", mark, last)
		}
		tr, _, _ = s.take(t, service, start.AddDate(0, 0, -1), tr.last(t))
		if s.asked > 8 || len(tr.ids()) > 150 {
			t.Errorf("the second run cost %d requests and brought %d chats", s.asked, len(tr.ids()))
		}
	})
}

// A bookmark in the future is brought back to now, which is said.
func TestBookmarkInTheFuture(t *testing.T) {
	withEnv(t, "chats=300&days=30&shape=even", func(t *testing.T, w *env) {
		kept := mustState(t, `{"bookmarks":{"chats":{"ended_timestamp":"2031-01-01T00:00:00Z"},"messages":{"chat_ended":"2031-01-01T00:00:00Z"},"events":{"chat_ended":"2031-01-01T00:00:00Z"}}}`)
		r := w.complete(kept, nil)
		if n := strings.Count(r.log, "the bookmark lies in the future"); n != 3 {
			t.Errorf("%d warnings: %s", n, r.log)
		}
		tr := readTranscript(t, r.out, checks{})
		for stream, mark := range tr.states[len(tr.states)-1].marks {
			if mark.After(w.now) || mark.Before(w.now.Add(-time.Minute)) {
				t.Errorf("the bookmark of %s is %s", stream, mark)
			}
		}
		// Whoever runs once a week has all of the week from then on.
		began := w.now
		w.at(w.now.AddDate(0, 0, 7))
		next := readTranscript(t, w.complete(tr.last(t), nil).out, checks{})
		w.wantAll(next, began, nil)
	})
}

// One answer ends nothing: a chat that is not found is asked for again, and only
// given up, by name, after several runs that are hours apart.
func TestOpenChatNotFound(t *testing.T) {
	withEnv(t, "chats=60&days=20&pending=3&long_chats=0.9&long_days=12&pending_404=always&seed=4", func(t *testing.T, w *env) {
		tr := readTranscript(t, w.complete(state.State{}, nil).out, checks{})
		kept := tr.last(t)
		open := func() map[string]state.OpenChat {
			b := kept.Bookmarks["chats"]
			all := make(map[string]state.OpenChat)
			for _, c := range b.Open {
				all[c.ID] = c
			}
			return all
		}
		named := ""
		missed := 0
		for _, hours := range []int{60, 1, 1, 6, 1, 6, 6, 6} {
			w.at(w.now.Add(time.Duration(hours) * time.Hour))
			before := open()
			r := w.complete(kept, nil)
			kept = readTranscript(t, r.out, checks{}).last(t)
			for _, line := range strings.Split(r.log, "\n") {
				if strings.Contains(line, "not in the archive any more") {
					named += line
				}
			}
			after := open()
			for id, c := range after {
				missed = max(missed, c.Missed)
				if b, ok := before[id]; ok && c.Missed > b.Missed && b.Missed > 0 && w.now.Sub(b.Asked) < checkpoint.LeastLookback {
					t.Errorf("%s is missed again after %s", id, w.now.Sub(b.Asked))
				}
			}
			for id, c := range before {
				if _, ok := after[id]; !ok && c.Missed > 0 && c.Missed < checkpoint.MaxNotFound-1 && !strings.Contains(string(r.out), `"`+id+`"`) {
					t.Errorf("%s is given up after %d", id, c.Missed)
				}
			}
		}
		if named == "" || missed != 2 {
			t.Errorf("named %q, missed at most %d", named, missed)
		}
	})
}

// What a run leaves out is counted, by reason.
func TestLeftOut(t *testing.T) {
	withEnv(t, "chats=300&days=30&shape=even&pending=4&long_chats=0.1", func(t *testing.T, w *env) {
		w.config.StartDate = syncNow.Add(-10*day - 7*time.Hour)
		r := w.complete(state.State{}, nil)
		var all []string
		for why, n := range r.summary.LeftOut {
			if n > 0 {
				all = append(all, why)
			}
		}
		slices.Sort(all)
		if want := []string{notEnded}; !slices.Equal(all, want) {
			t.Errorf("%q, want %q", all, want)
		}
		text := r.summary.ReasonsLeftOut()
		if !strings.Contains(text, notEnded+"=") || (Summary{}).ReasonsLeftOut() != "" {
			t.Errorf("%q", text)
		}
	})
}
