package account

import (
	"strconv"
	"strings"
)

// What an account holds beside its chats. Who and what chats name is there, but for
// those who have left and what was deleted.

// Member is an agent of the account as its owner sees it.
type Member struct {
	Person
	Role, Title, Mobile string
	MostChats           int
	Suspended, Awaiting bool
	LastLogout          int64 // Unix seconds; 0 for never
	Groups              []Membership
}

// Membership is of a group, with a priority: first, normal, last or supervisor.
type Membership struct {
	Group    int
	Priority string
}

// Members are the agents at a moment. The last of the Team has left long ago, the
// one before leaves in ten days; somebody who has not chatted yet comes in five.
func (a *Account) Members(now int64) (all []Member) {
	begin := a.opt.Now.Unix()
	if !a.opt.Since.IsZero() {
		begin = a.opt.Since.Unix() + int64(a.opt.Days)*day
	}
	for i, p := range append(append([]Person{}, Team...), Chiefs...) {
		if i == len(Team)-1 || i == len(Team)-2 && now >= begin+10*day {
			continue
		}
		r := Mix(uint64(a.opt.Seed), 'M', uint64(i))
		m := Member{Person: p, Role: "normal", MostChats: 2 + r.N(6), LastLogout: now - int64(r.N(30*day))}
		m.Suspended = i == len(Team)-3
		switch {
		case i == 0:
			m.Role, m.LastLogout = "owner", 0
		case i == 1:
			m.Role = "viceowner"
		case i >= len(Team):
			m.Role = "administrator"
		}
		if r.N(2) == 0 {
			m.Title = Pick(&r, []string{"Support Hero", "Kundenservice", "Team lead \"gold\""})
		}
		if r.N(3) == 0 {
			m.Mobile = "+48 500 000 0" + strconv.Itoa(10+i)
		}
		m.Groups = []Membership{{0, "normal"}, {1 + i%(len(Groups)-1), Pick(&r, []string{"first", "normal", "last"})}}
		if i >= len(Team) {
			m.Groups[1].Priority = "supervisor"
		}
		all = append(all, m)
	}
	if now >= begin+5*day {
		all = append(all, Member{Person: Person{"Nora Neu", "nora@mycompany.com"}, Role: "normal", MostChats: 1, Awaiting: true, Groups: []Membership{{0, "last"}}})
	}
	return all
}

// Languages are those of the Groups.
var Languages = []string{"en", "en", "de", "pl"}

// Tag is one that can be put on chats.
type Tag struct {
	Name    string
	Groups  []int
	Author  string // "" for nobody
	Created int64  // Unix seconds
}

// Tags are the account's. Of those that chats have, as many as TagsDeleted are not
// among them, and one there is that no chat has.
func (a *Account) Tags() (all []Tag) {
	for i, name := range append(append([]string{}, TagNames[min(a.opt.TagsDeleted, len(TagNames)):]...), "never used") {
		t := Tag{Name: name, Groups: []int{0}, Created: 1577836800 + int64(i)*day, Author: Team[i%len(Team)].Email}
		switch i % 3 {
		case 1:
			t.Groups = []int{1, 2}
		case 2:
			t.Author = ""
		}
		all = append(all, t)
	}
	return all
}

// Greeting is one that the account shows.
type Greeting struct {
	ID     int
	Name   string
	Group  int
	Active bool
	Kind   string // normal or announcement
}

// AllGreetings are those that chats come from, and as many more as MoreGreetings.
func (a *Account) AllGreetings() (all []Greeting) {
	for id := 1; id < len(Greetings)+a.opt.MoreGreetings; id++ {
		g := Greeting{ID: id, Name: "Greeting " + strconv.Itoa(id), Group: id % len(Groups), Active: id%5 != 0, Kind: "normal"}
		if id < len(Greetings) {
			g.Name, g.Active = Greetings[id], true
		}
		if id%7 == 0 {
			g.Kind = "announcement"
		}
		all = append(all, g)
	}
	return all
}

// Canned is a canned response.
type Canned struct {
	ID                int
	Text              string
	Tags              []string
	Created, Modified int64  // Unix seconds; 0 for never
	Author, Editor    string // "" for nobody
}

// CannedOf are those of a group: some have the same shortcuts, none the same id.
func CannedOf(group int) (all []Canned) {
	if group < 0 || group >= len(Groups) {
		return nil
	}
	for i := range 3 + group {
		c := Canned{
			ID: 900 + group*10 + i, Text: agentLines[(group*3+i)%len(agentLines)], Tags: []string{"s" + strconv.Itoa(i), strings.ToLower(TagNames[i%len(TagNames)])},
			Created: 1600000000 + int64(group*100+i)*3600, Author: Team[(group+i)%len(Team)].Email,
		}
		if i%2 == 1 {
			c.Modified, c.Editor = c.Created+30*day, Team[(group+i+1)%len(Team)].Email
		}
		all = append(all, c)
	}
	return all
}

// GoalKind is a goal that the account watches.
type GoalKind struct {
	ID     int
	Name   string
	Kind   string // custom_variable, url, api, sales_tracker
	Active bool
}

// GoalKinds are the account's.
var GoalKinds = []GoalKind{
	{GoalSale, GoalSaleName, "sales_tracker", true}, {GoalOther, GoalOtherName, "url", true},
	{73, "Newsletter", "custom_variable", true}, {74, "old API goal", "api", false},
}

// Ban is of a visitor.
type Ban struct {
	IP, Customer, Agent, Thread string
	Created, Expires            int64 // Unix seconds
}

// Bans are those in force at a moment: of visitors of some of the chats.
func (a *Account) Bans(now int64) (all []Ban) {
	for _, n := range a.Between(End, now-60*day, now+1) {
		no := int(n)
		if no%173 != 5 {
			continue
		}
		ref := a.Ref(no)
		var c Chat
		a.Make(&c, ref, now)
		b := Ban{IP: c.Visitor.IP, Agent: Team[no%len(Team)].Email, Created: ref.End(), Expires: ref.End() + 60*day}
		if b.IP == "" {
			b.IP = "85.10.0." + strconv.Itoa(no%256)
		}
		if no%2 == 1 {
			b.Customer, b.Thread = a.customerID(ref.Root), c.ID
		}
		if b.Expires > now {
			all = append(all, b)
		}
	}
	return all
}

// Left is a visitor who left the queue before anybody answered, and so is in no
// chat.
type Left struct {
	ID, Visitor, Name, Email string
	Start                    int64 // Unix seconds
	Waited, Group            int
	URL                      string
	Asked                    bool // a survey before the chat
}

// LeftQueue are those of a time, [from, to), in its order.
func (a *Account) LeftQueue(from, to int64) (all []Left) {
	for d := floor(max(from, a.from), day); d < min(to, a.now); d += day {
		r := Mix(uint64(a.opt.Seed), 'Q', uint64(d))
		n := r.N(5)
		for k := range n {
			no := int(d/day)*8 + k
			l := Left{
				Start: d + int64(k)*day/int64(n) + int64(r.N(day/n)), Waited: 5 + r.N(600), Group: r.N(len(Groups)),
				Visitor: visitorID(1_000_000_000 + no), Name: Pick(&r, visitors), URL: Pick(&r, urls), Asked: r.N(2) == 0,
			}
			if r.N(2) == 0 {
				l.Email = "left" + strconv.Itoa(no) + "@example.com"
			}
			l.ID = a.ids.text(idCounters-2-no%1000*2, l.Start)
			if l.Start >= from && l.Start < to && l.Start+int64(l.Waited) <= a.now {
				all = append(all, l)
			}
		}
	}
	return all
}

// Shift is how an agent spends a day, in seconds. It has nothing to do with chats.
type Shift struct{ LoggedIn, Accepting, NotAccepting int }

// ShiftOf is that of an agent on a day, counted from 1970. At weekends some work.
func ShiftOf(agent string, day int64) (s Shift) {
	h := uint64(7)
	for _, c := range []byte(agent) {
		h = h*31 + uint64(c)
	}
	r := Mix(h, 'S', uint64(day))
	weekday := (day + 4) % 7 // 1970 began on a Thursday
	if (weekday == 0 || weekday == 6) && r.N(4) != 0 || r.N(6) == 0 {
		return s
	}
	s.LoggedIn = 6*3600 + r.N(3*3600)
	s.NotAccepting = r.N(2 * 3600)
	s.Accepting = s.LoggedIn - s.NotAccepting
	return s
}
