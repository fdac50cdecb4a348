package account

import "math/bits"

// Ids look like MH022RD0K5: a letter, then nine of 0-9A-Z. They are the
// chat's number times idFactor plus an offset of the seed, all modulo idSpace,
// so they are unique, in no order, and can be turned back into the number:
// no table of ids is needed.
const (
	idLength = 10
	idSpace  = 26 * 36 * 36 * 36 * 36 * 36 * 36 * 36 * 36 * 36
	idFactor = 1631943287710031 // has no divisor in common with idSpace
)

const (
	letters      = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	alphanumeric = "0123456789" + letters
)

type ids struct{ offset, inverse uint64 }

func newIDs(seed int) ids {
	r := Mix(uint64(seed), 'i')
	return ids{offset: r.next() % idSpace, inverse: invert(idFactor, idSpace)}
}

// text is the id of chat no.
func (i ids) text(no int) string {
	x := (mulmod(uint64(no), idFactor, idSpace) + i.offset) % idSpace
	var id [idLength]byte
	for k := idLength - 1; k > 0; k-- {
		id[k] = alphanumeric[x%36]
		x /= 36
	}
	id[0] = letters[x]
	return string(id[:])
}

// number is the chat that has the id, or would have.
func (i ids) number(id string) (no int, ok bool) {
	if len(id) != idLength || id[0] < 'A' || id[0] > 'Z' {
		return 0, false
	}
	x := uint64(id[0] - 'A')
	for k := 1; k < idLength; k++ {
		switch c := id[k]; {
		case '0' <= c && c <= '9':
			x = x*36 + uint64(c-'0')
		case 'A' <= c && c <= 'Z':
			x = x*36 + uint64(c-'A') + 10
		default:
			return 0, false
		}
	}
	return int(mulmod((x+idSpace-i.offset)%idSpace, i.inverse, idSpace)), true
}

func mulmod(a, b, m uint64) uint64 {
	hi, lo := bits.Mul64(a, b)
	return bits.Rem64(hi, lo, m)
}

// invert is Euclid's way to the x with a*x = 1 modulo m.
func invert(a, m int64) uint64 {
	r0, r1, x0, x1 := m, a, int64(0), int64(1)
	for r1 != 0 {
		q := r0 / r1
		r0, r1 = r1, r0-q*r1
		x0, x1 = x1, x0-q*x1
	}
	return uint64((x0%m + m) % m)
}
