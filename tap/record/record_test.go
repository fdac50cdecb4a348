package record

import (
	"fmt"
	"strings"
	"testing"

	"tap-livechat/catalog"
	"tap-livechat/schemas"
)

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
			got := mustRender(t, chatWith(test.agents))
			diff(t, test.want, column(t, got.records[chats], "agent_email"))
			for i, index := range column(t, got.records[chats], "agent_index") {
				diff(t, fmt.Sprint(i), index)
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
			f := fields(t, mustRender(t, chatWith(test.visitor)).records[chats][0])
			diff(t, test.want, f["visitor_id"]+" "+f["visitor_name"]+" "+f["visitor"])
		})
	}
}

func TestChildren(t *testing.T) {
	got := mustRender(t, chatWith(`"messages":[{"text":"hi","event_id":"E1"}],"events":[{"text":"hi","event_id":"E1","chat_id":"other"},{"type":"event"}]`))
	diff(t, []string{`{"event_id":"E1","chat_id":"C1","chat_ended":"2013-01-23T11:05:09Z","chat_started":"2013-01-23T10:40:53Z","sequence":1,"text":"hi"}`}, got.records[messages])
	diff(t, []string{
		`{"event_id":"E1","chat_id":"C1","chat_ended":"2013-01-23T11:05:09Z","chat_started":"2013-01-23T10:40:53Z","sequence":1,"text":"hi"}`,
		`{"event_id":"C1/events/944defda1f5410bd2b70","chat_id":"C1","chat_ended":"2013-01-23T11:05:09Z","chat_started":"2013-01-23T10:40:53Z","sequence":2,"type":"event"}`,
	}, got.records[events])
	if f := fields(t, got.records[chats][0]); f["messages"]+f["events"] != "" {
		t.Errorf("the lists are in the chat: %v", f)
	}
	pending := mustRender(t, `{"id":"C1","pending":true,"started_timestamp":"2013-01-23T10:40:53Z","messages":[{"text":"hi"}]}`)
	diff(t, map[string]string{"chat_ended": "null", "chat_started": `"2013-01-23T10:40:53Z"`}, fields(t, pending.records[messages][0], "chat_ended", "chat_started"))
}

// A chat does not see what the chat before it left in the writer.
func TestChatsAreApart(t *testing.T) {
	r := testRenderer(t, catalog.Default(catalog.V2), false)
	long := strings.Repeat(`{},`, 3000)
	for _, chat := range []string{
		chatWith(`"agents":[{"email":"a@x"}],"visitor":{"id":"S1"},"messages":[{"event_id":"E1","text":"a"},` + long + `{}]`),
		chatWith(`"messages":[{"event_id":"E1"}]`),
		chatWith(`"messages":[{"event_id":"E1"}]`),
	} {
		again, err := render(testRenderer(t, catalog.Default(catalog.V2), false), chat)
		if err != nil {
			t.Fatal(err)
		}
		got, err := render(r, chat)
		if err != nil {
			t.Fatal(err)
		}
		diff(t, again.records, got.records)
		diff(t, len(again.Out.Warnings), len(got.Out.Warnings))
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
			got, err := render(r, string(chat))
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
			if r.nullInvalid || got.Out.Err == nil {
				for i, s := range streams {
					keys := make(map[string]bool)
					for _, record := range got.records[i] {
						checkRecord(t, validators[i], s.Stream, keys, record)
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
				got, err := render(r, fmt.Sprintf(`{"id":%q,"events":[{},{"event_id":"E"}]}`, id))
				if err != nil || got.Out.Err != nil {
					t.Fatal(err, got.Out.Err)
				}
				diff(t, []string{id + "/events/8855508aade16ec573d2", "E"}, column(t, got.records[events], "event_id"))
			}
		})
	}
}
