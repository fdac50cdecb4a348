package record

import (
	"strings"
	"testing"
	"time"

	"tap-livechat/catalog"
	"tap-livechat/tap/jsondoc"
	"tap-livechat/tap/source"
)

// row renders one row of a list.
func row(t *testing.T, r *Renderer, stream, text string) (*source.Row, string) {
	t.Helper()
	var doc jsondoc.Doc
	if err := doc.Parse([]byte(text)); err != nil {
		t.Fatal(err)
	}
	got := &source.Row{Stream: stream, Doc: doc.Root(), Received: time.Date(2026, 3, 10, 15, 4, 5, 0, time.UTC)}
	return got, string(r.Row(nil, got))
}

// The row of a list is one record, by the rules that hold for chats.
func TestRow(t *testing.T) {
	r := testRenderer(t, catalog.Default(catalog.V3, catalog.ReferenceData), false)
	got, text := row(t, r, "groups", `{"new":1,"id":"4","agents":[{"agent_id":"a@x","priority":"first"}],"name":"Returns\u0000"}`)
	diff(t, `{"id":4,"name":"Returns","agents":[{"agent_id":"a@x","priority":"first"}]}`+"\n", text)
	diff(t, []source.Part{{Stream: "groups", End: len(text), Count: 1}}, got.Out.Parts)
	diff(t, []source.Warning{{Field: "groups.new", Why: unknownField}, {Field: "groups.name", Why: altered}}, got.Out.Warnings)
	for text, want := range map[string]string{
		`{"name":"x"}`:           "groups.id: wanted a whole number of up to 64 bits, got nothing",
		`{"id":null}`:            "groups.id: wanted a whole number of up to 64 bits, got null",
		`{"id":"x"}`:             "groups.id: wanted a whole number of up to 64 bits, got a text of 1 bytes",
		`{"id":4,"agents":true}`: "groups.agents: wanted a list, got true or false",
	} {
		got, _ := row(t, r, "groups", text)
		if got.Out.Err == nil || got.Out.Err.Error() != want {
			t.Errorf("%s: error %v, want %s", text, got.Out.Err, want)
		}
	}
	// A list that is not selected is none of the records.
	if got, text := row(t, testRenderer(t, catalog.Default(catalog.V3), false), "groups", `{"id":4}`); text != "" || got.Out.Parts != nil {
		t.Errorf("it became %s", text)
	}
}

// The columns of v3.6 are that API's alone, and what holds JSON comes as text.
func TestColumnsOfV3(t *testing.T) {
	const chat = `{"id":"T1","timezone":"UTC","parent_chat_id":"C1","is_unreplied":false,"bots":[{"id":"b1","name":"Bot"}],"summary":{"status":"ok","updated_at":"2026-01-05T10:00:00.123456+01:00"},` +
		`"properties":{"rating":{"score":1.0}},"parent_chat_properties":"{}","events":[{"event_id":"T1_1","api_type":"file","file_size":12,"details":{"width":3},"properties":null}]}`
	selection := catalog.Default(catalog.V3)
	got, err := render(testRenderer(t, selection, false), chat)
	if err != nil || got.Out.Err != nil {
		t.Fatal(err, got.Out.Err)
	}
	checkValid(t, selection, got)
	diff(t, []string{`{"id":"T1","agent_email":"unassigned","agent_index":0,"parent_chat_id":"C1","is_unreplied":false,"bots":[{"id":"b1","name":"Bot"}],` +
		`"summary":{"status":"ok","updated_at":"2026-01-05T09:00:00.123456Z"},"properties":"{\"rating\":{\"score\":1.0}}","parent_chat_properties":"{}"}`}, got.records[chats])
	diff(t, map[string]string{"event_id": `"T1_1"`, "api_type": `"file"`, "file_size": "12", "details": `"{\"width\":3}"`, "properties": "null"},
		fields(t, got.records[events][0], "event_id", "api_type", "file_size", "details", "properties"))
	diff(t, []source.Warning{{Field: "chats.timezone", Why: unknownField}}, got.Out.Warnings)

	got, err = render(testRenderer(t, catalog.Default(catalog.V2), false), chat)
	if err != nil || got.Out.Err != nil {
		t.Fatal(err, got.Out.Err)
	}
	if strings.Contains(got.records[chats][0], "parent") || fields(t, got.records[chats][0])["timezone"] != `"UTC"` || len(got.Out.Warnings) < 6 {
		t.Errorf("of v2: %s, noted %v", got.records[chats][0], got.Out.Warnings)
	}
}
