package apiv2

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"
)

// FuzzPlan: whatever totals a plan is told, its windows follow each other
// without gap or overlap, and it asks for a bounded number of them.
func FuzzPlan(f *testing.F) {
	f.Add(int64(1), uint16(3650), uint16(2500), uint16(0))
	f.Add(int64(2), uint16(1), uint16(25), uint16(1))
	f.Add(int64(3), uint16(400), uint16(100), uint16(200))
	f.Fuzz(func(t *testing.T, seed int64, days, target, begin uint16) {
		if days == 0 || target == 0 {
			return
		}
		random := rand.New(rand.NewPCG(uint64(seed), 0))
		from := utc("2016-01-01")
		p := newPlan(span{from, from.AddDate(0, 0, int(days))}, int(target))
		p.beginsAt(from.AddDate(0, 0, int(begin)))
		at, asked := from, 0
		for {
			w, ok := p.propose()
			if !ok {
				break
			}
			for empty := 0; ; {
				if asked++; asked > 20*int(days)+20 {
					t.Fatalf("%d first pages for %d days", asked, days)
				}
				if !w.from.Equal(at) || !w.from.Before(w.to) || w.to.After(p.end) {
					t.Fatalf("the window is [%s, %s), want one from %s", w.from, w.to, at)
				}
				total, pages := int(random.ExpFloat64()*3000), 0
				switch random.IntN(6) {
				case 0:
					total = random.IntN(1 << 47)
				case 1:
					total = 0
				case 2:
					total = archiveCap
				case 3:
					pages = random.IntN(1 << 40)
				}
				other, ok := p.admit(w, total, pages)
				if ok {
					if w.days() > 1 && (total >= archiveCap || pages >= pageCap) {
						t.Fatalf("%d days with %d chats were admitted", w.days(), total)
					}
					if total == 0 && empty == 0 && asked > 1 && p.left != 0 {
						t.Fatalf("that %d days are empty was believed at once", w.days())
					}
					break
				}
				if total == 0 {
					empty++
				} else if other.days() >= w.days() {
					t.Fatalf("%d days are not shorter than %d", other.days(), w.days())
				}
				w = other
			}
			at = w.to
		}
		if !at.Equal(p.end) {
			t.Fatalf("the windows end at %s, want %s", at, p.end)
		}
	})
}

// A rest that is said to hold nothing is asked for once more, whenever that is said.
func TestEmptyRest(t *testing.T) {
	p := newPlan(span{utc("2026-01-01"), utc("2026-03-01")}, 100)
	for _, left := range []int{250, 130} {
		w, _ := p.propose()
		if other, ok := p.admit(w, 0, 0); ok || other != w || !w.to.Equal(p.end) {
			t.Fatalf("with %d chats left, an empty rest is admitted at once: %v, %v", left, other, ok)
		}
		if left == 250 { // it was not so
			other, _ := p.admit(w, left, 10)
			p.admit(other, 120, 5)
			continue
		}
		if _, ok := p.admit(w, 0, 0); !ok {
			t.Error("what is said twice is not believed")
		}
	}
}

// Parts cover the days without a gap, and none holds much more than its share
// unless a single day does.
func TestCut(t *testing.T) {
	for days := 1; days < 40; days++ {
		for seed := range 20 {
			whole := span{utc("2026-01-01"), utc("2026-01-01").AddDate(0, 0, days)}
			r := rand.New(rand.NewPCG(uint64(days), uint64(seed)))
			p := &pass{perDay: make([]int, days+1), live: seed%2 == 0}
			all, most := 0, 0
			for i := range days {
				if seed%3 > 0 || r.IntN(4) == 0 {
					p.perDay[i] = r.IntN(1 + seed*3)
				}
				all, most = all+p.perDay[i], max(most, p.perDay[i])
			}
			cut, at := p.cut(whole), whole.from
			for _, part := range cut {
				held := 0
				for i := int(part.from.Sub(whole.from) / day); i < int(part.to.Sub(whole.from)/day); i++ {
					held += p.perDay[i]
				}
				if !part.from.Equal(at) || part.days() < 1 || part.days() > 1 && held > all/parts+most+1 {
					t.Errorf("%v: a part [%s, %s) of %d chats, want one from %s", p.perDay, part.from, part.to, held, at)
				}
				at = part.to
			}
			if !at.Equal(whole.to) || len(cut) > parts+2 || p.live && cut[len(cut)-1].days() != 1 {
				t.Errorf("%v: %d parts, to %s", p.perDay, len(cut), at)
			}
		}
	}
}

// TestRequests counts what archives of several shapes cost (G6), and prints it.
func TestRequests(t *testing.T) {
	jitter := func(i int) float64 { return float64(uint32(i)*2654435761) / (1 << 32) }
	spread := func(chats, days int) func(i int) float64 {
		return func(i int) float64 { return (float64(i) + jitter(i)) / float64(chats) * float64(days) }
	}
	const dense, some = 60000, 12000
	for _, shape := range []struct {
		name        string
		chats, days int
		start       int // days before theNow
		at          func(i int) float64
	}{
		{"none at all", 0, 30, 30, nil},
		{"one chat", 1, 30, 3650, spread(1, 30)},
		{"tiny", 10, 30, 30, spread(10, 30)},
		{"one window", 2000, 30, 30, spread(2000, 30)},
		{"just over one", 5100, 30, 30, spread(5100, 30)},
		{"even", some, 90, 90, spread(some, 90)},
		{"dense", dense, 30, 30, spread(dense, 30)},
		{"sparse", 3000, 3000, 3000, spread(3000, 3000)},
		{"growing", some, 1000, 1000, func(i int) float64 { return 1000 * (1 - (1-float64(i)/float64(some))*(1-float64(i)/float64(some))) }},
		{"shrinking", some, 1000, 1000, func(i int) float64 { return 1000 * (float64(i) / float64(some)) * (float64(i) / float64(some)) }},
		{"bursty", some, 365, 365, func(i int) float64 { return float64(i*40/some)*9 + jitter(i)*0.2 }},
		{"two bursts far apart", some, 1000, 1000, func(i int) float64 { return float64(i*2/some)*990 + jitter(i) }},
		{"ten years before, dense", dense, 60, 3650, spread(dense, 60)},
		{"ten years before, some", some, 300, 3650, spread(some, 300)},
		{"ten years before, old only", some, 300, 3650, func(i int) float64 { return -3300 + float64(i)/float64(some)*300 }},
		{"three years, dense", 100000, 1000, 3650, spread(100000, 1000)},
	} {
		for _, order := range []string{"newest", "oldest", "none"} {
			for _, capped := range []bool{false, true} {
				t.Run(fmt.Sprintf("%s/%s/capped=%v", shape.name, order, capped), func(t *testing.T) {
					t.Parallel()
					a := &toy{order: order, dates: "end", capped: capped}
					for i := range shape.chats {
						at := theNow.Add(time.Duration((shape.at(i)-float64(shape.days))*24*float64(time.Hour)) - time.Hour)
						a.add(at.Add(-10*time.Minute), at)
					}
					rg := Range{From: theNow.AddDate(0, 0, -shape.start-1), To: theNow, Search: true}
					r := read(t.Context(), newTestClient(t, a, nil), rg)
					r.check(t, rg)
					a.whole(t, r)
					n, pages := a.asked, pages(shape.chats)
					most := pages + pages*3/100 + 20
					t.Logf("%d chats, %d pages: %d requests (%.3f), %d windows", shape.chats, pages, n, float64(n)/float64(max(pages, 1)), len(r.windows))
					if n > most {
						t.Errorf("%d requests, want at most 1.03 × %d + 20 = %d", n, pages, most)
					}
				})
			}
		}
	}
}

// TestNothingNew counts an incremental reading of a quiet account: the
// look-back and nothing else.
func TestNothingNew(t *testing.T) {
	for _, chats := range []int{0, 10, 25, 26, 50, 60} {
		for _, dates := range []string{"start", "end"} {
			a := &toy{order: "newest", dates: dates}
			from := theNow.AddDate(0, 0, -1)
			for i := range chats {
				at := from.Add(time.Duration(i) * 10 * time.Minute)
				a.add(at, at.Add(9*time.Minute))
			}
			for i := range 500 { // older ones
				at := from.Truncate(day).Add(-time.Duration(i+1) * time.Hour)
				a.add(at, at)
			}
			rg := Range{From: from, To: theNow}
			r := read(t.Context(), newTestClient(t, a, nil), rg)
			r.check(t, rg)
			want := chats/pageSize + 1 // a full page may not be the last, whatever the total says
			if chats == 0 {
				want++ // that there is nothing is asked once more
			}
			if n := a.asked; n > 3 || n != want {
				t.Errorf("%d chats by %s: %d requests, want %d", chats, dates, n, want)
			}
		}
	}
}
