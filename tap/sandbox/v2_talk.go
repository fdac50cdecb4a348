package sandbox

import (
	"strconv"

	"tap-livechat/tap/sandbox/account"
)

// talk writes messages and events. What both lists have in common is written
// once, in messages, and copied.
func (w *writer) talk() {
	c := w.c
	w.key("messages")
	if c.NoMessages {
		w.raw("null")
	} else {
		w.open('[')
	}
	w.common = w.common[:0]
	for i := range c.Entries {
		e := &c.Entries[i]
		if e.Kind != account.Message {
			w.common = append(w.common, extent{})
			continue
		}
		w.open('{')
		from := len(w.b)
		w.said(e)
		w.common = append(w.common, extent{from, len(w.b)})
		w.tail(e, e.WithID)
	}
	if !c.NoMessages {
		w.shut(']')
	}

	w.key("events")
	w.open('[')
	for i := range c.Entries {
		e := &c.Entries[i]
		w.open('{')
		switch e.Kind {
		case account.Message:
			w.b = append(w.b, w.b[w.common[i].from:w.common[i].to]...)
			w.tail(e, true)
		case account.File:
			w.said(e)
			w.raw(`,"files":["https:\/\/static.livechatinc.com\/files\/hello%20w\u00f6rld.JPG"]`)
			w.seenUpTo()
			w.tail(e, true)
		case account.Closed:
			w.message("text", e.Text)
			w.stamp(e.At)
			w.raw(`,"type":"event","event_type":"closed","user_type":"visitor"`)
			w.tail(e, false)
		}
	}
	w.shut(']')
}

// extent is a part of what is written.
type extent struct{ from, to int }

// said writes the part of an entry that both lists have.
func (w *writer) said(e *account.Entry) {
	if !e.Unsaid {
		w.text("author_name", e.Author)
	}
	w.message("text", e.Text)
	switch e.Rich {
	case account.Buttons:
		w.raw(`,"message_json":"{\"buttons\":[\"yes\",\"no\"]}"`)
	case account.Cards:
		w.raw(`,"message_json":{"template_id":"cards","elements":[{"title":"Größe 42","buttons":[]}]}`)
	}
	w.stamp(e.At)
	w.str("user_type", v2Roles[e.By])
	if e.Email != "" {
		w.text("agent_id", e.Email)
	}
	if e.Kind == account.Message {
		w.seenUpTo()
	}
}

var v2Roles = [...]string{"visitor", "agent", "supervisor"}

// stamp writes date and timestamp of an entry.
func (w *writer) stamp(at account.Moment) {
	w.date("date", at)
	if w.c.Odd != account.NoStamps && w.c.Odd != account.LostTimes {
		w.num("timestamp", at.At)
	}
}

func (w *writer) seenUpTo() {
	if w.c.Odd == account.UnknownFields {
		w.raw(`,"seen_up_to":null`)
	}
}

// message writes a text of a few lines. Now and then it is null or a number,
// or longer than anybody would type, where the chat is odd or hostile.
func (w *writer) message(key string, t account.Text) {
	w.key(key)
	switch {
	case t.Null:
		w.raw("null")
		return
	case t.Number:
		w.raw("42")
		return
	}
	w.b = append(w.b, '"')
	for k, line := range t.Lines {
		if k > 0 {
			w.b = append(w.b, ' ')
		}
		w.escape(line)
	}
	if t.Tainted {
		w.raw(taints[w.c.Hostile])
	}
	w.b = append(w.b, '"')
}

var v2Kinds = [...]string{account.Message: "message", account.File: "attachment", account.Closed: "event"}

// tail ends an entry: with its type, always in events and in newer answers in
// messages too, and its id.
func (w *writer) tail(e *account.Entry, withType bool) {
	if withType {
		w.str("type", v2Kinds[e.Kind])
	}
	if e.WithID {
		w.raw(`,"event_id":"`)
		w.raw(w.c.ID)
		w.b = append(w.b, '_')
		w.b = strconv.AppendInt(w.b, int64(e.N), 10)
		w.b = append(w.b, '"')
	}
	w.shut('}')
}
