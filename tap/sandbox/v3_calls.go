package sandbox

import (
	"encoding/json"
	"strconv"

	"tap-livechat/tap/sandbox/account"
)

// pageArguments are what all lists with pages take.
type pageArguments struct {
	pageID    *string
	sortOrder *string
	limit     *int
	others    bool // there are arguments beside them
}

const mostOnPage = 100

// paging reads them. The question is nil for the first page; then the cursor lacks
// its place.
func (s *Server) paging(args pageArguments, order string, limit int) (c cursor, ask *question, wrong *answer) {
	if args.pageID == nil {
		if args.sortOrder != nil {
			order = *args.sortOrder
		}
		if args.limit != nil {
			limit = *args.limit
		}
		switch {
		case order != "asc" && order != "desc":
			return c, nil, s.invalid("`sort_order` must be asc or desc")
		case limit < 1 || limit > mostOnPage:
			return c, nil, s.invalid("`limit` must be from 1 to %d", mostOnPage)
		}
		return cursor{desc: order == "desc", limit: limit, no: -1}, nil, nil
	}
	if args.others || args.sortOrder != nil || args.limit != nil {
		return c, nil, s.invalid("`page_id` cannot be combined with filters, limit or sort_order")
	}
	c, ok := parseCursor(*args.pageID)
	if ok {
		ask = s.v3.questions.at(c.place)
	}
	if ask == nil {
		return c, nil, s.invalid("`page_id` is invalid")
	}
	const month = 31 * 24 * 3600
	s.mu.RLock()
	defer s.mu.RUnlock()
	if s.v3.questions.asked(ask)+month < s.account.Now() {
		return c, nil, s.invalid("`page_id` has expired")
	}
	return c, ask, nil
}

// there says whether a thread has begun, shows up and is still there.
func (s *Server) there(ref account.Ref) bool {
	now := s.account.Now()
	return !ref.Vanished() && ref.Start <= now && s.opt.shows(ref, now)
}

// ofChat are the threads of a customer's chat that are there, oldest first.
func (s *Server) ofChat(id string) (all []account.Ref) {
	no, ok := s.account.Beginning(id)
	if !ok {
		return nil
	}
	for ref := s.account.Ref(no); ok; ref, ok = s.account.After(ref) {
		if s.there(ref) {
			all = append(all, ref)
		}
	}
	return all
}

// getChat answers get_chat.
func (s *Server) getChat(q asked) answer {
	var args struct {
		ChatID   *string `json:"chat_id"`
		ThreadID *string `json:"thread_id"`
	}
	if wrong := s.ask(q, &args); wrong != nil {
		return *wrong
	}
	if args.ChatID == nil {
		return *s.invalid("`chat_id` is required")
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	all, now := s.ofChat(*args.ChatID), s.account.Now()
	if args.ThreadID != nil {
		no, ok := s.account.Number(*args.ThreadID)
		for len(all) > 0 && (!ok || all[len(all)-1].No != no) {
			all = all[:len(all)-1]
		}
	}
	if len(all) == 0 {
		return s.problemV3("not_found", "Chat not found", "")
	}
	ref := s.account.Thread(all[len(all)-1].No)
	if ref.End() > now && s.withholds("get_chat "+*args.ChatID, true) {
		return s.problemV3("not_found", "Chat not found", "")
	}
	missing := s.missing(ref.Ref, now)
	if missing && (s.opt.V3.MissingGet == "not_found" || s.opt.V3.MissingGet == "missing_access") {
		return s.problemV3(s.opt.V3.MissingGet, "Thread cannot be given", "")
	}
	b := s.appendThread(nil, ref, now, missing && s.opt.V3.MissingGet != "gives")
	return answer{status: 200, header: jsonHeader, body: b}
}

// listThreads answers list_threads.
func (s *Server) listThreads(q asked) answer {
	var args struct {
		ChatID    *string `json:"chat_id"`
		SortOrder *string `json:"sort_order"`
		Limit     *int    `json:"limit"`
		PageID    *string `json:"page_id"`
		MinEvents *int    `json:"min_events_count"`
		Filters   *struct {
			From *string `json:"from"`
			To   *string `json:"to"`
		} `json:"filters"`
	}
	if wrong := s.ask(q, &args); wrong != nil {
		return *wrong
	}
	switch {
	case args.ChatID == nil:
		return *s.invalid("`chat_id` is required")
	case args.MinEvents != nil && (args.Filters != nil || args.Limit != nil):
		return *s.invalid("`min_events_count` cannot be combined with filters or limit")
	case args.MinEvents != nil && (*args.MinEvents < 1 || *args.MinEvents > 100):
		return *s.invalid("`min_events_count` must be from 1 to 100")
	}
	c, ask, wrong := s.paging(pageArguments{args.PageID, args.SortOrder, args.Limit, args.Filters != nil || args.MinEvents != nil}, "desc", 3)
	if wrong != nil {
		return *wrong
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	if ask == nil {
		var from, to int64 = -1 << 53, 1 << 53
		if f := args.Filters; f != nil {
			var errs [2]error
			from, errs[0] = parseV3Time("filters.from", f.From, from)
			to, errs[1] = parseV3Time("filters.to", f.To, to)
			for _, err := range errs {
				if err != nil {
					return *s.invalid("%v", err)
				}
			}
		}
		id := *args.ChatID
		key, _ := json.Marshal(args.Filters)
		c.place = s.v3.questions.place(&question{key: "threads " + id + string(key), asked: s.account.Now(), find: func(a *account.Account) (all []account.Ref) {
			for _, ref := range s.ofChat(id) {
				if t := a.Created(ref); from <= t && t <= to {
					all = append(all, ref)
				}
			}
			return all
		}}, false)
		ask = s.v3.questions.at(c.place)
	}
	found := ask.answer(s.account, false)
	if len(s.ofChat(*args.ChatID)) == 0 {
		return s.problemV3("not_found", "Chat not found", "")
	}
	p := cut(found, c, args.PageID == nil, 0, false)
	now := s.account.Now()
	b := []byte(`{"threads":[`)
	events := 0
	for i, t := range p.threads {
		if args.MinEvents != nil && events >= *args.MinEvents {
			break
		}
		if i > 0 {
			b = append(b, ',')
		}
		var n int
		b, n = s.appendBareThread(b, s.account.Thread(int(t.no)), now)
		events += n
	}
	b = append(b, `],"found_threads":`...)
	b = strconv.AppendInt(b, int64(len(found)), 10)
	b = append(appendPageIDs(b, p), '}')
	return answer{status: 200, header: jsonHeader, body: b}
}

// listChats answers list_chats: each chat with its last thread, in short.
func (s *Server) listChats(q asked) answer {
	var args struct {
		SortOrder *string `json:"sort_order"`
		Limit     *int    `json:"limit"`
		PageID    *string `json:"page_id"`
		Filters   *struct {
			Active         *bool           `json:"active"`
			GroupIDs       []int           `json:"group_ids"`
			Properties     json.RawMessage `json:"properties"`
			WithoutThreads *bool           `json:"include_chats_without_threads"`
		} `json:"filters"`
	}
	if wrong := s.ask(q, &args); wrong != nil {
		return *wrong
	}
	if args.Filters != nil && args.Filters.Properties != nil {
		return *s.invalid("this sandbox does not have `filters.properties`")
	}
	c, ask, wrong := s.paging(pageArguments{args.PageID, args.SortOrder, args.Limit, args.Filters != nil}, "desc", 10)
	if wrong != nil {
		return *wrong
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	if ask == nil {
		var active *bool
		var groups archiveFilters
		if args.Filters != nil {
			active, groups.GroupIDs = args.Filters.Active, args.Filters.GroupIDs
		}
		key, _ := json.Marshal(args.Filters)
		c.place = s.v3.questions.place(&question{key: "chats " + string(key), asked: s.account.Now(), find: func(a *account.Account) (all []account.Ref) {
			candidates := a.Open(a.Now())
			if active == nil || !*active {
				candidates = append(append([]int32{}, candidates...), a.Between(account.Start, -1<<53, 1<<53)...)
			}
			for _, no := range candidates {
				ref := a.Ref(int(no))
				after, more := a.After(ref)
				if !s.there(ref) || more && s.there(after) || active != nil && *active != (ref.End() > a.Now()) || !groups.match(a, ref) {
					continue
				}
				all = append(all, ref)
			}
			return all
		}}, false)
		ask = s.v3.questions.at(c.place)
	}
	found := ask.answer(s.account, false)
	p := cut(found, c, args.PageID == nil, 0, s.opt.V3.Skip)
	now := s.account.Now()
	b := []byte(`{"chats_summary":[`)
	for i, t := range p.threads {
		if i > 0 {
			b = append(b, ',')
		}
		b = s.appendSummary(b, s.account.Thread(int(t.no)), now)
	}
	b = append(b, `],"found_chats":`...)
	b = strconv.AppendInt(b, int64(len(found)), 10)
	b = append(appendPageIDs(b, p), '}')
	return answer{status: 200, header: jsonHeader, body: b}
}

// getCustomer answers get_customer.
func (s *Server) getCustomer(q asked) answer {
	var args struct {
		ID *string `json:"id"`
	}
	if wrong := s.ask(q, &args); wrong != nil {
		return *wrong
	}
	if args.ID == nil {
		return *s.invalid("`id` is required")
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	root, ok := s.account.Customer(*args.ID)
	if !ok || !s.there(s.account.Ref(root)) && !s.account.Ref(root).Earlier() {
		return s.problemV3("not_found", "Customer not found", "")
	}
	b := s.appendCustomer(nil, s.account.Thread(root), s.account.Now())
	return answer{status: 200, header: jsonHeader, body: b}
}
