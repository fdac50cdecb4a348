package tap

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"tap-livechat/catalog"
	"tap-livechat/schemas"
	"tap-livechat/tap/singer"
	"tap-livechat/tap/source"
	"tap-livechat/tap/state"
)

// transcript is what a run wrote, checked.
type transcript struct {
	latest  map[string]map[string]message // by stream and key, the last record
	twice   int                           // records that came again
	count   map[string]int                // records by stream
	schemas []string                      // streams, in the order of their SCHEMA
	states  []stateLine
	lines   int
}

// message is one record and the line that it came in, from 0.
type message struct {
	line   int
	record map[string]any
}

// stateLine is one STATE.
type stateLine struct {
	line  int // from 0
	text  string
	marks map[string]time.Time // by stream; of the streams of the tap
}

// last is the last state, as ReadState takes it.
func (tr *transcript) last(t testing.TB) state.State {
	t.Helper()
	if len(tr.states) == 0 {
		return state.State{}
	}
	return mustState(t, tr.states[len(tr.states)-1].text)
}

func mustState(t testing.TB, text string) state.State {
	t.Helper()
	s, _, err := state.Read(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// checks are what readTranscript leaves out.
type checks struct {
	repeats bool // a record may come twice, as when windows are read again
	every   int  // of this many records of a child stream one is held against the schema; 0: all
	cutOff  bool // the process was killed: the last line may be half a one, and no STATE
}

// validators of the schemas seen so far; compiling one takes longer than using it.
var validators sync.Map

// readTranscript checks messages for what every target relies on: whole lines,
// a SCHEMA before the records of its stream, keys that are there, not null and
// unique, records valid against the SCHEMA, bookmarks that never go back, no
// float in a STATE, and a STATE at the end.
func readTranscript(t testing.TB, out []byte, c checks) *transcript {
	t.Helper()
	tr := &transcript{latest: make(map[string]map[string]message), count: make(map[string]int)}
	keys := make(map[string][]string)
	valid := make(map[string]*schemas.Validator)
	last := ""
	if len(out) > 0 && out[len(out)-1] != '\n' {
		if !c.cutOff {
			t.Errorf("the last line is torn: …%.200q", out[max(0, len(out)-200):])
		}
		out = out[:bytes.LastIndexByte(out, '\n')+1]
	}
	for line := range bytes.Lines(out) {
		var m struct {
			Type       string
			Stream     string
			Schema     json.RawMessage
			Keys       []string `json:"key_properties"`
			Bookmarks  []string `json:"bookmark_properties"`
			Record     map[string]any
			Extracted  string `json:"time_extracted"`
			Value      json.RawMessage
			Unexpected any `json:"version"`
		}
		d := json.NewDecoder(bytes.NewReader(line))
		d.UseNumber()
		if err := d.Decode(&m); err != nil {
			t.Fatalf("line %d is not JSON: %v: %.300q", tr.lines, err, line)
		}
		if d.More() || m.Unexpected != nil {
			t.Fatalf("line %d holds more than one message: %.300q", tr.lines, line)
		}
		last = m.Type
		switch m.Type {
		case "SCHEMA":
			if keys[m.Stream] != nil {
				t.Errorf("stream %s has a second SCHEMA, line %d", m.Stream, tr.lines)
			}
			if len(m.Keys) == 0 || len(m.Bookmarks) != 1 {
				t.Errorf("SCHEMA of %s: keys %q, bookmark properties %q", m.Stream, m.Keys, m.Bookmarks)
			}
			keys[m.Stream], tr.latest[m.Stream] = m.Keys, make(map[string]message)
			tr.schemas = append(tr.schemas, m.Stream)
			v, ok := validators.Load(string(m.Schema))
			if !ok {
				compiled, err := schemas.Compile(m.Stream, m.Schema)
				if err != nil {
					t.Fatal(err)
				}
				v, _ = validators.LoadOrStore(string(m.Schema), compiled)
			}
			valid[m.Stream] = v.(*schemas.Validator)
		case "RECORD":
			if keys[m.Stream] == nil {
				t.Fatalf("line %d is a RECORD of %s, which has had no SCHEMA", tr.lines, m.Stream)
			}
			tr.add(t, m.Stream, keys[m.Stream], m.Record, c)
			if n := tr.count[m.Stream]; c.every == 0 || m.Stream == "chats" || n%c.every == 0 {
				if faults := valid[m.Stream].Validate(m.Record); faults != nil {
					t.Errorf("line %d, a record of %s, is not valid: %v", tr.lines, m.Stream, faults)
				}
				if at, err := time.Parse(time.RFC3339Nano, m.Extracted); err != nil || at.Location() != time.UTC {
					t.Errorf("line %d: time_extracted %q: %v", tr.lines, m.Extracted, err)
				}
			}
		case "STATE":
			tr.state(t, m.Value)
		default:
			t.Fatalf("line %d has the type %q", tr.lines, m.Type)
		}
		tr.lines++
	}
	if tr.lines > 0 && last != "STATE" && !c.cutOff {
		t.Errorf("the last message is a %s", last)
	}
	return tr
}

func (tr *transcript) add(t testing.TB, stream string, names []string, record map[string]any, c checks) {
	var key []string
	for _, name := range names {
		value, ok := record[name].(string)
		if !ok || value == "" {
			t.Errorf("line %d, a record of %s: the key %s is %v", tr.lines, stream, name, record[name])
		}
		key = append(key, value)
	}
	id := strings.Join(key, "\x00")
	if _, again := tr.latest[stream][id]; again {
		tr.twice++
		if !c.repeats {
			t.Errorf("line %d: the record %q of %s comes twice", tr.lines, key, stream)
		}
	}
	tr.latest[stream][id] = message{tr.lines, record}
	tr.count[stream]++
}

func (tr *transcript) state(t testing.TB, value json.RawMessage) {
	s := stateLine{line: tr.lines, text: string(value), marks: make(map[string]time.Time)}
	var doc map[string]any
	d := json.NewDecoder(bytes.NewReader(value))
	d.UseNumber()
	if err := d.Decode(&doc); err != nil {
		t.Fatalf("line %d: the STATE is no object: %s", tr.lines, value)
	}
	noFloats(t, doc)
	kept := mustState(t, s.text)
	for _, stream := range catalog.Streams() {
		b := kept.Bookmarks[stream.Name]
		mark := b.At
		if !mark.IsZero() {
			s.marks[stream.Name] = mark
		}
		if n := len(tr.states); n > 0 && mark.Before(tr.states[n-1].marks[stream.Name]) {
			t.Errorf("line %d: the bookmark of %s goes back from %s to %s", tr.lines, stream.Name, tr.states[n-1].marks[stream.Name], mark)
		}
	}
	if n := len(tr.states); n > 0 && tr.states[n-1].line == tr.lines-1 && tr.states[n-1].text == s.text {
		t.Errorf("line %d repeats the STATE before it", tr.lines)
	}
	tr.states = append(tr.states, s)
}

// noFloats fails for numbers that some targets cannot store in a state.
func noFloats(t testing.TB, v any) {
	switch v := v.(type) {
	case map[string]any:
		for _, e := range v {
			noFloats(t, e)
		}
	case []any:
		for _, e := range v {
			noFloats(t, e)
		}
	case json.Number:
		if strings.ContainsAny(v.String(), ".eE") {
			t.Errorf("the STATE holds the float %s", v)
		}
	}
}

// union adds what a later run wrote.
func (tr *transcript) union(later *transcript) {
	for stream, records := range later.latest {
		if tr.latest[stream] == nil {
			tr.latest[stream] = make(map[string]message)
		}
		for key, m := range records {
			if _, again := tr.latest[stream][key]; again {
				tr.twice++
			}
			tr.latest[stream][key] = m
		}
		tr.count[stream] += later.count[stream]
	}
	tr.twice += later.twice
}

// A checker that finds nothing is no proof: it is shown what it must find.
func TestReadTranscriptFindsFaults(t *testing.T) {
	schema := `{"type":"SCHEMA","stream":"chats","schema":{"type":"object","properties":{"id":{"type":["string"]},"n":{"type":["null","integer"]}}},"key_properties":["id"],"bookmark_properties":["ended_timestamp"]}` + "\n"
	record := `{"type":"RECORD","stream":"chats","record":{"id":"a","n":1},"time_extracted":"2026-01-01T00:00:00Z"}` + "\n"
	kept := `{"type":"STATE","value":{"bookmarks":{"chats":{"ended_timestamp":"2026-01-02T00:00:00Z"}}}}` + "\n"
	for _, test := range []struct{ name, out string }{
		{"", schema + record + kept},
		{"no state", schema + record},
		{"torn", schema + record + kept[:20]},
		{"no schema", record + kept},
		{"two schemas", schema + schema + kept},
		{"twice", schema + record + record + kept},
		{"no key", schema + strings.Replace(record, `"a"`, `null`, 1) + kept},
		{"invalid", schema + strings.Replace(record, `1}`, `"x"}`, 1) + kept},
		{"empty line", schema + "\n" + kept},
		{"two on a line", schema + strings.TrimSpace(record) + record + kept},
		{"back", schema + kept + record + strings.Replace(kept, "-02T", "-01T", 1)},
		{"float", schema + strings.Replace(kept, `}}}`, `,"x":1.5}}}`, 1)},
		{"same state", schema + kept + kept},
		{"lower case", schema + strings.ToLower(record) + kept},
		{"local time", schema + strings.Replace(record, "00Z", "00+01:00", 1) + kept},
	} {
		t.Run(test.name, func(t *testing.T) {
			f := &failures{TB: t}
			func() {
				defer func() {
					if p := recover(); p != nil && p != errFatal {
						panic(p)
					}
				}()
				readTranscript(f, []byte(test.out), checks{})
			}()
			if (f.count > 0) != (test.name != "") {
				t.Errorf("%d faults were found", f.count)
			}
		})
	}
}

// failures counts failures in place of failing.
type failures struct {
	testing.TB
	count int
}

var errFatal = errors.New("fatal")

func (f *failures) Error(...any)          { f.count++ }
func (f *failures) Errorf(string, ...any) { f.count++ }
func (f *failures) Fatal(...any)          { f.count++; panic(errFatal) }
func (f *failures) Fatalf(string, ...any) { f.count++; panic(errFatal) }

// writes keeps each write apart, and fails from the nth on.
type writes struct {
	all  []string
	fail int // 0: never
}

func (w *writes) Write(b []byte) (int, error) {
	if w.fail > 0 && len(w.all)+1 >= w.fail {
		return 0, errors.New("no room")
	}
	w.all = append(w.all, string(b))
	return len(b), nil
}

// What is cut off between two writes must not be torn, and a STATE must not
// wait in a buffer.
func TestMessagesAreWrittenInWholeLines(t *testing.T) {
	var w writes
	m := singer.Writer{Out: &w}
	for _, s := range catalog.Default(catalog.V2).Streams {
		m.Schema(s)
	}
	stream := &catalog.Default(catalog.V2).Streams[0]
	line := []byte(`{"id":"` + strings.Repeat("x", 1000) + `"}` + "\n")
	for range 200 {
		m.Records(stream, line, 1, time.Time{})
	}
	m.Records(stream, bytes.Repeat(line, 300), 300, time.Time{})
	m.Records(stream, nil, 0, time.Time{})
	kept := state.State{}.With("chats", state.Bookmark{At: time.Unix(0, 0).UTC(), OpenKnown: true})
	m.State(kept)
	for i, text := range w.all {
		if !strings.HasSuffix(text, "}\n") {
			t.Errorf("write %d of %d ends with %.50q", i, len(w.all), text[len(text)-50:])
		}
	}
	if got := w.all[len(w.all)-1]; !strings.HasSuffix(got, `{"type":"STATE","value":{"bookmarks":{"chats":{"api":"2","ended_timestamp":"1970-01-01T00:00:00Z","open_chats":[],"read_from":null,"read_to":null}}}}`+"\n") {
		t.Errorf("the STATE was not written at once, but %.200q", got)
	}
	before := len(w.all)
	m.State(kept)
	m.End()
	if len(w.all) != before {
		t.Errorf("the same STATE was written twice: %q", w.all[before:])
	}
	if len(w.all) > 30 {
		t.Errorf("%d writes for 500 KB", len(w.all))
	}
}

func TestMessagesStopAtTheFirstError(t *testing.T) {
	for fail := 1; fail < 6; fail++ {
		w := writes{fail: fail}
		m := singer.Writer{Out: &w}
		for i := range 8 {
			m.Records(&catalog.Default(catalog.V2).Streams[0], []byte("{}\n"), 1, time.Time{})
			m.State(state.State{}.With("chats", state.Bookmark{At: time.Unix(int64(i), 0).UTC()}))
		}
		if m.Err == nil || len(w.all) != fail-1 {
			t.Errorf("failing at write %d: %d writes, error %v", fail, len(w.all), m.Err)
		}
	}
}

// A stream that is read in full has nothing that a bookmark could speak of.
func TestSchemaWithoutAReplicationKey(t *testing.T) {
	schema, err := catalog.ParseSchema([]byte(`{"type":"object","properties":{"name":{"type":["string"]}}}`))
	if err != nil {
		t.Fatal(err)
	}
	list := catalog.Selected{Stream: catalog.Stream{Name: "tags", Keys: []string{"name"}}, Schema: schema, Whole: schema, FullTable: true, Target: "labels"}
	var b bytes.Buffer
	if err := singer.WriteSchemas(&b, catalog.Selection{Streams: []catalog.Selected{list}}); err != nil {
		t.Fatal(err)
	}
	const want = `{"type":"SCHEMA","stream":"labels","schema":{"type":"object","properties":{"name":{"type":["string"]}}},"key_properties":["name"]}` + "\n"
	if b.String() != want {
		t.Errorf("got %s, want %s", b.String(), want)
	}
}

func TestWriteSchemas(t *testing.T) {
	var b bytes.Buffer
	if err := singer.WriteSchemas(&b, catalog.Default(catalog.V2)); err != nil {
		t.Fatal(err)
	}
	tr := readTranscript(t, b.Bytes(), checks{cutOff: true})
	if want := []string{"chats", "messages", "events"}; !slices.Equal(tr.schemas, want) || tr.lines != 3 {
		t.Errorf("%q, %d lines", tr.schemas, tr.lines)
	}
	var output *singer.OutputError
	if err := singer.WriteSchemas(&writes{fail: 1}, catalog.Default(catalog.V2)); !errors.As(err, &output) || output.Hint() == "" {
		t.Error(err)
	}
}

// The log of a run must not be longer for a larger archive, nor repeat itself.
func TestOdditiesAreBounded(t *testing.T) {
	var log bytes.Buffer
	o := newWarningCounter(textLog(&log))
	for i := range 5000 {
		o.add(source.Warning{Field: fmt.Sprintf("chats.%d%s", i, strings.Repeat("y", i)), Why: "is not known"}, "A")
		o.add(source.Warning{Field: "chats.rate", Why: "was made null"}, fmt.Sprint(i))
	}
	o.report()
	lines := strings.Split(strings.TrimSpace(log.String()), "\n")
	if len(lines) > maxWarningKinds+3 {
		t.Errorf("%d lines", len(lines))
	}
	seen := make(map[string]bool)
	total := 0
	for _, line := range lines {
		if len(line) > 400 {
			t.Errorf("a line of %d bytes: %.100s", len(line), line)
		}
		if seen[line] {
			t.Errorf("twice: %s", line)
		}
		seen[line] = true
		_, times, _ := strings.Cut(line, "times=")
		n := 0
		fmt.Sscan(times, &n)
		total += n
	}
	if total != 10000 {
		t.Errorf("%d of 10000 were counted", total)
	}
	if !strings.Contains(log.String(), "times=5000 first_chat=0") {
		t.Error("one kind is not counted as one")
	}
	if got := len(slices.Collect(maps.Keys(o.count))); got > maxWarningKinds+2 {
		t.Errorf("%d kinds are kept", got)
	}
}
