//go:build unix

package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"maps"
	"net/http"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"tap-livechat/tap/sandbox"
	"tap-livechat/tap/sandbox/account"
	"tap-livechat/tap/sandbox/oracle"
)

var gridSeeds = flag.Int("grid.seeds", 1, "how many archives TestGrid reads for each of the service's ways")

// A bad day: things end and vanish while they are read, and one request in
// eight fails in one way or another.
const badDay = "&drift_end=8&drift_vanish=11&rate_503=0.02&rate_429=0.01&rate_reset=0.02&rate_cut=0.01&rate_chopped=0.01" +
	"&rate_broken=0.01&rate_html=0.01&rate_empty=0.01&rate_null=0.01&rate_wrong_total=0.01&rate_no_total=0.01"

// TestGrid runs the real program against archives that behave in every way the
// reference leaves open, on a bad day, until a run says that all adds up. Then
// the records of all runs are held, field by field, against what the sandbox
// holds, by rules that are written down once more (tap/sandbox/oracle).
func TestGrid(t *testing.T) {
	t.Parallel()
	var cases []string
	for _, order := range []string{"newest", "oldest", "none"} {
		for _, dates := range []string{"start", "end", "overlap"} {
			for _, cap := range []string{"cap_total=true&past_end=empty", "cap_total=capped&past_end=400"} {
				for seed := 1; seed <= *gridSeeds; seed++ {
					cases = append(cases, fmt.Sprintf("chats=400&days=20&visitor=mixed&event_ids=some&long_chats=0.03&order=%s&dates=%s&%s&seed=%d&fault_seed=%d%s", order, dates, cap, seed, seed, badDay))
				}
			}
		}
	}
	// A service of which nothing can be believed; TestHistories in package tap has
	// many more of these, without a process each.
	for i, lie := range []string{
		"contradict=0.3&zero_once=0.2&contradict_with=end_zero,end_text_zero,end_minus_one,end_1970,end_before,end_future,end_century,end_missing,end_unknown,start_missing,start_zero,start_other_day", "total_zero_once=0.3&pages_off=-2&order=oldest", "clock=archive&clock_off=-7m&dates=end&contradict=0.1&contradict_with=end_zero,end_before",
		"late_show=3h&pending_404=once&dates=overlap", "past_end=last&total_off=-1", "empty_once=0.02&rate_wrong_total=0.02",
	} {
		for seed := range *gridSeeds {
			cases = append(cases, fmt.Sprintf("chats=400&days=20&long_chats=0.03&seed=%d&fault_seed=%d&%s", 100*i+seed, 100*i+seed, lie))
		}
	}
	if !testing.Short() {
		for i, way := range []string{"order=newest&dates=start&cap_total=true", "order=none&dates=end&cap_total=capped&past_end=400"} {
			cases = append(cases, fmt.Sprintf("chats=300&days=12&full_day=3&full_day_chats=26000&cache=true&%s&fault_seed=%d&rate_503=0.01&rate_reset=0.005", way, i))
		}
	}
	var sum gridSum
	var all sync.WaitGroup
	free := make(chan bool, 6) // most of the time is spent waiting before another try
	for _, switches := range cases {
		url := startSandbox(t, switches)
		free <- true
		all.Go(func() {
			defer func() { <-free }()
			if err := sum.read(t, url, switches); err != nil {
				t.Errorf("%s: %v", switches, err)
			}
		})
	}
	all.Wait()
	t.Logf("%d archives, %d runs, %d requests of which %d failed; %d chats, %d records compared field by field",
		len(cases), sum.runs, sum.requests, sum.failed, sum.chats, sum.records)
}

// onlyChats is a catalog in which the other streams are not selected.
func onlyChats(t *testing.T) (file string) {
	t.Helper()
	stdout, _, _ := runProgram(t.Context(), nil, "--discover")
	var catalog map[string][]map[string]any
	if err := json.Unmarshal([]byte(stdout), &catalog); err != nil {
		t.Error(err)
	}
	for _, stream := range catalog["streams"] {
		root := stream["metadata"].([]any)[0].(map[string]any)["metadata"].(map[string]any)
		root["selected"] = stream["stream"] == "chats"
	}
	return jsonFile(t, catalog)
}

// gridSum is what all cases together came to.
type gridSum struct {
	mu                                     sync.Mutex
	runs, requests, failed, chats, records int
}

// read reads an archive, run after run, until one says that all adds up, and
// compares.
func (sum *gridSum) read(t *testing.T, url, switches string) error {
	config := map[string]any{"entity_id": "acct-1", "access_token": secret, "start_date": time.Now().UTC().AddDate(0, 0, -30).Format(time.DateOnly), "api_url": url}
	var args []string
	got := newDelivery()
	if strings.Contains(switches, "full_day=") { // half a million records of which one stream tells enough
		args = []string{"--catalog", onlyChats(t)}
		delete(got.records, "messages")
		delete(got.records, "events")
	}
	const most = 8
	var began time.Time
	for run := 1; ; run++ {
		j := newJob(t, jsonFile(t, config), got.state)
		j.cmd.Args = append(j.cmd.Args, args...)
		began = time.Now().UTC().Truncate(time.Second) // as exactly as chats say when they ended
		err := j.cmd.Run()
		var ended *exec.ExitError
		incomplete := errors.As(err, &ended) && ended.ExitCode() == exitIncomplete
		if err != nil && !incomplete {
			return fmt.Errorf("run %d: %v: %s", run, err, j.last())
		}
		if err := got.add(j.stdout.Bytes()); err != nil {
			return fmt.Errorf("run %d: %w", run, err)
		}
		sum.mu.Lock()
		sum.runs++
		sum.mu.Unlock()
		if run > 1 && !incomplete {
			break
		}
		if run == most {
			return fmt.Errorf("after %d runs it still does not add up: %s", run, j.last())
		}
	}
	truth, err := fetchTruth(url, switches)
	if err != nil {
		return err
	}
	n, err := got.compare(truth, began)
	if err != nil {
		return err
	}
	var log struct {
		Count   int
		ByFault map[string]int `json:"by_fault"`
	}
	if err := getJSON(url+"/_sandbox/requests", &log); err != nil {
		return err
	}
	if pages := (len(truth) + 24) / 25; log.Count > 8*pages+100 {
		err = fmt.Errorf("%d requests for %d pages", log.Count, pages)
	}
	sum.mu.Lock()
	defer sum.mu.Unlock()
	sum.requests += log.Count
	for _, f := range log.ByFault {
		sum.failed += f
	}
	sum.chats, sum.records = sum.chats+len(truth), sum.records+n
	return err
}

// delivery is what all runs have written, record by record.
type delivery struct {
	records   map[string]map[string]record // by stream and key; what came last counts
	bookmarks map[string]string
	state     string
	states    []covered
}

// covered is a STATE and what had been written before it.
type covered struct {
	bookmark string // of the chats
	open     []string
	chats    map[string]bool
}

type record = map[string]any

func newDelivery() *delivery {
	return &delivery{records: map[string]map[string]record{"chats": {}, "messages": {}, "events": {}}, bookmarks: make(map[string]string)}
}

// add reads the messages of a run and holds them to the order they must have.
func (d *delivery) add(out []byte) error {
	described := make(map[string]bool)
	last := ""
	for line := range bytes.Lines(out) {
		var m struct {
			Type, Stream string
			Record       record
			Value        json.RawMessage
		}
		decoder := json.NewDecoder(bytes.NewReader(line))
		decoder.UseNumber()
		if err := decoder.Decode(&m); err != nil {
			return fmt.Errorf("%w: %.200s", err, line)
		}
		switch last = m.Type; m.Type {
		case "SCHEMA":
			described[m.Stream] = true
		case "RECORD":
			if !described[m.Stream] {
				return fmt.Errorf("a record of %s before its schema", m.Stream)
			}
			d.records[m.Stream][keyOf(m.Stream, m.Record)] = m.Record
		case "STATE":
			if err := d.addState(m.Value); err != nil {
				return err
			}
		}
	}
	if last != "STATE" {
		return fmt.Errorf("the last line is a %s", last)
	}
	return nil
}

func (d *delivery) addState(value []byte) error {
	var state struct {
		Bookmarks map[string]struct {
			Ended string    `json:"ended_timestamp"`
			Chat  string    `json:"chat_ended"`
			Open  []waiting `json:"open_chats"`
		}
	}
	if err := json.Unmarshal(value, &state); err != nil {
		return fmt.Errorf("%w: %s", err, value)
	}
	for stream, b := range state.Bookmarks {
		at := b.Ended + b.Chat
		if at < d.bookmarks[stream] {
			return fmt.Errorf("the bookmark of %s went back from %s to %s", stream, d.bookmarks[stream], at)
		}
		d.bookmarks[stream] = at
	}
	c := covered{bookmark: state.Bookmarks["chats"].Ended, chats: make(map[string]bool)}
	for _, w := range state.Bookmarks["chats"].Open {
		c.open = append(c.open, string(w))
	}
	for _, r := range d.records["chats"] {
		c.chats[r["id"].(string)] = true
	}
	d.state, d.states = string(value), append(d.states, c)
	return nil
}

// waiting is the id of an entry of open_chats: the id itself, or an object that has it.
type waiting string

func (w *waiting) UnmarshalJSON(text []byte) error {
	var object struct{ ID string }
	if text[0] == '{' {
		err := json.Unmarshal(text, &object)
		*w = waiting(object.ID)
		return err
	}
	return json.Unmarshal(text, (*string)(w))
}

func keyOf(stream string, r record) string {
	if stream == "chats" {
		return oracle.Key(r["id"].(string), r["agent_email"].(string))
	}
	return fmt.Sprint(r["event_id"])
}

// compare holds the records against the truth. What had ended before the last
// run began must be there; what ended later, or is gone, may be, and has to be
// right then.
func (d *delivery) compare(truth []oracle.Told, began time.Time) (compared int, err error) {
	left := map[string]map[string]record{}
	for stream, all := range d.records {
		left[stream] = maps.Clone(all)
	}
	for _, chat := range truth {
		must := !chat.Pending && !chat.Vanished && chat.Ended().Before(began) && chat.Appears.Before(began)
		for stream, want := range oracle.V2(chat.Chat) {
			if d.records[stream] == nil {
				continue
			}
			for key, w := range want {
				got, ok := left[stream][key]
				if !ok && must {
					return compared, fmt.Errorf("%s %s of %s, which ended %s, is missing", stream, key, chat.ID, chat.Ended())
				}
				if !ok {
					continue
				}
				got = oracle.Tidy(got)
				if chat.Contradicts != account.NoContradiction { // whose local dates are left open
					delete(got, "started")
					delete(got, "ended")
				}
				if diff := cmp.Diff(w, got); diff != "" {
					return compared, fmt.Errorf("%s %s (-want +got):\n%s", stream, key, diff)
				}
				delete(left[stream], key)
				compared++
			}
		}
		for _, s := range d.states {
			if must && !chat.Missed && s.bookmark != "" && chat.Ended().Format(time.RFC3339) < s.bookmark && !s.chats[chat.ID] && !slices.Contains(s.open, chat.ID) {
				return compared, fmt.Errorf("the STATE with %s covers %s, which ended %s and had not been written", s.bookmark, chat.ID, chat.Ended())
			}
		}
	}
	for stream, all := range left {
		for key := range all {
			return compared, fmt.Errorf("%s %s is in no chat of the sandbox's", stream, key)
		}
	}
	return compared, nil
}

func getJSON(url string, into any) error {
	resp, err := http.Get(url)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	return json.NewDecoder(resp.Body).Decode(into)
}

// fetchTruth asks a sandbox for every chat it ever held.
func fetchTruth(url, switches string) ([]oracle.Told, error) {
	o, err := sandbox.Parse(switches)
	if err != nil {
		return nil, err
	}
	resp, err := http.Get(url + "/_sandbox/chats")
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	return oracle.Truth(o.Options, resp.Body, time.Now())
}
