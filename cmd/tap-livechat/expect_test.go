//go:build unix

package main

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// What the records of a chat have to be, written without a look at the
// program's own code: from the description of the streams alone.

// trueChat is a chat as the sandbox holds it, and what it knows about it.
type trueChat struct {
	ID, Type          string
	Ended             time.Time
	Pending, Vanished bool
	Chat              record // as it is served
}

// expect is the records of a chat, by stream, without fields that are null.
func (c trueChat) expect() map[string][]record {
	chat := tidy(c.Chat, c).(record)
	started, ended := chat["started_timestamp"], chat["ended_timestamp"]
	if at, ok := chat["time"]; ok && c.Type == "missed_chat" {
		started, ended = at, at
	}
	all := make(map[string][]record)
	for _, list := range []string{"messages", "events"} {
		elements, _ := chat[list].([]any)
		said := make(map[string]int)
		for _, e := range elements {
			r := record{"chat_id": c.ID, "chat_started": started, "chat_ended": ended}
			for name, value := range e.(record) {
				r[name] = value
			}
			if r["event_id"] == nil {
				r["event_id"] = madeEventID(c.ID, list, r, said)
			}
			all[list] = append(all[list], withoutNull(r))
		}
		number(all[list])
		delete(chat, list)
	}
	chat["started_timestamp"], chat["ended_timestamp"] = started, ended
	if visitor, ok := chat["visitor"].(record); ok {
		for flat, deep := range map[string]string{"visitor_id": "id", "visitor_name": "name"} {
			if chat[flat] == nil {
				chat[flat] = visitor[deep]
			}
		}
	}
	var emails []any
	agents, _ := chat["agents"].([]any)
	for _, a := range agents {
		email := a.(record)["email"]
		if email == nil || email == "" {
			email = "unassigned"
		}
		if !slices.Contains(emails, email) {
			emails = append(emails, email)
		}
	}
	if len(emails) == 0 {
		emails = append(emails, "unassigned")
	}
	for i, email := range emails {
		r := record{"agent_email": email, "agent_index": json.Number(strconv.Itoa(i))}
		for name, value := range chat {
			r[name] = value
		}
		all["chats"] = append(all["chats"], withoutNull(r))
	}
	return all
}

// madeEventID is the id that a tap makes of what an entry says; said counts
// those of a list.
func madeEventID(chat, list string, r map[string]any, said map[string]int) string {
	text := func(names ...string) string {
		for _, name := range names {
			if s := strings.ReplaceAll(fmt.Sprint(r[name]), "\x00", ""); r[name] != nil && strings.TrimSpace(s) != "" {
				return s
			}
		}
		return ""
	}
	all := []string{text("timestamp", "date"), text("type"), text("event_type"), text("agent_id", "user_type"), text("text"), ""}
	sum := sha256.Sum256([]byte(strings.Join(all, "\x00")))
	id := fmt.Sprintf("%s/%s/%x", chat, list, sum[:10])
	if said[id]++; said[id] > 1 {
		return fmt.Sprintf("%s/%d", id, said[id])
	}
	return id
}

// number gives a list's records their places in the order of time; one
// without a time stands behind the one before it.
func number(list []record) {
	order := make([]string, len(list))
	for i, r := range list {
		at, ok := r["timestamp"].(string)
		if !ok {
			at, ok = r["date"].(string)
		}
		if !ok && i > 0 {
			at = order[i-1]
		}
		order[i] = at
	}
	for i, r := range list {
		place := 1
		for k := range list {
			if order[k] < order[i] || order[k] == order[i] && k < i {
				place++
			}
		}
		r["sequence"] = json.Number(strconv.Itoa(place))
	}
}

func withoutNull(r record) record {
	for name, value := range r {
		if value == nil {
			delete(r, name)
		}
	}
	return r
}

// tidy brings a chat as it is served, or a record, to one form: no nulls, and
// every time RFC 3339 in UTC, as a timestamp says where there is one.
func tidy(v any, c trueChat) any {
	switch v := v.(type) {
	case []any:
		all := make([]any, 0, len(v))
		for _, e := range v {
			all = append(all, tidy(e, c))
		}
		return all
	case record:
		r := make(record)
		for name, value := range v {
			r[name] = tidy(value, c)
			switch name {
			case "timestamp", "started_timestamp", "ended_timestamp":
				r[name] = instant(value)
			case "started", "ended":
				r[name] = local(value, v[name+"_timestamp"], c)
			case "date":
				r[name] = local(value, v["timestamp"], c)
			case "time":
				r[name] = local(value, nil, c)
			case "message_json": // an object, or its text
				text, ok := value.(string)
				if !ok {
					b, _ := json.Marshal(value)
					text = string(b)
				}
				var any any
				if json.Unmarshal([]byte(text), &any) == nil {
					b, _ := json.Marshal(any)
					text = string(b)
				}
				r[name] = text
			}
		}
		return withoutNull(r)
	}
	return v
}

// instant is Unix seconds, or what is RFC 3339 already.
func instant(v any) any {
	n, ok := v.(json.Number)
	if !ok {
		return v
	}
	s, err := strconv.ParseInt(n.String(), 10, 64)
	if err != nil {
		return v
	}
	return time.Unix(s, 0).UTC().Format(time.RFC3339)
}

// local is the instant of a text in the chat's own zone: that of the timestamp
// beside it, or if there is none, what the text says there; nil in no known zone.
func local(v, timestamp any, c trueChat) any {
	text, ok := v.(string)
	if !ok || !strings.Contains(text, ", ") { // RFC 3339 already
		return v
	}
	if timestamp != nil {
		return instant(timestamp)
	}
	name, _ := c.Chat["timezone"].(string)
	zone, err := time.LoadLocation(name)
	if err != nil || name == "" {
		return nil
	}
	at, err := time.ParseInLocation("Mon, 01/02/06 03:04:05 pm", text, zone)
	if err != nil {
		return v
	}
	return at.UTC().Format(time.RFC3339)
}
