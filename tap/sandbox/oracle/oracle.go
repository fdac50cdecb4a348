// Package oracle says which records a chat of the made-up account has to give,
// from what the account knows about it, without a look at how an API puts it on
// the wire or at how the tap reads it. Only tests import it.
package oracle

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"tap-livechat/tap/sandbox/account"
)

// Record is one as encoding/json reads it with UseNumber, without members that
// are null, in the form of Tidy.
type Record = map[string]any

// Records are those of a chat by stream, and there by key: that of a chats
// record is [Key].
type Records map[string]map[string]Record

// Key is the key of the record of a chat for an agent.
func Key(id, agentEmail string) string { return id + " " + agentEmail }

// Unassigned stands where a chats record has no agent, or one without e-mail.
const Unassigned = "unassigned"

// Emails are the agents that a chat has a record for, each once.
func Emails(c *account.Chat) (all []string) {
	seen := make(map[string]bool)
	for _, a := range c.Agents {
		email := a.Email
		if email == "" {
			email = Unassigned
		}
		if !seen[email] {
			seen[email], all = true, append(all, email)
		}
	}
	if len(all) == 0 {
		all = []string{Unassigned}
	}
	return all
}

// Ended is the end that the records of a chat have to tell, in Unix seconds, if
// it was read at the moment for which it was made. What it shows counts unless
// that is 0 or less, no number, before the start or more than ten minutes ahead:
// then the start and the duration, and else the last event.
func Ended(c *account.Chat) (at int64, known bool) {
	const ahead = 600
	start, startKnown := Started(c)
	if end := c.ShownEnd; !end.Missing && !end.Text && end.At > 0 && end.At <= c.Now+ahead && (!startKnown || end.At >= start) {
		return end.At, true
	}
	if at = start + c.End - c.Start; startKnown && !c.NoDuration && at <= c.Now+ahead {
		return at, true
	}
	if n := len(c.Entries); n > 0 {
		return c.Entries[n-1].At.At, true
	}
	return 0, false
}

// Started is the start that the records have to tell, if the chat shows one.
func Started(c *account.Chat) (at int64, known bool) {
	s := c.ShownStart
	return s.At, !s.Missing && s.At > 0
}

// V2 are the records of a chat that was read through API v2, if it is neither
// odd nor hostile. What started and ended say of a chat that contradicts itself
// is left open: they are not in its records.
func V2(c *account.Chat) Records {
	all := Records{"chats": {}, "messages": {}, "events": {}}
	var started, ended any
	if at, ok := Started(c); ok {
		started = rfc(at)
	}
	if at, ok := Ended(c); ok && !c.Pending {
		ended = rfc(at)
	}
	if c.Missed && c.ZoneName == "" { // its one time is local, nobody says where
		started, ended = nil, nil
	}
	chat := chatV2(c)
	chat["started_timestamp"], chat["ended_timestamp"] = started, ended
	for i, email := range Emails(c) {
		r := Record{"agent_email": email, "agent_index": number(i)}
		for name, value := range chat {
			if value != nil {
				r[name] = value
			}
		}
		all["chats"][Key(c.ID, email)] = r
	}
	for _, stream := range []string{"messages", "events"} {
		made := make(map[string]int)
		for i := range c.Entries {
			e := &c.Entries[i]
			if stream == "messages" && e.Kind != account.Message {
				continue
			}
			r := entryV2(c, e, stream)
			r["sequence"] = number(place(c, i, stream))
			if !e.WithID {
				r["event_id"] = madeID(c, stream, r, made)
			}
			if started != nil {
				r["chat_started"] = started
			}
			if ended != nil {
				r["chat_ended"] = ended
			}
			all[stream][r["event_id"].(string)] = r
		}
	}
	return all
}

// place is that of an entry in the list of a stream, from 1, in the order of time.
func place(c *account.Chat, i int, stream string) int {
	n := 1
	for k, e := range c.Entries {
		if at := c.Entries[i].At.At; (stream == "events" || e.Kind == account.Message) && (e.At.At < at || e.At.At == at && k < i) {
			n++
		}
	}
	return n
}

func chatV2(c *account.Chat) Record {
	r := Record{"id": c.ID, "type": "chat", "visitor_id": c.Visitor.ID, "visitor_name": c.Visitor.Name}
	if c.ZoneName != "" {
		r["timezone"] = c.ZoneName
	}
	if v := c.Visitor; v.Form != "flat" {
		r["visitor"] = optional(Record{
			"id": v.ID, "name": v.Name, "ip": v.IP, "city": v.Place.City, "region": v.Place.Region, "country": v.Place.Country,
			"country_code": v.Place.Code, "timezone": v.Place.Zone, "user_agent": v.Browser,
		}, "email", v.Email)
	}
	if c.Missed {
		r["type"], r["email"], r["message"] = "missed_chat", c.Email, c.Message.String()
		if c.ZoneName != "" {
			r["time"] = rfc(c.Start)
		}
		return r
	}
	r["agents"], r["supervisors"] = []any{}, []any{}
	for _, a := range c.Agents {
		agent := optional(optional(Record{"display_name": a.Name}, "email", a.Email), "ip", a.IP)
		if a.EmptyEmail {
			agent["email"] = ""
		}
		r["agents"] = append(r["agents"].([]any), agent)
	}
	for _, p := range c.Supervisors {
		r["supervisors"] = append(r["supervisors"].([]any), Record{"display_name": p.Name, "email": p.Email})
	}
	r["rate"] = [...]string{"not_rated", "rated_good", "rated_bad", "rated_commented"}[c.Rating]
	r["engagement"] = [...]string{"immediate_start", "auto_invite", "manual_invite"}[c.Engagement]
	r["duration"], r["group"], r["chat_start_url"], r["started"] = number(min(c.End, c.Now)-c.Start), []any{number(c.Group)}, c.StartURL, rfc(c.Start)
	if c.NoDuration {
		delete(r, "duration")
	}
	if c.Contradicts != account.NoContradiction {
		delete(r, "started")
	}
	optional(r, "rate_comment", c.Remark)
	optional(r, "referrer", c.Referrer)
	if c.Pending {
		r["pending"] = true
	} else if c.Contradicts == account.NoContradiction {
		r["ended"] = rfc(c.End)
	}
	r["tags"] = []any{}
	for _, tag := range c.Tags {
		r["tags"] = append(r["tags"].([]any), tag)
	}
	if c.Ticket != "" {
		r["tickets"] = []any{c.Ticket}
	}
	if c.Queued {
		r["queue"] = Record{"duration": number(c.QueueSeconds)}
	}
	for name, survey := range map[string][]account.Answer{"prechat_survey": c.Prechat, "postchat_survey": c.Postchat} {
		for _, a := range survey {
			list, _ := r[name].([]any)
			r[name] = append(list, Record{"key": a.Question, "value": a.Value, "id": "1371641677" + strconv.Itoa(a.ID)})
		}
	}
	for name, pairs := range map[string][]account.Pair{"custom_variables": c.Custom, "integration_variables": c.Integration} {
		for _, p := range pairs {
			list, _ := r[name].([]any)
			r[name] = append(list, Record{"key": p.Key, "value": p.Value})
		}
	}
	if c.AnyGoals {
		r["goals"] = []any{}
	}
	for _, g := range c.Goals {
		goal := Record{"id": number(g.ID), "name": g.Name, "date": rfc(g.At.At), "timestamp": rfc(g.At.At), "order": Record{}}
		switch {
		case g.Sale:
			goal["type"] = "sales_tracker"
			goal["order"] = Record{"id": "ABC", "description": g.Order.Product, "price": g.Order.Price, "currency": g.Order.Currency}
		case g.Blank:
			goal["order"] = Record{"id": "", "description": "", "price": "0", "currency": ""}
		}
		r["goals"] = append(r["goals"].([]any), goal)
	}
	return r
}

// entryV2 is an entry of a list.
func entryV2(c *account.Chat, e *account.Entry, stream string) Record {
	r := Record{"chat_id": c.ID, "text": e.Text.String(), "date": rfc(e.At.At), "timestamp": rfc(e.At.At)}
	r["event_id"] = fmt.Sprintf("%s_%d", c.ID, e.N)
	r["user_type"] = [...]string{"visitor", "agent", "supervisor"}[e.By]
	if !e.Unsaid {
		r["author_name"] = e.Author
	}
	optional(r, "agent_id", e.Email)
	if stream == "events" || e.WithID { // of messages, newer answers tell the type
		r["type"] = [...]string{"message", "attachment", "event"}[e.Kind]
	}
	switch e.Kind {
	case account.File:
		r["files"] = []any{account.AttachmentURL}
	case account.Closed:
		r["event_type"] = "closed"
	}
	switch e.Rich {
	case account.Buttons:
		r["message_json"] = text(Record{"buttons": account.Choices})
	case account.Cards:
		r["message_json"] = text(Record{"template_id": "cards", "elements": []any{Record{"title": account.CardTitle, "buttons": []any{}}}})
	}
	return r
}

// madeID is the event_id of an entry for which the chat tells none: made of
// what the entry says, and numbered from the second on where several say the same.
// made counts those of a list.
func madeID(c *account.Chat, stream string, r Record, made map[string]int) string {
	said := func(name string) string {
		s, _ := r[name].(string)
		return strings.ReplaceAll(s, "\x00", "")
	}
	who := said("agent_id")
	if who == "" {
		who = said("user_type")
	}
	sum := sha256.Sum256([]byte(strings.Join([]string{said("timestamp"), said("type"), said("event_type"), who, said("text"), ""}, "\x00")))
	id := fmt.Sprintf("%s/%s/%x", c.ID, stream, sum[:10])
	if made[id]++; made[id] > 1 {
		return fmt.Sprintf("%s/%d", id, made[id])
	}
	return id
}

// Tidy is a delivered record in the form of this package: without members that
// are null, and message_json with its own members in alphabetical order.
func Tidy(r Record) Record {
	return tidy(r).(Record)
}

func tidy(v any) any {
	switch v := v.(type) {
	case Record:
		r := make(Record, len(v))
		for name, value := range v {
			if value == nil {
				continue
			}
			r[name] = tidy(value)
			if s, ok := value.(string); ok && name == "message_json" {
				var parsed any
				d := json.NewDecoder(bytes.NewReader([]byte(s)))
				d.UseNumber()
				if d.Decode(&parsed) == nil {
					r[name] = text(parsed)
				}
			}
		}
		return r
	case []any:
		all := make([]any, len(v))
		for i := range v {
			all[i] = tidy(v[i])
		}
		return all
	}
	return v
}

// optional sets a member that is not there when it is empty.
func optional(r Record, name, value string) Record {
	if value != "" {
		r[name] = value
	}
	return r
}

func rfc(at int64) string { return time.Unix(at, 0).UTC().Format(time.RFC3339) }

func number[T int | int64](n T) json.Number { return json.Number(strconv.FormatInt(int64(n), 10)) }

// text is JSON as text.
func text(v any) string {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		panic(err) // there is nothing in it that could fail
	}
	return string(bytes.TrimSpace(b.Bytes()))
}
