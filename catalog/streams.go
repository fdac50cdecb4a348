package catalog

import (
	"slices"

	"tap-livechat/schemas"
)

// The APIs, as values of the setting api_version.
const (
	V2 = "2"
	V3 = "3"
)

// The groups of streams that do not come from chats. A setting selects each group as
// a whole.
const (
	ReferenceData = "reference_data"
	Reports       = "reports"
)

// A Stream describes one kind of record. A catalog cannot change it.
type Stream struct {
	Name              string
	Parent            string   // the stream whose chats contain its records; empty for none
	Keys              []string // the primary key
	ReplicationKey    string   // the field of the bookmark; empty: read in full each time
	API               string   // V2 or V3 if only that API has the stream
	Group             string   // ReferenceData or Reports; empty for streams of chats
	Scope             string   // the scope that a token needs, as LiveChat names it
	SelectedByDefault bool     // "selected-by-default" in discovery
	Description       string   // what one record is
}

const (
	archiveScopes = "archives_read (API v2), chats--all:ro (v3.6)"
	reportsScope  = "reports_read"
)

// table lists all streams. A stream is a row here and a file in schemas.
var table = []Stream{
	{Name: "chats", Keys: []string{"id", "agent_email"}, ReplicationKey: "ended_timestamp", Scope: archiveScopes, SelectedByDefault: true,
		Description: "One record per agent of a chat that has ended, with everything the archive says of it but the conversation."},
	{Name: "messages", Parent: "chats", Keys: []string{"event_id"}, ReplicationKey: "chat_ended", Scope: archiveScopes, SelectedByDefault: true,
		Description: "One record per message of a chat: the conversation."},
	{Name: "events", Parent: "chats", Keys: []string{"event_id"}, ReplicationKey: "chat_ended", Scope: archiveScopes, SelectedByDefault: true,
		Description: "One record per event of a chat: the messages again, and attachments and system events."},
	{Name: "agents", Keys: []string{"id"}, Group: ReferenceData, Scope: "agents--all:ro",
		Description: "One record per agent of the account."},
	{Name: "groups", Keys: []string{"id"}, Group: ReferenceData, Scope: "groups--all:ro",
		Description: "One record per group of agents."},
	{Name: "bots", Keys: []string{"id"}, Group: ReferenceData, Scope: "agents-bot--all:ro",
		Description: "One record per bot of the account."},
	{Name: "tags", Keys: []string{"name"}, Group: ReferenceData, Scope: "tags--all:ro",
		Description: "One record per tag that agents can give to chats."},
	{Name: "greetings", Keys: []string{"id"}, Group: ReferenceData, Scope: "greetings:ro",
		Description: "One record per greeting that visitors may be shown."},
	{Name: "auto_accesses", Keys: []string{"id"}, Group: ReferenceData, Scope: "access_rules:ro",
		Description: "One record per rule by which chats come to groups."},
	{Name: "customer_bans", Keys: []string{"id"}, Group: ReferenceData, Scope: "banlist_read",
		Description: "One record per ban of a visitor that is in force."},
	{Name: "channels", Keys: []string{"channel_type", "channel_subtype"}, Group: ReferenceData,
		Description: "One record per way in which visitors reach the account."},
	{Name: "license_properties", Keys: []string{"namespace", "name"}, Group: ReferenceData, Scope: "properties.license.value--all:ro",
		Description: "One record per property of the account."},
	{Name: "group_properties", Keys: []string{"group_id", "namespace", "name"}, Group: ReferenceData, Scope: "properties.group.value--all:ro",
		Description: "One record per property of a group."},
	{Name: "canned_responses", Keys: []string{"id"}, Group: ReferenceData, Scope: "canned_responses_read (API v2), groups--all:ro",
		Description: "One record per text that agents have ready."},
	{Name: "goals", Keys: []string{"id"}, Group: ReferenceData, Scope: "goals_read (API v2)",
		Description: "One record per goal that visitors may reach."},

	{Name: "report_total_chats", Keys: []string{"date"}, ReplicationKey: "date", Group: Reports, Scope: reportsScope,
		Description: "One record per day: how many chats there were."},
	{Name: "report_duration", Keys: []string{"date"}, ReplicationKey: "date", Group: Reports, Scope: reportsScope,
		Description: "One record per day: how long chats took."},
	{Name: "report_ratings", Keys: []string{"date"}, ReplicationKey: "date", Group: Reports, Scope: reportsScope,
		Description: "One record per day: how chats were rated."},
	{Name: "report_ranking", Keys: []string{"date", "agent_id"}, ReplicationKey: "date", Group: Reports, Scope: reportsScope,
		Description: "One record per day and agent whose chats were rated."},
	{Name: "report_engagement", Keys: []string{"date"}, ReplicationKey: "date", Group: Reports, Scope: reportsScope,
		Description: "One record per day: who began the chats."},
	{Name: "report_response_time", Keys: []string{"date"}, ReplicationKey: "date", Group: Reports, Scope: reportsScope,
		Description: "One record per day: how long visitors waited for answers."},
	{Name: "report_first_response_time", Keys: []string{"date"}, ReplicationKey: "date", Group: Reports, Scope: reportsScope,
		Description: "One record per day: how long visitors waited for the first answer."},
	{Name: "report_tags", Keys: []string{"date", "tag"}, ReplicationKey: "date", Group: Reports, Scope: reportsScope,
		Description: "One record per day and tag: how many chats have it."},
	{Name: "report_groups", Keys: []string{"date", "group_id"}, ReplicationKey: "date", Group: Reports, Scope: reportsScope,
		Description: "One record per day and group: how many chats it had."},
	{Name: "report_greetings_conversion", Keys: []string{"date", "greeting_id"}, ReplicationKey: "date", Group: Reports, Scope: reportsScope,
		Description: "One record per day and greeting: what became of it."},
	{Name: "report_queued_visitors", Keys: []string{"date"}, ReplicationKey: "date", Group: Reports, Scope: reportsScope,
		Description: "One record per day: how many visitors waited in the queue, and how long."},
	{Name: "report_queued_visitors_left", Keys: []string{"chat_id"}, ReplicationKey: "date", Group: Reports, Scope: reportsScope,
		Description: "One record per visitor who left the queue."},
	{Name: "report_agents_availability", Keys: []string{"date"}, ReplicationKey: "date", Group: Reports, Scope: reportsScope,
		Description: "One record per day: how long agents accepted chats."},
	{Name: "report_agents_performance", Keys: []string{"date", "agent_id"}, ReplicationKey: "date", Group: Reports, Scope: reportsScope,
		Description: "One record per day and agent: times, chats and ratings."},
	{Name: "report_unique_visitors", Keys: []string{"date"}, ReplicationKey: "date", Group: Reports, Scope: reportsScope,
		Description: "One record per day: how many visitors the site had."},
}

// Streams returns all streams, in output order.
func Streams() []Stream { return slices.Clone(table) }

// known reports whether the tap has a stream of that name.
func known(name string) bool {
	return slices.ContainsFunc(table, func(s Stream) bool { return s.Name == name })
}

// automatic returns the properties that are always selected.
func (s Stream) automatic() []string {
	if s.ReplicationKey == "" || slices.Contains(s.Keys, s.ReplicationKey) {
		return s.Keys
	}
	return append(slices.Clone(s.Keys), s.ReplicationKey)
}

// isAutomatic reports whether a breadcrumb is that of an automatic property.
func (s Stream) isAutomatic(at breadcrumb) bool {
	return len(at) == 2 && slices.Contains(s.automatic(), at[1])
}

// schema returns the tap's schema of the stream, with every property of the API.
func (s Stream) schema(api string) *Schema {
	own, err := ParseSchema(schemas.Stream(s.Name))
	if err != nil {
		panic(err) // it is embedded: no run gets past this, so no release does
	}
	return own.forAPI(api)
}
