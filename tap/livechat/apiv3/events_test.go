package apiv3

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestEvents: what stands in an event stands in these members of the entry in
// events; and in messages, if it is one.
func TestEvents(t *testing.T) {
	const botID = "5c9871d5372c824cbf22d860a707a578"
	deleted := `"text":null,"message_json":null,"details":null,"properties":null,"is_deleted":true`
	tests := []struct {
		name, event, want string
		message           bool
	}{
		{"of an agent", said("09:01:02.581001", "ola@shop.example", `,"text":"Hi"`),
			`{"event_id":"T1_1","timestamp":"2026-01-05T09:01:02.581001Z","date":"2026-01-05T09:01:02.581001Z","type":"message","api_type":"message","user_type":"agent","author_type":"agent",
			"author_name":"Ola","author_id":"ola@shop.example","agent_id":"ola@shop.example","text":"Hi","visibility":"all","details":null,"properties":null,"is_deleted":null}`, true},
		{"of the visitor", said("09:01:00", eveID, ""), `{"user_type":"visitor","author_type":"visitor","author_name":"Eve","agent_id":null,"author_id":"` + eveID + `"}`, true},
		{"of a bot", said("09:01:00", botID, ""), `{"user_type":"agent","author_type":"bot","author_name":"Bot","agent_id":null}`, true},
		{"of a supervisor", said("09:01:00", "boss@shop.example", ""), `{"user_type":"supervisor","author_type":"agent","author_name":"Boss","agent_id":"boss@shop.example"}`, true},
		{"hidden from the visitor", `"type":"message","created_at":"2026-01-05T09:01:00Z","author_id":"ola@shop.example","visibility":"agents"`, `{"user_type":"supervisor","visibility":"agents"}`, true},
		{"of an agent who is not described", said("09:01:00", "pat@shop.example", ""), `{"user_type":"agent","author_type":"agent","author_name":null,"agent_id":"pat@shop.example"}`, true},
		{"of somebody who is not described", said("09:01:00", "0123abc", ""), `{"user_type":"visitor","author_type":"visitor"}`, true},
		{"of nobody", `"type":"message","created_at":"2026-01-05T09:01:00+02:00"`, `{"user_type":null,"author_type":null,"author_id":null,"timestamp":"2026-01-05T07:01:00Z"}`, true},
		{"of an author who is a number", `"type":"message","author_id":5`, `{"author_id":5,"author_type":null}`, true},
		{"a welcome", said("09:01:00", botID, `,"properties":{"lc2":{"welcome_message":true,"greeting_id":4,"x":1},"app":{"y":2}}`),
			`{"is_welcome_message":true,"greeting_id":4,"properties":"{\"lc2\":{\"x\":1},\"app\":{\"y\":2}}"}`, true},
		{"a rich message", `"type":"rich_message","template_id":"cards","elements":[{"title":"T","buttons":[]}]`,
			`{"type":"message","api_type":"rich_message","message_json":"{\"template_id\":\"cards\",\"elements\":[{\"title\":\"T\",\"buttons\":[]}]}"}`, true},
		{"what has no column", `"type":"message","text":"Yes","postback":{"id":"a"},"custom_id":"","name":"x"`, `{"text":"Yes","details":"{\"postback\":{\"id\":\"a\"},\"custom_id\":\"\",\"name\":\"x\"}","file_name":null}`, true},
		{"elements of a message that is not rich", `"type":"message","text":"x","template_id":"cards","elements":[1]`, `{"message_json":null,"details":"{\"template_id\":\"cards\",\"elements\":[1]}"}`, true},
		{"a file", `"type":"file","name":"a.png","url":"https://x.example/a","content_type":"image/png","size":12,"width":3`,
			`{"type":"attachment","api_type":"file","files":["https://x.example/a"],"file_name":"a.png","file_type":"image/png","file_size":12,"details":"{\"width\":3}"}`, false},
		{"a form", `"type":"filled_form","form_id":"f","form_type":"prechat","fields":[{"id":1,"type":"name","label":"Name","answer":"Eve"},7]`,
			`{"type":"filled_form","form_id":"f","form_type":"prechat","form_answers":[{"id":1,"type":"name","key":"Name","value":"Eve"},7]}`, false},
		{"a form not filled in", `"type":"form","form_id":"f","fields":[{"id":"1","type":"select","label":"Which","options":[{"id":1,"label":"a"}]}]`,
			`{"type":"form","form_id":"f","form_answers":[{"id":"1","type":"select","key":"Which"}]}`, false},
		{"a system message", system("09:20:00", "routing.idle"), `{"type":"event","api_type":"system_message","event_type":"routing.idle","author_type":"system","user_type":null,"text":"so"}`, false},
		{"who ended the thread", system("09:20:00", "manual_archived_customer"), `{"event_type":"manual_archived_customer","author_type":"system","user_type":"visitor"}`, false},
		{"nobody did", system("09:20:00", "system_archived"), `{"author_type":"system","user_type":null}`, false},
		{"its variables", `"type":"system_message","system_message_type":"x","text_vars":{"a":"b"}`, `{"event_type":"x","details":"{\"text_vars\":{\"a\":\"b\"}}"}`, false},
		{"a system event", `"type":"system","source":"cdp","subtype":"order","version":1,"details":"{\"a\":1}"`,
			`{"type":"system","api_type":"system","author_type":"system","system_source":"cdp","system_subtype":"order","system_version":1,"details":"{\"a\":1}"}`, false},
		{"a custom event", `"type":"custom","content":{"a":[1]}`, `{"type":"custom","details":"{\"content\":{\"a\":[1]}}"}`, false},
		{"an unknown type", `"type":"hologram","text":"x","size":[1]`, `{"type":"hologram","api_type":"hologram","text":"x","details":"{\"size\":[1]}"}`, false},
		{"deleted, with its content", said("09:01:00", eveID, `,"text":"secret","properties":{"a":{"b":1}},"deleted":true,"postback":{"value":"secret"}`),
			`{"author_id":"` + eveID + `","author_name":"Eve","type":"message","timestamp":"2026-01-05T09:01:00Z",` + deleted + `}`, true},
		{"deleted, a stub", `"type":"file","created_at":"2026-01-05T09:01:00Z","visibility":"all","deleted":true`,
			`{"type":"attachment","visibility":"all","files":null,"file_name":null,"file_type":null,"file_size":null,"form_answers":null,` + deleted + `}`, false},
		{"types that are none", `"type":3,"created_at":false,"text":{"a":1}`, `{"api_type":3,"type":null,"timestamp":false,"date":false,"text":{"a":1}}`, false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, got := made(t, entryOf(events(test.event), ola, eve, boss, bot))
			all := got["events"].([]any)
			if len(all) != 1 {
				t.Fatalf("%d events", len(all))
			}
			checkMembers(t, test.want, all[0].(map[string]any))
			if messages := got["messages"].([]any); (len(messages) == 1) != test.message {
				t.Errorf("%d messages", len(messages))
			} else if test.message {
				if diff := cmp.Diff(all, messages); diff != "" {
					t.Errorf("the message is another (-event +message):\n%s", diff)
				}
			}
		})
	}
}

// TestErasedIsThere: what was in a deleted event is null in its record, not absent.
func TestErasedIsThere(t *testing.T) {
	for kind, columns := range map[string][]string{"message": clearedIfDeleted[:], "file": append(clearedFiles[:], clearedIfDeleted[:]...)} {
		_, got := made(t, entryOf(events(`"deleted":true,"type":"`+kind+`"`)))
		event := got["events"].([]any)[0].(map[string]any)
		for _, column := range columns {
			if v, there := event[column]; !there || v != nil {
				t.Errorf("%s: %s is %v, there: %v", kind, column, v, there)
			}
		}
	}
}

func TestOrder(t *testing.T) {
	_, got := made(t, entryOf(`"events":[
		{"id":"T1_3","type":"a","created_at":"2026-01-05T09:02:00Z"},
		{"id":"T1_10","type":"b","created_at":"2026-01-05T09:01:00.5Z"},
		{"id":"T1_9","type":"c","created_at":"2026-01-05T10:01:00.500+01:00"},
		{"id":"T1_8","type":"d","created_at":"2026-01-05T09:01:00.499999Z"},
		{"id":"x","type":"no time: stays behind the one before it"},
		"no object: the same",
		{"id":"T1_1","type":"e","created_at":"2026-01-05T09:03:00Z"}]`))
	var order []any
	for _, e := range got["events"].([]any) {
		if m, ok := e.(map[string]any); ok {
			e = m["type"]
		}
		order = append(order, e)
	}
	want := []any{"d", "no time: stays behind the one before it", "no object: the same", "c", "b", "a", "e"}
	if diff := cmp.Diff(want, order); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestNotes: what is left out is said, and nothing else.
func TestNotes(t *testing.T) {
	chat, _ := made(t, `{"id":"C1","is_followed":false,"access":{},"mood":1,"users":[],"thread":{"id":"T1","created_at":"`+started+`","queue":{},"highlight":[],"weather":2,
		"events":[{"id":"T1_1","type":"system_message","system_message_type":"system_archived","created_at":"2026-01-05T09:20:00Z"}]}}`)
	got, err := json.Marshal(chat.Warnings)
	if err != nil {
		t.Fatal(err)
	}
	const want = `[{"Field":"chats.mood","Why":"is not in the schema and was left out"},{"Field":"chats.thread.weather","Why":"is not in the schema and was left out"}]`
	if string(got) != want {
		t.Errorf("notes are %s", got)
	}
}
