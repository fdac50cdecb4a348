package apiv2

import "crypto/sha256"

// ids is a set of chat ids that stays small for half a million of them. Each
// bears a mark, for whoever wants to tell when it came.
type ids map[idKey]uint8

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

func (s ids) has(id string) bool {
	_, ok := s[keyOf(id)]
	return ok
}

// add reports whether the id is new.
func (s ids) add(id string) bool {
	k := keyOf(id)
	_, known := s[k]
	if !known {
		s[k] = 0
	}
	return !known
}

// equal reports whether both hold the same.
func (s ids) equal(other ids) bool {
	return len(s) == len(other) && s.holds(other)
}

// holds reports whether the others are in it, too.
func (s ids) holds(others ids) bool {
	for k := range others {
		if _, ok := s[k]; !ok {
			return false
		}
	}
	return true
}
