package apiv2

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"tap-livechat/tap/jsondoc"
	"tap-livechat/tap/livechat"
	"tap-livechat/tap/source"
	"tap-livechat/tap/source/sourcetest"
)

// asWritten is a time as the archive writes it.
const asWritten = "Mon, 01/02/06 03:04:05 pm"

func TestLocalTime(t *testing.T) {
	tests := []struct {
		text, zone string
		after      string // not before this instant, if given
		want       string // RFC 3339; empty: not ok
		why        string
	}{
		{"Wed, 01/23/13 11:40:53 am", "Europe/Berlin", "", "2013-01-23T10:40:53Z", ""}, // the reference's own
		{"Wed, 01/23/13 11:40:53 AM", "Europe/Berlin", "", "2013-01-23T10:40:53Z", ""},
		{"01/23/13 11:40:53 am", "Europe/Berlin", "", "2013-01-23T10:40:53Z", ""},
		{"  Wed, 01/23/13 11:40:53 am ", "UTC", "", "2013-01-23T11:40:53Z", ""},
		{"Fri, 07/05/24 12:00:00 am", "UTC", "", "2024-07-05T00:00:00Z", ""},
		{"Fri, 07/05/24 12:00:00 pm", "UTC", "", "2024-07-05T12:00:00Z", ""},
		{"Fri, 07/05/24 01:00:00 pm", "Asia/Kolkata", "", "2024-07-05T07:30:00Z", ""},
		{"Fri, 07/05/24 01:00:00 pm", "Asia/Kathmandu", "", "2024-07-05T07:15:00Z", ""},
		{"Fri, 07/05/24 01:00:00 pm", "Australia/Lord_Howe", "", "2024-07-05T02:30:00Z", ""},
		{"Fri, 01/05/24 01:00:00 pm", "Australia/Lord_Howe", "", "2024-01-05T02:00:00Z", ""},
		{"Fri, 01/05/24 01:00:00 pm", "Pacific/Chatham", "", "2024-01-04T23:15:00Z", ""},
		{"2024-07-05T13:00:00+02:00", "Asia/Kolkata", "", "2024-07-05T11:00:00Z", ""},
		// Other forms that can be read in one way only.
		{"Wed, 01/23/2013 11:40:53 am", "Europe/Berlin", "", "2013-01-23T10:40:53Z", ""},
		{"Wed, 01/23/13 11:40 am", "Europe/Berlin", "", "2013-01-23T10:40:00Z", ""},
		{"Wed, 01/23/2013 11:40 pm", "Europe/Berlin", "", "2013-01-23T22:40:00Z", ""},
		{"Wed, 01/23/13 11:40:53 am", " europe/BERLIN\t", "", "2013-01-23T10:40:53Z", ""},
		{"Wed, 01/23/13 11:40:53 am", "UTC+02:00", "", "2013-01-23T09:40:53Z", ""},
		{"Wed, 01/23/13 11:40:53 am", "-02:30", "", "2013-01-23T14:10:53Z", ""},
		{"Wed, 01/23/13 11:40:53 am", "Z", "", "2013-01-23T11:40:53Z", ""},
		{"Wed, 01/23/13 11:40:53 am", " ", "", "", noZone},
		{"01/23/13 11:40:53", "UTC", "", "", unreadable}, // in the morning or at night?
		{"23/01/2013 11:40:53 am", "UTC", "", "", unreadable},
		// Clocks put back: twice, the earlier unless a bound says otherwise.
		{"Sun, 10/27/24 02:30:00 am", "Europe/Berlin", "", "2024-10-27T00:30:00Z", twiceLocal},
		{"Sun, 10/27/24 02:30:00 am", "Europe/Berlin", "2024-10-27T01:00:00Z", "2024-10-27T01:30:00Z", ""},
		{"Sun, 10/27/24 02:30:00 am", "Europe/Berlin", "2024-10-27T02:00:00Z", "2024-10-27T00:30:00Z", twiceLocal},
		{"Sun, 04/07/24 01:45:00 am", "Australia/Lord_Howe", "", "2024-04-06T14:45:00Z", twiceLocal},
		{"Sun, 04/07/24 01:45:00 am", "Australia/Lord_Howe", "2024-04-06T15:00:00Z", "2024-04-06T15:15:00Z", ""},
		// Put forward: never.
		{"Sun, 03/31/24 02:30:00 am", "Europe/Berlin", "", "", neverLocal},
		{"Sun, 10/06/24 02:15:00 am", "Australia/Lord_Howe", "", "", neverLocal},
		{"Fri, 12/30/11 12:00:00 pm", "Pacific/Apia", "", "", neverLocal}, // a day that was left out
		{"Sat, 12/31/11 12:00:00 pm", "Pacific/Apia", "", "2011-12-30T22:00:00Z", ""},
		{"Wed, 01/23/13 11:40:53 am", "", "", "", noZone},
		{"Wed, 01/23/13 11:40:53 am", "Local", "", "", noZone},
		{"Wed, 01/23/13 11:40:53 am", "Mars/Olympus", "", "", noZone},
		{"Wed, 01/23/13 11:40:53 am", "../../etc/passwd", "", "", noZone},
		{"Wed, 01/23/13 11:40:53 am", "Europe/Berlin\x00", "", "", noZone},
		{"", "UTC", "", "", unreadable},
		{"yesterday", "UTC", "", "", unreadable},
		{"Wed, 13/23/13 11:40:53 am", "UTC", "", "", unreadable},
		{"Wed, 02/30/13 11:40:53 am", "UTC", "", "", unreadable},
		{"Wed, 01/23/13 13:40:53 pm", "UTC", "", "", unreadable},
		{"Wed, 01/23/13 11:60:53 am", "UTC", "", "", unreadable},
		{"23.01.2013 11:40", "UTC", "", "", unreadable},
	}
	for _, test := range tests {
		var after time.Time
		if test.after != "" {
			after, _ = time.Parse(time.RFC3339, test.after)
		}
		at, why, ok := localTime(test.text, test.zone, after, time.Time{})
		got := ""
		if ok {
			got = at.Format(time.RFC3339)
		}
		if got != test.want || why != test.why {
			t.Errorf("localTime(%q, %q, after %s) = %q, %q, want %q, %q", test.text, test.zone, test.after, got, why, test.want, test.why)
		}
	}
}

// TestEveryZone goes through every change of clocks of every zone that this
// machine knows: whatever a clock there has shown is found again.
func TestEveryZone(t *testing.T) {
	root := "/usr/share/zoneinfo"
	var names []string
	filepath.WalkDir(root, func(path string, d os.DirEntry, err error) error {
		name := strings.TrimPrefix(path, root+"/")
		if err == nil && !d.IsDir() && name[0] >= 'A' && name[0] <= 'Z' {
			names = append(names, name)
		}
		return nil
	})
	if len(names) == 0 {
		names = []string{"Europe/Berlin", "Africa/Casablanca", "Australia/Lord_Howe", "Pacific/Apia", "Antarctica/Troll", "America/St_Johns"}
	}
	checked := 0
	for i, name := range names {
		loc, err := time.LoadLocation(name)
		if err != nil || sourcetest.Race && i%10 != 0 {
			continue
		}
		for at := utc("1970-01-03"); at.Year() < 2038; {
			_, next := at.In(loc).ZoneBounds()
			if next.IsZero() {
				break
			}
			for _, d := range []time.Duration{-2 * time.Hour, -59 * time.Minute, -20 * time.Minute, -1 * time.Second, 0, time.Second, 20 * time.Minute, 59 * time.Minute, 2 * time.Hour, 25 * time.Hour} {
				x := next.Add(d)
				text := x.In(loc).Format(asWritten)
				got, why, ok := localTime(text, name, time.Time{}, time.Time{})
				if !ok || got.In(loc).Format(asWritten) != text || !got.Equal(x) && why != twiceLocal {
					t.Errorf("%s in %s: %s, %q, %v; it was shown at %s", text, name, got, why, ok, x.UTC())
				}
				checked++
			}
			at = next.Add(time.Hour)
		}
	}
	t.Logf("%d zones, %d clock times", len(names), checked)
}

func FuzzLocalTime(f *testing.F) {
	for _, zoneName := range []string{"Europe/Berlin", "Australia/Lord_Howe", "Pacific/Apia", "UTC", "", "Local", "x/../y", "Etc/GMT+12"} {
		for _, text := range []string{"Wed, 01/23/13 11:40:53 am", "Sun, 10/27/24 02:30:00 am", "Sun, 03/31/24 02:30:00 am", "Fri, 12/30/11 12:00:00 pm", "2024-07-05T13:00:00.5+02:00", "x, y, z", "\xff"} {
			f.Add(text, zoneName)
		}
	}
	f.Fuzz(func(t *testing.T, text, zoneName string) {
		at, _, ok := localTime(text, zoneName, time.Time{}, time.Time{})
		if !ok {
			return
		}
		if want, err := time.Parse(time.RFC3339, strings.TrimSpace(text)); err == nil {
			if !at.Equal(want) {
				t.Fatalf("%q is %s", text, at)
			}
			return
		}
		_, rest, found := strings.Cut(strings.TrimSpace(text), ", ")
		if !found {
			rest = strings.TrimSpace(text)
		}
		var (
			wall time.Time
			err  error
		)
		for _, layout := range append([]string{localLayout}, otherLayouts...) {
			if wall, err = time.Parse(layout, strings.ToLower(rest)); err == nil {
				break
			}
		}
		if err != nil {
			t.Fatalf("%q was read as %s", text, at)
		}
		loc := findZone(strings.TrimSpace(zoneName))
		if loc == nil {
			t.Fatalf("%q in %q was read as %s, though there is no such zone", text, zoneName, at)
		}
		const layout = "2006-01-02 15:04:05.999999999"
		if got := at.In(loc).Format(layout); got != wall.Format(layout) {
			t.Fatalf("%q in %s is %s, when clocks there showed %s", text, zoneName, at, got)
		}
	})
}

// read1 reads one chat as a page holds it.
func read1(t *testing.T, text string) (chat Chat, json string) {
	t.Helper()
	var doc jsondoc.Doc
	if err := doc.Parse([]byte(text)); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	(&normaliser{latest: theNow}).normalise(doc.Root(), &chat)
	json = string(doc.Root().AppendJSON(nil))
	chat.Doc = jsondoc.Value{}
	return chat, json
}

func TestTimesOfChat(t *testing.T) {
	tests := []struct {
		name, in       string
		started, ended string // as RFC 3339, empty for zero
		out            string // of the JSON
		notes          string
	}{
		{"both as numbers", `{"id":"A","started_timestamp":1358937653,"ended_timestamp":1358937753}`,
			"2013-01-23T10:40:53Z", "2013-01-23T10:42:33Z", `"ended_timestamp":"2013-01-23T10:42:33Z"`, ""},
		{"as text", `{"id":"A","started_timestamp":"1358937653","ended_timestamp":" 1358937753 "}`,
			"2013-01-23T10:40:53Z", "2013-01-23T10:42:33Z", `"started_timestamp":"2013-01-23T10:40:53Z"`, ""},
		{"fractions", `{"id":"A","started_timestamp":1358937653.25,"ended_timestamp":"1358937753.000000001"}`,
			"2013-01-23T10:40:53.25Z", "2013-01-23T10:42:33.000000001Z", "", ""},
		{"exponents", `{"id":"A","started_timestamp":1.358937653e9,"ended_timestamp":1358937753E0}`,
			"2013-01-23T10:40:53Z", "2013-01-23T10:42:33Z", "", ""},
		{"before 1970", `{"id":"A","started_timestamp":-1.5,"ended_timestamp":-1}`,
			"", "", "", "started_timestamp ended_timestamp"},
		{"RFC 3339", `{"id":"A","started_timestamp":"2013-01-23T11:40:53+01:00","ended_timestamp":"2013-01-23T10:42:33.5Z"}`,
			"2013-01-23T10:40:53Z", "2013-01-23T10:42:33.5Z", "", ""},
		{"the last and first there are", `{"id":"A","started_timestamp":-62167219200,"ended_timestamp":253402300799}`,
			"", "", "", "ended_timestamp"},
		{"a start out of range stays, an end is none", `{"id":"A","started_timestamp":-62167219201,"ended_timestamp":1358937653000}`,
			"", "", `"started_timestamp":-62167219201,"ended_timestamp":null`, "ended_timestamp"},
		{"an end in milliseconds", `{"id":"A","started_timestamp":1358937653,"ended_timestamp":1358937753000,"duration":100}`,
			"2013-01-23T10:40:53Z", "2013-01-23T10:42:33Z", `"ended_timestamp":null`, "ended_timestamp"},
		{"no times at all", `{"id":"A","started_timestamp":"soon","ended_timestamp":{},"started":[1]}`,
			"", "", `"started_timestamp":"soon","ended_timestamp":{},"started":[1]`, ""},
		{"strings alone", `{"id":"A","timezone":"Europe/Berlin","started":"Wed, 01/23/13 11:40:53 am","ended":"Wed, 01/23/13 11:42:33 am"}`,
			"2013-01-23T10:40:53Z", "2013-01-23T10:42:33Z", `"started":"2013-01-23T10:40:53Z"`, ""},
		{"the zone comes last", `{"started":"Wed, 01/23/13 11:40:53 am","ended":"Wed, 01/23/13 11:42:33 am","id":"A","timezone":"Europe/Berlin"}`,
			"2013-01-23T10:40:53Z", "2013-01-23T10:42:33Z", "", ""},
		{"the timestamp decides", `{"id":"A","timezone":"Europe/Berlin","started":"Wed, 01/23/13 01:00:00 am","started_timestamp":1358937653,"ended_timestamp":1358937753}`,
			"2013-01-23T10:40:53Z", "2013-01-23T10:42:33Z", `"started":"2013-01-23T10:40:53Z"`, ""},
		{"an end that comes twice lies after the start", `{"id":"A","timezone":"Europe/Berlin","started_timestamp":1729990860,"ended":"Sun, 10/27/24 02:30:00 am"}`,
			"2024-10-27T01:01:00Z", "2024-10-27T01:30:00Z", "", ""},
		{"pending", `{"id":"A","pending":true,"started_timestamp":1358937653}`, "2013-01-23T10:40:53Z", "", "", ""},
		{"pending in spite of an end", `{"id":"A","pending":"1","started_timestamp":1358937653,"ended_timestamp":1358937753}`, "2013-01-23T10:40:53Z", "", "", ""},
		{"not pending", `{"id":"A","pending":false,"started_timestamp":1358937653,"ended_timestamp":1358937654}`, "2013-01-23T10:40:53Z", "2013-01-23T10:40:54Z", "", ""},
		{"no end but a duration", `{"id":"A","started_timestamp":1358937653,"duration":100}`,
			"2013-01-23T10:40:53Z", "2013-01-23T10:42:33Z", "", "ended_timestamp"},
		{"no end but events", `{"id":"A","started_timestamp":1358937653,"events":[{"timestamp":1358937753},{"timestamp":1358937700}],"messages":[{"timestamp":1358937660}]}`,
			"2013-01-23T10:40:53Z", "2013-01-23T10:42:33Z", "", "ended_timestamp"},
		{"no end and nothing else", `{"id":"A","started_timestamp":1358937653}`, "2013-01-23T10:40:53Z", "", "", "ended_timestamp"},
		{"null end", `{"id":"A","started_timestamp":1358937653,"ended_timestamp":null,"ended":"","duration":100}`,
			"2013-01-23T10:40:53Z", "2013-01-23T10:42:33Z", `"ended_timestamp":null,"ended":null`, "ended_timestamp"},
		{"a duration beyond all times", `{"id":"A","started_timestamp":253402300799,"duration":253402300799}`, "", "", "", "started_timestamp ended_timestamp"},
		{"a duration that is none", `{"id":"A","started_timestamp":1358937653,"duration":"2013-01-23T10:40:53Z"}`, "2013-01-23T10:40:53Z", "", "", "ended_timestamp"},
		{"missed", `{"id":"A","type":"missed_chat","timezone":"Europe/Berlin","time":"Wed, 01/23/13 11:40:53 am"}`,
			"2013-01-23T10:40:53Z", "2013-01-23T10:40:53Z", `"time":"2013-01-23T10:40:53Z"`, ""},
		{"missed without a zone", `{"id":"A","type":"missed_chat","time":"Wed, 01/23/13 11:40:53 am"}`, "", "", `"time":null`, "time"},
		{"unknown zone", `{"id":"A","timezone":"Mars/Olympus","started":"Wed, 01/23/13 11:40:53 am","ended_timestamp":1358937753}`,
			"", "2013-01-23T10:42:33Z", `"started":null`, "started"},
		{"the clocks never showed it", `{"id":"A","timezone":"Europe/Berlin","started_timestamp":1358937653,"ended_timestamp":1358937654,"messages":[{"date":"Sun, 03/31/24 02:30:00 am"}]}`,
			"2013-01-23T10:40:53Z", "2013-01-23T10:40:54Z", `"messages":[{"date":null}]`, "messages.date"},
		{"lists of anything", `{"id":"A","started_timestamp":1358937653,"ended_timestamp":1358937654,"messages":7,"events":[null,7,"x",[],{}],"goals":{"date":"x"}}`,
			"2013-01-23T10:40:53Z", "2013-01-23T10:40:54Z", `"events":[null,7,"x",[],{}]`, ""},
		{"names that come twice", `{"id":"B","started_timestamp":5,"id":"A","started_timestamp":1358937653,"ended_timestamp":1358937654}`,
			"2013-01-23T10:40:53Z", "2013-01-23T10:40:54Z", "", ""},
		{"a number for an id", `{"id":17,"started_timestamp":1358937653,"ended_timestamp":1358937654}`, "2013-01-23T10:40:53Z", "2013-01-23T10:40:54Z", `"id":17`, ""},
	}
	show := func(t time.Time) string {
		if t.IsZero() {
			return ""
		}
		return t.Format(time.RFC3339Nano)
	}
	for _, test := range tests {
		chat, json := read1(t, test.in)
		var fields []string
		for _, n := range chat.Warnings {
			fields = append(fields, n.Field)
		}
		got := []string{show(chat.Started), show(chat.Ended), strings.Join(slices.Compact(fields), " ")}
		if d := cmp.Diff([]string{test.started, test.ended, test.notes}, got); d != "" {
			t.Errorf("%s: started, ended, notes (-want +got):\n%s", test.name, d)
		}
		if !strings.Contains(json, test.out) {
			t.Errorf("%s: %s\nwant in it %s", test.name, json, test.out)
		}
		if chat.ID != "A" && chat.ID != "17" {
			t.Errorf("%s: the id is %q", test.name, chat.ID)
		}
	}
}

// plain renders a chat as it was read.
type plain struct{}

func (plain) Chat(dst []byte, c *Chat) []byte      { return c.Doc.AppendJSON(dst) }
func (plain) Row(dst []byte, _ *source.Row) []byte { return dst }

// FuzzPage: whatever comes as a page, nothing panics, and what is read can be
// written again.
func FuzzPage(f *testing.F) {
	s := newSandbox(f, "chats=60&days=3&odd=0.5&hostile=0.2&missed=0.3")
	n := 0
	for chat := range s.Truth() {
		if len(chat.JSON) < 2500 && n < 15 {
			n++
			f.Add([]byte(fmt.Sprintf(`{"chats":[%s],"total":1,"pages":1}`, chat.JSON)))
		}
	}
	for _, text := range []string{`{"chats":[],"total":0}`, `{"chats":[{"id":""}],"total":1}`, `{"chats":[[]],"total":"1"}`, `{"total":-1,"chats":[]}`, `{"chats":[{"id":"A","timezone":1,"started":1e400,"ended_timestamp":1e99}],"total":1}`} {
		f.Add([]byte(text))
	}
	a := New(newTestClient(f, mounted{Handler: s}, nil).Client, plain{})
	f.Fuzz(func(t *testing.T, body []byte) {
		answer := livechat.Answer{Doc: new(jsondoc.Doc)}
		for range 2 { // with what was there before
			if answer.Parse(slices.Clone(body)) != nil {
				return
			}
			p, err := a.parsePage(&answer)
			if err != nil {
				continue
			}
			for _, chat := range p.chats {
				var doc jsondoc.Doc
				if err := doc.Parse(slices.Clone(chat.Out.Text)); err != nil {
					t.Fatalf("chat %q was written as %q: %v", chat.ID, chat.Out.Text, err)
				}
				if chat.ID == "" {
					t.Fatal("a chat without id")
				}
				for _, at := range []time.Time{chat.Started, chat.Ended} {
					if !at.IsZero() && !writable(at) {
						t.Fatalf("the time %s cannot be written", at)
					}
				}
			}
			p.free()
		}
	})
}
