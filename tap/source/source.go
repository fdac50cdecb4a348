// Package source is the interface between a run and LiveChat's APIs: what a run
// requests from an API, and what an API guarantees in return. It has no logic.
//
// Packages above it know no page, cursor or time zone of a query. Packages below
// it know no setting and no bookmark. Times are instants; a day is a day in UTC.
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

// Archive reads chats.
//
// Its errors are final: requests that can succeed later have been retried. Each
// error names the request and, by a method Hint() string, what the user can do. An
// error ends the sequence. The end of the context is an error, too. A yielded value
// is valid until the next step.
type Archive interface {
	// Read yields a Plan, then chats, and a Window when all chats of that window
	// have been yielded. Windows may interleave, and chats come in any order.
	// Within a window each chat is yielded once, or again if its content changed.
	// The windows cover the days of the range without gaps.
	Read(ctx context.Context, rg Range) iter.Seq2[Step, error]

	// Sample yields a Plan, then chats, newest first, until the caller stops. It
	// makes a request only when the chats of the last one have been yielded.
	Sample(ctx context.Context, rg Range) iter.Seq2[Step, error]

	// Count returns how many chats are listed for a span. It makes one request. An
	// API that filters by days counts whole days.
	Count(ctx context.Context, from, to time.Time) (Count, error)

	// Cost returns the maximum number of requests that reading that many chats takes.
	Cost(chats int) int

	// Active yields the chats that are active now, by their ids. The run requests
	// them only if its state has lost its open chats. The error is ErrNotServed if
	// the API cannot list them. It wraps a *ListError if they cannot be listed here.
	Active(ctx context.Context) iter.Seq2[Active, error]

	// Chats yields the chats with these ids that the service finds, in any order,
	// ended or not. An id that is not yielded was requested and not found.
	Chats(ctx context.Context, ids []string) iter.Seq2[*Chat, error]
}

// Lists reads reference data and reports.
type Lists interface {
	// List yields the rows of a stream; for a report, the rows of the range. A list
	// is whole if there is no error. The error is ErrNotServed if the API has no such
	// list. It wraps a *ListError if only this list cannot be read.
	List(ctx context.Context, stream string, rg Range) iter.Seq2[*Row, error]

	// ListCost returns the number of requests that List makes for each range. It makes
	// requests only for a list whose length is known to the service alone: for reports
	// of each range, for other lists once. A response without rows, which List requests
	// once more, is expected for one day in twenty of a report. The errors are those of
	// List.
	ListCost(ctx context.Context, stream string, ranges ...Range) ([]int, error)
}

var (
	// ErrNotServed: the API has no such list.
	ErrNotServed = errors.New("this API has no such list")
	// ErrBudget: the number of requests allowed by max_requests is used up.
	ErrBudget = errors.New("the number of requests allowed by max_requests is used up")
)

// ListError is the error of a list that cannot be read, while others may be.
type ListError struct {
	Reason string // in a few words: 404 Not Found
	Denied bool   // the credentials lack the permission
	Unsure bool   // Denied is what a status may mean: the credentials may have expired
	Ours   bool   // the service rejects the request as invalid: a fault of the program
	Err    error
}

func (e *ListError) Error() string { return e.Err.Error() }
func (e *ListError) Unwrap() error { return e.Err }

// Range says what to read.
type Range struct {
	// From and To are instants: what LiveChat lists for [From, To) is to be read,
	// whatever a chat's own times say. An API that filters by days reads whole days,
	// UTC: From is rounded down and To is rounded up. For a report they are dates: the
	// midnights in UTC of its first day and of the day after its last.
	From, To time.Time
	// Now is when the run started, by the clock of this machine.
	Now time.Time
	// Open means that To is Now and is not a limit: if the clock of the service is
	// ahead, reading continues to the service's current time.
	Open bool
	// Zone is the time zone of a report's days; UTC if nil.
	Zone *time.Location
	// Keys are the keys of a report's rows that earlier runs have delivered, by date as
	// YYYY-MM-DD. A row that the service no longer lists is yielded with zeros.
	Keys map[string][]string
}

// Step is one step of a reading. Exactly one of its fields is set.
type Step struct {
	Plan   *Plan
	Chat   *Chat
	Window *Window
}

// Active is a chat that has not ended.
type Active struct {
	ID    string
	Since time.Time // when it began, UTC; zero if unknown
}

// Count is the number of chats in a span.
type Count struct {
	Chats  int  // as reported by the service
	Capped bool // there may be more: the service reports no larger number
	Judged bool // the service reports none: estimated from the times of one page
}

// Plan is the amount of work, as far as the first response tells.
type Plan struct {
	Chats    int  // in all days of the range, as reported by the service
	Capped   bool // there may be more: the service reports no larger number
	Requests int  // the maximum number of requests that reading them takes
	// Ahead is how far the clock of the service is ahead of this machine's;
	// negative if it is behind; 0 if the service's clock is not known.
	Ahead time.Duration
}

// Window is a span that has been read to its end.
type Window struct {
	From, To time.Time // UTC, To is exclusive; v2: whole days
	Chats    int       // distinct chats that were yielded
	Total    int       // how many chats LiveChat states; -1 if it states none
	Reads    int       // how often it was read; usually 1
	Complete bool      // every chat that LiveChat lists for it was yielded
	// Moving means that the list changed while it was read, and that the window
	// lies within the days that the next run reads again. Such a window is Complete.
	Moving bool
	// Cause says why the window is not complete, as a clause for a log line. It is
	// empty if fewer chats came than LiveChat states.
	Cause string
}

// MaxChat is the maximum size of one chat, in bytes of the response.
const MaxChat = 32 << 20

// Chat is one chat (v3.6: one thread) of the archive.
type Chat struct {
	ID      string
	Started time.Time // UTC; zero if unknown
	Ended   time.Time // UTC; zero if unknown or pending. At most two days after the response; never before Started
	Pending bool      // it has not ended yet
	// TooLarge means that the chat is longer than MaxChat. Only its id is known.
	TooLarge bool
	// NoID says that the entry lacks the id of what it lists (v3.6: it has no thread):
	// there is no more of it than the id of the chat that it belongs to, which ID is.
	NoID bool

	// From and To are the window in which it was listed, To exclusive; zero if it was
	// requested by id.
	From, To time.Time

	// Doc is the chat in the form of schemas/chats.json, with messages and events as
	// lists in the form of their schemas, and times of kind jsondoc.Time. It is valid
	// until the Renderer returns.
	Doc      jsondoc.Value
	Received time.Time // when the response arrived, UTC, by this machine's clock
	Warnings []Warning // what was read as best it could be
	Out      Rendered
}

// Row is one row of a list.
type Row struct {
	Stream string
	// Day is the date of a report's row, its midnight in UTC, if rows are ordered by
	// day: all rows of earlier days have been yielded then. Zero if not ordered.
	Day time.Time
	// Key is what tells a row of a report from the others of its day; empty if there
	// are none, and if the row is one of zeros.
	Key      string
	Doc      jsondoc.Value // in the form of the stream's schema; valid until the Renderer returns
	Received time.Time
	Warnings []Warning
	Out      Rendered
}

// Warning is something that the user should know about a chat or row. Equal
// warnings are counted and logged once.
type Warning struct {
	Field string // such as events.date
	Why   string // the reason, such as: its time zone is missing or unknown
}

// Rendered is the result of rendering a chat or row. It is valid as long as that is.
type Rendered struct {
	Text     []byte // records: JSON objects, one a line, stream after stream
	Parts    []Part // the streams in Text, in order
	Warnings []Warning
	Err      error // a value that must not be written; then no record of the chat may be written
}

// Part is the span of one stream's records in Rendered.Text.
type Part struct {
	Stream string
	End    int // end offset in Text; a part begins where the part before it ends
	Count  int // number of records
}

// Renderer renders records. It is called by the goroutines that read responses,
// while Doc is valid, and is safe for concurrent use. It appends the text to dst and
// returns the extended slice. The caller sets Out.Text, since dst may move.
type Renderer interface {
	Chat(dst []byte, c *Chat) []byte
	Row(dst []byte, r *Row) []byte
}

// Usage counts the requests made so far.
type Usage struct {
	Requests int
	Retries  int    // requests that repeated an earlier one
	Region   string // the data centre that answered; empty if none was named
}
