package apiv3

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"tap-livechat/tap/livechat"
	"tap-livechat/tap/secret"
	"tap-livechat/tap/source"
)

// Each safeguard of the reader has a test that fails without it: the tests of this
// file belong to those of which no other test takes notice.

// inBubble reads the toy in a bubble whose clock shows rg.Now, and checks that all
// came and no window is incomplete.
func inBubble(t *testing.T, archive *toy, rg source.Range) (r result) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(time.Until(rg.Now))
		r = readToy(t, archive, rg, 4)
		checkCame(t, archive, r, rg)
		if n := r.incomplete(); n > 0 {
			t.Errorf("%d of %d windows are incomplete", n, len(r.windows))
		}
	})
	return r
}

// TestNotStated: that no number is stated is known from the first page on. Only
// windows that went on before one has shown in which order the service lists are read
// again, not all those that are read beside it.
func TestNotStated(t *testing.T) {
	const n = 6000
	rg := source.Range{From: day(0), To: day(365), Now: day(365)}
	archive := filled(n, rg.From, rg.To, "even")
	archive.count = func(int) int { return -1 }
	archive.slow = func(q toyQuery) time.Duration {
		if q.from().After(day(1)) && q.from().Before(day(160)) {
			return 100 * time.Millisecond // all windows but one of the first four: it is ahead of them
		}
		return 10 * time.Millisecond
	}
	if r := inBubble(t, archive, rg); r.requests > pagesOf(n)*7/4 {
		t.Errorf("%d requests for %d pages", r.requests, pagesOf(n))
	} else {
		t.Logf("%d requests for %d pages", r.requests, pagesOf(n))
	}
}

// TestEmptyBeside: that nothing at all comes of a window is not believed when it is
// said once, whatever number stands beside it; nor put down to an estimate.
func TestEmptyBeside(t *testing.T) {
	rg := source.Range{From: day(0), To: day(100), Now: day(100)}
	for name, count := range map[string]func(int) int{"true": nil, "one more": func(n int) int { return n + 1 }, "one less": func(n int) int { return n - 1 }} {
		for _, after := range []int{0, 60} {
			t.Run(fmt.Sprint(name, after), func(t *testing.T) {
				archive := filled(3000, rg.From, rg.To, "even")
				archive.count = count
				emptied := false
				archive.alter = func(q toyQuery, p *toyPage) {
					if q.from().After(day(after)) && q.After == "" && !emptied {
						emptied = true
						p.threads, p.next = nil, ""
					}
				}
				inBubble(t, archive, rg)
				if !emptied {
					t.Error("no page was emptied")
				}
			})
		}
	}
}

// from is where the list begins.
func (q toyQuery) from() time.Time {
	at, _ := time.Parse(toyLayout, q.Filters.From)
	return at
}

// TestEmptyPage: an empty page that has one before or after it is asked for again,
// though the number of threads agrees with what came without it.
func TestEmptyPage(t *testing.T) {
	rg := source.Range{From: day(0), To: day(100), Now: day(100)}
	allButOne := func(n int) int { return n - pageSize }
	fullPages := func(n int) int { return (n - 1) / pageSize * pageSize }
	for _, test := range []struct {
		name  string
		count func(n int) int // what is stated
		is    func(q toyQuery, p *toyPage) bool
	}{
		{"the first", allButOne, func(q toyQuery, _ *toyPage) bool { return q.Asked == 0 }},
		{"the second", allButOne, func(q toyQuery, _ *toyPage) bool { return q.Asked == 1 }},
		{"the last", fullPages, func(_ toyQuery, p *toyPage) bool { return p.next == "" }},
	} {
		t.Run(test.name, func(t *testing.T) {
			archive := filled(3000, rg.From, rg.To, "even")
			var window time.Time // that has the page
			emptied := false
			archive.alter = func(q toyQuery, p *toyPage) {
				if window.IsZero() && q.from().After(day(40)) {
					window = q.from()
				}
				if !q.from().Equal(window) {
					return
				}
				p.found = test.count(p.found)
				if !emptied && test.is(q, p) {
					emptied, p.threads = true, nil
				}
			}
			inBubble(t, archive, rg)
			if !emptied {
				t.Error("no page was emptied")
			}
		})
	}
}

// TestEmptyEach: each list is empty when it is asked for the first time, though a number
// stands beside it; those by which a chain goes on by time, too.
func TestEmptyEach(t *testing.T) {
	rg := source.Range{From: day(0), To: day(50), Now: day(50)}
	for _, n := range []int{250, 1500} {
		archive := byThrees(n, rg.From, rg.To)
		archive.count = func(n int) int { return n / 2 }
		said := make(map[string]bool)
		archive.alter = func(q toyQuery, p *toyPage) {
			if list := q.Filters.From + q.Filters.To; q.After == "" && !said[list] {
				said[list] = true
				p.threads, p.next = nil, ""
			}
		}
		inBubble(t, archive, rg)
	}
}

// TestBorders: threads that begin where windows meet come, also if a list holds
// neither of its ends.
func TestBorders(t *testing.T) {
	for _, exclusive := range []bool{false, true} {
		rg := source.Range{From: day(0), To: day(0).Add(3 * time.Second), Now: day(1)}
		archive := &toy{exclusive: exclusive}
		for at := rg.From; at.Before(rg.To); at = at.Add(time.Millisecond) {
			archive.add(at, at.Add(time.Hour))
		}
		if r := inBubble(t, archive, rg); len(r.windows) < 3 {
			t.Errorf("exclusive %v: %d windows", exclusive, len(r.windows))
		}
	}
}

// TestLoop: pages that bring nothing new end a chain, though each names a next one.
func TestLoop(t *testing.T) {
	const endless = 500
	rg := source.Range{From: day(0), To: day(100), Now: day(100)}
	for name, count := range map[string]func(int) int{"true": nil, "not stated": func(int) int { return -1 }} {
		for _, n := range []int{250, 3000} {
			archive := filled(n, rg.From, rg.To, "even")
			archive.count = count
			asked := 0
			archive.alter = func(q toyQuery, p *toyPage) {
				if asked++; p.next == "" && len(p.threads) > 0 && asked < endless {
					p.next = q.same()
				}
			}
			if r := inBubble(t, archive, rg); r.requests >= endless {
				t.Errorf("%s, %d: %d requests", name, n, r.requests)
			} else {
				t.Logf("%s, %d: %d requests", name, n, r.requests)
			}
		}
	}
}

// TestWrongTime: two threads whose beginning is far off do not decide how far a chain
// has come, nor in which order the service lists.
func TestWrongTime(t *testing.T) {
	rg := source.Range{From: day(0), To: day(50), Now: day(50)}
	for name, says := range map[string]time.Time{"late": day(49), "early": day(-900)} {
		for _, at := range []int{50, 150, 1345} {
			t.Run(fmt.Sprint(name, at), func(t *testing.T) {
				archive := byThrees(3000, rg.From, rg.To)
				archive.count = func(int) int { return -1 }
				archive.threads[at].says, archive.threads[at+1].says = says, says
				inBubble(t, archive, rg)
			})
		}
	}
}

// byThrees is a toy with n threads, each three of one millisecond, that loses threads
// at the borders of pages.
func byThrees(n int, from, to time.Time) *toy {
	t := &toy{parts: true}
	for i := range n {
		at := from.Add(time.Duration(i/3) * 3 * to.Sub(from) / time.Duration(n))
		t.add(at, at.Add(time.Minute))
	}
	return t
}

// TestLowCounts: numbers that are too low prove an estimate, too: one of them that is
// too high leaves no window incomplete.
func TestLowCounts(t *testing.T) {
	rg := source.Range{From: day(0), To: day(100), Now: day(100)}
	for name, low := range map[string]func(n int) bool{
		"of windows":          func(n int) bool { return n > 150 },
		"of parts of windows": func(n int) bool { return n < 150 },
	} {
		archive := filled(3000, rg.From, rg.To, "even").sort()
		lost := &archive.threads[10]
		lost.lost = true
		archive.slow = func(q toyQuery) time.Duration {
			if q.from().After(day(1)) {
				return 100 * time.Millisecond // the window that is too high ends first
			}
			return time.Millisecond
		}
		archive.alter = func(q toyQuery, p *toyPage) {
			to, _ := time.Parse(toyLayout, q.Filters.To)
			if has := q.from().Before(lost.start) && to.After(lost.start); !has && low(p.found) {
				p.found--
			}
		}
		t.Run(name, func(t *testing.T) { inBubble(t, archive, rg) })
	}
}

// TestServiceAhead: if the service's clock is ahead, the list goes on to its now.
func TestServiceAhead(t *testing.T) {
	const ahead = 3 * time.Hour
	for _, n := range []int{50, 3000} {
		rg := source.Range{From: day(0), To: day(10), Now: day(10), Open: true}
		archive := filled(n, rg.From, rg.To, "even")
		archive.ahead = ahead
		for i := range 20 {
			at := rg.To.Add(ahead * time.Duration(i) / 20)
			archive.add(at, at.Add(time.Minute))
		}
		synctest.Test(t, func(t *testing.T) {
			time.Sleep(time.Until(rg.Now))
			r := readToy(t, archive, rg, 4)
			rg.To = rg.To.Add(ahead)
			checkCame(t, archive, r, rg)
			if last := r.windows[len(r.windows)-1]; !last.To.Equal(rg.To) {
				t.Errorf("the windows end at %v", last.To)
			}
		})
	}
}

// TestLastWindows: windows that wait for one that stays incomplete are told of when
// all has been read, also if one of them is only then found to hold something.
func TestLastWindows(t *testing.T) {
	rg := source.Range{From: day(0), To: day(100), Now: day(100)}
	archive := filled(3000, rg.From, rg.To, "even").sort()
	archive.threads[10].lost = true
	emptied := false
	archive.alter = func(q toyQuery, p *toyPage) {
		if q.from().After(day(60)) && q.After == "" && !emptied {
			emptied = true
			p.threads, p.next, p.found = nil, "", 0
		}
	}
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(time.Until(rg.Now))
		r := readToy(t, archive, rg, 4)
		checkCame(t, archive, r, rg)
		if r.incomplete() != 1 || !emptied {
			t.Errorf("%d of %d windows are incomplete", r.incomplete(), len(r.windows))
		}
	})
}

// TestMissingEvents: what is listed without its events is asked for once by its id;
// what does not come so either is delivered with a note.
func TestMissingEvents(t *testing.T) {
	rg := source.Range{From: day(0), To: day(10), Now: day(10)}
	missing := []source.Warning{{Field: "ended_timestamp", Why: noEvents}, {Field: "events", Why: stillMissing}}
	for get, want := range map[string][]source.Warning{
		"": nil, "empty": missing, "not_found": missing, "missing_access": missing, "authorization": missing,
	} {
		archive := filled(30, rg.From, rg.To, "even")
		archive.get = get
		archive.threads[7].bare = true
		synctest.Test(t, func(t *testing.T) {
			time.Sleep(time.Until(rg.Now))
			client, err := livechat.New(livechat.Options{AccessToken: secret.New("b"), Transport: archive.sort()})
			if err != nil {
				t.Fatal(err)
			}
			came := 0
			for step, err := range New(client, nil).Read(t.Context(), rg) {
				if err != nil {
					t.Errorf("get_chat %q: %v", get, err)
				}
				if step.Chat == nil {
					continue
				}
				came++
				if step.Chat.ID != "T7" {
					continue
				}
				if diff := cmp.Diff(want, step.Chat.Warnings); diff != "" || step.Chat.Ended.IsZero() != (want != nil) {
					t.Errorf("get_chat %q: ended %v, notes (-want +got):\n%s", get, step.Chat.Ended, diff)
				}
			}
			if came != 30 || archive.asked["get_chat"] != 1 {
				t.Errorf("get_chat %q: %d threads came, it was asked %d times", get, came, archive.asked["get_chat"])
			}
		})
	}
}

// TestManyActive: all pages of the list of active chats are read.
func TestManyActive(t *testing.T) {
	rg := source.Range{From: day(0), To: day(10), Now: day(10)}
	archive := &toy{hidden: true}
	for i := range 250 {
		archive.add(day(0).Add(time.Duration(i)*time.Minute), time.Time{})
	}
	if r := inBubble(t, archive, rg); r.brief != 250 {
		t.Errorf("%d active threads were told of before", r.brief)
	}
}

// TestEndedMeanwhile: where lists hold threads by when they ended, and leave some out at
// the borders of pages, as many that end while the archive is read do not make up for
// those.
func TestEndedMeanwhile(t *testing.T) {
	rg := source.Range{From: day(20), To: day(25), Now: day(25), Open: true}
	for i := range 2 * 2 * 3 * 3 * 2 {
		newest, most, n := i%2 == 1, []int{0, 130}[i/2%2], []int{150, 240, 600}[i/4%3]
		at, added := []int{2, 4, 6}[i/12%3], []int{1, 3}[i/36]
		synctest.Test(t, func(t *testing.T) {
			archive := &toy{ended: true, newest: newest, most: most, parts: true}
			for i := range n {
				end := rg.From.Add(time.Duration(i/3) * 3 * rg.To.Sub(rg.From) / time.Duration(n))
				archive.add(end.Add(-time.Duration(i%5*i%7)*12*time.Hour-time.Hour), end)
			}
			archive.atList(at, func() {
				for i := range added {
					archive.add(rg.From.Add(time.Duration(i)*time.Hour), time.Now())
				}
			})
			time.Sleep(time.Until(rg.Now))
			r := readToy(t, archive, rg, 4)
			missing := 0
			for i := range n {
				if r.came[fmt.Sprint("T", i)] == 0 {
					missing++
				}
			}
			if missing > 0 || r.incomplete() > 0 {
				t.Errorf("newest %v, cap %d, %d threads, %d more at request %d: %d did not come, %d windows are incomplete", newest, most, n, added, at, missing, r.incomplete())
			}
		})
	}
}
