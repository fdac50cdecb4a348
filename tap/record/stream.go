package record

import (
	"slices"

	"tap-livechat/catalog"
)

// origin is the source of a stream's records.
type origin byte

const (
	fromRow       origin = iota // a row of a list
	fromChat                    // a chat, one record for each agent
	fromChildList               // the list in a chat that has the stream's name
)

// stream describes how the records of one stream are written.
type stream struct {
	*schema
	name string
	from origin
	// Positions of the members that are not simply copied; see schema.position.
	id, email, agentIndex, agents, visitor, visitorID, visitorName, started, ended int // chats
	eventID, chatID, sequence, at, date, typ, event, user, agent, text             int // children
}

func newStream(selected catalog.Selected) (*stream, error) {
	s := &stream{schema: compile(selected.Name, selected.Schema, selected.Whole), name: selected.Name}
	if s.index == nil {
		return nil, &SchemaError{"schema of stream " + s.name + " is not that of an object"}
	}
	for _, key := range selected.Keys {
		k := s.fields[s.position(key)].schema
		whole := selected.Whole.Property(key)
		if k.kind == instant || !k.allows("string") && !(whole != nil && slices.Contains(whole.Types, "integer") && k.allows("integer")) {
			return nil, &SchemaError{"schema of " + k.path + ", a key, does not allow any text"}
		}
		k.nonNull = true
	}
	if selected.Parent != "" {
		s.from = fromChildList
		s.eventID, s.chatID, s.started, s.ended = s.position("event_id"), s.position("chat_id"), s.position("chat_started"), s.position("chat_ended")
		s.sequence, s.at, s.date, s.typ = s.position("sequence"), s.position("timestamp"), s.position("date"), s.position("type")
		s.event, s.user, s.agent, s.text = s.position("event_type"), s.position("user_type"), s.position("agent_id"), s.position("text")
		return s, nil
	}
	for _, child := range catalog.Streams() {
		if child.Parent == s.name {
			s.from, s.index[child.Name] = fromChat, notSelected
		}
	}
	if s.from == fromRow {
		return s, nil
	}
	s.id, s.email, s.agentIndex, s.agents = s.position("id"), s.position("agent_email"), s.position("agent_index"), s.position("agents")
	s.visitor, s.visitorID, s.visitorName = s.position("visitor"), s.position("visitor_id"), s.position("visitor_name")
	s.started, s.ended = s.position("started_timestamp"), s.position("ended_timestamp")
	return s, nil
}

// SchemaError reports a schema in the catalog that records of the tap cannot satisfy.
type SchemaError struct{ what string }

func (e *SchemaError) Error() string { return "the catalog's " + e.what }

// Hint says how the user can continue.
func (e *SchemaError) Hint() string { return "take the schema of that field as --discover prints it" }
