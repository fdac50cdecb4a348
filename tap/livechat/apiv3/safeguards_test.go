package apiv3

import (
	"fmt"
	"slices"
	"strings"
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

// TestEmptyBeside: that nothing at all comes of a window is not believed when it is
// said once, whatever number stands beside it.
func TestEmptyBeside(t *testing.T) {
	rg := source.Range{From: day(0), To: day(100), Now: day(100)}
	for name, count := range map[string]func(n int) int{"true": nil, "one less": func(n int) int { return n - 1 }, "not stated": func(int) int { return -1 }} {
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

// TestEmptyPage: an empty page that others came before or that names another one is
// requested again, though the number of threads agrees with what came without it.
func TestEmptyPage(t *testing.T) {
	rg := source.Range{From: day(0), To: day(100), Now: day(100)}
	for at := range 30 {
		for _, next := range []bool{false, true} {
			archive := filled(3000, rg.From, rg.To, "even")
			lists, emptied := 0, false
			archive.alter = func(q toyQuery, p *toyPage) {
				if lists++; lists == at+1 {
					emptied, p.found, p.threads = true, 0, nil
					if !next {
						p.next = ""
					}
				}
				p.found = -1
			}
			inBubble(t, archive, rg)
			if !emptied {
				t.Error("no page was emptied")
			}
		}
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
		archive := &toy{exclusive: exclusive, dense: true}
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

// TestWrongTime: a thread whose created_at is not the time that it is listed by makes
// its window incomplete, which is read by page_id from there on; all threads come. If
// its time cannot be read, it does not matter.
func TestWrongTime(t *testing.T) {
	rg := source.Range{From: day(0), To: day(50), Now: day(50)}
	for name, says := range map[string]time.Time{"late": day(49), "early": day(-900), "unreadable": time.Unix(0, 0)} {
		for _, at := range []int{50, 150, 1345} {
			t.Run(fmt.Sprint(name, at), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					archive := filled(3000, rg.From, rg.To, "even").sort()
					archive.count = func(int) int { return -1 }
					archive.threads[at].says = says
					time.Sleep(time.Until(rg.Now))
					r := readToy(t, archive, rg, 4)
					checkCame(t, archive, r, rg)
					incomplete := slices.DeleteFunc(slices.Clone(r.windows), func(w source.Window) bool { return w.Complete })
					if name == "unreadable" {
						if len(incomplete) > 0 {
							t.Errorf("incomplete: %+v", incomplete)
						}
						return
					}
					if len(incomplete) != 1 || !strings.Contains(incomplete[0].Cause, stamp(says)) || !strings.Contains(incomplete[0].Cause, archive.threads[at].id+" ") {
						t.Errorf("incomplete: %+v", incomplete)
					}
				})
			})
		}
	}
}

// byThrees is a toy with n threads, each three of one millisecond, that loses threads
// at the borders of pages.
func byThrees(n int, from, to time.Time) *toy {
	t := &toy{parts: true, dense: true}
	for i := range n {
		at := from.Add(time.Duration(i/3) * 3 * to.Sub(from) / time.Duration(n))
		t.add(at, at.Add(time.Minute))
	}
	return t
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
	missing := []source.Warning{{Field: "events", Why: noEvents}}
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

// TestManyMissingEvents: threads without events are requested one by one while that
// helps; after ten refusals in a row the rest of the run does without, whatever page and
// window they are on. Each has one note, with LiveChat's reason where it gives one.
func TestManyMissingEvents(t *testing.T) {
	rg := source.Range{From: day(0), To: day(10), Now: day(10)}
	for name, test := range map[string]struct {
		gives func(n int) bool // of the requests for single threads
		most  int
	}{
		"none":         {func(int) bool { return false }, maxRefusals},
		"every second": {func(n int) bool { return n%2 == 0 }, 1200},
		"ten, then no": {func(n int) bool { return n <= 10 }, 10 + maxRefusals},
	} {
		archive := filled(1500, rg.From, rg.To, "even").sort()
		for i := range archive.threads {
			switch {
			case i%5 == 0:
			case i%50 == 1:
				archive.threads[i].restricted = "older than 60 days"
			default:
				archive.threads[i].bare = true
			}
		}
		archive.gives = func(string) bool { return test.gives(archive.asked["get_chat"]) }
		synctest.Test(t, func(t *testing.T) {
			time.Sleep(time.Until(rg.Now))
			a, _ := archiveOf(t, options(1, archive))
			notes := make(map[source.Warning]int)
			came := 0
			for step, err := range a.Read(t.Context(), rg) {
				if err != nil {
					t.Fatal(err)
				}
				if step.Chat == nil {
					continue
				}
				came++
				for _, n := range step.Chat.Warnings {
					notes[n]++
				}
				if step.Chat.Ended.IsZero() != (len(step.Chat.Warnings) == 1) {
					t.Errorf("%s: %s ended %v, with %v", name, step.Chat.ID, step.Chat.Ended, step.Chat.Warnings)
				}
			}
			if asked := archive.asked["get_chat"]; came != 1500 || asked > test.most || asked < test.most-30 {
				t.Errorf("%s: %d threads came, %d were requested by themselves, want %d", name, came, asked, test.most)
			}
			if n := notes[source.Warning{Field: "events", Why: noEvents + ": older than 60 days"}]; n != 30 || len(notes) != 2 {
				t.Errorf("%s: notes %v", name, notes)
			}
		})
	}
}

// TestSlowClock: if the clock of this machine is slow, and the service gives no date, the
// newest threads keep their times.
func TestSlowClock(t *testing.T) {
	for _, test := range []struct {
		ahead time.Duration
		keeps bool
	}{{time.Hour, true}, {47 * time.Hour, true}, {49 * time.Hour, false}} {
		at := answered.Add(test.ahead).Format(time.RFC3339)
		chat, _ := made(t, entryOf(`"created_at":"`+at+`","events":[{"id":"T1_1","type":"system_message","system_message_type":"system_archived","created_at":"`+at+`"}]`))
		if chat.Started.IsZero() == test.keeps || chat.Ended.IsZero() == test.keeps {
			t.Errorf("%v ahead: started %v, ended %v", test.ahead, chat.Started, chat.Ended)
		}
	}
}
