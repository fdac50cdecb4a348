package sandbox

import (
	"testing"
)

// TestDocumented: a request that the reference does not know is refused, wherever
// in it that is.
func TestDocumented(t *testing.T) {
	s := newServer(t, "chats=3")
	for path := range v3Calls {
		if documented[path] == nil {
			t.Errorf("nothing is known of %s", path)
		}
	}
	for name := range reports {
		if documented[v3Reports+name] == nil {
			t.Errorf("nothing is known of %s", name)
		}
	}
	for path := range documented {
		if w := post(s, path, `{"no_such_argument":1}`); !isError(w, 400, "validation") {
			t.Errorf("%s: %d %s", path, w.Code, w.Body)
		}
	}
	const days = `"filters":{"from":"2026-11-01T00:00:00.000000Z","to":"2026-11-01T23:59:59.999999Z"}`
	for _, test := range []struct {
		path, body string
		good       bool
	}{
		{configuration + "list_bots", `{"all":true,"fields":["groups","default_group_priority"]}`, false},
		{configuration + "list_bots", `{"all":true,"fields":["groups","owner_client_id"]}`, false},
		{configuration + "list_bots", `{"all":true,"fields":["groups"]}`, true},
		{configuration + "list_agents", `{"filters":{"name":"x"}}`, false},
		{configuration + "list_channels", `{"limit":100}`, false},
		{"agent/action/list_archives", `{"filters":{"agent_ids":["x"]}}`, false},
		{"agent/action/list_archives", `{"sort_order":"newest"}`, false},
		{"reports/chats/ranking", `{"distribution":"day",` + days + `}`, false},
		{"reports/chats/ranking", `{"timezone":"UTC",` + days + `}`, true},
		{"reports/agents/availability", `{"distribution":"month",` + days + `}`, false},
		{"reports/agents/performance", `{"filters":{"from":"2026-11-01T00:00:00Z","to":"2026-11-02T00:00:00Z","tags":{"exists":true}}}`, false},
		{"reports/chats/total_chats", `{"page":1,` + days + `}`, false},
		{"reports/chats/queued_visitors_left", `{"distribution":"day","page":1,` + days + `}`, true},
		{"reports/customers/unique_visitors", `{"distribution":"day",` + days + `}`, false},
	} {
		w := post(s, test.path, test.body)
		if good := w.Code == 200; good != test.good || !good && !isError(w, 400, "validation") {
			t.Errorf("%s %s: %d %s", test.path, test.body, w.Code, w.Body)
		}
	}
}
