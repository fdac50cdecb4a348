package apiv3

import (
	"bytes"
	"strings"

	"tap-livechat/tap/jsondoc"
)

// The words of author_type, and of who ended a thread.
const (
	byAgent   = "agent"
	byBot     = "bot"
	byVisitor = "visitor"
	bySystem  = "system"
)

// user is somebody whom the chat describes, or only names.
type user struct {
	v            jsondoc.Value // absent if only named
	id           jsondoc.Value
	key          string // the id's text
	kind         string // byAgent, byBot or byVisitor
	hidden       bool   // from the visitor: a supervisor
	participated bool   // took part in this thread, not only in the chat
}

// readUsers reads whom the chat describes, and whom the thread only names.
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
		return // nobody can be told by it
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

// isAddress tells an agent's id from a bot's and a customer's.
func isAddress(id string) bool { return strings.Contains(id, "@") }

// author is the place in m.users of whoever has that id. Somebody whom the chat
// does not describe is an agent if the id is an address, else a visitor.
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

// customer is whom the agents talked to: one who is described, if possible; one who
// took part, if possible; and one whose id is like a customer's, if possible.
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

// putParticipants writes the agents, supervisors and bots of the thread, and the visitor.
func (c *converter) putParticipants(b *jsondoc.Builder, t *thread, missed bool) {
	switch {
	case isSet(t.userIDs) && t.userIDs.Kind() != jsondoc.Array:
		b.Put("agents", t.userIDs) // for the renderer to judge
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
		b.Put("visitor", t.users) // the same
		return
	}
	c.putVisitor(b, t.visit)
	c.putTickets(b)
}

func isAgent(u *user) bool      { return u.kind == byAgent && !u.hidden }
func isSupervisor(u *user) bool { return u.kind == byAgent && u.hidden }
func isBot(u *user) bool        { return u.kind == byBot }

// anyUser reports whether there is such a user in the thread.
func (c *converter) anyUser(wanted func(*user) bool) bool {
	for i := range c.users {
		if u := &c.users[i]; u.participated && wanted(u) {
			return true
		}
	}
	return false
}

// putUsers writes those who took part in the thread; and what stands among the
// ids and is none, for the renderer to judge.
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

// putVisitor writes the visitor. Where the thread does not say from where the
// visitor came, the visitor's latest visit does.
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

// putTickets writes the ids of the customer's tickets. They are the customer's,
// whichever thread they were made from: that is nowhere said.
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

// isText reports whether v is the string text.
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

// isSet reports whether v is there and says something.
func isSet(v jsondoc.Value) bool {
	k := v.Kind()
	return k != jsondoc.Absent && k != jsondoc.Null && !v.Blank()
}
