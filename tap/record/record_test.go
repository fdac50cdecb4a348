package record

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	gocmp "github.com/google/go-cmp/cmp"

	"tap-livechat/catalog"
	"tap-livechat/schemas"
	"tap-livechat/tap/jsondoc"
	"tap-livechat/tap/source"
)

// The streams by their place in the catalog's table.
const (
	chats = iota
	messages
	events
	streamCount
)

var streamNames = [streamCount]string{"chats", "messages", "events"}

// tape is what a chat became: the records of each stream as JSON text.
type tape struct {
	*source.Chat
	records [streamCount][]string
}

// play renders one chat, given as the JSON text of its document.
func play(r *Renderer, chat string) (tape, error) {
	var doc jsondoc.Doc
	if err := doc.Parse([]byte(chat)); err != nil {
		return tape{}, err
	}
	c := &source.Chat{Doc: doc.Root(), Received: time.Date(2026, 3, 10, 15, 4, 5, 6789, time.UTC)}
	if id := c.Doc.Get("id"); id.Kind() == jsondoc.String || id.Kind() == jsondoc.Number {
		c.ID = id.Text()
	}
	c.Started, _ = time.Parse(time.RFC3339, c.Doc.Get("started_timestamp").Text())
	c.Ended, _ = time.Parse(time.RFC3339, c.Doc.Get("ended_timestamp").Text())
	const before = "what is there already"
	c.Out.Text = r.Chat([]byte(before), c)
	c.Out.Text = c.Out.Text[len(before):]
	t := tape{Chat: c}
	start := 0
	for _, part := range c.Out.Parts {
		stream := slices.Index(streamNames[:], part.Stream)
		for line := range bytes.Lines(c.Out.Text[start:part.End]) {
			head := fmt.Sprintf(`{"type":"RECORD","stream":%q,"record":`, part.Stream)
			record, found := bytes.CutPrefix(line, []byte(head))
			record, complete := bytes.CutSuffix(record, []byte(`,"time_extracted":"2026-03-10T15:04:05.000006Z"}`+"\n"))
			if !found || !complete {
				return t, fmt.Errorf("not a line with a RECORD of %s: %q", part.Stream, line)
			}
			t.records[stream] = append(t.records[stream], string(record))
		}
		if len(t.records[stream]) != part.Count {
			return t, fmt.Errorf("%s: %d lines, counted %d", part.Stream, len(t.records[stream]), part.Count)
		}
		start = part.End
	}
	if start != len(c.Out.Text) {
		return t, fmt.Errorf("the parts end at %d of %d", start, len(c.Out.Text))
	}
	return t, nil
}

func testRenderer(tb testing.TB, selection catalog.Selection, onInvalid bool) *Renderer {
	tb.Helper()
	r, err := New(selection, onInvalid)
	if err != nil {
		tb.Fatal(err)
	}
	return r
}

// mustPlay plays a chat of which nothing is refused.
func mustPlay(t *testing.T, chat string) tape {
	t.Helper()
	got, err := play(testRenderer(t, catalog.Default(catalog.V2), false), chat)
	if err == nil {
		err = got.Out.Err
	}
	if err != nil {
		t.Fatal(err)
	}
	valid(t, catalog.Default(catalog.V2), got)
	return got
}

// valid holds every record of a tape against the schemas of a selection.
func valid(tb testing.TB, selection catalog.Selection, all ...tape) {
	tb.Helper()
	for _, s := range selection.Streams {
		v, err := schemas.Compile(s.Name, s.Schema.AppendJSON(nil))
		if err != nil {
			tb.Fatal(err)
		}
		stream := slices.Index(streamNames[:], s.Name)
		keys := make(map[string]bool)
		for _, t := range all {
			for _, text := range t.records[stream] {
				check(tb, v, s.Stream, keys, text)
			}
		}
	}
}

// check holds one record against its schema, and its keys against all before.
func check(tb testing.TB, v *schemas.Validator, s catalog.Stream, keys map[string]bool, text string) {
	tb.Helper()
	if !utf8.ValidString(text) {
		tb.Errorf("%s: not UTF-8: %q", s.Name, text)
	}
	var doc map[string]any
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	if err := d.Decode(&doc); err != nil {
		tb.Fatalf("%s: %v in %q", s.Name, err, text)
	}
	if twice := repeated(text); twice != "" {
		tb.Errorf("%s: %s stands twice in %s", s.Name, twice, text)
	}
	if strings.Contains(fmt.Sprint(doc), "\x00") {
		tb.Errorf("%s: U+0000 in %s", s.Name, text)
	}
	for _, fault := range v.Validate(doc) {
		tb.Errorf("%s: %s in %s", s.Name, fault, text)
	}
	var key []string
	for _, name := range s.Keys {
		value, ok := doc[name].(string)
		if !ok || value == "" {
			tb.Errorf("%s: no key %s in %s", s.Name, name, text)
		}
		key = append(key, value)
	}
	one := strings.Join(key, "\x00")
	if keys[one] {
		tb.Errorf("%s: the key %q comes twice", s.Name, key)
	}
	keys[one] = true
}

// repeated is a name that an object in the text has twice.
func repeated(text string) string {
	var doc jsondoc.Doc
	if err := doc.Parse([]byte(text)); err != nil {
		return err.Error()
	}
	var find func(v jsondoc.Value) string
	find = func(v jsondoc.Value) string {
		seen := make(map[string]bool)
		for m := range v.All() {
			if name := string(m.Name()); v.Kind() == jsondoc.Object && seen[name] {
				return name
			} else if seen[name] = true; find(m) != "" {
				return find(m)
			}
		}
		return ""
	}
	return find(doc.Root())
}

// chatWith is a chat that has ended, with more members.
func chatWith(members string) string {
	text := `{"type":"chat","id":"C1","started_timestamp":"2013-01-23T10:40:53Z","ended_timestamp":"2013-01-23T11:05:09Z"`
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

func same(t *testing.T, want, got any) {
	t.Helper()
	if diff := gocmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestRecordsPerAgent(t *testing.T) {
	for _, test := range []struct {
		name, agents string
		want         []string
	}{
		{"one", `"agents":[{"email":"a@x"}]`, []string{"a@x"}},
		{"several", `"agents":[{"email":"b@x"},{"email":"a@x"}]`, []string{"b@x", "a@x"}},
		{"the same twice", `"agents":[{"email":"a@x"},{"email":"a@x"}]`, []string{"a@x"}},
		{"the same, escaped", `"agents":[{"email":"a@x"},{"email":"\u0061@x"}]`, []string{"a@x"}},
		{"letters matter", `"agents":[{"email":"a@x"},{"email":"A@x"}]`, []string{"a@x", "A@x"}},
		{"no list", ``, []string{"unassigned"}},
		{"null", `"agents":null`, []string{"unassigned"}},
		{"empty", `"agents":[]`, []string{"unassigned"}},
		{"PHP's empty", `"agents":{}`, []string{"unassigned"}},
		{"no e-mail", `"agents":[{"display_name":"Bot"}]`, []string{"unassigned"}},
		{"null e-mail", `"agents":[{"email":null}]`, []string{"unassigned"}},
		{"empty e-mail", `"agents":[{"email":""},{"email":"  "},{"email":"\u0000"}]`, []string{"unassigned"}},
		{"one without, one with", `"agents":[{"email":""},{"email":"a@x"}]`, []string{"unassigned", "a@x"}},
		{"a null agent", `"agents":[null,{"email":"a@x"}]`, []string{"unassigned", "a@x"}},
		{"a number", `"agents":[{"email":12}]`, []string{"12"}},
		{"two lists", `"agents":[{"email":"a@x"}],"agents":[{"email":"b@x"}]`, []string{"b@x"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := mustPlay(t, chatWith(test.agents))
			same(t, test.want, column(t, got.records[chats], "agent_email"))
			for i, index := range column(t, got.records[chats], "agent_index") {
				same(t, fmt.Sprint(i), index)
			}
		})
	}
}

func TestVisitor(t *testing.T) {
	for _, test := range []struct{ name, visitor, want string }{
		{"object", `"visitor":{"id":"S1","name":"Mary"}`, `"S1" "Mary" {"id":"S1","name":"Mary"}`},
		{"flat", `"visitor_id":"S1","visitor_name":"Mary"`, `"S1" "Mary" `},
		{"both", `"visitor":{"id":"S1","name":"Mary"},"visitor_id":"S2","visitor_name":"Ann"`, `"S2" "Ann" {"id":"S1","name":"Mary"}`},
		{"flat ones empty", `"visitor":{"id":"S1","name":"Mary"},"visitor_id":"","visitor_name":null`, `"S1" "Mary" {"id":"S1","name":"Mary"}`},
		{"numbers", `"visitor":{"id":12.50,"name":true}`, `"12.50" "true" {"id":"12.50","name":"true"}`},
		{"nulls", `"visitor":{"id":null}`, `  {"id":null}`},
		{"array", `"visitor":[]`, `  {}`},
		{"null", `"visitor":null`, `  null`},
		{"none", `"rate":"x"`, `  `},
	} {
		t.Run(test.name, func(t *testing.T) {
			f := fields(t, mustPlay(t, chatWith(test.visitor)).records[chats][0])
			same(t, test.want, f["visitor_id"]+" "+f["visitor_name"]+" "+f["visitor"])
		})
	}
}

func TestChildren(t *testing.T) {
	got := mustPlay(t, chatWith(`"messages":[{"text":"hi","event_id":"E1"}],"events":[{"text":"hi","event_id":"E1","chat_id":"other"},{"type":"event"}]`))
	same(t, []string{`{"event_id":"E1","chat_id":"C1","chat_ended":"2013-01-23T11:05:09Z","chat_started":"2013-01-23T10:40:53Z","sequence":1,"text":"hi"}`}, got.records[messages])
	same(t, []string{
		`{"event_id":"E1","chat_id":"C1","chat_ended":"2013-01-23T11:05:09Z","chat_started":"2013-01-23T10:40:53Z","sequence":1,"text":"hi"}`,
		`{"event_id":"C1/events/944defda1f5410bd2b70","chat_id":"C1","chat_ended":"2013-01-23T11:05:09Z","chat_started":"2013-01-23T10:40:53Z","sequence":2,"type":"event"}`,
	}, got.records[events])
	if f := fields(t, got.records[chats][0]); f["messages"]+f["events"] != "" {
		t.Errorf("the lists are in the chat: %v", f)
	}
	pending := mustPlay(t, `{"id":"C1","pending":true,"started_timestamp":"2013-01-23T10:40:53Z","messages":[{"text":"hi"}]}`)
	same(t, map[string]string{"chat_ended": "null", "chat_started": `"2013-01-23T10:40:53Z"`}, fields(t, pending.records[messages][0], "chat_ended", "chat_started"))
}

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
			got, err := play(testRenderer(t, catalog.Default(catalog.V2), true), chatWith(`"messages":[`+strings.Join(test.list, ",")+`],"events":[{}]`))
			if err != nil || got.Out.Err != nil {
				t.Fatal(err, got.Out.Err)
			}
			same(t, test.want, strings.Join(column(t, got.records[messages], "sequence"), " "))
			same(t, []string{"1"}, column(t, got.records[events], "sequence"))
		})
	}
}

// hash is the part of a made id that says what it is made of.
var hash = regexp.MustCompile(`/[0-9a-f]{20}`)

func TestEventIDs(t *testing.T) {
	double := source.Note{Field: "messages.event_id", Why: doubleID}
	for _, test := range []struct {
		name, list string
		want       []string
		notes      []source.Note
	}{
		{"given", `[{"event_id":"E1"},{"event_id":"E2"}]`, []string{"E1", "E2"}, nil},
		{"none", `[{"text":"a"},{"text":"b"}]`, []string{"C1/messages/#", "C1/messages/#"}, nil},
		{"none, and they say the same", `[{"text":"a"},{"text":"b"},{"text":"a"},{"text":"a"}]`, []string{"C1/messages/#", "C1/messages/#", "C1/messages/#/2", "C1/messages/#/3"}, nil},
		{"says nothing", `[{"event_id":null},{"event_id":""},{"event_id":" "},{"event_id":"\u0000"}]`,
			[]string{"C1/messages/#", "C1/messages/#/2", "C1/messages/#/3", "C1/messages/#/4"}, nil},
		{"some, and a null entry", `[{"event_id":"E1"},null,{}]`, []string{"E1", "C1/messages/#"}, nil},
		{"numbers", `[{"event_id":1},{"event_id":2.0},{"event_id":"1"}]`, []string{"1", "2.0", "C1/messages/#"}, []source.Note{double}},
		{"twice", `[{"event_id":"E1"},{"event_id":"E1"},{"event_id":"\u00451"}]`, []string{"E1", "C1/messages/#", "C1/messages/#/2"}, []source.Note{double, double}},
		{"twice in one entry", `[{"event_id":"E1","event_id":"E2"}]`, []string{"E2"}, nil},
		{"like a made one", `[{"event_id":"C1/messages/8855508aade16ec573d2"},{}]`, []string{"C1/messages/#", "C1/messages/#/2"}, nil},
		{"like the other stream's", `[{},{"event_id":"C1/events/1"}]`, []string{"C1/messages/#", "C1/events/1"}, nil},
		{"of no kind", `{}`, nil, nil},
		{"null", `null`, nil, nil},
		{"empty text", `""`, nil, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := mustPlay(t, chatWith(`"messages":`+test.list))
			ids := column(t, got.records[messages], "event_id")
			for i := range ids {
				ids[i] = hash.ReplaceAllString(ids[i], "/#")
			}
			same(t, test.want, ids)
			same(t, fmt.Sprint(test.notes), fmt.Sprint(withoutWhy(got.Out.Notes, altered)))
		})
	}
}

// withoutWhy leaves out the notes of one reason.
func withoutWhy(notes []source.Note, why string) []source.Note {
	return slices.DeleteFunc(slices.Clone(notes), func(n source.Note) bool { return n.Why == why })
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
		got := mustPlay(t, `{"id":"`+id+`","`+stream+`":[`+strings.Join(entries, ",")+`]}`)
		return column(t, slices.Concat(got.records[:]...)[1:], "event_id")
	}
	all := ids("messages", "C1", entries...)
	for i, id := range slices.Concat(all, ids("messages", "C2", entries[0]), ids("events", "C1", entries[0])) {
		if slices.Index(all, id) != i && i < len(all) || i >= len(all) && slices.Contains(all, id) {
			t.Errorf("%s is the id of two entries", id)
		}
	}
	for i := range entries {
		same(t, all[i:], ids("messages", "C1", entries[i:]...))
		same(t, all[:i+1], ids("messages", "C1", entries[:i+1]...))
	}
	// What else an entry says does not count, nor that a date stands for the timestamp.
	same(t, all[:1], ids("messages", "C1", `{"date":"2013-01-23T10:41:00Z","text":"a","files":["x"],"author_name":"A"}`))
	// Neither does what is selected.
	selection := selectWith(t, "messages", `{"type":"object","properties":{"event_id":{"type":"string"}}}`, "")
	got, err := play(testRenderer(t, selection, false), `{"id":"C1","messages":[`+strings.Join(entries, ",")+`]}`)
	if err != nil || got.Out.Err != nil {
		t.Fatal(err, got.Out.Err)
	}
	same(t, all, column(t, got.records[messages], "event_id"))
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
		got, err := play(r, test.chat)
		if err != nil || got.Out.Err != nil {
			t.Fatal(err, got.Out.Err)
		}
		n := 0
		for _, note := range got.Out.Notes {
			if note.Why == foreignID {
				n++
			}
		}
		if n != test.want {
			t.Errorf("chat %d: %d noted, want %d: %v", i, n, test.want, got.Out.Notes)
		}
	}
	for i := range maxSeen + 100 {
		r.seen.elsewhere("messages", fmt.Sprint(i), "C1")
	}
	if len(r.seen.chat) != maxSeen {
		t.Errorf("%d ids are remembered", len(r.seen.chat))
	}
}

// The next chat does not see what the one before left in the pen.
func TestChatsAreApart(t *testing.T) {
	r := testRenderer(t, catalog.Default(catalog.V2), false)
	long := strings.Repeat(`{},`, 3000)
	for _, chat := range []string{
		chatWith(`"agents":[{"email":"a@x"}],"visitor":{"id":"S1"},"messages":[{"event_id":"E1","text":"a"},` + long + `{}]`),
		chatWith(`"messages":[{"event_id":"E1"}]`),
		chatWith(`"messages":[{"event_id":"E1"}]`),
	} {
		again, err := play(testRenderer(t, catalog.Default(catalog.V2), false), chat)
		if err != nil {
			t.Fatal(err)
		}
		got, err := play(r, chat)
		if err != nil {
			t.Fatal(err)
		}
		same(t, again.records, got.records)
		same(t, len(again.Out.Notes), len(got.Out.Notes))
	}
}

func TestTexts(t *testing.T) {
	for _, test := range []struct{ name, text, want string }{
		{"plain", `"a"`, `"a"`},
		{"empty", `""`, `""`},
		{"blank", `" \t "`, `" \t "`},
		{"escapes", `"\" \\ \/ \b\f\n\r\t"`, `"\" \\ \/ \b\f\n\r\t"`},
		{"script", `"</script><!-- & '"`, `"</script><!-- & '"`},
		{"emoji", `"😀"`, `"😀"`},
		{"emoji, escaped", `"\ud83d\ude00 \u00e9"`, `"\ud83d\ude00 \u00e9"`},
		{"line separators", "\"\u2028\u2029\ufeff\u202e\u0085\x7f\"", "\"\u2028\u2029\ufeff\u202e\u0085\x7f\""},
		{"noncharacters", "\"\ufffe\uffff\ufffd\"", "\"\ufffe\uffff\ufffd\""},
		{"control characters", `"\u0001\u001b[31m"`, `"\u0001\u001b[31m"`},
		{"U+0000", `"a\u0000b\u0000"`, `"ab"`},
		{"an escaped escape", `"a\\u0000b"`, `"a\\u0000b"`},
		{"lone surrogates", `"\ud800 \udc00\ud83d"`, "\"\ufffd \ufffd\ufffd\""},
		{"invalid UTF-8", "\"a\xff\xc3(\"", "\"a\ufffd\ufffd(\""},
		{"a number", `12.50`, `"12.50"`},
		{"a huge one", `1e9999999`, `"1e9999999"`},
		{"digits", `1234567890123456789012345678901234567890`, `"1234567890123456789012345678901234567890"`},
		{"a boolean", `false`, `"false"`},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := mustPlay(t, chatWith(`"rate_comment":`+test.text+`,"tags":[`+test.text+`],"messages":[{"text":`+test.text+`}]`))
			same(t, test.want, fields(t, got.records[chats][0])["rate_comment"])
			same(t, "["+test.want+"]", fields(t, got.records[chats][0])["tags"])
			same(t, test.want, fields(t, got.records[messages][0])["text"])
		})
	}
}

func TestDuplicateNames(t *testing.T) {
	got := mustPlay(t, chatWith(`"rate":"a","rate":"b","tags":["x"],"tags":["y"],"visitor":{"id":"1","\u0069d":"2"},"id":"C2","visitor":{"city":"A","city":"B"}`+
		`,"ended_timestamp":"2013-01-23T11:05:10Z","messages":[{"text":"old"}],"messages":[{"text":"a","text":"b","message_json":{"k":1,"k":2,"l":{"m":1,"m":null}}}]`))
	same(t, map[string]string{"id": `"C2"`, "rate": `"b"`, "tags": `["y"]`, "visitor": `{"city":"B"}`, "ended_timestamp": `"2013-01-23T11:05:10Z"`},
		fields(t, got.records[chats][0], "id", "rate", "tags", "visitor", "ended_timestamp"))
	same(t, []string{"b"}, column(t, got.records[messages], "text"))
	same(t, []string{`{"k":2,"l":{"m":null}}`}, column(t, got.records[messages], "message_json"))
}

func TestMessageJSON(t *testing.T) {
	for _, test := range []struct{ name, value, want string }{
		{"text", `"{\"a\": 1}"`, `{"a": 1}`},
		{"object", `{"a": 1.0, "b": [ "é\u0000", null ]}`, `{"a":1.0,"b":["é",null]}`},
		{"array", `[ {} ]`, `[{}]`},
		{"null", `null`, `<nil>`},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := mustPlay(t, chatWith(`"messages":[{"message_json":`+test.value+`}]`))
			same(t, []string{test.want}, column(t, got.records[messages], "message_json"))
		})
	}
}

func TestWrongTypes(t *testing.T) {
	for _, test := range []struct {
		field, member string // the member's value is put for %s
		want          string // in words
		taken         map[string]string
		refused       []string
	}{
		{"chats.duration", `"duration":%s`, "a whole number", map[string]string{
			"12": "12", "-0": "-0", `"12"`: "12", `" 12 "`: "12", "12.0": "12", `"12.0"`: "12", "1e3": "1000", "1.5e1": "15", "-12.50e1": "-125", "120e-1": "12",
			"0e999999999": "0", "0.000": "0", "9007199254740993.0": "9007199254740993",
			"9223372036854775807": "9223372036854775807", `"-9223372036854775808"`: "-9223372036854775808", "9.223372036854775807e18": "9223372036854775807", `""`: "null", `" "`: "null", "null": "null",
		}, []string{"12.5", `"12.5"`, `"twelve"`, `"0x10"`, `"1,000"`, `"+12"`, "true", "{}", "[]", "[12]", `{"a":1}`, "1e19", "1e41", "1e9999999", "9223372036854775808", "-9223372036854775809", `"99999999999999999999"`, "123456789012345678901234567890", "1e-400", "1e99999999999999999999",
			"4503599627370496.4e0", "1.00000000000000000000001"}},
		{"chats.pending", `"pending":%s`, "true or false", map[string]string{
			"false": "false", "true": "true", `"false"`: "false", `"TRUE"`: "true", "1": "true", "0": "false", `"1"`: "true", `" 0 "`: "false", `""`: "null", "null": "null",
		}, []string{"2", `"yes"`, "[]", "{}", "1.5"}},
		{"chats.rate", `"rate":%s`, "text", map[string]string{"12.50": `"12.50"`, "true": `"true"`, `""`: `""`, "null": "null"}, []string{"[]", "{}", `{"a":1}`, `["a"]`}},
		{"chats.queue", `"queue":%s`, "an object", map[string]string{"[]": "{}", "{}": "{}", `""`: "null", "null": "null"}, []string{"[1]", `"x"`, "12", "true"}},
		{"chats.queue.duration", `"queue":{"duration":%s}`, "a whole number", map[string]string{`"7"`: `{"duration":7}`}, []string{`"x"`, `{}`}},
		{"chats.tags", `"tags":%s`, "a list", map[string]string{"{}": "[]", "[]": "[]", `""`: "null", `[1,null,true]`: `["1",null,"true"]`}, []string{`{"a":1}`, `"x"`, "12"}},
		{"chats.tags", `"tags":["a",%s]`, "text", map[string]string{"12": `["a","12"]`, "null": `["a",null]`}, []string{"{}", "[]", `["b"]`}},
		{"chats.group", `"group":[%s]`, "a whole number", map[string]string{`"0"`: "[0]", `""`: "[null]"}, []string{`"x"`, "[1]"}},
		{"chats.goals.order.price", `"goals":[{"order":{"price":%s}}]`, "text", map[string]string{
			"12.50": `[{"order":{"price":"12.50"}}]`, `""`: `[{"order":{"price":""}}]`}, []string{"[]", "{}"}},
		{"chats.goals.timestamp", `"goals":[{"timestamp":%s}]`, "a time", map[string]string{
			`"2013-01-23T10:40:53.250001Z"`: `[{"timestamp":"2013-01-23T10:40:53.250001Z"}]`, `" 2013-01-23T11:40:53+01:00 "`: `[{"timestamp":"2013-01-23T10:40:53Z"}]`,
			`"0001-01-01T00:00:00Z"`: `[{"timestamp":"0001-01-01T00:00:00Z"}]`, `"9999-12-31T23:59:59Z"`: `[{"timestamp":"9999-12-31T23:59:59Z"}]`, `""`: `[{"timestamp":null}]`,
		}, []string{"1e400", "0", "1358937653", `"0000-01-01T00:00:00Z"`, `"0001-01-01T00:00:00+00:01"`, `"0000-01-01T00:00:00+23:59"`, `"9999-12-31T23:59:59-00:01"`, `"2013-01-23"`, `"yesterday"`, "true", "{}", "[]"}},
		{"chats.agents", `"agents":[%s]`, "an object", map[string]string{"[]": "[{}]", "null": "[null]"}, []string{`"a@x"`, "1"}},
	} {
		name := strings.Split(strings.TrimPrefix(test.field, "chats."), ".")[0]
		for value, want := range test.taken {
			t.Run(fmt.Sprintf(test.member, value), func(t *testing.T) {
				got := mustPlay(t, chatWith(fmt.Sprintf(test.member, value)))
				same(t, want, fields(t, got.records[chats][0])[name])
				if len(got.Out.Notes) > 0 && name != "pending" {
					t.Errorf("counted: %v", got.Out.Notes)
				}
			})
		}
		for _, value := range test.refused {
			t.Run(fmt.Sprintf(test.member, value), func(t *testing.T) {
				chat := chatWith(fmt.Sprintf(test.member, value))
				got, err := play(testRenderer(t, catalog.Default(catalog.V2), false), chat)
				if err != nil {
					t.Fatal(err)
				}
				wrong, ok := errors.AsType[*ValueError](got.Out.Err)
				if !ok {
					t.Fatalf("no ValueError but %v in %v", got.Out.Err, got.records[chats])
				}
				var doc jsondoc.Doc
				if err := doc.Parse([]byte(value)); err != nil {
					t.Fatal(err)
				}
				same(t, fmt.Sprintf("chat C1: %s: wanted %s, got %s", test.field, test.want, describe(doc.Root())), wrong.Error())
				if !strings.Contains(wrong.Hint(), "on_invalid") {
					t.Errorf("hint %q", wrong.Hint())
				}

				got, err = play(testRenderer(t, catalog.Default(catalog.V2), true), chat)
				if err != nil || got.Out.Err != nil {
					t.Fatal(err, got.Out.Err)
				}
				valid(t, catalog.Default(catalog.V2), got)
				n := 0
				for _, o := range got.Out.Notes {
					if o == (source.Note{Field: test.field, Why: nulled}) {
						n++
					}
				}
				if n != 1 {
					t.Errorf("counted %d times: %v", n, got.Out.Notes)
				}
				if f := fields(t, got.records[chats][0])[name]; !strings.Contains(f, "null") {
					t.Errorf("%s became %s", value, f)
				}
			})
		}
	}
}

// A key is never made null, whatever the setting.
func TestKeysAreNotNulled(t *testing.T) {
	for _, test := range []struct{ member, field string }{
		{`"agents":[{"email":true}]`, "chats.agent_email"},
		{`"agents":[{"email":{"a":1}}]`, "chats.agent_email"},
		{`"events":[{"event_id":[]}]`, "events.event_id"},
		{`"messages":[{"event_id":false}]`, "messages.event_id"},
	} {
		for _, setting := range []bool{false, true} {
			got, err := play(testRenderer(t, catalog.Default(catalog.V2), setting), chatWith(test.member))
			if err != nil {
				t.Fatal(err)
			}
			wrong, ok := errors.AsType[*ValueError](got.Out.Err)
			if !ok || wrong.Chat != "C1" || wrong.Field != test.field || !strings.Contains(wrong.Hint(), "report this chat") {
				t.Errorf("%s, %v: error %v", test.member, setting, got.Out.Err)
			}
			valid(t, catalog.Default(catalog.V2), got)
		}
	}
}

func TestChildrenOfTheWrongType(t *testing.T) {
	for _, test := range []struct{ list, want, got string }{
		{`"x"`, "a list", "a text of 1 bytes"}, {`{"a":1}`, "a list", "an object of 7 bytes"}, {"12", "a list", "a number of 2 bytes"},
		{`[{"event_id":"E1"},"x"]`, "an object", "a text of 1 bytes"}, {`[[]]`, "an object", "a list of 2 bytes"},
	} {
		chat := chatWith(`"events":` + test.list)
		got, err := play(testRenderer(t, catalog.Default(catalog.V2), false), chat)
		if err != nil {
			t.Fatal(err)
		}
		same(t, "chat C1: events: wanted "+test.want+", got "+test.got, fmt.Sprint(got.Out.Err))
		got, err = play(testRenderer(t, catalog.Default(catalog.V2), true), chat)
		if err != nil || got.Out.Err != nil {
			t.Fatal(err, got.Out.Err)
		}
		same(t, fmt.Sprint([]source.Note{{Field: "events", Why: nulled}}), fmt.Sprint(got.Out.Notes))
	}
}

// An error says of what kind and size a value is, and no word of a customer.
func TestErrorsDoNotQuote(t *testing.T) {
	const words = "vi.doe@home.example"
	for member, want := range map[string]string{
		`"prechat_survey":{"E-mail":"vi.doe@home.example", "Phone":"+49 30 000000" }`: "chats.prechat_survey: wanted a list, got an object of 58 bytes",
		`"duration":"vi.doe@home.example"`:                                            "chats.duration: wanted a whole number, got a text of 19 bytes",
		`"pending":["vi.doe@home.example"]`:                                           "chats.pending: wanted true or false, got a list of 23 bytes",
		`"tags":4930000000`:                                                           "chats.tags: wanted a list, got a number of 10 bytes",
		`"visitor":{"ip":{"vi.doe@home.example":1}}`:                                  "chats.visitor.ip: wanted text, got an object of 25 bytes",
		`"rate":"ok","messages":[{"files":"vi.doe@home.example"}]`:                    "messages.files: wanted a list, got a text of 19 bytes",
		`"events":["vi.doe@home.example"]`:                                            "events: wanted an object, got a text of 19 bytes",
		`"goals":true`:                                                                "chats.goals: wanted a list, got true or false",
	} {
		got, err := play(testRenderer(t, catalog.Default(catalog.V2), false), chatWith(member))
		if err != nil {
			t.Fatal(err)
		}
		same(t, "chat C1: "+want, fmt.Sprint(got.Out.Err))
		got, err = play(testRenderer(t, catalog.Default(catalog.V2), true), chatWith(member+`,"`+words+`":1`))
		if err != nil || got.Out.Err != nil {
			t.Fatal(err, got.Out.Err)
		}
		if len(got.Out.Notes) == 0 || strings.Contains(fmt.Sprint(got.Out.Notes), words) {
			t.Errorf("the notes are %v", got.Out.Notes)
		}
	}
}

// Text that had to be changed is counted, wherever it is written; what is not
// written is not.
func TestAlteredTextIsNoted(t *testing.T) {
	for member, want := range map[string][]string{
		`"rate_comment":"a\u0000b"`:                                        {"chats.rate_comment"},
		`"rate_comment":"\\u0000 \ud83d\ude00 \u00e9"`:                     nil,
		`"rate_comment":"\ud800","rate":"\n"`:                              {"chats.rate_comment"},
		"\"tags\":[\"a\xff\",\"b\"]":                                       {"chats.tags"},
		`"visitor":{"name":"\u0000"},"sentiment":"\u0000"`:                 {"chats.visitor_name", "chats.visitor.name"},
		`"messages":[{"text":"\u0000"},{"message_json":{"a":["\u0000"]}}]`: {"messages.text", "messages.message_json"},
		`"agents":[{"email":"a@x\u0000"}]`:                                 {"chats.agents.email"},
	} {
		got := mustPlay(t, chatWith(member))
		var fields []string
		for _, n := range withoutWhy(got.Out.Notes, unknownField) {
			same(t, altered, n.Why)
			fields = append(fields, n.Field)
		}
		same(t, want, fields)
	}
}

func TestUnknownFields(t *testing.T) {
	got := mustPlay(t, chatWith(`"sentiment":{"x":1},"Type":"other","visitor":{"visits":3},"agents":[{"email":"a@x"},{"email":"b@x"}],"events":[{"seen":1},{"seen":2}]`))
	count := make(map[string]int)
	for _, o := range got.Out.Notes {
		same(t, unknownField, o.Why)
		count[o.Field]++
	}
	// What is in the chat itself counts once; what is nested, once a record.
	same(t, map[string]int{"chats.sentiment": 1, "chats.Type": 1, "chats.visitor.visits": 2, "events.seen": 2}, count)
	for _, record := range slices.Concat(got.records[:]...) {
		for _, name := range []string{"sentiment", "Type", "visits", "seen"} {
			if strings.Contains(record, `"`+name+`"`) {
				t.Errorf("%s is in %s", name, record)
			}
		}
	}
}

// FuzzRender renders any bytes as a chat.
func FuzzRender(f *testing.F) {
	f.Add([]byte(chatWith(`"agents":[{"email":"a@x"}],"tags":["a",1,null],"events":[{"event_id":"E1","text":"\ud800\u0000","date":"Sun, 10/27/13 02:30:00 am"}],"timezone":"Europe/Berlin"`)))
	f.Add([]byte(`{"id":"M1","type":"missed_chat","time":"Wed, 01/23/13 11:40:53 am","timezone":"Asia/Kathmandu","message":12}`))
	f.Add([]byte(`{"id":"C1","started_timestamp":"0000-01-01T00:00:00+23:59","duration":1e20,"queue":[],"visitor":[],"goals":{}}`))
	f.Add([]byte(`{"id":1e3,"duration":"1e-400","pending":"1","messages":[{"event_id":"1e3/messages/2"},{},{"message_json":{"a":1,"a":{}}}]}`))
	f.Add([]byte("{\"id\":\"C\xff\",\"agents\":{\"a\":{\"email\":\"\xed\xa0\x80\"}},\"id\":\"x\"}"))
	var renderers []*Renderer
	for _, setting := range []bool{false, true} {
		renderers = append(renderers, testRenderer(f, catalog.Default(catalog.V2), setting))
	}
	streams := catalog.Default(catalog.V2).Streams
	var validators []*schemas.Validator
	for _, s := range streams {
		v, err := schemas.Compile(s.Name, s.Schema.AppendJSON(nil))
		if err != nil {
			f.Fatal(err)
		}
		validators = append(validators, v)
	}
	f.Fuzz(func(t *testing.T, chat []byte) {
		for _, r := range renderers {
			got, err := play(r, string(chat))
			if err != nil {
				if got.Chat != nil {
					t.Fatal(err)
				}
				return
			}
			if got.ID == "" {
				return // an API yields no such chat
			}
			if got.Out.Err != nil && !strings.Contains(got.Out.Err.Error(), "chat "+got.ID+": ") {
				t.Errorf("the error does not name the chat: %v", got.Out.Err)
			}
			if r.nullIt || got.Out.Err == nil {
				for i, s := range streams {
					keys := make(map[string]bool)
					for _, record := range got.records[i] {
						check(t, validators[i], s.Stream, keys, record)
					}
				}
			}
		}
	})
}

// Many workers share a Renderer.
func TestRendererIsShared(t *testing.T) {
	r := testRenderer(t, catalog.Default(catalog.V2), false)
	for i := range 8 {
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			t.Parallel()
			for k := range 50 {
				id := fmt.Sprintf("W%dC%d", i, k)
				got, err := play(r, fmt.Sprintf(`{"id":%q,"events":[{},{"event_id":"E"}]}`, id))
				if err != nil || got.Out.Err != nil {
					t.Fatal(err, got.Out.Err)
				}
				same(t, []string{id + "/events/8855508aade16ec573d2", "E"}, column(t, got.records[events], "event_id"))
			}
		})
	}
}
