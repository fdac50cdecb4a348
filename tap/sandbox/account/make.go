package account

import "strconv"

// Make makes the chat as it stands at a moment, into c, whose lists it uses
// again: they are good until c is made anew. It never changes the account and
// is safe for concurrent use.
//
// Whatever is drawn is drawn in one fixed order, so that a new switch must not
// draw from the same sequence: it takes one of its own.
func (a *Account) Make(c *Chat, ref Ref, now int64) {
	o := &a.opt
	*c = Chat{
		No: ref.No, Root: ref.Root, ID: a.ids.thread(ref.No, ref.Start), Missed: ref.Missed(), Start: ref.Start, End: ref.End(), Now: now, Pending: ref.End() > now && !ref.Missed(),
		Zone:   a.zone,
		Agents: c.Agents[:0], Supervisors: c.Supervisors[:0], Prechat: c.Prechat[:0], Postchat: c.Postchat[:0], Custom: c.Custom[:0],
		Integration: c.Integration[:0], Tags: c.Tags[:0], Goals: c.Goals[:0], Entries: c.Entries[:0], lines: c.lines[:0],
	}
	r := Mix(uint64(o.Seed), 'c', uint64(ref.No))
	odd, oddity := r.Hit(o.Odd), Oddity(1+r.N(int(oddities)-1))
	hostile, hostility := r.Hit(o.Hostile), Hostility(1+r.N(int(hostilities)-1))
	c.ASCII = r.N(4) == 0
	if odd {
		c.Odd = oddity
	}
	if hostile {
		c.Hostile = hostility
	}
	if z := r.N(len(a.zones)); r.N(50) != 0 && c.Odd != NoZone {
		c.Zone = a.zones[z]
		c.ZoneName = c.Zone.String()
	}
	if c.Odd == UnknownZone || c.Odd == LostTimes {
		c.ZoneName = Pick(&r, []string{"Mars/Olympus_Mons", "GMT+1 (Berlin)", "", "Europe/Atlantis"})
	}
	if c.Missed {
		a.visitor(c, &r, ref.Root)
		c.Email = "visitor" + strconv.Itoa(c.No) + "@example.com"
		c.Started = c.moment(&r, c.Start)
		c.Message = c.text(&r, visitorLines, 1+r.N(4))
		a.contradict(c)
		return
	}
	c.Changed = c.End
	if r.Hit(o.LateChanges) {
		c.Changed += int64(o.LateBy.Seconds())
	}
	late := c.Pending || now < c.Changed
	a.visitor(c, &r, ref.Root)
	a.team(c, &r)
	if c.Odd != Nulls && r.N(40) == 0 {
		c.Supervisors = append(c.Supervisors, Pick(&r, Chiefs))
	}
	rating, remark := Pick(&r, ratings), r.N(8)
	if !late && rating != NotRated {
		c.Rating = rating
		if remark < len(remarks) {
			c.Remark = remarks[remark]
		}
	}
	c.StartURL = Pick(&r, urls)
	if from := r.N(9); from < len(urls) && c.Odd != Nulls {
		c.Referrer = urls[from]
	}
	c.Group = r.N(len(Groups))
	c.Started = c.moment(&r, c.Start)
	c.extras(&r, late)
	r = Mix(uint64(o.Seed), 't', uint64(c.No)) // whatever was drawn so far
	c.Engagement = Pick(&r, engagements)
	if c.Engagement == ManualInvite && (c.speaker() == nil || len(c.Prechat) > 0) {
		c.Engagement = ImmediateStart // nobody could have
	}
	huge := 0
	if c.No == a.huge {
		huge = o.HugeChat
	}
	c.talk(&r, o.EventIDs, huge)
	if !c.Pending {
		c.Ended = c.moment(&r, c.End)
	}
	a.contradict(c)
	if c.Engagement == AutoInvite {
		g := Mix(uint64(o.Seed), 'g', uint64(c.No))
		c.Greeting = 1 + g.N(len(Greetings)-1)
	}
}

// speaker is the first agent whom the account names; nil if there is none.
func (c *Chat) speaker() *Person {
	for k := range c.Agents {
		if c.Agents[k].Email != "" {
			return &c.Agents[k].Person
		}
	}
	return nil
}

// moment is a time as the chat tells it.
func (c *Chat) moment(r *Random, at int64) Moment {
	if c.Odd == WrongDates && r.N(3) == 0 {
		return Moment{At: at, Told: at + 5400}
	}
	return Moment{At: at, Told: at}
}

// visitor draws the visitor. What is not shown is not drawn. Id, name and e-mail
// are the customer's; the rest is of this visit.
func (a *Account) visitor(c *Chat, r *Random, root int) {
	v := &c.Visitor
	customer := Mix(uint64(a.opt.Seed), 'n', uint64(root))
	v.ID, v.Name = visitorID(root), Pick(&customer, visitors)
	v.Place, v.Form = Pick(r, places), a.opt.Visitor
	if v.Form == "mixed" {
		v.Form = Pick(r, []string{"object", "flat", "both"})
	}
	if v.Form == "flat" || c.Odd == ArrayForObject {
		return
	}
	ip := append(make([]byte, 0, 16), "85.10."...)
	ip = append(strconv.AppendInt(ip, int64(r.N(256)), 10), '.')
	v.IP = string(strconv.AppendInt(ip, int64(r.N(256)), 10))
	if customer.N(3) == 0 {
		v.Email = "mary.brown@email.com"
	}
	v.Browser = Pick(r, browsers)
}

// visitorID looks like S1300000037.49b8b1a3c2.
func visitorID(no int) string {
	b := append(make([]byte, 0, 32), 'S')
	b = append(strconv.AppendInt(b, 1300000000+int64(no)*37, 10), ".49b8"...)
	for k := range 6 {
		b = append(b, "0123456789abcdef"[uint64(no*2654435761)>>(k*4)&15])
	}
	return string(b)
}

// team draws the agents: mostly one, sometimes none or several, now and then
// one without an e-mail or the same one twice.
func (a *Account) team(c *Chat, r *Random) {
	n := 1
	switch d := r.N(100); {
	case d < 4:
		n = 0
	case d < 13:
		n = 2
	case d < 15:
		n = 3
	}
	if c.Odd == Nulls && r.N(3) == 0 {
		c.NoAgents = true
		return
	}
	first := r.N(len(Team))
	for k := range n {
		p := Agent{Person: Team[(first+k*5)%len(Team)]}
		switch r.N(200) {
		case 0: // no e-mail at all
			p.Email = ""
		case 1:
			p.Email, p.EmptyEmail = "", true
		case 2:
			p.Person = Team[first]
		case 3, 4, 5, 6, 7:
			p.IP = "10.0.0.7"
		}
		c.Agents = append(c.Agents, p)
	}
}

// extras draws what only some chats have: surveys, variables, goals, queue,
// tags, tickets. What comes late is left out until it has come.
func (c *Chat) extras(r *Random, late bool) {
	if r.N(3) == 0 {
		c.Prechat = append(c.Prechat, Answer{"Name:", Pick(r, visitors), 10000000 + r.N(8e7)})
		c.Prechat = append(c.Prechat, Answer{"E-mail:", "", 10000000 + r.N(8e7)})
	}
	if survey, verdict, id := r.N(5) == 0, Pick(r, verdicts), r.N(8e7); survey && !late {
		c.Postchat = append(c.Postchat, Answer{surveyAsked, verdict, 10000000 + id})
	}
	if r.N(4) == 0 {
		c.Custom = append(c.Custom, Pair{"customer_login", "mary_brown"}, Pair{`Größe / "size"`, Pick(r, prices)})
	}
	if r.N(10) == 0 {
		c.Integration = append(c.Integration, Pair{"facebook.id", "123456789"}, Pair{"facebook.email", "mary.brown@email.com"})
	}
	if c.Queued = r.N(3) == 0; c.Queued && c.Odd != ArrayForObject && c.Odd != Nulls {
		c.QueueSeconds = r.N(300)
	}
	if n, first := r.N(4), r.N(len(TagNames)); !late {
		for k := range n {
			c.Tags = append(c.Tags, TagNames[(first+k)%len(TagNames)])
		}
	}
	if r.N(12) == 0 && c.Odd != Nulls {
		c.Ticket = "TK" + strconv.Itoa(r.N(100000))
	}
	// What a goal draws depends on whether it was reached yet: so it comes last.
	if c.AnyGoals = r.N(10) == 0; c.AnyGoals {
		at, second := c.Start+int64(r.N(int(c.End-c.Start)+1)), r.N(3) == 0
		if at <= c.Now {
			c.goal(r, at, true)
		}
		if at <= c.Now && second {
			c.goal(r, at, false)
		}
	}
}

func (c *Chat) goal(r *Random, at int64, sale bool) {
	g := Goal{ID: GoalOther, Name: GoalOtherName, Sale: sale, At: c.moment(r, at)}
	switch {
	case sale:
		g.ID, g.Name = GoalSale, GoalSaleName
		if c.Odd != ArrayForObject {
			g.Order = Order{Pick(r, products), Pick(r, prices), Pick(r, currencies)}
		}
	case c.Odd != ArrayForObject:
		g.Blank = r.N(2) != 0
	}
	c.Goals = append(c.Goals, g)
}
