package tap

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"
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
		{"sdk, another key", `{"bookmarks":{"chats":{"replication_key":"updated_at","replication_key_value":"2024-01-31T10:00:00Z"}}}`, ""},
		{"sdk, ours goes first", `{"bookmarks":{"chats":{"replication_key":"ended_timestamp","replication_key_value":"2020-01-31","ended_timestamp":"2024-01-31"}}}`, "2024-01-31T00:00:00Z"},
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
		{"only others", `{"currently_syncing":"chats"}`, ""},

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
		{"ids that are none", `{"bookmarks":{"chats":{"open_chats":[1]}}}`, "error"},
		{"ids in no list", `{"bookmarks":{"chats":{"open_chats":"A"}}}`, "error"},
		{"two values on a line", `{"bookmarks":{}} {"bookmarks":[]}`, "error"},
		{"text after it", `{"bookmarks":{}} x`, "error"},
	} {
		t.Run(test.name, func(t *testing.T) {
			s, err := ReadState(strings.NewReader(test.text))
			got := time.Time{}
			if err == nil {
				got, err = s.bookmark("chats", "ended_timestamp")
			}
			if err == nil {
				_, err = s.open("chats")
			}
			var fault *StateError
			switch {
			case test.want == "error":
				if !errors.As(err, &fault) || fault.Hint() == "" {
					t.Errorf("got %s, %v", got, err)
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

// What the tap does not know it hands on, and what it writes it reads.
func TestStateCarriesTheUnknown(t *testing.T) {
	s := mustState(t, `{"currently_syncing":"chats","x":{"y":[1.50,"<ü>"]},"bookmarks":{
		"agents":{"updated_at":"2020"},
		"chats":{"replication_key":"ended_timestamp","replication_key_value":"2020-01-01","Ended_Timestamp":"2020-01-01","offset":7,"open_chats":["B"]},
		"gone":null}}`)
	s = s.with("chats", "ended_timestamp", time.Date(2024, 1, 2, 3, 4, 5, 0, time.UTC), nil)
	s = s.with("messages", "chat_ended", time.Date(2024, 1, 2, 0, 0, 0, 500, time.UTC), []string{"A"})
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
	want := `{"bookmarks":{"agents":{"updated_at":"2020"},"chats":{"ended_timestamp":"2024-01-02T03:04:05Z","offset":7,"open_chats":[]},` +
		`"gone":null,"messages":{"chat_ended":"2024-01-02T00:00:00.0000005Z","open_chats":["A"]}},"currently_syncing":"chats","x":{"y":[1.50,"<ü>"]}}`
	if strings.TrimSpace(b.String()) != want {
		t.Errorf("got  %s\nwant %s", b.String(), want)
	}
	again, err := json.Marshal(mustState(t, string(got)))
	if err != nil || string(again) != string(got) {
		t.Errorf("read again: %s, %v", again, err)
	}
}

// A state made anew must not change the one it was made of: each STATE is made
// of the one that the run was given.
func TestStateIsNotChanged(t *testing.T) {
	s := mustState(t, `{"bookmarks":{"chats":{"ended_timestamp":"2020-01-01","open_chats":["A"]}}}`)
	before, _ := json.Marshal(s)
	s.with("chats", "ended_timestamp", time.Unix(0, 0), []string{"B"}).with("events", "chat_ended", time.Unix(0, 0), nil)
	if after, _ := json.Marshal(s); string(after) != string(before) {
		t.Errorf("%s became %s", before, after)
	}
	if empty, err := json.Marshal(State{}); err != nil || string(empty) != `{"bookmarks":{}}` {
		t.Errorf("%s, %v", empty, err)
	}
}

// Any bytes: never a panic, a *StateError or a state that can be written, read
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
		s, err := ReadState(strings.NewReader(string(text)))
		if err != nil {
			var fault *StateError
			if !errors.As(err, &fault) {
				t.Fatalf("%T %v", err, err)
			}
			return
		}
		if _, err := s.bookmark("chats", "ended_timestamp"); err != nil {
			var fault *StateError
			if !errors.As(err, &fault) {
				t.Fatalf("%T %v", err, err)
			}
		}
		_, _ = s.open("chats")
		written, err := json.Marshal(s.with("chats", "ended_timestamp", time.Unix(1, 0).UTC(), []string{"A"}))
		if err != nil {
			t.Fatal(err)
		}
		again, err := ReadState(strings.NewReader(string(written)))
		if err != nil {
			t.Fatalf("%s cannot be read again: %v", written, err)
		}
		if at, err := again.bookmark("chats", "ended_timestamp"); err != nil || at.Unix() != 1 {
			t.Fatalf("%s has the bookmark %s, %v", written, at, err)
		}
		twice, err := json.Marshal(again)
		if err != nil || string(twice) != string(written) {
			t.Fatalf("%s became %s, %v", written, twice, err)
		}
	})
}
