package sandbox

import (
	"bytes"
	"compress/gzip"
	"iter"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
)

// Truth yields every chat the archive ever held: those that have begun, those
// that drifted in, and those that vanished, roughly by their start. What
// happens while it runs may or may not be in it.
func (s *Server) Truth() iter.Seq[Chat] {
	return func(yield func(Chat) bool) {
		for no := 0; ; no++ {
			s.mu.RLock()
			if no >= len(s.archive.recs) {
				s.mu.RUnlock()
				return
			}
			c, now := entry{no, s.archive.recs[no]}, s.archive.now
			s.mu.RUnlock()
			if c.rec.start <= now && !yield(s.chat(c, now)) {
				return
			}
		}
	}
}

func (s *Server) chat(c entry, now int64) Chat {
	var f facts
	chat := Chat{
		ID: string(s.render.ids.append(nil, c.no)), Type: "chat",
		Started: time.Unix(c.rec.start, 0).UTC(), Pending: c.rec.end() > now,
		Vanished: c.rec.is(isVanished), Drifted: c.rec.is(isDrift),
		JSON: s.render.append(nil, c.no, c.rec, now, &f),
	}
	if c.rec.is(isMissed) {
		chat.Type = "missed_chat"
	}
	if !chat.Pending {
		chat.Ended = time.Unix(c.rec.end(), 0).UTC()
	}
	chat.Agents, chat.Messages, chat.Events = f.agents, f.messages, f.events
	chat.Odd, chat.Hostile = f.odd, f.hostile
	return chat
}

// cache keeps chats that will not change any more.
type cache struct {
	mu    sync.RWMutex
	chats map[int][]byte
}

// write appends a chat, from the cache if there is one.
func (s *Server) write(b []byte, c entry, now int64) []byte {
	settled := c.rec.end() + int64(s.opt.LateBy/time.Second)
	if s.opt.LateChanges == 0 {
		settled = c.rec.end()
	}
	if !s.opt.Cache || settled > now {
		return s.render.append(b, c.no, c.rec, now, nil)
	}
	s.cache.mu.RLock()
	kept, ok := s.cache.chats[c.no]
	s.cache.mu.RUnlock()
	if !ok {
		kept = bytes.Clone(s.render.append(nil, c.no, c.rec, now, nil))
		s.cache.mu.Lock()
		if s.cache.chats == nil {
			s.cache.chats = map[int][]byte{}
		}
		s.cache.chats[c.no] = kept
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
	recs, now := slices.Clone(s.archive.recs[:min(len(s.archive.recs), 1000)]), s.archive.now
	s.mu.RUnlock()
	w.Header().Set("Content-Type", "application/json")
	b := []byte(`{"chats":[`)
	for no := 0; r.Context().Err() == nil; no++ {
		if len(recs) == 0 {
			b = append(b, "[],"...)
		} else {
			c := entry{no % len(recs), recs[no%len(recs)]}
			b = append(s.write(b, c, now), ',')
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
