package sandbox

import (
	"strconv"
	"time"
)

// Chat is one chat of the truth.
type Chat struct {
	ID             string
	Type           string    // chat or missed_chat
	Started, Ended time.Time // UTC; Ended is zero while pending, a missed chat has its time in both
	Pending        bool
	Vanished       bool     // no longer served
	Drifted        bool     // ended while the archive was being read (drift_end)
	Odd, Hostile   bool     // see the switches of these names
	Agents         []string // e-mails in the order served, "" for an agent without; may be empty
	Messages       int      // entries in messages
	Events         int      // entries in events
	JSON           []byte   // the object exactly as served now
}

// renderer writes chats out. It never changes and is safe for concurrent use.
type renderer struct {
	opt     *Options
	ids     ids
	names   []string // of zones
	zones   []*time.Location
	account *time.Location
}

func newRenderer(o *Options) *renderer {
	g := &renderer{opt: o, ids: newIDs(o.Seed)}
	// On a machine without a zone database, and in a program that embeds none,
	// only UTC is left.
	g.account = time.UTC
	if zone, err := loadZone(o.AccountTimezone); err == nil {
		g.account = zone
	}
	for _, name := range zoneNames {
		if zone, err := loadZone(name); err == nil {
			g.names, g.zones = append(g.names, name), append(g.zones, zone)
		}
	}
	return g
}

// facts are what the truth says beside the JSON.
type facts struct {
	agents           []string
	messages, events int
	odd, hostile     bool
}

// append writes chat no as it is served at the moment now. With f it says
// what it wrote.
func (g *renderer) append(b []byte, no int, rec record, now int64, f *facts) []byte {
	o := g.opt
	w := writer{b: b, zone: g.account, r: mix(uint64(o.Seed), 'c', uint64(no))}
	r := &w.r
	odd, oddKind := r.hit(o.Odd), 1+r.n(oddities-1)
	hostile, hostileKind := r.hit(o.Hostile), 1+r.n(hostilities-1)
	w.ascii = r.n(4) == 0
	if odd {
		w.odd = oddKind
	}
	if !hostile {
		hostileKind = hostileNothing
	}
	w.taint = taints[hostileKind]

	zoneName := ""
	if z := r.n(len(g.zones)); r.n(50) != 0 && w.odd != oddNoZone {
		zoneName, w.zone = g.names[z], g.zones[z]
	}
	if w.odd == oddUnknownZone || w.odd == oddLostTimes {
		zoneName = pick(r, []string{"Mars/Olympus_Mons", "GMT+1 (Berlin)", "", "Europe/Atlantis"})
	}
	if f == nil {
		f = new(facts)
	}
	*f = facts{odd: odd, hostile: hostile}

	w.b = append(w.b, '{')
	if rec.is(isMissed) {
		g.missed(&w, no, rec, zoneName)
	} else {
		g.chat(&w, no, rec, now, zoneName, f)
	}
	switch {
	case w.odd == oddUnknownFields:
		w.raw(`,"sentiment":{"score":0.75,"labels":["calm",null,{"x":[]}]},"archived":true,"Type":"other"`)
	case hostileKind == hostileDuplicates:
		g.id(&w, no)
		w.raw(`,"engagement":"auto_invite","tags":["twice"],"tags":["thrice"],"group":[9]`)
	}
	w.b = append(w.b, '}')
	return w.b
}

func (g *renderer) missed(w *writer, no int, rec record, zoneName string) {
	r := &w.r
	w.str("type", "missed_chat")
	g.id(w, no)
	g.visitor(w, no)
	w.key("email")
	w.raw(`"visitor`)
	w.b = strconv.AppendInt(w.b, int64(no), 10)
	w.raw(`@example.com"`)
	w.date("time", rec.start)
	w.message("message", visitorLines, 1+r.n(4))
	if zoneName != "" {
		w.str("timezone", zoneName)
	}
}

func (g *renderer) chat(w *writer, no int, rec record, now int64, zoneName string, f *facts) {
	r := &w.r
	o := g.opt
	pending := rec.end() > now
	late := r.hit(o.LateChanges) && now < rec.end()+int64(o.LateBy/time.Second) || pending

	w.str("type", "chat")
	g.id(w, no)
	g.visitor(w, no)
	team := g.team(w, f)
	if w.odd == oddNulls {
		w.raw(`,"supervisors":null,"referrer":null,"rate_comment":null,"tickets":null`)
	} else if w.key("supervisors"); r.n(40) == 0 {
		w.open('[')
		w.person(pick(r, supervisors), "")
		w.shut(']')
	} else {
		w.raw("[]")
	}
	rate, remark := pick(r, ratings), r.n(8)
	if late {
		rate, remark = "not_rated", -1
	}
	w.str("rate", rate)
	if remark >= 0 && remark < len(remarks) && rate != "not_rated" {
		w.text("rate_comment", remarks[remark])
	}
	w.num("duration", min(rec.end(), now)-rec.start)
	w.text("chat_start_url", pick(r, urls))
	if from := r.n(9); from < len(urls) && w.odd != oddNulls {
		w.text("referrer", urls[from])
	}
	w.key("group")
	w.open('[')
	w.item(int64(r.n(4)))
	w.shut(']')
	w.date("started", rec.start)
	g.extras(w, rec, now, late)
	if zoneName != "" {
		w.str("timezone", zoneName)
	}
	w.r = mix(uint64(o.Seed), 't', uint64(no)) // whatever was drawn so far
	engagement := pick(r, engagements)
	w.talk(g, no, rec, now, team, f)
	w.str("engagement", engagement)
	if w.odd != oddNoChatStamps {
		w.num("started_timestamp", rec.start)
	}
	switch {
	case pending:
		w.raw(`,"pending":true`)
	case w.odd == oddNoChatStamps:
		w.date("ended", rec.end())
	default:
		w.num("ended_timestamp", rec.end())
		w.date("ended", rec.end())
	}
}

func (g *renderer) id(w *writer, no int) {
	w.raw(`,"id":"`)
	w.b = g.ids.append(w.b, no)
	w.b = append(w.b, '"')
}

// visitor writes the visitor in the form or forms asked for.
func (g *renderer) visitor(w *writer, no int) {
	r := &w.r
	name, home, form := pick(r, visitors), pick(r, places), g.opt.Visitor
	if form == "mixed" {
		form = pick(r, []string{"object", "flat", "both"})
	}
	if form != "object" {
		w.key("visitor_id")
		w.visitorID(no)
		w.name("visitor_name", name)
	}
	if form == "flat" {
		return
	}
	w.key("visitor")
	if w.odd == oddArrayForObject {
		w.raw("[]")
		return
	}
	w.open('{')
	w.key("id")
	w.visitorID(no)
	w.name("name", name)
	w.raw(`,"ip":"85.10.`)
	w.b = strconv.AppendInt(w.b, int64(r.n(256)), 10)
	w.b = append(w.b, '.')
	w.b = strconv.AppendInt(w.b, int64(r.n(256)), 10)
	w.b = append(w.b, '"')
	if r.n(3) == 0 {
		w.str("email", "mary.brown@email.com")
	}
	w.text("city", home.city)
	if w.odd == oddNulls {
		w.raw(`,"region":null`)
	} else {
		w.text("region", home.region)
	}
	w.text("country", home.country)
	w.str("country_code", home.code)
	w.str("timezone", home.zone)
	w.text("user_agent", pick(r, browsers))
	if w.odd == oddUnknownFields {
		w.raw(`,"visits":3`)
	}
	w.shut('}')
}

func (w *writer) visitorID(no int) {
	w.raw(`"S`)
	w.b = strconv.AppendInt(w.b, 1300000000+int64(no)*37, 10)
	w.raw(".49b8")
	for k := range 6 {
		w.b = append(w.b, hex[uint64(no*2654435761)>>(k*4)&15])
	}
	w.b = append(w.b, '"')
}

// name writes a person's name, the first place for anything hostile.
func (w *writer) name(k, name string) {
	if w.odd == oddTextAsNumbers {
		w.key(k)
		w.raw("12345")
		return
	}
	w.key(k)
	w.b = append(w.b, '"')
	w.escape(name)
	if len(w.taint) < longText/2 {
		w.raw(w.taint)
	}
	w.b = append(w.b, '"')
}

// person writes one of agents or supervisors; without an e-mail it has none.
func (w *writer) person(p person, ip string) {
	w.open('{')
	w.text("display_name", p.name)
	if p.email != "" {
		w.text("email", p.email)
	}
	if ip != "" {
		w.str("ip", ip)
	}
	w.shut('}')
}

// team draws and writes the agents: mostly one, sometimes none or several,
// now and then one without an e-mail or the same one twice.
func (g *renderer) team(w *writer, f *facts) []person {
	r := &w.r
	n := 1
	switch d := r.n(100); {
	case d < 4:
		n = 0
	case d < 13:
		n = 2
	case d < 15:
		n = 3
	}
	w.key("agents")
	if w.odd == oddNulls && r.n(3) == 0 {
		w.raw("null")
		return nil
	}
	w.open('[')
	team := make([]person, 0, 3)
	first := r.n(len(agents))
	for k := range n {
		p := agents[(first+k*5)%len(agents)]
		ip := ""
		switch r.n(200) {
		case 0: // no e-mail at all
			p.email = ""
		case 1:
			p.email = ""
			w.open('{')
			w.text("display_name", p.name)
			w.str("email", "")
			w.shut('}')
			team, f.agents = append(team, p), append(f.agents, "")
			continue
		case 2:
			p = agents[first]
		case 3, 4, 5, 6, 7:
			ip = "10.0.0.7"
		}
		w.person(p, ip)
		team, f.agents = append(team, p), append(f.agents, p.email)
	}
	w.shut(']')
	return team
}
