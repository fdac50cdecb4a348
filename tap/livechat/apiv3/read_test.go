package apiv3

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"tap-livechat/tap/livechat"
	"tap-livechat/tap/secret"
	"tap-livechat/tap/source"
	"tap-livechat/tap/source/sourcetest"
)

// day is the n-th day of the archives of these tests.
func day(n int) time.Time { return time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC).AddDate(0, 0, n) }

// filled is a toy with n threads that begin within these days, in the given shape,
// and last from seconds to hours.
func filled(n int, from, to time.Time, shape string) *toy {
	t := new(toy)
	r := rand.New(rand.NewPCG(1, uint64(n)))
	whole := to.Sub(from)
	for i := range n {
		at := r.Float64()
		switch shape {
		case "growing":
			at = max(at, r.Float64())
		case "spikes":
			if i%10 != 0 {
				at = (float64(r.IntN(5))*2 + 1 + at/1000) / 10
			}
		case "late":
			at = 0.98 + at/50
		case "office":
			d := float64(r.IntN(int(whole/(24*time.Hour)))) + 0.3 + at*0.4
			at = d * float64(24*time.Hour) / float64(whole)
		}
		start := from.Add(time.Duration(at * float64(whole)))
		t.add(start, start.Add(time.Duration(1+r.IntN(7200))*time.Second))
	}
	return t
}

// checkCame: every thread of the range came, and once, but where windows meet in a dense archive.
func checkCame(t *testing.T, archive *toy, r result, rg source.Range) {
	t.Helper()
	if r.err != nil {
		t.Fatal(r.err)
	}
	missing, double := 0, 0
	for _, x := range archive.threads {
		if x.lost || x.start.Before(rg.From) || !x.start.Before(rg.To) {
			continue
		}
		switch n := r.came[x.id]; {
		case n == 0:
			missing++
		case n > 1 && !(archive.dense && slices.ContainsFunc(r.windows, func(w source.Window) bool { return x.start.Sub(w.From).Abs() <= overlap })):
			double++
		}
	}
	if missing+double > 0 {
		t.Errorf("%d threads did not come, %d more than once", missing, double)
	}
}

// TestRead: all comes, once, at the price that is promised, for archives of every
// shape and for any meaning of the ends of a list.
func TestRead(t *testing.T) {
	rg := source.Range{From: day(0), To: day(365), Now: day(365)}
	for _, n := range []int{0, 1, 100, 101, 200, 350, 600, 1000, 2000, 4000, 10_000, 40_000} {
		for _, shape := range []string{"even", "growing", "spikes", "late", "office"} {
			for _, workers := range []int{1, 4, 8, 32} {
				if n == 40_000 && (workers < 8 || shape == "growing" || testing.Short()) || n < 350 && shape != "even" || n == 10_000 && (workers == 1 || sourcetest.Race) {
					continue
				}
				t.Run(fmt.Sprintf("%d %s %d", n, shape, workers), func(t *testing.T) {
					synctest.Test(t, func(t *testing.T) {
						archive := filled(n, rg.From, rg.To, shape)
						archive.exclusive = n%2 == 0
						time.Sleep(time.Until(day(365)))
						r := readToy(t, archive, rg, workers)
						checkCame(t, archive, r, rg)
						if most := cost(n); r.requests > most {
							t.Errorf("%d requests, at most %d are promised; %d windows", r.requests, most, len(r.windows))
						}
						if n := r.incomplete(); n > 0 {
							t.Errorf("%d windows are incomplete", n)
						}
						t.Logf("%d requests for %d pages in %d windows", r.requests, pagesOf(n), len(r.windows))
					})
				})
			}
		}
	}
}

// TestCounts: what the service states need not be true.
func TestCounts(t *testing.T) {
	rg := source.Range{From: day(0), To: day(100), Now: day(100)}
	counts := map[string]func(int) int{
		"one more":       func(n int) int { return n + 1 },
		"a tenth more":   func(n int) int { return n + n/10 },
		"one less":       func(n int) int { return max(n-1, 0) },
		"half":           func(n int) int { return n / 2 },
		"none":           func(int) int { return 0 },
		"not stated":     func(int) int { return -1 },
		"at most 10,000": func(n int) int { return min(n, 10_000) },
		"at most 50":     func(n int) int { return min(n, 50) },
	}
	for name, count := range counts {
		for _, n := range []int{0, 30, 1000, 12_000} {
			if n > 1000 && name != "one more" && name != "at most 10,000" {
				continue
			}
			t.Run(fmt.Sprintf("%s of %d", name, n), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					archive := filled(n, rg.From, rg.To, "even")
					archive.count = count
					time.Sleep(time.Until(rg.Now))
					r := readToy(t, archive, rg, 4)
					checkCame(t, archive, r, rg)
					// What is more than there is leaves windows incomplete, read twice.
					more := name == "one more" || name == "a tenth more" && n > 0
					if incomplete := r.incomplete(); (incomplete > 0) != more {
						t.Errorf("%d of %d windows are incomplete", incomplete, len(r.windows))
					}
					most := cost(n)
					if more {
						most *= 2
					}
					if r.requests > most {
						t.Errorf("%d requests for %d pages in %d windows", r.requests, pagesOf(n), len(r.windows))
					}
					if logged := strings.Count(r.log, "found_chats"); (logged == 1) != (name == "not stated" && n > 0) {
						t.Errorf("the log says %s", r.log)
					}
					t.Logf("%d requests for %d pages in %d windows", r.requests, pagesOf(n), len(r.windows))
				})
			})
		}
	}
}

// TestNothingProvesIt: nothing is lost where the service loses threads at the
// borders of pages, or ends lists early, and its number does not show it.
func TestNothingProvesIt(t *testing.T) {
	rg := source.Range{From: day(0), To: day(50), Now: day(50)}
	counts := map[string]func(int) int{
		"not stated":  func(int) int { return -1 },
		"low":         func(n int) int { return max(n-n/10-1, 0) },
		"high":        func(n int) int { return n + n/10 + 1 },
		"none":        func(int) int { return 0 },
		"one hundred": func(int) int { return 100 },
	}
	for name, count := range counts {
		for _, n := range []int{150, 260, 1000, 5000} {
			for _, most := range []int{0, 130} {
				t.Run(fmt.Sprintf("%s of %d, cap %d", name, n, most), func(t *testing.T) {
					synctest.Test(t, func(t *testing.T) {
						archive := &toy{parts: true, count: count, most: most}
						for i := range n {
							at := day(0).Add(time.Duration(i/3) * 3 * rg.To.Sub(rg.From) / time.Duration(n)) // by threes
							archive.add(at, at.Add(time.Hour))
						}
						time.Sleep(time.Until(rg.Now))
						r := readToy(t, archive, rg, 4)
						checkCame(t, archive, r, rg)
						if n := r.incomplete(); n > 0 && name != "high" && name != "one hundred" {
							t.Errorf("%d of %d windows are incomplete", n, len(r.windows))
						}
						t.Logf("%d requests for %d pages in %d windows", r.requests, pagesOf(n), len(r.windows))
						if most := 3*pagesOf(n) + 60; r.requests > most {
							t.Errorf("%d requests for %d pages", r.requests, pagesOf(n))
						}
					})
				})
			}
		}
	}
}

// TestOtherOrder: of a service that lists newest first whatever is requested, all
// comes, and each window with several threads is incomplete and says what was seen.
func TestOtherOrder(t *testing.T) {
	rg := source.Range{From: day(0), To: day(50), Now: day(50)}
	for name, count := range map[string]func(int) int{
		"true": nil, "not stated": func(int) int { return -1 }, "low": func(n int) int { return n / 2 }, "high": func(n int) int { return n + 1 },
	} {
		for _, n := range []int{150, 260, 5000} {
			synctest.Test(t, func(t *testing.T) {
				archive := filled(n, rg.From, rg.To, "even")
				archive.newest, archive.count = true, count
				time.Sleep(time.Until(rg.Now))
				r := readToy(t, archive, rg, 4)
				checkCame(t, archive, r, rg)
				newest := archive.threads[len(archive.threads)-1]
				if w := r.windows[0]; w.Complete || w.Reads != 1 || !strings.Contains(w.Cause, newest.id+" of "+stamp(newest.start)) {
					t.Errorf("%s, %d: the first window is %+v", name, n, w)
				}
				for _, w := range r.windows {
					if w.Complete && w.Chats > 1 {
						t.Errorf("%s, %d: %+v", name, n, w)
					}
				}
				t.Logf("%s: %d requests for %d pages in %d windows", name, r.requests, pagesOf(n), len(r.windows))
			})
		}
	}
}

// TestAdded: a thread that is lost at the border of a page is not made up for by one
// that is added meanwhile, or shows up late. A border may lose one or two.
func TestAdded(t *testing.T) {
	rg := source.Range{From: day(0), To: day(10), Now: day(10), Open: true}
	for _, n := range []int{150, 1000} {
		for _, at := range []int{2, 3, 4, 5, 9} {
			for _, added := range []int{1, 2, 3, 4} {
				for _, late := range []time.Duration{0, time.Hour} {
					synctest.Test(t, func(t *testing.T) {
						archive := byThrees(n, rg.From, rg.To)
						archive.atList(at, func() {
							for i := range added {
								archive.add(rg.To.Add(time.Second*time.Duration(i)-late), rg.To.Add(time.Minute))
							}
						})
						time.Sleep(time.Until(rg.Now))
						r := readToy(t, archive, rg, 4)
						for i := range added {
							r.came[fmt.Sprint("T", n+i)] = 1 // by the next run, if not by this one
						}
						checkCame(t, archive, r, rg)
						if missing := r.incomplete(); missing > 0 {
							t.Errorf("%d, %d added at %d, %v late: %d of %d windows are incomplete", n, added, at, late, missing, len(r.windows))
						}
						t.Logf("%d: %d requests in %d windows", n, r.requests, len(r.windows))
					})
				}
			}
		}
	}
}

// TestGrows: threads that are added while the archive is read cost nothing.
func TestGrows(t *testing.T) {
	rg := source.Range{From: day(0), To: day(10), Now: day(10), Open: true}
	for _, n := range []int{150, 1000, 10_000} {
		synctest.Test(t, func(t *testing.T) {
			archive := filled(n, rg.From, rg.To, "even")
			archive.latency = 300 * time.Millisecond
			archive.before = func(t *toy, action string, _ bool) {
				if action == "list_archives" {
					t.add(time.Now().Add(-100*time.Millisecond), time.Now())
					t.sort()
				}
			}
			time.Sleep(time.Until(rg.Now))
			r := readToy(t, archive, rg, 4)
			checkCame(t, archive, r, rg)
			if most := cost(n); r.requests > most || r.incomplete() > 0 {
				t.Errorf("%d: %d requests, at most %d are promised; %d windows are incomplete", n, r.requests, most, r.incomplete())
			}
		})
	}
}

// TestIDs: threads that are asked for by their ids come, also where the service refuses
// the request for one of them.
func TestIDs(t *testing.T) {
	for _, archive := range []*toy{{}, {refuses: true}} {
		var ids []string
		for i := range 45 {
			archive.add(day(i), day(i).Add(time.Hour))
			ids = append(ids, fmt.Sprint("T", i))
		}
		archive.count = func(n int) int { return n }
		ids = slices.Insert(ids, 20, "unknown", "too")
		client, err := livechat.New(livechat.Options{AccessToken: secret.New("b"), Transport: archive})
		if err != nil {
			t.Fatal(err)
		}
		came := make(map[string]int)
		for chat, err := range New(client, nil).Chats(t.Context(), ids) {
			if err != nil {
				t.Fatal(err)
			}
			came[chat.ID]++
		}
		if len(came) != 45 || came["unknown"] > 0 {
			t.Errorf("refuses %v: %d came", archive.refuses, len(came))
		}
		t.Logf("refuses %v: %d requests", archive.refuses, client.Usage().Requests)
	}
}

// TestCap: a list that ends before its end loses nothing, since each page begins another
// one; nor where it ends with a full page that names no other.
func TestCap(t *testing.T) {
	rg := source.Range{From: day(0), To: day(100), Now: day(100)}
	for _, most := range []int{100, 150, 500, 1000, 5000} {
		synctest.Test(t, func(t *testing.T) {
			archive := filled(10_000, rg.From, rg.To, "even")
			archive.most = most
			time.Sleep(time.Until(rg.Now))
			r := readToy(t, archive, rg, 4)
			checkCame(t, archive, r, rg)
			if n := r.incomplete(); n > 0 {
				t.Errorf("cap %d: %d of %d windows are incomplete", most, n, len(r.windows))
			}
			t.Logf("cap %d: %d requests in %d windows", most, r.requests, len(r.windows))
		})
	}
}

// TestParted: of two threads of one millisecond, parted by a page border, the
// second is found, too.
func TestParted(t *testing.T) {
	rg := source.Range{From: day(0), To: day(10), Now: day(10)}
	for _, n := range []int{150, 1000, 5000} {
		synctest.Test(t, func(t *testing.T) {
			archive := &toy{parts: true}
			for i := range n {
				at := day(0).Add(time.Duration(i/3) * 3 * rg.To.Sub(rg.From) / time.Duration(n)) // by threes: every page but one in three parts them
				archive.add(at, at.Add(time.Hour))
			}
			time.Sleep(time.Until(rg.Now))
			r := readToy(t, archive, rg, 4)
			checkCame(t, archive, r, rg)
			if n := r.incomplete(); n > 0 {
				t.Errorf("%d of %d windows are incomplete", n, len(r.windows))
			}
			t.Logf("%d: %d requests in %d windows", n, r.requests, len(r.windows))
		})
	}
}

// TestPartedAndFewer: a first number that is too low does not end the looking for what is
// lost at the borders of pages: what is stated later counts.
func TestPartedAndFewer(t *testing.T) {
	rg := source.Range{From: day(0), To: day(10), Now: day(20)}
	synctest.Test(t, func(t *testing.T) {
		const n = 300
		archive := &toy{parts: true}
		for i := range n {
			at := day(0).Add(time.Duration(i/3) * 3 * rg.To.Sub(rg.From) / n) // by threes: both borders part them
			archive.add(at, at.Add(time.Hour))
		}
		lists := 0
		archive.count = func(found int) int {
			if lists++; lists == 1 {
				return found - 2
			}
			return found
		}
		time.Sleep(time.Until(rg.Now))
		r := readToy(t, archive, rg, 4)
		checkCame(t, archive, r, rg)
		if n := r.incomplete(); n > 0 {
			t.Errorf("%d of %d windows are incomplete", n, len(r.windows))
		}
	})
}

// TestLost: threads that the service counts and never lists leave a window
// incomplete; all else comes.
func TestLost(t *testing.T) {
	rg := source.Range{From: day(0), To: day(10), Now: day(10)}
	synctest.Test(t, func(t *testing.T) {
		archive := filled(3000, rg.From, rg.To, "even")
		archive.sort().threads[1234].lost = true
		time.Sleep(time.Until(rg.Now))
		r := readToy(t, archive, rg, 4)
		checkCame(t, archive, r, rg)
		if n := r.incomplete(); n != 1 {
			t.Errorf("%d of %d windows are incomplete", n, len(r.windows))
		}
		if most := pagesOf(3000) + 20 + 20; r.requests > most {
			t.Errorf("%d requests", r.requests)
		}
	})
}

// TestGone: a thread that is deleted while its window is read leaves it complete.
func TestGone(t *testing.T) {
	rg := source.Range{From: day(0), To: day(10), Now: day(10)}
	synctest.Test(t, func(t *testing.T) {
		archive := filled(3000, rg.From, rg.To, "even")
		asked := 0
		archive.before = func(t *toy, _ string, _ bool) {
			if asked++; asked == 8 || asked == 12 {
				t.threads = append(t.threads[:2000:2000], t.threads[2030:]...)
			}
		}
		time.Sleep(time.Until(rg.Now))
		r := readToy(t, archive, rg, 4)
		checkCame(t, archive, r, rg)
		if n := r.incomplete(); n != 0 {
			t.Errorf("%d of %d windows are incomplete", n, len(r.windows))
		}
	})
}

// TestLatency: reading 20,000 threads with eight workers takes at most 1.10 of the time
// of a bare download with eight connections, which needs one page to know how many there
// are. Which window is read first depends on which worker is the fastest, and with it
// where windows are shared, so the mean counts. In spikes those places are guesses.
func TestLatency(t *testing.T) {
	const n, workers, rounds, latency = 20_000, 8, 5, 100 * time.Millisecond
	bare := latency * time.Duration(1+(pagesOf(n)-1+workers-1)/workers)
	rg := source.Range{From: day(0), To: day(365), Now: day(365)}
	mean := func(shapes ...string) float64 {
		var sum time.Duration
		for _, shape := range shapes {
			for range rounds {
				synctest.Test(t, func(t *testing.T) {
					archive := filled(n, rg.From, rg.To, shape)
					archive.latency = latency
					time.Sleep(time.Until(rg.Now))
					began := time.Now()
					r := readToy(t, archive, rg, workers)
					sum += time.Since(began)
					if most := cost(n); r.requests > most {
						t.Errorf("%s: %d requests, at most %d are promised", shape, r.requests, most)
					}
				})
			}
		}
		return float64(sum) / float64(bare) / float64(rounds*len(shapes))
	}
	even, spikes := mean("even", "growing", "office"), mean("spikes")
	if even > 1.10 || spikes > 1.20 {
		t.Errorf("%.2f of a bare download, in spikes %.2f", even, spikes)
	}
	t.Logf("%.3f of a bare download, in spikes %.3f", even, spikes)
}

// TestSample: a few of the newest, for one request.
func TestSample(t *testing.T) {
	rg := source.Range{From: day(0), To: day(10), Now: day(10)}
	synctest.Test(t, func(t *testing.T) {
		archive := filled(500, rg.From, rg.To, "even").sort()
		client, err := livechat.New(livechat.Options{AccessToken: secret.New("b"), Transport: archive})
		if err != nil {
			t.Fatal(err)
		}
		var plan *source.Plan
		n := 0
		for step, err := range New(client, nil).Sample(t.Context(), rg) {
			if err != nil {
				t.Fatal(err)
			}
			if step.Plan != nil {
				plan = step.Plan
				continue
			}
			if n++; step.Chat.ID != archive.threads[500-n].id {
				t.Fatalf("%s is not the newest but %d", step.Chat.ID, n)
			}
			if n == 50 {
				break
			}
		}
		if plan == nil || plan.Chats != 500 || client.Usage().Requests != 1 {
			t.Errorf("plan %v, %d requests", plan, client.Usage().Requests)
		}
	})
}

// TestEmptyOnce: a service that says once that there is nothing is asked again, whatever
// number stands beside it.
func TestEmptyOnce(t *testing.T) {
	rg := source.Range{From: day(0), To: day(100), Now: day(100)}
	for _, n := range []int{50, 3000} {
		for _, when := range []int{1, 3, 5, 8} {
			for _, stated := range []int{0, 1, 70} {
				synctest.Test(t, func(t *testing.T) {
					archive := filled(n, rg.From, rg.To, "even").sort()
					all := archive.threads
					lists := 0
					archive.before = func(t *toy, action string, first bool) {
						t.threads, t.count = all, nil
						if action == "list_archives" && first {
							if lists++; lists == when {
								t.threads, t.count = nil, func(int) int { return stated }
							}
						}
					}
					time.Sleep(time.Until(rg.Now))
					r := readToy(t, archive, rg, 4)
					archive.threads = all
					checkCame(t, archive, r, rg)
					if left := r.incomplete(); left > 0 {
						t.Errorf("%d threads, list %d states %d: %d windows are incomplete", n, when, stated, left)
					}
				})
			}
		}
	}
}

// TestShy: lists are empty when they are asked for the first time, each of them.
func TestShy(t *testing.T) {
	for name, count := range map[string]func(int) int{"exact": nil, "absent": func(int) int { return -1 }} {
		for _, shape := range []string{"even", "late", "spikes"} {
			for _, n := range []int{50, 350, 3000} {
				synctest.Test(t, func(t *testing.T) {
					rg := source.Range{From: day(0), To: day(100), Now: day(100)}
					archive := filled(n, rg.From, rg.To, shape)
					archive.count, archive.shy = count, true
					time.Sleep(time.Until(rg.Now))
					r := readToy(t, archive, rg, 4)
					checkCame(t, archive, r, rg)
					if missing := r.incomplete(); missing > 0 {
						t.Errorf("%s, %d %s: %d windows are incomplete", name, n, shape, missing)
					}
				})
			}
		}
	}
}

// TestUnstated: what an archive costs whose numbers are not stated. The windows are made
// by how close threads are, and where that says least, at spikes, ends a few pages more.
func TestUnstated(t *testing.T) {
	rg := source.Range{From: day(0), To: day(365), Now: day(365)}
	for name, count := range map[string]func(int) int{"absent": func(int) int { return -1 }, "zero": func(int) int { return 0 }} {
		for _, n := range []int{700, 3000} {
			for _, shape := range []string{"even", "growing", "late", "office", "spikes"} {
				for _, workers := range []int{1, 4, 8} {
					synctest.Test(t, func(t *testing.T) {
						archive := filled(n, rg.From, rg.To, shape)
						archive.count = count
						archive.latency = 100 * time.Millisecond
						time.Sleep(time.Until(rg.Now))
						r := readToy(t, archive, rg, workers)
						checkCame(t, archive, r, rg)
						most := cost(n) * 5 / 4
						if shape == "spikes" {
							most += 20 * workers
						}
						if r.requests > most || r.incomplete() > 0 {
							t.Errorf("%s, %d %s, %d workers: %d requests, want at most %d; %d of %d windows are incomplete", name, n, shape, workers, r.requests, most, r.incomplete(), len(r.windows))
						}
					})
				}
			}
		}
	}
}
