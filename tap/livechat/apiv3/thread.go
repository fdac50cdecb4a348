package apiv3

import (
	"time"

	"tap-livechat/tap/jsondoc"
	"tap-livechat/tap/source"
)

// maker makes chats of entries of the archive: of a chat object with one thread.
// It keeps what it has grown for the next; one goroutine uses it at a time.
type maker struct {
	doc     *jsondoc.Doc // of the answer; what is made lies there, too
	chat    *source.Chat
	users   []user
	events  []event
	entries []jsondoc.Value // of messages and events
	values  []jsondoc.Value
	text    []byte
}

// leftOut is said of what the API gives and no column has.
const leftOut = "is not in the schema and was left out"

// thread is an entry, taken apart.
type thread struct {
	// of the chat
	chatID, users, chatProps jsondoc.Value
	// of the thread
	id, active, created, userIDs, events, props, access, tags, queued, previous, next,
	visit, summary, restricted, variables jsondoc.Value
}

// take takes an entry apart, and notes what it has beyond.
func (m *maker) take(entry jsondoc.Value) (t thread) {
	var inner jsondoc.Value
	for f := range entry.All() {
		switch name := string(f.Name()); name {
		case "id":
			t.chatID = f
		case "users":
			t.users = f
		case "properties":
			t.chatProps = f
		case "thread":
			inner = f
		case "access", "is_followed":
		default:
			m.note("chats."+name, leftOut)
		}
	}
	for f := range inner.All() {
		switch name := string(f.Name()); name {
		case "id":
			t.id = f
		case "active":
			t.active = f
		case "created_at":
			t.created = f
		case "user_ids":
			t.userIDs = f
		case "events":
			t.events = f
		case "properties":
			t.props = f
		case "access":
			t.access = f
		case "tags":
			t.tags = f
		case "queues_duration":
			t.queued = f
		case "previous_thread_id":
			t.previous = f
		case "next_thread_id":
			t.next = f
		case "customer_visit":
			t.visit = f
		case "summary":
			t.summary = f
		case "restricted_access":
			t.restricted = f
		case "custom_variables":
			t.variables = f
		case "queue", "highlight", "previous_accessible_thread_id", "next_accessible_thread_id":
			// of the moment, of the question, or of the token's owner
		default:
			m.note("chats.thread."+name, leftOut)
		}
	}
	return t
}

// note says something about the chat.
func (m *maker) note(field, why string) {
	m.chat.Warnings = append(m.chat.Warnings, source.Warning{Field: field, Why: why})
}

// read makes a chat of an entry of doc. answered is when the service says it
// answered; zero if it does not. The chat has no ID if the entry has none.
// With eventless, an ended thread lacks its events though nothing says why.
func (m *maker) read(doc *jsondoc.Doc, entry jsondoc.Value, answered time.Time, chat *source.Chat) (eventless bool) {
	m.doc, m.chat = doc, chat
	t := m.take(entry)
	if k := t.id.Kind(); k == jsondoc.String || k == jsondoc.Number {
		chat.ID = t.id.Text()
	}
	chat.Pending = truthy(t.active)
	chat.Started = instant(t.created)
	if !chat.Started.IsZero() && !possible(chat.Started, answered) {
		chat.Started, t.created = time.Time{}, jsondoc.Value{}
		m.note("started_timestamp", whyNoStart)
	}
	m.readUsers(t.users, t.userIDs)
	m.readEvents(t.events, t.userIDs.Kind() == jsondoc.Array)
	given := t.events.Kind() != jsondoc.Absent && t.events.Kind() != jsondoc.Null
	var end ending
	if !chat.Pending {
		end = endOf(m.events, chat.Started, answered, given)
		// A message that was left while nobody was there is never ended otherwise.
		if end.why != "" && !(end.why == whyLastEvent && leftMessage(t.props)) {
			m.note("ended_timestamp", end.why)
		}
	}
	chat.Ended, chat.Guessed = end.at, end.why != ""
	m.makeEvents()
	chat.Doc = m.make(&t, &end)
	return !given && !chat.Pending && !says(t.restricted)
}

// leftMessage tells by its properties that a thread is an offline message.
func leftMessage(props jsondoc.Value) bool {
	return property(props, "routing", "offline_message").Kind() == jsondoc.True
}

// make builds the document of the chat. What it is built of is made before, since
// there is one builder.
func (m *maker) make(t *thread, end *ending) jsondoc.Value {
	missed := leftMessage(t.props)
	others := m.otherProperties(t.props, threadProperties)
	ofChat := m.otherProperties(t.chatProps, nil)
	started := timeOr(m.doc, m.chat.Started, t.created)
	var ended, prechat, postchat, left, email, message jsondoc.Value
	if !m.chat.Ended.IsZero() {
		ended = m.doc.Time(m.chat.Ended)
	}
	if e := m.lastForm("prechat"); e != nil {
		prechat = m.survey(e.v.Get("fields"), false)
	}
	if e := m.lastForm("postchat"); e != nil {
		postchat = m.survey(e.v.Get("fields"), false)
	}
	if missed {
		left = started
		if form := m.ticket(); form != nil {
			left = timeOr(m.doc, form.at, form.created)
			email, message = m.fieldOf(form, "email"), m.fieldOf(form, "textarea", "question")
		}
	}

	b := m.doc.Build()
	b.Object("")
	b.Put("id", t.id)
	b.Put("started_timestamp", started)
	b.Put("started", started)
	b.Put("ended_timestamp", ended)
	b.Put("ended", ended)
	if m.chat.Pending {
		b.Bool("pending", true)
	}
	b.Put("end_reason", end.reason)
	if end.by != "" {
		b.Text("ended_by", end.by)
	}
	if missed {
		b.Text("type", "missed_chat")
		b.Put("email", email)
		b.Put("time", left)
		b.Put("message", message)
	} else {
		b.Text("type", "chat")
		if !m.chat.Started.IsZero() && !m.chat.Ended.IsZero() {
			b.Int("duration", m.chat.Ended.Unix()-m.chat.Started.Unix())
		}
		m.putRating(b, t.props)
		if how := m.engagement(t); how != "" {
			b.Text("engagement", how)
		}
	}
	m.putPeople(b, t, missed)
	b.Put("prechat_survey", prechat)
	b.Put("postchat_survey", postchat)
	b.Put("group", t.access.Get("group_ids"))
	b.Put("tags", t.tags)
	if says(t.queued) {
		b.Object("queue")
		b.Put("duration", t.queued)
		b.End()
	}
	m.putVariables(b, t.variables)
	b.Put("parent_chat_id", t.chatID)
	b.Put("previous_thread_id", t.previous)
	b.Put("next_thread_id", t.next)
	m.putSummary(b, t.summary)
	b.Put("restricted_access", t.restricted)
	putProperties(b, threadProperties, t.props, t.chatProps)
	b.Put("properties", others)
	b.Put("parent_chat_properties", ofChat)
	m.putTalk(b, t.events)
	return b.Value()
}

// putTalk writes messages and events. Events that are no list are passed on, for
// the renderer to judge; none at all are none, not an empty talk.
func (m *maker) putTalk(b *jsondoc.Builder, events jsondoc.Value) {
	if events.Kind() != jsondoc.Array {
		b.Put("events", events)
		return
	}
	b.Array("messages")
	for i := range m.entries {
		if isMessage(m.events[i].kind) {
			b.Put("", m.entries[i])
		}
	}
	b.End()
	b.Array("events")
	for _, v := range m.entries {
		b.Put("", v)
	}
	b.End()
}
