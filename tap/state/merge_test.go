package state

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestMerge(t *testing.T) {
	at := func(d int) time.Time { return time.Date(2026, 1, d, 0, 0, 0, 0, time.UTC) }
	mark := func(from, to int, open ...OpenChat) Bookmark {
		return Bookmark{At: at(to).Add(-time.Hour), API: "2", ReadFrom: at(from), ReadTo: at(to), OpenKnown: true, Open: open}
	}
	// of is the state of a part.
	of := func(name string, from, to int, open ...OpenChat) Named {
		return Named{Name: name, State: State{}.With("chats", mark(from, to, open...))}
	}
	with := func(s Named, stream string, b Bookmark) Named {
		return Named{Name: s.Name, State: s.State.With(stream, b)}
	}
	a, b, c := of("a", 1, 5, OpenChat{ID: "X", Since: at(2), Asked: at(20), Missed: 1}), of("b", 5, 9, OpenChat{ID: "Y"}), of("c", 9, 12, OpenChat{ID: "X"}, OpenChat{ID: "Z", Since: at(11), Asked: at(20)})
	report := func(s Named, from, to int, zone string) Named {
		return with(s, "report_total_chats", Bookmark{At: at(to - 1), ReadFrom: at(from), ReadTo: at(to), Zone: zone})
	}
	chats := func(bookmark, open, from, to string) string {
		return fmt.Sprintf(`{"bookmarks":{"chats":{"api":"2","ended_timestamp":"2026-01-%sT23:00:00Z","open_chats":[%s],"read_from":"2026-01-%sT00:00:00Z","read_to":"2026-01-%sT00:00:00Z"}}}`, bookmark, open, from, to)
	}
	const waitedZ = `{"id":"Z","since":"2026-01-11T00:00:00Z","asked":"2026-01-20T00:00:00Z","missed":0}`
	const waitedX = `{"id":"X","since":"2026-01-02T00:00:00Z","asked":"2026-01-20T00:00:00Z","missed":1}`
	old := mark(1, 5)
	old.ReadFrom, old.ReadTo = time.Time{}, time.Time{}
	lost := mark(1, 5)
	lost.OpenKnown = false
	other := mark(5, 9)
	other.API = "3"
	for _, test := range []struct {
		name string
		all  []Named
		want string // a state, or what the error says
	}{
		{"in any order", []Named{c, a, b}, chats("11", `"X","Y",`+waitedZ, "01", "12")},
		{"alone", []Named{b}, chats("08", `"Y"`, "05", "09")},
		{"overlap", []Named{a, of("wide", 3, 11), b}, chats("10", waitedX+`,"Y"`, "01", "11")},
		{"one within another", []Named{of("wide", 1, 11), b}, chats("10", `"Y"`, "01", "11")},
		{"none", nil, "there are none"},
		{"nothing in one", []Named{{Name: "a"}}, "a holds no bookmark"},
		{"gap", []Named{a, c}, "2026-01-05T00:00:00Z to 2026-01-09T00:00:00Z was not read: a, stream chats has read 2026-01-01T00:00:00Z to 2026-01-05T00:00:00Z, and c, stream chats has read 2026-01-09T00:00:00Z to 2026-01-12T00:00:00Z"},
		{"run before its end_date", []Named{of("a", 1, 4), b}, "2026-01-04T00:00:00Z to 2026-01-05T00:00:00Z was not read: a, stream chats has read 2026-01-01T00:00:00Z to 2026-01-04T00:00:00Z, and b, stream chats has read 2026-01-05T00:00:00Z to 2026-01-09T00:00:00Z"},
		{"finished with fewer streams", []Named{with(a, "messages", mark(1, 3)), with(b, "messages", mark(5, 9))}, "2026-01-03T00:00:00Z to 2026-01-05T00:00:00Z was not read: a, stream messages has read 2026-01-01T00:00:00Z to 2026-01-03T00:00:00Z, and b, stream messages has read 2026-01-05T00:00:00Z to 2026-01-09T00:00:00Z"},
		{"of an older version", []Named{with(a, "chats", old), b}, "a, stream chats: the state does not say what was read (read_from, read_to)"},
		{"open chats not known", []Named{with(a, "chats", lost), b}, "a, stream chats: the state does not know which chats are open (open_chats is null)"},
		{"other API", []Named{a, with(b, "chats", other)}, "a, stream chats and b, stream chats differ in the API, 2 and 3"},
		{"other streams", []Named{a, with(b, "events", mark(5, 9))}, `a and b differ in their streams, "chats" and "chats events"`},
		{"reports", []Named{report(a, 1, 5, "UTC"), report(b, 5, 9, "UTC")},
			`{"bookmarks":{"chats":{"api":"2","ended_timestamp":"2026-01-08T23:00:00Z","open_chats":[` + waitedX + `,"Y"],"read_from":"2026-01-01T00:00:00Z","read_to":"2026-01-09T00:00:00Z"},` +
				`"report_total_chats":{"date":"2026-01-08","read_from":"2026-01-01T00:00:00Z","read_to":"2026-01-09T00:00:00Z","timezone":"UTC"}}}`},
		{"a report that was cut off", []Named{report(a, 1, 4, "UTC"), report(b, 5, 9, "UTC")}, "2026-01-04T00:00:00Z to 2026-01-05T00:00:00Z was not read: a, stream report_total_chats has read 2026-01-01T00:00:00Z to 2026-01-04T00:00:00Z, and b, stream report_total_chats has read 2026-01-05T00:00:00Z to 2026-01-09T00:00:00Z"},
		{"reports of other days", []Named{report(a, 1, 5, "UTC"), report(b, 5, 9, "Asia/Kolkata")}, "a, stream report_total_chats and b, stream report_total_chats differ in the time zone, UTC and Asia/Kolkata"},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, err := Merge(test.all)
			var text string
			var failed *MergeError
			switch {
			case err == nil:
				b, _ := got.MarshalJSON()
				text = string(b)
			case errors.As(err, &failed) && failed.Hint() != "":
				text = strings.TrimPrefix(err.Error(), "the states cannot be put together: ")
			default:
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, text); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// The part of an older version says where its streams began, unless they say so
// themselves. It is never written: runners merge states key by key.
func TestOldPart(t *testing.T) {
	const part = `"part":{"start_date":"2026-01-01T00:00:00Z","end_date":"2026-02-01T00:00:00Z","complete":true}`
	for name, test := range map[string]struct{ text, from, to string }{
		"old":          {`{"bookmarks":{"chats":{"ended_timestamp":"2026-01-20T00:00:00Z","open_chats":[]}},` + part + `}`, "2026-01-01T00:00:00Z", ""},
		"none":         {`{"bookmarks":{"chats":{"ended_timestamp":"2026-01-20T00:00:00Z","open_chats":[]}},"part":null}`, "", ""},
		"empty":        {`{"bookmarks":{"chats":{"ended_timestamp":"2026-01-20T00:00:00Z","open_chats":[]}},"part":{}}`, "", ""},
		"stays behind": {`{"bookmarks":{"chats":{"ended_timestamp":"2026-01-20T00:00:00Z","open_chats":[],"read_from":"2026-01-03T00:00:00Z","read_to":"2026-01-21T00:00:00Z"}},` + part + `}`, "2026-01-03T00:00:00Z", "2026-01-21T00:00:00Z"},
	} {
		s := mustState(t, test.text)
		b := s.Bookmarks["chats"]
		show := func(at time.Time) string {
			if at.IsZero() {
				return ""
			}
			return at.Format(time.RFC3339)
		}
		if show(b.ReadFrom) != test.from || show(b.ReadTo) != test.to {
			t.Errorf("%s: read from %s to %s", name, b.ReadFrom, b.ReadTo)
		}
		if written, err := json.Marshal(s); err != nil || strings.Contains(string(written), "part") {
			t.Errorf("%s: %s, %v", name, written, err)
		}
	}
	for _, bad := range []string{`1`, `{"start_date":"x"}`} {
		if _, _, err := Read(strings.NewReader(`{"part":` + bad + `,"bookmarks":{"chats":{"ended_timestamp":"2024-01-31"}}}`)); err == nil {
			t.Errorf("%s is taken for a part", bad)
		}
	}
}

// Any state can be laid over any other as Meltano does: no member is now an object
// and now null.
func TestStatesMergeKeyByKey(t *testing.T) {
	at := time.Date(2026, 1, 5, 0, 0, 0, 0, time.UTC)
	empty := State{}.With("chats", Bookmark{At: at})
	full := State{}.With("chats", Bookmark{At: at, ReadFrom: at, ReadTo: at, OpenKnown: true, Open: []OpenChat{{ID: "A"}}})
	var objects func(under, over any, path string)
	objects = func(under, over any, path string) {
		a, inA := under.(map[string]any)
		b, inB := over.(map[string]any)
		if inA != inB && under != nil && over != nil || inA != inB && (inA || inB) {
			t.Errorf("%s is an object in one state only", path)
		}
		for name := range b {
			if value, ok := a[name]; ok {
				objects(value, b[name], path+"."+name)
			}
		}
	}
	decode := func(s State) (all any) {
		text, err := json.Marshal(s)
		if err == nil {
			err = json.Unmarshal(text, &all)
		}
		if err != nil {
			t.Fatal(err)
		}
		return all
	}
	objects(decode(empty), decode(full), "")
	objects(decode(full), decode(empty), "")
}
