package catalog

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// fieldsOf lists the places of a schema: "id", "visitor.ip", "agents[].email".
func fieldsOf(s *Schema) []string {
	var all []string
	var visit func(string, *Schema)
	visit = func(at string, s *Schema) {
		for _, p := range s.Properties {
			here := strings.TrimPrefix(at+"."+p.Name, ".")
			all = append(all, here)
			visit(here, p.Schema)
		}
		if s.Items != nil {
			visit(at+"[]", s.Items)
		}
	}
	visit("", s)
	return all
}

// picked is a selection in a form that is easy to write down.
func picked(s Selection) map[string]string {
	all := map[string]string{}
	for _, stream := range s.Streams {
		text := strings.Join(fieldsOf(stream.Schema), " ")
		if stream.FullTable {
			text = "FULL " + text
		}
		all[stream.Name] = text
	}
	return all
}

// everything is what is picked of a stream of which nothing is left out.
func everything(name string) string { return picked(Default(V2))[name] }

// without is everything but some places and what is in them.
func without(name string, places ...string) string {
	fields := slices.DeleteFunc(strings.Fields(everything(name)), func(field string) bool {
		return slices.ContainsFunc(places, func(place string) bool {
			return field == place || strings.HasPrefix(field, place+".") || strings.HasPrefix(field, place+"[")
		})
	})
	return strings.Join(fields, " ")
}

const keysOfChats = "id agent_email ended_timestamp"

// small is a schema of chats in the catalogs below.
const small = `{"type":"object","properties":{
	"id":{"type":["string"]},"agent_email":{"type":["string"]},"ended_timestamp":{"type":["null","string"],"format":"date-time"},
	"rate":{"type":["null","string"]},
	"visitor":{"type":["null","object"],"properties":{"id":{"type":["null","string"]},"ip":{"type":["null","string"]}}},
	"agents":{"type":["null","array"],"items":{"type":["null","object"],"properties":{"email":{"type":["null","string"]},"ip":{"type":["null","string"]}}}}}}`

const smallFields = keysOfChats + " rate visitor visitor.id visitor.ip agents agents[].email agents[].ip"

// chats is a catalog of that stream alone, with entry fields and metadata, each
// a list of JSON members or elements.
func chats(entry, metadata string) string {
	if entry != "" {
		entry += ","
	}
	return `{"streams":[{"tap_stream_id":"chats",` + entry + `"schema":` + small + `,"metadata":[` + metadata + `]}]}`
}

// says is one piece of metadata.
func says(at, marks string) string {
	return `{"breadcrumb":[` + at + `],"metadata":{` + marks + `}}`
}

const (
	on      = `"selected":true`
	off     = `"selected":false`
	visitor = `"properties","visitor"`
)

var selectRoot = says(``, on)

func TestSelect(t *testing.T) {
	one := func(fields string) map[string]string { return map[string]string{"chats": fields} }
	none := map[string]string{}
	for _, test := range []struct {
		name, catalog string
		want          map[string]string
		warnings      []string
	}{
		{"no streams", `{"streams":[]}`, none, nil},
		{"no metadata list", `{"streams":[{"tap_stream_id":"chats","schema":` + small + `}]}`, one(smallFields), nil},
		{"an empty metadata list", chats(``, ``), one(smallFields), nil},
		{"nothing but a name", `{"streams":[{"tap_stream_id":"events"}]}`, map[string]string{"events": everything("events")}, nil},
		{"the name in stream alone", `{"streams":[{"stream":"events","metadata":null,"schema":null}]}`, map[string]string{"events": everything("events")}, nil},
		{"a child without its parent, in table order",
			`{"streams":[{"stream":"events"},{"stream":"messages"}]}`,
			map[string]string{"messages": everything("messages"), "events": everything("events")}, nil},
		{"a byte order mark", "\ufeff" + chats(``, ``), one(smallFields), nil},

		{"root selected", chats(``, selectRoot), one(smallFields), nil},
		{"root deselected", chats(``, says(``, off)), none, nil},
		{"root by default", chats(``, says(``, `"selected-by-default":true`)), one(smallFields), nil},
		{"root not by default", chats(``, says(``, `"selected-by-default":false`)), none, nil},
		{"root selected, not by default", chats(``, says(``, on+`,"selected-by-default":false`)), one(smallFields), nil},
		{"root says nothing", chats(``, says(``, `"inclusion":"available"`)), none, nil},
		{"root not in the metadata", chats(``, says(`"properties","rate"`, on)), none, nil},
		{"root null counts as not said", chats(``, says(``, `"selected":null,"selected-by-default":true`)), one(smallFields), nil},
		{"root unsupported", chats(``, says(``, on+`,"inclusion":"unsupported"`)), none, nil},
		{"root automatic", chats(``, says(``, off+`,"inclusion":"automatic"`)), one(smallFields), nil},
		{"root as text", chats(``, says(``, `"selected":"TRUE"`)), one(smallFields), nil},
		{"root as text, off", chats(``, says(``, `"selected":"False"`)), none, nil},
		{"root said twice: the last counts", chats(``, says(``, off)+`,`+selectRoot), one(smallFields), nil},
		{"the entry's own mark", chats(on, says(``, `"inclusion":"available"`)), one(smallFields), nil},
		{"the entry's own mark before the default", chats(off, says(``, `"selected-by-default":true`)), none, nil},
		{"the entry's own mark, no metadata", chats(off, ``), none, nil},
		{"metadata before the entry's own mark", chats(off, selectRoot), one(smallFields), nil},

		{"a property deselected", chats(``, selectRoot+`,`+says(`"properties","rate"`, off)),
			one(strings.Replace(smallFields, " rate", "", 1)), nil},
		{"a property not by default", chats(``, selectRoot+`,`+says(`"properties","rate"`, `"selected-by-default":false`)),
			one(strings.Replace(smallFields, " rate", "", 1)), nil},
		{"a property selected, not by default", chats(``, selectRoot+`,`+says(`"properties","rate"`, on+`,"selected-by-default":false`)),
			one(smallFields), nil},
		{"a property unsupported", chats(``, selectRoot+`,`+says(`"properties","rate"`, on+`,"inclusion":"unsupported"`)),
			one(strings.Replace(smallFields, " rate", "", 1)), nil},
		{"a property automatic", chats(``, selectRoot+`,`+says(`"properties","rate"`, off+`,"inclusion":"AUTOMATIC"`)),
			one(smallFields), nil},
		{"keys are always there", chats(``, selectRoot+`,`+says(`"properties","id"`, off)+`,`+
			says(`"properties","agent_email"`, `"inclusion":"unsupported"`)+`,`+says(`"properties","ended_timestamp"`, off)),
			one(smallFields), nil},
		{"a nested property deselected", chats(``, selectRoot+`,`+says(visitor+`,"properties","ip"`, off)),
			one(strings.Replace(smallFields, " visitor.ip", "", 1)), nil},
		{"all nested properties deselected", chats(``, selectRoot+`,`+says(visitor+`,"properties","ip"`, off)+`,`+says(visitor+`,"properties","id"`, off)),
			one(strings.Replace(smallFields, " visitor visitor.id visitor.ip", "", 1)),
			[]string{`stream chats: nothing in ["properties","visitor"] is selected, so it is left out; in Meltano, select what is in it with a final .*`}},
		{"a selected property of a deselected one", chats(``, selectRoot+`,`+says(visitor, off)+`,`+says(visitor+`,"properties","ip"`, on)),
			one(strings.Replace(smallFields, " visitor visitor.id visitor.ip", "", 1)), nil},
		{"inside a list", chats(``, selectRoot+`,`+says(`"properties","agents","items","properties","ip"`, off)),
			one(strings.Replace(smallFields, " agents[].ip", "", 1)), nil},
		{"a list's elements deselected", chats(``, selectRoot+`,`+says(`"properties","agents","items"`, off)),
			one(strings.Replace(smallFields, " agents agents[].email agents[].ip", "", 1)), nil},

		{"full table, by the entry", chats(`"replication_method":"FULL_TABLE"`, selectRoot), one("FULL " + smallFields), nil},
		{"full table, by the entry before the metadata", chats(`"replication_method":"FULL_TABLE"`, says(``, on+`,"replication-method":"INCREMENTAL"`)),
			one("FULL " + smallFields), nil},
		{"full table, by the metadata", chats(``, says(``, on+`,"replication-method":"FULL_TABLE"`)), one("FULL " + smallFields), nil},
		{"full table, by the metadata of a discovered catalog", chats(`"replication_method":"INCREMENTAL"`, says(``, on+`,"replication-method":"full_table"`)),
			one("FULL " + smallFields), nil},
		{"full table, forced", chats(``, says(``, on+`,"forced-replication-method":"FULL_TABLE"`)), one("FULL " + smallFields), nil},
		{"forced, but overridden", chats(`"replication_method":"INCREMENTAL"`, says(``, on+`,"forced-replication-method":"FULL_TABLE"`)), one(smallFields), nil},
		{"our replication key, said everywhere", chats(`"replication_key":"ended_timestamp"`, says(``, on+`,"replication-key":"ended_timestamp"`)), one(smallFields), nil},
		{"a full table needs no replication key", chats(`"replication_method":"FULL_TABLE","replication_key":"rate"`, selectRoot), one("FULL " + smallFields), nil},
		{"methods of deselected streams do not matter", chats(`"replication_method":"LOG_BASED"`, says(``, off)), none, nil},

		{"other keys", chats(`"key_properties":["id"]`, says(``, on+`,"table-key-properties":["agent_email","id"]`)), one(smallFields),
			[]string{`the catalog's key properties of chats, ["id"], are ignored; the key is ["id","agent_email"]`}},
		{"another tap's streams", `{"streams":[{"tap_stream_id":"orders","metadata":7},{"tap_stream_id":"orders"},{"stream":"users"}]}`, none,
			[]string{`the catalog's stream "orders" is not one of this tap's; it is ignored`, `the catalog's stream "users" is not one of this tap's; it is ignored`}},
		{"properties we do not have, each named once",
			`{"streams":[{"stream":"chats","schema":{"type":"object","properties":{"shoe":{"properties":{"size":{}}},"visitor":{"properties":{"hat":{},"ip":{}}}}},` +
				`"metadata":[` + selectRoot + `,` + says(`"properties","shoe"`, on) + `,` + says(`"properties","shoe","properties","size"`, on) + `,` + says(`"rate"`, off) + `]}]}`,
			one(keysOfChats + " visitor visitor.ip"),
			[]string{
				`stream chats has no property ["properties","shoe"]; what the catalog says of it is ignored`,
				`stream chats has no property ["rate"]; what the catalog says of it is ignored`,
				`stream chats has no property ["properties","visitor","properties","hat"]; what the catalog says of it is ignored`,
			}},

		{"marks inside the schema, as in early Singer",
			`{"streams":[{"stream":"events","schema":{"selected":false}},{"stream":"chats","metadata":[` + says(``, `"inclusion":"available"`) + `],` +
				`"schema":{"selected":"true","properties":{"rate":{"selected":false},"tags":{"inclusion":"unsupported"},"email":{"inclusion":"automatic","selected":false},"type":{"selected":true}}}}]}`,
			one(keysOfChats + " email type"), nil},
		{"metadata before marks inside the schema",
			`{"streams":[{"stream":"chats","metadata":[` + selectRoot + `,` + says(`"properties","rate"`, on) + `],"schema":{"selected":false,"properties":{"rate":{"selected":false}}}}]}`,
			one(keysOfChats + " rate"), nil},

		{"an object of any content is kept", `{"streams":[{"stream":"chats","schema":{"properties":{"visitor":{"type":"object"},"queue":{"type":"object","properties":{}}}}}]}`,
			one(keysOfChats + " visitor queue"), nil},
		{"odd schemas are kept", `{"streams":[{"stream":"chats","schema":{"properties":{"rate":{},"type":true,"tags":{"anyOf":[{"type":"string"},{"type":"null"}]},"group":{"items":[{}]},"agents":{"items":false}}}}]}`,
			one(keysOfChats + " rate type tags group agents"), nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			c, err := Read(strings.NewReader(test.catalog))
			if err != nil {
				t.Fatal(err)
			}
			got, warnings, err := c.Select(V2)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, picked(got)); diff != "" {
				t.Errorf("selected (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(test.warnings, warnings, cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("warnings (-want +got):\n%s", diff)
			}
		})
	}
}

// The catalog's schema is what targets get to see, filtered, in its own order.
func TestSelectKeepsTheCatalogsSchema(t *testing.T) {
	const catalog = `{"streams":[{"stream":"chats","metadata":[
		{"breadcrumb":[],"metadata":{"selected":true}},
		{"breadcrumb":["properties","tags"],"metadata":{"selected":false}}],
	"schema":{"$comment":"<mine>","required":["tags","rate","id"],"properties":{
		"tags":{"type":"array"},
		"visitor":{"selected":true,"required":["hat"],"type":"object","properties":{"ip":{"type":"string","maxLength":1.50}}},
		"rate":{"anyOf":[{"type":"string"},{"type":"null"}],"inclusion":"available"},
		"id":{"type":"string"},
		"referrer":{"title":"R & D","type":["null","string"]}},
	"type":"object"}}]}`
	const want = `{"$comment":"<mine>","required":["rate","id"],"properties":{` +
		`"agent_email":{"type":["string"],"description":"…"},` +
		`"ended_timestamp":{"type":["null","string"],"format":"date-time","description":"…"},` +
		`"visitor":{"type":"object","properties":{"ip":{"type":"string","maxLength":1.50}}},` +
		`"rate":{"anyOf":[{"type":"string"},{"type":"null"}]},` +
		`"id":{"type":"string"},` +
		`"referrer":{"title":"R & D","type":["null","string"]}},` +
		`"type":"object"}`
	c, err := Read(strings.NewReader(catalog))
	if err != nil {
		t.Fatal(err)
	}
	selection, _, err := c.Select(V2)
	if err != nil {
		t.Fatal(err)
	}
	got := string(selection.Streams[0].Schema.AppendJSON(nil))
	for _, key := range []string{"agent_email", "ended_timestamp"} { // ours, with descriptions
		p := string(Streams()[0].schema(V2).Property(key).AppendJSON(nil))
		_, description, _ := strings.Cut(p, `"description":`)
		got = strings.ReplaceAll(got, description, `"…"}`)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestSelectFaults(t *testing.T) {
	for _, test := range []struct {
		name, catalog string
		want          []string // one line each
	}{
		{"no boolean", chats(`"selected":1`, says(``, `"selected":"yes","selected-by-default":[]`)+`,`+says(visitor, `"selected":"no"`)), []string{
			`stream chats, breadcrumb []: "selected" is 1; it must be true or false`,
			`stream chats, breadcrumb []: "selected" is "yes"; it must be true or false`,
			`stream chats, breadcrumb []: "selected-by-default" is []; it must be true or false`,
			`stream chats, breadcrumb ["properties","visitor"]: "selected" is "no"; it must be true or false`,
		}},
		{"no inclusion", chats(``, says(``, `"inclusion":"maybe"`)), []string{
			`stream chats, breadcrumb []: "inclusion" is "maybe"; it must be available, automatic or unsupported`,
		}},
		{"methods", `{"streams":[{"stream":"chats","replication_method":"LOG_BASED"},` +
			`{"stream":"events","replication_method":"INCREMENTAL","metadata":[` + says(``, on+`,"replication-method":"NEVER"`) + `]}]}`, []string{
			`stream chats: the replication method "LOG_BASED" is not offered; use INCREMENTAL or FULL_TABLE`,
			`stream events: the replication method "NEVER" is not offered; use INCREMENTAL or FULL_TABLE`,
		}},
		{"replication keys", chats(`"replication_key":"started"`, says(``, on+`,"replication-key":"ended"`)), []string{
			`stream chats: "started" cannot be its replication key; use ended_timestamp, or the replication method FULL_TABLE`,
			`stream chats: "ended" cannot be its replication key; use ended_timestamp, or the replication method FULL_TABLE`,
		}},
		{"two streams of one name", `{"streams":[{"tap_stream_id":"chats","stream":"x"},{"tap_stream_id":"messages","stream_alias":"y"},{"tap_stream_id":"events","stream":"y","stream_alias":"x"}]}`, []string{
			`streams chats and events are both called "x" in the catalog; give one of them another name`,
		}},
		{"a stream twice", `{"streams":[{"stream":"chats"},{"tap_stream_id":"chats"}]}`, []string{
			`stream chats is in the catalog more than once; keep one entry`,
		}},
		{"wrong shapes", `{"streams":[{"stream":"chats","schema":[],"metadata":{}},` +
			`{"stream":"events","key_properties":[1],"schema":{"type":7,"properties":{"date":5}},"metadata":[1,{"metadata":{}},{"breadcrumb":["properties","date"],"metadata":2}]}]}`, []string{
			`stream chats, breadcrumb []: [] stands where a schema must be`,
			`stream chats, breadcrumb []: "metadata" is {}; it must be a list`,
			`stream events, breadcrumb []: "key_properties" is [1]; it must be a list of texts`,
			`stream events, breadcrumb []: "type" is 7; it must be a list of texts`,
			`stream events, breadcrumb ["properties","date"]: 5 stands where a schema must be`,
			`stream events, breadcrumb []: 1 stands in "metadata"; it must be an object with "breadcrumb" and "metadata"`,
			`stream events, breadcrumb []: {"metadata":{}} stands in "metadata" without a "breadcrumb", which must be a list of texts`,
			`stream events, breadcrumb ["properties","date"]: "metadata" is 2; it must be an object`,
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			c, err := Read(strings.NewReader(test.catalog))
			if err != nil {
				t.Fatal(err)
			}
			got, _, err := c.Select(V2)
			if err == nil || got.Streams != nil {
				t.Fatalf("error %v, selection %v", err, picked(got))
			}
			if diff := cmp.Diff(test.want, strings.Split(err.Error(), "\n")); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// What targets see of a stream is called as the catalog says.
func TestSelectNamesStreams(t *testing.T) {
	for entry, want := range map[string]string{
		`"tap_stream_id":"chats"`:                                 "chats",
		`"tap_stream_id":"chats","stream":""`:                     "chats",
		`"stream":"chats"`:                                        "chats",
		`"stream":"chats","stream_alias":null`:                    "chats",
		`"tap_stream_id":"chats","stream":"livechat"`:             "livechat",
		`"tap_stream_id":"chats","stream":"a","stream_alias":"b"`: "b",
		`"tap_stream_id":"chats","stream_alias":"b"`:              "b",
	} {
		c, err := Read(strings.NewReader(`{"streams":[{` + entry + `}]}`))
		if err != nil {
			t.Fatal(err)
		}
		got, warnings, err := c.Select(V2)
		if err != nil || len(warnings) > 0 || got.Streams[0].Target != want || got.Streams[0].Name != "chats" {
			t.Errorf("%s: called %q, want %q (%v, %v)", entry, got.Streams[0].Target, want, err, warnings)
		}
	}
}
