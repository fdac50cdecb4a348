package record

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
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

// rendered is a rendered chat: the records of each stream as JSON text.
type rendered struct {
	*source.Chat
	records [streamCount][]string
}

// render renders a chat, given as the JSON text of its document.
func render(r *Renderer, chat string) (rendered, error) {
	var doc jsondoc.Doc
	if err := doc.Parse([]byte(chat)); err != nil {
		return rendered{}, err
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
	t := rendered{Chat: c}
	start := 0
	for _, part := range c.Out.Parts {
		stream := slices.Index(streamNames[:], part.Stream)
		for line := range bytes.Lines(c.Out.Text[start:part.End]) {
			record, complete := bytes.CutSuffix(line, []byte("\n"))
			if !complete || !json.Valid(record) {
				return t, fmt.Errorf("not a line with a record of %s: %q", part.Stream, line)
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

// mustRender renders a chat, of which no value may be rejected, and validates its records.
func mustRender(t *testing.T, chat string) rendered {
	t.Helper()
	got, err := render(testRenderer(t, catalog.Default(catalog.V2), false), chat)
	if err == nil {
		err = got.Out.Err
	}
	if err != nil {
		t.Fatal(err)
	}
	checkValid(t, catalog.Default(catalog.V2), got)
	return got
}

// checkValid validates every record against the schemas of a selection.
func checkValid(tb testing.TB, selection catalog.Selection, all ...rendered) {
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
				checkRecord(tb, v, s.Stream, keys, text)
			}
		}
	}
}

// checkRecord holds one record against its schema, and its keys against all before.
func checkRecord(tb testing.TB, v *schemas.Validator, s catalog.Stream, keys map[string]bool, text string) {
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
	if twice := duplicateName(text); twice != "" {
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

// duplicateName is a name that an object in the text has twice.
func duplicateName(text string) string {
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

func diff(t *testing.T, want, got any) {
	t.Helper()
	if diff := gocmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// withoutReason leaves out the warnings of one reason.
func withoutReason(warnings []source.Warning, why string) []source.Warning {
	return slices.DeleteFunc(slices.Clone(warnings), func(n source.Warning) bool { return n.Why == why })
}
