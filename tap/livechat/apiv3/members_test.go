package apiv3

import (
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"
)

// everything is an entry with all members that LiveChat documents or that were seen.
const everything = `{"id":"C1","is_followed":true,"access":{"group_ids":[1]},"properties":{"a":{"b":"c"}},
	"users":[
		{"id":"ola@shop.example","type":"agent","name":"Ola","email":"ola@shop.example","present":true,"events_seen_up_to":"2026-01-05T09:00:00Z","avatar":"https://cdn.example/1.png","visibility":"all"},
		{"id":"5f0c1a52-0000-4000-8000-000000000001","type":"customer","name":"Eve","email":"eve@home.example","email_verified":false,"avatar":"https://cdn.example/2.png","phone_number":"+1800","present":true,
			"visit":{"started_at":"2026-01-05T09:00:00Z","ended_at":"2026-01-05T09:00:00Z","referrer":"http://r","ip":"10.0.0.1","user_agent":"x",
				"geolocation":{"country":"Poland","country_code":"PL","region":"D","city":"W","timezone":"Europe/Warsaw","latitude":"51.1","longitude":"17.0"},
				"last_pages":[{"opened_at":"2026-01-05T09:00:00Z","url":"https://p","title":"P"}]},
			"last_visit":{"id":7,"previous_visit_started_at":"2026-01-05T09:00:00Z","ip":"10.0.0.1"},
			"session_fields":[{"k":"v"}],"statistics":{"chats_count":3},"__priv_lc2_customer_id":"S1.d","agent_last_event_created_at":"2026-01-05T09:00:00Z",
			"customer_last_event_created_at":"2026-01-05T09:00:00Z","created_at":"2026-01-05T09:00:00Z","events_seen_up_to":"2026-01-05T09:00:00Z","followed":false,"online":true,"banned":false,
			"group_ids":[0],"tickets":[{"ticket_id":"t","created_at":"2026-01-05T09:00:00Z","silo":"inbox"}],"state":"browsing","carts":[{"total":1}],"orders":[{"order_id":"1"}],
			"omnichannel":{"twilio":[]},"address":{"city":"W"},"customer_properties":{},"greeting_id":1,"last_visit_started_at":"2026-01-05T09:00:00Z"}],
	"thread":{"id":"T1","active":false,"created_at":"2026-01-05T09:00:00.120000Z","user_ids":["ola@shop.example","5f0c1a52-0000-4000-8000-000000000001"],
		"properties":{"routing":{"start_url":"https://shop.example","idle":false}},"access":{"group_ids":[4]},"tags":["refund"],"queue":{"position":1},"queues_duration":12,"highlight":[],
		"previous_thread_id":"T0","next_thread_id":"T2","previous_accessible_thread_id":"T0","next_accessible_thread_id":"T2",
		"customer_visit":{"ip":"10.0.0.1","user_agent":"x","geolocation":{"country":"Poland","country_code":"PL","region":"D","city":"W","timezone":"Europe/Warsaw","latitude":"51.1","longitude":"17.0"}},
		"summary":{"status":"ok","text":"s","updated_at":"2026-01-05T09:00:00Z","status_details":"d"},"restricted_access":"no","custom_variables":[{"key":"k","value":"v"}],
		"events":[
			{"id":"T1_1","custom_id":"c","type":"filled_form","author_id":"5f0c1a52-0000-4000-8000-000000000001","created_at":"2026-01-05T09:00:01Z","visibility":"all","properties":{"a":{"b":"c"}},"form_id":"1","form_type":"prechat",
				"fields":[{"type":"name","id":"1","label":"Name","answer":"Eve","required":true,"options":[]},{"type":"group_chooser","id":"2","label":"Group","answer":{"id":"2","group_id":1,"label":"M"}},
					{"type":"checkbox","id":"3","label":"Many","answers":[{"id":"0","label":"a"},{"id":"1","label":"b"}]}]},
			{"id":"T1_2","custom_id":"c","type":"message","author_id":"ola@shop.example","created_at":"2026-01-05T09:00:02Z","visibility":"all","text":"hi","postback":{"id":"p","thread_id":"T1","event_id":"T1_1","type":"phone","value":"1"}},
			{"id":"T1_3","type":"rich_message","author_id":"ola@shop.example","created_at":"2026-01-05T09:00:03Z","visibility":"all","template_id":"cards",
				"elements":[{"title":"t","subtitle":"s","image":{"name":"i","url":"https://i","content_type":"image/png","size":1},"buttons":[{"text":"yes","postback_id":"y","user_ids":[]}]}]},
			{"id":"T1_4","type":"file","author_id":"ola@shop.example","created_at":"2026-01-05T09:00:04Z","visibility":"all","name":"i.png","url":"https://i","thumbnail_url":"https://t","content_type":"image/png","size":1,"width":2,"height":3,"alternative_text":"a"},
			{"id":"T1_5","type":"custom","author_id":"ola@shop.example","created_at":"2026-01-05T09:00:05Z","visibility":"all","content":{"custom":{"nested":"json"}}},
			{"id":"T1_6","type":"system","source":"cdp","subtype":"order","version":1,"details":"{}","created_at":"2026-01-05T09:00:06Z","visibility":"all"},
			{"id":"T1_7","type":"system_message","created_at":"2026-01-05T09:00:07Z","visibility":"all","text":"t","system_message_type":"system_archived","text_vars":{"agent":"Ola"}}]}}`

// fieldsNamed are the fields that the warnings of a chat name as left out.
func fieldsNamed(t *testing.T, entry any) (named []string, document string) {
	t.Helper()
	text, err := json.Marshal(entry)
	if err != nil {
		t.Fatal(err)
	}
	chat, out := made(t, string(text))
	for _, w := range chat.Warnings {
		if w.Why == unknownField {
			named = append(named, w.Field)
		}
	}
	made, err := json.Marshal(out)
	if err != nil {
		t.Fatal(err)
	}
	return named, string(made)
}

// TestNothingIsLeftOutInSilence: what is documented is delivered or left out for a reason,
// so no warning names it. A member that is new is delivered, or named with its place,
// wherever it comes.
func TestNothingIsLeftOutInSilence(t *testing.T) {
	var entry any
	if err := json.Unmarshal([]byte(everything), &entry); err != nil {
		t.Fatal(err)
	}
	if named, _ := fieldsNamed(t, entry); len(named) > 0 {
		t.Errorf("documented, but named as left out: %q", named)
	}
	known := make(map[string]bool) // paths that are left out with all that is in them
	for _, paths := range leftOut {
		for _, path := range strings.Fields(paths) {
			known["chats."+path] = true
		}
	}
	objects := 0
	var visit func(v any, path string)
	visit = func(v any, path string) {
		switch v := v.(type) {
		case []any:
			for _, e := range v {
				visit(e, path)
			}
		case map[string]any:
			if known[path] {
				return
			}
			objects++
			v["hologram"] = "brand-new"
			named, document := fieldsNamed(t, entry)
			if !slices.Equal(named, []string{path + ".hologram"}) && !(len(named) == 0 && strings.Contains(document, "hologram")) {
				t.Errorf("new in %s: named %q, and not delivered", path, named)
			}
			delete(v, "hologram")
			for name, e := range v {
				visit(e, path+"."+name)
			}
		}
	}
	visit(entry, "chats")
	if objects < 30 {
		t.Errorf("%d objects were tried", objects)
	}
}

// TestLeftOutIsNotDelivered: no member is on both lists.
func TestLeftOutIsNotDelivered(t *testing.T) {
	listed := strings.Fields(delivered)
	for why, paths := range leftOut {
		for _, path := range strings.Fields(paths) {
			if slices.Contains(listed, path) {
				t.Errorf("%s is listed twice, the second time because %s", path, why)
			}
			listed = append(listed, path)
		}
	}
}

// TestDocsNameWhatIsLeftOut: what is left out on purpose is in the table of docs/streams.md.
func TestDocsNameWhatIsLeftOut(t *testing.T) {
	text, err := os.ReadFile("../../../docs/streams.md")
	if err != nil {
		t.Fatal(err)
	}
	_, table, found := strings.Cut(string(text), "## What is left out")
	if !found {
		t.Fatal("there is no table")
	}
	for _, paths := range leftOut {
		for _, path := range strings.Fields(paths) {
			parts := strings.Split(path, ".")
			name := parts[len(parts)-1]
			if !strings.Contains(table, "`"+name+"`") && !strings.Contains(table, "."+name+"`") {
				t.Errorf("%s is not in the table", path)
			}
		}
	}
}

// TestNamesInWarnings: a name that may be a customer's words is not repeated.
func TestNamesInWarnings(t *testing.T) {
	named, _ := fieldsNamed(t, map[string]any{"id": "C1", "my card is 0000": 1, "thread": map[string]any{"id": "T1"}})
	if !slices.Equal(named, []string{"chats.…"}) {
		t.Errorf("%q", named)
	}
}

// TestUserWithoutID: nothing refers to such a user; that it is left out is said.
func TestUserWithoutID(t *testing.T) {
	chat, _ := made(t, `{"id":"C1","users":[{"type":"agent","name":"Ola"},null],"thread":{"id":"T1","active":true,"created_at":"`+started+`"}}`)
	if len(chat.Warnings) != 1 || chat.Warnings[0].Field != "chats.users" {
		t.Errorf("%+v", chat.Warnings)
	}
}
