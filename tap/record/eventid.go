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

// madeID returns the id of an entry if it is one to be made; empty if the id
// that the entry gives is good.
//
// An id is made of what the entry says, so it is the same from run to run, also
// when entries come or go above it. No id of LiveChat's has a slash in it, and
// the stream's name keeps the two streams apart. Entries that say the same are
// numbered, from the second on.
func (p *pen) madeID(s *stream, base int) string {
	switch id := p.key(s.fields[s.eventID].shape, p.slots[base+s.eventID]); {
	case id == "":
	case p.ids[id]:
		p.note(s.path+".event_id", doubleID)
	case !strings.Contains(id, "/") || !strings.HasPrefix(id, p.madePrefix(s)):
		p.ids[id] = true
		if !strings.HasPrefix(id, p.chat.ID) && p.seen.elsewhere(s.name, id, p.chat.ID) {
			p.note(s.path+".event_id", foreignID)
		}
		return ""
	}
	at := p.slots[base+s.at]
	if silent(at) {
		at = p.slots[base+s.date]
	}
	author := p.slots[base+s.agent]
	if silent(author) {
		author = p.slots[base+s.user]
	}
	p.text = p.text[:0]
	for _, v := range [...]jsondoc.Value{at, p.slots[base+s.kindOf], p.slots[base+s.event], author, p.slots[base+s.says]} {
		if !silent(v) {
			p.text = append(p.text, v.Text()...)
		}
		p.text = append(p.text, 0) // which no text has
	}
	sum := sha256.Sum256(p.text)
	id := p.madePrefix(s) + hex.EncodeToString(sum[:10])
	if p.equal[id]++; p.equal[id] > 1 {
		return id + "/" + strconv.Itoa(p.equal[id])
	}
	return id
}

// madePrefix begins the ids that are made for a chat's list.
func (p *pen) madePrefix(s *stream) string { return p.chat.ID + "/" + s.name + "/" }

// forgetIDs empties the sets of ids; one that a long list has blown up is let go.
func (p *pen) forgetIDs() {
	if len(p.ids)+len(p.equal) > 1000 {
		p.ids, p.equal = make(map[string]bool), make(map[string]int)
	}
	clear(p.ids)
	clear(p.equal)
}

// maxSeen bounds the ids that are remembered.
const maxSeen = 100_000

// seenIDs remembers ids that do not begin with the id of their chat, to notice
// those that several chats give: in the target they overwrite each other.
type seenIDs struct {
	seed maphash.Seed
	mu   sync.Mutex
	chat map[uint64]uint64 // hash of the id → hash of the chat
}

// elsewhere reports whether another chat has given the id, as far as is remembered.
func (s *seenIDs) elsewhere(stream, id, chat string) bool {
	of, in := maphash.String(s.seed, stream+"/"+id), maphash.String(s.seed, chat)
	s.mu.Lock()
	defer s.mu.Unlock()
	first, known := s.chat[of]
	if !known && len(s.chat) < maxSeen {
		s.chat[of] = in
	}
	return known && first != in
}
