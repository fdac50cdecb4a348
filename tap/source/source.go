// Package source is the seam between a run and LiveChat's APIs: what a run
// asks an API for, and what an API promises in return. There is no logic here.
//
// Nothing above the seam knows of a page, a cursor or a zone of a query;
// nothing below it knows the name of a setting or of a bookmark. Times are
// instants; a day is a day in UTC.
package source

import (
	"context"
	"errors"
	"iter"
	"time"

	"tap-livechat/tap/jsondoc"
)

// API is what a run reads from.
type API interface {
	Archive
	Lists
	Usage() Usage
}

// Archive is where chats come from.
//
// Its errors are final: what can pass has been tried again. Each says what was
// asked for and, by a method Hint() string, what the user can do. An error ends
// the sequence; a context that ends is an error, too. What a sequence yields is
// valid until the next step.
type Archive interface {
	// Read yields a Plan once, as soon as the service has answered; then chats;
	// and after the last chat of a window the window. Windows may be read side
	// by side and their chats come in any order; a Window says that all of its
	// chats have come. Each chat of a window is yielded once, whatever its times
	// say, unless its answer changed meanwhile. Together the windows cover the
	// days of the range without a gap.
	//
	// If the range asks for a search, chats listed for days before the range
	// come as well, and a Searched before the first Window in which a chat came
	// (or, without any, before the last).
	Read(ctx context.Context, rg Range) iter.Seq2[Step, error]

	// Sample yields a Plan, then chats, new ones first, until the caller has
	// seen enough, with as few requests as that takes.
	Sample(ctx context.Context, rg Range) iter.Seq2[Step, error]

	// Count is how many chats are listed for a span, for one request: of whole
	// days where the service knows no others.
	Count(ctx context.Context, from, to time.Time) (Count, error)

	// Cost is how many requests reading so many chats takes, at most.
	Cost(chats int) int

	// Chats yields those of the chats that the service knows, in any order, ended or
	// not. An id that it does not yield was asked for and not found.
	Chats(ctx context.Context, ids []string) iter.Seq2[*Chat, error]
}

// Lists is where reference data and reports come from.
type Lists interface {
	// List yields the rows of a stream; of a report those of the range. The
	// error is ErrNotServed if the API has no such list, and wraps ErrDenied if
	// the credentials may not read it. No row has come then.
	List(ctx context.Context, stream string, rg Range) iter.Seq2[*Row, error]
}

var (
	// ErrNotServed says that an API has no such list.
	ErrNotServed = errors.New("this API has no such list")
	// ErrDenied says that the credentials may not read a list.
	ErrDenied = errors.New("the credentials may not read it")
	// ErrBudget says that the requests which the user allows are used up.
	ErrBudget = errors.New("the number of requests allowed by max_requests is used up")
)

// Range says what to read.
type Range struct {
	// From and To are instants; chats that ended in [From, To) are wanted. The
	// service filters by days, or by the start, so others come as well.
	From, To time.Time
	// Now is when the run began, by the clock of this machine.
	Now time.Time
	// Open says that To is Now, and that what ends after it is as welcome: if the
	// clock of the service is ahead, the reading goes on to its now.
	Open bool
	// Search says that the days before From are to be searched for chats that
	// began there and had not ended at From.
	Search bool
	// Zone is the time zone of the days of a report; UTC if nil.
	Zone *time.Location
}

// Step is what reading yields: exactly one of its fields is set.
type Step struct {
	Plan     *Plan
	Chat     *Chat
	Searched *Searched
	Window   *Window
}

// Count is how many chats a span has.
type Count struct {
	Chats  int  // as the service states
	Capped bool // there may be more: the service states no larger number
	Judged bool // the service states none: judged by how close the chats of a page are
}

// Plan is what the first answer says about the work ahead.
type Plan struct {
	Chats    int  // in all of the range's days, as the service states
	Capped   bool // there may be more: the service states no larger number
	Requests int  // what reading them costs, at most
	// Ahead is how far the clock of the service is ahead of ours; negative if it
	// is behind, 0 if the service does not say or cannot be believed.
	Ahead time.Duration
}

// Searched says that the days before the range have been searched, as far back
// as it takes.
type Searched struct {
	From, To time.Time // the days searched; To is exclusive. Equal if it took none
	Chats    int       // that came
	Settled  bool      // everything listed there came
}

// Window is a stretch of days that was read to its end.
type Window struct {
	From, To time.Time // whole days (v3: instants), UTC; To is exclusive
	Chats    int       // distinct chats that came
	Total    int       // what the service says it holds; -1 if that is not known
	Passes   int       // how often it was read; 1 is the ordinary case
	Settled  bool      // everything the service lists for it came
	// Estimate says that the total is not exact: fewer came, and all that could
	// be done to find more was done, for several windows.
	Estimate bool
}

// MaxChat is the most that is read of one chat, in bytes of the answer.
const MaxChat = 32 << 20

// Chat is one chat (v3.6: one thread) of the archive.
type Chat struct {
	ID      string
	Started time.Time // UTC; zero if unknown
	Ended   time.Time // UTC; zero if unknown, or pending. Never after the answer by more than ten minutes, never before Started
	Pending bool      // not ended yet
	// Guessed says that nothing states the end: Ended stands for it, and it may have
	// ended later.
	Guessed bool
	// TooLarge says that the chat is too large to be read: there is no more of it
	// than its id.
	TooLarge bool

	// From and To are the days it was listed for, To exclusive; zero if it was
	// asked for by its id.
	From, To time.Time

	// Brief says that it is only known to be active. It comes again in the same
	// reading, as it is listed or as well as it is known.
	Brief bool

	// Doc is the chat in the form of schemas/chats.json, with messages and events
	// as lists of what their schemas say, and times of kind jsondoc.Time. It is
	// valid while it is rendered.
	Doc      jsondoc.Value
	Received time.Time // when the answer came, UTC, by our clock
	Notes    []Note    // what was read as best it could be
	Out      Rendered
}

// Row is one row of a list.
type Row struct {
	Stream string
	// Day is the day of a report's row, midnight in the zone, if the rows come in
	// the order of days: then all those of earlier days have come. Zero if not.
	Day      time.Time
	Doc      jsondoc.Value // in the form of the stream's schema; valid while it is rendered
	Received time.Time
	Notes    []Note
	Out      Rendered
}

// Note is something about a chat or row that the user should hear of; equal
// ones are counted.
type Note struct {
	Field string // events.date
	Why   string // its time zone is missing or unknown
}

// Rendered is what became of a chat or row. It is valid as long as that is.
type Rendered struct {
	Text   []byte // RECORD messages, whole lines, stream after stream
	Parts  []Part // the streams in Text, in order
	Packed bool   // each part of Text is packed, as much text is; see record.Unpack
	Notes  []Note
	Err    error // a value that must not be written; nothing of the chat may be
}

// Part is the records of one stream.
type Part struct {
	Stream string
	End    int // where they end in Text; they begin where the part before ends
	Count  int // how many they are
}

// Renderer makes records. It is called by the goroutines that read answers,
// while Doc is valid; it is safe for concurrent use. Text is appended to dst,
// which is returned grown; Out.Text is set by the caller, since dst may move.
type Renderer interface {
	Chat(dst []byte, c *Chat) []byte
	Row(dst []byte, r *Row) []byte
}

// Usage is what was asked of the service so far.
type Usage struct {
	Requests int
	Retries  int    // how many of the requests repeated an earlier one
	Region   string // the data centre that answered; empty if none was named
}
