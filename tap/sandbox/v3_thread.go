package sandbox

import (
	"slices"
	"strconv"
	"sync"
	"time"

	"tap-livechat/tap/sandbox/account"
)

// How API v3.6 shows a chat of the account: as a thread in a customer's chat.

// threadWriter is a writer with room for a thread.
type threadWriter struct {
	writer
	t    account.Thread
	o    *Options
	late bool // times are given with an offset
	lone int  // which of the users are left out: 0 none, 1 the customer, 2 the agents
}

var threadWriters = sync.Pool{New: func() any { return new(threadWriter) }}

// draw is a sequence for what is a matter of this API alone.
func (s *Server) draw(no int) account.Random {
	return account.Mix(uint64(s.opt.Seed), '3', uint64(no))
}

// missing says whether an ended thread is listed without its events.
func (s *Server) missing(ref account.Ref, now int64) bool {
	r := s.draw(ref.No)
	return r.Hit(s.opt.V3.Missing) && ref.End() <= now && !s.restricted(ref, now)
}

func (s *Server) restricted(ref account.Ref, now int64) bool {
	days := int64(s.opt.V3.Retention)
	return days > 0 && ref.Start < now-days*24*3600
}

// writeThread appends a thread with all that there is, as the answer that has no
// end does.
func (s *Server) writeThread(b []byte, no int, now int64) []byte {
	s.mu.RLock()
	ref := s.account.Thread(no)
	s.mu.RUnlock()
	return s.appendThread(b, ref, now, false)
}

// with makes the thread and writes about it.
func (s *Server) with(b []byte, ref account.ThreadRef, now int64, write func(w *threadWriter)) []byte {
	w := threadWriters.Get().(*threadWriter)
	defer threadWriters.Put(w)
	s.account.MakeThread(&w.t, ref, now)
	r := s.draw(ref.No)
	r.Float() // of missing
	w.o, w.c, w.b = &s.opt, &w.t.Chat, b
	w.late = r.Hit(s.opt.V3.Offsets)
	w.lone = 0
	if r.Hit(s.opt.V3.UsersMissing) {
		w.lone = 1 + r.N(2)
	}
	write(w)
	b = w.b
	w.b, w.c, w.o = nil, nil, nil
	return b
}

// appendThread writes an entry of the archive: a chat with one thread.
func (s *Server) appendThread(b []byte, ref account.ThreadRef, now int64, eventless bool) []byte {
	return s.with(b, ref, now, func(w *threadWriter) {
		w.b = append(w.b, '{')
		w.chatHead()
		w.key("thread")
		w.thread(s.restricted(ref.Ref, now), eventless)
		w.b = append(w.b, '}')
	})
}

// appendBareThread writes a thread, and says how many events it has.
func (s *Server) appendBareThread(b []byte, ref account.ThreadRef, now int64) (_ []byte, events int) {
	b = s.with(b, ref, now, func(w *threadWriter) {
		w.thread(s.restricted(ref.Ref, now), s.missing(ref.Ref, now))
		events = len(w.t.Events)
	})
	return b, events
}

// chatHead writes what an entry has beside its thread.
func (w *threadWriter) chatHead() {
	t := &w.t
	w.str("id", t.ChatID)
	w.users()
	w.key("properties")
	if t.Odd == account.ArrayForObject {
		w.raw("[]")
	} else {
		w.open('{')
		w.raw(`"routing":{"continuous":`)
		w.b = strconv.AppendBool(w.b, t.Continuous)
		if t.Pending {
			w.raw(`,"pinned":false,"unassigned":`)
			w.b = strconv.AppendBool(w.b, t.Unassigned)
		}
		w.raw("}")
		if len(t.Supervisors) > 0 && t.Pending {
			w.raw(`,"supervising":{`)
			w.str("agent_ids", t.Supervisors[0].Email)
			w.raw("}")
		}
		w.raw(`,"source":{`)
		w.str("customer_client_id", t.CustomerSource)
		w.raw("}")
		w.shut('}')
	}
	w.access()
	w.raw(`,"is_followed":false`)
}

func (w *threadWriter) access() {
	w.key("access")
	w.open('{')
	w.list("group_ids", 1, func(int) { w.item(int64(w.t.Group)) })
	w.shut('}')
}

// thread writes the thread itself.
func (w *threadWriter) thread(restricted, eventless bool) {
	t := &w.t
	w.open('{')
	w.str("id", t.ID)
	w.flag("active", t.Pending)
	w.time("created_at", t.Created)
	w.userIDs()
	switch {
	case restricted:
		w.text("restricted_access", "Threads older than "+strconv.Itoa(w.o.V3.Retention)+" days are out of reach of your plan")
	case !eventless:
		w.events()
	}
	w.properties()
	w.access()
	if len(t.Tags) > 0 {
		w.list("tags", len(t.Tags), func(k int) { w.element(t.Tags[k]) })
	} else if t.Odd == account.Nulls {
		w.raw(`,"tags":null,"summary":null,"previous_thread_id":null,"custom_variables":null`)
	}
	if t.Queued && t.Odd != account.ArrayForObject && t.Odd != account.Nulls {
		w.num("queues_duration", int64(t.QueueSeconds))
	}
	for _, id := range [...][2]string{
		{"previous_thread_id", t.Previous}, {"next_thread_id", t.Next},
		{"previous_accessible_thread_id", t.Previous}, {"next_accessible_thread_id", t.Next},
	} {
		if id[1] != "" && t.Odd != account.Nulls {
			w.str(id[0], id[1])
		}
	}
	if days := int64(w.o.V3.Visits); t.Visitor.IP != "" && (days == 0 || t.Start >= t.Now-days*24*3600) {
		w.key("customer_visit")
		w.open('{')
		w.visit()
		w.shut('}')
	}
	if len(t.Custom) > 0 {
		w.list("custom_variables", len(t.Custom), func(k int) { w.pair(t.Custom[k]) })
		if t.Odd == account.UnknownFields {
			w.b = append(w.b[:len(w.b)-1], `,{"__details_json":"{\"page\":\"cart\"}"}]`...)
		}
	}
	if t.Summary != "" {
		w.raw(`,"summary":{"status":"ok"`)
		w.text("text", t.Summary)
		w.time("updated_at", t.Summarized)
		w.raw("}")
	}
	if t.Odd == account.UnknownFields {
		w.raw(`,"sentiment":{"score":0.75,"labels":["calm",null,{"x":[]}]}`)
	}
	w.shut('}')
}

func (w *threadWriter) flag(k string, v bool) {
	w.key(k)
	w.b = strconv.AppendBool(w.b, v)
}

// userIDs are those of all who took part.
func (w *threadWriter) userIDs() {
	w.key("user_ids")
	w.open('[')
	w.eachAgent(func(p account.Person, _ bool) { w.element(p.Email) })
	for _, bot := range w.t.Bots {
		w.element(bot.ID)
	}
	w.element(w.t.CustomerID)
	w.shut(']')
}

// eachAgent goes through agents and supervisors, each once.
func (w *threadWriter) eachAgent(do func(p account.Person, hidden bool)) {
	t := &w.t
	for k := range t.Agents {
		p := t.Agents[k].Person
		if p.Email != "" && !slices.ContainsFunc(t.Agents[:k], func(a account.Agent) bool { return a.Email == p.Email }) {
			do(p, false)
		}
	}
	for _, p := range t.Supervisors {
		do(p, true)
	}
}

func (w *threadWriter) properties() {
	t := &w.t
	w.key("properties")
	w.open('{')
	if t.Rating == account.RatedGood || t.Rating == account.RatedBad || t.Remark != "" {
		w.key("rating")
		w.open('{')
		switch t.Rating {
		case account.RatedGood:
			w.raw(`"score":1`)
		case account.RatedBad:
			w.raw(`"score":0`)
		}
		if t.Remark != "" {
			w.text("comment", t.Remark)
		}
		w.shut('}')
	}
	w.key("routing")
	w.open('{')
	if t.StartURL != "" {
		w.text("start_url", t.StartURL)
	}
	if t.Referrer != "" {
		w.text("referrer", t.Referrer)
	}
	w.flag("continuous", t.Continuous)
	w.raw(`,"idle":false,"pinned":false`)
	w.flag("unassigned", t.Unassigned)
	w.flag("unreplied", t.Unreplied)
	if t.Missed {
		w.raw(`,"offline_message":true`)
	}
	w.str("group_status_at_start", t.GroupStatus)
	w.shut('}')
	w.key("source")
	w.open('{')
	w.str("client_id", t.Source)
	w.str("customer_client_id", t.CustomerSource)
	w.shut('}')
	if t.Greeting != 0 {
		w.raw(`,"lc2":{"greeting_id":`)
		w.b = strconv.AppendInt(w.b, int64(t.Greeting), 10)
		w.raw(`,"greeting_unique_id":"8f5fbcf3-4e2c-4e2f-9a1d-0000000000` + strconv.Itoa(10+t.Greeting) + `"}`)
	}
	if t.HasSale || t.IndirectSale {
		w.key("ecommerce")
		w.open('{')
		w.flag("has_sale", t.HasSale)
		w.flag("has_indirect_sale", t.IndirectSale)
		w.shut('}')
	}
	if t.Resolved {
		w.raw(`,"chats":{"resolved":true}`)
	}
	if t.Odd == account.UnknownFields {
		w.raw(`,"0805e283233042b37f460ed8fbf22160":{"mood":"ok","steps":[1,2]}`)
	}
	w.shut('}')
}

// visit is from where the visitor came.
func (w *threadWriter) visit() {
	v := &w.t.Visitor
	w.str("ip", v.IP)
	w.text("user_agent", v.Browser)
	w.key("geolocation")
	if w.t.Odd == account.ArrayForObject {
		w.raw("[]")
		return
	}
	w.open('{')
	w.text("country", v.Place.Country)
	w.str("country_code", v.Place.Code)
	w.text("region", v.Place.Region)
	w.text("city", v.Place.City)
	w.str("timezone", v.Place.Zone)
	w.raw(`,"latitude":"52.2","longitude":"21.0"`)
	w.shut('}')
}

// time writes microseconds since 1970 as RFC 3339 with six decimals.
func (w *threadWriter) time(k string, micro int64) {
	w.key(k)
	w.b = append(w.b, '"')
	t := time.UnixMicro(micro).UTC()
	if w.late {
		t = t.Add(time.Hour)
	}
	year, month, day := t.Date()
	hour, minute, second := t.Clock()
	w.two(year/100, byte('0'+year/10%10))
	w.b = append(w.b, byte('0'+year%10), '-')
	w.two(int(month), '-')
	w.two(day, 'T')
	w.two(hour, ':')
	w.two(minute, ':')
	w.two(second, '.')
	rest := t.Nanosecond() / 1000
	for unit := 100_000; unit > 0; unit /= 10 {
		w.b = append(w.b, byte('0'+rest/unit%10))
	}
	if w.late {
		w.raw(`+01:00"`)
	} else {
		w.raw(`Z"`)
	}
}
