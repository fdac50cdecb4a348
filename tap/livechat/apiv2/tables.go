package apiv2

import "tap-livechat/tap/livechat"

// Lists returns the lists that only API v2 has.
func Lists() []livechat.List {
	return []livechat.List{
		// Without a group the API returns those of group 0 only.
		{Stream: "canned_responses", Version: version, Call: "GET /canned_responses?group={id}", Rows: "[]",
			ForEach:    &livechat.List{Version: "3.6", Call: "POST /v3.6/configuration/action/list_groups", Rows: "[]", NeverEmpty: true},
			FromParent: map[string]string{"id": "group_id"},
			Rename: map[string]string{"group": "group_id", "creation_date": "created_at", "modification_date": "modified_at",
				"modification_by": "modified_by"},
			Seconds: []string{"created_at", "modified_at"}},
		// Only the details of a goal say what it is about.
		{Stream: "goals", Version: version, Call: "GET /goals/{id}",
			ForEach:    &livechat.List{Version: version, Call: "GET /goals", Rows: "[]"},
			FromParent: map[string]string{"id": "id", "name": "name", "type": "type", "active": "active"}},
	}
}
