package record

import (
	"slices"

	"tap-livechat/catalog"
	"tap-livechat/tap/jsondoc"
)

// origin is what the records of a stream are made of.
type origin byte

const (
	aRow  origin = iota // of a list
	aChat               // a chat, one record for each agent
	aList               // the list in a chat that has the stream's name
)

// stream is how the records of one stream are written.
type stream struct {
	*shape
	name string
	from origin
	head []byte // the line up to the first field
	// The places of the members that are not simply copied.
	id, email, agentIndex, agents, visitor, visitorID, visitorName, started, ended int // chats
	eventID, chatID, sequence, at, date, kindOf, event, user, agent, says          int // children
}

func newStream(selected catalog.Selected) (*stream, error) {
	s := &stream{shape: compile(selected.Name, selected.Schema, selected.Whole), name: selected.Name}
	if s.index == nil {
		return nil, &SchemaError{"schema of stream " + s.name + " is not that of an object"}
	}
	for _, key := range selected.Keys {
		k := s.fields[s.place(key)].shape
		whole := selected.Whole.Property(key)
		if k.kind == instant || !k.takes("string") && !(whole != nil && slices.Contains(whole.Types, "integer") && k.takes("integer")) {
			return nil, &SchemaError{"schema of " + k.path + ", a key, does not allow any text"}
		}
		k.must = true
	}
	s.head = append(jsondoc.Quote([]byte(beforeStream), selected.Target), beforeRecord+"{"...)
	if selected.Parent != "" {
		s.from = aList
		s.eventID, s.chatID, s.started, s.ended = s.place("event_id"), s.place("chat_id"), s.place("chat_started"), s.place("chat_ended")
		s.sequence, s.at, s.date, s.kindOf = s.place("sequence"), s.place("timestamp"), s.place("date"), s.place("type")
		s.event, s.user, s.agent, s.says = s.place("event_type"), s.place("user_type"), s.place("agent_id"), s.place("text")
		return s, nil
	}
	for _, child := range catalog.Streams() {
		if child.Parent == s.name {
			s.from, s.index[child.Name] = aChat, leftOut
		}
	}
	if s.from == aRow {
		return s, nil
	}
	s.id, s.email, s.agentIndex, s.agents = s.place("id"), s.place("agent_email"), s.place("agent_index"), s.place("agents")
	s.visitor, s.visitorID, s.visitorName = s.place("visitor"), s.place("visitor_id"), s.place("visitor_name")
	s.started, s.ended = s.place("started_timestamp"), s.place("ended_timestamp")
	return s, nil
}

// SchemaError is a schema in a catalog that no record can keep to.
type SchemaError struct{ what string }

func (e *SchemaError) Error() string { return "the catalog's " + e.what }

// Hint says what to do.
func (e *SchemaError) Hint() string { return "take the schema of that field as --discover prints it" }
