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
	v      jsondoc.Value // absent if only named
	id     jsondoc.Value
	key    string // the id's text
	kind   string // byAgent, byBot or byVisitor
	hidden bool   // from the visitor: a supervisor
	here   bool   // took part in this thread, not only in the chat
}

// readUsers reads whom the chat describes, and whom the thread only names.
func (m *maker) readUsers(users, userIDs jsondoc.Value) {
	m.users = m.users[:0]
	if users.Kind() == jsondoc.Array {
		for v := range users.All() {
			m.addUser(v)
		}
	}
	for id := range userIDs.All() {
		if id.Kind() == jsondoc.String && userIDs.Kind() == jsondoc.Array {
			m.users[m.author(id)].here = true
		}
	}
}

func (m *maker) addUser(v jsondoc.Value) {
	u := user{v: v}
	var kind jsondoc.Value
	for f := range v.All() {
		switch string(f.Name()) {
		case "id":
			u.id = f
		case "type":
			kind = f
		case "visibility":
			u.hidden = equal(f, "agents")
		}
	}
	if u.id.Kind() != jsondoc.String || v.Kind() != jsondoc.Object {
		return // nobody can be told by it
	}
	u.key = u.id.Text()
	switch {
	case equal(kind, "customer"):
		u.kind = byVisitor
	case isAddress(u.key):
		u.kind = byAgent
	case equal(kind, "agent"):
		u.kind = byBot
	default:
		u.kind = byVisitor
	}
	u.hidden = u.hidden && u.kind != byVisitor
	m.users = append(m.users, u)
}

// isAddress tells an agent's id from a bot's and a customer's.
func isAddress(id string) bool { return strings.Contains(id, "@") }

// author is the place in m.users of whoever has that id. Somebody whom the chat
// does not describe is an agent if the id is an address, else a visitor.
func (m *maker) author(id jsondoc.Value) int {
	for i := range m.users {
		if equal(id, m.users[i].key) {
			return i
		}
	}
	u := user{id: id, key: id.Text(), kind: byVisitor}
	if isAddress(u.key) {
		u.kind = byAgent
	}
	m.users = append(m.users, u)
	return len(m.users) - 1
}

// customer is whom the agents talked to: one who is described, if possible; one who
// took part, if possible; and one whose id is like a customer's, if possible.
func (m *maker) customer() *user {
	var best *user
	points := -1
	for i := range m.users {
		u := &m.users[i]
		if u.kind != byVisitor {
			continue
		}
		p := 0
		if u.v.Kind() != jsondoc.Absent {
			p += 4
		}
		if u.here {
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

// putPeople writes the agents, supervisors and bots of the thread, and the visitor.
func (m *maker) putPeople(b *jsondoc.Builder, t *thread, missed bool) {
	switch {
	case says(t.userIDs) && t.userIDs.Kind() != jsondoc.Array:
		b.Put("agents", t.userIDs) // for the renderer to judge
	case !missed || m.some(isAgent):
		m.putUsers(b, "agents", isAgent, t.userIDs)
		m.putUsers(b, "supervisors", isSupervisor, jsondoc.Value{})
	}
	if m.some(isBot) || !missed {
		b.Array("bots")
		for i := range m.users {
			if u := &m.users[i]; u.here && isBot(u) {
				b.Object("")
				b.Put("id", u.id)
				b.Put("name", u.v.Get("name"))
				b.End()
			}
		}
		b.End()
	}
	if says(t.users) && t.users.Kind() != jsondoc.Array {
		b.Put("visitor", t.users) // the same
		return
	}
	m.putVisitor(b, t.visit)
	m.putTickets(b)
}

func isAgent(u *user) bool      { return u.kind == byAgent && !u.hidden }
func isSupervisor(u *user) bool { return u.kind == byAgent && u.hidden }
func isBot(u *user) bool        { return u.kind == byBot }

// some reports whether there is such a user in the thread.
func (m *maker) some(wanted func(*user) bool) bool {
	for i := range m.users {
		if u := &m.users[i]; u.here && wanted(u) {
			return true
		}
	}
	return false
}

// putUsers writes those who took part in the thread; and what stands among the
// ids and is none, for the renderer to judge.
func (m *maker) putUsers(b *jsondoc.Builder, name string, wanted func(*user) bool, ids jsondoc.Value) {
	b.Array(name)
	for i := range m.users {
		if u := &m.users[i]; u.here && wanted(u) {
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
func (m *maker) putVisitor(b *jsondoc.Builder, visit jsondoc.Value) {
	c := m.customer()
	if c == nil && visit.Kind() != jsondoc.Object {
		return
	}
	if c != nil {
		b.Put("customer_id", c.id)
	}
	b.Object("visitor")
	defer b.End()
	if c != nil {
		if old := c.v.Get("__priv_lc2_customer_id"); !says(old) {
			b.Put("id", c.id)
		} else {
			b.Put("id", old)
		}
		b.Put("name", c.v.Get("name"))
		b.Put("email", c.v.Get("email"))
		if visit.Kind() != jsondoc.Object {
			visit = c.v.Get("visit")
		}
		if visit.Kind() != jsondoc.Object {
			visit = c.v.Get("last_visit") // before v3.6
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
func (m *maker) putTickets(b *jsondoc.Builder) {
	c := m.customer()
	if c == nil {
		return
	}
	list := c.v.Get("tickets")
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

// equal reports whether v is the string text.
func equal(v jsondoc.Value, text string) bool {
	if v.Kind() != jsondoc.String {
		return false
	}
	raw := v.Raw()
	if len(raw) == len(text)+2 && string(raw[1:len(raw)-1]) == text {
		return true
	}
	return bytes.IndexByte(raw, '\\') >= 0 && v.Text() == text
}

// says reports whether v is there and says something.
func says(v jsondoc.Value) bool {
	k := v.Kind()
	return k != jsondoc.Absent && k != jsondoc.Null && !v.Blank()
}
