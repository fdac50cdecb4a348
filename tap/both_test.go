package tap

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"tap-livechat/catalog"
	"tap-livechat/tap/state"
)

// exception is a column in which the two APIs rightly differ.
type exception struct {
	columns []string // stream.column
	reason  string
	// agree reports whether the two values differ in that way and no other.
	agree func(v2, v3 any, record map[string]any) bool
}

var exceptions = []exception{
	{
		[]string{"chats.started_timestamp", "chats.started", "chats.ended_timestamp", "chats.ended", "chats.time",
			"messages.timestamp", "messages.date", "messages.chat_started", "messages.chat_ended",
			"events.timestamp", "events.date", "events.chat_started", "events.chat_ended"},
		"v2 has whole seconds, v3.6 what lies between them",
		func(v2, v3 any, _ map[string]any) bool { return v2 == second(v3) },
	},
	{
		[]string{"chats.tags"}, "v3.6 leaves out a list that is empty",
		func(v2, v3 any, _ map[string]any) bool {
			list, ok := v2.([]any)
			return ok && len(list) == 0 && v3 == nil
		},
	},
	{
		[]string{"chats.started", "chats.ended", "chats.group", "chats.started_timestamp", "chats.ended_timestamp", "chats.time"},
		"v2 tells less of a message that was left while nobody was there, and its time in a zone that it may not name",
		func(v2, v3 any, record map[string]any) bool {
			return v2 == nil && v3 != nil && record["type"] == "missed_chat"
		},
	},
	{
		[]string{"chats.rate"}, "v3.6 has a score or none, and no word for a comment without one",
		func(v2, v3 any, _ map[string]any) bool { return v2 == "rated_commented" && v3 == "not_rated" },
	},
	{
		[]string{"chats.agents"}, "v3.6 does not tell an agent's address, and agents without an e-mail are bots there",
		func(v2, v3 any, _ map[string]any) bool {
			kept := []any{}
			for _, a := range v2.([]any) {
				agent := a.(map[string]any)
				delete(agent, "ip")
				same := func(b any) bool { return b.(map[string]any)["email"] == agent["email"] }
				if email, _ := agent["email"].(string); email != "" && !slices.ContainsFunc(kept, same) {
					kept = append(kept, agent)
				}
			}
			if v3 == nil {
				return len(kept) == 0
			}
			return cmp.Equal(kept, v3)
		},
	},
	{
		[]string{"chats.agent_index"}, "the same: an agent without an e-mail has a record in v2 and none in v3.6",
		func(_, _ any, record map[string]any) bool {
			return slices.ContainsFunc(record["agents"].([]any), func(a any) bool { email, _ := a.(map[string]any)["email"].(string); return email == "" })
		},
	},
	{
		[]string{"messages.text", "events.text"}, "what stands beside buttons is part of a rich message's elements in v3.6, and a file has a name in place of a text",
		func(_, v3 any, record map[string]any) bool {
			return v3 == nil && (record["message_json"] != nil || record["type"] == "attachment")
		},
	},
	{
		[]string{"messages.author_name", "events.author_name"}, "v2 leaves a name out now and then",
		func(v2, v3 any, _ map[string]any) bool { return v2 == nil && v3 != nil },
	},
	{
		[]string{"messages.message_json", "events.message_json"}, "the APIs have forms of their own for buttons and cards, and a file has none in v3.6",
		func(v2, v3 any, record map[string]any) bool {
			return v2 != nil && (v3 != nil || record["type"] == "attachment")
		},
	},
	{
		[]string{"events.event_type"}, "v3.6 says what closed a chat",
		func(v2, v3 any, _ map[string]any) bool { return v2 == "closed" && v3 != nil && v3 != "" },
	},
	{
		[]string{"events.sequence"}, "v3.6 has events between that v2 does not tell",
		func(v2, v3 any, _ map[string]any) bool {
			return v2.(json.Number) != v3.(json.Number)
		},
	},
}

// second cuts a time to the second.
func second(v any) any {
	text, _ := v.(string)
	at, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		return v
	}
	return at.Truncate(time.Second).Format(time.RFC3339)
}

// TestOneAccountBothAPIs reads one made-up account through both APIs: the same
// records, and all columns that both have agree, but for the exceptions.
func TestOneAccountBothAPIs(t *testing.T) {
	chats := 5000
	if testing.Short() {
		chats = 1200
	}
	withEnv(t, fmt.Sprintf("chats=%d&days=40&pending=9&missed=0.1", chats), func(t *testing.T, w *env) {
		read := func(api string) (*transcript, map[string][]string) {
			selection := catalog.Default(api)
			columns := make(map[string][]string)
			for _, s := range selection.Streams {
				for _, p := range s.Whole.Properties {
					columns[s.Name] = append(columns[s.Name], p.Name)
				}
			}
			r := w.complete(state.State{}, func(o *Options) { o.Config.APIVersion, o.Selection = api, selection })
			return readTranscript(t, r.out, checks{every: 17}), columns
		}
		v2, columns2 := read(catalog.V2)
		v3, columns3 := read(catalog.V3)
		used := make(map[string]int)
		compared := 0
		for _, stream := range []string{"chats", "messages", "events"} {
			common := slices.DeleteFunc(slices.Clone(columns2[stream]), func(name string) bool { return !slices.Contains(columns3[stream], name) })
			if len(common) < 12 {
				t.Errorf("%s: the APIs have %q in common", stream, common)
			}
			missing := 0
			for key, m := range v2.latest[stream] {
				other, ok := v3.latest[stream][key]
				if !ok {
					if missing++; stream != "chats" || !strings.HasSuffix(key, "\x00unassigned") {
						t.Errorf("%s: %q is in v2 alone", stream, key)
					}
					continue
				}
				for _, name := range common {
					compared++
					a, b := m.record[name], other.record[name]
					if cmp.Equal(a, b) {
						continue
					}
					column := stream + "." + name
					at := slices.IndexFunc(exceptions, func(e exception) bool { return slices.Contains(e.columns, column) && e.agree(a, b, m.record) })
					if at < 0 {
						t.Errorf("%s of %q: v2 has %v, v3.6 %v", column, key, a, b)
						continue
					}
					used[column+exceptions[at].reason]++
				}
			}
			if most := len(v2.latest[stream]) / 100; missing > most {
				t.Errorf("%s: %d of %d are in v2 alone: agents without an e-mail are fewer", stream, missing, len(v2.latest[stream]))
			}
			for key := range v3.latest[stream] {
				if _, ok := v2.latest[stream][key]; !ok && stream != "events" {
					t.Errorf("%s: %q is in v3.6 alone", stream, key)
				}
			}
		}
		for _, e := range exceptions {
			for _, column := range e.columns {
				if used[column+e.reason] == 0 {
					t.Errorf("%s never differs; it needs no exception (%s)", column, e.reason)
				}
			}
		}
		t.Logf("%d chats: %d values compared", chats, compared)
	})
}
