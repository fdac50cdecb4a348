package account

import "testing"

func TestIDs(t *testing.T) {
	for _, seed := range []int{0, 1, 99} {
		g := newIDs(seed)
		for no := range 5000 {
			no *= no
			id := g.text(no)
			if back, ok := g.number(id); !ok || back != no || len(id) != idLength {
				t.Fatalf("seed %d: chat %d has id %s, which is chat %d", seed, no, id, back)
			}
		}
	}
}
