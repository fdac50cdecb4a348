package state

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

func TestReadState(t *testing.T) {
	at := func(text string) time.Time {
		when, err := time.Parse(time.RFC3339Nano, text)
		if err != nil {
			t.Fatal(err)
		}
		return when
	}
	for _, test := range []struct{ name, text, want string }{ // want: of chats; empty: none
		{"ours", `{"bookmarks":{"chats":{"ended_timestamp":"2024-01-31T10:00:00Z"}}}`, "2024-01-31T10:00:00Z"},
		{"fraction", `{"bookmarks":{"chats":{"ended_timestamp":"2024-01-31T10:00:00.123456Z"}}}`, "2024-01-31T10:00:00.123456Z"},
		{"offset", `{"bookmarks":{"chats":{"ended_timestamp":"2024-01-31T10:00:00+05:45"}}}`, "2024-01-31T04:15:00Z"},
		{"no offset", `{"bookmarks":{"chats":{"ended_timestamp":"2024-01-31T10:00:00"}}}`, "2024-01-31T10:00:00Z"},
		{"blank between", `{"bookmarks":{"chats":{"ended_timestamp":"2024-01-31 10:00:00"}}}`, "2024-01-31T10:00:00Z"},
		{"day", `{"bookmarks":{"chats":{"ended_timestamp":"2024-01-31"}}}`, "2024-01-31T00:00:00Z"},
		{"old tap", `{"bookmarks":{"chats":{"ended_timestamp":"2024-01-31T10:00:00.000000Z"}}}`, "2024-01-31T10:00:00Z"},
		{"seconds", `{"bookmarks":{"chats":{"ended_timestamp":1706695200}}}`, "2024-01-31T10:00:00Z"},
		{"seconds as text", `{"bookmarks":{"chats":{"ended_timestamp":"1706695200"}}}`, "error"},
		{"message", `{"type":"STATE","value":{"bookmarks":{"chats":{"ended_timestamp":"2024-01-31T10:00:00Z"}}}}`, "2024-01-31T10:00:00Z"},
		{"messages", "{\"bookmarks\":{}}\n" + `{"type":"STATE","value":{"bookmarks":{"chats":{"ended_timestamp":"2024-01-31T10:00:00Z"}}}}` + "\n", "2024-01-31T10:00:00Z"},
		{"meltano", `{"singer_state":{"bookmarks":{"chats":{"ended_timestamp":"2024-01-31T10:00:00Z"}}}}`, "2024-01-31T10:00:00Z"},
		{"both wrappers", `{"singer_state":{"type":"STATE","value":{"bookmarks":{"chats":{"ended_timestamp":"2024-01-31"}}}}}`, "2024-01-31T00:00:00Z"},
		{"sdk", `{"bookmarks":{"chats":{"replication_key":"ended_timestamp","replication_key_value":"2024-01-31T10:00:00Z"}}}`, "2024-01-31T10:00:00Z"},
		{"sdk, another key", `{"bookmarks":{"chats":{"replication_key":"updated_at","replication_key_value":"2024-01-31T10:00:00Z"}}}`, "error"},
		{"sdk, ours wins", `{"bookmarks":{"chats":{"replication_key":"ended_timestamp","replication_key_value":"2020-01-31","ended_timestamp":"2024-01-31"}}}`, "2024-01-31T00:00:00Z"},
		{"other case", `{"BOOKMARKS":{"chats":{"Ended_Timestamp":"2024-01-31"}}}`, "2024-01-31T00:00:00Z"},
		{"byte order mark", "\ufeff" + `{"bookmarks":{"chats":{"ended_timestamp":"2024-01-31"}}}`, "2024-01-31T00:00:00Z"},
		{"nothing", ``, ""},
		{"blanks", " \n\n", ""},
		{"null", `null`, ""},
		{"empty", `{}`, ""},
		{"null bookmarks", `{"bookmarks":null}`, ""},
		{"null stream", `{"bookmarks":{"chats":null}}`, ""},
		{"null bookmark", `{"bookmarks":{"chats":{"ended_timestamp":null}}}`, ""},
		{"empty bookmark", `{"bookmarks":{"chats":{"ended_timestamp":""}}}`, ""},
		{"null value", `{"type":"STATE","value":null}`, ""},
		{"a stream's is empty", `{"bookmarks":{"chats":{}}}`, ""},
		{"another stream's is empty", `{"bookmarks":{"agents":{}}}`, ""},
		{"nothing in it", `{"bookmarks":{"chats":{"ended_timestamp":null,"api":"2","open_chats":[]}},"currently_syncing":null}`, ""},
		{"a part alone", `{"bookmarks":{},"part":{"start_date":"2024-01-01T00:00:00Z","end_date":"2024-02-01T00:00:00Z","complete":true}}`, ""},
		{"another stream has one", `{"bookmarks":{"messages":{"chat_ended":"2024-01-31"}}}`, ""},
		{"UTF-16", "\xff\xfe{\x00}\x00", ""},
		{"messages around it", `{"type":"SCHEMA","stream":"chats","schema":{}}` + "\n" + `{"type":"STATE","value":{"bookmarks":{"chats":{"ended_timestamp":"2024-01-31"}}}}` +
			"\n" + `{"type":"RECORD","stream":"chats","record":{"bookmarks":{}}}` + "\n" + `{"type":"ACTIVATE_VERSION","stream":"chats","version":1}`, "2024-01-31T00:00:00Z"},
		{"the last state", `{"type":"STATE","value":{"bookmarks":{"chats":{"ended_timestamp":"2024-01-31"}}}}` + "\n" + `{"bookmarks":{"chats":{"ended_timestamp":"2024-02-01"}}}`, "2024-02-01T00:00:00Z"},
		{"of a backend", `{"completed":{"singer_state":{"bookmarks":{"chats":{"ended_timestamp":"2024-01-31"}}}},"partial":{}}`, "2024-01-31T00:00:00Z"},
		{"of a backend, merged", `{"completed":{"singer_state":{"bookmarks":{"chats":{"ended_timestamp":"2024-01-31"},"messages":{"chat_ended":"2024-01-31"}}}},` +
			`"partial":{"singer_state":{"bookmarks":{"chats":{"ended_timestamp":"2024-02-03"}}}}}`, "2024-02-03T00:00:00Z"},
		{"of a backend, partial alone", `{"partial":{"singer_state":{"bookmarks":{"chats":{"ended_timestamp":"2024-02-03"}}}}}`, "2024-02-03T00:00:00Z"},
		{"of an empty backend", `{"completed":{},"partial":null}`, ""},
		{"exported", `{"dev:tap-to-target":{"completed":{"singer_state":{"bookmarks":{"chats":{"ended_timestamp":"2024-01-31"}}}},"partial":{}}}`, "2024-01-31T00:00:00Z"},

		// Each of these was once taken for a first run, which reads and costs everything.
		{"without bookmarks around it", `{"chats":{"ended_timestamp":"2026-11-20T00:00:00Z"},"messages":{"chat_ended":"2026-11-20T00:00:00Z"}}`, "error"},
		{"old shape", `{"chats":"2026-11-20T00:00:00Z"}`, "error"},
		{"other keys", `{"bookmarks":{"chats":{"ended":"2026-11-20T00:00:00Z"},"messages":{"date":"2026-11-20T00:00:00Z"}}}`, "error"},
		{"another stream's name", `{"bookmarks":{"chat":{"ended_timestamp":"2026-11-20T00:00:00Z"}}}`, "error"},
		{"only others", `{"currently_syncing":"chats"}`, "error"},
		{"a record", `{"type":"RECORD","stream":"messages","record":{"text":"hidden"},"time_extracted":"2026-11-20T00:00:00Z"}`, "error"},
		{"a schema", `{"type":"SCHEMA","stream":"chats","schema":{"type":"object"},"key_properties":["id"]}`, "error"},
		{"a record with a state in it", `{"type":"RECORD","bookmarks":{"chats":{"ended_timestamp":"2024-01-31"}}}`, "error"},
		{"a STATE without a value", `{"type":"STATE"}`, "error"},
		{"two exported", `{"a":{"completed":{}},"b":{"completed":{}}}`, "error"},
		{"a catalog", `{"streams":[]}`, ""},
		{"a config", `{"access_token":"hidden","start_date":"2024-01-01"}`, "error"},

		{"cut off", `{"bookmarks":{"chats":{"ended_time`, "error"},
		{"no JSON", `chats: 2024-01-31`, "error"},
		{"a list", `[]`, "error"},
		{"a text", `"2024-01-31"`, "error"},
		{"a number", `1`, "error"},
		{"bookmarks are a list", `{"bookmarks":[]}`, "error"},
		{"a bookmark is a text", `{"bookmarks":{"chats":"2024-01-31"}}`, "error"},
		{"no time", `{"bookmarks":{"chats":{"ended_timestamp":"yesterday"}}}`, "error"},
		{"no day", `{"bookmarks":{"chats":{"ended_timestamp":"2024-02-31"}}}`, "error"},
		{"a float", `{"bookmarks":{"chats":{"ended_timestamp":1706695200.5}}}`, "error"},
		{"a huge number", `{"bookmarks":{"chats":{"ended_timestamp":1e400}}}`, "error"},
		{"milliseconds", `{"bookmarks":{"chats":{"ended_timestamp":1706695200000}}}`, "error"},
		{"a truth value", `{"bookmarks":{"chats":{"ended_timestamp":true}}}`, "error"},
		{"an object", `{"bookmarks":{"chats":{"ended_timestamp":{"a":1}}}}`, "error"},
		{"a customer's words", `{"bookmarks":{"chats":{"ended_timestamp":"hidden"}}}`, "error"},
		{"an API that is none", `{"bookmarks":{"chats":{"ended_timestamp":"2024-01-31","api":["2"]}}}`, "error"},
		{"a name twice", `{"bookmarks":{"chats":{"ended_timestamp":"2024-01-31","ended_timestamp":"2025-01-31"}}}`, "error"},
		{"ids that are none", `{"bookmarks":{"chats":{"ended_timestamp":"2024-01-31","open_chats":[1]}}}`, "error"},
		{"ids in no list", `{"bookmarks":{"chats":{"ended_timestamp":"2024-01-31","open_chats":"A"}}}`, "error"},
		{"two values on a line", `{"bookmarks":{}} {"bookmarks":[]}`, "error"},
		{"text after it", `{"bookmarks":{}} x`, "error"},
	} {
		t.Run(test.name, func(t *testing.T) {
			s, warnings, err := Read(strings.NewReader(test.text))
			var got time.Time
			if err == nil {
				got = s.Bookmarks["chats"].At
			}
			if empty := strings.TrimSpace(test.text) == ""; (len(warnings) > 0) != empty {
				t.Errorf("warnings: %q", warnings)
			}
			var fault *Error
			switch {
			case test.want == "error":
				if !errors.As(err, &fault) || fault.Hint() == "" {
					t.Errorf("got %s, %v", got, err)
				} else if strings.Contains(err.Error(), "hidden") {
					t.Errorf("the message shows what stands in the file: %q", err)
				} else if strings.ContainsAny(err.Error(), "\n") || len(err.Error()) > 250 {
					t.Errorf("the message is no line to read: %q", err)
				}
			case err != nil:
				t.Error(err)
			case test.want == "" && !got.IsZero():
				t.Errorf("got %s, want none", got)
			case test.want != "" && (!got.Equal(at(test.want)) || got.Location() != time.UTC):
				t.Errorf("got %s, want %s", got, test.want)
			}
		})
	}
}

// What the tap does not know it hands on, what a message left in a state it
// does not, and what it writes it reads.
func TestStateCarriesTheUnknown(t *testing.T) {
	s := mustState(t, `{"currently_syncing":"chats","x":{"y":[1.50,"<ü>"]},"type":"STATE","record":{"text":"hidden"},"stream":"chats","schema":{},"bookmarks":{
		"agents":{"updated_at":"2020"},"odd":"2020",
		"chats":{"replication_key":"ended_timestamp","replication_key_value":"2020-01-01","Ended_Timestamp":"2020-01-01","offset":7,"open_chats":["B"]},
		"gone":null}}`)
	s = s.With("chats", Bookmark{At: time.Date(2024, 1, 2, 3, 4, 5, 0, time.UTC), API: "3"})
	s = s.With("messages", Bookmark{At: time.Date(2024, 1, 2, 0, 0, 0, 500, time.UTC), OpenKnown: true, Open: []OpenChat{{ID: "B", Missed: 2}, {ID: "A"}}})
	got, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(s); err != nil {
		t.Fatal(err)
	}
	want := `{"bookmarks":{"agents":{"updated_at":"2020"},"chats":{"api":"3","ended_timestamp":"2024-01-02T03:04:05Z","offset":7,"open_chats":null,"read_from":null,"read_to":null},` +
		`"gone":null,"messages":{"api":"2","chat_ended":"2024-01-02T00:00:00.0000005Z","open_chats":["A",{"id":"B","since":null,"asked":null,"missed":2}],"read_from":null,"read_to":null},"odd":"2020"},` +
		`"currently_syncing":"chats","x":{"y":[1.50,"<ü>"]}}`
	if d := cmp.Diff(want, strings.TrimSpace(b.String())); d != "" {
		t.Error(d)
	}
	again, err := json.Marshal(mustState(t, string(got)))
	if err != nil || string(again) != string(got) {
		t.Errorf("read again: %s, %v", again, err)
	}
}

// A list of open chats that is null or not there is not known; an empty one means
// that nothing is open.
func TestStateBookmark(t *testing.T) {
	at := time.Date(2024, 1, 31, 0, 0, 0, 0, time.UTC)
	day := func(n int) time.Time { return at.AddDate(0, 0, -n) }
	for name, test := range map[string]struct {
		more string // members beside the time
		want Bookmark
	}{
		"of an older tap": {``, Bookmark{At: at, API: "2"}},
		"not known":       {`"open_chats":null,"api":null`, Bookmark{At: at, API: "2"}},
		"known":           {`"open_chats":[],"api":"3"`, Bookmark{At: at, API: "3", OpenKnown: true}},
		"a number":        {`"api":3`, Bookmark{At: at, API: "3"}},
		"unknown":         {`"api":"4"`, Bookmark{At: at, API: "4"}},
		"ids":             {`"open_chats":["B","A","","B"]`, Bookmark{At: at, API: "2", OpenKnown: true, Open: []OpenChat{{ID: "B"}, {ID: "A"}}}},
		"a span":          {`"read_from":"2024-01-30","read_to":"2024-01-31T00:00:00Z"`, Bookmark{At: at, API: "2", ReadFrom: day(1), ReadTo: day(0)}},
		"half a span":     {`"read_to":"2024-01-31"`, Bookmark{At: at, API: "2"}},
		"objects": {`"open_chats":[{"id":"A","since":"2024-01-30","asked":"2024-01-29T00:00:00Z","missed":2,"more":1},{"id":"B","since":null,"missed":null}]`,
			Bookmark{At: at, API: "2", OpenKnown: true, Open: []OpenChat{{"A", day(1), day(2), 2}, {ID: "B"}}}},
	} {
		t.Run(name, func(t *testing.T) {
			text := `{"bookmarks":{"chats":{"ended_timestamp":"2024-01-31T00:00:00Z"` + strings.TrimSuffix(","+test.more, ",") + `}}}`
			got := mustState(t, text).Bookmarks["chats"]
			if d := cmp.Diff(test.want, got, cmpopts.IgnoreUnexported(Bookmark{})); d != "" {
				t.Error(d)
			}
			written, err := json.Marshal(State{}.With("chats", got))
			if err != nil {
				t.Fatal(err)
			}
			sort := cmpopts.SortSlices(func(x, y OpenChat) bool { return x.ID < y.ID })
			if d := cmp.Diff(got, mustState(t, string(written)).Bookmarks["chats"], sort, cmpopts.IgnoreUnexported(Bookmark{})); d != "" {
				t.Errorf("written and read again: %s", d)
			}
		})
	}
	for _, bad := range []string{
		`1`, `[null]`, `[{}]`, `[{"id":1}]`, `[{"id":"A","since":"hidden"}]`, `[{"id":"A","asked":[]}]`, `[{"id":"A","missed":-1}]`, `[{"id":"A","missed":1.5}]`,
	} {
		_, _, err := Read(strings.NewReader(`{"bookmarks":{"chats":{"ended_timestamp":"2024-01-31","open_chats":` + bad + `}}}`))
		if fault, ok := errors.AsType[*Error](err); !ok || strings.Contains(fault.Error(), "hidden") {
			t.Errorf("%s: %v", bad, err)
		}
	}
}

// A state made anew must not change the one it was made of: each STATE is made
// of the one that the run was given.
func TestStateIsNotChanged(t *testing.T) {
	s := mustState(t, `{"bookmarks":{"chats":{"ended_timestamp":"2020-01-01","open_chats":["A"]}}}`)
	before, _ := json.Marshal(s)
	s.With("chats", Bookmark{At: time.Unix(0, 0), OpenKnown: true, Open: []OpenChat{{ID: "B"}}}).With("events", Bookmark{})
	if after, _ := json.Marshal(s); string(after) != string(before) {
		t.Errorf("%s became %s", before, after)
	}
	if empty, err := json.Marshal(State{}); err != nil || string(empty) != `{"bookmarks":{}}` {
		t.Errorf("%s, %v", empty, err)
	}
}

// Any bytes: never a panic, a *Error or a state that can be written, read
// again, and is the same then.
func FuzzReadState(f *testing.F) {
	for _, seed := range []string{
		``, `null`, `{}`, `[`, "\ufeff{}", `{"bookmarks":{"chats":{"ended_timestamp":"2024-01-31T10:00:00Z","open_chats":["A"]},"x":null}}`,
		`{"type":"STATE","value":{"bookmarks":{"chats":{"ended_timestamp":1706695200}}}}`, `{"value":{"value":{"value":{"value":{"value":{}}}}}}`,
		`{"bookmarks":{"chats":{"replication_key":"ended_timestamp","replication_key_value":"2024-01-31"}}}`, `{"BOOKMARKS":{},"bookmarks":{"a":{}}}`,
		`{"singer_state":null}`, `{"bookmarks":{"chats":{"ended_timestamp":1e99}}}`, "{\"a\":\"\xff\",\"\xff\":1}", `{"bookmarks":{"\ud800":{}}}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		s, _, err := Read(strings.NewReader(string(text)))
		if err != nil {
			var fault *Error
			if !errors.As(err, &fault) {
				t.Fatalf("%T %v", err, err)
			}
			return
		}
		written, err := json.Marshal(s.With("chats", Bookmark{At: time.Unix(1, 0).UTC(), OpenKnown: true, Open: []OpenChat{{ID: "A"}}}))
		if err != nil {
			t.Fatal(err)
		}
		again, _, err := Read(strings.NewReader(string(written)))
		if err != nil {
			t.Fatalf("%s cannot be read again: %v", written, err)
		}
		if b := again.Bookmarks["chats"]; b.At.Unix() != 1 {
			t.Fatalf("%s has the bookmark %v", written, b)
		}
		twice, err := json.Marshal(again)
		if err != nil || string(twice) != string(written) {
			t.Fatalf("%s became %s, %v", written, twice, err)
		}
	})
}

func mustState(t testing.TB, text string) State {
	t.Helper()
	s, _, err := Read(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	return s
}
