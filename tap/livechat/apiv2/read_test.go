package apiv2

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"tap-livechat/tap/sandbox"
	"tap-livechat/tap/source"
	"tap-livechat/tap/source/sourcetest"
)

// lost are the chats that the sandbox lists for the days of a range and that did
// not come, and how many it lists. Chats that were taken out or added while the
// archive was read do not count.
func lost(s *sandbox.Server, r *reading, rg Range) (missing []sandbox.Chat, want int) {
	for chat := range s.Truth() {
		if chat.Vanished || chat.Drifted || !chat.Listed(midnight(rg.From), nextMidnight(rg.To)) {
			continue
		}
		want++
		if r.chats[chat.ID] == 0 {
			missing = append(missing, chat)
		}
	}
	return missing, want
}

// TestEveryChatComes reads archives that behave in every way the reference
// leaves open, while they move and fail, and holds what came against what there is.
func TestEveryChatComes(t *testing.T) {
	days, pending := 25, ""
	bad := []string{
		"drift_end=7&drift_vanish=9",
		"drift_end=5&drift_vanish=11&rate_503=0.05&rate_cut=0.05&rate_broken=0.03&retry_after=date",
		"rate_wrong_total=0.05&rate_429=0.05&retry_after=seconds&rate_stall_body=0.03",
		"shape=bursty&rate_no_total=0.04&rate_chopped=0.04&rate_null=0.04&latency=50ms",
		"odd=0.2&hostile=0.2&shape=sparse&drift_vanish=13",
	}
	seed := 0
	for _, order := range []string{"newest", "oldest", "none"} {
		for _, dates := range []string{"start", "end", "overlap"} {
			for _, capped := range []string{"", "&cap_total=capped"} {
				for _, past := range []string{"", "&past_end=400"} {
					for i := range 3 {
						seed++
						if dates == "end" {
							pending = []string{"", "&pending_dates=today", "&pending_dates=always"}[i]
						}
						if sourcetest.Race && seed%8 != 0 { // still every order, meaning and kind of trouble
							continue
						}
						switches := fmt.Sprintf("chats=500&days=%d&order=%s&dates=%s%s%s%s&pending=9&long_chats=0.1&seed=%d&fault_seed=%d&%s",
							days, order, dates, capped, past, pending, seed, seed, bad[seed%len(bad)])
						pending = ""
						t.Run(switches, func(t *testing.T) {
							t.Parallel()
							synctest.Test(t, func(t *testing.T) { everyChatComes(t, switches) })
						})
					}
				}
			}
		}
	}
}

func everyChatComes(t *testing.T, switches string) {
	s := newSandbox(t, switches)
	c := newTestClient(t, mounted{Handler: s}, nil)
	c.window = 150
	rg := Range{From: theNow.AddDate(0, 0, -20), To: theNow, Now: theNow, Open: true}
	r := read(t.Context(), c, rg)
	r.check(t, rg)
	missing, want := lost(s, r, rg)
	for i, chat := range missing {
		if i < 3 {
			t.Errorf("missing: %s from %s to %s pending %v %s", chat.ID, chat.Started, chat.Ended, chat.Pending, chat.Type)
		}
	}
	if len(missing) > 0 {
		t.Errorf("%d of %d are missing, %d of %d windows unsettled", len(missing), want, r.unsettled(), len(r.windows))
	}
	if n, most := s.Count(), 25*pages(len(r.chats))+60; n > most {
		t.Errorf("%d requests for %d chats, want at most %d", n, len(r.chats), most)
	}
	if c.Requests() != s.Count() {
		t.Errorf("the client counted %d requests, the service %d", c.Requests(), s.Count())
	}
}

// TestRanges reads spans that begin and end anywhere.
func TestRanges(t *testing.T) {
	for _, rg := range []Range{
		{From: theNow.Add(-time.Hour), To: theNow},
		{From: utc("2026-03-01"), To: utc("2026-03-02")},
		{From: utc("2026-03-01 23:59:59"), To: utc("2026-03-02 00:00:01")},
		{From: utc("2026-03-09"), To: utc("2026-03-09")},
		{From: theNow, To: theNow},
		{From: theNow.In(time.FixedZone("", 9*3600)).AddDate(0, 0, -3), To: theNow},
		{From: utc("2026-03-20"), To: utc("2026-03-25")},
		{From: utc("1995-01-01"), To: utc("1999-01-01")},
	} {
		t.Run(rg.From.Format(time.RFC3339)+" "+rg.To.Format(time.RFC3339), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newSandbox(t, "chats=300&days=20&dates=end")
				r := read(t.Context(), newTestClient(t, mounted{Handler: s}, nil), rg)
				if r.err != nil {
					t.Fatal(r.err)
				}
				if !rg.From.Equal(rg.To) {
					r.check(t, rg)
				}
				for chat := range s.Truth() {
					if !chat.Pending && !chat.Ended.Before(rg.From) && chat.Ended.Before(rg.To) && r.chats[chat.ID] == 0 {
						t.Errorf("missing: %s that ended %s", chat.ID, chat.Ended)
					}
				}
			})
		})
	}
}

// moving is an archive of 200 chats on one past day, and one of three on the
// day after, which must come whatever happens before.
func moving(order string) *fakeArchive {
	a := &fakeArchive{order: order, dates: "end"}
	for i := range 200 {
		at := utc("2026-03-01").Add(time.Duration(i) * 7 * time.Minute)
		a.add(at, at.Add(time.Minute))
	}
	for range 3 {
		a.add(utc("2026-03-02 10:00:00"), utc("2026-03-02 10:10:00"))
	}
	return a
}

// TestPagesMove takes a chat out, or puts one in, between any two pages: the
// one that slips past the reader must come all the same.
func TestPagesMove(t *testing.T) {
	rg := Range{From: utc("2026-03-01"), To: utc("2026-03-03")}
	for _, order := range []string{"newest", "oldest", "none"} {
		for _, change := range []string{"vanish", "vanish two", "appear", "appear, then vanish", "many appear"} {
			for _, workers := range []int{1, 4} {
				t.Run(fmt.Sprintf("%s/%s/%d", order, change, workers), func(t *testing.T) {
					for k := 1; k <= 10; k++ {
						a := moving(order)
						gone, came := 1+k*16%100, 0
						if order == "oldest" {
							gone = 3
						}
						if order == "newest" {
							gone = 198
						}
						a.after = func(a *fakeArchive, page, asked int) {
							put := func(n int) {
								for i := range n {
									came++
									at := utc("2026-03-01 23:50:00").Add(time.Duration(i) * time.Second)
									a.add(at, at)
								}
							}
							switch {
							case asked == k && strings.HasPrefix(change, "vanish"):
								a.remove(gone)
								if change == "vanish two" {
									a.remove(gone - 1)
								}
							case asked == k && change == "many appear":
								put(70)
							case asked == k && strings.HasPrefix(change, "appear"):
								put(1)
							case asked == k+2 && change == "appear, then vanish":
								a.remove(gone)
							}
						}
						c := newTestClient(t, a, func(o *Options) { o.Workers = workers })
						r := read(t.Context(), c, rg)
						r.check(t, rg)
						var missing []string
						for _, id := range a.missing(r) {
							if n := 0; id[0] == 'C' {
								fmt.Sscanf(id, "C%d", &n)
								if n <= 202 || came < 70 && asked(a) > k+1 { // what was there, and what came in time
									missing = append(missing, id)
								}
							}
						}
						if len(missing) > 0 && r.unsettled() == 0 {
							t.Errorf("a change after answer %d: %v did not come, and no window says so (%d requests)", k, missing, a.asked)
						}
						if a.asked > 80 {
							t.Errorf("a change after answer %d: %d requests", k, a.asked)
						}
					}
				})
			}
		}
	}
}

func asked(a *fakeArchive) int { return a.asked }

// TestNeverSettles reads a day from which a chat goes after every answer, and
// one whose total is plainly wrong: the reading ends, says so with both
// numbers, and the windows after it come.
func TestNeverSettles(t *testing.T) {
	rg := Range{From: utc("2026-03-01"), To: utc("2026-03-03")}
	for name, prepare := range map[string]func(*fakeArchive){
		"chats vanish": func(a *fakeArchive) {
			a.after = func(a *fakeArchive, _, asked int) { a.remove(199 - asked) }
		},
		"chats come and go": func(a *fakeArchive) {
			a.after = func(a *fakeArchive, _, asked int) {
				a.remove(a.chats[asked%100].no)
				if asked%2 == 0 {
					a.add(utc("2026-03-01 10:00:00"), utc("2026-03-01 11:00:00"))
				}
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			a := moving("newest")
			prepare(a)
			c := newTestClient(t, a, nil)
			c.window = 60
			r := read(t.Context(), c, rg)
			r.check(t, rg)
			if r.windows[0].Complete {
				t.Errorf("the first window says that it adds up: %+v", r.windows[0])
			}
			if w := r.windows[0]; w.Chats == 0 || w.Total == 0 || w.Reads < 2 {
				t.Errorf("the first window is %+v, want both numbers and more than one pass", w)
			}
			if last := r.windows[len(r.windows)-1]; !last.To.Equal(rg.To) || last.Chats != 3 || !last.Complete {
				t.Errorf("the last window is %+v, want three chats that add up", last)
			}
			if a.asked > 80 {
				t.Errorf("%d requests for nine pages", a.asked)
			}
		})
	}
}

// TestWrongTotal tells the reader too much or too little for ever. It must
// come to an end and get all the chats there are.
func TestWrongTotal(t *testing.T) {
	for _, total := range []int{0, 1, 24, 25, 26, 175, 199, 201, 205, 24999, 25000, 1 << 40, -25} {
		t.Run(fmt.Sprint(total), func(t *testing.T) {
			a := moving("newest")
			var asked atomic.Int64
			rt := rewritten(a, func(body string) string {
				asked.Add(1)
				if total < 0 { // both statements agree
					return allOf.ReplaceAllString(body, fmt.Sprintf(`"total":%d,"pages":%d`, -total, pages(-total)))
				}
				return totalOf.ReplaceAllString(body, fmt.Sprintf(`"total":%d`, total))
			})
			r := read(t.Context(), newTestClient(t, rt, nil), Range{From: utc("2026-03-01"), To: utc("2026-03-03")})
			r.check(t, Range{From: utc("2026-03-01"), To: utc("2026-03-03")})
			a.whole(t, r)
			if complete := total <= 201; (r.unsettled() == 0) != complete {
				t.Errorf("the windows are %+v, want complete %v", r.windows, complete)
			}
			n := asked.Load()
			if n > 2500 {
				t.Errorf("%d requests", n)
			}
			t.Logf("%d requests, %d unsettled", n, r.unsettled())
		})
	}
}

// TestTotalHidesTheCap has every answer of a day that no query reaches whole
// state a page of chats. What is beyond reach is not to be passed over in silence.
func TestTotalHidesTheCap(t *testing.T) {
	a := &fakeArchive{order: "newest", dates: "start"}
	for i := range 26000 {
		at := utc("2026-03-01").Add(time.Duration(i) * 3 * time.Second)
		a.add(at, at.Add(time.Minute))
	}
	rt := rewritten(a, func(body string) string { return allOf.ReplaceAllString(body, `"total":25,"pages":1`) })
	r := read(t.Context(), newTestClient(t, rt, nil), Range{From: utc("2026-03-01"), To: utc("2026-03-02")})
	if r.err == nil && len(r.chats) < len(a.chats) && (len(r.windows) == 0 || r.windows[0].Complete) {
		t.Errorf("%d of %d chats came in windows %+v", len(r.chats), len(a.chats), r.windows)
	}
}

// TestFirstTotalTooLow has the first answer of a dense archive state a small
// total, so that a window is begun that no query reaches whole.
func TestFirstTotalTooLow(t *testing.T) {
	for _, capped := range []bool{false, true} {
		for _, days := range []int{1, 4} {
			if sourcetest.Race && capped {
				continue
			}
			t.Run(fmt.Sprintf("capped=%v/%d days", capped, days), func(t *testing.T) {
				a := &fakeArchive{order: "newest", dates: "start", capped: capped}
				const chats = 28000
				for i := range chats {
					at := utc("2026-03-01").Add(time.Duration(i) * (time.Duration(days) * day / chats))
					a.add(at, at.Add(time.Minute))
				}
				n := 0
				rt := rewritten(a, func(body string) string {
					if n++; n == 1 {
						return allOf.ReplaceAllString(body, `"total":30,"pages":2`)
					}
					return body
				})
				r := read(t.Context(), newTestClient(t, rt, func(o *Options) { o.Workers = 1 }), Range{From: utc("2026-03-01"), To: utc("2026-03-01").AddDate(0, 0, days)})
				if r.err != nil {
					t.Fatal(r.err)
				}
				if days > 1 {
					a.whole(t, r)
				} else if len(r.chats) != archiveCap || r.unsettled() != 1 {
					t.Errorf("%d chats came in the windows %+v", len(r.chats), r.windows)
				}
				t.Logf("%d requests for %d pages, windows %+v", a.asked, pages(chats), r.windows)
			})
		}
	}
}

// TestBudget makes exactly as many requests as it may.
func TestBudget(t *testing.T) {
	for _, most := range []int{1, 2, 3, 7, 20, 50} {
		t.Run(fmt.Sprint(most), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newSandbox(t, "chats=3000&days=30&latency=20ms")
				c := newTestClient(t, mounted{Handler: s}, func(o *Options) { o.MaxRequests = most })
				rg := Range{From: theNow.AddDate(0, 0, -30), To: theNow}
				r := read(t.Context(), c, rg)
				if !errors.Is(r.err, source.ErrBudget) {
					t.Errorf("the error is %v, want source.ErrBudget", r.err)
				}
				if s.Count() > most || c.Requests() != most { // those under way when it was used up may not arrive
					t.Errorf("%d requests were made, %d counted, want %d", s.Count(), c.Requests(), most)
				}
				if most >= 20 && len(r.windows) == 0 {
					t.Error("no window was finished")
				}
			})
		})
	}
}

// TestCancel ends readings at random moments: Read returns at once, yields
// nothing more, and leaves no goroutine (synctest would not return).
func TestCancel(t *testing.T) {
	why := errors.New("enough")
	for seed := range 40 {
		synctest.Test(t, func(t *testing.T) {
			random := rand.New(rand.NewPCG(uint64(seed), 1))
			s := newSandbox(t, "chats=600&days=20&latency=80ms&rate_503=0.1&retry_after=seconds&retry_after_value=10s&rate_stall_body=0.1&rate_stall_header=0.1&rate_429=0.1")
			c := newTestClient(t, mounted{Handler: s}, func(o *Options) { o.Workers = 1 + seed%8 })
			c.window = 100
			ctx, cancel := context.WithCancelCause(t.Context())
			defer cancel(nil)
			var at time.Time
			stop := func() {
				at = time.Now()
				cancel(why)
			}
			steps := -1
			if seed%2 == 0 {
				time.AfterFunc(time.Duration(random.Int64N(int64(20*time.Second))), stop)
			} else {
				steps = random.IntN(300)
			}
			var err error
			after, n := 0, 0
			for _, e := range c.Read(ctx, Range{From: theNow.AddDate(0, 0, -20), To: theNow}) {
				if e != nil {
					err = e
				} else if ctx.Err() != nil {
					after++
				}
				if n++; n == steps {
					stop()
				}
			}
			if at.IsZero() {
				return // it was done before
			}
			if !errors.Is(err, why) {
				t.Errorf("seed %d: the error is %v, want the cause", seed, err)
			}
			if late := time.Since(at); late > time.Second {
				t.Errorf("seed %d: Read returned %s after the end", seed, late)
			}
			if after > 0 {
				t.Errorf("seed %d: %d steps after the end", seed, after)
			}
		})
	}
}

// TestBreak leaves the loop in the middle; nothing may stay behind.
func TestBreak(t *testing.T) {
	for _, steps := range []int{1, 2, 30, 200} {
		synctest.Test(t, func(t *testing.T) {
			c := newTestClient(t, mounted{Handler: newSandbox(t, "chats=600&days=20&latency=1s")}, nil)
			n := 0
			for _, err := range c.Read(t.Context(), Range{From: theNow.AddDate(0, 0, -20), To: theNow}) {
				if n++; err != nil || n == steps {
					break
				}
			}
			if n != steps {
				t.Errorf("the loop ended after %d steps, want %d", n, steps)
			}
		})
	}
}

// TestAhead reads with eight workers from a service that takes 100 ms: pages
// must be fetched ahead across the borders of windows.
func TestAhead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := &fakeArchive{order: "newest", dates: "start", latency: 100 * time.Millisecond}
		for i := range 10000 {
			at := utc("2026-01-01").Add(time.Duration(i) * time.Minute)
			a.add(at, at)
		}
		c := newTestClient(t, a, func(o *Options) { o.Workers = 8 })
		started := time.Now()
		r := read(t.Context(), c, Range{From: utc("2026-01-01"), To: utc("2026-01-08")})
		if r.err != nil {
			t.Fatal(r.err)
		}
		took, best := time.Since(started), time.Duration(a.asked)*100*time.Millisecond/8
		t.Logf("%s for %d requests, the best is %s", took, a.asked, best)
		if took > best*12/10 {
			t.Errorf("%s for %d requests, want at most %s", took, a.asked, best*12/10)
		}
	})
}

// A second reading fetches pages ahead, too.
func TestAheadAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := fewDays()
		a.latency = 100 * time.Millisecond
		rt := rewritten(a, func(body string) string { return totalOf.ReplaceAllString(body, `"total":401`) })
		c := newTestClient(t, rt, func(o *Options) { o.Workers = 8 })
		started := time.Now()
		r := read(t.Context(), c, eightDays)
		if took := time.Since(started); r.err != nil || r.windows[0].Reads != 2 || took > time.Second {
			t.Errorf("%s for two readings of 16 pages, %v, the windows are %+v", took, r.err, r.windows)
		}
	})
}

// TestChatByID asks for single chats.
func TestChatByID(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSandbox(t, "chats=20&days=3&rate_503=0.3&rate_broken=0.3&hostile=0.5")
		a := New(newTestClient(t, mounted{Handler: s}, nil).Client, plain{})
		for chat := range s.Truth() {
			got, err := a.chat(t.Context(), chat.ID)
			if err != nil || got == nil || got.ID != chat.ID || !bytes.Contains(got.Out.Text, []byte(chat.ID)) || got.Pending != chat.Pending {
				t.Errorf("Chat(%q) = %+v, %v", chat.ID, got, err)
			}
		}
		for _, id := range []string{"NOSUCHCHAT", "../chats", "a/b?c", "", "\x00"} {
			if got, err := a.chat(t.Context(), id); got != nil {
				t.Errorf("Chat(%q) = %+v, %v", id, got, err)
			}
		}
	})
}

// TestLongRun reads today for the first time hours after the run began: what
// has ended since then is counted by the first answer, and is no reason to
// read again.
func TestLongRun(t *testing.T) {
	now := time.Now().UTC()
	a := &fakeArchive{order: "newest", dates: "end"}
	for i := range 100 {
		end := now.Add(-time.Duration(i) * time.Minute)
		a.add(end.Add(-time.Minute), end)
	}
	rg := Range{From: now.Add(-50 * time.Hour), To: now.Add(-30 * time.Minute)}
	r := read(t.Context(), newTestClient(t, a, nil), rg)
	r.check(t, rg)
	if r.unsettled() > 0 || a.asked > pages(100)+2 {
		t.Errorf("%d windows do not add up, %d requests: %+v", r.unsettled(), a.asked, r.windows)
	}
}
