package account

import (
	"strings"
	"time"
)

// Chat is one chat of the account, as it stands at a moment: what was said or
// done later is not in it.
type Chat struct {
	No         int
	Root       int    // the number of the first chat of the same visitor
	ID         string // ten of 0-9A-Z
	Missed     bool   // a message left while nobody was there
	Start, End int64  // Unix seconds; the same for a missed chat
	Now        int64  // the moment
	Pending    bool   // End is still to come
	Changed    int64  // when it is tagged, rated and surveyed: at the End, or later

	Odd     Oddity
	Hostile Hostility
	ASCII   bool // letters beyond ASCII are escaped in the answer

	Zone     *time.Location // of the local dates
	ZoneName string         // what the chat says about it: "" for nothing, or a name that nobody knows

	Visitor      Visitor
	Agents       []Agent // in the order in which they came; may be empty, and one may come twice
	NoAgents     bool    // the list is null, not empty
	Supervisors  []Person
	Rating       Rating
	Remark       string // the visitor's, beside the rating; "" for none
	StartURL     string
	Referrer     string // "" for none
	Group        int
	Prechat      []Answer
	Postchat     []Answer
	Custom       []Pair
	Integration  []Pair
	Queued       bool
	QueueSeconds int
	Tags         []string
	Ticket       string // "" for none
	Goals        []Goal
	AnyGoals     bool // the list is there, be it empty: a goal is still to come
	Engagement   Engagement
	Greeting     int // the id of the greeting that began the chat; 0 for none

	// Entries are what was said and done, in order. Of a missed chat there are
	// none, but its Email and Message.
	Entries    []Entry
	NoMessages bool // the list of messages is null, not empty
	Last       int  // the number of its last entry, once it has ended
	Email      string
	Message    Text

	Started, Ended Moment // Start and End as local dates tell them

	// What the chat shows as its start and end; the same as Start and End unless
	// it contradicts itself.
	ShownStart, ShownEnd Stamp
	Contradicts          Contradiction
	NoDuration           bool // it is not shown

	lines []string // the room that Texts are in
}

// Moment is a time, and the one that the local date beside it tells, if there
// is one.
type Moment struct {
	At, Told int64
	Untold   bool
}

// Person is an agent or a supervisor. Without an Email it is one that the
// account does not name.
type Person struct{ Name, Email string }

// Agent is one of those who took part in a chat.
type Agent struct {
	Person
	EmptyEmail bool // the Email is "", not absent
	IP         string
}

// Visitor is the other side of a chat. The fields after Form are not known
// when the form is flat, or the object odd.
type Visitor struct {
	ID      string
	Name    string
	Form    string // how the chat shows the visitor: object, flat, both
	IP      string
	Email   string // "" for none
	Place   Place
	Browser string
}

// Place is where a visitor is.
type Place struct{ City, Region, Country, Code, Zone string }

// Rating is the visitor's.
type Rating uint8

const (
	NotRated Rating = iota
	RatedGood
	RatedBad
	RatedCommented
)

// Engagement is how a chat began.
type Engagement uint8

const (
	ImmediateStart Engagement = iota
	AutoInvite                // a greeting
	ManualInvite              // by an agent
)

// Answer is one of a survey.
type Answer struct {
	Question, Value string
	ID              int
}

// Pair is a variable.
type Pair struct{ Key, Value string }

// Goal is one that the visitor reached.
type Goal struct {
	ID    int
	Name  string
	Sale  bool // of a sales tracker, with an Order
	At    Moment
	Blank bool // not a sale, and the order is there, but says nothing
	Order Order
}

// Order is what a sale was about.
type Order struct{ Product, Price, Currency string }

// Kind is what an Entry is.
type Kind uint8

const (
	Message Kind = iota
	File         // Attachment, uploaded by the visitor
	Closed       // the visitor closed the chat
)

// Role is who did what an Entry says.
type Role uint8

const (
	ByVisitor Role = iota
	ByAgent
	BySupervisor
)

// Rich is what a message has beside its text.
type Rich uint8

const (
	Plain   Rich = iota
	Buttons      // Choices
	Cards        // one, of CardTitle
)

// Entry is something said or done in a chat.
type Entry struct {
	Kind   Kind
	N      int  // its number in the chat, from 1
	WithID bool // the chat tells an id for it
	At     Moment
	By     Role
	Author string
	Unsaid bool   // the chat does not tell the author's name
	Email  string // of the agent or supervisor; "" for none
	Text   Text
	Rich   Rich
}

// Text is what somebody wrote.
type Text struct {
	Lines   []string
	Null    bool // there is none
	Number  bool // it is the number 42
	Tainted bool // something hostile comes after it
}

// String is the text, without what is hostile.
func (t Text) String() string { return strings.Join(t.Lines, " ") }

// Messages is how many of the entries are messages.
func (c *Chat) Messages() (n int) {
	for i := range c.Entries {
		if c.Entries[i].Kind == Message {
			n++
		}
	}
	return n
}
