package account

import (
	"cmp"
	"slices"
	"strconv"
)

// ThreadOptions say what a chat has that only the newer API shows.
type ThreadOptions struct {
	Milliseconds int // of a second in which threads begin
	Bots         float64
	BotTalk      float64
	NoEnd        float64
	LateEvents   float64
	EarlyEvents  float64
	Deleted      float64
	OtherEvents  float64
}

// ThreadRef is what has to be looked up of a chat and its neighbours before it can
// be made as a thread.
type ThreadRef struct {
	Ref
	first          Ref // of the customer
	Previous, Next string
}

// Thread is a chat as the newer API knows it: one thread of a customer's chat.
type Thread struct {
	Chat
	ChatID         string
	CustomerID     string // a UUID; Visitor.ID is the older API's
	Previous, Next string // ids of the threads beside it in the chat; "" for none
	Created        int64  // microseconds since 1970, a whole millisecond in the second of Start
	Ended          int64  // the same of End; 0 while it is active
	Ending         string // the type of the message that ends it; "" if none does
	Bots           []Bot
	Events         []Event // in the order of time

	Unassigned, Unreplied, Continuous bool
	GroupStatus                       string
	Source, CustomerSource            string // ids of the programs on either side
	HasSale, IndirectSale, Resolved   bool
	Summary                           string // "" for none
	Summarized                        int64  // when, in microseconds
}

// Bot is one that takes part in chats. To the older API it is an agent without
// an e-mail.
type Bot struct{ ID, Name string }

// EventKind is what an Event is.
type EventKind uint8

const (
	Said       EventKind = iota // Entry is a message, plain or rich, or a file
	SystemSaid                  // a system message of a Type
	FilledForm                  // of a Type, with Answers
	EmptyForm                   // of a Type
	SystemData                  // what a connected shop says
	Custom
	Annotation // of a Type
)

// Event is something said or done in a thread.
type Event struct {
	Kind    EventKind
	N       int   // its id is that of the thread, _ and this
	At      int64 // microseconds since 1970
	Entry   *Entry
	Author  string // an id; "" for none
	Hidden  bool   // from the visitor
	Welcome bool   // sent by itself
	Deleted bool
	Type    string
	Text    string
	Vars    []Pair
	Answers []Answer
}

// Thread looks up chat no and its neighbours.
func (a *Account) Thread(no int) ThreadRef {
	t := ThreadRef{Ref: a.Ref(no)}
	t.first = a.Ref(t.Root)
	if before, ok := a.Before(t.Ref); ok {
		t.Previous = a.ids.thread(before.No, before.Start)
	}
	if after, ok := a.After(t.Ref); ok && after.Start <= a.now {
		t.Next = a.ids.thread(after.No, after.Start)
	}
	return t
}

// Created is when a thread begins, in microseconds since 1970.
func (a *Account) Created(ref Ref) int64 { return a.created(ref.No, ref.Start) }

func (a *Account) created(no int, start int64) int64 {
	r := Mix(uint64(a.opt.Seed), 'm', uint64(no))
	return start*1e6 + int64(r.N(a.opt.Threads.Milliseconds))*1000
}

// MakeThread is Make for threads.
func (a *Account) MakeThread(t *Thread, ref ThreadRef, now int64) {
	chat, bots, events := t.Chat, t.Bots[:0], t.Events[:0]
	*t = Thread{Chat: chat, Bots: bots, Events: events, Previous: ref.Previous, Next: ref.Next}
	a.Make(&t.Chat, ref.Ref, now)
	t.ChatID = a.ids.chat(ref.Root, ref.first.Start)
	t.CustomerID = a.customerID(ref.Root)
	t.Created = a.created(ref.No, ref.Start)
	r := Mix(uint64(a.opt.Seed), 'h', uint64(ref.No))
	t.facts(&r, a.opt.Threads)
	t.talk(&r, a.opt.Threads)
	for i := range t.Goals {
		t.HasSale = t.HasSale || t.Goals[i].Sale
	}
}

func (t *Thread) facts(r *Random, o ThreadOptions) {
	for _, g := range t.Agents {
		if g.Email == "" && !t.Missed {
			t.bot(Bot{botID(g.Name), g.Name})
		}
	}
	alone := t.speaker() == nil
	if bot, half := Pick(r, Bots), r.N(2) == 0; r.Hit(o.Bots) && !t.Missed || alone && half && !t.Missed {
		t.bot(bot)
	}
	t.Unassigned = alone && len(t.Bots) == 0
	t.Unreplied = true
	for i := range t.Entries {
		t.Unreplied = t.Unreplied && t.Entries[i].By != ByAgent
	}
	t.Continuous = r.N(10) == 0
	t.GroupStatus = Pick(r, []string{"online", "online", "online", "online_for_queue", "offline"})
	t.Source, t.CustomerSource = Pick(r, programs), Pick(r, programs)
	sale, day := r.N(40) == 0, int64(1+r.N(30*86400))
	t.IndirectSale = sale && t.Now >= t.End+day
	t.Resolved = alone && len(t.Bots) > 0 && r.N(2) == 0
	if summary, text := r.N(4) == 0, Pick(r, summaries); summary && !t.Missed {
		after := 60*1e6 + int64(r.N(1000))*1000 // drawn whatever the time: what follows does not depend on it
		if !t.Pending && t.Now >= t.End+60 {
			t.Summary, t.Summarized = text, t.End*1e6+after
		}
	}
}

func (t *Thread) bot(b Bot) {
	if !slices.Contains(t.Bots, b) {
		t.Bots = append(t.Bots, b)
	}
}

// The numbers of events that the older API does not tell, after the Last.
const (
	numberPrechat = 1 + iota
	numberRated
	numberCommented
	numberPostchat
	numberOthers
)

// talk draws the events. Those of the older API keep their numbers and seconds; an
// event's time does not depend on what comes later.
func (t *Thread) talk(r *Random, o ThreadOptions) {
	begin := t.Created % 1e6 / 1000
	if t.Missed {
		t.Ended = t.Created
		t.add(Event{Kind: FilledForm, N: 1, At: t.Created + 1, Author: t.CustomerID, Type: "ticket"})
		return
	}
	if len(t.Prechat) > 0 {
		t.add(Event{Kind: FilledForm, N: t.Last + numberPrechat, At: t.Created + 1, Author: t.CustomerID, Type: "prechat", Answers: t.Prechat})
	}
	var last, ms int64
	early := r.Hit(o.EarlyEvents)
	welcomed := false
	for i := range t.Entries {
		e := &t.Entries[i]
		switch step := int64(r.N(20)); {
		case e.At.At == last:
			ms = min(ms+step, 999)
		case e.At.At == t.Start:
			ms = begin
		default:
			ms = step * 25
		}
		last = e.At.At
		event := Event{Kind: Said, N: e.N, At: e.At.At*1e6 + ms*1000 + int64(e.N+10)%1000, Entry: e, Author: t.author(e)}
		if early && i == 0 {
			event.At -= int64(1+r.N(3600)) * 1e6
		}
		if e.Kind == Closed {
			t.end(&event, "manual_archived_customer", e.Text.String())
		}
		event.Hidden = e.By == BySupervisor
		if e.By == ByAgent && i == 0 && t.Engagement != ManualInvite {
			welcomed = true
			event.Welcome = true
		}
		event.Deleted = r.Hit(o.Deleted) && e.Kind != Closed
		t.add(event)
	}
	if len(t.Bots) > 0 && r.Hit(o.BotTalk) {
		t.add(Event{Kind: Said, N: t.Last + numberOthers + 7, At: t.Created + 2, Author: t.Bots[0].ID, Welcome: !welcomed, Entry: &hello})
	}
	t.close(r, o)
	t.verdict(r, o)
	t.others(r, o)
	slices.SortFunc(t.Events, func(x, y Event) int { return cmp.Or(cmp.Compare(x.At, y.At), cmp.Compare(x.N, y.N)) })
}

// add appends an event unless it is still to come.
func (t *Thread) add(e Event) {
	if e.At < (t.Now+1)*1e6 {
		t.Events = append(t.Events, e)
	}
}

func (t *Thread) author(e *Entry) string {
	switch {
	case e.By == ByVisitor:
		return t.CustomerID
	case e.Email == "":
		return botID(e.Author)
	}
	return e.Email
}

// end makes an event the one that ends the thread.
func (t *Thread) end(e *Event, how, text string) {
	e.Kind, e.Author, e.Entry, e.Type, e.Text = SystemSaid, "", nil, how, text
	t.Ending, t.Ended = how, e.At
}

// close ends a thread of which the older API does not tell who closed it, and
// takes the message away from some.
func (t *Thread) close(r *Random, o ThreadOptions) {
	how, ms, none := Pick(r, endings), int64(r.N(1000)), r.Hit(o.NoEnd)
	if t.Pending {
		return
	}
	if t.Ending == "" {
		e := Event{N: t.Last, At: t.End*1e6 + ms*1000 + int64(t.Last+10)}
		t.end(&e, how.kind, how.text)
		if how.kind == "routing.archived_inactive" {
			e.Vars = []Pair{{"duration", "20"}}
		}
		t.add(e)
	}
	if none {
		t.Events = slices.DeleteFunc(t.Events, func(e Event) bool { return e.Kind == SystemSaid })
		t.Ending = ""
	}
}

// verdict adds the rating and the survey after the chat, before the end or later.
func (t *Thread) verdict(r *Random, o ThreadOptions) {
	for _, number := range []int{numberRated, numberCommented, numberPostchat} {
		at, before, later := t.Changed*1e6, int64(r.N(20)), int64(1+r.N(90))
		late := r.Hit(o.LateEvents) && t.Ended+later*1e6 < (t.Now+1)*1e6
		switch {
		case t.Changed > t.End:
		case late:
			at = t.Ended + later*1e6
		default:
			at = max(t.Ended-before*1e6-1000, t.Created+3)
		}
		e := Event{Kind: SystemSaid, N: t.Last + number, At: at/1000*1000 + int64(t.Last+number+10)}
		switch {
		case number == numberRated && (t.Rating == RatedGood || t.Rating == RatedBad):
			score := "good"
			if t.Rating == RatedBad {
				score = "bad"
			}
			e.Type, e.Text, e.Vars = "rating.chat_rated", "Visitor rated the chat as "+score, []Pair{{"score", score}}
		case number == numberCommented && t.Remark != "":
			e.Type, e.Text, e.Vars = "rating.chat_commented", "Visitor left a comment", []Pair{{"comment", t.Remark}}
		case number == numberPostchat && len(t.Postchat) > 0:
			e.Kind, e.Author, e.Type, e.Answers = FilledForm, t.CustomerID, "postchat", t.Postchat
		default:
			continue
		}
		t.add(e)
	}
}

// others adds what the older API does not show at all.
func (t *Thread) others(r *Random, o ThreadOptions) {
	if !r.Hit(o.OtherEvents) {
		return
	}
	number := t.Last + numberOthers
	at := func() int64 { return t.Created + int64(r.N(int(t.End-t.Start)+1))*1e6/2 + int64(number) }
	if len(t.Agents) > 1 && t.Agents[1].Email != "" {
		t.add(Event{Kind: SystemSaid, N: number, At: at(), Type: "chat_transferred", Text: "Chat transferred", Vars: []Pair{{"targets", t.Agents[1].Email}}})
	}
	number++
	switch r.N(5) {
	case 4:
		if !t.Pending {
			t.add(Event{Kind: FilledForm, N: number, At: t.Ended/1000*1000 - 2000 + int64(number), Author: t.CustomerID, Type: "ask_for_email"})
		}
	case 0:
		t.add(Event{Kind: EmptyForm, N: number, At: at(), Author: t.CustomerID, Type: "ask_for_email"})
	case 1:
		t.add(Event{Kind: Custom, N: number, At: at(), Author: t.CustomerID})
	case 2:
		t.add(Event{Kind: SystemData, N: number, At: at(), Type: "order_placed"})
	case 3:
		t.add(Event{Kind: Annotation, N: number, At: at(), Author: t.CustomerID, Type: "rating_cancel"})
	}
}

// customerID is a UUID that holds the number of the customer's first chat.
func (a *Account) customerID(root int) string {
	r := Mix(uint64(a.opt.Seed), 'u')
	own := Mix(uint64(a.opt.Seed), 'u', uint64(root))
	hash := own.next()
	b := make([]byte, 0, 36)
	b = append(hex(b, uint64(uint32(root))^r.next()&0xffffffff, 8), '-')
	b = append(hex(b, hash>>16&0xffff, 4), "-4"...)
	b = append(hex(b, hash&0xfff, 3), '-')
	b = append(hex(b, 0x8000|hash>>32&0x3fff, 4), '-')
	return string(hex(b, own.next()&0xffffffffffff, 12))
}

// Customer is the number of the first chat of the customer with that id.
func (a *Account) Customer(id string) (root int, ok bool) {
	if len(id) != 36 {
		return 0, false
	}
	x, err := strconv.ParseUint(id[:8], 16, 32)
	if err != nil {
		return 0, false
	}
	r := Mix(uint64(a.opt.Seed), 'u')
	root = int(x ^ r.next()&0xffffffff)
	return root, root < mostNumbers && a.rec(root) != nil && a.customerID(root) == id && a.root(root) == root
}

func hex(b []byte, x uint64, n int) []byte {
	for k := n - 1; k >= 0; k-- {
		b = append(b, "0123456789abcdef"[x>>(4*k)&15])
	}
	return b
}

// botID is the id of an agent without an e-mail.
func botID(name string) string {
	h := uint64(len(name))
	for _, c := range []byte(name) {
		h = h*1099511628211 + uint64(c)
	}
	r := Mix(h)
	return string(hex(hex(nil, r.next(), 16), r.next(), 16))
}
