package sandbox

import "math/bits"

// random is splitmix64: small, fast, and good enough for names and dates.
// Its value is its whole state, so a chat's randomness is made from the seed
// and the chat's number and needs no memory.
type random uint64

// mix turns any number of values into the start of a sequence.
func mix(values ...uint64) random {
	var r random
	for _, v := range values {
		r = random(r.next() ^ v)
	}
	r.next()
	return r
}

func (r *random) next() uint64 {
	*r += 0x9e3779b97f4a7c15
	z := uint64(*r)
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

// n returns a number from 0 up to, not including, k; 0 when k is not positive.
func (r *random) n(k int) int {
	if k <= 0 {
		return 0
	}
	hi, _ := bits.Mul64(r.next(), uint64(k))
	return int(hi)
}

// float returns a number from 0 up to, not including, 1.
func (r *random) float() float64 { return float64(r.next()>>11) / (1 << 53) }

// hit is true for the given share of calls. It always draws, so that one
// switch does not change what the next one hits.
func (r *random) hit(share float64) bool { return r.float() < share }

func pick[T any](r *random, from []T) T { return from[r.n(len(from))] }
