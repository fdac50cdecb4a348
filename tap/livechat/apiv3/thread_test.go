package apiv3

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"tap-livechat/tap/jsondoc"
	"tap-livechat/tap/source"
)

const (
	ola     = `{"id":"ola@shop.example","type":"agent","name":"Ola","email":"ola@shop.example","visibility":"all"}`
	boss    = `{"id":"boss@shop.example","type":"agent","name":"Boss","visibility":"agents"}`
	bot     = `{"id":"5c9871d5372c824cbf22d860a707a578","type":"agent","name":"Bot","visibility":"all"}`
	eveID   = "5f0c1a52-0000-4000-8000-000000000001"
	eve     = `{"id":"` + eveID + `","type":"customer","name":"Eve","email":"eve@home.example"}`
	started = "2026-01-05T09:00:00.120000Z"
)

// answered is when the answers of the tests came.
var answered = time.Date(2026, 1, 6, 0, 0, 0, 0, time.UTC)

// entryOf is an entry of the archive: everybody who is described, and members of
// the thread, beside those that every thread has, or in their place.
func entryOf(thread string, users ...string) string {
	if users == nil {
		users = []string{ola, eve}
	}
	base := `"id":"T1","active":false,"created_at":"` + started + `","user_ids":["ola@shop.example","` + eveID + `"],"events":[]`
	if thread != "" {
		base += "," + thread
	}
	return `{"id":"C1","users":[` + strings.Join(users, ",") + `],"thread":{` + base + `}}`
}

// made reads an entry, whatever it is.
func made(tb testing.TB, entry string) (source.Chat, map[string]any) {
	tb.Helper()
	var doc jsondoc.Doc
	if err := doc.Parse([]byte(entry)); err != nil {
		tb.Fatalf("the test's own entry: %v\n%s", err, entry)
	}
	var chat source.Chat
	var m converter
	m.read(&doc, doc.Root(), answered, &chat)
	text := chat.Doc.AppendJSON(nil)
	var out map[string]any
	d := json.NewDecoder(strings.NewReader(string(text)))
	d.UseNumber()
	if err := d.Decode(&out); err != nil {
		tb.Fatalf("%v\n%s", err, text)
	}
	return chat, out
}

// events are a thread's events, numbered.
func events(list ...string) string {
	for i, e := range list {
		list[i] = fmt.Sprintf(`{"id":"T1_%d",%s}`, i+1, e)
	}
	return `"events":[` + strings.Join(list, ",") + `]`
}

func said(at, author, more string) string {
	return fmt.Sprintf(`"type":"message","created_at":"2026-01-05T%sZ","author_id":%q,"visibility":"all"%s`, at, author, more)
}

func system(at, kind string) string {
	return fmt.Sprintf(`"type":"system_message","created_at":"2026-01-05T%sZ","visibility":"all","system_message_type":%q,"text":"so"`, at, kind)
}

func form(at, kind, fields string) string {
	return fmt.Sprintf(`"type":"filled_form","created_at":"2026-01-05T%sZ","author_id":%q,"visibility":"all","form_id":"f"%s,"fields":[%s]`, at, eveID, kind, fields)
}

// TestColumns: what stands in an entry stands in these columns.
func TestColumns(t *testing.T) {
	tests := []struct{ name, entry, want string }{
		{"ids", entryOf(`"previous_thread_id":"T0","next_thread_id":"T2"`),
			`{"id":"T1","parent_chat_id":"C1","previous_thread_id":"T0","next_thread_id":"T2","customer_id":"` + eveID + `","type":"chat"}`},
		{"agents and the visitor", entryOf(``),
			`{"agents":[{"display_name":"Ola","email":"ola@shop.example"}],"supervisors":[],"bots":[],"visitor":{"id":"` + eveID + `","name":"Eve","email":"eve@home.example"}}`},
		{"an agent who is not described", entryOf(``, eve), `{"agents":[{"email":"ola@shop.example"}],"customer_id":"` + eveID + `"}`},
		{"an agent of another thread of the chat", entryOf(``, ola, eve, `{"id":"pat@shop.example","type":"agent"}`),
			`{"agents":[{"display_name":"Ola","email":"ola@shop.example"}]}`},
		{"bots are no agents", entryOf(`"user_ids":["5c9871d5372c824cbf22d860a707a578"]`, bot, eve),
			`{"agents":[],"bots":[{"id":"5c9871d5372c824cbf22d860a707a578","name":"Bot"}]}`},
		{"supervisors are no agents", entryOf(`"user_ids":["ola@shop.example","boss@shop.example"]`, boss, ola),
			`{"agents":[{"display_name":"Ola","email":"ola@shop.example"}],"supervisors":[{"display_name":"Boss","email":"boss@shop.example"}]}`},
		{"a supervisor who wrote", entryOf(events(said("09:01:00", "boss@shop.example", `,"text":"psst"`)), boss, ola),
			`{"agents":[{"display_name":"Ola","email":"ola@shop.example"}],"supervisors":[{"display_name":"Boss","email":"boss@shop.example"}]}`},
		{"a customer whose id is an address", entryOf(`"user_ids":["eve@home.example"]`, `{"id":"eve@home.example","type":"customer"}`),
			`{"agents":[],"customer_id":"eve@home.example"}`},
		{"the visitor is not described", entryOf(``, ola), `{"customer_id":"` + eveID + `","visitor":{"id":"` + eveID + `"}}`},
		{"nobody", `{"thread":{"id":"T1"}}`, `{"agents":[],"supervisors":[],"bots":[],"visitor":null,"customer_id":null}`},
		{"the old visitor id", entryOf(``, `{"id":"`+eveID+`","type":"customer","__priv_lc2_customer_id":"S1.2"}`),
			`{"customer_id":"` + eveID + `","visitor":{"id":"S1.2"}}`},
		{"where the visitor came from", entryOf(`"customer_visit":{"ip":"10.0.0.1","user_agent":"x","geolocation":{"city":"Ulm","country":"Germany","country_code":"DE","region":"BW","timezone":"Europe/Berlin","latitude":"1"}}`, ola, eve),
			`{"visitor":{"id":"` + eveID + `","name":"Eve","email":"eve@home.example","ip":"10.0.0.1","user_agent":"x","city":"Ulm","region":"BW","country":"Germany","country_code":"DE","timezone":"Europe/Berlin"}}`},
		{"the latest visit stands for that of the thread", entryOf(``, `{"id":"c-1","type":"customer","visit":{"ip":"10.0.0.2","geolocation":{}}}`),
			`{"visitor":{"id":"c-1","ip":"10.0.0.2"}}`},
		{"tickets", entryOf(``, `{"id":"c-1","type":"customer","tickets":[{"ticket_id":"TK1","created_at":"x"},{"ticket_id":"TK2"}]}`), `{"tickets":["TK1","TK2"]}`},

		{"times", entryOf(events(system("09:20:00.000010", "routing.archived_inactive"))),
			`{"started":"2026-01-05T09:00:00.12Z","started_timestamp":"2026-01-05T09:00:00.12Z","ended":"2026-01-05T09:20:00.00001Z","ended_timestamp":"2026-01-05T09:20:00.00001Z",
			"duration":1200,"end_reason":"routing.archived_inactive","ended_by":"system","pending":null}`},
		{"the duration is of whole seconds", entryOf(`"created_at":"2026-01-05T09:00:00.9Z",` + events(system("09:00:02.1", "manual_archived_agent"))), `{"duration":2,"ended_by":"agent"}`},
		{"an offset is converted", entryOf(`"created_at":"2026-01-05T10:00:00.120000+01:00"`), `{"started":"2026-01-05T09:00:00.12Z"}`},
		{"active", entryOf(`"active":true,` + events(said("09:01:00", eveID, ""))), `{"pending":true,"ended":null,"duration":null,"end_reason":null}`},
		{"no time is passed on", entryOf(`"created_at":"soon"`), `{"started":"soon","started_timestamp":"soon"}`},
		{"nor is a number", entryOf(`"created_at":12`), `{"started":12,"ended":null}`},

		{"not rated", entryOf(``), `{"rate":"not_rated","rate_comment":null,"rated_at":null}`},
		{"rated", entryOf(`"properties":{"rating":{"score":1,"comment":"ok"}},` + events(system("09:20:00", "rating.chat_rated"), system("09:21:00", "rating.chat_commented"))),
			`{"rate":"rated_good","rate_comment":"ok","rated_at":"2026-01-05T09:20:00Z"}`},
		{"rated long ago", entryOf(`"properties":{"rating":{"score":0}},` + events(`"type":"annotation","annotation_type":"rating","created_at":"2026-01-05T09:20:00Z"`)), `{"rate":"rated_bad","rated_at":"2026-01-05T09:20:00Z"}`},
		{"rated otherwise", entryOf(`"properties":{"rating":{"score":5}}`), `{"rate":5}`},
		{"a rating taken back", entryOf(events(system("09:20:00", "rating.chat_rated"), system("09:21:00", "rating.chat_rating_canceled"))), `{"rate":"not_rated","rated_at":null}`},

		{"a greeting", entryOf(`"properties":{"lc2":{"greeting_id":7}}`), `{"engagement":"auto_invite","greeting_id":7}`},
		{"an agent began", entryOf(events(said("09:01:00", "ola@shop.example", ""), said("09:02:00", eveID, ""))), `{"engagement":"manual_invite"}`},
		{"the visitor began", entryOf(events(said("09:01:00", eveID, ""), said("09:02:00", "ola@shop.example", ""))), `{"engagement":"immediate_start"}`},
		{"a form comes first", entryOf(events(form("09:00:01", "", ""), said("09:02:00", "ola@shop.example", ""))), `{"engagement":"immediate_start"}`},
		{"a welcome is sent by itself", entryOf(events(said("09:01:00", "ola@shop.example", `,"properties":{"lc2":{"welcome_message":true}}`), said("09:02:00", eveID, ""))), `{"engagement":"immediate_start"}`},
		{"a bot is no agent", entryOf(events(said("09:01:00", "5c9871d5372c824cbf22d860a707a578", ""), said("09:02:00", eveID, "")), bot, eve), `{"engagement":"immediate_start"}`},
		{"nobody knows who began", entryOf(`"events":null`), `{"engagement":null,"events":null,"messages":null}`},

		{"group, tags, queue", entryOf(`"access":{"group_ids":[4,0]},"tags":["refund"],"queues_duration":12`), `{"group":[4,0],"tags":["refund"],"queue":{"duration":12}}`},
		{"not queued, not tagged", entryOf(``), `{"group":null,"tags":null,"queue":null}`},
		{"variables", entryOf(`"custom_variables":[{"key":"a","value":"1"},{"__details_json":"{}"},{"key":"b"}]`),
			`{"custom_variables":[{"key":"a","value":"1"},{"key":"__details_json","value":"{}"},{"key":"b"}]}`},
		{"summary", entryOf(`"summary":{"status":"ok","text":"t","updated_at":"2026-01-06T02:00:00+02:00"}`), `{"summary":{"status":"ok","text":"t","updated_at":"2026-01-06T00:00:00Z"}}`},
		{"past retention", entryOf(`"events":null,"restricted_access":"older than 60 days"`), `{"restricted_access":"older than 60 days","events":null}`},

		{"properties with a column", entryOf(`"properties":{"routing":{"start_url":"u","referrer":"r","continuous":false,"unassigned":true,"unreplied":true,"group_status_at_start":"online"},
			"source":{"client_id":"a","customer_client_id":"b"},"ecommerce":{"has_sale":true,"has_indirect_sale":false},"chats":{"resolved":true}}`),
			`{"chat_start_url":"u","referrer":"r","is_continuous":false,"is_unassigned":true,"is_unreplied":true,"group_status_at_start":"online","source_client_id":"a",
			"customer_source_client_id":"b","has_sale":true,"has_indirect_sale":false,"is_resolved_by_ai":true,"properties":null}`},
		{"all other properties", entryOf(`"properties":{"routing":{"start_url":"u","idle":true,"pinned":false},"rating":{"score":1},"app":{"x":{"y":[1.50]}},"odd":3}`),
			`{"properties":"{\"routing\":{\"idle\":true,\"pinned\":false},\"app\":{\"x\":{\"y\":[1.50]}},\"odd\":3}"}`},
		{"properties of the chat", `{"id":"C1","properties":{"routing":{"continuous":true,"pinned":true}},"thread":{"id":"T1"}}`,
			`{"is_continuous":true,"parent_chat_properties":"{\"routing\":{\"continuous\":true,\"pinned\":true}}"}`},

		{"surveys", entryOf(events(
			form("09:00:01", `,"form_type":"prechat"`, `{"id":"1","type":"name","label":"Name","answer":"Eve"},{"id":2,"type":"select","label":"Which","answer":{"id":3,"label":"This"}},
				{"id":"3","type":"checkbox","label":"What","answers":[{"id":1,"label":"a"},{"id":2,"label":"b"}]},{"id":"4","type":"checkbox","label":"None","options":[{"id":1,"value":"x"}]},
				{"id":"5","type":"group_chooser","label":"Group","answer":{"id":"g","group_id":1}}`),
			form("09:30:00", `,"properties":{"lc2":{"form_type":"postchat"}}`, `{"id":"9","type":"question","label":"How","answer":"so"}`),
			form("09:31:00", `,"form_type":"postchat"`, `{"id":"9","type":"question","label":"How","answer":"better"}`))),
			`{"prechat_survey":[{"key":"Name","value":"Eve","id":"1"},{"key":"Which","value":"This","id":2},{"key":"What","value":"a, b","id":"3"},{"key":"None","value":"","id":"4"},{"key":"Group","value":"g","id":"5"}],
			"postchat_survey":[{"key":"How","value":"better","id":"9"}]}`},

		{"a message left", entryOf(`"properties":{"routing":{"offline_message":true}},`+events(
			form("09:00:01", `,"form_type":"ticket"`, `{"type":"name","answer":"Eve"},{"type":"email","answer":"eve@x.example"},{"type":"subject","answer":"S"},{"type":"textarea","answer":"Help"}`)), eve),
			`{"type":"missed_chat","email":"eve@x.example","time":"2026-01-05T09:00:01Z","message":"Help","rate":null,"engagement":null,"duration":null,"is_offline_message":true,"ended":"2026-01-05T09:00:01Z"}`},
		{"a message left, of no type", entryOf(`"user_ids":[],"properties":{"routing":{"offline_message":true}},` + events(form("09:00:01", ``, `{"type":"question","answer":"Help"}`))),
			`{"type":"missed_chat","email":null,"message":"Help","agents":null,"supervisors":null}`},
		{"a message left, without a form", entryOf(`"properties":{"routing":{"offline_message":true}}`), `{"type":"missed_chat","time":"2026-01-05T09:00:00.12Z","message":null}`},

		{"a message left, then answered", entryOf(`"properties":{"routing":{"offline_message":true}},` + events(form("09:00:01", `,"form_type":"ticket"`, `{"type":"email","answer":"eve@x.example"}`),
			said("09:10:00", "ola@shop.example", ""), system("09:20:00.2", "manual_archived_agent"))),
			`{"type":"chat","email":null,"time":null,"message":null,"rate":"not_rated","engagement":"immediate_start","duration":1200,"is_offline_message":true,"properties":null}`},
		{"a message left, then answered by a bot", entryOf(`"properties":{"routing":{"offline_message":true}},`+events(said("09:10:00", "5c9871d5372c824cbf22d860a707a578", "")), bot, eve),
			`{"type":"chat","rate":"not_rated"}`},
		{"a message left, then answered with a file", entryOf(`"properties":{"routing":{"offline_message":true}},` + events(`"type":"file","created_at":"2026-01-05T09:10:00Z","author_id":"ola@shop.example"`)),
			`{"type":"chat"}`},
		{"a message left, and rated", entryOf(`"properties":{"routing":{"offline_message":true},"rating":{"score":0,"comment":"late"}},` + events(form("09:00:01", `,"form_type":"ticket"`, ``))),
			`{"type":"chat","rate":"rated_bad","rate_comment":"late","properties":null,"is_offline_message":true}`},
		{"a message left, and a welcome", entryOf(`"properties":{"routing":{"offline_message":true}},` + events(said("09:00:01", "ola@shop.example", `,"properties":{"lc2":{"welcome_message":true}}`), said("09:00:02", eveID, ""))),
			`{"type":"missed_chat","rate":null,"engagement":null,"duration":null}`},
		{"a message left, and taken by an agent", entryOf(`"properties":{"routing":{"offline_message":true}},` + events(form("09:00:01", `,"form_type":"ticket"`, ``), system("09:20:00", "chat_assigned")+`,"author_id":"ola@shop.example"`)),
			`{"type":"missed_chat"}`},

		{"what has the wrong type is passed on", `{"id":7,"users":"many","thread":{"id":"T1","user_ids":{"a":1},"events":"none","properties":3,"access":{"group_ids":"x"},"tags":4,"queues_duration":[1],"customer_visit":5,"summary":6,"custom_variables":8}}`,
			`{"parent_chat_id":7,"visitor":"many","agents":{"a":1},"events":"none","properties":3,"group":"x","tags":4,"queue":{"duration":[1]},"summary":6,"custom_variables":8}`},
		{"ids that are none", entryOf(`"user_ids":["ola@shop.example",7,null]`), `{"agents":[{"display_name":"Ola","email":"ola@shop.example"},7]}`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, got := made(t, test.entry)
			checkMembers(t, test.want, got)
		})
	}
}

// TestOfflineMessageEnd: the end of an offline message is its last event, which needs no
// warning. If it was answered, its end is derived as that of any other chat.
func TestOfflineMessageEnd(t *testing.T) {
	const offline = `"properties":{"routing":{"offline_message":true}},`
	for _, test := range []struct {
		name, entry string
		want        []source.Warning
	}{
		{"not answered", entryOf(offline + events(form("09:00:01", `,"form_type":"ticket"`, ``))), nil},
		{"answered", entryOf(offline + events(said("09:10:00", "ola@shop.example", ""))), []source.Warning{{Field: "ended_timestamp", Why: lastEventIsEnd}}},
	} {
		t.Run(test.name, func(t *testing.T) {
			chat, _ := made(t, test.entry)
			if diff := cmp.Diff(test.want, chat.Warnings); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// checkMembers compares those members of got that want has; null is absent.
func checkMembers(t *testing.T, want string, got map[string]any) {
	t.Helper()
	var wanted map[string]any
	d := json.NewDecoder(strings.NewReader(want))
	d.UseNumber()
	if err := d.Decode(&wanted); err != nil {
		t.Fatalf("the test's own expectation: %v\n%s", err, want)
	}
	has := make(map[string]any)
	for name := range wanted {
		has[name] = got[name]
	}
	if diff := cmp.Diff(wanted, has); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
