package sandbox

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
)

// arguments are the members that the reference allows in an object of a request.
// What a member may be is nil for any value, words for one of these texts or a list
// of them, arguments for an object.
type arguments map[string]any

type words []string

// documented are the arguments of the methods of v3.6, by their path after the
// version, as LiveChat's reference lists them. The sandbox refuses any other.
var documented = map[string]arguments{
	v3Agent + "list_archives": {"filters": archiveFilterNames, "sort_order": order, "limit": nil, "page_id": nil, "highlights": nil},
	v3Agent + "get_chat":      {"chat_id": nil, "thread_id": nil},
	v3Agent + "list_threads": {"chat_id": nil, "sort_order": order, "limit": nil, "page_id": nil, "min_events_count": nil,
		"filters": members("from", "to")},
	v3Agent + "list_chats": {"sort_order": order, "limit": nil, "page_id": nil,
		"filters": members("active", "group_ids", "properties", "include_chats_without_threads")},
	v3Agent + "get_customer": members("id"),

	v3Configuration + "list_agents": {"filters": members("group_ids", "suspended"),
		"fields": words{"job_title", "mobile", "max_chats_count", "suspended", "awaiting_approval", "last_logout", "groups", "work_scheduler", "notifications", "email_subscriptions"}},
	v3Configuration + "list_groups":             {"fields": words{"agent_priorities", "routing_status"}},
	v3Configuration + "list_bots":               {"all": nil, "fields": words{"groups", "work_scheduler", "job_title", "max_chats_count", "timezone"}},
	v3Configuration + "list_tags":               {"filters": members("group_ids")},
	v3Configuration + "list_greetings":          members("groups", "limit", "page_id"),
	v3Configuration + "list_auto_accesses":      {},
	v3Configuration + "list_customer_bans":      {},
	v3Configuration + "list_channels":           {},
	v3Configuration + "list_license_properties": members("namespace", "name_prefix"),
	v3Configuration + "list_groups_properties":  members("namespace", "name_prefix", "group_ids"),

	v3Reports + "chats/total_chats":          chatReport,
	v3Reports + "chats/duration":             chatReport,
	v3Reports + "chats/ratings":              chatReport,
	v3Reports + "chats/ranking":              withoutDistribution(chatReport),
	v3Reports + "chats/engagement":           chatReport,
	v3Reports + "chats/response_time":        chatReport,
	v3Reports + "chats/first_response_time":  chatReport,
	v3Reports + "chats/tags":                 chatReport,
	v3Reports + "chats/groups":               chatReport,
	v3Reports + "chats/greetings_conversion": chatReport,
	v3Reports + "chats/queued_visitors":      chatReport,
	v3Reports + "chats/queued_visitors_left": paged(chatReport),
	v3Reports + "chats/forms":                withoutDistribution(chatReport),
	v3Reports + "tags/chat_usage":            withoutDistribution(chatReport),
	v3Reports + "agents/availability":        agentReport,
	v3Reports + "agents/performance":         withoutDistribution(agentReport),
	v3Reports + "customers/unique_visitors":  {"timezone": nil, "filters": members("from", "to")},
}

var (
	order              = words{"asc", "desc"}
	archiveFilterNames = members("from", "to", "thread_ids", "chat_ids", "group_ids", "agents", "tags", "sales", "goals", "customer_countries",
		"properties", "event_types", "agent_types", "query", "customer_id", "customer_email", "forms", "greetings", "agent_response")
	chatReport = arguments{"distribution": words{"hour", "day", "day-hours", "month", "year"}, "timezone": nil,
		"filters": members("from", "to", "agents", "groups", "tags", "sales", "goals", "properties", "forms", "event_types", "greetings", "agent_response",
			"customer_countries")}
	agentReport = arguments{"distribution": words{"hour", "day"}, "timezone": nil, "filters": members("from", "to", "agents", "groups")}
)

// documentedV2 are the parameters of the paths of v2.
var documentedV2 = map[string]words{
	"/chats": {"date_from", "date_to", "timezone", "page", "include_pending", "visitor_id", "query", "agent", "group", "goal", "has_goal", "sale",
		"has_sale", "queued", "rate", "tag[]", "tagged", "comment", "city", "region", "country"},
	"/chats/<id>":       {"include_pending"},
	"/canned_responses": {"group"},
	"/goals":            {"type"},
	"/goals/<id>":       {},
}

// members allows these members, with any value.
func members(names ...string) arguments {
	all := make(arguments)
	for _, name := range names {
		all[name] = nil
	}
	return all
}

func withoutDistribution(report arguments) arguments {
	report = maps.Clone(report)
	delete(report, "distribution")
	return report
}

func paged(report arguments) arguments {
	report = maps.Clone(report)
	report["page"] = nil
	return report
}

// undocumented names what in a request the reference does not know; "" if nothing.
// A body that is no object is not looked at.
func (known arguments) undocumented(body []byte) string {
	var given map[string]any
	if json.Unmarshal(body, &given) != nil {
		return ""
	}
	return known.unknown("", given)
}

func (known arguments) unknown(path string, given map[string]any) string {
	for _, name := range slices.Sorted(maps.Keys(given)) {
		allowed, ok := known[name]
		if !ok {
			return fmt.Sprintf("unknown argument `%s`", path+name)
		}
		switch allowed := allowed.(type) {
		case arguments:
			if inner, isObject := given[name].(map[string]any); isObject {
				if wrong := allowed.unknown(path+name+".", inner); wrong != "" {
					return wrong
				}
			}
		case words:
			values, isList := given[name].([]any)
			if !isList {
				values = []any{given[name]}
			}
			for _, v := range values {
				if text, isText := v.(string); isText && !slices.Contains(allowed, text) {
					return fmt.Sprintf("`%s` cannot be %q, only %s", path+name, text, strings.Join(allowed, ", "))
				}
			}
		}
	}
	return ""
}

// undocumentedV2 names a parameter of v2 that the reference does not know; "" if
// there is none.
func undocumentedV2(path string, query url.Values) string {
	for _, one := range []string{"/chats/", "/goals/"} {
		if strings.HasPrefix(path, one) {
			path = one + "<id>"
		}
	}
	for _, name := range slices.Sorted(maps.Keys(query)) {
		if !slices.Contains(documentedV2[path], name) {
			return "unknown parameter " + name
		}
	}
	return ""
}
