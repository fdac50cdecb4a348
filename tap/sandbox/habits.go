package sandbox

import (
	"bytes"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"time"

	"tap-livechat/tap/sandbox/account"
)

// What the service says or does that it should not: habits, not faults. An
// answer looks like any other.

// habits is what they have to remember.
type habits struct {
	mu      sync.Mutex
	asked   map[string]bool // what was asked for before, where the first time counts
	dates   int             // answers whose Date went back
	changes []change        // the last of them, for those who are behind
}

// change is a chat that came or went once so many lists had been served.
type change struct {
	served int
	no     int32
	gone   bool
}

// first says whether this is asked for the first time, if such a question is
// among the share that a switch wants.
func (s *Server) first(share float64, habit, what string) bool {
	if share == 0 {
		return false
	}
	key := habit + " " + what
	values := make([]uint64, 0, len(key)+2)
	values = append(values, uint64(s.opt.FaultSeed), 'h')
	for _, c := range []byte(key) {
		values = append(values, uint64(c))
	}
	r := account.Mix(values...)
	s.habits.mu.Lock()
	defer s.habits.mu.Unlock()
	if s.habits.asked[key] || !r.Hit(share) {
		return false
	}
	if s.habits.asked == nil {
		s.habits.asked = map[string]bool{}
	}
	s.habits.asked[key] = true
	return true
}

// appears is when a chat shows up, in Unix seconds, while it is open or after
// its end.
func (o *Options) appears(ref account.Ref, open bool) int64 {
	var late int64
	if most := int(o.LateShow / time.Second); most > 0 {
		r := account.Mix(uint64(o.Seed), 'l', uint64(ref.No))
		late = int64(1 + r.N(most))
	}
	if open {
		return ref.Start + max(late, o.delay())
	}
	return ref.End() + late
}

// shows says whether a chat that has begun is to be seen at the moment now.
func (o *Options) shows(ref account.Ref, now int64) bool {
	return o.appears(ref, ref.End() > now) <= now
}

// view is what the answer to a request sees. The lock is held.
func (s *Server) view(number int) (v view) {
	now := s.account.Now()
	if s.opt.LateShow > 0 {
		v.hides = func(ref account.Ref) bool { return !s.opt.shows(ref, now) }
	}
	if s.opt.Order == "changing" {
		v.salt = uint64(number)
	}
	if s.opt.Stale == 0 {
		return v
	}
	r := account.Mix(uint64(s.opt.FaultSeed), 'a', uint64(number))
	asOf := s.served - r.N(s.opt.Stale+1)
	v.salt ^= uint64(asOf) << 20
	later, came := v.hides, map[int]bool{}
	for _, c := range s.habits.changes {
		if c.served > asOf && c.gone {
			v.back = append(v.back, c.no)
		} else if c.served > asOf {
			came[int(c.no)] = true
		}
	}
	v.hides = func(ref account.Ref) bool { return came[ref.No] || later != nil && later(ref) }
	v.back = slices.DeleteFunc(v.back, func(no int32) bool { return came[int(no)] })
	return v
}

// changed remembers what came or went. The lock is held.
func (s *Server) changed(no int32, gone bool) {
	if s.opt.Stale == 0 {
		return
	}
	h := &s.habits
	h.changes = append(h.changes, change{s.served, no, gone})
	i := 0
	for i < len(h.changes) && h.changes[i].served < s.served-s.opt.Stale {
		i++
	}
	h.changes = h.changes[i:]
}

// misstate changes what an answer says about a range and its page.
func (s *Server) misstate(l *listing, q query) {
	o := &s.opt
	l.total = max(0, l.total+o.TotalOff+(q.page-1)*o.TotalClimbs)
	if o.TotalOff != 0 || o.TotalClimbs != 0 {
		l.pages = (l.total + pageSize - 1) / pageSize
	}
	l.pages = max(0, l.pages+o.PagesOff)
	of := strconv.FormatInt(q.from, 10) + " " + strconv.FormatInt(q.to, 10) + " " + strconv.FormatBool(q.pending)
	switch {
	case q.page == 1 && s.first(o.ZeroOnce, "zero", of):
		*l = listing{}
	case s.first(o.EmptyOnce, "empty", of+" "+strconv.Itoa(q.page)):
		l.chats = nil
	case q.page == 1 && s.first(o.TotalZeroOnce, "total", of):
		l.total, l.pages = 0, 0
	}
}

// withholds says whether an open chat that is there is not found by its id.
func (s *Server) withholds(id string, withPending bool) bool {
	switch {
	case s.opt.PendingAsked && !withPending, s.opt.Pending404 == "always":
		return true
	case s.opt.Pending404 == "once":
		return s.first(1, "404", id)
	}
	return false
}

// setDate gives the answer the Date that the service's clock tells.
func (s *Server) setDate(h http.Header) {
	o := &s.opt
	at := time.Now()
	switch o.Clock {
	case "machine":
		if o.ClockOff == 0 {
			return // net/http does it
		}
	case "absent":
		h["Date"] = nil
		return
	case "archive":
		s.mu.RLock()
		at = time.Unix(s.account.Now(), 0)
		s.mu.RUnlock()
	case "back":
		s.habits.mu.Lock()
		at = at.Add(-10 * time.Minute * time.Duration(s.habits.dates))
		s.habits.dates++
		s.habits.mu.Unlock()
	}
	h.Set("Date", at.Add(o.ClockOff).UTC().Format(http.TimeFormat))
}

// echo puts the credentials of the request into an answer that is no success.
func (s *Server) echo(r *http.Request, a *answer) {
	sent := r.Header.Get("Authorization")
	failed := a.status != 200 || a.fault == "html" || a.fault == "broken" || a.fault == "error_200"
	if !s.opt.Echo || sent == "" || !failed {
		return
	}
	said := sent
	if user, token, ok := r.BasicAuth(); ok {
		said += " (" + user + ":" + token + ")"
	}
	a.header = append(slices.Clone(a.header), [2]string{"X-Request-Authorization", sent})
	var w writer
	w.escape(r.Method + " " + r.URL.String() + " Authorization: " + said)
	if body, ok := bytes.CutSuffix(a.body, []byte(`"}}`)); ok {
		a.body = append(append(append(slices.Clone(body), ": "...), w.b...), `"}}`...)
		return
	}
	a.body = append(slices.Clone(w.b), a.body...)
}

// errorTypes are those of error objects under status 200.
var errorTypes = []string{"authentication", "authorization", "validation", "misdirected_request", "too_many_requests", "internal", "request_timeout", "license_expired", "not_found"}

// errorObject is an error that does not show in the status.
func (s *Server) errorObject(r *account.Random) []byte {
	kind := account.Pick(r, errorTypes)
	if s.opt.ErrorType != "any" {
		kind = s.opt.ErrorType
	}
	return []byte(`{"error":{"type":"` + kind + `","message":"the request was refused"}}`)
}

// longer writes a chat with a field of so many bytes.
func longer(b []byte, size int) []byte {
	b = append(b[:len(b)-1], `,"padding":"`...)
	b = append(b, bytes.Repeat([]byte("x"), max(0, size))...)
	return append(b, `"}`...)
}
