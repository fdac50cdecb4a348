package record

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"tap-livechat/catalog"
	"tap-livechat/tap/source"
)

// Each list is numbered by itself, in the order of time; the records keep the
// list's.
func TestSequence(t *testing.T) {
	at := func(seconds string) string { return `{"timestamp":"2013-01-23T10:41:` + seconds + `Z"}` }
	for _, test := range []struct {
		name string
		list []string
		want string
	}{
		{"in order", []string{at("00"), at("00"), at("01")}, "1 2 3"},
		{"the other way", []string{at("02"), at("01"), at("00")}, "3 2 1"},
		{"equal ones", []string{at("02"), at("01"), at("02"), at("01")}, "3 1 4 2"},
		{"with decimals", []string{at("00.12"), at("00"), at("00.1"), at("00.100001")}, "4 1 2 3"},
		{"other zones", []string{`{"timestamp":"2013-01-23T10:41:01Z"}`, `{"timestamp":"2013-01-23T11:41:00+01:00"}`}, "2 1"},
		{"by the date", []string{`{"date":"2013-01-23T10:41:01Z"}`, at("00"), `{"timestamp":"","date":"2013-01-23T10:41:02Z"}`}, "2 1 3"},
		{"some say nothing", []string{`{}`, at("02"), `{"timestamp":null}`, at("01"), `{"timestamp":"soon"}`}, "1 4 5 2 3"},
		{"all say nothing", []string{`{}`, `null`, `{}`}, "1 2"},
		{"the last of one name", []string{at("02"), `{"timestamp":"2013-01-23T10:41:09Z","timestamp":"2013-01-23T10:41:01Z"}`}, "2 1"},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, err := render(testRenderer(t, catalog.Default(catalog.V2), true), chatWith(`"messages":[`+strings.Join(test.list, ",")+`],"events":[{}]`))
			if err != nil || got.Out.Err != nil {
				t.Fatal(err, got.Out.Err)
			}
			diff(t, test.want, strings.Join(column(t, got.records[messages], "sequence"), " "))
			diff(t, []string{"1"}, column(t, got.records[events], "sequence"))
		})
	}
}

// hash is the part of a made id that says what it is made of.
var hash = regexp.MustCompile(`/[0-9a-f]{20}`)

func TestEventIDs(t *testing.T) {
	double := source.Warning{Field: "messages.event_id", Why: doubleID}
	for _, test := range []struct {
		name, list string
		want       []string
		notes      []source.Warning
	}{
		{"given", `[{"event_id":"E1"},{"event_id":"E2"}]`, []string{"E1", "E2"}, nil},
		{"none", `[{"text":"a"},{"text":"b"}]`, []string{"C1/messages/#", "C1/messages/#"}, nil},
		{"none, and they say the same", `[{"text":"a"},{"text":"b"},{"text":"a"},{"text":"a"}]`, []string{"C1/messages/#", "C1/messages/#", "C1/messages/#/2", "C1/messages/#/3"}, nil},
		{"says nothing", `[{"event_id":null},{"event_id":""},{"event_id":" "},{"event_id":"\u0000"}]`,
			[]string{"C1/messages/#", "C1/messages/#/2", "C1/messages/#/3", "C1/messages/#/4"}, nil},
		{"some, and a null entry", `[{"event_id":"E1"},null,{}]`, []string{"E1", "C1/messages/#"}, nil},
		{"numbers", `[{"event_id":1},{"event_id":2.0},{"event_id":"1"}]`, []string{"1", "2.0", "C1/messages/#"}, []source.Warning{double}},
		{"twice", `[{"event_id":"E1"},{"event_id":"E1"},{"event_id":"\u00451"}]`, []string{"E1", "C1/messages/#", "C1/messages/#/2"}, []source.Warning{double, double}},
		{"twice in one entry", `[{"event_id":"E1","event_id":"E2"}]`, []string{"E2"}, nil},
		{"like a made one", `[{"event_id":"C1/messages/8855508aade16ec573d2"},{}]`, []string{"C1/messages/#", "C1/messages/#/2"}, nil},
		{"like the other stream's", `[{},{"event_id":"C1/events/1"}]`, []string{"C1/messages/#", "C1/events/1"}, nil},
		{"of no kind", `{}`, nil, nil},
		{"null", `null`, nil, nil},
		{"empty text", `""`, nil, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := mustRender(t, chatWith(`"messages":`+test.list))
			ids := column(t, got.records[messages], "event_id")
			for i := range ids {
				ids[i] = hash.ReplaceAllString(ids[i], "/#")
			}
			diff(t, test.want, ids)
			diff(t, fmt.Sprint(test.notes), fmt.Sprint(withoutReason(got.Out.Warnings, altered)))
		})
	}
}

// A made id is made of what an entry says, in whatever place it stands.
func TestMadeIDs(t *testing.T) {
	entries := []string{
		`{"timestamp":"2013-01-23T10:41:00Z","text":"a"}`,
		`{"timestamp":"2013-01-23T10:41:00Z","text":"b"}`,
		`{"timestamp":"2013-01-23T10:41:01Z","text":"a"}`,
		`{"timestamp":"2013-01-23T10:41:00Z","text":"a","user_type":"agent"}`,
		`{"timestamp":"2013-01-23T10:41:00Z","text":"a","agent_id":"a@x"}`,
		`{"timestamp":"2013-01-23T10:41:00Z","text":"a","type":"message"}`,
		`{"timestamp":"2013-01-23T10:41:00Z","text":"a","event_type":"message"}`,
	}
	ids := func(stream, id string, entries ...string) []string {
		got := mustRender(t, `{"id":"`+id+`","`+stream+`":[`+strings.Join(entries, ",")+`]}`)
		return column(t, slices.Concat(got.records[:]...)[1:], "event_id")
	}
	all := ids("messages", "C1", entries...)
	for i, id := range slices.Concat(all, ids("messages", "C2", entries[0]), ids("events", "C1", entries[0])) {
		if slices.Index(all, id) != i && i < len(all) || i >= len(all) && slices.Contains(all, id) {
			t.Errorf("%s is the id of two entries", id)
		}
	}
	for i := range entries {
		diff(t, all[i:], ids("messages", "C1", entries[i:]...))
		diff(t, all[:i+1], ids("messages", "C1", entries[:i+1]...))
	}
	// What else an entry says does not count, nor that a date stands for the timestamp.
	diff(t, all[:1], ids("messages", "C1", `{"date":"2013-01-23T10:41:00Z","text":"a","files":["x"],"author_name":"A"}`))
	// Neither does what is selected.
	selection := selectWith(t, "messages", `{"type":"object","properties":{"event_id":{"type":"string"}}}`, "")
	got, err := render(testRenderer(t, selection, false), `{"id":"C1","messages":[`+strings.Join(entries, ",")+`]}`)
	if err != nil || got.Out.Err != nil {
		t.Fatal(err, got.Out.Err)
	}
	diff(t, all, column(t, got.records[messages], "event_id"))
}

// Ids that several chats give are noticed; ids that begin with their chat's are
// not looked at.
func TestIDsOfSeveralChats(t *testing.T) {
	r := testRenderer(t, catalog.Default(catalog.V2), false)
	for i, test := range []struct {
		chat string
		want int
	}{
		{`{"id":"C1","messages":[{"event_id":"C1_1"},{"event_id":"E1"}],"events":[{"event_id":"E1"},{"event_id":"E2"}]}`, 0},
		{`{"id":"C1","messages":[{"event_id":"E1"}],"events":[{"event_id":"E1"},{"event_id":"E2"}]}`, 0}, // once more
		{`{"id":"C2","messages":[{"event_id":"E1"},{"event_id":"E2"}],"events":[{"event_id":"E1"},{"event_id":"C1_1"}]}`, 2},
		{`{"id":"C3","messages":[{"event_id":"C1_1"}],"events":[{"event_id":"C1_1"}]}`, 1},
	} {
		got, err := render(r, test.chat)
		if err != nil || got.Out.Err != nil {
			t.Fatal(err, got.Out.Err)
		}
		n := 0
		for _, note := range got.Out.Warnings {
			if note.Why == foreignID {
				n++
			}
		}
		if n != test.want {
			t.Errorf("chat %d: %d noted, want %d: %v", i, n, test.want, got.Out.Warnings)
		}
	}
	for i := range maxSeen + 100 {
		r.seen.givenElsewhere("messages", fmt.Sprint(i), "C1")
	}
	if len(r.seen.chat) != maxSeen {
		t.Errorf("%d ids are remembered", len(r.seen.chat))
	}
}
