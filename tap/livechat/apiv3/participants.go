package apiv3

import (
	"bytes"
	"strings"

	"tap-livechat/tap/jsondoc"
)

// Values of author_type and ended_by.
const (
	byAgent   = "agent"
	byBot     = "bot"
	byVisitor = "visitor"
	bySystem  = "system"
)

// user is a user of the chat: described in users, or only named by id.
type user struct {
	v            jsondoc.Value // the description; absent if only named
	id           jsondoc.Value
	key          string // text of the id
	kind         string // byAgent, byBot or byVisitor
	hidden       bool   // hidden from the visitor: a supervisor
	participated bool   // took part in this thread, not only in its chat
}

// readUsers fills c.users with the users of the chat and those in the thread's user_ids.
func (c *converter) readUsers(users, userIDs jsondoc.Value) {
	c.users = c.users[:0]
	if users.Kind() == jsondoc.Array {
		for v := range users.All() {
			c.addUser(v)
		}
	}
	for id := range userIDs.All() {
		if id.Kind() == jsondoc.String && userIDs.Kind() == jsondoc.Array {
			c.users[c.author(id)].participated = true
		}
	}
}

func (c *converter) addUser(v jsondoc.Value) {
	u := user{v: v}
	var kind jsondoc.Value
	for f := range v.All() {
		switch string(f.Name()) {
		case "id":
			u.id = f
		case "type":
			kind = f
		case "visibility":
			u.hidden = isText(f, "agents")
		}
	}
	if u.id.Kind() != jsondoc.String || v.Kind() != jsondoc.Object {
		if v.Kind() != jsondoc.Null {
			c.warn("chats.users", "a user has no id and was left out") // nothing can refer to it
		}
		return
	}
	u.key = u.id.Text()
	switch {
	case isText(kind, "customer"):
		u.kind = byVisitor
	case isAddress(u.key):
		u.kind = byAgent
	case isText(kind, "agent"):
		u.kind = byBot
	default:
		u.kind = byVisitor
	}
	u.hidden = u.hidden && u.kind != byVisitor
	c.users = append(c.users, u)
}

// isAddress reports whether an id is an e-mail address: agents have one, bots and
// customers do not.
func isAddress(id string) bool { return strings.Contains(id, "@") }

// author returns the index in c.users of the user with that id. A user that the chat
// does not describe is added: as an agent if the id is an e-mail address, else as a
// visitor.
func (c *converter) author(id jsondoc.Value) int {
	for i := range c.users {
		if isText(id, c.users[i].key) {
			return i
		}
	}
	u := user{id: id, key: id.Text(), kind: byVisitor}
	if isAddress(u.key) {
		u.kind = byAgent
	}
	c.users = append(c.users, u)
	return len(c.users) - 1
}

// customer returns the visitor of the thread; nil if there is none. Of several visitors
// it prefers, in this order: one that is described, one that took part in the thread,
// one whose id has the form of a customer's.
func (c *converter) customer() *user {
	var best *user
	points := -1
	for i := range c.users {
		u := &c.users[i]
		if u.kind != byVisitor {
			continue
		}
		p := 0
		if u.v.Kind() != jsondoc.Absent {
			p += 4
		}
		if u.participated {
			p += 2
		}
		if strings.Contains(u.key, "-") {
			p++
		}
		if p > points {
			best, points = u, p
		}
	}
	return best
}

// putParticipants writes agents, supervisors, bots and the visitor of the thread.
func (c *converter) putParticipants(b *jsondoc.Builder, t *thread, missed bool) {
	switch {
	case isSet(t.userIDs) && t.userIDs.Kind() != jsondoc.Array:
		b.Put("agents", t.userIDs) // the renderer rejects it
	case !missed || c.anyUser(isAgent):
		c.putUsers(b, "agents", isAgent, t.userIDs)
		c.putUsers(b, "supervisors", isSupervisor, jsondoc.Value{})
	}
	if c.anyUser(isBot) || !missed {
		b.Array("bots")
		for i := range c.users {
			if u := &c.users[i]; u.participated && isBot(u) {
				b.Object("")
				b.Put("id", u.id)
				b.Put("name", u.v.Get("name"))
				b.End()
			}
		}
		b.End()
	}
	if isSet(t.users) && t.users.Kind() != jsondoc.Array {
		b.Put("visitor", t.users) // the renderer rejects it
		return
	}
	c.putVisitor(b, t.visit)
	c.putTickets(b)
}

func isAgent(u *user) bool      { return u.kind == byAgent && !u.hidden }
func isSupervisor(u *user) bool { return u.kind == byAgent && u.hidden }
func isBot(u *user) bool        { return u.kind == byBot }

// anyUser reports whether a wanted user took part in the thread.
func (c *converter) anyUser(wanted func(*user) bool) bool {
	for i := range c.users {
		if u := &c.users[i]; u.participated && wanted(u) {
			return true
		}
	}
	return false
}

// putUsers writes the wanted users that took part in the thread. It also writes elements
// of ids that are not texts, which the renderer rejects.
func (c *converter) putUsers(b *jsondoc.Builder, name string, wanted func(*user) bool, ids jsondoc.Value) {
	b.Array(name)
	for i := range c.users {
		if u := &c.users[i]; u.participated && wanted(u) {
			b.Object("")
			b.Put("display_name", u.v.Get("name"))
			b.Put("email", u.id)
			b.End()
		}
	}
	for id := range ids.All() {
		if id.Kind() != jsondoc.String && id.Kind() != jsondoc.Null {
			b.Put("", id)
		}
	}
	b.End()
}

// putVisitor writes the visitor. If the thread has no visit, the visitor's latest visit
// is used.
func (c *converter) putVisitor(b *jsondoc.Builder, visit jsondoc.Value) {
	customer := c.customer()
	if customer == nil && visit.Kind() != jsondoc.Object {
		return
	}
	if customer != nil {
		b.Put("customer_id", customer.id)
	}
	b.Object("visitor")
	defer b.End()
	if customer != nil {
		if old := customer.v.Get("__priv_lc2_customer_id"); !isSet(old) {
			b.Put("id", customer.id)
		} else {
			b.Put("id", old)
		}
		b.Put("name", customer.v.Get("name"))
		b.Put("email", customer.v.Get("email"))
		if visit.Kind() != jsondoc.Object {
			visit = customer.v.Get("visit")
		}
		if visit.Kind() != jsondoc.Object {
			visit = customer.v.Get("last_visit") // before v3.6
		}
	}
	place := visit.Get("geolocation")
	for _, name := range [...]string{"ip", "user_agent"} {
		b.Put(name, visit.Get(name))
	}
	for _, name := range [...]string{"city", "region", "country", "country_code", "timezone"} {
		b.Put(name, place.Get(name))
	}
}

// putTickets writes the ids of the customer's tickets. The API does not say from which
// thread a ticket was created, so all tickets are written.
func (c *converter) putTickets(b *jsondoc.Builder) {
	customer := c.customer()
	if customer == nil {
		return
	}
	list := customer.v.Get("tickets")
	if list.Kind() != jsondoc.Array {
		b.Put("tickets", list)
		return
	}
	b.Array("tickets")
	for ticket := range list.All() {
		if ticket.Kind() == jsondoc.Object {
			ticket = ticket.Get("ticket_id")
		}
		b.Put("", ticket)
	}
	b.End()
}

// isText reports whether v is a string with that text.
func isText(v jsondoc.Value, text string) bool {
	if v.Kind() != jsondoc.String {
		return false
	}
	raw := v.Raw()
	if len(raw) == len(text)+2 && string(raw[1:len(raw)-1]) == text {
		return true
	}
	return bytes.IndexByte(raw, '\\') >= 0 && v.Text() == text
}

// isSet reports whether v is neither absent nor null nor blank.
func isSet(v jsondoc.Value) bool {
	k := v.Kind()
	return k != jsondoc.Absent && k != jsondoc.Null && !v.Blank()
}
