package tap

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"tap-livechat/tap/jsondoc"
)

// openChats is the key of a bookmark that lists the ids of chats which had
// begun, but not ended, when the bookmark was written; see follow.go.
const openChats = "open_chats"

// State is what one run leaves for the next: for each stream the greatest time
// up to which everything has been delivered. What it does not know it carries
// along unchanged.
type State struct {
	bookmarks map[string]map[string]json.RawMessage
	others    map[string]json.RawMessage // top-level keys other than bookmarks
}

// StateError is a state that cannot be used.
type StateError struct{ What string }

func (e *StateError) Error() string { return "the state cannot be used: " + e.What }

// Hint says what to do without it.
func (e *StateError) Hint() string {
	return "give the last STATE the tap wrote ({\"bookmarks\": …}), or leave --state out to start again from start_date"
}

// ReadState reads a state: as the tap writes it, still wrapped as a STATE
// message or in Meltano's singer_state, or one of the tap this one replaces.
// Of several lines the last counts. Nothing at all is an empty state. The
// error is a *StateError.
func ReadState(r io.Reader) (State, error) {
	text, err := io.ReadAll(io.LimitReader(r, 64<<20))
	if err != nil {
		return State{}, err
	}
	text = bytes.TrimPrefix(text, []byte("\ufeff"))
	var last json.RawMessage
	for d := json.NewDecoder(bytes.NewReader(text)); ; {
		var one json.RawMessage
		if err := d.Decode(&one); err == io.EOF {
			break
		} else if err != nil {
			return State{}, &StateError{fmt.Sprintf("it is not JSON (%v, at byte %d)", err, d.InputOffset())}
		}
		last = one
	}
	return parseState(last, 0)
}

func parseState(text json.RawMessage, depth int) (State, error) {
	s := State{bookmarks: make(map[string]map[string]json.RawMessage), others: make(map[string]json.RawMessage)}
	if len(text) == 0 || string(text) == "null" {
		return s, nil
	}
	if err := json.Unmarshal(text, &s.others); err != nil {
		return State{}, &StateError{"it is no JSON object"}
	}
	if s.others == nil {
		s.others = make(map[string]json.RawMessage)
	}
	for _, wrapper := range []string{"value", "singer_state"} {
		if inner, ok := s.others[wrapper]; ok && s.others["bookmarks"] == nil && depth < 4 {
			return parseState(inner, depth+1)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(s.others)) {
		if !strings.EqualFold(name, "bookmarks") {
			continue
		}
		var streams map[string]json.RawMessage
		if err := json.Unmarshal(s.others[name], &streams); err != nil {
			return State{}, &StateError{"its bookmarks are no object"}
		}
		for stream, bookmark := range streams {
			var b map[string]json.RawMessage
			if err := json.Unmarshal(bookmark, &b); err != nil {
				return State{}, &StateError{fmt.Sprintf("the bookmark of stream %q is no object", stream)}
			}
			s.bookmarks[stream] = b
		}
		delete(s.others, name)
	}
	return s, nil
}

// MarshalJSON writes the state, keys in alphabetical order.
func (s State) MarshalJSON() ([]byte, error) {
	all := make(map[string]any, len(s.others)+1)
	for k, v := range s.others {
		all[k] = v
	}
	all["bookmarks"] = s.bookmarks
	if s.bookmarks == nil {
		all["bookmarks"] = struct{}{}
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	err := e.Encode(all)
	return bytes.TrimSpace(b.Bytes()), err
}

// bookmark is the stream's bookmark, zero if it has none. Read are RFC 3339
// with any fraction and offset, no offset (UTC), a plain date, Unix seconds.
func (s State) bookmark(stream, key string) (time.Time, error) {
	b := s.bookmarks[stream]
	raw, ok := lookup(b, key)
	if !ok {
		// The shape that singer-sdk writes.
		var named string
		if k, has := lookup(b, "replication_key"); has {
			_ = json.Unmarshal(k, &named)
		}
		if raw, ok = lookup(b, "replication_key_value"); !ok || named != key {
			return time.Time{}, nil
		}
	}
	fault := &StateError{fmt.Sprintf("the bookmark %s of stream %s is %.60s, not a time such as \"2024-01-31T10:00:00Z\"", key, stream, raw)}
	var value any
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	if err := d.Decode(&value); err != nil {
		return time.Time{}, fault
	}
	switch v := value.(type) {
	case nil:
		return time.Time{}, nil
	case string:
		if strings.TrimSpace(v) == "" {
			return time.Time{}, nil
		}
		t, err := readTime(v)
		if err != nil {
			return time.Time{}, fault
		}
		return t, nil
	case json.Number:
		n, err := strconv.ParseInt(v.String(), 10, 64)
		if err != nil || n < 0 || n > 1<<33 {
			return time.Time{}, fault
		}
		return time.Unix(n, 0).UTC(), nil
	}
	return time.Time{}, fault
}

// open is the ids of the chats that a stream still waits for.
func (s State) open(stream string) ([]string, error) {
	raw, ok := lookup(s.bookmarks[stream], openChats)
	if !ok {
		return nil, nil
	}
	var ids []string
	if err := json.Unmarshal(raw, &ids); err != nil {
		return nil, &StateError{fmt.Sprintf("%s of stream %s is not a list of chat ids", openChats, stream)}
	}
	return slices.DeleteFunc(ids, func(id string) bool { return id == "" }), nil
}

// with returns a state with another bookmark for one stream. An empty list of
// open chats is written only over an older one: what Meltano merges states of
// it keeps until it is replaced.
func (s State) with(stream, key string, at time.Time, open []string) State {
	b := maps.Clone(s.bookmarks[stream])
	if b == nil {
		b = make(map[string]json.RawMessage)
	}
	for name := range b {
		if n := strings.ToLower(name); n == key || n == "replication_key" || n == "replication_key_value" {
			delete(b, name)
		}
	}
	b[key] = json.RawMessage(jsondoc.AppendTime(nil, at))
	if _, had := b[openChats]; had || len(open) > 0 {
		b[openChats] = json.RawMessage(appendStrings(nil, open))
	}
	all := maps.Clone(s.bookmarks)
	if all == nil {
		all = make(map[string]map[string]json.RawMessage)
	}
	all[stream] = b
	return State{bookmarks: all, others: s.others}
}

// lookup finds a key in any case; the exact one goes first.
func lookup(b map[string]json.RawMessage, key string) (json.RawMessage, bool) {
	if v, ok := b[key]; ok {
		return v, true
	}
	for _, name := range slices.Sorted(maps.Keys(b)) {
		if strings.EqualFold(name, key) {
			return b[name], true
		}
	}
	return nil, false
}
