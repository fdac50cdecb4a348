package sandbox

import (
	"bytes"
	"math"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"tap-livechat/tap/sandbox/account"
)

// rate is one of the switches rate_….
type rate struct {
	name  string // 503, reset, stall_body, …
	share float64
}

// rates lists them in the order of the table, those that are off included.
func rates(o *Options) (all []rate) {
	for _, s := range switches {
		if name, ok := strings.CutPrefix(s.name, "rate_"); ok {
			f, _ := strconv.ParseFloat(s.kind.show(o), 64)
			all = append(all, rate{name, f})
		}
	}
	return all
}

// dice decides which requests fail. Request n of a seed has always the same
// fault, but for the limit on how often one and the same request is hit.
type dice struct {
	seed, burst int
	rates       []rate

	mu    sync.Mutex
	inRow map[string]int // faults since the last success, by request URI
}

// roll names the fault of request n, or none; r is for the details.
func (d *dice) roll(n int, uri string) (fault string, r account.Random) {
	r = account.Mix(uint64(d.seed), 'x', uint64(n))
	u := r.Float()
	for _, rate := range d.rates {
		if u < rate.share {
			fault = rate.name
			break
		}
		u -= rate.share
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if fault == "" || d.burst > 0 && d.inRow[uri] >= d.burst {
		delete(d.inRow, uri)
		return "", r
	}
	d.inRow[uri]++
	return fault, r
}

// answer is what goes back, before anything goes wrong on the way.
type answer struct {
	status int
	header [][2]string
	body   []byte
	buffer *[]byte        // where body is, if that is to be used again
	fault  string         // for the log
	r      account.Random // for the details of the fault
}

// spoil turns a good list or chat into the faulty answer. What goes wrong on
// the wire (reset, cut, chopped, stall_…) is left to deliver.
func (s *Server) spoil(a *answer) {
	switch a.fault {
	case "500", "503", "429", "408":
		status, _ := strconv.Atoi(a.fault)
		*a = s.failure(status, a.fault)
	case "broken":
		switch a.r.N(3) {
		case 0:
			a.body[len(a.body)-1] = ']'
		case 1:
			a.body[0] = '['
		default:
			a.body = append([]byte("<br />\n<b>Warning</b>: out of memory in line 12<br />\n"), a.body...)
		}
	case "101":
		a.status = http.StatusSwitchingProtocols
		a.header = [][2]string{{"Connection", "Upgrade"}, {"Upgrade", "websocket"}}
	case "error_200":
		a.body = s.errorObject(&a.r)
	case "html":
		a.header = [][2]string{{"Content-Type", "text/html; charset=utf-8"}}
		a.body = []byte("<!DOCTYPE html>\n<html><head><title>Log in</title></head><body><form>…</form></body></html>\n")
	case "empty":
		a.body = nil
	case "null":
		a.body = []byte(`{"chats": null}`)
	case "wrong_total", "no_total":
		at := bytes.LastIndex(a.body, []byte(`,"total":`))
		if at < 0 { // a single chat has none
			a.fault = ""
			return
		}
		total, _, _ := bytes.Cut(a.body[at+len(`,"total":`):], []byte(","))
		n, _ := strconv.Atoi(string(total))
		a.body = append([]byte{}, a.body[:at]...)
		if a.fault == "wrong_total" {
			wrong := account.Pick(&a.r, []int{n + 1 + a.r.N(40), max(n-1-a.r.N(40), 0), 0, -1, math.MaxInt64, n * 10})
			if wrong == n {
				wrong++
			}
			a.body = append(a.body, `,"total":`...)
			a.body = strconv.AppendInt(a.body, int64(wrong), 10)
			a.body = append(a.body, `,"pages":`...)
			a.body = strconv.AppendInt(a.body, int64(wrong/pageSize+1), 10)
		}
		a.body = append(a.body, '}')
	}
}

// failure is an error of the service, with Retry-After where it has one.
func (s *Server) failure(status int, fault string) answer {
	a := problem(status, http.StatusText(status))
	a.fault = fault
	if status != http.StatusTooManyRequests && status != http.StatusServiceUnavailable {
		return a
	}
	wait := s.opt.RetryAfterValue
	switch s.opt.RetryAfter {
	case "seconds":
		a.header = append(a.header, [2]string{"Retry-After", strconv.Itoa(int(math.Ceil(wait.Seconds())))})
	case "date": // whole seconds, so up: never sooner than asked for
		at := time.Now().Add(wait + time.Second - 1).UTC()
		a.header = append(a.header, [2]string{"Retry-After", at.Format(http.TimeFormat)})
	}
	return a
}

// problem is an error with a JSON body.
func problem(status int, message string) answer {
	kind := map[int]string{
		400: "validation", 401: "authentication", 403: "authorization", 404: "not_found", 405: "method_not_allowed",
		408: "request_timeout", 421: "misdirected_request", 429: "too_many_requests", 500: "internal", 503: "service_unavailable",
	}[status]
	if kind == "" {
		kind = "error"
	}
	body := append([]byte(`{"error":{"type":"`), kind...)
	w := writer{b: append(body, `","message":"`...)}
	w.escape(message)
	w.raw(`"}}`)
	return answer{status: status, header: [][2]string{{"Content-Type", "application/json"}}, body: w.b}
}

// deliver sends the answer, or as much of it as the fault lets through.
func (s *Server) deliver(w http.ResponseWriter, r *http.Request, a *answer) {
	h := w.Header()
	for _, kv := range a.header {
		h.Set(kv[0], kv[1])
	}
	half := a.body[:len(a.body)/2]
	switch a.fault {
	case "reset":
		reset(w)
	case "stall_header":
		s.stall(r)
		panic(http.ErrAbortHandler)
	case "101":
		w.WriteHeader(a.status)
		flush(w)
		s.stall(r)
		panic(http.ErrAbortHandler)
	case "stall_body":
		h.Set("Content-Length", strconv.Itoa(len(a.body)))
		w.WriteHeader(a.status)
		w.Write(half)
		flush(w)
		s.stall(r)
		panic(http.ErrAbortHandler)
	case "cut":
		h.Set("Content-Length", strconv.Itoa(len(a.body)))
		w.WriteHeader(a.status)
		w.Write(half)
		flush(w)
		panic(http.ErrAbortHandler)
	case "chopped": // half of them in chunks, half ended by the connection's end
		if a.r.N(2) == 0 && closeDelimited(w, a, half) {
			return
		}
		w.WriteHeader(a.status)
		w.Write(half)
		flush(w) // or the server counts it and sends a Content-Length
	default:
		h.Set("Content-Length", strconv.Itoa(len(a.body)))
		w.WriteHeader(a.status)
		w.Write(a.body)
	}
}

// stall waits until the client goes away, or the switch's time is over.
func (s *Server) stall(r *http.Request) { sleep(r, s.opt.Stall) }

// sleep waits, and says whether the client is still there.
func sleep(r *http.Request, d time.Duration) bool {
	if d <= 0 {
		return true
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-r.Context().Done():
		return false
	}
}

func flush(w http.ResponseWriter) { http.NewResponseController(w).Flush() }

// reset ends the connection with a TCP RST. Without a connection to get hold
// of, the answer is aborted, which is as near as one comes.
func reset(w http.ResponseWriter) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	if tcp, ok := conn.(*net.TCPConn); ok {
		tcp.SetLinger(0)
	}
	conn.Close()
}

// closeDelimited answers without Content-Length and chunks, as HTTP/1.0 does,
// so that the body seems whole wherever it ends.
func closeDelimited(w http.ResponseWriter, a *answer, body []byte) bool {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return false
	}
	defer conn.Close()
	var b bytes.Buffer
	b.WriteString("HTTP/1.1 " + strconv.Itoa(a.status) + " " + http.StatusText(a.status) + "\r\nConnection: close\r\n")
	for _, kv := range a.header {
		b.WriteString(kv[0] + ": " + kv[1] + "\r\n")
	}
	b.WriteString("\r\n")
	b.Write(body)
	conn.Write(b.Bytes())
	return true
}
