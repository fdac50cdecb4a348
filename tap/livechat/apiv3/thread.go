package apiv3

import (
	"time"

	"tap-livechat/tap/jsondoc"
	"tap-livechat/tap/livechat"
	"tap-livechat/tap/source"
)

// converter converts entries of the archive, chat objects with one thread, to chats. Its
// buffers are reused; it must not be used concurrently.
type converter struct {
	doc     *jsondoc.Doc // of the answer; built values are added to it
	chat    *source.Chat
	users   []user
	events  []event
	entries []jsondoc.Value // documents of events, in their order
	values  []jsondoc.Value
	text    []byte
}

// unknownField is the warning for a member that no column contains.
const unknownField = "is not in the schema and was left out"

// thread is an entry, split into its members.
type thread struct {
	// of the chat
	chatID, users, chatProps jsondoc.Value
	// of the thread
	id, active, created, userIDs, events, props, access, tags, queued, previous, next,
	visit, summary, restricted, variables jsondoc.Value
}

// split splits an entry into its members.
func (c *converter) split(entry jsondoc.Value) (t thread) {
	var inner jsondoc.Value
	for f := range entry.All() {
		switch string(f.Name()) {
		case "id":
			t.chatID = f
		case "users":
			t.users = f
		case "properties":
			t.chatProps = f
		case "thread":
			inner = f
		}
	}
	for f := range inner.All() {
		switch string(f.Name()) {
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
		}
	}
	return t
}

// warn adds a warning to the chat.
func (c *converter) warn(field, why string) {
	c.chat.Warnings = append(c.chat.Warnings, source.Warning{Field: field, Why: why})
}

// read converts an entry of doc to chat. answered is the time of the answer by the
// service's clock; zero if it is not known. chat.ID is empty if the entry has no id.
// eventless means that an ended thread lacks its events for no known reason.
func (c *converter) read(doc *jsondoc.Doc, entry jsondoc.Value, answered time.Time, chat *source.Chat) (eventless bool) {
	c.doc, c.chat = doc, chat
	t := c.split(entry)
	c.warnUnknown(entry, entryMembers)
	if k := t.id.Kind(); k == jsondoc.String || k == jsondoc.Number {
		chat.ID = t.id.Text()
	}
	chat.Pending = truthy(t.active)
	chat.Started = parseTime(t.created)
	if !chat.Started.IsZero() && !isPlausible(chat.Started, answered) {
		chat.Started, t.created = time.Time{}, jsondoc.Value{}
		c.warn("started_timestamp", implausibleStart)
	}
	c.readUsers(t.users, t.userIDs)
	c.readEvents(t.events, t.userIDs.Kind() == jsondoc.Array)
	given := t.events.Kind() != jsondoc.Absent && t.events.Kind() != jsondoc.Null
	var end ending
	if !chat.Pending {
		end = findEnd(c.events, chat.Started, answered, given)
		// An offline message has no other end.
		switch {
		case end.warning == noEvents && isSet(t.restricted):
			c.warn("events", noEvents+": "+livechat.Printable(t.restricted.Text()))
		case end.warning == "" || end.warning == noEvents: // the caller decides what to do without events
		case !(end.warning == lastEventIsEnd && c.isMissed(&t)):
			c.warn("ended_timestamp", end.warning)
		}
	}
	chat.Ended = end.at
	c.convertEvents()
	chat.Doc = c.build(&t, &end)
	return !given && !chat.Pending && !isSet(t.restricted)
}

// isMissed reports whether a thread is an offline message and nothing more. The property
// offline_message says only how a thread began: a thread that an agent or a bot answered,
// or that was rated, is a chat.
func (c *converter) isMissed(t *thread) bool {
	return property(t.props, "routing", "offline_message").Kind() == jsondoc.True && !isSet(property(t.props, "rating", "score")) && !c.isAnswered()
}

// isAnswered reports whether an agent or a bot wrote in the thread. A welcome message,
// which is sent automatically, does not count.
func (c *converter) isAnswered() bool {
	for i := range c.events {
		e := &c.events[i]
		if !isMessage(e.kind) && e.kind != "file" || e.author.Kind() != jsondoc.String || truthy(property(e.props, "lc2", "welcome_message")) {
			continue
		}
		if kind := c.users[c.author(e.author)].kind; kind == byAgent || kind == byBot {
			return true
		}
	}
	return false
}

// build returns the document of the chat. Nested values are built first, since there is
// one builder.
func (c *converter) build(t *thread, end *ending) jsondoc.Value {
	missed := c.isMissed(t)
	others := c.otherProperties(t.props, threadProperties)
	ofChat := c.otherProperties(t.chatProps, nil)
	started := timeOr(c.doc, c.chat.Started, t.created)
	var ended, prechat, postchat, leftAt, email, message jsondoc.Value
	if !c.chat.Ended.IsZero() {
		ended = c.doc.Time(c.chat.Ended)
	}
	if e := c.lastForm("prechat"); e != nil {
		prechat = c.survey(e.v.Get("fields"), false)
	}
	if e := c.lastForm("postchat"); e != nil {
		postchat = c.survey(e.v.Get("fields"), false)
	}
	if missed {
		leftAt = started
		if form := c.offlineForm(); form != nil {
			leftAt = timeOr(c.doc, form.at, form.created)
			email, message = c.fieldOf(form, "email"), c.fieldOf(form, "textarea", "question")
		}
	}

	b := c.doc.Build()
	b.Object("")
	b.Put("id", t.id)
	b.Put("started_timestamp", started)
	b.Put("started", started)
	b.Put("ended_timestamp", ended)
	b.Put("ended", ended)
	if c.chat.Pending {
		b.Bool("pending", true)
	}
	b.Put("end_reason", end.reason)
	if end.by != "" {
		b.Text("ended_by", end.by)
	}
	if missed {
		b.Text("type", "missed_chat")
		b.Put("email", email)
		b.Put("time", leftAt)
		b.Put("message", message)
	} else {
		b.Text("type", "chat")
		if !c.chat.Started.IsZero() && !c.chat.Ended.IsZero() {
			b.Int("duration", c.chat.Ended.Unix()-c.chat.Started.Unix())
		}
		c.putRating(b, t.props)
		if how := c.engagement(t); how != "" {
			b.Text("engagement", how)
		}
	}
	c.putParticipants(b, t, missed)
	b.Put("prechat_survey", prechat)
	b.Put("postchat_survey", postchat)
	b.Put("group", t.access.Get("group_ids"))
	b.Put("tags", t.tags)
	if isSet(t.queued) {
		b.Object("queue")
		b.Put("duration", t.queued)
		b.End()
	}
	c.putVariables(b, t.variables)
	b.Put("parent_chat_id", t.chatID)
	b.Put("previous_thread_id", t.previous)
	b.Put("next_thread_id", t.next)
	c.putSummary(b, t.summary)
	b.Put("restricted_access", t.restricted)
	putProperties(b, threadProperties, t.props, t.chatProps)
	b.Put("properties", others)
	b.Put("parent_chat_properties", ofChat)
	c.putMessagesAndEvents(b, t.events)
	return b.Value()
}

// putMessagesAndEvents writes messages and events. Events that are not a list are
// written unchanged, and the renderer rejects them; absent events stay absent.
func (c *converter) putMessagesAndEvents(b *jsondoc.Builder, events jsondoc.Value) {
	if events.Kind() != jsondoc.Array {
		b.Put("events", events)
		return
	}
	b.Array("messages")
	for i := range c.entries {
		if isMessage(c.events[i].kind) {
			b.Put("", c.entries[i])
		}
	}
	b.End()
	b.Array("events")
	for _, v := range c.entries {
		b.Put("", v)
	}
	b.End()
}
