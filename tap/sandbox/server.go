package sandbox

import (
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"tap-livechat/tap/sandbox/account"
)

// Server is the archive with its two API calls and the admin pages. It is
// safe for concurrent use.
type Server struct {
	opt      Options
	dice     dice
	log      requestLog
	shuffles shuffles
	inFlight atomic.Int64
	cache    cache
	v3       v3State
	habits   habits

	mu      sync.RWMutex
	account *account.Account
	ticks   bool    // what drifts in has ended now, not when the sandbox began
	lists   int     // list requests that came
	served  int     // and that were answered with a page
	drifted float64 // of the next chat of drift_rate, the part that is due
	recent  []int32 // chats listed of late, any of which may vanish
}

// New makes the archive. The work is in proportion to Chats: half a second
// for a million. It panics when the options are not ones Parse could return.
func New(o Options) *Server {
	if err := o.check(); err != nil {
		panic(err)
	}
	s := &Server{opt: o, ticks: o.Now.IsZero()}
	if s.ticks {
		s.opt.Now = time.Now()
	}
	s.account = account.New(s.opt.Options)
	s.dice = dice{seed: o.FaultSeed, burst: o.FaultBurst, rates: rates(&o), inRow: map[string]int{}}
	return s
}

// SetNow moves time on: open chats end, new ones begin. Time never goes back;
// an earlier t changes nothing.
func (s *Server) SetNow(t time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.account.Advance(t.Unix())
}

// ServeHTTP answers one request.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == "/" && r.Method == http.MethodGet {
		addresses(w)
		return
	}
	if strings.HasPrefix(r.URL.Path, adminPath) {
		s.admin(w, r)
		return
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, mostBody))
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	entry := s.log.add(r, body)
	inFlight := int(s.inFlight.Add(1))
	defer s.inFlight.Add(-1)

	var a answer
	if isV3(r) {
		a = s.answerV3(r, body, entry.number, inFlight)
	} else {
		a = s.answer(r, entry.number, inFlight)
	}
	if !sleep(r, s.opt.Latency) {
		a.fault = "client gone"
	}
	status := a.status
	if a.fault == "reset" || a.fault == "stall_header" {
		status = 0
	}
	s.log.done(entry, status, a.fault)
	switch a.fault {
	case "client gone":
		return
	case "endless":
		s.endless(w, r)
	default:
		s.echo(r, &a)
		s.setDate(w.Header())
		s.announce(w.Header())
		s.deliver(w, r, &a)
	}
	if a.buffer != nil && cap(*a.buffer) < 1<<20 {
		buffers.Put(a.buffer)
	}
}

// mostBody is more than any question takes.
const mostBody = 1 << 20

// buffers are for pages, of 150 KB each as a rule.
var buffers = sync.Pool{New: func() any { return new([]byte) }}

// answer decides in the order in which a service would: where the request
// goes, whether it is for here, who asks, whether all is well, what is asked.
func (s *Server) answer(r *http.Request, number, inFlight int) answer {
	o := &s.opt
	id, single := strings.CutPrefix(r.URL.Path, "/chats/")
	reference := isReference(r.URL.Path)
	chats := !single && !reference
	switch {
	case r.URL.Path != "/chats" && !reference && (!single || id == "" || strings.Contains(id, "/")):
		return problem(404, "no such path: "+r.URL.Path)
	case r.Method != http.MethodGet:
		a := problem(405, "only GET")
		a.header = append(a.header, [2]string{"Allow", "GET"})
		return a
	case o.Misdirected != "" && !strings.EqualFold(r.Header.Get("X-Region"), o.Misdirected):
		w := writer{b: []byte(`{"error":{"type":"misdirected_request","message":"this account lives in another region","data":{`)}
		w.text("region", o.Misdirected)
		w.raw("}}}")
		return answer{status: o.MisdirectedStatus, header: [][2]string{{"Content-Type", "application/json"}}, body: w.b, fault: "misdirected"}
	case !s.authorized(r):
		return problem(401, "wrong or missing credentials")
	case r.Header.Get("X-API-Version") != "2":
		return problem(400, "this is version 2: send the header X-API-Version: 2")
	case !reference && o.V3.lacks("archives_read"):
		return problem(403, scopeMessage([]string{"archives_read"}))
	}
	lists := s.countList(chats)
	switch {
	case o.Redirect != "":
		return s.redirect(r)
	case o.FailAfter > 0 && lists >= o.FailAfter:
		return s.failure(503, "fail_after")
	case o.Status != 0 && chats:
		return s.failure(o.Status, "status")
	case o.MaxRate > 0 && inFlight > o.MaxRate:
		return s.failure(429, "max_rate")
	}
	fault, dice := s.dice.roll(number, r.URL.RequestURI())
	switch fault { // nothing of the answer is used
	case "500", "503", "429", "408", "html", "empty", "null", "reset", "stall_header", "101", "error_200":
		a := answer{status: 200, header: jsonHeader, fault: fault, r: dice}
		s.spoil(&a)
		return a
	}
	if wrong := undocumentedV2(r.URL.Path, r.URL.Query()); wrong != "" {
		return problem(400, wrong)
	}
	var a answer
	if reference {
		a = s.reference(r.URL.Path, r.URL.Query())
	} else if single {
		a = s.one(id, r.URL.Query().Get("include_pending") == "1")
	} else {
		a = s.page(r.URL.Query(), fault, number)
	}
	if a.status != 200 { // a wrong question is not also a fault
		return a
	}
	if fault != "" {
		a.fault, a.r = fault, dice
		s.spoil(&a)
	} else if o.Endless && chats {
		a.fault = "endless"
	}
	return s.compress(r, a)
}

var jsonHeader = [][2]string{{"Content-Type", "application/json"}}

// authorized accepts a personal access token (Basic, user and password) and
// an OAuth token (Bearer). The token "wrong" is always refused.
func (s *Server) authorized(r *http.Request) bool {
	user, token, ok := r.BasicAuth()
	if ok {
		if user == "" || s.opt.EntityID != "" && user != s.opt.EntityID {
			return false
		}
	} else if token, ok = strings.CutPrefix(r.Header.Get("Authorization"), "Bearer "); !ok {
		return false
	}
	return token != "" && token != "wrong" && (s.opt.AccessToken == "" || token == s.opt.AccessToken)
}

func (s *Server) countList(list bool) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	if list {
		s.lists++
	}
	return s.lists
}

// redirect keeps path and query, unless the switch names a path of its own.
func (s *Server) redirect(r *http.Request) answer {
	to, _ := url.Parse(s.opt.Redirect)
	if to.Path == "" || to.Path == "/" {
		to.Path, to.RawQuery = r.URL.Path, r.URL.RawQuery
	}
	a := problem(302, "moved")
	a.header = append(a.header, [2]string{"Location", to.String()})
	a.fault = "redirect"
	return a
}

// page answers a list request. Once it is answered the archive may drift.
func (s *Server) page(values url.Values, fault string, number int) answer {
	s.mu.RLock()
	now := s.account.Now()
	q, err := parseQuery(values, s.account.Zone(), now)
	if err != nil {
		s.mu.RUnlock()
		return problem(400, err.Error())
	}
	if s.opt.IgnorePage {
		q.page = 1
	}
	l := s.opt.list(s.account, q, s.view(number), &s.shuffles)
	s.misstate(&l, q)
	chats := make([]account.Ref, len(l.chats))
	for i, no := range l.chats {
		chats[i] = s.account.Ref(int(no))
	}
	s.mu.RUnlock()

	if l.beyond && s.opt.PastEnd == "400" {
		return problem(400, fmt.Sprintf("page %d is after the last", q.page))
	}
	if fault == "" {
		s.drift(l.chats)
	}
	buffer := buffers.Get().(*[]byte)
	b := append((*buffer)[:0], `{"chats":[`...)
	for i, c := range chats {
		if i > 0 {
			b = append(b, ',')
		}
		if i == 0 && q.page == 1 && s.opt.Deep > 0 {
			b = s.deep(b, c, now)
			continue
		}
		b = s.write(b, c, now)
		if q.page == 1 && s.opt.HugePage > 0 {
			b = longer(b, s.opt.HugePage<<20/len(chats))
		}
	}
	b = append(b, `],"total":`...)
	b = strconv.AppendInt(b, int64(l.total), 10)
	b = append(b, `,"pages":`...)
	b = strconv.AppendInt(b, int64(l.pages), 10)
	b = append(b, '}')
	*buffer = b
	return answer{status: 200, header: jsonHeader, body: b, buffer: buffer}
}

// deep writes a chat with arrays in arrays.
func (s *Server) deep(b []byte, c account.Ref, now int64) []byte {
	b = s.write(b, c, now)
	b = append(b[:len(b)-1], `,"deep":`...)
	b = append(b, slices.Repeat([]byte{'['}, s.opt.Deep)...)
	b = append(b, slices.Repeat([]byte{']'}, s.opt.Deep)...)
	return append(b, '}')
}

// one answers GET /chats/<id>.
func (s *Server) one(id string, withPending bool) answer {
	s.mu.RLock()
	now := s.account.Now()
	no, ok := s.account.Number(id)
	var c account.Ref
	if ok {
		c = s.account.Ref(no)
		ok = !c.Vanished() && c.Start <= now && s.opt.shows(c, now)
	}
	s.mu.RUnlock()
	if ok && c.End() > now {
		ok = !s.withholds(id, withPending)
	}
	if !ok {
		return problem(404, "no chat with the id "+id)
	}
	return answer{status: 200, header: jsonHeader, body: s.write(nil, c, now)}
}

// drift lets the archive move after a page was answered.
func (s *Server) drift(listed []int32) {
	if s.opt.DriftEnd == 0 && s.opt.DriftRate == 0 && s.opt.DriftVanish == 0 {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.served++
	s.drifted += s.opt.DriftRate
	if n := s.opt.DriftEnd; n > 0 && s.served%n == 0 {
		s.drifted++
	}
	for ; s.drifted >= 1; s.drifted-- {
		if s.ticks {
			s.account.Advance(time.Now().Unix())
		}
		s.changed(s.account.Drift(), false)
	}
	if s.opt.DriftVanish == 0 {
		return
	}
	const most = 1000
	for _, no := range listed {
		if !s.account.Ref(int(no)).Vanished() {
			s.recent = append(s.recent, no)
		}
	}
	s.recent = s.recent[max(0, len(s.recent)-most):]
	if s.served%s.opt.DriftVanish == 0 && len(s.recent) > 0 {
		r := account.Mix(uint64(s.opt.FaultSeed), 'v', uint64(s.served))
		gone := account.Pick(&r, s.recent)
		s.account.Vanish(gone)
		s.changed(gone, true)
		s.recent = slices.DeleteFunc(s.recent, func(no int32) bool { return no == gone })
	}
}
