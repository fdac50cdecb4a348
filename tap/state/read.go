package state

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"tap-livechat/tap/userjson"
)

// Error is a state that cannot be used. It shows nothing that stands in
// it but what looks like a time.
type Error struct{ What string }

func (e *Error) Error() string { return "the state cannot be used: " + e.What }

// Hint says what to do without it.
func (e *Error) Hint() string {
	return "give the last STATE the tap wrote ({\"bookmarks\": …}), or leave --state out to start again from start_date"
}

// Read reads a state: as the tap writes it, as a STATE message, in one of
// the forms in which Meltano keeps it, or one of the tap this one replaces. Of
// several lines the last state or STATE message counts; other messages are
// passed over. Nothing at all is an empty state, with a warning.
//
// What has something in it, but no bookmark of a stream of this tap, is no
// state: whoever gave it wanted the run to go on from somewhere. The error is
// a *Error, or one of reading.
func Read(r io.Reader) (s State, warnings []string, err error) {
	text, err := io.ReadAll(io.LimitReader(r, 64<<20))
	if err != nil {
		return State{}, nil, err
	}
	all, err := userjson.ParseAll(text)
	if err != nil {
		return State{}, nil, &Error{err.Error()}
	}
	if len(all) == 0 {
		return State{}, []string{"the state is empty: everything is read from start_date"}, nil
	}
	last := -1
	for i, value := range all {
		if other := messageType(value); other == "" || other == "STATE" {
			last = i
		}
	}
	if last < 0 {
		return State{}, nil, &Error{fmt.Sprintf("it holds no STATE message, but one of type %s", messageType(all[len(all)-1]))}
	}
	top, err := unwrap(json.RawMessage(all[last]), 0)
	if err != nil {
		return State{}, nil, err
	}
	s, err = split(top)
	if err == nil {
		err = s.usable()
	}
	if err != nil {
		return State{}, nil, err
	}
	return s, nil, nil
}

// messageTypes are Singer's.
var messageTypes = []string{"STATE", "RECORD", "SCHEMA", "ACTIVATE_VERSION", "BATCH"}

// messageType is the type of a Singer message, empty for what is none.
func messageType(value userjson.Value) string {
	for _, m := range userjson.Members(value) {
		if m.Name == "type" && m.Value.Kind() == '"' && slices.Contains(messageTypes, userjson.Unquote(m.Value)) {
			return userjson.Unquote(m.Value)
		}
	}
	return ""
}

// object splits an object; null is an empty one.
func object(text json.RawMessage, what string) (map[string]json.RawMessage, error) {
	var members map[string]json.RawMessage
	if err := json.Unmarshal(orNull(text), &members); err != nil {
		return nil, &Error{fmt.Sprintf("%s is %s, not an object", what, userjson.Kind(userjson.Value(text)))}
	}
	if members == nil {
		members = make(map[string]json.RawMessage)
	}
	return members, nil
}

// unwrap takes a state out of what it is wrapped in: a STATE message has it in
// value, Meltano in singer_state; Meltano's backends keep two of those, of which
// partial is merged over completed; and an export names them by their ids.
func unwrap(text json.RawMessage, depth int) (map[string]json.RawMessage, error) {
	top, err := object(text, "it")
	if err != nil || depth > 4 {
		return top, err
	}
	if _, ok := lookup(top, "bookmarks"); ok {
		return top, nil
	}
	for _, wrapper := range []string{"value", "singer_state"} {
		if inner, ok := top[wrapper]; ok {
			return unwrap(inner, depth+1)
		}
	}
	if messageType(userjson.Value(text)) != "" {
		return nil, &Error{"it is a STATE message without a value"}
	}
	if isBackend(text) {
		completed, err := unwrap(top["completed"], depth+1)
		if err != nil {
			return nil, err
		}
		partial, err := unwrap(top["partial"], depth+1)
		return merge(completed, partial), err
	}
	var ids []string
	for id, inner := range top {
		if isBackend(inner) {
			ids = append(ids, id)
		}
	}
	switch {
	case len(ids) == 0:
		return top, nil
	case len(ids) > 1:
		return nil, &Error{fmt.Sprintf("it is an export of %d states; which of them is meant?", len(ids))}
	}
	return unwrap(top[ids[0]], depth+1)
}

// isBackend reports whether an object is what a backend of Meltano's keeps.
func isBackend(text json.RawMessage) bool {
	return slices.ContainsFunc(userjson.Members(userjson.Value(text)), func(m userjson.Member) bool {
		return (m.Name == "completed" || m.Name == "partial") && (m.Value.Kind() == '{' || m.Value.Kind() == 'n')
	})
}

// merge lays one object over another as Meltano does: objects are merged,
// everything else is replaced.
func merge(under, over map[string]json.RawMessage) map[string]json.RawMessage {
	merged := maps.Clone(under)
	for name, value := range over {
		var a, b map[string]json.RawMessage
		if json.Unmarshal(orNull(merged[name]), &a) == nil && json.Unmarshal(value, &b) == nil && a != nil && b != nil {
			value, _ = json.Marshal(merge(a, b)) // it was JSON before
		}
		merged[name] = value
	}
	return merged
}

// messageKeys are keys of messages. In a state they are what a message left in
// it, maybe a customer's words, and are not carried along.
var messageKeys = []string{"type", "stream", "record", "schema", "value", "version", "time_extracted", "key_properties", "bookmark_properties"}

func split(top map[string]json.RawMessage) (State, error) {
	s := State{Bookmarks: make(map[string]Bookmark), rest: make(map[string]json.RawMessage)}
	for _, name := range slices.Sorted(maps.Keys(top)) {
		switch {
		case slices.Contains(messageKeys, name):
		case strings.EqualFold(name, "bookmarks"):
			streams, err := object(top[name], "bookmarks")
			if err != nil {
				return State{}, err
			}
			for stream, text := range streams {
				if s.Bookmarks[stream], err = parse(stream, text); err != nil {
					return State{}, err
				}
			}
		default:
			s.rest[name] = top[name]
		}
	}
	return s, s.adoptPart()
}

// adoptPart takes from the part that an older version wrote where its streams began.
// How far a part was read its bookmarks say, not the dates that it had to read.
func (s State) adoptPart() error {
	text, ok := s.rest[keyPart]
	delete(s.rest, keyPart) // never written again
	members, err := object(text, keyPart)
	if !ok || err != nil {
		return err
	}
	r := reader{what: "the part", members: members}
	from := r.at("start_date")
	for name, b := range s.Bookmarks {
		if !b.At.IsZero() && b.ReadFrom.IsZero() && from.Before(b.At) {
			b.ReadFrom = from
			s.Bookmarks[name] = b
		}
	}
	return r.err
}

// usable refuses a state that has something in it, but no bookmark of ours.
// Streams without a replication key have none.
func (s State) usable() error {
	something := false
	for name, b := range s.Bookmarks {
		if !b.At.IsZero() {
			return nil
		}
		stream, ours := streams[name]
		something = something || !(ours && stream.ReplicationKey == "") && !isNothing(b.text)
	}
	for _, value := range s.rest {
		something = something || !isNothing(value)
	}
	if something {
		return &Error{"there is something in it, but no bookmark of a stream of this tap"}
	}
	return nil
}

// isNothing reports whether there is nothing in a value that a bookmark could be.
func isNothing(text json.RawMessage) bool {
	switch value := userjson.Value(text); value.Kind() {
	case 'n':
		return true
	case '"':
		return strings.TrimSpace(userjson.Unquote(value)) == ""
	case '[':
		return len(userjson.Elements(value)) == 0
	case '{':
		return !slices.ContainsFunc(userjson.Members(value), func(m userjson.Member) bool {
			return m.Name != keyAPI && !isNothing(json.RawMessage(m.Value))
		})
	}
	return false
}
