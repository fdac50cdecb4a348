package livechat

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"tap-livechat/tap/jsondoc"

	"tap-livechat/tap/secret"
)

const testToken = "dal:s3cr3t-t0k3n"

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// answering answers every request alike.
func answering(status int, body string, header http.Header) roundTrip {
	return func(*http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: status, Header: header, Body: io.NopCloser(strings.NewReader(body)), ContentLength: int64(len(body))}, nil
	}
}

// wantList is a call of version 3.6 that asks for an object with a list.
func wantList(a *Answer) error {
	if a.Root().Get("list").Kind() != jsondoc.Array {
		return errors.New("it has no list")
	}
	return nil
}

// ask makes one call with three retries, and counts the requests.
func ask(t *testing.T, rt http.RoundTripper, call Call, change func(*Options)) (*Error, int, string) {
	t.Helper()
	var log bytes.Buffer
	o := Options{BaseURL: "https://livechat.example", EntityID: secret.New("me"), AccessToken: secret.New(testToken), MaxRetries: 3, Transport: rt,
		Log: slog.New(slog.NewTextHandler(&log, nil))}
	if change != nil {
		change(&o)
	}
	c, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	call.Op = "a list"
	if call.Parse == nil {
		call.Parse = wantList
	}
	err = c.Ask(t.Context(), call)
	var e *Error
	if err != nil && !errors.As(err, &e) {
		t.Fatalf("the error is %v, want an *Error", err)
	}
	return e, c.Usage().Requests, log.String()
}

// TestTypes: what the service calls an error decides, whatever the status.
func TestTypes(t *testing.T) {
	for kind, want := range errorTypes {
		for _, status := range []int{200, 202, 302, 400, 401, 403, 404, 409, 421, 429, 500, 503, 599} {
			synctest.Test(t, func(t *testing.T) {
				body := fmt.Sprintf(`{"error":{"type":%q,"message":"What it says, %s"}}`, kind, testToken)
				e, requests, log := ask(t, answering(status, body, http.Header{"X-Debug-Id": {"d3b06"}}), Call{Version: "3.6"}, nil)
				if e == nil || e.Cause != want.cause || e.Type != kind || e.Status != status {
					t.Fatalf("%s under %d: %v, cause %d, want %d", kind, status, e, e.Cause, want.cause)
				}
				tries := 1
				if want.retryable {
					tries = 4
				}
				if requests != tries {
					t.Errorf("%s under %d: %d requests, want %d", kind, status, requests, tries)
				}
				text := e.Error()
				for _, part := range []string{"reading a list failed", fmt.Sprint(status), "(" + kind + "): What it says, [redacted]", "(x-debug-id d3b06)"} {
					if !strings.Contains(text, part) {
						t.Errorf("%q does not say %q", text, part)
					}
				}
				if strings.Contains(text+log, testToken) {
					t.Errorf("the token is in %q or %q", text, log)
				}
			})
		}
	}
}

// TestRefusals: every form in which the service says no.
func TestRefusals(t *testing.T) {
	const otherwise = "no list"
	for _, test := range []struct {
		body   string
		status int
		want   Cause
		tries  int
		says   string
	}{
		// without a type that is known, the status decides
		{`{"error":{"type":"brand_new","message":"No."}}`, 400, BadRequest, 1, "(brand_new): No."},
		{`{"error":{"message":"No."}}`, 401, Credentials, 1, ": No."},
		{`{"error":"No."}`, 403, Scope, 1, ": No."},
		{`{"errors":["No.","Never."]}`, 404, Missing, 1, ": No.; Never."},
		{`{"message":"No."}`, 422, Refused, 1, ": No."},
		{`{"message":"No."}`, 408, Service, 4, ": No."},
		{`{"message":"No."}`, 429, TooMany, 4, ": No."},
		{`{"message":"No."}`, 500, Service, 4, ": No."},
		{`<html>No.</html>`, 502, Service, 4, "502 Bad Gateway"},
		{`<html>No.</html>`, 403, Scope, 1, "403 Forbidden"},
		{``, 304, Redirect, 1, "304"},
		{``, 204, Foreign, 4, "empty"},
		{`anything`, 101, Foreign, 1, "101 Switching Protocols"},
		{``, 199, Foreign, 1, "199"},
		// under a status that says yes
		{`{"error":{"type":"brand_new","message":"No."}}`, 200, Refused, 4, "(brand_new): No."},
		{`{"error":"No."}`, 200, Refused, 4, ": No."},
		{`{"errors":["No."]}`, 200, Refused, 4, ": No."},
		{`{"message":"No.","status":500,"timestamp":"now"}`, 200, Refused, 4, ": No."},
		// other places for the type
		{`{"error":{"type":" License_Expired "}}`, 200, Account, 1, "(license_expired)"},
		{`{"type":"authentication","message":"No."}`, 200, Credentials, 1, "(authentication): No."},
		{`{"type":"about:blank","message":"No."}`, 401, Credentials, 1, "Unauthorized: No."},
		{`{"error":"authorization"}`, 400, Scope, 1, "(authorization)"},
		// no complaint
		{`{"error":null,"errors":[],"message":""}`, 200, Foreign, 4, otherwise},
		{`{"error":{},"other":1}`, 200, Foreign, 4, otherwise},
		{`{"chats":[]}`, 200, Foreign, 4, otherwise},
		{`[{"error":"No."}]`, 200, Foreign, 4, otherwise},
		// half a chat: its message is a visitor's
		{`{"type":"missed_chat","email":"eve@client.example","message":"my card is 4111"}`, 200, Foreign, 4, otherwise},
		{`{"list":[],"error":{"type":"authentication"}}`, 200, Unknown, 1, ""},
	} {
		synctest.Test(t, func(t *testing.T) {
			e, requests, log := ask(t, answering(test.status, test.body, nil), Call{Version: "3.6"}, nil)
			if e == nil {
				e = &Error{}
			} else if !strings.Contains(e.Error(), test.says) {
				t.Errorf("%d %s: %q does not say %q", test.status, test.body, e, test.says)
			}
			if e.Cause != test.want || requests != test.tries {
				t.Errorf("%d %s: cause %d and %d requests, want %d and %d: %v", test.status, test.body, e.Cause, requests, test.want, test.tries, e)
			}
			if strings.Contains(e.Error()+log, "4111") {
				t.Errorf("a visitor's words are in %q or %q", e, log)
			}
		})
	}
}

// TestExpired: a token that was accepted and is not any more has expired; one
// that another version of the API accepts may be no good for this one.
func TestExpired(t *testing.T) {
	refuse := false
	c, err := New(Options{BaseURL: "https://livechat.example", AccessToken: secret.New(testToken), Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
		if refuse {
			return answering(401, "", nil)(r)
		}
		return answering(200, `{"list":[]}`, nil)(r)
	})})
	if err != nil {
		t.Fatal(err)
	}
	call := func(version string, apart bool) Cause {
		var e *Error
		if err := c.Ask(t.Context(), Call{Version: version, OwnScope: apart, Parse: wantList}); err != nil && !errors.As(err, &e) {
			t.Fatal(err)
		}
		if e == nil {
			return Unknown
		}
		return e.Cause
	}
	if got := call("3.6", false); got != Unknown {
		t.Errorf("accepted: cause %d", got)
	}
	refuse = true
	for _, test := range []struct {
		version string
		apart   bool
		want    Cause
	}{{"3.6", false, Expired}, {"2", false, Credentials}, {"2", true, Scope}} {
		if got := call(test.version, test.apart); got != test.want {
			t.Errorf("%+v: cause %d, want %d", test, got, test.want)
		}
	}
}

// TestAnnouncements: the end of a version is told of once.
func TestAnnouncements(t *testing.T) {
	header := http.Header{"Deprecation": {"2027-03-31"}, "Legacy": {testToken + "\n"}}
	for _, status := range []int{200, 503} {
		synctest.Test(t, func(t *testing.T) {
			_, _, log := ask(t, answering(status, `{}`, header), Call{Version: "2"}, nil)
			if n := strings.Count(log, "api_version=2 header=Deprecation date=2027-03-31"); n != 1 {
				t.Errorf("told of %d times:\n%s", n, log)
			}
			if n := strings.Count(log, "header=Legacy"); n != 1 || strings.Contains(log, testToken) {
				t.Errorf("told of %d times:\n%s", n, log)
			}
		})
	}
}

// TestRegionSent: a request names the region of the setting, else that of the token,
// as it is written there, whatever the version.
func TestRegionSent(t *testing.T) {
	for _, test := range []struct{ version, token, region, want string }{
		{"2", "fra:abc", "", "fra"}, {"3.6", "fra:abc", "", "fra"}, {"2", "dal:abc", "", "dal"}, {"3.6", "eu-west3:abc", "", "eu-west3"},
		{"3.6", "123456:us-south1:abc", "", "us-south1"}, {"2", "abc", "", ""}, {"3.6", "123456:abc", "", ""},
		{"2", "fra:abc", "dal", "dal"}, {"3.6", "fra:abc", "eu-west3", "eu-west3"}, {"3.6", "abc", "FRA-a", "FRA-a"},
	} {
		got := "none sent"
		rt := roundTrip(func(r *http.Request) (*http.Response, error) {
			got = r.Header.Get("X-Region")
			return answering(200, `{"list":[]}`, nil)(r)
		})
		ask(t, rt, Call{Version: test.version}, func(o *Options) {
			o.EntityID, o.AccessToken, o.Region = secret.Text{}, secret.New(test.token), test.region
		})
		if got != test.want {
			t.Errorf("%+v: %q", test, got)
		}
	}
}

// TestTooLarge: an answer beyond the limit is final, and says so.
func TestTooLarge(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		endless := roundTrip(func(*http.Request) (*http.Response, error) {
			return &http.Response{StatusCode: 200, Body: io.NopCloser(endless{}), ContentLength: -1}, nil
		})
		started := time.Now()
		e, requests, _ := ask(t, endless, Call{}, nil)
		if e == nil || e.Cause != TooLarge || requests != 1 || !strings.Contains(e.Error(), "reading a list failed") || time.Since(started) > time.Second {
			t.Errorf("%d requests: %v", requests, e)
		}
	})
}

type endless struct{}

func (endless) Read(p []byte) (int, error) { return len(p), nil }

// TestRegionIsNoToken: a token that comes back as the region is neither logged nor sent.
func TestRegionIsNoToken(t *testing.T) {
	const token = "s3cr3t-token"
	var sent []string
	rt := roundTrip(func(r *http.Request) (*http.Response, error) {
		sent = append(sent, r.Header.Get("X-Region"))
		return answering(421, `{"error":{"type":"misdirected_request","message":"m","data":{"region":"`+token+`"}}}`, nil)(r)
	})
	e, requests, log := ask(t, rt, Call{Version: "3.6"}, func(o *Options) { o.AccessToken = secret.New(token) })
	if requests != 1 || sent[0] != "" || strings.Contains(log+e.Error(), token) {
		t.Errorf("%d requests, regions %q, error %v, log:\n%s", requests, sent, e, log)
	}
}
