package record

import (
	"crypto/sha256"
	"encoding/hex"
	"hash/maphash"
	"strconv"
	"strings"
	"sync"

	"tap-livechat/tap/jsondoc"
)

// generateID returns an id for an entry that has none, or whose own id is already
// used in its list. It returns an empty string if the entry's own id can be used.
//
// The id is a hash of the entry's content. It is therefore the same in every run,
// also if entries are added or removed before it. Ids of LiveChat contain no slash,
// so a generated id is recognized by its prefix, which also names the stream.
// Entries with equal content are numbered from the second on.
func (w *writer) generateID(s *stream, base int) string {
	switch id := w.key(s.fields[s.eventID].schema, w.fields[base+s.eventID]); {
	case id == "":
	case w.ids[id]:
		w.warn(s.path+".event_id", doubleID)
	case !strings.Contains(id, "/") || !strings.HasPrefix(id, w.generatedPrefix(s)):
		w.ids[id] = true
		if !strings.HasPrefix(id, w.chat.ID) && w.seen.givenElsewhere(s.name, id, w.chat.ID) {
			w.warn(s.path+".event_id", foreignID)
		}
		return ""
	}
	at := w.fields[base+s.at]
	if isBlank(at) {
		at = w.fields[base+s.date]
	}
	author := w.fields[base+s.agent]
	if isBlank(author) {
		author = w.fields[base+s.user]
	}
	w.text = w.text[:0]
	for _, v := range [...]jsondoc.Value{at, w.fields[base+s.typ], w.fields[base+s.event], author, w.fields[base+s.text]} {
		if !isBlank(v) {
			w.text = append(w.text, v.Text()...)
		}
		w.text = append(w.text, 0) // which no text has
	}
	sum := sha256.Sum256(w.text)
	id := w.generatedPrefix(s) + hex.EncodeToString(sum[:10])
	if w.equal[id]++; w.equal[id] > 1 {
		return id + "/" + strconv.Itoa(w.equal[id])
	}
	return id
}

// generatedPrefix is the prefix of all ids that are generated for a list of the chat.
func (w *writer) generatedPrefix(s *stream) string { return w.chat.ID + "/" + s.name + "/" }

// resetIDs empties the sets of ids. It drops sets that a long list has made large,
// since a map keeps its size.
func (w *writer) resetIDs() {
	if len(w.ids)+len(w.equal) > 1000 {
		w.ids, w.equal = make(map[string]bool), make(map[string]int)
	}
	clear(w.ids)
	clear(w.equal)
}

// maxSeen is the maximum number of ids that are remembered.
const maxSeen = 100_000

// seenIDs remembers ids that do not begin with the id of their chat. It finds ids
// that occur in several chats: in the target such records overwrite each other.
type seenIDs struct {
	seed maphash.Seed
	mu   sync.Mutex
	chat map[uint64]uint64 // hash of the id → hash of the chat
}

// givenElsewhere reports whether another chat has the id, among the ids remembered.
func (s *seenIDs) givenElsewhere(stream, id, chat string) bool {
	of, in := maphash.String(s.seed, stream+"/"+id), maphash.String(s.seed, chat)
	s.mu.Lock()
	defer s.mu.Unlock()
	first, known := s.chat[of]
	if !known && len(s.chat) < maxSeen {
		s.chat[of] = in
	}
	return known && first != in
}
