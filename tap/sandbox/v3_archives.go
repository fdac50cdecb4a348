package sandbox

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"time"

	"tap-livechat/tap/sandbox/account"
)

// archiveFilters are those of list_archives. What is raw is known to the service,
// but not to this sandbox.
type archiveFilters struct {
	From       *string      `json:"from"`
	To         *string      `json:"to"`
	ThreadIDs  []string     `json:"thread_ids"`
	ChatIDs    []string     `json:"chat_ids"`
	GroupIDs   []int        `json:"group_ids"`
	CustomerID *string      `json:"customer_id"`
	Agents     *valueFilter `json:"agents"`
	Tags       *valueFilter `json:"tags"`

	Sales             json.RawMessage `json:"sales"`
	Goals             json.RawMessage `json:"goals"`
	CustomerCountries json.RawMessage `json:"customer_countries"`
	Properties        json.RawMessage `json:"properties"`
	EventTypes        json.RawMessage `json:"event_types"`
	AgentTypes        json.RawMessage `json:"agent_types"`
	Query             json.RawMessage `json:"query"`
	CustomerEmail     json.RawMessage `json:"customer_email"`
	Forms             json.RawMessage `json:"forms"`
	Greetings         json.RawMessage `json:"greetings"`
	AgentResponse     json.RawMessage `json:"agent_response"`
}

// valueFilter is about a list: that there is any, one of the values, or none.
type valueFilter struct {
	Exists            *bool    `json:"exists"`
	Values            []string `json:"values"`
	ExcludeValues     []string `json:"exclude_values"`
	RequireEveryValue bool     `json:"require_every_value"`
}

type archiveArguments struct {
	Filters    *archiveFilters `json:"filters"`
	SortOrder  *string         `json:"sort_order"`
	Limit      *int            `json:"limit"`
	PageID     *string         `json:"page_id"`
	Highlights json.RawMessage `json:"highlights"`
}

// v3Time is the form of from and to, six decimals included.
var v3Time = regexp.MustCompile(`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}(Z|[+-]\d\d:\d\d)$`)

func parseV3Time(name string, text *string, missing int64) (int64, error) {
	if text == nil {
		return missing, nil
	}
	t, err := time.Parse(time.RFC3339Nano, *text)
	if !v3Time.MatchString(*text) || err != nil {
		return 0, fmt.Errorf("`%s` must be a time with six decimals, YYYY-MM-DDTHH:MM:SS.ssssss+HH:MM", name)
	}
	return t.UnixMicro(), nil
}

// listArchives answers list_archives.
func (s *Server) listArchives(q asked) answer {
	var args archiveArguments
	if wrong := s.ask(q, &args); wrong != nil {
		return *wrong
	}
	if f := args.Filters; f != nil && f.ThreadIDs != nil {
		return s.theseThreads(&args, f.ThreadIDs)
	}
	c, ask, wrong := s.paging(pageArguments{args.PageID, args.SortOrder, args.Limit, args.Filters != nil || args.Highlights != nil}, "desc", 10)
	if wrong != nil {
		return *wrong
	}
	if s.opt.V3.Order == "newest" {
		c.desc = true
	}
	s.mu.RLock()
	if ask == nil {
		find, match, err := s.archiveFilter(args.Filters)
		if err != nil {
			s.mu.RUnlock()
			return *s.invalid("%v", err)
		}
		key, _ := json.Marshal(args.Filters)
		c.place = s.v3.questions.place(&question{key: "archives " + string(key), asked: s.account.Now(), find: find, match: match}, s.opt.V3.Chain == "frozen")
		ask = s.v3.questions.at(c.place)
	}
	now := s.account.Now()
	found := ask.answer(s.account, s.opt.V3.Chain == "frozen")
	if s.opt.Stale > 0 {
		found = s.staleThreads(found, s.view(q.number), ask)
	}
	p := cut(found, c, args.PageID == nil || s.opt.IgnorePage, s.opt.V3.Cap, s.opt.V3.Skip)
	total := s.misstateV3(&p, len(found), ask.key+" "+strconv.FormatInt(c.at, 10))
	threads := s.threads(p.threads)
	s.mu.RUnlock()

	if q.fault == "" {
		listed := make([]int32, len(threads))
		for i := range threads {
			listed[i] = int32(threads[i].No)
		}
		s.drift(listed)
	}
	return s.archivePage(threads, now, p, total)
}

// threads looks up what is on a page, in the order in which it is shown. The caller
// has the account's lock.
func (s *Server) threads(page []timed) []account.ThreadRef {
	all := make([]account.ThreadRef, len(page))
	for i, t := range page {
		all[i] = s.account.Thread(int(t.no))
	}
	return all
}

func (s *Server) archivePage(threads []account.ThreadRef, now int64, p slice, found int) answer {
	buffer := buffers.Get().(*[]byte)
	b := append((*buffer)[:0], `{"chats":[`...)
	for i := range threads {
		if i > 0 {
			b = append(b, ',')
		}
		b = s.writeListed(b, threads[i], now)
		if i == 0 && p.first && s.opt.Deep > 0 {
			b = s.deepen(b)
		}
		if p.first && s.opt.HugePage > 0 {
			b = longer(b, s.opt.HugePage<<20/len(threads))
		}
	}
	b = append(b, ']')
	if found, ok := s.opt.V3.found(found, s.opt.Seed); ok {
		b = append(b, `,"found_chats":`...)
		b = strconv.AppendInt(b, int64(found), 10)
	}
	b = append(appendPageIDs(b, p), '}')
	*buffer = b
	return answer{status: 200, header: jsonHeader, body: b, buffer: buffer}
}

func appendPageIDs(b []byte, p slice) []byte {
	for _, id := range [][2]string{{"next_page_id", p.next}, {"previous_page_id", p.previous}} {
		if id[1] != "" {
			b = append(b, `,"`+id[0]+`":"`+id[1]+`"`...)
		}
	}
	return b
}

// found is the number that is told of so many threads.
func (v *V3) found(n, seed int) (int, bool) {
	some := n/10 + 1
	switch v.Found {
	case "low":
		return max(n-some, 0), true
	case "high":
		return n + some, true
	case "estimate":
		r := account.Mix(uint64(seed), 'q', uint64(n))
		return max(n-some+r.N(2*some+1), 0), true
	case "absent":
		return 0, false
	}
	return n, true
}

// theseThreads answers list_archives for threads that are named.
func (s *Server) theseThreads(args *archiveArguments, ids []string) answer {
	f := *args.Filters
	f.ThreadIDs = nil
	if others, _ := json.Marshal(f); string(others) != emptyFilters || args.Limit != nil || args.PageID != nil || args.SortOrder != nil || args.Highlights != nil {
		return *s.invalid("`filters.thread_ids` cannot be combined with other filters or paging")
	}
	if len(ids) > 20 {
		return *s.invalid("`filters.thread_ids` holds %d ids, 20 are the most", len(ids))
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	now := s.account.Now()
	var threads []timed
	for _, id := range ids {
		if no, ok := s.account.Number(id); ok {
			ref := s.account.Ref(no)
			if t := (timed{s.account.Created(ref), int32(no)}); s.listed(ref) && !slices.Contains(threads, t) && (ref.End() <= now || !s.withholds("thread_ids "+id, true)) {
				threads = append(threads, t)
			}
		}
	}
	if s.opt.V3.IDsUnknown != "left_out" && len(threads) < len(ids) {
		return s.problemV3(s.opt.V3.IDsUnknown, "Thread not found", "")
	}
	slices.SortFunc(threads, func(x, y timed) int { return compareTimed(y, x) })
	return s.archivePage(s.threads(threads), now, slice{}, len(threads))
}

var emptyFilters = func() string {
	text, err := json.Marshal(archiveFilters{})
	if err != nil {
		panic(err)
	}
	return string(text)
}()

// listed says whether list_archives can have the thread.
func (s *Server) listed(ref account.Ref) bool {
	if !s.there(ref) || ref.End() <= s.account.Now() {
		return s.there(ref)
	}
	return s.opt.V3.Active == "listed"
}

// archiveFilter is what finds the threads of the filters.
func (s *Server) archiveFilter(f *archiveFilters) (find func(*account.Account) []account.Ref, match func(*account.Account, account.Ref) bool, err error) {
	if f == nil {
		f = &archiveFilters{}
	}
	const first, last = -1 << 53, 1 << 53
	from, err := parseV3Time("filters.from", f.From, first)
	if err != nil {
		return nil, nil, err
	}
	to, err := parseV3Time("filters.to", f.To, last)
	if err != nil {
		return nil, nil, err
	}
	for name, raw := range map[string]json.RawMessage{
		"sales": f.Sales, "goals": f.Goals, "customer_countries": f.CustomerCountries, "properties": f.Properties, "event_types": f.EventTypes,
		"agent_types": f.AgentTypes, "query": f.Query, "customer_email": f.CustomerEmail, "forms": f.Forms, "greetings": f.Greetings, "agent_response": f.AgentResponse,
	} {
		if raw != nil {
			return nil, nil, fmt.Errorf("this sandbox does not have `filters.%s`", name)
		}
	}
	switch {
	case from > to:
		return nil, nil, fmt.Errorf("`filters.from` is after `filters.to`")
	case len(f.ChatIDs) > 1000:
		return nil, nil, fmt.Errorf("`filters.chat_ids` holds %d ids, 1000 are the most", len(f.ChatIDs))
	case len(f.GroupIDs) > 200:
		return nil, nil, fmt.Errorf("`filters.group_ids` holds %d ids, 200 are the most", len(f.GroupIDs))
	}
	for _, v := range []*valueFilter{f.Agents, f.Tags} {
		if err := v.check(); err != nil {
			return nil, nil, err
		}
	}
	if s.opt.V3.From == "excluded" {
		from++
	}
	if s.opt.V3.To == "excluded" {
		to--
	}
	by, timeOf := account.Start, func(a *account.Account, ref account.Ref) int64 { return a.Created(ref) }
	if s.opt.V3.Dates == "ended" {
		by, timeOf = account.End, func(a *account.Account, ref account.Ref) int64 { return min(ref.End(), a.Now()) * 1e6 }
	}
	match = func(a *account.Account, ref account.Ref) bool {
		t := timeOf(a, ref)
		return from <= t && t <= to && f.match(a, ref)
	}
	find = func(a *account.Account) (all []account.Ref) {
		candidates := slices.Clone(a.Between(by, floorSecond(from), floorSecond(to)+1))
		for _, no := range append(candidates, a.Open(a.Now())...) {
			if ref := a.Ref(int(no)); s.listed(ref) && match(a, ref) {
				all = append(all, ref)
			}
		}
		return all
	}
	return find, match, nil
}

func floorSecond(micro int64) int64 { return time.UnixMicro(micro).Unix() }

// check says what is wrong with a filter of values.
func (v *valueFilter) check() error {
	if v == nil {
		return nil
	}
	n := 0
	for _, given := range []bool{v.Exists != nil, v.Values != nil, v.ExcludeValues != nil} {
		if given {
			n++
		}
	}
	if n != 1 {
		return fmt.Errorf("a filter has one of `exists`, `values` and `exclude_values`")
	}
	return nil
}

func (v *valueFilter) match(values []string) bool {
	if v == nil {
		return true
	}
	if v.Exists != nil {
		return *v.Exists == (len(values) > 0)
	}
	hits := 0
	for _, wanted := range append(v.Values, v.ExcludeValues...) {
		if slices.Contains(values, wanted) {
			hits++
		}
	}
	switch {
	case v.ExcludeValues != nil:
		return hits == 0
	case v.RequireEveryValue:
		return hits == len(v.Values)
	}
	return hits > 0
}

// match holds a thread against the filters that have nothing to do with time.
func (f *archiveFilters) match(a *account.Account, ref account.Ref) bool {
	if f.ChatIDs != nil && !slices.ContainsFunc(f.ChatIDs, func(id string) bool {
		root, ok := a.Beginning(id)
		return ok && root == ref.Root
	}) {
		return false
	}
	if f.CustomerID != nil {
		if root, ok := a.Customer(*f.CustomerID); !ok || root != ref.Root {
			return false
		}
	}
	if f.GroupIDs == nil && f.Agents == nil && f.Tags == nil {
		return true
	}
	var c account.Chat
	a.Make(&c, ref, a.Now())
	var agents []string
	for _, agent := range c.Agents {
		if agent.Email != "" {
			agents = append(agents, agent.Email)
		}
	}
	return (f.GroupIDs == nil || slices.Contains(f.GroupIDs, c.Group)) && f.Agents.match(agents) && f.Tags.match(c.Tags)
}
