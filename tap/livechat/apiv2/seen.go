package apiv2

import "crypto/sha256"

// seen are the ids of the chats of a window. It remembers for each which reading
// brought it last. It stays small for a hundred thousand of them.
type seen struct {
	last    map[idKey]int32
	reading int32 // the number of the reading under way
}

func newSeen() *seen { return &seen{last: make(map[idKey]int32)} }

// add notes that the reading under way brought a chat. first is true if no reading
// brought it before, fresh if this one did not, and again if the reading before this
// one brought it.
func (s *seen) add(id string) (first, fresh, again bool) {
	k := keyOf(id)
	last, known := s.last[k]
	s.last[k] = s.reading
	return !known, last != s.reading, known && last == s.reading-1
}

// idKey is an id of up to 15 bytes as it is, and of a longer one a digest.
type idKey [16]byte

func keyOf(id string) (k idKey) {
	if len(id) < len(k) {
		copy(k[:], id)
		k[15] = byte(len(id))
		return k
	}
	sum := sha256.Sum256([]byte(id))
	copy(k[:15], sum[:])
	k[15] = 0xff
	return k
}
