package record

import (
	"fmt"
	"strings"
	"testing"

	"tap-livechat/catalog"
	"tap-livechat/tap/jsondoc"
	"tap-livechat/tap/source"
)

// selectWith is the selection of a catalog whose stream has these properties.
func selectWith(t *testing.T, stream, schema, metadata string) catalog.Selection {
	t.Helper()
	text := fmt.Sprintf(`{"streams":[{"tap_stream_id":%q,"schema":%s,"metadata":[{"breadcrumb":[],"metadata":{"selected":true}}%s]}]}`, stream, schema, metadata)
	c, err := catalog.Read(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	s, warnings, err := c.Select(catalog.V2)
	if err != nil || len(warnings) > 0 {
		t.Fatal(warnings, err)
	}
	return s
}

func deselect(path ...string) string {
	return `,{"breadcrumb":["` + strings.Join(path, `","`) + `"],"metadata":{"selected":false}}`
}

func TestDeselectedFieldsAreNotWritten(t *testing.T) {
	for _, test := range []struct {
		name, metadata, gone string
		want                 map[string]string
	}{
		{"a field", deselect("properties", "rate"), "rate", map[string]string{"visitor_id": `"S1"`}},
		{"an object", deselect("properties", "visitor"), "visitor", map[string]string{"visitor_id": `"S1"`, "visitor_name": `"Mary"`}},
		{"a nested one", deselect("properties", "visitor", "properties", "name"), "", map[string]string{"visitor": `{"id":"S1"}`, "visitor_name": `"Mary"`}},
		{"in a list", deselect("properties", "agents", "items", "properties", "display_name"), "", map[string]string{"agents": `[{"email":"a@x"}]`, "agent_email": `"a@x"`}},
		{"the list", deselect("properties", "agents"), "agents", map[string]string{"agent_email": `"a@x"`}},
		{"the flat ones", deselect("properties", "visitor_id") + deselect("properties", "visitor_name"), "visitor_id", map[string]string{"visitor": `{"id":"S1","name":"Mary"}`}},
		{"keys stay", deselect("properties", "id") + deselect("properties", "agent_email") + deselect("properties", "ended_timestamp"), "",
			map[string]string{"id": `"C1"`, "agent_email": `"a@x"`, "ended_timestamp": `"2013-01-23T11:05:09Z"`}},
		{"a time", deselect("properties", "started_timestamp"), "started_timestamp", nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			selection := selectWith(t, "chats", "null", test.metadata)
			got, err := render(testRenderer(t, selection, false),
				chatWith(`"rate":"good","agents":[{"display_name":"A","email":"a@x"}],"visitor":{"id":"S1","name":"Mary"},"events":[{}]`))
			if err != nil || got.Out.Err != nil || len(got.Out.Warnings) > 0 {
				t.Fatal(err, got.Out.Err, got.Out.Warnings)
			}
			checkValid(t, selection, got)
			f := fields(t, got.records[chats][0])
			if _, there := f[test.gone]; there {
				t.Errorf("%s is still there", test.gone)
			}
			for name, want := range test.want {
				diff(t, want, f[name])
			}
			diff(t, 0, len(got.records[events]))
		})
	}
}

// A child does not need its parent.
func TestChildAlone(t *testing.T) {
	selection := selectWith(t, "events", "null", deselect("properties", "chat_id")+deselect("properties", "text"))
	got, err := render(testRenderer(t, selection, false), chatWith(`"unknown":1,"events":[{"event_id":"E1","text":"x"},{}]`))
	if err != nil || got.Out.Err != nil || len(got.Out.Warnings) > 0 {
		t.Fatal(err, got.Out.Err, got.Out.Warnings)
	}
	checkValid(t, selection, got)
	diff(t, []int{0, 0, 2}, []int{len(got.records[chats]), len(got.records[messages]), len(got.records[events])})
	diff(t, `{"event_id":"E1","chat_ended":"2013-01-23T11:05:09Z","chat_started":"2013-01-23T10:40:53Z","sequence":1}`, got.records[events][0])
}

// What a user makes of a field's schema is kept to.
func TestReplacedSchemas(t *testing.T) {
	const numbers = `[1,"2",3.0,"x",null,true]`
	for _, test := range []struct{ name, field, schema, value, want string }{
		{"integer to text", "duration", `{"type":["null","string"]}`, "12", `"12"`},
		{"integer to number", "duration", `{"type":["null","number"]}`, "12.50", "12.50"},
		{"number as text", "duration", `{"type":["null","number"]}`, `"12.50"`, "12.50"},
		{"a number out of proportion", "duration", `{"type":["null","number"]}`, "1e9999999", "null"},
		{"text to integer", "rate", `{"type":["null","integer"]}`, `"12"`, "12"},
		{"time to text", "started", `{"type":["null","string"]}`, `"2013-01-23T10:40:53Z"`, `"2013-01-23T10:40:53Z"`},
		{"time to integer", "started", `{"type":["null","integer"]}`, `"2013-01-23T10:40:53Z"`, "null"},
		{"no type", "rate", `{}`, `{"a":[1.0,"\u0000"]}`, `{"a":[1.0,""]}`},
		{"no type, a description", "rate", `{"description":"x"}`, `12.50`, `12.50`},
		{"anything goes", "rate", `true`, `[1]`, `[1]`},
		{"null alone", "rate", `{"type":"null"}`, `"x"`, `null`},
		{"two types", "duration", `{"type":["null","string","integer"]}`, "12", "12"},
		{"two types, a third", "duration", `{"type":["string","integer"]}`, "true", `"true"`},
		{"a reading", "duration", `{"type":["null","boolean","integer"]}`, "12.0", "12"},
		{"no reading", "duration", `{"type":["null","boolean","integer"]}`, "12.5", "null"},
		{"anyOf", "duration", `{"anyOf":[{"type":"string"},{"type":"null"}]}`, "12", `"12"`},
		{"oneOf", "rate", `{"oneOf":[{"type":"null"},{"type":"integer"}]}`, `"12"`, "12"},
		{"anyOf, a time", "started", `{"anyOf":[{"type":"string","format":"date-time"},{"type":"null"}]}`, `"2013-01-23T10:40:53Z"`, `"2013-01-23T10:40:53Z"`},
		{"anyOf, no time", "rate", `{"anyOf":[{"type":"string","format":"date-time"},{"type":"null"}]}`, `"x"`, "null"},
		{"anyOf, several", "duration", `{"anyOf":[{"type":"integer"},{"type":["string","null"]}]}`, "12.5", `"12.5"`},
		{"anyOf, in anyOf", "duration", `{"anyOf":[{"anyOf":[{"type":"integer"}]},{"type":"null"}]}`, `"12"`, "12"},
		{"anyOf, open", "duration", `{"anyOf":[{"type":"integer"},{}]}`, `{"a":1}`, `{"a":1}`},
		{"anyOf, an object", "queue", `{"anyOf":[{"type":"object","properties":{"duration":{"type":"integer"}}},{"type":"null"}]}`, `{"duration":"7","x":1}`, `{"duration":7}`},
		{"an object of anything", "visitor", `{"type":["null","object"]}`, `{"id":1,"new":[{}],"id":2}`, `{"new":[{}],"id":2}`},
		{"of anything, but empty", "visitor", `{"type":["null","object"],"properties":{}}`, `[]`, `{}`},
		{"object or text, the object", "visitor", `{"type":["object","string"],"properties":{"id":{"type":"string"}}}`, `{"id":1,"name":"x"}`, `{"id":"1"}`},
		{"object or text, the text", "visitor", `{"type":["object","string"],"properties":{"id":{"type":"string"}}}`, `"x"`, `"x"`},
		{"parts without a type", "visitor", `{"properties":{"id":{"type":"string"}}}`, `{"id":1,"name":"x"}`, `{"id":"1"}`},
		{"object to text", "visitor", `{"type":["null","string"]}`, `{"id":1.0, "new":["\u0000"]}`, `"{\"id\":1.0,\"new\":[\"\"]}"`},
		{"list to text", "tags", `{"type":["null","string"]}`, `[1, "a"]`, `"[1,\"a\"]"`},
		{"objects of a list to text", "goals", `{"type":"array","items":{"type":["string","integer"]}}`, `[{"name":"x"},null]`, `["{\"name\":\"x\"}"]`},
		{"text that is an object", "rate", `{"type":["null","string"]}`, `{"a":1}`, `null`},
		{"a list of anything", "tags", `{"type":["null","array"]}`, numbers, numbers},
		{"of anything, but empty", "tags", `{"type":["null","array"]}`, `{}`, `[]`},
		{"a list of integers", "tags", `{"type":["null","array"],"items":{"type":["null","integer"]}}`, numbers, `[1,2,3,null,null,null]`},
		{"not null", "tags", `{"type":"array","items":{"type":"integer"}}`, numbers, `[1,2,3]`},
		{"not null, and null", "rate", `{"type":"string"}`, "null", ``},
		{"not null, and blank", "duration", `{"type":"integer"}`, `""`, ``},
		{"a place for each", "tags", `{"type":["null","array"],"prefixItems":[{"type":"integer"}]}`, `[1,"x"]`, `[1,"x"]`},
	} {
		t.Run(test.name, func(t *testing.T) {
			schema := fmt.Sprintf(`{"type":"object","properties":{"id":{"type":"string"},%q:%s}}`, test.field, test.schema)
			selection := selectWith(t, "chats", schema, "")
			got, err := render(testRenderer(t, selection, true), chatWith(fmt.Sprintf(`%q:%s,"ended_timestamp":"2013-01-23T11:05:09Z"`, test.field, test.value)))
			if err != nil || got.Out.Err != nil {
				t.Fatal(err, got.Out.Err)
			}
			checkValid(t, selection, got)
			f := fields(t, got.records[chats][0])
			diff(t, test.want, f[test.field])
			diff(t, []string{`"C1"`, `"unassigned"`, `"2013-01-23T11:05:09Z"`}, []string{f["id"], f["agent_email"], f["ended_timestamp"]})
		})
	}
}

// The times that are put in from elsewhere keep to the schema, too.
func TestReplacedReplicationKeys(t *testing.T) {
	for _, test := range []struct{ schema, want, err string }{
		{`{"type":["null","string"]}`, `"2013-01-23T11:05:09Z"`, ""},
		{`{}`, `"2013-01-23T11:05:09Z"`, ""},
		{`{"type":["null","integer"]}`, "null", `chat C1: events.chat_ended: wanted a whole number of up to 64 bits, got a time`},
		{`{"type":"integer"}`, "", `chat C1: events.chat_ended: wanted a whole number of up to 64 bits, got a time`},
	} {
		selection := selectWith(t, "events", `{"type":"object","properties":{"event_id":{"type":"string"},"chat_ended":`+test.schema+`}}`, "")
		for _, setting := range []bool{false, true} {
			got, err := render(testRenderer(t, selection, setting), chatWith(`"events":[{}]`))
			if err != nil {
				t.Fatal(err)
			}
			checkValid(t, selection, got)
			diff(t, test.want, fields(t, got.records[events][0])["chat_ended"])
			if !setting && test.err != "" {
				diff(t, test.err, fmt.Sprint(got.Out.Err))
			} else if got.Out.Err != nil {
				t.Error(got.Out.Err)
			}
		}
	}
}

// What the catalog requires is there, as null if it may be.
func TestRequired(t *testing.T) {
	selection := selectWith(t, "chats", `{"type":"object","required":["id","rate","queue"],"properties":{"id":{"type":"string"},"rate":{"type":["null","string"]},"queue":{"type":["null","object"],"properties":{"duration":{"type":"integer"}},"required":["duration"]}}}`, "")
	for _, test := range []struct{ members, want, err string }{
		{`"queue":null`, `null null`, ""},
		{`"rate":"x","queue":{"duration":"1"}`, `"x" {"duration":1}`, ""},
		{`"queue":{}`, "", "chat C1: chats.queue.duration: wanted a whole number of up to 64 bits, got nothing"},
		{`"queue":{"duration":null}`, "", "chat C1: chats.queue.duration: wanted a whole number of up to 64 bits, got null"},
		{`"queue":{"duration":""}`, "", `chat C1: chats.queue.duration: wanted a whole number of up to 64 bits, got a text of 0 bytes`},
	} {
		got, err := render(testRenderer(t, selection, true), chatWith(test.members))
		if err != nil {
			t.Fatal(err)
		}
		if test.err != "" {
			diff(t, test.err, fmt.Sprint(got.Out.Err))
			continue
		}
		if got.Out.Err != nil {
			t.Error(got.Out.Err)
		}
		checkValid(t, selection, got)
		f := fields(t, got.records[chats][0])
		diff(t, test.want, f["rate"]+" "+f["queue"])
	}
}

func TestSchemasThatCannotBeKept(t *testing.T) {
	for _, test := range []struct{ stream, schema, want string }{
		{"chats", `{"type":"object","properties":{"id":{"type":"integer"}}}`, "the catalog's schema of chats.id, a key, does not allow any text"},
		{"events", `{"type":"object","properties":{"event_id":{"type":"string","format":"date-time"}}}`, "the catalog's schema of events.event_id, a key, does not allow any text"},
		{"chats", `{"type":"array","properties":{"id":{"type":"string"}}}`, "the catalog's schema of stream chats is not that of an object"},
	} {
		_, err := New(selectWith(t, test.stream, test.schema, ""), false)
		diff(t, test.want, fmt.Sprint(err))
		if h, ok := err.(interface{ Hint() string }); !ok || !strings.Contains(h.Hint(), "--discover") {
			t.Errorf("no hint in %v", err)
		}
	}
}

// Parts and warnings bear the tap's own name of a stream, whatever name the catalog
// gives it.
func TestPartsAndWarningsBearTheOwnName(t *testing.T) {
	selection := catalog.Default(catalog.V2)
	for i := range selection.Streams {
		selection.Streams[i].Target += "_\"x\""
	}
	var doc jsondoc.Doc
	if err := doc.Parse([]byte(`{"messages":[{"new":1}]}`)); err != nil {
		t.Fatal(err)
	}
	c := &source.Chat{ID: "C1", Doc: doc.Root()}
	testRenderer(t, selection, false).Chat(nil, c)
	diff(t, "chats messages events messages.new", fmt.Sprint(c.Out.Parts[0].Stream, " ", c.Out.Parts[1].Stream, " ", c.Out.Parts[2].Stream, " ", c.Out.Warnings[0].Field))
}
