package sandbox

import (
	"encoding/json"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"

	"tap-livechat/tap/sandbox/account"
)

// The Reports API v3.6. Whatever a chat can tell is computed from the chats, by the
// day on which each began, in whole seconds; messages left while nobody was there
// are no chats. Only what no chat can tell is made up: who left the queue, how
// long agents were there, and greetings that nobody answered.

// reportArguments are the same for all.
type reportArguments struct {
	Distribution string `json:"distribution"`
	Timezone     string `json:"timezone"`
	Page         *int   `json:"page"`
	Filters      *struct {
		From   *string      `json:"from"`
		To     *string      `json:"to"`
		Agents *valueFilter `json:"agents"`
		Tags   *valueFilter `json:"tags"`
		Groups *struct {
			Values []int `json:"values"`
		} `json:"groups"`
	} `json:"filters"`
}

// inquiry is what is asked for, and the chats that are in it.
type inquiry struct {
	s            *Server
	args         reportArguments
	from, to     time.Time // [from, to), in the zone of the report
	layout       string    // of a bucket
	buckets      []string
	threads      []*reported
	page         int
	distribution string
}

// reported is a chat, and where it counts.
type reported struct {
	account.Thread
	bucket string
}

// reports are those that there are: what they are called and how they come about.
var reports = map[string]func(r *inquiry) object{
	"chats/total_chats":          totalChats,
	"chats/duration":             durations,
	"chats/ratings":              ratings,
	"chats/ranking":              ranking,
	"chats/engagement":           engagement,
	"chats/response_time":        responseTime,
	"chats/first_response_time":  firstResponseTime,
	"chats/tags":                 tagsOfChats,
	"chats/groups":               groupsOfChats,
	"chats/greetings_conversion": greetingsConversion,
	"chats/queued_visitors":      queuedVisitors,
	"chats/queued_visitors_left": queuedVisitorsLeft,
	"chats/forms":                formsOfChats,
	"tags/chat_usage":            chatUsage,
	"agents/availability":        availability,
	"agents/performance":         performance,
	"customers/unique_visitors":  uniqueVisitors,
}

// reportCall is the call of a report.
func reportCall(path string) (call, bool) {
	make, ok := reports[path]
	return call{[]string{"reports_read"}, func(s *Server, q asked) answer {
		r, wrong := s.inquire(q)
		if wrong != nil {
			return *wrong
		}
		_, name, _ := strings.Cut(path, "/")
		a := make(r)
		a["name"] = name
		a["request"] = json.RawMessage(q.body)
		return jsonAnswer(a)
	}}, ok
}

// inquire reads the arguments, and the chats.
func (s *Server) inquire(q asked) (*inquiry, *answer) {
	r := &inquiry{s: s, page: 1}
	if wrong := s.ask(q, &r.args); wrong != nil {
		return nil, wrong
	}
	layouts := map[string]string{"": time.DateOnly, "day": time.DateOnly, "month": "2006-01", "year": "2006", "hour": "2006-01-02 15"}
	layout, ok := layouts[r.args.Distribution]
	if !ok {
		return nil, s.invalid("`distribution` must be hour, day, month or year here")
	}
	if r.args.Page != nil {
		if r.page = *r.args.Page; r.page < 1 {
			return nil, s.invalid("`page` must be 1 or more")
		}
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	now := s.account.Now()
	r.layout, r.distribution = layout, r.args.Distribution
	r.to = time.Unix(now, 0).UTC()
	r.from = r.to.AddDate(0, 0, -7)
	if f := r.args.Filters; f != nil {
		if f.From == nil || f.To == nil {
			return nil, s.invalid("`filters` must hold exactly one pair of from and to")
		}
		var errs [2]error
		r.from, errs[0] = time.Parse(time.RFC3339Nano, *f.From)
		r.to, errs[1] = time.Parse(time.RFC3339Nano, *f.To)
		for _, err := range errs {
			if err != nil {
				return nil, s.invalid("`filters.from` and `filters.to` must be times as in RFC 3339: %v", err)
			}
		}
		for _, v := range []*valueFilter{f.Agents, f.Tags} {
			if err := v.check(); err != nil {
				return nil, s.invalid("%v", err)
			}
		}
	}
	if r.from.After(r.to) {
		return nil, s.invalid("`filters.from` is after `filters.to`")
	}
	r.to = r.to.Add(time.Microsecond) // it is included
	zone := r.from.Location()
	if r.args.Timezone != "" {
		var err error
		if zone, err = account.LoadZone(r.args.Timezone); err != nil {
			return nil, s.invalid("`timezone` %q is not in the database", r.args.Timezone)
		}
	}
	r.from, r.to = r.from.In(zone), r.to.In(zone)
	r.bucketsOf()
	r.threadsOf(now)
	return r, nil
}

// bucketsOf makes the buckets, each once, in order.
func (r *inquiry) bucketsOf() {
	y, m, d := r.from.Date()
	step := func(n int) time.Time {
		if r.distribution == "hour" {
			return r.from.Add(time.Duration(n) * time.Hour)
		}
		return time.Date(y, m, d+n, 12, 0, 0, 0, r.from.Location()) // every day has a noon
	}
	last := r.to.Add(-time.Microsecond).Format(r.layout)
	for n := 0; ; n++ {
		b := step(n).Format(r.layout)
		if b > last {
			return
		}
		if len(r.buckets) == 0 || r.buckets[len(r.buckets)-1] != b {
			r.buckets = append(r.buckets, b)
		}
	}
}

// threadsOf makes the chats that count, in the order in which they began. The
// caller has the account's lock.
func (r *inquiry) threadsOf(now int64) {
	a := r.s.account
	from, to := r.from.UnixMicro(), r.to.UnixMicro()
	all := append([]int32{}, a.Between(account.Start, r.from.Unix(), r.to.Unix()+1)...)
	for _, no := range append(all, a.Open(now)...) {
		ref := a.Ref(int(no))
		if created := a.Created(ref); ref.Missed() || created < from || created >= to {
			continue
		}
		t := &reported{bucket: time.Unix(ref.Start, 0).In(r.from.Location()).Format(r.layout)}
		a.MakeThread(&t.Thread, a.Thread(ref.No), now)
		if f := r.args.Filters; f != nil {
			if f.Groups != nil && !containsInt(f.Groups.Values, t.Group) || !f.Tags.match(t.Tags) || !f.Agents.match(t.agents()) {
				continue
			}
		}
		r.threads = append(r.threads, t)
	}
}

func containsInt(all []int, n int) bool {
	for _, x := range all {
		if x == n {
			return true
		}
	}
	return false
}

// agents are the e-mails of those who took part.
func (t *reported) agents() (all []string) {
	seen := map[string]bool{"": true}
	for _, p := range t.Agents {
		if !seen[p.Email] {
			seen[p.Email] = true
			all = append(all, p.Email)
		}
	}
	return all
}

// records are the buckets, each as row makes it of the chats that are in it. One
// without chats, which is not among also, is {}, unless the switch wants it otherwise.
func (r *inquiry) records(also map[string]bool, row func(bucket string, threads []*reported) object) object {
	in := map[string][]*reported{}
	for _, t := range r.threads {
		in[t.bucket] = append(in[t.bucket], t)
	}
	all := object{}
	for _, b := range r.buckets {
		switch {
		case len(in[b]) > 0 || also[b] || r.s.opt.V3.EmptyBucket == "zeros":
			all[b] = row(b, in[b])
		case r.s.opt.V3.EmptyBucket == "braces":
			all[b] = object{}
		}
	}
	return all
}

// mean is null where there is nothing to take it of.
func mean(sum int64, n int) any {
	if n == 0 {
		return nil
	}
	return float64(sum) / float64(n)
}

// queryAsBody makes arguments of a query string: filters.from=… and so on.
func queryAsBody(values url.Values) []byte {
	args := object{}
	for name, given := range values {
		at := args
		parts := strings.Split(name, ".")
		for _, part := range parts[:len(parts)-1] {
			inner, ok := at[part].(object)
			if !ok {
				inner = object{}
				at[part] = inner
			}
			at = inner
		}
		last := parts[len(parts)-1]
		switch {
		case last == "page":
			at[last], _ = strconv.Atoi(given[0])
		case last == "exists" || last == "require_every_value":
			at[last] = given[0] == "true"
		case strings.HasSuffix(last, "values"):
			list := strings.Split(given[0], ",")
			if strings.Contains(name, "groups") {
				var numbers []int
				for _, text := range list {
					n, _ := strconv.Atoi(text)
					numbers = append(numbers, n)
				}
				at[last] = numbers
			} else {
				at[last] = list
			}
		default:
			at[last] = given[0]
		}
	}
	body, err := json.Marshal(args)
	if err != nil {
		panic(fmt.Sprint(err)) // there is nothing in it that could fail
	}
	return body
}
