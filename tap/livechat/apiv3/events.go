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
	v        jsondoc.Value // the whole event; not necessarily an object
	kind     string        // the type of the event
	id       jsondoc.Value
	created  jsondoc.Value
	system   jsondoc.Value // system_message_type
	formKind jsondoc.Value // form_type
	author   jsondoc.Value
	hidden   bool // hidden from the visitor
	deleted  bool
	props    jsondoc.Value
	at       time.Time // created_at; zero if it is missing or invalid
	order    time.Time // at; if that is zero, order of the event before it
	number   int       // the number in its id; 0 if it has none; if at is zero, that of the event before it
}

// isMessage reports whether events of a type are messages.
func isMessage(kind string) bool { return kind == "message" || kind == "rich_message" }

// v2Type returns v2's name of an event type; the type itself if v2 has no such type.
func v2Type(kind string) string {
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

// systemType returns the system_message_type; empty for other events.
func (e *event) systemType() string {
	if e.kind != "system_message" {
		return ""
	}
	return word(e.system)
}

// formType returns the purpose of a form; empty if it is unknown.
func (e *event) formType() string {
	if t := word(e.formKind); t != "" {
		return t
	}
	return word(property(e.props, "lc2", "form_type"))
}

// word returns the text of a string; empty for other values.
func word(v jsondoc.Value) string {
	if v.Kind() != jsondoc.String {
		return ""
	}
	switch string(v.Raw()) { // avoid allocating the most common ones
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

// readEvents reads the events into c.events and sorts them by time, then by the number
// in their ids. userIDs says whether the thread has a list of user_ids.
func (c *converter) readEvents(list jsondoc.Value, userIDs bool) {
	c.events = c.events[:0]
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
				e.id, e.number = f, eventNumber(f)
			case "type":
				e.kind = word(f)
			case "created_at":
				e.created, e.at = f, parseTime(f)
			case "author_id":
				e.author = f
			case "visibility":
				e.hidden = isText(f, "agents")
			case "deleted":
				e.deleted = f.Kind() == jsondoc.True
			case "system_message_type":
				e.system = f
			case "form_type":
				e.formKind = f
			case "properties":
				e.props = f
			}
		}
		if e.order = e.at; e.order.IsZero() {
			e.order, e.number = last, lastN
		}
		if isSet(e.author) && e.author.Kind() == jsondoc.String {
			u := &c.users[c.author(e.author)]
			u.participated = u.participated || u.hidden || !userIDs // supervisors may be missing in user_ids
		}
		last, lastN = e.order, e.number
		c.events = append(c.events, e)
	}
	slices.SortStableFunc(c.events, func(a, b event) int {
		if c := a.order.Compare(b.order); c != 0 {
			return c
		}
		return cmp.Compare(a.number, b.number)
	})
}

// eventNumber returns n of an event id "<thread id>_<n>"; 0 for other ids.
func eventNumber(id jsondoc.Value) int {
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

// convertEvents fills c.entries with the documents of c.events, for both lists.
func (c *converter) convertEvents() {
	c.entries = c.entries[:0]
	for i := range c.events {
		e := &c.events[i]
		if e.v.Kind() != jsondoc.Object {
			c.entries = append(c.entries, e.v)
			continue
		}
		c.entries = append(c.entries, c.convertEvent(e))
	}
}

// columns maps members of an event to columns that contain them unchanged. kinds is the
// event type that has the column; empty: all types.
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

// column returns the column of a member of the event; empty if it has none.
func (e *event) column(name string) string {
	c := columns[name]
	if c.kinds == "" || c.kinds == e.kind || c.kinds == "filled_form" && e.kind == "form" {
		return c.name
	}
	return ""
}

// readByName are the members that convertEvent reads by name.
var readByName = map[string]bool{"created_at": true, "properties": true, "deleted": true, "url": true, "fields": true, "details": true}

// isOther reports whether a member of the event is delivered in details: neither a column
// nor convertEvent has another place for it.
func (e *event) isOther(name string) bool {
	if name == "template_id" || name == "elements" {
		return e.kind != "rich_message"
	}
	return e.column(name) == "" && !readByName[name]
}

// clearedIfDeleted are the columns with content. They are written as null for a deleted
// event, so that an upsert removes the content from the target's table.
var (
	clearedIfDeleted = [...]string{"text", "message_json", "details", "properties"}
	clearedFiles     = [...]string{"files", "file_name", "file_type", "file_size", "form_answers"} // the same, for events that are not messages
)

// convertEvent returns the document of an event, for the streams messages and events.
func (c *converter) convertEvent(e *event) jsondoc.Value {
	var file, template, elements, fields, details jsondoc.Value
	more := false
	for f := range e.v.All() {
		name := string(f.Name())
		switch name {
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
		}
		more = more || e.isOther(name)
	}
	if e.deleted {
		return c.convertDeleted(e)
	}
	var rich jsondoc.Value
	if e.kind == "rich_message" {
		b := c.doc.Build()
		b.Object("")
		b.Put("template_id", template)
		b.Put("elements", elements)
		rich = c.asJSONText(b.Value())
	}
	if more {
		details = c.otherMembers(e, details)
	}
	welcome, greeting := property(e.props, "lc2", "welcome_message"), property(e.props, "lc2", "greeting_id")
	others := c.otherProperties(e.props, eventProperties)
	answers := c.answers(fields)
	at := timeOr(c.doc, e.at, e.created)

	b := c.doc.Build()
	b.Object("")
	for f := range e.v.All() {
		if column := e.column(string(f.Name())); column != "" {
			b.Put(column, f)
		}
	}
	c.putCommon(b, e, at)
	b.Put("message_json", rich)
	if isSet(file) {
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

// putCommon writes the columns of time, type and author.
func (c *converter) putCommon(b *jsondoc.Builder, e *event, at jsondoc.Value) {
	b.Put("timestamp", at)
	b.Put("date", at)
	if e.kind != "" {
		b.Text("type", v2Type(e.kind))
	}
	if !isSet(e.author) {
		if e.kind == "system_message" || e.kind == "system" {
			b.Text("author_type", bySystem)
		}
		if by := endings[e.systemType()]; by == byAgent || by == byVisitor {
			b.Text("user_type", by) // the system message says who ended the thread
		}
		return
	}
	if e.author.Kind() != jsondoc.String {
		return
	}
	u := &c.users[c.author(e.author)]
	b.Text("author_type", u.kind)
	b.Put("author_name", u.v.Get("name"))
	v2Kind := u.kind
	switch {
	case u.kind == byAgent && (u.hidden || e.hidden):
		v2Kind = "supervisor"
	case u.kind == byBot:
		v2Kind = byAgent
	}
	b.Text("user_type", v2Kind)
	if u.kind == byAgent {
		b.Put("agent_id", e.author)
	}
}

// convertDeleted returns the document of a deleted event, without its content.
func (c *converter) convertDeleted(e *event) jsondoc.Value {
	at := timeOr(c.doc, e.at, e.created)
	b := c.doc.Build()
	b.Object("")
	b.Put("event_id", e.id)
	b.Put("api_type", e.v.Get("type"))
	b.Put("event_type", e.system)
	b.Put("visibility", e.v.Get("visibility"))
	b.Put("author_id", e.author)
	c.putCommon(b, e, at)
	b.Bool("is_deleted", true)
	for _, column := range clearedIfDeleted {
		b.Null(column)
	}
	if !isMessage(e.kind) {
		for _, column := range clearedFiles {
			b.Null(column)
		}
	}
	return b.Value()
}

// otherMembers returns the members of an event that have no column, as JSON text, with
// its details as a member of that name.
func (c *converter) otherMembers(e *event, details jsondoc.Value) jsondoc.Value {
	b := c.doc.Build()
	b.Object("")
	for f := range e.v.All() {
		if name := string(f.Name()); e.isOther(name) {
			b.Put(name, f)
		}
	}
	b.Put("details", details)
	return c.asJSONText(b.Value())
}
