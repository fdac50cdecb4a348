package sandbox

import (
	"strconv"
	"strings"
	"sync"

	"tap-livechat/tap/sandbox/account"
)

// How REST API v2 shows a chat of the account.

// writers are for chats, each with room for one.
var writers = sync.Pool{New: func() any { return new(writer) }}

// appendV2 writes a chat as it is served at the moment now.
func appendV2(b []byte, a *account.Account, ref account.Ref, now int64) []byte {
	w := writers.Get().(*writer)
	defer writers.Put(w)
	a.Make(&w.made, ref, now)
	return w.v2(b, &w.made)
}

func (w *writer) v2(b []byte, c *account.Chat) []byte {
	w.b, w.c = append(b, '{'), c
	if c.Missed {
		w.missed()
	} else {
		w.chat()
	}
	switch {
	case c.Odd == account.UnknownFields:
		w.raw(`,"sentiment":{"score":0.75,"labels":["calm",null,{"x":[]}]},"archived":true,"Type":"other"`)
	case c.Hostile == account.HostileDuplicates:
		w.str("id", c.ID)
		w.raw(`,"engagement":"auto_invite","tags":["twice"],"tags":["thrice"],"group":[9]`)
	}
	b = append(w.b, '}')
	w.b, w.c = nil, nil
	return b
}

func (w *writer) missed() {
	c := w.c
	w.str("type", "missed_chat")
	w.str("id", c.ID)
	w.visitor()
	w.str("email", c.Email)
	w.date("time", c.Started)
	w.message("message", c.Message)
	if c.ZoneName != "" {
		w.str("timezone", c.ZoneName)
	}
}

var (
	v2Ratings     = [...]string{"not_rated", "rated_good", "rated_bad", "rated_commented"}
	v2Engagements = [...]string{"immediate_start", "auto_invite", "manual_invite"}
)

func (w *writer) chat() {
	c := w.c
	w.str("type", "chat")
	w.str("id", c.ID)
	w.visitor()
	w.team()
	if c.Odd == account.Nulls {
		w.raw(`,"supervisors":null,"referrer":null,"rate_comment":null,"tickets":null`)
	} else {
		w.list("supervisors", len(c.Supervisors), func(k int) { w.person(c.Supervisors[k], false, "") })
	}
	w.str("rate", v2Ratings[c.Rating])
	if c.Remark != "" {
		w.text("rate_comment", c.Remark)
	}
	if !c.NoDuration {
		w.num("duration", min(c.End, c.Now)-c.Start)
	}
	w.text("chat_start_url", c.StartURL)
	if c.Referrer != "" {
		w.text("referrer", c.Referrer)
	}
	w.list("group", 1, func(int) { w.comma(); w.item(int64(c.Group)) })
	w.date("started", c.Started)
	w.extras()
	if c.ZoneName != "" {
		w.str("timezone", c.ZoneName)
	}
	w.talk()
	w.str("engagement", v2Engagements[c.Engagement])
	if c.Odd != account.NoChatStamps {
		w.shown("started_timestamp", c.ShownStart)
	}
	switch {
	case c.Pending:
		w.raw(`,"pending":true`)
	case c.Odd == account.NoChatStamps:
		w.date("ended", c.Ended)
	default:
		w.shown("ended_timestamp", c.ShownEnd)
		w.date("ended", c.Ended)
	}
}

// shown writes a time that may be right or wrong.
func (w *writer) shown(k string, s account.Stamp) {
	switch {
	case s.Missing:
	case s.Text:
		w.str(k, strconv.FormatInt(s.At, 10))
	default:
		w.num(k, s.At)
	}
}

// visitor writes the visitor in the form or forms asked for.
func (w *writer) visitor() {
	v, odd := &w.c.Visitor, w.c.Odd
	if v.Form != "object" {
		w.str("visitor_id", v.ID)
		w.name("visitor_name", v.Name)
	}
	if v.Form == "flat" {
		return
	}
	w.key("visitor")
	if odd == account.ArrayForObject {
		w.raw("[]")
		return
	}
	w.open('{')
	w.str("id", v.ID)
	w.name("name", v.Name)
	w.str("ip", v.IP)
	if v.Email != "" {
		w.str("email", v.Email)
	}
	w.text("city", v.Place.City)
	if odd == account.Nulls {
		w.raw(`,"region":null`)
	} else {
		w.text("region", v.Place.Region)
	}
	w.text("country", v.Place.Country)
	w.str("country_code", v.Place.Code)
	w.str("timezone", v.Place.Zone)
	w.text("user_agent", v.Browser)
	if odd == account.UnknownFields {
		w.raw(`,"visits":3`)
	}
	w.shut('}')
}

// name writes a person's name, the first place for anything hostile.
func (w *writer) name(k, name string) {
	w.key(k)
	if w.c.Odd == account.TextAsNumbers {
		w.raw("12345")
		return
	}
	w.b = append(w.b, '"')
	w.escape(name)
	if taint := taints[w.c.Hostile]; len(taint) < longText/2 {
		w.raw(taint)
	}
	w.b = append(w.b, '"')
}

// person writes one of agents or supervisors; without an e-mail it has none.
func (w *writer) person(p account.Person, emptyEmail bool, ip string) {
	w.open('{')
	w.text("display_name", p.Name)
	if p.Email != "" || emptyEmail {
		w.text("email", p.Email)
	}
	if ip != "" {
		w.str("ip", ip)
	}
	w.shut('}')
}

func (w *writer) team() {
	if w.c.NoAgents {
		w.raw(`,"agents":null`)
		return
	}
	agents := w.c.Agents
	w.list("agents", len(agents), func(k int) { w.person(agents[k].Person, agents[k].EmptyEmail, agents[k].IP) })
}

// extras writes what only some chats have.
func (w *writer) extras() {
	c := w.c
	if len(c.Prechat) > 0 {
		w.list("prechat_survey", len(c.Prechat), func(k int) { w.answer(c.Prechat[k]) })
	}
	if len(c.Postchat) > 0 {
		w.list("postchat_survey", len(c.Postchat), func(k int) { w.answer(c.Postchat[k]) })
	}
	if len(c.Custom) > 0 {
		w.list("custom_variables", len(c.Custom), func(k int) { w.pair(c.Custom[k]) })
	}
	if len(c.Integration) > 0 {
		w.list("integration_variables", len(c.Integration), func(k int) { w.pair(c.Integration[k]) })
	}
	switch {
	case c.Odd == account.ArrayForObject:
		w.raw(`,"queue":[]`)
	case c.Odd == account.Nulls:
		w.raw(`,"queue":null`)
	case c.Queued:
		w.key("queue")
		w.open('{')
		w.num("duration", int64(c.QueueSeconds))
		w.shut('}')
	}
	w.list("tags", len(c.Tags), func(k int) { w.element(c.Tags[k]) })
	if c.Ticket != "" {
		w.list("tickets", 1, func(int) { w.element(c.Ticket) })
	}
	if c.AnyGoals {
		w.list("goals", len(c.Goals), func(k int) { w.goal(&c.Goals[k]) })
	}
}

func (w *writer) answer(a account.Answer) {
	w.open('{')
	w.str("key", a.Question)
	w.text("value", a.Value)
	w.raw(`,"id":"1371641677`)
	w.b = strconv.AppendInt(w.b, int64(a.ID), 10)
	w.raw(`"}`)
}

func (w *writer) pair(p account.Pair) {
	w.open('{')
	w.text("key", p.Key)
	if w.c.Odd == account.TextAsNumbers {
		w.raw(`,"value":12.50`)
	} else {
		w.text("value", p.Value)
	}
	w.shut('}')
}

func (w *writer) goal(g *account.Goal) {
	w.open('{')
	w.num("id", int64(g.ID))
	w.str("name", g.Name)
	if g.Sale {
		w.str("type", "sales_tracker")
	}
	w.date("date", g.At)
	w.num("timestamp", g.At.At)
	w.key("order")
	switch {
	case w.c.Odd == account.ArrayForObject:
		w.raw("[]")
	case g.Blank:
		w.raw(`{"id":"","description":"","price":"0","currency":""}`)
	case !g.Sale:
		w.raw("{}")
	default:
		w.open('{')
		w.str("id", "ABC")
		w.text("description", g.Order.Product)
		if w.c.Odd == account.TextAsNumbers {
			w.key("price")
			w.raw(g.Order.Price)
		} else {
			w.str("price", g.Order.Price)
		}
		w.str("currency", g.Order.Currency)
		w.shut('}')
	}
	w.shut('}')
}

// longText is the size of a very long text.
const longText = 256 << 10

// taints are JSON string contents that end up in names and texts.
var taints = [...]string{
	account.HostileNUL:        `a\u0000b\u0000`,
	account.HostileSurrogates: `\ud800 \udc00\ud83d`,
	account.HostileSeparators: "\u2028\u2029\ufeff\u202e\\u0085\\u001b[31m\\b\\f\\r",
	account.HostileUTF8:       "\xff\xfe \xc3( \xed\xa0\x80 \xf4\x90\x80\x80",
	account.HostileLength:     strings.Repeat("all work and no play ", longText/21),
}
