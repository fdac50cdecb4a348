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
	f.Add(int64(1), uint16(3650), uint16(2500))
	f.Add(int64(2), uint16(1), uint16(25))
	f.Add(int64(3), uint16(400), uint16(100))
	f.Fuzz(func(t *testing.T, seed int64, days, target uint16) {
		if days == 0 || target == 0 {
			return
		}
		random := rand.New(rand.NewPCG(uint64(seed), 0))
		from := utc("2016-01-01")
		p := newPlan(span{from, from.AddDate(0, 0, int(days))}, int(target))
		at, asked := from, 0
		for {
			w, ok := p.propose()
			if !ok {
				break
			}
			for {
				if asked++; asked > 20*int(days)+20 {
					t.Fatalf("%d first pages for %d days", asked, days)
				}
				if !w.from.Equal(at) || !w.from.Before(w.to) || w.to.After(p.end) {
					t.Fatalf("the window is [%s, %s), want one from %s", w.from, w.to, at)
				}
				total, atCap := int(random.ExpFloat64()*3000), random.IntN(6) == 0
				switch random.IntN(6) {
				case 0:
					total = random.IntN(1 << 47)
				case 1:
					total = 0
				}
				shorter, ok := p.accept(w, total, atCap)
				if ok {
					if w.days() > 1 && (atCap || total > int(target)*3/2) {
						t.Fatalf("%d days with %d chats were accepted", w.days(), total)
					}
					break
				}
				if shorter.days() >= w.days() {
					t.Fatalf("%d days are not shorter than %d", shorter.days(), w.days())
				}
				w = shorter
			}
			at = w.to
		}
		if !at.Equal(p.end) {
			t.Fatalf("the windows end at %s, want %s", at, p.end)
		}
	})
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
					a := &fakeArchive{order: order, dates: "end", capped: capped}
					for i := range shape.chats {
						at := theNow.Add(time.Duration((shape.at(i)-float64(shape.days))*24*float64(time.Hour)) - time.Hour)
						a.add(at.Add(-10*time.Minute), at)
					}
					rg := Range{From: theNow.AddDate(0, 0, -shape.start-1), To: theNow, Now: theNow, Open: true}
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
			a := &fakeArchive{order: "newest", dates: dates}
			from := theNow.AddDate(0, 0, -1)
			for i := range chats {
				at := from.Add(time.Duration(i) * 10 * time.Minute)
				a.add(at, at.Add(9*time.Minute))
			}
			for i := range 500 { // older ones
				at := from.Truncate(day).Add(-time.Duration(i+1) * time.Hour)
				a.add(at, at)
			}
			rg := Range{From: from, To: theNow, Now: theNow, Open: true}
			r := read(t.Context(), newTestClient(t, a, nil), rg)
			r.check(t, rg)
			// The days before today and today are two lists, and a full page may not be
			// the last. That a list is empty is asked for once more.
			now := 0 // chats of today
			for _, c := range a.chats {
				if c.start >= midnight(theNow).Unix() {
					now++
				}
			}
			want := (chats-now)/pageSize + 1 + now/pageSize + 1
			if chats-now == 0 {
				want++
			}
			if now == 0 {
				want++
			}
			if n := a.asked; n > 5 || n != want {
				t.Errorf("%d chats by %s: %d requests, want %d", chats, dates, n, want)
			}
		}
	}
}

// TestRequestsWhileChatsEnd counts what an archive costs (G6) while a chat ends per so
// many requests.
func TestRequestsWhileChatsEnd(t *testing.T) {
	for _, chats := range []int{4000, 12000, 60000} {
		for _, per := range []int{20, 50, 100} {
			for _, workers := range []int{1, 2, 4, 8} {
				for _, dates := range []string{"start", "end"} {
					t.Run(fmt.Sprintf("%d/%d/%d/%s", chats, per, workers, dates), func(t *testing.T) {
						t.Parallel()
						a := &fakeArchive{order: "newest", dates: dates}
						for i := range chats {
							end := theNow.Add(-time.Duration(float64(i) / float64(chats) * float64(90*day)))
							a.add(end.Add(-10*time.Minute), end)
						}
						a.after = func(a *fakeArchive, _, asked int) {
							if asked%per == 0 {
								a.add(theNow.Add(-5*time.Minute), theNow)
							}
						}
						rg := Range{From: theNow.AddDate(0, 0, -91), To: theNow, Now: theNow, Open: true}
						r := read(t.Context(), newTestClient(t, a, func(o *Options) { o.Workers = workers }), rg)
						r.check(t, rg)
						last := r.windows[len(r.windows)-1]
						n, pages := a.asked, pages(chats)
						t.Logf("%d requests for %d pages (%.3f), the last window %d reads, moving %v", n, pages, float64(n)/float64(pages), last.Reads, last.Moving)
						if most := pages*11/10 + 20; n > most || r.unsettled() > 0 {
							t.Errorf("%d requests, want at most 1.10 × %d + 20 = %d, the windows are %+v", n, pages, most, r.windows)
						}
					})
				}
			}
		}
	}
}
