package sandbox

import (
	"strconv"

	"tap-livechat/tap/sandbox/account"
)

// users writes whom the chat describes: all who took part, but for those that
// v3_users_missing takes away.
func (w *threadWriter) users() {
	w.key("users")
	w.open('[')
	if w.lone != 2 {
		w.eachAgent(func(p account.Person, hidden bool) {
			w.agent(p.Email, p.Name, p.Email, hidden)
		})
		for _, bot := range w.t.Bots {
			w.agent(bot.ID, bot.Name, "", false)
		}
	}
	if w.lone != 1 {
		w.customer()
	}
	w.shut(']')
}

func (w *threadWriter) agent(id, name, email string, hidden bool) {
	w.open('{')
	w.text("id", id)
	w.text("name", name)
	if email != "" {
		w.text("email", email)
	}
	w.str("type", "agent")
	w.flag("present", w.t.Pending)
	w.str("avatar", "https://cdn.livechatinc.example/avatar/"+strconv.Itoa(len(name))+".png")
	if hidden {
		w.str("visibility", "agents")
	} else {
		w.str("visibility", "all")
	}
	w.shut('}')
}

// customer writes the user on the other side.
func (w *threadWriter) customer() {
	t := &w.t
	v := &t.Visitor
	w.open('{')
	w.str("id", t.CustomerID)
	w.str("type", "customer")
	w.name("name", v.Name)
	if v.Email != "" {
		w.str("email", v.Email)
		w.raw(`,"email_verified":false`)
	}
	w.flag("present", t.Pending)
	w.time("created_at", t.Created)
	w.str("__priv_lc2_customer_id", v.ID)
	if v.IP != "" {
		w.key("visit")
		w.open('{')
		w.time("started_at", t.Created)
		w.visit()
		w.list("last_pages", 1, func(int) {
			w.open('{')
			w.time("opened_at", t.Created)
			w.text("url", t.StartURL)
			w.str("title", "Shop")
			w.shut('}')
		})
		w.shut('}')
	}
	if t.Ticket != "" {
		w.list("tickets", 1, func(int) {
			w.open('{')
			w.text("ticket_id", t.Ticket)
			w.time("created_at", t.Created)
			w.shut('}')
		})
	}
	w.raw(`,"statistics":{"chats_count":1,"threads_count":1,"visits_count":2,"page_views_count":7,"greetings_shown_count":0,"greetings_accepted_count":0}`)
	w.raw(`,"agent_last_event_created_at":"1970-01-01T00:00:00.000000Z"`)
	if t.Pending && len(t.Custom) > 0 {
		w.list("session_fields", len(t.Custom), func(k int) {
			w.open('{')
			w.b = append(w.b, '"')
			w.escape(t.Custom[k].Key)
			w.raw(`":"`)
			w.escape(t.Custom[k].Value)
			w.raw(`"}`)
		})
	}
	if t.Odd == account.UnknownFields {
		w.raw(`,"mood":{"score":3}`)
	}
	w.shut('}')
}

// appendCustomer answers get_customer, with the customer's first thread for what
// the customer does not have.
func (s *Server) appendCustomer(b []byte, ref account.ThreadRef, now int64) []byte {
	return s.with(b, ref, now, func(w *threadWriter) {
		w.customer()
		w.b = append(w.b[:len(w.b)-1], `,"chat_ids":["`...)
		w.raw(w.t.ChatID)
		w.raw(`"]}`)
	})
}

// appendSummary writes a chat as list_chats shows it.
func (s *Server) appendSummary(b []byte, ref account.ThreadRef, now int64) []byte {
	return s.with(b, ref, now, func(w *threadWriter) {
		t := &w.t
		w.b = append(w.b, '{')
		w.chatHead()
		w.key("last_thread_summary")
		w.open('{')
		w.str("id", t.ID)
		w.flag("active", t.Pending)
		w.time("created_at", t.Created)
		w.userIDs()
		w.properties()
		w.access()
		if len(t.Tags) > 0 {
			w.list("tags", len(t.Tags), func(k int) { w.element(t.Tags[k]) })
		}
		w.shut('}')
		w.key("last_event_per_type")
		w.open('{')
		if n := len(t.Events); n > 0 && !s.restricted(ref.Ref, now) {
			e := &t.Events[n-1]
			w.key(w.kind(e))
			w.open('{')
			w.str("thread_id", t.ID)
			w.time("thread_created_at", t.Created)
			w.key("event")
			w.event(e)
			w.shut('}')
		}
		w.shut('}')
		w.b = append(w.b, '}')
	})
}

// kind is the type of an event, as it is written.
func (w *threadWriter) kind(e *account.Event) string {
	switch {
	case e.Kind == account.Said && e.Entry.Kind == account.File:
		return "file"
	case e.Kind == account.Said && e.Entry.Rich != account.Plain:
		return "rich_message"
	}
	return [...]string{"message", "system_message", "filled_form", "form", "system", "custom", "annotation"}[e.Kind]
}
