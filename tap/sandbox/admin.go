package sandbox

import (
	"bytes"
	"encoding/json"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"
)

// Request is one request as it came and what became of it.
type Request struct {
	Path   string
	Query  url.Values
	Body   string      // of a POST
	Header http.Header // of Authorization only the scheme: Basic or Bearer
	Status int         // 0: no answer (a reset, a stall), or not answered yet
	Fault  string      // which of the switches struck: 503, reset, max_rate, …; "" for none
}

// keptRequests bounds the log of a sandbox that runs for long.
const keptRequests = 200_000

type requestLog struct {
	mu     sync.Mutex
	count  int
	kept   []*logged
	status map[int]int
	fault  map[string]int
}

type logged struct {
	Request
	number int // from 1
}

func (l *requestLog) add(r *http.Request, body []byte) *logged {
	e := &logged{Request: Request{Path: r.URL.Path, Query: r.URL.Query(), Body: string(body), Header: r.Header.Clone()}}
	if credentials := r.Header.Get("Authorization"); credentials != "" {
		scheme, _, ok := strings.Cut(credentials, " ")
		if !ok { // a token with no scheme before it
			scheme = "unknown"
		}
		e.Header.Set("Authorization", scheme)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.count++
	e.number = l.count
	if len(l.kept) >= keptRequests {
		l.kept = append([]*logged{}, l.kept[keptRequests/2:]...)
	}
	l.kept = append(l.kept, e)
	return e
}

func (l *requestLog) done(e *logged, status int, fault string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	e.Status, e.Fault = status, fault
	if l.status == nil {
		l.status, l.fault = map[int]int{}, map[string]int{}
	}
	l.status[status]++
	if fault != "" {
		l.fault[fault]++
	}
}

// Requests returns the API requests in the order they came, the last 100,000
// at least. The maps in them are not to be changed.
func (s *Server) Requests() []Request {
	s.log.mu.Lock()
	defer s.log.mu.Unlock()
	all := make([]Request, len(s.log.kept))
	for i, e := range s.log.kept {
		all[i] = e.Request
	}
	return all
}

// Count is the number of API requests so far, refused and faulty ones too.
func (s *Server) Count() int {
	s.log.mu.Lock()
	defer s.log.mu.Unlock()
	return s.log.count
}

// Listen serves on an address, 127.0.0.1:0 for a free port, and returns the
// base URL. close ends it, with all connections, and waits for neither.
func (s *Server) Listen(addr string) (url string, close func() error, err error) {
	l, err := net.Listen("tcp", addr)
	if err != nil {
		return "", nil, err
	}
	server := &http.Server{Handler: s, ReadHeaderTimeout: 10 * time.Second}
	go server.Serve(l)
	return "http://" + l.Addr().String(), server.Close, nil
}

const adminPath = "/_sandbox/"

func (s *Server) admin(w http.ResponseWriter, r *http.Request) {
	switch r.Method + " " + strings.TrimPrefix(r.URL.Path, adminPath) {
	case "GET chats":
		s.adminChats(w, r)
	case "GET requests":
		s.log.mu.Lock()
		body, err := json.Marshal(struct {
			Count    int            `json:"count"`
			ByStatus map[int]int    `json:"by_status"`
			ByFault  map[string]int `json:"by_fault"`
		}{s.log.count, s.log.status, s.log.fault})
		s.log.mu.Unlock()
		if err != nil {
			http.Error(w, err.Error(), 500)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		w.Write(append(body, '\n'))
	case "POST now":
		t, err := time.Parse(time.RFC3339, r.FormValue("t"))
		if err != nil {
			http.Error(w, "t: want a time as in RFC 3339", 400)
			return
		}
		s.SetNow(t)
		w.WriteHeader(http.StatusNoContent)
	default:
		http.Error(w, "GET chats, GET requests, POST now?t=…", 404)
	}
}

// adminChats streams the truth. The chat itself goes out byte for byte, which
// encoding/json would not do with invalid UTF-8.
func (s *Server) adminChats(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/x-ndjson")
	var b bytes.Buffer
	for c := range s.Truth() {
		line := struct {
			Number      int        `json:"number"`
			First       int        `json:"first"` // of the same visitor
			ID          string     `json:"id"`
			Type        string     `json:"type"`
			Started     time.Time  `json:"started"`
			Ended       *time.Time `json:"ended"`
			Pending     bool       `json:"pending"`
			Vanished    bool       `json:"vanished"`
			Drifted     bool       `json:"drifted"`
			Odd         bool       `json:"odd"`
			Hostile     bool       `json:"hostile"`
			Contradicts string     `json:"contradicts,omitempty"`
			ListedFrom  time.Time  `json:"listed_from"`
			ListedTo    time.Time  `json:"listed_to"`
			Appears     time.Time  `json:"appears"`
			Agents      []string   `json:"agents"`
			Messages    int        `json:"messages"`
			Events      int        `json:"events"`
		}{c.Account.No, c.Account.Root, c.ID, c.Type, c.Started, &c.Ended, c.Pending, c.Vanished, c.Drifted, c.Odd, c.Hostile, c.Contradicts, c.ListedFrom, c.ListedTo, c.Appears, c.Agents, c.Messages, c.Events}
		if c.Pending {
			line.Ended = nil
		}
		if line.Agents == nil {
			line.Agents = []string{}
		}
		head, err := json.Marshal(line)
		if err != nil {
			panic(err) // there is nothing in it that could fail
		}
		b.Write(head[:len(head)-1])
		b.WriteString(`,"chat":`)
		b.Write(c.JSON)
		b.WriteString("}\n")
		if b.Len() < 64<<10 {
			continue
		}
		if _, err := w.Write(b.Bytes()); err != nil {
			return
		}
		b.Reset()
	}
	w.Write(b.Bytes())
}
