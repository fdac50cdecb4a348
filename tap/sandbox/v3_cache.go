package sandbox

import (
	"bytes"
	"sync"

	"tap-livechat/tap/sandbox/account"
)

// threadCache keeps threads for as long as the account stands still.
type threadCache struct {
	mu      sync.RWMutex
	version int
	now     int64
	threads map[int][]byte
}

// writeListed appends an entry as list_archives shows it, from the cache if there
// is one.
func (s *Server) writeListed(b []byte, ref account.ThreadRef, now int64) []byte {
	if !s.opt.Cache {
		return s.appendThread(b, ref, now, s.missing(ref.Ref, now))
	}
	s.mu.RLock()
	version := s.account.Version()
	s.mu.RUnlock()
	cache := &s.v3.cache
	cache.mu.RLock()
	kept, ok := cache.threads[ref.No]
	ok = ok && cache.version == version && cache.now == now
	cache.mu.RUnlock()
	if !ok {
		kept = bytes.Clone(s.appendThread(nil, ref, now, s.missing(ref.Ref, now)))
		cache.mu.Lock()
		if cache.version != version || cache.now != now || cache.threads == nil {
			cache.version, cache.now, cache.threads = version, now, map[int][]byte{}
		}
		cache.threads[ref.No] = kept
		cache.mu.Unlock()
	}
	return append(b, kept...)
}

// deepen puts arrays in arrays into the entry just written.
func (s *Server) deepen(b []byte) []byte {
	b = append(b[:len(b)-1], `,"deep":`...)
	b = append(b, bytes.Repeat([]byte{'['}, s.opt.Deep)...)
	b = append(b, bytes.Repeat([]byte{']'}, s.opt.Deep)...)
	return append(b, '}')
}
