package catalog

import (
	"slices"

	"tap-livechat/schemas"
)

// The APIs that chats come from, as users name them.
const (
	V2 = "2"
	V3 = "3"
)

// The groups of streams that are not chats. A user asks for each as a whole.
const (
	ReferenceData = "reference_data"
	Reports       = "reports"
)

// A Stream is one kind of record. No catalog can change what it says.
type Stream struct {
	Name              string
	Parent            string   // the stream its records come out of; empty for none
	Keys              []string // what makes a record unique
	ReplicationKey    string   // the time that a bookmark speaks of; empty: read in full, each time
	API               string   // V2 or V3 if only that one has it
	Group             string   // ReferenceData or Reports; empty for what is made of chats
	Scope             string   // what a token must be allowed to, in LiveChat's words
	SelectedByDefault bool     // what discovery says to tools that select by themselves
	Description       string   // what one record is
}

const archiveScopes = "archives_read (API v2), chats--all:ro (v3.6)"

// table is the one place that says which streams there are; a stream is a row
// here and a file in schemas.
var table = []Stream{
	{Name: "chats", Keys: []string{"id", "agent_email"}, ReplicationKey: "ended_timestamp", Scope: archiveScopes, SelectedByDefault: true,
		Description: "One record per agent of a chat that has ended, with everything the archive says of it but the conversation."},
	{Name: "messages", Parent: "chats", Keys: []string{"event_id"}, ReplicationKey: "chat_ended", Scope: archiveScopes, SelectedByDefault: true,
		Description: "One record per message of a chat: the conversation."},
	{Name: "events", Parent: "chats", Keys: []string{"event_id"}, ReplicationKey: "chat_ended", Scope: archiveScopes, SelectedByDefault: true,
		Description: "One record per event of a chat: the messages again, and attachments and system events."},
}

// Streams returns the table of streams, in output order. Discovery, messages
// and records all take what they know of a stream from here.
func Streams() []Stream { return slices.Clone(table) }

// known says whether the tap has a stream of that name.
func known(name string) bool {
	return slices.ContainsFunc(table, func(s Stream) bool { return s.Name == name })
}

// automatic lists the properties that are delivered whatever a catalog says.
func (s Stream) automatic() []string {
	if s.ReplicationKey == "" {
		return s.Keys
	}
	return append(slices.Clone(s.Keys), s.ReplicationKey)
}

// always says whether a breadcrumb leads to one of those.
func (s Stream) always(at breadcrumb) bool {
	return len(at) == 2 && slices.Contains(s.automatic(), at[1])
}

// schema is our own schema of the stream, with every property that an API has.
func (s Stream) schema(api string) *Schema {
	own, err := ParseSchema(schemas.Stream(s.Name))
	if err != nil {
		panic(err) // it is embedded: no run gets past this, so no release does
	}
	return own.of(api)
}
