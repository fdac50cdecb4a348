package catalog

import (
	"slices"

	"tap-livechat/schemas"
)

// A Stream is one kind of record. No catalog can change what it says.
type Stream struct {
	Name           string
	Parent         string   // the stream its records come out of; empty for none
	Keys           []string // what makes a record unique
	ReplicationKey string   // the time that a bookmark speaks of
	Description    string   // what one record is
}

// Streams returns the table of streams, in output order. Discovery, messages
// and records all take the keys from here.
func Streams() []Stream {
	return []Stream{
		{Name: "chats", Keys: []string{"id", "agent_email"}, ReplicationKey: "ended_timestamp",
			Description: "One record per agent of a chat that has ended, with everything the archive says of it but the conversation."},
		{Name: "messages", Parent: "chats", Keys: []string{"event_id"}, ReplicationKey: "chat_ended",
			Description: "One record per message of a chat: the conversation."},
		{Name: "events", Parent: "chats", Keys: []string{"event_id"}, ReplicationKey: "chat_ended",
			Description: "One record per event of a chat: the messages again, and attachments and system events."},
	}
}

// known says whether the tap has a stream of that name.
func known(name string) bool {
	return slices.ContainsFunc(Streams(), func(s Stream) bool { return s.Name == name })
}

// automatic lists the properties that are delivered whatever a catalog says.
func (s Stream) automatic() []string {
	return append(slices.Clone(s.Keys), s.ReplicationKey)
}

// always says whether a breadcrumb leads to one of those.
func (s Stream) always(at breadcrumb) bool {
	return len(at) == 2 && slices.Contains(s.automatic(), at[1])
}

// schema is our own schema of the stream, with every property.
func (s Stream) schema() *Schema {
	own, err := ParseSchema(schemas.Stream(s.Name))
	if err != nil {
		panic(err) // it is embedded: no run gets past this, so no release does
	}
	return own
}
