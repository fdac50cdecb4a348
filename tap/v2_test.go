package tap

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"
	_ "time/tzdata" // as in the program

	gocmp "github.com/google/go-cmp/cmp"

	"tap-livechat/catalog"
	"tap-livechat/schemas"
	"tap-livechat/tap/livechat"
	"tap-livechat/tap/livechat/apiv2"
	"tap-livechat/tap/record"
	"tap-livechat/tap/source"

	"tap-livechat/tap/secret"
)

// oneAnswer answers every request with the same body.
type oneAnswer []byte

func (a oneAnswer) RoundTrip(r *http.Request) (*http.Response, error) { return answer(r, a), nil }

// rendered is what a chat became: the records of each stream as JSON text.
type rendered struct {
	*source.Chat
	records map[string][]string
}

// read reads one chat of API v2, as JSON text, through a client and a Renderer.
func read(r *record.Renderer, chat string) (*source.Chat, error) {
	if time.Now().Year() == 2000 { // in a bubble, where it does not take long
		time.Sleep(time.Until(syncNow))
	}
	client, err := livechat.New(livechat.Options{EntityID: secret.New("1"), AccessToken: secret.New("x"), Transport: oneAnswer(`{"chats":[` + chat + `],"total":1,"pages":1}`)})
	if err != nil {
		return nil, err
	}
	for step, err := range apiv2.New(client, r).Sample(context.Background(), source.Range{From: syncNow.AddDate(-1, 0, 0), To: syncNow, Now: syncNow}) {
		if err != nil {
			return nil, err
		}
		if step.Chat != nil {
			kept := *step.Chat
			kept.Out.Text = bytes.Clone(kept.Out.Text)
			return &kept, nil
		}
	}
	return nil, errors.New("no chat came")
}

func render(t *testing.T, r *record.Renderer, chat string) rendered {
	t.Helper()
	got, err := read(r, chat)
	if err != nil {
		t.Fatal(err)
	}
	return newRendered(t, got)
}

func newRendered(t *testing.T, chat *source.Chat) rendered {
	t.Helper()
	c := rendered{Chat: chat, records: make(map[string][]string)}
	if c.Out.Err != nil {
		t.Fatal(c.Out.Err)
	}
	for _, p := range c.Out.Parts {
		lines, _ := recordsOf(&c.Out, p.Stream)
		for line := range bytes.Lines(lines) {
			c.records[p.Stream] = append(c.records[p.Stream], string(bytes.TrimSuffix(line, []byte("\n"))))
		}
	}
	return c
}

func testRenderer(t *testing.T, nullInvalid bool) *record.Renderer {
	t.Helper()
	r, err := record.New(catalog.Default(catalog.V2), nullInvalid)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// mustRender plays a chat of which nothing is refused.
func mustRender(t *testing.T, chat string) rendered {
	t.Helper()
	got := render(t, testRenderer(t, false), chat)
	checkValid(t, got)
	return got
}

// checkValid validates every record against its schema.
func checkValid(t *testing.T, all ...rendered) {
	t.Helper()
	for _, s := range catalog.Default(catalog.V2).Streams {
		v, err := schemas.Compile(s.Name, s.Schema.AppendJSON(nil))
		if err != nil {
			t.Fatal(err)
		}
		keys := make(map[string]bool)
		for _, c := range all {
			for _, text := range c.records[s.Name] {
				var doc map[string]any
				d := json.NewDecoder(strings.NewReader(text))
				d.UseNumber()
				if err := d.Decode(&doc); err != nil {
					t.Fatal(err)
				}
				for _, fault := range v.Validate(doc) {
					t.Errorf("%s: %s in %s", s.Name, fault, text)
				}
				key := ""
				for _, name := range s.Keys {
					key += fmt.Sprint(doc[name]) + "\x00"
				}
				if keys[key] {
					t.Errorf("%s: the key %q comes twice", s.Name, key)
				}
				keys[key] = true
			}
		}
	}
}

// chatWith is a chat that has ended, with more members.
func chatWith(members string) string {
	text := `{"type":"chat","id":"C1","started_timestamp":1358937653,"ended_timestamp":1358939109`
	if members != "" {
		text += "," + members
	}
	return text + "}"
}

// fields are the members of a record, by name, as JSON text.
func fields(tb testing.TB, record string, names ...string) map[string]string {
	tb.Helper()
	var all map[string]json.RawMessage
	if err := json.Unmarshal([]byte(record), &all); err != nil {
		tb.Fatal(err)
	}
	some := make(map[string]string)
	for name, value := range all {
		if len(names) == 0 || slices.Contains(names, name) {
			some[name] = string(value)
		}
	}
	return some
}

// column is one field of all records, decoded.
func column(tb testing.TB, records []string, name string) (all []string) {
	tb.Helper()
	for _, r := range records {
		var v any
		d := json.NewDecoder(strings.NewReader(cmp.Or(fields(tb, r, name)[name], `"(absent)"`)))
		d.UseNumber()
		if err := d.Decode(&v); err != nil {
			tb.Fatal(err)
		}
		all = append(all, fmt.Sprint(v))
	}
	return all
}

func diff(t *testing.T, want, got any) {
	t.Helper()
	if diff := gocmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestMissedChat(t *testing.T) {
	const head = `{"type":"missed_chat","id":"M1","email":"v@x","message":"Hello?"`
	for _, test := range []struct {
		name, rest string
		want       map[string]string
		ended      bool
		notes      []source.Warning
	}{
		{"with a zone", `,"time":"Wed, 01/23/13 11:40:53 am","timezone":"Europe/Berlin"}`, map[string]string{
			"time": `"2013-01-23T10:40:53Z"`, "started_timestamp": `"2013-01-23T10:40:53Z"`, "ended_timestamp": `"2013-01-23T10:40:53Z"`, "agent_email": `"unassigned"`,
		}, true, nil},
		{"empty times are filled", `,"time":"Wed, 01/23/13 11:40:53 am","timezone":"Europe/Berlin","started_timestamp":"","ended_timestamp":null}`, map[string]string{
			"time": `"2013-01-23T10:40:53Z"`, "started_timestamp": `"2013-01-23T10:40:53Z"`, "ended_timestamp": `"2013-01-23T10:40:53Z"`, "agent_email": `"unassigned"`,
		}, true, nil},
		{"without", `,"time":"Wed, 01/23/13 11:40:53 am"}`, map[string]string{"time": `null`, "agent_email": `"unassigned"`}, false,
			[]source.Warning{{Field: "time", Why: "its time zone is missing or unknown"}}},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := mustRender(t, head+test.rest)
			diff(t, test.want, fields(t, got.records["chats"][0], "time", "started_timestamp", "ended_timestamp", "agent_email"))
			diff(t, fmt.Sprint(test.notes), fmt.Sprint(got.Out.Warnings))
			if !got.Ended.IsZero() != test.ended {
				t.Errorf("ended %v", got.Ended)
			}
		})
	}
}

// Local dates without a timestamp are read in the chat's own zone.
func TestZones(t *testing.T) {
	const (
		noZone = "its time zone is missing or unknown"
		never  = "the zone's clocks were put forward over it"
		twice  = "the zone's clocks showed it twice; the earlier one is taken"
	)
	for _, test := range []struct{ zone, date, want, why string }{
		{"Europe/Berlin", "Wed, 01/23/13 11:40:53 am", "2013-01-23T10:40:53Z", ""},
		{"Europe/Berlin", "Tue, 07/23/13 11:40:53 am", "2013-07-23T09:40:53Z", ""},
		{"America/Phoenix", "Tue, 07/23/13 11:40:53 pm", "2013-07-24T06:40:53Z", ""}, // no summer time
		{"America/Los_Angeles", "Wed, 12/31/25 04:00:00 pm", "2026-01-01T00:00:00Z", ""},
		{"Asia/Kolkata", "Wed, 01/23/13 12:00:00 am", "2013-01-22T18:30:00Z", ""},
		{"Asia/Kathmandu", "Wed, 01/23/13 12:00:00 pm", "2013-01-23T06:15:00Z", ""},
		{"Australia/Eucla", "Wed, 01/23/13 12:45:00 pm", "2013-01-23T04:00:00Z", ""},
		{"Pacific/Chatham", "Wed, 01/23/13 01:45:00 pm", "2013-01-23T00:00:00Z", ""}, // +13:45 in summer
		{"Pacific/Chatham", "Tue, 07/23/13 12:45:00 pm", "2013-07-23T00:00:00Z", ""},
		{"America/St_Johns", "Tue, 07/23/13 09:30:00 am", "2013-07-23T12:00:00Z", ""},
		{"Australia/Lord_Howe", "Wed, 01/23/13 11:00:00 am", "2013-01-23T00:00:00Z", ""}, // half an hour of summer time
		{"Australia/Lord_Howe", "Tue, 07/23/13 10:30:00 am", "2013-07-23T00:00:00Z", ""},
		{"Pacific/Kiritimati", "Wed, 01/23/13 02:00:00 pm", "2013-01-23T00:00:00Z", ""},
		{"Etc/GMT+12", "Wed, 01/23/13 12:00:00 pm", "2013-01-24T00:00:00Z", ""},
		{"UTC", "02/29/24 12:00:00 am", "2024-02-29T00:00:00Z", ""},
		{"UTC", " wed, 01/23/13 11:40:53 AM ", "2013-01-23T11:40:53Z", ""},
		// Clocks go forward.
		{"Europe/Berlin", "Sun, 03/31/13 01:59:59 am", "2013-03-31T00:59:59Z", ""},
		{"Europe/Berlin", "Sun, 03/31/13 02:30:00 am", "", never},
		{"Europe/Berlin", "Sun, 03/31/13 03:00:00 am", "2013-03-31T01:00:00Z", ""},
		{"Australia/Lord_Howe", "Sun, 10/06/13 02:15:00 am", "", never},
		{"Australia/Lord_Howe", "Sun, 10/06/13 02:30:00 am", "2013-10-05T15:30:00Z", ""},
		{"Pacific/Apia", "Fri, 12/30/11 12:00:00 pm", "", never}, // that day was left out
		{"Pacific/Apia", "Sat, 12/31/11 12:00:00 am", "2011-12-30T10:00:00Z", ""},
		// Clocks go back.
		{"Europe/Berlin", "Sun, 10/27/13 01:59:59 am", "2013-10-26T23:59:59Z", ""},
		{"Europe/Berlin", "Sun, 10/27/13 02:30:00 am", "2013-10-27T00:30:00Z", twice},
		{"Europe/Berlin", "Sun, 10/27/13 03:00:00 am", "2013-10-27T02:00:00Z", ""},
		{"America/New_York", "Sun, 11/03/13 01:30:00 am", "2013-11-03T05:30:00Z", twice},
		{"Australia/Lord_Howe", "Sun, 04/07/13 01:45:00 am", "2013-04-06T14:45:00Z", twice},
		// Nobody knows.
		{"", "Wed, 01/23/13 11:40:53 am", "", noZone},
		{"Local", "Wed, 01/23/13 11:40:53 am", "", noZone},
		{"Mars/Olympus_Mons", "Wed, 01/23/13 11:40:53 am", "", noZone},
		{"../../etc/passwd", "Wed, 01/23/13 11:40:53 am", "", noZone},
	} {
		t.Run(test.zone+" "+test.date, func(t *testing.T) {
			// The chat's own times say nothing about the goal's.
			got := mustRender(t, fmt.Sprintf(`{"id":"C1","ended_timestamp":1767225600,"timezone":%q,"goals":[{"date":%q}]}`, test.zone, test.date))
			want := "null"
			if test.want != "" {
				want = `"` + test.want + `"`
			}
			diff(t, `[{"date":`+want+`}]`, fields(t, got.records["chats"][0])["goals"])
			var notes []source.Warning
			if test.why != "" {
				notes = []source.Warning{{Field: "goals.date", Why: test.why}}
			}
			diff(t, fmt.Sprint(notes), fmt.Sprint(got.Out.Warnings))
		})
	}
}

// The chat's own times tell which of two readings is meant.
func TestZoneTwiceWithinChat(t *testing.T) {
	// 00:50 to 01:40 UTC: from 02:50 summer time to 02:40 winter time in Berlin.
	got := mustRender(t, `{"id":"C1","timezone":"Europe/Berlin","started_timestamp":1382835000,"ended_timestamp":1382838000,`+
		`"messages":[{"date":"Sun, 10/27/13 02:55:00 am"},{"date":"Sun, 10/27/13 02:30:00 am"}]}`)
	diff(t, []string{"2013-10-27T00:55:00Z", "2013-10-27T01:30:00Z"}, column(t, got.records["messages"], "date"))
	diff(t, 0, len(got.Out.Warnings))
}

// The timestamp decides where the date contradicts it or cannot be read.
func TestTimestampDecides(t *testing.T) {
	got := mustRender(t, chatWith(`"timezone":"Mars/Olympus_Mons","started":"Wed, 01/23/13 09:00:00 am","messages":[{"date":"Wed, 01/23/13 09:00:00 am","timestamp":1358937660},{"date":"nonsense","timestamp":"1358937661"},{"date":null,"timestamp":1358937662},{"timestamp":1358937663}]`))
	diff(t, []string{"2013-01-23T10:41:00Z", "2013-01-23T10:41:01Z", "<nil>", "(absent)"}, column(t, got.records["messages"], "date"))
	diff(t, []string{"2013-01-23T10:41:00Z", "2013-01-23T10:41:01Z", "2013-01-23T10:41:02Z", "2013-01-23T10:41:03Z"}, column(t, got.records["messages"], "timestamp"))
	diff(t, map[string]string{"started": `"2013-01-23T10:40:53Z"`, "timezone": `"Mars/Olympus_Mons"`}, fields(t, got.records["chats"][0], "started", "timezone"))
	diff(t, 0, len(got.Out.Warnings))
}

// A chat that is over has an end, if anything in it says when.
func TestMissingEnd(t *testing.T) {
	for _, test := range []struct{ name, chat, want string }{
		{"duration", `"started_timestamp":1358937653,"duration":60`, `"2013-01-23T10:41:53Z"`},
		{"duration, as text", `"started_timestamp":1358937653,"duration":"60"`, `"2013-01-23T10:41:53Z"`},
		{"a duration beyond all years", `"started_timestamp":253402300000,"duration":9000000000`, ``},
		{"a negative one", `"started_timestamp":1358937653,"duration":-60,"events":[{"timestamp":1358937700}]`, `"2013-01-23T10:41:40Z"`},
		{"the last event", `"events":[{"timestamp":1358937700},{"timestamp":1358937699}],"messages":[{"timestamp":5}]`, `"2013-01-23T10:41:40Z"`},
		{"the text", `"ended":"Wed, 01/23/13 11:40:53 am","timezone":"Europe/Berlin"`, `"2013-01-23T10:40:53Z"`},
		{"nothing", `"rate":"x"`, ``},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := mustRender(t, `{"id":"C1",`+test.chat+`}`)
			diff(t, test.want, fields(t, got.records["chats"][0])["ended_timestamp"])
		})
	}
}

// Archives of the sandbox, odd and hostile: whatever comes, the records are
// valid and their keys unique.
func TestSandboxRecordsAreValid(t *testing.T) {
	seeds := 4
	if testing.Short() {
		seeds = 1
	}
	for seed := 1; seed <= seeds; seed++ {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			t.Parallel()
			all, n := archivePages(t, fmt.Sprintf("seed=%d&chats=700&days=9&odd=0.3&hostile=0.2&visitor=mixed&event_ids=some&missed=0.1", seed))
			var tapes []rendered
			readPages(t, all, testRenderer(t, true), func(c *source.Chat) { tapes = append(tapes, newRendered(t, c)) })
			if len(tapes) != n {
				t.Errorf("%d chats came of %d", len(tapes), n)
			}
			checkValid(t, tapes...)
		})
	}
}

// Unix seconds come in every form that a number has.
func TestUnixSeconds(t *testing.T) {
	for value, want := range map[string]string{
		"0": "1970-01-01T00:00:00Z", `"1358937653"`: "2013-01-23T10:40:53Z", "1358937653.25": "2013-01-23T10:40:53.25Z", "1.358937653e9": "2013-01-23T10:40:53Z",
		"-1": "1969-12-31T23:59:59Z", "-62135596800": "0001-01-01T00:00:00Z", "253402300799": "9999-12-31T23:59:59Z", `"2013-01-23T11:40:53+01:00"`: "2013-01-23T10:40:53Z",
	} {
		t.Run(value, func(t *testing.T) {
			got := mustRender(t, chatWith(`"goals":[{"timestamp":`+value+`}]`))
			diff(t, `[{"timestamp":"`+want+`"}]`, fields(t, got.records["chats"][0])["goals"])
			diff(t, 0, len(got.Out.Warnings))
		})
	}
	for _, value := range []string{"1e400", "253402300800", "-62167219200", "-62135596801", "-62167219200.5", `"yesterday"`, "true", `"0x10p1"`} {
		got := render(t, testRenderer(t, true), chatWith(`"goals":[{"timestamp":`+value+`}]`))
		diff(t, `[{"timestamp":null}]`, fields(t, got.records["chats"][0])["goals"])
	}
}

// A chat cannot be stored without an id.
func TestNoID(t *testing.T) {
	for _, chat := range []string{`{}`, `{"id":null}`, `{"id":""}`, `{"id":{}}`, `{"id":"C1","id":[]}`, `{"id":"\u0000"}`} {
		if _, err := read(testRenderer(t, true), chat); err == nil || !strings.Contains(err.Error(), "it has no id") {
			t.Errorf("%s: error %v", chat, err)
		}
	}
}
