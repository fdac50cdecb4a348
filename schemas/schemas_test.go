package schemas

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func decode(t *testing.T, text string) any {
	t.Helper()
	var v any
	if err := parseAny(text, &v); err != nil {
		t.Fatalf("%v in %s", err, text)
	}
	return v
}

func parseAny(text string, v *any) error {
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	return d.Decode(v)
}

// names lists the streams that have a schema.
func names(t *testing.T) []string {
	t.Helper()
	all, err := files.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, f := range all {
		if f.Name() != settings {
			names = append(names, strings.TrimSuffix(f.Name(), ".json"))
		}
	}
	return names
}

// Old targets read draft-04, the Singer SDK reads 2020-12.
func TestStreamsHoldInBothDrafts(t *testing.T) {
	for _, draft := range []string{
		"http://json-schema.org/draft-04/schema#",
		"https://json-schema.org/draft/2020-12/schema",
	} {
		for _, name := range names(t) {
			schema := decode(t, string(Stream(name))).(map[string]any)
			schema["$schema"] = draft
			text, err := json.Marshal(schema)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := Compile(name, text); err != nil {
				t.Errorf("%s: %v", draft, err)
			}
		}
	}
}

// The style that every target accepts: few keywords, one type beside null, none
// but the keys without null, arrays with items, and a description of each field.
func TestStreamsStyle(t *testing.T) {
	allowed := []string{"type", "properties", "items", "format", "description", "api", "json"}
	for _, name := range names(t) {
		var visit func(at string, schema map[string]any)
		visit = func(at string, schema map[string]any) {
			for keyword := range schema {
				if !slices.Contains(allowed, keyword) {
					t.Errorf("%s: keyword %q", at, keyword)
				}
			}
			if api, ok := schema["api"]; ok && api != "2" && api != "3" {
				t.Errorf("%s: api %q", at, api)
			}
			if isJSON, ok := schema["json"]; ok && isJSON != true {
				t.Errorf("%s: json %v", at, isJSON)
			}
			if format, ok := schema["format"]; ok && format != "date-time" {
				t.Errorf("%s: format %q", at, format)
			}
			if d, _ := schema["description"].(string); at != name && !strings.HasSuffix(at, "[]") && !strings.HasSuffix(d, ".") {
				t.Errorf("%s: description %q is no sentence", at, d)
			}
			kind := "object"
			switch types := schema["type"].(type) {
			case string:
				if at != name {
					t.Errorf("%s: type is not a list", at)
				}
			case []any:
				kind = types[len(types)-1].(string)
				want := []any{"null", kind}
				if len(types) == 1 && strings.Count(at, ".") == 1 {
					want = want[1:] // a key, as package catalog has it
				}
				if diff := cmp.Diff(want, types); diff != "" {
					t.Errorf("%s: type (-want +got):\n%s", at, diff)
				}
			}
			properties, _ := schema["properties"].(map[string]any)
			if (kind == "object") != (len(properties) > 0) {
				t.Errorf("%s: of type %s with %d properties", at, kind, len(properties))
			}
			items, _ := schema["items"].(map[string]any)
			if (kind == "array") != (items != nil) {
				t.Errorf("%s: of type %s with items %v", at, kind, items)
			}
			for p, sub := range properties {
				if strings.Trim(p, "abcdefghijklmnopqrstuvwxyz_") != "" {
					t.Errorf("%s: the name %q", at, p)
				}
				visit(at+"."+p, sub.(map[string]any))
			}
			if items != nil {
				visit(at+"[]", items)
			}
		}
		visit(name, decode(t, string(Stream(name))).(map[string]any))
	}
}

// fields are all fields that LiveChat documents or is known to send, and those
// that the tap adds; @2 and @3 are those of one API. A time comes as text or
// seconds and leaves as a date-time.
var fields = map[string]string{
	"chats": `id agent_email agent_index:integer type pending duration:integer visitor_id visitor_name
		visitor visitor.id visitor.name visitor.email visitor.ip visitor.city visitor.region
		visitor.country visitor.country_code visitor.timezone visitor.user_agent
		agents agents[].display_name agents[].email agents[].ip@2
		supervisors supervisors[].display_name supervisors[].email
		rate rate_comment chat_start_url referrer engagement group group[]:integer tags tags[] tickets tickets[]
		started:date-time ended:date-time started_timestamp:date-time ended_timestamp:date-time timezone@2
		prechat_survey prechat_survey[].key prechat_survey[].value prechat_survey[].id
		postchat_survey postchat_survey[].key postchat_survey[].value postchat_survey[].id
		custom_variables custom_variables[].key custom_variables[].value
		integration_variables@2 integration_variables[].key integration_variables[].value
		goals@2 goals[].id:integer goals[].name goals[].type goals[].date:date-time goals[].timestamp:date-time
		goals[].order goals[].order.id goals[].order.description goals[].order.price goals[].order.currency
		queue queue.duration:integer email time:date-time message
		parent_chat_id@3 previous_thread_id@3 next_thread_id@3 customer_id@3 end_reason@3 ended_by@3 rated_at:date-time@3
		is_offline_message:boolean@3 is_unreplied:boolean@3 is_unassigned:boolean@3 is_continuous:boolean@3
		group_status_at_start@3 bots@3 bots[].id bots[].name greeting_id:integer@3 source_client_id@3
		customer_source_client_id@3 summary@3 summary.status summary.text summary.updated_at:date-time restricted_access@3
		has_sale:boolean@3 has_indirect_sale:boolean@3 is_resolved_by_ai:boolean@3 properties:json@3 parent_chat_properties:json@3`,
	"messages": entryFields,
	"events": entryFields + `
		file_name@3 file_type@3 file_size:integer@3 form_id@3 form_type@3
		form_answers@3 form_answers[].id form_answers[].key form_answers[].type form_answers[].value
		system_source@3 system_subtype@3 system_version:integer@3`,
}

const entryFields = `event_id chat_id chat_started:date-time chat_ended:date-time sequence:integer author_name text
	message_json:json date:date-time timestamp:date-time user_type agent_id type event_type files files[]
	api_type@3 author_id@3 author_type@3 visibility@3 is_deleted:boolean@3 is_welcome_message:boolean@3
	greeting_id:integer@3 details:json@3 properties:json@3`

func TestStreamsHaveEveryField(t *testing.T) {
	for name := range fields {
		var got []string
		var visit func(at string, schema map[string]any)
		visit = func(at string, schema map[string]any) {
			properties, _ := schema["properties"].(map[string]any)
			for p, sub := range properties {
				visit(strings.TrimPrefix(at+"."+p, "."), sub.(map[string]any))
			}
			items, _ := schema["items"].(map[string]any)
			if items != nil {
				visit(at+"[]", items)
			}
			if at == "" || strings.HasSuffix(at, "[]") && items == nil && properties != nil {
				return
			}
			types := schema["type"].([]any)
			switch kind := types[len(types)-1]; {
			case schema["format"] != nil:
				at += ":" + schema["format"].(string)
			case schema["json"] == true:
				at += ":json"
			case kind == "integer", kind == "number", kind == "boolean" && schema["api"] != nil:
				at += ":" + kind.(string)
			}
			if api, ok := schema["api"].(string); ok {
				at += "@" + api
			}
			got = append(got, at)
		}
		visit("", decode(t, string(Stream(name))).(map[string]any))
		want := strings.Fields(fields[name])
		slices.Sort(got)
		slices.Sort(want)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func TestStreamPanicsOnUnknownName(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("no panic")
		}
	}()
	Stream("config")
}

func TestStreamIsACopy(t *testing.T) {
	Stream("chats")[0] = 'x'
	if Stream("chats")[0] != '{' {
		t.Error("a caller can change the embedded schema")
	}
}
