package sandbox

import "strconv"

// extras writes what only some chats have: surveys, variables, goals, queue,
// tags, tickets. What comes late is left out until it has come.
func (g *renderer) extras(w *writer, rec record, now int64, late bool) {
	r := &w.r
	if r.n(3) == 0 {
		w.key("prechat_survey")
		w.open('[')
		w.answer("Name:", pick(r, visitors), r.n(8e7))
		w.answer("E-mail:", "", r.n(8e7))
		w.shut(']')
	}
	if survey, verdict, id := r.n(5) == 0, pick(r, verdicts), r.n(8e7); survey && !late {
		w.key("postchat_survey")
		w.open('[')
		w.answer("How would you rate the quality of support?", verdict, id)
		w.shut(']')
	}
	if r.n(4) == 0 {
		w.key("custom_variables")
		w.open('[')
		w.pair("customer_login", "mary_brown")
		w.pair("Größe / \"size\"", pick(r, prices))
		w.shut(']')
	}
	if r.n(10) == 0 {
		w.key("integration_variables")
		w.open('[')
		w.pair("facebook.id", "123456789")
		w.pair("facebook.email", "mary.brown@email.com")
		w.shut(']')
	}
	if waited := r.n(3) == 0; waited || w.odd == oddArrayForObject || w.odd == oddNulls {
		w.key("queue")
		switch w.odd {
		case oddArrayForObject:
			w.raw("[]")
		case oddNulls:
			w.raw("null")
		default:
			w.open('{')
			w.num("duration", int64(r.n(300)))
			w.shut('}')
		}
	}
	w.key("tags")
	w.open('[')
	if n, first := r.n(4), r.n(len(tagNames)); !late {
		for k := range n {
			w.element(tagNames[(first+k)%len(tagNames)])
		}
	}
	w.shut(']')
	if r.n(12) == 0 && w.odd != oddNulls {
		w.key("tickets")
		w.open('[')
		w.element("TK" + strconv.Itoa(r.n(100000)))
		w.shut(']')
	}
	// What a goal draws depends on whether it was reached yet: so it comes last.
	if r.n(10) == 0 {
		at, second := rec.start+int64(r.n(int(rec.dur)+1)), r.n(3) == 0
		w.key("goals")
		w.open('[')
		if at <= now {
			w.goal(71, "sales_tracker_name", "sales_tracker", at)
		}
		if at <= now && second {
			w.goal(72, "goal_name", "", at)
		}
		w.shut(']')
	}
}

func (w *writer) element(s string) {
	w.comma()
	w.b = append(w.b, '"')
	w.escape(s)
	w.b = append(w.b, '"')
}

func (w *writer) answer(question, value string, id int) {
	w.open('{')
	w.str("key", question)
	w.text("value", value)
	w.key("id")
	w.raw(`"1371641677`)
	w.b = strconv.AppendInt(w.b, 10000000+int64(id), 10)
	w.raw(`"}`)
}

func (w *writer) pair(key, value string) {
	w.open('{')
	w.text("key", key)
	if w.odd == oddTextAsNumbers {
		w.key("value")
		w.raw("12.50")
	} else {
		w.text("value", value)
	}
	w.shut('}')
}

func (w *writer) goal(id int64, name, kind string, at int64) {
	r := &w.r
	w.open('{')
	w.num("id", id)
	w.str("name", name)
	if kind != "" {
		w.str("type", kind)
	}
	w.date("date", at)
	w.num("timestamp", at)
	w.key("order")
	switch {
	case w.odd == oddArrayForObject:
		w.raw("[]")
	case kind == "" && r.n(2) == 0:
		w.raw("{}")
	case kind == "":
		w.raw(`{"id":"","description":"","price":"0","currency":""}`)
	default:
		w.open('{')
		w.str("id", "ABC")
		w.text("description", pick(r, products))
		if price := pick(r, prices); w.odd == oddTextAsNumbers {
			w.key("price")
			w.raw(price)
		} else {
			w.str("price", price)
		}
		w.str("currency", pick(r, currencies))
		w.shut('}')
	}
	w.shut('}')
}

// line is an entry of events, and of messages when it is a message.
type line struct {
	kind     string // message or attachment
	from, to int    // what both lists have in common, in the buffer
	copied   string // the same of an attachment, which is no longer there
	id       int    // of event_id; 0 is none
}

// talk writes messages and events. What is said is the same at any moment;
// of an open chat the part until now is shown.
func (w *writer) talk(g *renderer, no int, rec record, now int64, team []person, f *facts) {
	r := &w.r
	n := 1 + r.n(20)
	if len(team) == 0 {
		n = r.n(4)
	}
	withIDs := g.opt.EventIDs
	some := r.n(3)
	var room [24]line
	lines := room[:0]
	visitor := pick(r, visitors)

	w.key("messages")
	if w.odd == oddNulls && r.n(3) == 0 {
		w.raw("null")
		n = 0
	} else {
		w.open('[')
	}
	for k := range n {
		at := rec.start + int64((float64(k)+r.float())/float64(n+1)*float64(rec.dur))
		file := r.n(30) == 0
		l := line{kind: "message", id: k + 1}
		if file {
			l.kind = "attachment"
		}
		if withIDs == "none" || withIDs == "some" && (some == 0 || some == 1 && r.n(2) == 0) {
			l.id = 0
		}
		mark := len(w.b) // an attachment, and what is yet to be said, is taken back
		w.open('{')
		l.from = len(w.b)
		w.said(k, at, file, visitor, team)
		l.to = len(w.b)
		w.tail(g, no, l, l.id > 0)
		if at > now {
			w.b = w.b[:mark]
			break
		}
		if file {
			l.copied = string(w.b[l.from:l.to])
			w.b = w.b[:mark]
			lines = append(lines, l)
			continue
		}
		lines = append(lines, l)
		f.messages++
	}
	if w.b[len(w.b)-1] != 'l' { // not null
		w.shut(']')
	}

	w.key("events")
	w.open('[')
	for _, l := range lines {
		w.open('{')
		if l.copied != "" {
			w.raw(l.copied)
		} else {
			w.b = append(w.b, w.b[l.from:l.to]...)
		}
		w.tail(g, no, l, true)
		f.events++
	}
	if rec.end() <= now && r.n(10) != 0 {
		w.closed(g, no, rec.end(), n+1, visitor, withIDs)
		f.events++
	}
	w.shut(']')
}

// said writes the part of an entry that both lists have.
func (w *writer) said(k int, at int64, file bool, visitor string, team []person) {
	r := &w.r
	byAgent := len(team) > 0 && r.n(2) == 0
	chief := len(team) > 0 && r.n(150) == 0
	var who person
	if len(team) > 0 {
		who = team[r.n(len(team))]
	}
	switch {
	case file:
		byAgent = false
		w.text("author_name", visitor)
		w.str("text", "The visitor uploaded the attachment.")
	case chief:
		who = supervisors[0]
		w.text("author_name", who.name)
		w.message("text", agentLines, 1)
	case byAgent && k == 0:
		w.text("author_name", who.name)
		w.message("text", openers, 1)
	case byAgent:
		w.text("author_name", who.name)
		w.message("text", agentLines, 1+r.n(2))
	default:
		if r.n(50) != 0 {
			w.text("author_name", visitor)
		}
		w.message("text", visitorLines, 1+r.n(2))
	}
	switch r.n(120) {
	case 0:
		w.raw(`,"message_json":"{\"buttons\":[\"yes\",\"no\"]}"`)
	case 1:
		w.raw(`,"message_json":{"template_id":"cards","elements":[{"title":"Größe 42","buttons":[]}]}`)
	}
	w.date("date", at)
	if w.odd != oddNoStamps && w.odd != oddLostTimes {
		w.num("timestamp", at)
	}
	switch {
	case chief && !file:
		w.str("user_type", "supervisor")
		w.text("agent_id", who.email)
	case byAgent:
		w.str("user_type", "agent")
		if who.email != "" {
			w.text("agent_id", who.email)
		}
	default:
		w.str("user_type", "visitor")
	}
	if file {
		w.raw(`,"files":["https:\/\/static.livechatinc.com\/files\/hello%20w\u00f6rld.JPG"]`)
	}
	if w.odd == oddUnknownFields {
		w.raw(`,"seen_up_to":null`)
	}
}

// message writes a text of a few lines. Now and then it is null or a number,
// or longer than anybody would type, where the chat is odd or hostile.
func (w *writer) message(key string, from []string, n int) {
	r := &w.r
	w.key(key)
	switch {
	case w.odd == oddNulls && r.n(4) == 0:
		w.raw("null")
		return
	case w.odd == oddTextAsNumbers && r.n(4) == 0:
		w.raw("42")
		return
	}
	w.b = append(w.b, '"')
	for k := range n {
		if k > 0 {
			w.b = append(w.b, ' ')
		}
		w.escape(pick(r, from))
	}
	if w.taint != "" && r.n(4) == 0 {
		w.raw(w.taint)
	}
	w.b = append(w.b, '"')
}

// tail ends an entry: with its type, always in events and in newer answers in
// messages too, and its id.
func (w *writer) tail(g *renderer, no int, l line, withType bool) {
	if withType {
		w.str("type", l.kind)
	}
	if l.id > 0 {
		w.eventID(g, no, l.id)
	}
	w.shut('}')
}

func (w *writer) eventID(g *renderer, no, k int) {
	w.raw(`,"event_id":"`)
	w.b = g.ids.append(w.b, no)
	w.b = append(w.b, '_')
	w.b = strconv.AppendInt(w.b, int64(k), 10)
	w.b = append(w.b, '"')
}

// closed writes the system event at the end of a chat.
func (w *writer) closed(g *renderer, no int, at int64, id int, visitor, withIDs string) {
	w.open('{')
	w.key("text")
	w.b = append(w.b, '"')
	w.escape(visitor)
	w.raw(` closed the chat."`)
	w.date("date", at)
	if w.odd != oddNoStamps && w.odd != oddLostTimes {
		w.num("timestamp", at)
	}
	w.raw(`,"type":"event","event_type":"closed","user_type":"visitor"`)
	if withIDs == "all" {
		w.eventID(g, no, id)
	}
	w.shut('}')
}
