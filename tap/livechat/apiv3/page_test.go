package apiv3

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"tap-livechat/tap/livechat"
	"tap-livechat/tap/secret"
	"tap-livechat/tap/source"
)

// scripted answers each request by a function of its body.
type scripted func(body string) (status int, text string)

func (s scripted) RoundTrip(r *http.Request) (*http.Response, error) {
	body, _ := io.ReadAll(r.Body)
	status, text := s(string(body))
	return &http.Response{StatusCode: status, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(text)), ContentLength: int64(len(text)), Request: r}, nil
}

func archiveOf(tb testing.TB, o livechat.Options) (*Archive, *livechat.Client) {
	tb.Helper()
	o.AccessToken = secret.New("b")
	client, err := livechat.New(o)
	if err != nil {
		tb.Fatal(err)
	}
	return New(client, nil), client
}

// TestNoThread: an entry without a thread, or with one without an id, is named by the id
// of its chat, and all others come; one that has no id at all is an error.
func TestNoThread(t *testing.T) {
	rg := source.Range{From: day(0), To: day(1), Now: day(1)}
	for _, broken := range []string{
		`{"id":"C9","thread":null}`, `{"id":"C9"}`, `{"id":"C9","threads":[{"id":"T9"}]}`, `{"id":"C9","thread":{"id":null}}`,
		`{"id":"C9","thread":{"id":"","active":false}}`, `{"id":"","thread":{"id":""}}`,
	} {
		archive, _ := archiveOf(t, livechat.Options{Transport: scripted(func(body string) (int, string) {
			if strings.Contains(body, "chat_id") {
				t.Errorf("%s: the thread is requested by itself: %s", broken, body)
			}
			return 200, `{"chats":[{"id":"C1","thread":{"id":"T1","created_at":"2026-01-01T01:00:00.000000Z","events":[]}},` + broken +
				`,{"id":"C2","thread":{"id":"T2","created_at":"2026-01-01T02:00:00.000000Z","events":[]}}],"found_chats":3}`
		})})
		var came []string
		var failed *livechat.Error
		for step, err := range archive.Read(t.Context(), rg) {
			errors.As(err, &failed)
			if step.Chat != nil {
				came = append(came, fmt.Sprint(step.Chat.ID, step.Chat.NoID))
			}
			if step.Window != nil && !step.Window.Complete {
				t.Errorf("%s: %+v", broken, *step.Window)
			}
		}
		if strings.Contains(broken, "C9") {
			if got := strings.Join(came, " "); got != "T1false C9true T2false" {
				t.Errorf("%s: %s came, %v", broken, got, failed)
			}
		} else if failed == nil || failed.Cause != livechat.NoID || !strings.Contains(failed.Error(), "entry 2") {
			t.Errorf("%s: %v", broken, failed)
		}
	}
}

// TestHeavyPages: a page that is too much is requested with half the limit, down to one,
// whatever says so and without using up a retry; later pages are larger again.
func TestHeavyPages(t *testing.T) {
	rg := source.Range{From: day(0), To: day(10), Now: day(20)}
	for name, refuse := range map[string]func() (int, string){
		"504":              func() (int, string) { return 504, "" },
		"502":              func() (int, string) { return 502, "<html>" },
		"413":              func() (int, string) { return 413, "" },
		"request_timeout":  func() (int, string) { return 500, `{"error":{"type":"request_timeout","message":"so"}}` },
		"entity_too_large": func() (int, string) { return 400, `{"error":{"type":"entity_too_large","message":"so"}}` },
	} {
		for _, most := range []int{50, 1} {
			synctest.Test(t, func(t *testing.T) {
				time.Sleep(time.Until(rg.Now))
				service := filled(600, rg.From, rg.To, "even").sort()
				var mu sync.Mutex
				heavy, requests, limits := 0, 0, map[int]int{}
				archive, client := archiveOf(t, livechat.Options{Workers: 4, Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
					body, _ := io.ReadAll(r.Body)
					r.Body = io.NopCloser(strings.NewReader(string(body)))
					var limit int
					if _, after, ok := strings.Cut(string(body), `"limit":`); ok {
						fmt.Sscanf(after, "%d", &limit)
					}
					mu.Lock()
					defer mu.Unlock()
					requests++
					limits[limit]++
					if limit > most && (most > 1 || heavy < 8) { // with 1 it gets better after a while
						heavy++
						return scripted(func(string) (int, string) { return refuse() }).RoundTrip(r)
					}
					return service.RoundTrip(r)
				})})
				r := readAll(t, archive, client, rg, func() {})
				checkCame(t, service, r, rg)
				if n := r.incomplete(); n > 0 {
					t.Errorf("%s, %d: %d windows are incomplete", name, most, n)
				}
				for limit := range limits {
					if limit > 0 && limit < most {
						t.Errorf("%s, %d: limits %v", name, most, limits)
					}
				}
				if heavy == 0 || limits[most] == 0 || most > 1 && requests > 30 || most == 1 && limits[100] < 2 {
					t.Errorf("%s, %d: %d requests, %d were too much; limits %v", name, most, requests, heavy, limits)
				}
			})
		}
	}
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// TestNothingSmaller: a page that is too much with a single thread fails.
func TestNothingSmaller(t *testing.T) {
	requests := 0
	archive, _ := archiveOf(t, livechat.Options{MaxRetries: 2, Transport: scripted(func(string) (int, string) { requests++; return 504, "" })})
	synctest.Test(t, func(t *testing.T) {
		for _, err := range archive.Read(t.Context(), source.Range{From: day(0), To: day(1), Now: day(1)}) {
			var failed *livechat.Error
			if !errors.As(err, &failed) || failed.Status != 504 {
				t.Errorf("%v", err)
			}
		}
	})
	if requests != 6+3 { // 100, 50, 25, 12, 6, 3, and three times 1
		t.Errorf("%d requests", requests)
	}
}

// TestRefusedPageID: a page_id that is refused is not needed: the list goes on by time,
// once for each window.
func TestRefusedPageID(t *testing.T) {
	rg := source.Range{From: day(0), To: day(10), Now: day(20)}
	for _, always := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			time.Sleep(time.Until(rg.Now))
			service := filled(600, rg.From, rg.To, "even")
			for range 250 { // one millisecond fills a page
				service.add(day(3), day(4))
			}
			refused := 0
			archive, _ := archiveOf(t, livechat.Options{Workers: 2, Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
				body, _ := io.ReadAll(r.Body)
				r.Body = io.NopCloser(strings.NewReader(string(body)))
				if strings.Contains(string(body), "page_id") && (always || refused == 0) {
					refused++
					return scripted(func(string) (int, string) {
						return 400, `{"error":{"type":"validation","message":"page_id expired"}}`
					}).RoundTrip(r)
				}
				return service.sort().RoundTrip(r)
			})})
			r := result{came: make(map[string]int)}
			var failed error
			for step, err := range archive.Read(t.Context(), rg) {
				if failed = err; step.Chat != nil {
					r.came[step.Chat.ID]++
				} else if step.Window != nil {
					r.windows = append(r.windows, *step.Window)
				}
			}
			if always {
				if failed == nil || refused != 2 {
					t.Errorf("%v after %d refusals", failed, refused)
				}
				return
			}
			if failed != nil || refused != 1 || r.incomplete() > 0 {
				t.Errorf("%v, %d refused, %d windows are incomplete", failed, refused, r.incomplete())
			}
			checkCame(t, service, r, rg)
		})
	}
}

// options are those of a client with so many workers.
func options(workers int, service http.RoundTripper) livechat.Options {
	return livechat.Options{Workers: workers, Transport: service}
}

// TestPageLimit: pages side by side that are too much halve the limit once.
func TestPageLimit(t *testing.T) {
	l := pageLimit{size: maxPage}
	for range 8 {
		if less := l.tooMuch(maxPage); less != 50 {
			t.Errorf("%d in place of %d", less, maxPage)
		}
	}
	if n := l.get(); n != 50 {
		t.Errorf("the next page has %d", n)
	}
	if l.tooMuch(1) != 0 || l.get() != 1 {
		t.Errorf("there is something below 1, and the next page has %d", l.get())
	}
}
