package apiv3

import "tap-livechat/tap/livechat"

const (
	configuration = "POST /v3.6/configuration/action/"
	reports       = "POST /v3.6/reports/"
)

// Lists returns the lists of the Configuration API and the reports of the Reports API.
// Momentary values, such as who is logged in, are left out: they differ in every run.
func Lists() []livechat.List {
	lists := []livechat.List{
		{Stream: "agents", Call: configuration + "list_agents", Rows: "[]", NeverEmpty: true,
			Args:   `"fields":["job_title","mobile","max_chats_count","suspended","awaiting_approval","last_logout","groups","work_scheduler","notifications","email_subscriptions"]`,
			Rename: map[string]string{"avatar_path": "avatar", "login_status": "", "status": "", "routing_status": "", "summaries": "email_subscriptions"},
			URLs:   []string{"avatar"}},
		{Stream: "groups", Call: configuration + "list_groups", Rows: "[]", NeverEmpty: true, // there is group 0
			Args:      `"fields":["agent_priorities"]`,
			Rename:    map[string]string{"agent_priorities": "agents", "routing_status": ""},
			MapToList: map[string][2]string{"agents": {"agent_id", "priority"}}},
		{Stream: "bots", Call: configuration + "list_bots", Rows: "[]",
			Args:   `"all":true,"fields":["groups","work_scheduler","job_title","max_chats_count","timezone"]`,
			Rename: map[string]string{"avatar_path": "avatar", "status": "", "routing_status": ""},
			URLs:   []string{"avatar"}},
		{Stream: "tags", Call: configuration + "list_tags", Rows: "[]"},
		{Stream: "greetings", Call: configuration + "list_greetings", Rows: "greetings/[]", Args: `"limit":100`, Cursor: "next_page_id", Count: "found_greetings",
			Rename: map[string]string{"group": "group_id"}},
		{Stream: "auto_accesses", Call: configuration + "list_auto_accesses", Rows: "[]",
			Flatten: []string{"access"}, Rename: map[string]string{"access_groups": "group_ids"}},
		{Stream: "customer_bans", Call: configuration + "list_customer_bans", Rows: "[]", ID: []string{"ip", "customer_id", "created_at"}},
		{Stream: "channels", Call: configuration + "list_channels", Rows: "[]", DefaultEmpty: []string{"channel_subtype"},
			Rename: map[string]string{"first_activity_timestamp": "first_activity_at"}, Seconds: []string{"first_activity_at"}},
		{Stream: "license_properties", Call: configuration + "list_license_properties", Rows: "{namespace}/{name}/value="},
		{Stream: "group_properties", Call: configuration + "list_groups_properties", Args: `"group_ids":[]`,
			Rows: "[]/group_id=id/properties/{namespace}/{name}/value="},

		{Stream: "report_total_chats", Call: reports + "chats/total_chats", Days: livechat.BySpan, Rows: "records/{date}",
			DefaultZero: []string{"total", "continuous"}},
		{Stream: "report_duration", Call: reports + "chats/duration", Days: livechat.BySpan, Rows: "records/{date}",
			DefaultZero: []string{"count"}},
		{Stream: "report_ratings", Call: reports + "chats/ratings", Days: livechat.BySpan, Rows: "records/{date}",
			DefaultZero: []string{"chats", "good", "bad"}},
		{Stream: "report_ranking", Call: reports + "chats/ranking", Days: livechat.ByDay, Rows: "records/{agent_id}",
			Numbers: []string{"total", "good", "bad", "score"}},
		{Stream: "report_engagement", Call: reports + "chats/engagement", Days: livechat.BySpan, Rows: "records/{date}",
			DefaultZero: []string{"started_by_customer_from_greeting", "started_by_customer_without_greeting", "started_by_agent"}},
		{Stream: "report_response_time", Call: reports + "chats/response_time", Days: livechat.BySpan, Rows: "records/{date}",
			DefaultZero: []string{"count"}},
		{Stream: "report_first_response_time", Call: reports + "chats/first_response_time", Days: livechat.BySpan, Rows: "records/{date}",
			DefaultZero: []string{"count"}},
		{Stream: "report_tags", Call: reports + "chats/tags", Days: livechat.BySpan, Rows: "records/{date}/{tag}/chats=", Numbers: []string{"chats"}},
		{Stream: "report_groups", Call: reports + "chats/groups", Days: livechat.BySpan, Rows: "records/{date}/{group_id}/chats=", Numbers: []string{"chats"}},
		{Stream: "report_greetings_conversion", Call: reports + "chats/greetings_conversion", Days: livechat.BySpan, Rows: "records/{date}/{greeting_id}",
			Numbers: []string{"displayed", "accepted", "canceled", "goals"}},
		{Stream: "report_queued_visitors", Call: reports + "chats/queued_visitors", Days: livechat.BySpan, Rows: "records/{date}",
			Flatten: []string{"queued", "left_queue", "entered_chat"}, DefaultZero: []string{"queued_count", "left_queue_count", "entered_chat_count"}},
		{Stream: "report_queued_visitors_left", Call: reports + "chats/queued_visitors_left", Days: livechat.BySpan, Rows: "records/{chat_id}", Pages: "summary/total_pages",
			Flatten: []string{"visitor", "queue"}, Rename: map[string]string{"queue_start_date": "queued_at", "queue_group": "group_id", "visitor_visitor_custom_variables": "visitor_custom_variables"},
			LocalTimes: []string{"queued_at"}, Date: "queued_at"},
		{Stream: "report_agents_availability", Call: reports + "agents/availability", Days: livechat.BySpan, Rows: "records/{date}",
			DefaultZero: []string{"hours"}},
		{Stream: "report_agents_performance", Call: reports + "agents/performance", Days: livechat.ByDay, Rows: "records/{agent_id}",
			Numbers: []string{"logged_in_time", "accepting_chats_time", "not_accepting_chats_time", "chatting_time", "chats_count", "chats_rated_good", "chats_rated_bad",
				"first_response_time", "first_response_chats_count"}},
		{Stream: "report_unique_visitors", Call: reports + "customers/unique_visitors", Days: livechat.ByDay, Rows: "summary",
			DefaultZero: []string{"unique_visitors", "page_views"}},
	}
	for i := range lists {
		lists[i].Version = "3.6"
	}
	return lists
}
