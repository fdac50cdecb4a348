package account

import "math/bits"

// Random is splitmix64: small, fast, and good enough for names and dates.
// Its value is its whole state, so a chat's randomness is made from the seed
// and the chat's number and needs no memory.
type Random uint64

// Mix turns any number of values into the start of a sequence.
func Mix(values ...uint64) Random {
	var r Random
	for _, v := range values {
		r = Random(r.next() ^ v)
	}
	r.next()
	return r
}

func (r *Random) next() uint64 {
	*r += 0x9e3779b97f4a7c15
	z := uint64(*r)
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

// N returns a number from 0 up to, not including, k; 0 when k is not positive.
func (r *Random) N(k int) int {
	if k <= 0 {
		return 0
	}
	hi, _ := bits.Mul64(r.next(), uint64(k))
	return int(hi)
}

// Float returns a number from 0 up to, not including, 1.
func (r *Random) Float() float64 { return float64(r.next()>>11) / (1 << 53) }

// Hit is true for the given share of calls. It always draws, so that one
// switch does not change what the next one hits.
func (r *Random) Hit(share float64) bool { return r.Float() < share }

// Pick returns one of several.
func Pick[T any](r *Random, from []T) T { return from[r.N(len(from))] }
