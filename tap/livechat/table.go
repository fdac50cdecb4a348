package livechat

// List describes a list of reference data, or a report: the call, and how its answers
// become rows. A new list is an entry in a table of package apiv2 or apiv3, without
// code.
//
// A member of a row becomes the column of the same name, unless a field below says
// otherwise.
type List struct {
	Stream  string
	Version string // of the API
	Call    string // "POST /v3.6/…"; a name in braces stands for that member of ForEach's row
	Args    string // members of the body, as JSON: `"all": true`

	// Rows is the path from an answer to its rows. Its steps are separated by slashes:
	// a member; [] for each element; {column} for each member, with its name in a
	// column; column=member for a member that becomes a column; column= for the whole
	// value as a column. Empty: the answer is the row.
	Rows string

	Cursor  string // the member with the next page's cursor; the next request has only page_id
	Pages   string // the path to the number of pages; requests have page
	Count   string // the path to the number of rows on all pages
	ForEach *List  // the list is requested once for each row of this other list
	Days    Days   // how a report is requested

	NeverEmpty bool     // every account has a row
	Numbers    []string // of a report with several rows a day: the columns that are 0 in a row that has gone

	FromParent   map[string]string    // members of ForEach's row that become columns; the row's own members win
	Rename       map[string]string    // new names of members; "" leaves a member out
	Flatten      []string             // objects whose members become columns: queue.url becomes queue_url
	MapToList    map[string][2]string // objects with data as names: they become a list of objects with these two members
	Seconds      []string             // columns with Unix seconds
	URLs         []string             // columns with URLs that may lack a scheme
	LocalTimes   []string             // columns with times that may lack a zone; they are in the report's zone
	Date         string               // the column of Seconds or LocalTimes whose day is the date of the row
	DefaultZero  []string             // columns that are 0 if the row lacks them
	DefaultEmpty []string             // columns that are "" if the row lacks them: parts of the key, which is never null
	ID           []string             // members whose values form the column id
}

// Days says how a report is requested. Each row of a report has the columns date and
// timezone.
type Days byte

// The values of Days.
const (
	NoDays Days = iota // not a report
	BySpan             // up to maxDays in one request; {date} in Rows is each day, present or not
	ByDay              // one request for each day
)

// maxDays is the longest span of one request.
const maxDays = 366
