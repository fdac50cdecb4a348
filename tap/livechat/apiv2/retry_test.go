package apiv2

import (
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"tap-livechat/tap/livechat"
	"tap-livechat/tap/secret"
)

// oneDay is a range that costs one page of the archives below.
var oneDay = Range{From: theNow.AddDate(0, 0, -3), To: theNow}

// faults are the ways in which the sandbox fails; permanent is what a client
// that has given up must say.
var faults = []struct{ name, permanent string }{
	{"500", "500 Internal Server Error"},
	{"503", "503 Service Unavailable"},
	{"429", "429 Too Many Requests"},
	{"408", "408 Request Timeout"},
	{"reset", "connection reset"},
	{"cut", "cut off"},
	{"chopped", "not what was asked for"},
	{"broken", ""},
	{"html", "web page"},
	{"empty", "empty"},
	{"null", "no list of chats"},
	{"no_total", "total"},
	{"stall_header", "request_timeout"},
	{"stall_body", "request_timeout"},
}

// TestTransientFaults: one request in three fails, and all comes.
func TestTransientFaults(t *testing.T) {
	for _, f := range append(faults[:len(faults):len(faults)], struct{ name, permanent string }{"wrong_total", ""}) {
		for _, after := range []string{"none", "seconds", "date"} {
			if after != "none" && f.name != "429" && f.name != "503" {
				continue
			}
			t.Run(f.name+"/"+after, func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					s := newSandbox(t, "chats=300&days=10&rate_"+f.name+"=0.34&retry_after_value=7s&retry_after="+after)
					c := newTestClient(t, mounted{Handler: s}, nil)
					rg := Range{From: theNow.AddDate(0, 0, -11), To: theNow}
					r := read(t.Context(), c, rg)
					r.check(t, rg)
					if missing, want := lost(s, r, rg); len(missing) > 0 {
						t.Errorf("%d of %d are missing", len(missing), want)
					}
					if f.name != "wrong_total" && c.Retries() == 0 {
						t.Error("nothing was asked again")
					}
				})
			})
		}
	}
}

// TestPermanentFaults: the service only fails. The reading ends after the
// tries it is allowed for its first page, and says what was asked and what to do.
func TestPermanentFaults(t *testing.T) {
	for _, f := range faults {
		for _, retries := range []int{0, 1, 4} {
			t.Run(fmt.Sprintf("%s/%d", f.name, retries), func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					s := newSandbox(t, "chats=300&days=10&fault_burst=0&rate_"+f.name+"=1")
					var log logTo
					c := newTestClient(t, mounted{Handler: s}, func(o *Options) { o.MaxRetries, o.Log = retries, log.logger() })
					started := time.Now()
					r := read(t.Context(), c, oneDay)
					var e *Error
					if !errors.As(r.err, &e) {
						t.Fatalf("the error is %v, want an *Error", r.err)
					}
					if s.Count() != retries+1 || c.Requests() != retries+1 || c.Retries() != retries || e.Tries != retries+1 {
						t.Errorf("%d requests, %d counted, %d retries, %d tries; want %d", s.Count(), c.Requests(), c.Retries(), e.Tries, retries+1)
					}
					text := e.Error()
					if !strings.Contains(text, "page 1 of the chats of 2026-03-07 to 2026-03-10") || !strings.Contains(text, f.permanent) || e.Cause == livechat.Unknown {
						t.Errorf("the error is %q, cause %d", text, e.Cause)
					}
					if strings.ContainsAny(text, "\n\r") {
						t.Errorf("the error has several lines: %q", text)
					}
					if most := time.Duration(retries+1) * (time.Minute + time.Minute*3/2); time.Since(started) > most {
						t.Errorf("it took %s", time.Since(started))
					}
					noSecret(t, text+log.String())
				})
			})
		}
	}
}

// TestNeverAskedAgain: what will be the same next time is asked for once.
func TestNeverAskedAgain(t *testing.T) {
	for switches, want := range map[string]livechat.Cause{
		"status=400":                   livechat.BadRequest,
		"access_token=another":         livechat.Credentials,
		"status=403":                   livechat.Scope,
		"status=404":                   livechat.Missing,
		"status=405":                   livechat.Refused,
		"status=410":                   livechat.Refused,
		"status=418":                   livechat.Refused,
		"redirect=http://evil.example": livechat.Redirect,
		"endless=true":                 livechat.TooLarge,
		"deep=65":                      livechat.Foreign,
		"deep=2000000":                 livechat.Foreign,
	} {
		t.Run(switches, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := newSandbox(t, "chats=300&days=10&"+switches)
				c := newTestClient(t, mounted{Handler: s}, nil)
				r := read(t.Context(), c, oneDay)
				var e *Error
				if !errors.As(r.err, &e) || s.Count() != 1 {
					t.Fatalf("%d requests, the error is %v, want one and an *Error", s.Count(), r.err)
				}
				if e.Cause != want {
					t.Errorf("the cause of %q is %d, want %d", e, e.Cause, want)
				}
			})
		})
	}
}

// TestStopsInTheMiddle: the service fails for good after some pages. The
// requests stay bounded by what may be under way.
func TestStopsInTheMiddle(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSandbox(t, "chats=2000&days=30&fail_after=21&latency=10ms")
		c := newTestClient(t, mounted{Handler: s}, func(o *Options) { o.MaxRetries = 3 })
		r := read(t.Context(), c, Range{From: theNow.AddDate(0, 0, -30), To: theNow})
		var e *Error
		if !errors.As(r.err, &e) || e.Status != 503 {
			t.Errorf("the error is %v, want a 503", r.err)
		}
		if most := 20 + 2*4*4; s.Count() > most {
			t.Errorf("%d requests, want at most %d", s.Count(), most)
		}
		if len(r.chats) == 0 {
			t.Error("no chat came, though twenty pages did")
		}
	})
}

// TestRetryAfter: both forms are obeyed, to the second, up to a limit.
func TestRetryAfter(t *testing.T) {
	for _, form := range []string{"seconds", "date"} {
		for _, value := range []time.Duration{10 * time.Second, time.Hour} {
			synctest.Test(t, func(t *testing.T) {
				s := newSandbox(t, fmt.Sprintf("chats=100&pending=0&fault_burst=1&rate_429=1&retry_after=%s&retry_after_value=%s", form, value))
				c := newTestClient(t, mounted{Handler: s}, nil)
				started := time.Now()
				r := read(t.Context(), c, oneDay)
				r.check(t, oneDay)
				if took, want := time.Since(started), min(value, time.Minute); took < want || took > want+2*time.Second {
					t.Errorf("Retry-After %s as %s: %s, want %s", value, form, took, want)
				}
			})
		}
	}
}

// TestSlowDown: after a 429 fewer requests are under way at once, and later
// more again.
func TestSlowDown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := &fakeArchive{order: "newest", dates: "start", latency: 100 * time.Millisecond}
		for i := range 6000 {
			at := utc("2026-01-01").Add(time.Duration(i) * time.Minute)
			a.add(at, at)
		}
		var mu sync.Mutex
		inFlight, refused, answers := 0, 0, 0
		high := map[string]int{}
		rt := roundTrip(func(r *http.Request) (*http.Response, error) {
			mu.Lock()
			inFlight++
			phase := "before"
			if refused > 0 {
				phase = "after"
			}
			if answers > 200 {
				phase = "late"
			}
			high[phase] = max(high[phase], inFlight)
			refuse := answers > 40 && refused == 0
			if refuse {
				refused++
			}
			mu.Unlock()
			defer func() {
				mu.Lock()
				inFlight--
				answers++
				mu.Unlock()
			}()
			if refuse {
				return answer(429, ""), nil
			}
			return a.RoundTrip(r)
		})
		var log logTo
		r := read(t.Context(), newTestClient(t, rt, func(o *Options) { o.Workers, o.Log = 8, log.logger() }), Range{From: utc("2026-01-01"), To: utc("2026-01-06")})
		if r.err != nil {
			t.Fatal(r.err)
		}
		t.Log(high)
		if high["before"] != 8 || high["late"] < 6 {
			t.Errorf("at once: %v, want 8 before and as many again in the end", high)
		}
		if !strings.Contains(log.String(), "max_concurrent_requests=4") {
			t.Errorf("the log does not say it:\n%s", log.String())
		}
	})
}

// TestMisdirected: once more with the region that the answer names, and with
// it from then on; a region that the user has set is left as it is.
func TestMisdirected(t *testing.T) {
	for i, status := range []int{400, 403, 421, 503, 421} {
		t.Run(fmt.Sprint(status), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				region := [...]string{"us-south1", "eu-west3", "fra", "fra-a", "EU"}[i]
				s := newSandbox(t, fmt.Sprintf("chats=200&days=3&misdirected=%s&misdirected_status=%d", region, status))
				c := newTestClient(t, mounted{Handler: s}, nil)
				r := read(t.Context(), c, oneDay)
				r.check(t, oneDay)
				requests := s.Requests()
				if want := 1 + len(r.chats)/pageSize + 1; len(requests) != want || c.Region() != region {
					t.Errorf("%d requests, region %q, want %d, %s", len(requests), c.Region(), want, region)
				}
				for i, req := range requests {
					if got := req.Header.Get("X-Region"); (i > 0) != (got == region) {
						t.Errorf("request %d names the region %q", i, got)
					}
				}
			})
			synctest.Test(t, func(t *testing.T) {
				s := newSandbox(t, fmt.Sprintf("chats=200&days=3&misdirected=fra&misdirected_status=%d", status))
				r := read(t.Context(), newTestClient(t, mounted{Handler: s}, func(o *Options) { o.Region, o.MaxRetries = "dal", 2 }), oneDay)
				var e *Error
				if !errors.As(r.err, &e) || e.Type != "misdirected_request" || e.Cause != livechat.Region {
					t.Errorf("the error is %v, want misdirected_request and a hint", r.err)
				}
				if most := 3; s.Count() > most || status != 503 && s.Count() != 1 {
					t.Errorf("%d requests", s.Count())
				}
			})
		})
	}
	t.Run("round in circles", func(t *testing.T) {
		n := 0
		rt := roundTrip(func(r *http.Request) (*http.Response, error) {
			n++
			other := "fra"
			if r.Header.Get("X-Region") == "fra" {
				other = "dal"
			}
			return answer(421, fmt.Sprintf(`{"error":{"type":"misdirected_request","message":"no","data":{"region":%q}}}`, other)), nil
		})
		r := read(t.Context(), newTestClient(t, rt, nil), oneDay)
		if n != 2 || r.err == nil {
			t.Errorf("%d requests, error %v", n, r.err)
		}
	})
}

// noSecret fails if the credentials, in any form, are in text.
func noSecret(t *testing.T, text string) {
	t.Helper()
	for _, hidden := range []string{testToken, "s3cr3t", base64.StdEncoding.EncodeToString([]byte(testUser + ":" + testToken))} {
		if strings.Contains(text, hidden) {
			t.Errorf("%q holds %q", text, hidden)
		}
	}
}

// TestSecrets has the service say the credentials back in every place.
func TestSecrets(t *testing.T) {
	basic := "Basic " + base64.StdEncoding.EncodeToString([]byte(testUser+":"+testToken))
	for _, status := range []int{200, 302, 400, 401, 403, 404, 421, 429, 500} {
		for _, hidden := range []string{testToken, basic} {
			for name, body := range map[string]string{
				"type":    `{"error":{"type":"bad %s","message":"m"}}`,
				"message": `{"error":{"type":"t","message":"you sent %s\n\u001b[31m"}}`,
				"region":  `{"error":{"type":"misdirected_request","message":"m","data":{"region":"%s"}}}`,
				"text":    `{"error":"%s"}`,
				"list":    `{"errors":["a","%s"]}`,
				"field":   `{"chats":[{"%s":1}],"total":1}`,
				"id":      `{"chats":[{"id":{"%s":1}}],"total":1}`,
				"bare":    `%s`,
				"html":    `<html>%s</html>`,
				"json":    `{"chats":[%s`,
			} {
				synctest.Test(t, func(t *testing.T) {
					rt := roundTrip(func(r *http.Request) (*http.Response, error) {
						if r.Header.Get("Authorization") != basic || strings.Contains(r.URL.String(), "s3cr3t") {
							t.Errorf("%s with Authorization %q", r.URL, r.Header.Get("Authorization"))
						}
						a := answer(status, fmt.Sprintf(body, hidden))
						a.Header.Set("Location", "https://"+testUser+":s3cr3t-t0k3n@evil.example/"+testToken+"?token="+testToken+"#"+testToken)
						a.Header.Set("Retry-After", testToken)
						a.Header.Set("Content-Type", "text/"+testToken)
						return a, nil
					})
					var log logTo
					r := read(t.Context(), newTestClient(t, rt, func(o *Options) { o.MaxRetries, o.Log = 1, log.logger() }), oneDay)
					if r.err == nil {
						t.Fatalf("%d %s: no error", status, name)
					}
					var e *Error
					if !errors.As(r.err, &e) || e.Cause == livechat.Unknown {
						t.Errorf("%d %s: no cause", status, name)
					}
					text := fmt.Sprintf("%v %+v %#v", r.err, r.err, r.err)
					noSecret(t, text+log.String())
					if strings.ContainsAny(r.err.Error(), "\n\x1b") {
						t.Errorf("%q", r.err)
					}
				})
			}
		}
	}
}

// TestObserve: every request is told of, once, with its outcome.
func TestObserve(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSandbox(t, "chats=300&days=4&rate_503=0.2&rate_reset=0.1&latency=10ms")
		var mu sync.Mutex
		var all []livechat.Request
		c := newTestClient(t, mounted{Handler: s}, func(o *Options) {
			o.Observe = func(r livechat.Request) { mu.Lock(); all = append(all, r); mu.Unlock() }
		})
		read(t.Context(), c, oneDay).check(t, oneDay)
		ok := 0
		for _, r := range all {
			if r.Endpoint != "/chats" || r.Duration < 10*time.Millisecond || r.OK != (r.Status == 200) {
				t.Errorf("%+v", r)
			}
			if r.OK {
				ok++
			}
		}
		if len(all) != s.Count() || ok != len(all)-c.Retries() {
			t.Errorf("%d were told of, %d fine, %d retries; the service counted %d", len(all), ok, c.Retries(), s.Count())
		}
	})
}

// TestBadBaseURL: what is no address is said at once.
func TestBadBaseURL(t *testing.T) {
	for _, address := range []string{"nonsense", "http://", "https://a b/", "://", "%"} {
		if _, err := livechat.New(Options{BaseURL: address, AccessToken: secret.New(testToken)}); err == nil {
			t.Errorf("NewClient with the address %q: no error", address)
		}
	}
}
