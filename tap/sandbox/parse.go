package sandbox

import (
	"errors"
	"fmt"
	"math"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"tap-livechat/tap/sandbox/account"
)

// option is one row of the table of switches.
type option struct {
	name, alias string
	kind        kind
	meaning     string
}

// kind is how one field of Options is read, shown and checked. want is what
// a message says is allowed.
type kind struct {
	want string
	read func(o *Options, value string) error
	show func(o *Options) string
}

// errValue stands for "not what kind.want says"; the caller words the message.
var errValue = errors.New("not allowed")

func whole(field func(*Options) *int, lo, hi int) kind {
	want := fmt.Sprintf("a whole number from %d to %d", lo, hi)
	if hi == math.MaxInt32 {
		want = fmt.Sprintf("a whole number from %d", lo)
	}
	return kind{want,
		func(o *Options, v string) error {
			n, err := strconv.Atoi(v)
			if err != nil || n < lo || n > hi {
				return errValue
			}
			*field(o) = n
			return nil
		},
		func(o *Options) string { return strconv.Itoa(*field(o)) }}
}

func share(field func(*Options) *float64) kind {
	return kind{"a share from 0 to 1",
		func(o *Options, v string) error {
			f, err := strconv.ParseFloat(v, 64)
			if err != nil || !(f >= 0 && f <= 1) {
				return errValue
			}
			*field(o) = f
			return nil
		},
		func(o *Options) string { return strconv.FormatFloat(*field(o), 'g', -1, 64) }}
}

func yesNo(field func(*Options) *bool) kind {
	return kind{"true or false",
		func(o *Options, v string) error {
			b, err := strconv.ParseBool(v)
			if err != nil {
				return errValue
			}
			*field(o) = b
			return nil
		},
		func(o *Options) string { return strconv.FormatBool(*field(o)) }}
}

func oneOf(field func(*Options) *string, choices ...string) kind {
	return kind{"one of " + strings.Join(choices, ", "),
		func(o *Options, v string) error {
			if !slices.Contains(choices, v) {
				return errValue
			}
			*field(o) = v
			return nil
		},
		func(o *Options) string { return *field(o) }}
}

// someOf reads names separated by commas, or nothing.
func someOf(field func(*Options) *string, choices ...string) kind {
	return kind{"some of " + strings.Join(choices, ", ") + ", separated by commas",
		func(o *Options, v string) error {
			for name := range strings.SplitSeq(v, ",") {
				if v != "" && !slices.Contains(choices, name) {
					return errValue
				}
			}
			*field(o) = v
			return nil
		},
		func(o *Options) string { return *field(o) }}
}

func text(field func(*Options) *string) kind {
	return kind{"any text",
		func(o *Options, v string) error { *field(o) = v; return nil },
		func(o *Options) string { return *field(o) }}
}

func zoneName(field func(*Options) *string) kind {
	return kind{"the name of a zone in the tz database",
		func(o *Options, v string) error {
			if _, err := account.LoadZone(v); err != nil {
				return errValue
			}
			*field(o) = v
			return nil
		},
		func(o *Options) string { return *field(o) }}
}

// offset is a span that may be negative.
func offset(field func(*Options) *time.Duration) kind {
	return kind{"seconds, or a duration like 90s, -5m",
		func(o *Options, v string) error {
			d, err := time.ParseDuration(v)
			if err != nil {
				d, err = time.ParseDuration(v + "s")
			}
			if err != nil {
				return errValue
			}
			*field(o) = d
			return nil
		},
		func(o *Options) string { return field(o).String() }}
}

// positive reads a number that may be above 1.
func positive(field func(*Options) *float64) kind {
	return kind{"a number from 0 to 1000",
		func(o *Options, v string) error {
			f, err := strconv.ParseFloat(v, 64)
			if err != nil || !(f >= 0 && f <= 1000) {
				return errValue
			}
			*field(o) = f
			return nil
		},
		func(o *Options) string { return strconv.FormatFloat(*field(o), 'g', -1, 64) }}
}

// span reads 100ms or 2m; a bare number is seconds.
func span(field func(*Options) *time.Duration) kind {
	return kind{"seconds, or a duration like 100ms, 5m",
		func(o *Options, v string) error {
			d, err := time.ParseDuration(v)
			if err != nil {
				d, err = time.ParseDuration(v + "s")
			}
			if err != nil || d < 0 {
				return errValue
			}
			*field(o) = d
			return nil
		},
		func(o *Options) string { return field(o).String() }}
}

func at(field func(*Options) *time.Time) kind {
	return moment("a time as in RFC 3339, or nothing", time.RFC3339, time.RFC3339Nano, field)
}

func date(field func(*Options) *time.Time) kind {
	return moment("a date like 2026-08-01, or nothing", time.DateOnly, time.DateOnly, field)
}

func moment(want, read, show string, field func(*Options) *time.Time) kind {
	return kind{want,
		func(o *Options, v string) error {
			if v == "" {
				*field(o) = time.Time{}
				return nil
			}
			t, err := time.Parse(read, v)
			if err != nil {
				return errValue
			}
			*field(o) = t
			return nil
		},
		func(o *Options) string {
			if field(o).IsZero() {
				return ""
			}
			return field(o).Format(show)
		}}
}

// Parse reads switches written as the query of a URL, such as
// "chats=5000&days=90&order=oldest", over the values of [Default]. A leading
// "sandbox:" and "?" are taken, so the api_url of a config can be handed over
// as it is. The error lists everything that is wrong, one line each, with the
// switch, the value given and what is allowed.
func Parse(query string) (Options, error) {
	o := Default()
	query = strings.TrimPrefix(strings.TrimSpace(query), "sandbox:")
	query = strings.TrimPrefix(strings.TrimPrefix(query, "//"), "?")
	values, err := url.ParseQuery(query)
	var problems []string
	if err != nil {
		problems = append(problems, fmt.Sprintf("%q cannot be read as name=value&name=value: %v", query, err))
	}
	names := make([]string, 0, len(values))
	for name := range values {
		names = append(names, name)
	}
	slices.Sort(names)
	seen := map[string]string{}
	for _, name := range names {
		given := values[name]
		i := slices.IndexFunc(switches, func(s option) bool {
			return s.name == name || s.alias != "" && s.alias == name
		})
		if i < 0 {
			problems = append(problems, fmt.Sprintf("%s=%s: no such switch%s", name, given[0], nearest(name)))
			continue
		}
		s := switches[i]
		if before, twice := seen[s.name]; twice || len(given) > 1 {
			if before == "" {
				before = name
			}
			problems = append(problems, fmt.Sprintf("%s: given more than once (also as %s)", name, before))
			continue
		}
		seen[s.name] = name
		if s.kind.read(&o, given[0]) != nil {
			problems = append(problems, fmt.Sprintf("%s=%s: want %s", name, given[0], s.kind.want))
		}
	}
	problems = append(problems, o.disagreements()...)
	return o, report(problems)
}

// check says what is wrong with options that did not come from Parse.
func (o Options) check() error {
	var problems []string
	for _, s := range switches {
		value := s.kind.show(&o)
		if s.kind.read(&o, value) != nil {
			problems = append(problems, fmt.Sprintf("%s=%s: want %s", s.name, value, s.kind.want))
		}
	}
	return report(append(problems, o.disagreements()...))
}

// mostChats is how many chats there can be since a day.
const mostChats = 5_000_000

func (o Options) until() time.Time {
	if o.Now.IsZero() {
		return time.Now()
	}
	return o.Now
}

// disagreements are the rules that need more than one switch.
func (o Options) disagreements() (problems []string) {
	var sum float64
	for _, r := range rates(&o) {
		sum += r.share
	}
	if sum > 1+1e-9 {
		problems = append(problems, fmt.Sprintf("the shares rate_… add up to %.3g: want at most 1, one request has one fault", sum))
	}
	if !o.Since.IsZero() && o.until().Sub(o.Since).Hours()/24*float64(o.Chats)/float64(o.Days) > mostChats {
		problems = append(problems, fmt.Sprintf("since=%s: want a later day, or fewer chats: at most %d", o.Since.Format(time.DateOnly), mostChats))
	}
	if o.Status != 0 && o.Status < 400 {
		problems = append(problems, fmt.Sprintf("status=%d: want 0, or a status from 400 to 599", o.Status))
	}
	if u, err := url.Parse(o.Redirect); o.Redirect != "" && (err != nil || u.Host == "") {
		problems = append(problems, fmt.Sprintf("redirect=%s: want a whole URL with a host", o.Redirect))
	}
	return problems
}

func report(problems []string) error {
	if len(problems) == 0 {
		return nil
	}
	return errors.New("sandbox: " + strings.Join(problems, "\nsandbox: "))
}

// nearest suggests the switch that a mistyped name was meant to be.
func nearest(name string) string {
	best, least := "", 3
	for _, s := range switches {
		if d := distance(name, s.name); d < least {
			best, least = s.name, d
		}
	}
	if best == "" {
		return "; all of them are in the table of switches"
	}
	return "; did you mean " + best + "?"
}

// distance is the number of letters to add, drop or change.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost++
			}
			diagonal = row[j+1]
			row[j+1] = min(cost, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
