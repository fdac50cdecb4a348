package apiv3

import (
	"bytes"
	"cmp"
	"slices"
	"time"

	"tap-livechat/tap/jsondoc"
)

// event is one entry of a thread's events.
type event struct {
	v       jsondoc.Value // all of it; what is no object is passed on
	kind    string        // its type
	id      jsondoc.Value
	created jsondoc.Value
	system  jsondoc.Value // system_message_type
	form    jsondoc.Value // form_type
	author  jsondoc.Value
	hidden  bool // from the visitor
	deleted bool
	props   jsondoc.Value
	at      time.Time // zero if it says none that can be read
	order   time.Time // at; of an event without, that of the one before it
	n       int       // the number in its id; the same
}

// The types of events that are messages.
func isMessage(kind string) bool { return kind == "message" || kind == "rich_message" }

// formerType is what v2 calls an event of that type; the same word where it has none.
func formerType(kind string) string {
	switch kind {
	case "rich_message":
		return "message"
	case "file":
		return "attachment"
	case "system_message":
		return "event"
	}
	return kind
}

// systemType is what kind of system message it is; empty for all other events.
func (e *event) systemType() string {
	if e.kind != "system_message" {
		return ""
	}
	return word(e.system)
}

// formType is what a form is for; empty if nothing says it.
func (e *event) formType() string {
	if t := word(e.form); t != "" {
		return t
	}
	return word(property(e.props, "lc2", "form_type"))
}

// word is the text of a string, empty for anything else.
func word(v jsondoc.Value) string {
	if v.Kind() != jsondoc.String {
		return ""
	}
	switch string(v.Raw()) { // no copies of those that come in every thread
	case `"message"`:
		return "message"
	case `"system_message"`:
		return "system_message"
	case `"file"`:
		return "file"
	case `"filled_form"`:
		return "filled_form"
	case `"rich_message"`:
		return "rich_message"
	}
	return v.Text()
}

// readEvents reads the events and puts them in order: by time, then by the
// number in their ids.
func (m *maker) readEvents(list jsondoc.Value, userIDs bool) {
	m.events = m.events[:0]
	if list.Kind() != jsondoc.Array {
		return
	}
	var last time.Time
	var lastN int
	for v := range list.All() {
		e := event{v: v}
		for f := range v.All() {
			switch string(f.Name()) {
			case "id":
				e.id, e.n = f, number(f)
			case "type":
				e.kind = word(f)
			case "created_at":
				e.created, e.at = f, instant(f)
			case "author_id":
				e.author = f
			case "visibility":
				e.hidden = equal(f, "agents")
			case "deleted":
				e.deleted = f.Kind() == jsondoc.True
			case "system_message_type":
				e.system = f
			case "form_type":
				e.form = f
			case "properties":
				e.props = f
			}
		}
		if e.order = e.at; e.order.IsZero() {
			e.order, e.n = last, lastN
		}
		if says(e.author) && e.author.Kind() == jsondoc.String {
			u := &m.users[m.author(e.author)]
			u.here = u.here || u.hidden || !userIDs // a supervisor need not be among user_ids
		}
		last, lastN = e.order, e.n
		m.events = append(m.events, e)
	}
	slices.SortStableFunc(m.events, func(a, b event) int {
		if c := a.order.Compare(b.order); c != 0 {
			return c
		}
		return cmp.Compare(a.n, b.n)
	})
}

// number is the n of an event's id, "<thread id>_<n>"; 0 if it has none.
func number(id jsondoc.Value) int {
	raw := id.Raw()
	at := bytes.LastIndexByte(raw, '_')
	if id.Kind() != jsondoc.String || at < 0 || len(raw)-at > 12 {
		return 0
	}
	n := 0
	for _, c := range raw[at+1 : len(raw)-1] {
		if c < '0' || c > '9' {
			return 0
		}
		n = n*10 + int(c-'0')
	}
	return n
}

// makeEvents makes the entries of both lists.
func (m *maker) makeEvents() {
	m.entries = m.entries[:0]
	for i := range m.events {
		e := &m.events[i]
		if e.v.Kind() != jsondoc.Object {
			m.entries = append(m.entries, e.v)
			continue
		}
		m.entries = append(m.entries, m.makeEvent(e))
	}
}

// columns are the members of an event that stand in a column as they are, and of
// which types; of all if none is named.
var columns = map[string]struct{ name, kinds string }{
	"id":                  {"event_id", ""},
	"type":                {"api_type", ""},
	"visibility":          {"visibility", ""},
	"author_id":           {"author_id", ""},
	"system_message_type": {"event_type", ""},
	"text":                {"text", ""},
	"name":                {"file_name", "file"},
	"content_type":        {"file_type", "file"},
	"size":                {"file_size", "file"},
	"form_id":             {"form_id", "filled_form"},
	"form_type":           {"form_type", "filled_form"},
	"source":              {"system_source", "system"},
	"subtype":             {"system_subtype", "system"},
	"version":             {"system_version", "system"},
}

// column is where a member of an event stands; empty if it has no column.
func (e *event) column(name string) string {
	c := columns[name]
	if c.kinds == "" || c.kinds == e.kind || c.kinds == "filled_form" && e.kind == "form" {
		return c.name
	}
	return ""
}

// elsewhere are the members that are read by name.
var elsewhere = map[string]bool{
	"created_at": true, "properties": true, "deleted": true, "url": true, "template_id": true, "elements": true, "fields": true, "details": true,
}

// erased are the columns that say what somebody said. Of a deleted event they are
// null, so that nothing of it stays in a table that is brought up to date.
var (
	erased      = [...]string{"text", "message_json", "details", "properties"}
	erasedFiles = [...]string{"files", "file_name", "file_type", "file_size", "form_answers"} // of events that are no messages
)

// makeEvent makes an entry of messages and events.
func (m *maker) makeEvent(e *event) jsondoc.Value {
	var file, template, elements, fields, details jsondoc.Value
	more := false
	for f := range e.v.All() {
		switch name := string(f.Name()); name {
		case "url":
			file = f
		case "template_id":
			template = f
		case "elements":
			elements = f
		case "fields":
			fields = f
		case "details":
			details = f
		default:
			more = more || e.column(name) == "" && !elsewhere[name]
		}
	}
	if e.deleted {
		return m.makeDeleted(e)
	}
	var rich jsondoc.Value
	if e.kind == "rich_message" {
		b := m.doc.Build()
		b.Object("")
		b.Put("template_id", template)
		b.Put("elements", elements)
		rich = m.asText(b.Value())
	}
	if more {
		details = m.rest(e, details)
	}
	welcome, greeting := property(e.props, "lc2", "welcome_message"), property(e.props, "lc2", "greeting_id")
	others := m.otherProperties(e.props, eventProperties)
	answers := m.answers(fields)
	at := timeOr(m.doc, e.at, e.created)

	b := m.doc.Build()
	b.Object("")
	for f := range e.v.All() {
		if column := e.column(string(f.Name())); column != "" {
			b.Put(column, f)
		}
	}
	m.putHead(b, e, at)
	b.Put("message_json", rich)
	if says(file) {
		b.Array("files")
		b.Put("", file)
		b.End()
	}
	b.Put("form_answers", answers)
	b.Put("is_welcome_message", welcome)
	b.Put("greeting_id", greeting)
	b.Put("details", details)
	b.Put("properties", others)
	return b.Value()
}

// putHead writes what every event has: its time, its kind, its author.
func (m *maker) putHead(b *jsondoc.Builder, e *event, at jsondoc.Value) {
	b.Put("timestamp", at)
	b.Put("date", at)
	if e.kind != "" {
		b.Text("type", formerType(e.kind))
	}
	if !says(e.author) {
		if e.kind == "system_message" || e.kind == "system" {
			b.Text("author_type", bySystem)
		}
		if by := endings[e.systemType()]; by == byAgent || by == byVisitor {
			b.Text("user_type", by) // it says who ended the thread
		}
		return
	}
	if e.author.Kind() != jsondoc.String {
		return
	}
	u := &m.users[m.author(e.author)]
	b.Text("author_type", u.kind)
	b.Put("author_name", u.v.Get("name"))
	former := u.kind
	switch {
	case u.kind == byAgent && (u.hidden || e.hidden):
		former = "supervisor"
	case u.kind == byBot:
		former = byAgent
	}
	b.Text("user_type", former)
	if u.kind == byAgent {
		b.Put("agent_id", e.author)
	}
}

// makeDeleted makes an entry of an event that was deleted, without its content.
func (m *maker) makeDeleted(e *event) jsondoc.Value {
	at := timeOr(m.doc, e.at, e.created)
	b := m.doc.Build()
	b.Object("")
	b.Put("event_id", e.id)
	b.Put("api_type", e.v.Get("type"))
	b.Put("event_type", e.system)
	b.Put("visibility", e.v.Get("visibility"))
	b.Put("author_id", e.author)
	m.putHead(b, e, at)
	b.Bool("is_deleted", true)
	for _, column := range erased {
		b.Null(column)
	}
	if !isMessage(e.kind) {
		for _, column := range erasedFiles {
			b.Null(column)
		}
	}
	return b.Value()
}

// rest is the members of an event that have no column, as JSON text; the details
// of a system event are among them if it has others.
func (m *maker) rest(e *event, details jsondoc.Value) jsondoc.Value {
	b := m.doc.Build()
	b.Object("")
	for f := range e.v.All() {
		name := string(f.Name())
		if e.column(name) == "" && !elsewhere[name] {
			b.Put(name, f)
		}
	}
	b.Put("details", details)
	return m.asText(b.Value())
}
