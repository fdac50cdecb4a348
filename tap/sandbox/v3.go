package sandbox

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strconv"
	"strings"
	"sync"

	"tap-livechat/tap/sandbox/account"
)

// API v3.6: three APIs, really, each with its paths.
const (
	v3Agent         = "agent/action/"
	v3Configuration = "configuration/action/"
	v3Reports       = "reports/"
)

// v3State is what the server remembers for v3.
type v3State struct {
	questions questions
	cache     threadCache

	mu       sync.Mutex
	requests int // those with credentials
}

// call is one method of v3.
type call struct {
	scopes []string // any of them will do; none is needed if there are none
	do     func(s *Server, q asked) answer
}

// asked is a question as it came.
type asked struct {
	body   []byte
	number int    // of the request
	fault  string // that will spoil the answer; "" for none
}

// v3Calls are the methods, by their path after the version.
var v3Calls = map[string]call{
	v3Agent + "list_archives": {[]string{"chats--all:ro", "chats--access:ro"}, (*Server).listArchives},
	v3Agent + "get_chat":      {[]string{"chats--all:ro", "chats--access:ro"}, (*Server).getChat},
	v3Agent + "list_threads":  {[]string{"chats--all:ro", "chats--access:ro"}, (*Server).listThreads},
	v3Agent + "list_chats":    {[]string{"chats--all:ro", "chats--access:ro"}, (*Server).listChats},
	v3Agent + "get_customer":  {[]string{"customers:ro"}, (*Server).getCustomer},

	v3Configuration + "list_agents":             {[]string{"agents--all:ro"}, (*Server).listAgents},
	v3Configuration + "list_groups":             {[]string{"groups--all:ro"}, (*Server).listGroups},
	v3Configuration + "list_bots":               {[]string{"agents-bot--all:ro"}, (*Server).listBots},
	v3Configuration + "list_tags":               {[]string{"tags--all:ro", "tags--groups:ro"}, (*Server).listTags},
	v3Configuration + "list_greetings":          {[]string{"greetings:ro"}, (*Server).listGreetings},
	v3Configuration + "list_auto_accesses":      {[]string{"access_rules:ro"}, (*Server).listAutoAccesses},
	v3Configuration + "list_customer_bans":      {[]string{"banlist_read"}, (*Server).listBans},
	v3Configuration + "list_channels":           {nil, (*Server).listChannels},
	v3Configuration + "list_license_properties": {[]string{"properties.license.value--all:ro"}, (*Server).listLicenseProperties},
	v3Configuration + "list_groups_properties":  {[]string{"properties.group.value--all:ro"}, (*Server).listGroupsProperties},
}

// isV3 says which version a request is for: the path says it, or the header.
func isV3(r *http.Request) bool {
	return strings.HasPrefix(r.URL.Path, "/v3") || strings.HasPrefix(r.Header.Get("X-API-Version"), "3")
}

// answerV3 decides in the order in which answer does.
func (s *Server) answerV3(r *http.Request, body []byte, number, inFlight int) answer {
	o := &s.opt
	version, path := "", strings.TrimPrefix(r.URL.Path, "/")
	if strings.HasPrefix(path, "v") {
		version, path, _ = strings.Cut(strings.TrimPrefix(path, "v"), "/")
	} else {
		version = r.Header.Get("X-API-Version")
	}
	c, known := v3Calls[path]
	if name, ok := strings.CutPrefix(path, v3Reports); ok {
		c, known = reportCall(name)
	}
	post := r.Method == http.MethodPost
	reportByURL := r.Method == http.MethodGet && strings.HasPrefix(path, v3Reports)
	switch {
	case version != "3.6":
		return s.problemV3("unsupported_version", "version "+version+" is not served here, 3.6 is", "")
	case !known:
		return s.problemV3("not_found", "no such method: "+path, "")
	case !post && !reportByURL:
		return s.problemV3("method_not_allowed", "only POST", "")
	case !s.ownRegion(r.Header.Get("X-Region")):
		a := s.problemV3("misdirected_request", "Wrong region", `{"region":"`+s.region()+`"}`)
		if statusPairs(o.V3.Statuses)["misdirected_request"] == "" && !o.V3.Errors200 {
			a.status = o.MisdirectedStatus
		}
		a.fault = "misdirected"
		return a
	case !s.authorized(r):
		return s.problemV3("authentication", "Authentication error", "")
	}
	requests := s.countV3()
	list := path == v3Agent+"list_archives"
	lists := s.countList(list)
	switch {
	case o.V3.TokenLasts > 0 && requests > o.V3.TokenLasts:
		a := s.problemV3("authentication", "Access token expired", "")
		a.fault = "token_lasts"
		return a
	case o.V3.Error != "" && requests >= o.V3.ErrorFrom && (o.V3.ErrorTimes == 0 || requests < o.V3.ErrorFrom+o.V3.ErrorTimes):
		a := s.problemV3(o.V3.Error, "as v3_error says", "")
		a.fault = "v3_error"
		return a
	case o.Redirect != "":
		return s.redirect(r)
	case o.FailAfter > 0 && lists >= o.FailAfter:
		return s.failureV3(503, "fail_after")
	case o.Status != 0 && list:
		return s.failureV3(o.Status, "status")
	case o.MaxRate > 0 && inFlight > o.MaxRate:
		return s.failureV3(429, "max_rate")
	case o.V3.lacks(c.scopes...):
		return s.problemV3("authorization", scopeMessage(c.scopes), "")
	}
	fault, dice := s.dice.roll(number, r.URL.RequestURI()+" "+string(body))
	switch fault { // nothing of the answer is used
	case "500", "503", "429", "408":
		status, _ := strconv.Atoi(fault)
		return s.failureV3(status, fault)
	case "html", "empty", "null", "reset", "stall_header", "101", "error_200":
		a := answer{status: 200, header: jsonHeader, fault: fault, r: dice}
		s.spoil(&a)
		return a
	}
	if reportByURL {
		body = queryAsBody(r.URL.Query())
	} else if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || kind != "application/json" {
		return s.problemV3("validation", "Content-Type must be application/json", "")
	}
	if wrong := documented[path].undocumented(body); wrong != "" {
		return *s.invalid("%s", wrong)
	}
	a := c.do(s, asked{body, number, fault})
	if a.status != 200 || a.fault != "" { // a wrong question is not also a fault
		return a
	}
	if fault != "" {
		a.fault, a.r = fault, dice
		s.spoilV3(&a)
	} else if o.Endless && list {
		a.fault = "endless"
	}
	return s.compress(r, a)
}

// announce puts the end of a version into the header of an answer.
func (s *Server) announce(h http.Header) {
	for _, header := range [][2]string{{"Legacy", s.opt.V3.Legacy}, {"Deprecation", s.opt.V3.Deprecation}} {
		if header[1] != "" {
			h.Set(header[0], header[1])
		}
	}
}

// region is where the account lives.
func (s *Server) region() string {
	if s.opt.Misdirected != "" {
		return s.opt.Misdirected
	}
	return "dal"
}

// ownRegion accepts the account's own region, and none unless one must be named.
func (s *Server) ownRegion(named string) bool {
	return strings.EqualFold(named, s.region()) || named == "" && s.opt.Misdirected == ""
}

func (s *Server) countV3() int {
	s.v3.mu.Lock()
	defer s.v3.mu.Unlock()
	s.v3.requests++
	return s.v3.requests
}

// problemV3 is an error of v3. The data is JSON; "" for none.
func (s *Server) problemV3(kind, message, data string) answer {
	usual := statuses[kind]
	if usual == 0 {
		usual = 400
	}
	w := writer{b: []byte(`{"error":{"type":"`)}
	w.escape(kind)
	w.raw(`","message":"`)
	w.escape(message)
	w.raw(`"`)
	if data != "" {
		w.raw(`,"data":` + data)
	}
	w.raw("}}")
	return answer{
		status: s.opt.V3.status(kind, usual), body: w.b, fault: "error",
		header: [][2]string{{"Content-Type", "application/json"}, {"X-Debug-Id", fmt.Sprintf("sandbox-%s", kind)}},
	}
}

// failureV3 is an error of the service, under the status it has here.
func (s *Server) failureV3(status int, fault string) answer {
	a := s.failure(status, fault)
	var body struct{ Error struct{ Type string } }
	json.Unmarshal(a.body, &body)
	a.status = s.opt.V3.status(body.Error.Type, status)
	a.header = append(a.header, [2]string{"X-Debug-Id", "sandbox-" + fault})
	return a
}

// spoilV3 turns a good answer into the faulty one.
func (s *Server) spoilV3(a *answer) {
	if a.fault != "wrong_total" && a.fault != "no_total" {
		s.spoil(a)
		return
	}
	const name = `,"found_chats":`
	at := bytes.LastIndex(a.body, []byte(name))
	if at < 0 {
		a.fault = ""
		return
	}
	end := at + len(name)
	for end < len(a.body) && a.body[end] >= '0' && a.body[end] <= '9' {
		end++
	}
	n, _ := strconv.Atoi(string(a.body[at+len(name) : end]))
	var instead []byte
	if a.fault == "wrong_total" {
		wrong := account.Pick(&a.r, []int{n + 1 + a.r.N(40), max(n-1-a.r.N(40), 0), 0, -1, 1<<63 - 1, n * 10})
		if wrong == n {
			wrong++
		}
		instead = strconv.AppendInt([]byte(name), int64(wrong), 10)
	}
	a.body = append(append(append([]byte{}, a.body[:at]...), instead...), a.body[end:]...)
}

// ask reads the arguments of a call, an object at least, into a struct with all
// that the call knows. The answer is set where that is not what it takes.
func (s *Server) ask(q asked, arguments any) (wrong *answer) {
	d := json.NewDecoder(bytes.NewReader(q.body))
	d.DisallowUnknownFields()
	err := d.Decode(arguments)
	if first := bytes.TrimLeft(q.body, " \t\r\n"); err == nil && first[0] != '{' {
		err = errors.New("the body must be an object")
	}
	if err == nil {
		if _, more := d.Token(); more != io.EOF {
			err = errors.New("there is something after the object")
		}
	}
	if err == nil {
		err = lowerCase(q.body)
	}
	if err != nil {
		if errors.Is(err, io.EOF) {
			err = errors.New("the body must be {} at least")
		}
		return s.invalid("%v", err)
	}
	return nil
}

// lowerCase says which argument is not: encoding/json would take it.
func lowerCase(body []byte) error {
	var all any
	json.Unmarshal(body, &all)
	var walk func(v any) error
	walk = func(v any) error {
		switch v := v.(type) {
		case map[string]any:
			for name, inner := range v {
				if strings.ToLower(name) != name {
					return fmt.Errorf("unknown argument %q", name)
				}
				if err := walk(inner); err != nil {
					return err
				}
			}
		case []any:
			for _, inner := range v {
				if err := walk(inner); err != nil {
					return err
				}
			}
		}
		return nil
	}
	return walk(all)
}

func (s *Server) invalid(format string, args ...any) *answer {
	a := s.problemV3("validation", fmt.Sprintf(format, args...), "")
	return &a
}
