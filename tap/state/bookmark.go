package state

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"tap-livechat/tap/config"
	"tap-livechat/tap/userjson"
)

// A reader reads the members of a bookmark and keeps the first fault.
type reader struct {
	what    string // a stream, or the part
	members map[string]json.RawMessage
	err     error
}

func (r *reader) fail(format string, args ...any) {
	if r.err == nil {
		r.err = &Error{r.what + ": " + fmt.Sprintf(format, args...)}
	}
}

// parse reads the bookmark of one stream. The error is an *Error.
func parse(name string, text json.RawMessage) (Bookmark, error) {
	b := Bookmark{text: text}
	stream := streams[name]
	if stream.ReplicationKey == "" {
		return b, nil
	}
	r := reader{what: "the bookmark of stream " + name}
	if err := json.Unmarshal(orNull(text), &r.members); err != nil {
		return b, &Error{fmt.Sprintf("%s is %s, not an object", r.what, userjson.Describe(userjson.Value(text)))}
	}
	b.At, b.API = r.at(stream.ReplicationKey), r.api()
	b.Open, b.OpenKnown = r.open()
	if b.ReadFrom, b.ReadTo = r.at(keyReadFrom), r.at(keyReadTo); b.ReadFrom.IsZero() || b.ReadTo.Before(b.ReadFrom) {
		b.ReadFrom, b.ReadTo = time.Time{}, time.Time{}
	}
	if raw, ok := lookup(r.members, keyZone); ok && userjson.Value(raw).Kind() == '"' {
		b.Zone = userjson.Unquote(userjson.Value(raw))
	}
	if raw, ok := lookup(r.members, keyKeys); ok {
		_ = json.Unmarshal(raw, &b.Keys) // without them no row is known to be gone
	}
	for member, value := range r.members {
		switch strings.ToLower(member) {
		case stream.ReplicationKey, keyAPI, keyOpenChats, keyReadFrom, keyReadTo, keyZone, keyKeys, "replication_key", "replication_key_value":
		default:
			if b.rest == nil {
				b.rest = make(map[string]json.RawMessage)
			}
			b.rest[member] = value
		}
	}
	return b, r.err
}

// at is the bookmark's time, zero if it has none. Read are RFC 3339 with any
// fraction and offset, no offset (UTC), a plain date, Unix seconds.
func (r *reader) at(key string) time.Time {
	raw, ok := lookup(r.members, key)
	if !ok {
		// The shape that singer-sdk writes.
		var named string
		if k, has := lookup(r.members, "replication_key"); has {
			_ = json.Unmarshal(k, &named)
		}
		if raw, ok = lookup(r.members, "replication_key_value"); !ok || named != key {
			return time.Time{}
		}
	}
	t, ok := readTime(raw)
	if !ok {
		r.fail(`%s is %s, not a time such as "2024-01-31T10:00:00Z"`, key, showTime(raw))
	}
	return t
}

// readTime reads a time; null and an empty text are none.
func readTime(raw json.RawMessage) (t time.Time, ok bool) {
	switch value := userjson.Value(raw); value.Kind() {
	case 'n':
		return time.Time{}, true
	case '"':
		text := userjson.Unquote(value)
		if strings.TrimSpace(text) == "" {
			return time.Time{}, true
		}
		t, err := config.ParseTime(text)
		return t, err == nil
	case '0':
		n, err := strconv.ParseInt(string(raw), 10, 64)
		return time.Unix(n, 0).UTC(), err == nil && n >= 0 && n <= 1<<33
	}
	return time.Time{}, false
}

// showTime shows a value that looks like a time, and of others the kind and
// size: nobody knows what stands in a file that is no state.
func showTime(raw json.RawMessage) string {
	if len(raw) <= 40 && strings.Trim(string(raw), `"0123456789-:.+TZeE `) == "" {
		return string(raw)
	}
	return userjson.Describe(userjson.Value(raw))
}

func (r *reader) api() string {
	raw, _ := lookup(r.members, keyAPI)
	switch value := userjson.Value(raw); {
	case len(raw) == 0 || value.Kind() == 'n':
		return firstAPI
	case value.Kind() == '"' && userjson.Unquote(value) != "":
		return userjson.Unquote(value)
	case value.Kind() == '0':
		return string(raw)
	default:
		r.fail("%s is %s, not \"2\" or \"3\"", keyAPI, userjson.Describe(value))
		return ""
	}
}

// open are the chats that the stream waits for. They are not known if the list is
// null or not there.
func (r *reader) open() (chats []OpenChat, known bool) {
	raw, _ := lookup(r.members, keyOpenChats)
	value := userjson.Value(raw)
	if len(raw) == 0 || value.Kind() == 'n' {
		return nil, false
	}
	if value.Kind() != '[' {
		r.fail("%s is %s, not a list of chats", keyOpenChats, userjson.Describe(value))
		return nil, false
	}
	seen := make(map[string]bool)
	for _, entry := range userjson.Elements(value) {
		c := r.openChat(entry)
		if c.ID != "" && !seen[c.ID] {
			seen[c.ID] = true
			chats = append(chats, c)
		}
	}
	return chats, true
}

// openChat reads an id, or an object with more to say.
func (r *reader) openChat(entry userjson.Value) (c OpenChat) {
	bad := func(what userjson.Value) {
		r.fail("%s holds %s where a chat's id, or an object with id, since, asked and missed, should be", keyOpenChats, userjson.Describe(what))
	}
	switch entry.Kind() {
	case '"':
		c.ID = userjson.Unquote(entry)
	case '{':
		for _, m := range userjson.Members(entry) {
			ok := true
			switch m.Name {
			case "id":
				if ok = m.Value.Kind() == '"'; ok {
					c.ID = userjson.Unquote(m.Value)
				}
			case "since":
				c.Since, ok = readTime(json.RawMessage(m.Value))
			case "asked":
				c.Asked, ok = readTime(json.RawMessage(m.Value))
			case "missed":
				var err error
				if m.Value.Kind() != 'n' {
					c.Missed, err = strconv.Atoi(string(m.Value))
				}
				ok = err == nil && c.Missed >= 0
			}
			if !ok {
				bad(m.Value)
			}
		}
		if c.ID == "" {
			bad(entry)
		}
	default:
		bad(entry)
	}
	return c
}

// lookup finds a key in any case; the exact one wins.
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
