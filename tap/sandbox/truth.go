package sandbox

import (
	"bytes"
	"compress/gzip"
	"iter"
	"net/http"
	"strings"
	"sync"
	"time"

	"tap-livechat/tap/sandbox/account"
)

// Chat is one chat of the truth.
type Chat struct {
	ID             string
	Type           string    // chat or missed_chat
	Started, Ended time.Time // UTC; Ended is zero while pending, a missed chat has its time in both
	Pending        bool
	Vanished       bool     // no longer served
	Drifted        bool     // ended while the archive was being read (drift_end)
	Odd, Hostile   bool     // see the switches of these names
	Contradicts    string   // by which contradiction it shows other times than Started and Ended; "" for none
	Agents         []string // e-mails in the order served, "" for an agent without; may be empty
	Messages       int      // entries in messages
	Events         int      // entries in events
	JSON           []byte   // the object exactly as v2 serves it now

	// ListedFrom and ListedTo are the first and the last instant under which it
	// is listed, whatever it shows: a range of days finds it if it has one of
	// them. Appears is when it shows up there.
	ListedFrom, ListedTo, Appears time.Time

	Account *account.Chat // what the account knows about it
}

// Truth yields every chat the archive ever held: those that have begun, those
// that drifted in, and those that vanished, roughly by their start. What
// happens while it runs may or may not be in it.
func (s *Server) Truth() iter.Seq[Chat] {
	return func(yield func(Chat) bool) {
		s.mu.RLock()
		all := s.account.All()
		s.mu.RUnlock()
		for _, no := range all {
			s.mu.RLock()
			c, now := s.account.Ref(int(no)), s.account.Now()
			s.mu.RUnlock()
			if !yield(s.chat(c, now)) {
				return
			}
		}
	}
}

func (s *Server) chat(ref account.Ref, now int64) Chat {
	c := new(account.Chat)
	s.account.Make(c, ref, now)
	chat := Chat{
		ID: c.ID, Type: "chat", Started: time.Unix(c.Start, 0).UTC(), Pending: c.Pending,
		Vanished: ref.Vanished(), Drifted: ref.Drifted(), Odd: c.Odd != account.NotOdd, Hostile: c.Hostile != account.NotHostile,
		Messages: c.Messages(), Events: len(c.Entries), JSON: new(writer).v2(nil, c), Account: c,
	}
	if c.Missed {
		chat.Type = "missed_chat"
	}
	if !c.Pending {
		chat.Ended = time.Unix(c.End, 0).UTC()
	}
	if c.Contradicts != account.NoContradiction {
		chat.Contradicts = c.Contradicts.String()
	}
	chat.ListedFrom, chat.ListedTo = s.opt.listed(ref, now)
	chat.Appears = time.Unix(s.opt.appears(ref, c.Pending), 0).UTC()
	for _, a := range c.Agents {
		chat.Agents = append(chat.Agents, a.Email)
	}
	return chat
}

// Thread is what API v3.6 has of chat no now. Without told, its events are kept back:
// it is too old, or they are missing however often they are asked for.
func (s *Server) Thread(no int) (t account.Thread, told bool) {
	s.mu.RLock()
	ref, now := s.account.Thread(no), s.account.Now()
	s.mu.RUnlock()
	s.account.MakeThread(&t, ref, now)
	return t, !s.restricted(ref.Ref, now) && (!s.missing(ref.Ref, now) || s.opt.V3.MissingGet == "gives")
}

// Listed says whether the chat is found under the days from one midnight up to,
// not including, another.
func (c Chat) Listed(from, to time.Time) bool {
	return c.ListedFrom.Before(to) && !c.ListedTo.Before(from)
}

// listed are the first and the last instant under which a chat is listed.
func (o *Options) listed(ref account.Ref, now int64) (from, to time.Time) {
	start, end := time.Unix(ref.Start, 0).UTC(), time.Unix(ref.End(), 0).UTC()
	open := ref.End() > now
	if open {
		end = time.Unix(now, 0).UTC()
	}
	switch {
	case o.Dates == "overlap":
		return start, end
	case o.Dates == "start", open && o.PendingDates == "start":
		return start, start
	case open && o.PendingDates == "always":
		return time.Time{}, time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)
	default:
		return end, end
	}
}

// cache keeps chats that will not change any more.
type cache struct {
	mu    sync.RWMutex
	chats map[int][]byte
}

// write appends a chat, from the cache if there is one.
func (s *Server) write(b []byte, c account.Ref, now int64) []byte {
	settled := c.End() + int64(s.opt.LateBy/time.Second)
	if s.opt.LateChanges == 0 {
		settled = c.End()
	}
	if !s.opt.Cache || settled > now || s.opt.Contradict > 0 { // an end in the future moves with now
		return appendV2(b, s.account, c, now)
	}
	s.cache.mu.RLock()
	kept, ok := s.cache.chats[c.No]
	s.cache.mu.RUnlock()
	if !ok {
		kept = bytes.Clone(appendV2(nil, s.account, c, now))
		s.cache.mu.Lock()
		if s.cache.chats == nil {
			s.cache.chats = map[int][]byte{}
		}
		s.cache.chats[c.No] = kept
		s.cache.mu.Unlock()
	}
	return append(b, kept...)
}

var compressors = sync.Pool{New: func() any {
	w, _ := gzip.NewWriterLevel(nil, gzip.BestSpeed)
	return w
}}

// compress does so if the switch is on and the client says it can read it.
func (s *Server) compress(r *http.Request, a answer) answer {
	if !s.opt.Gzip || !strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") || len(a.body) == 0 {
		return a
	}
	var b bytes.Buffer
	w := compressors.Get().(*gzip.Writer)
	defer compressors.Put(w)
	w.Reset(&b)
	w.Write(a.body)
	w.Close()
	a.body = b.Bytes()
	a.header = append(a.header[:len(a.header):len(a.header)], [2]string{"Content-Encoding", "gzip"})
	return a
}

// endless sends a list that has no end, until the client goes away.
func (s *Server) endless(w http.ResponseWriter, r *http.Request) {
	s.mu.RLock()
	now := s.account.Now()
	all := s.account.All()
	chats := make([]account.Ref, min(len(all), 1000))
	for i := range chats {
		chats[i] = s.account.Ref(int(all[i]))
	}
	s.mu.RUnlock()
	write := s.write
	if isV3(r) {
		write = func(b []byte, c account.Ref, now int64) []byte { return s.writeThread(b, c.No, now) }
	}
	w.Header().Set("Content-Type", "application/json")
	b := []byte(`{"chats":[`)
	for no := 0; r.Context().Err() == nil; no++ {
		if len(chats) == 0 {
			b = append(b, "[],"...)
		} else {
			b = append(write(b, chats[no%len(chats)], now), ',')
		}
		if len(b) < 64<<10 {
			continue
		}
		if _, err := w.Write(b); err != nil {
			return
		}
		b = b[:0]
	}
	panic(http.ErrAbortHandler)
}
