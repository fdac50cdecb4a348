package sandbox

import (
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// TestLasting asks two servers of one account, of which one is later, for all chats
// through both APIs.
func TestLasting(t *testing.T) {
	const query = "chats=150&days=20&since=2026-10-20&pending=3&long_chats=0.1&returning=0.5&hostile=0.1&seed="
	for _, seed := range []string{"0", "5"} {
		for _, later := range []time.Duration{time.Second, time.Minute, 24 * time.Hour, 40 * 24 * time.Hour} {
			first, second := newServer(t, query+seed), laterServer(t, query+seed, later)
			began := first.account.Now()
			there := truth(first, func(Chat) bool { return true })
			if diff := cmp.Diff(there, truth(second, func(c Chat) bool { return c.Started.Unix() <= began })); diff != "" {
				t.Fatalf("%v later:\n%s", later, diff)
			}
			// What comes within minutes of the end, the ratings, has come.
			settled := began - 180
			n := 0
			for c := range first.Truth() {
				path := "/chats/" + c.ID
				chat := `{"chat_id":"` + chatOf(t, first, c.ID) + `","thread_id":"` + c.ID + `"}`
				was, is := get(first, path).Body.String(), get(second, path).Body.String()
				was3, is3 := post(first, "agent/action/get_chat", chat).Body.String(), post(second, "agent/action/get_chat", chat).Body.String()
				if c.Pending || c.Ended.Unix() > settled {
					if !strings.Contains(is3, `"id":"`+c.ID+`"`) || !strings.Contains(is, `"id":"`+c.ID+`"`) {
						t.Fatalf("%v later: %s is not there: %s %s", later, c.ID, is, is3)
					}
					continue
				}
				n++
				if diff := cmp.Diff([2]string{was, settledPart(was3)}, [2]string{is, settledPart(is3)}); diff != "" {
					t.Fatalf("%v later: %s has changed\n%s", later, c.ID, diff)
				}
			}
			if n < 200 {
				t.Errorf("%d chats compared", n)
			}
		}
	}
}

func laterServer(t *testing.T, query string, later time.Duration) *Server {
	o, err := Parse(fixed + query)
	if err != nil {
		t.Fatal(err)
	}
	o.Now = o.Now.Add(later)
	return New(o)
}

// chatOf is the chat that a thread belongs to.
func chatOf(t *testing.T, s *Server, thread string) string {
	t.Helper()
	a := ask3[archives3](t, s, archives3Path, `{"filters":{"thread_ids":["`+thread+`"]}}`)
	if len(a.Chats) != 1 {
		t.Fatalf("%s: %d threads", thread, len(a.Chats))
	}
	return a.Chats[0].ID
}

var comesLater = regexp.MustCompile(`"next_(accessible_)?thread_id":"[A-Z0-9]*",?|,"ecommerce":\{[^}]*\}`)

// settledPart is a thread without what comes after its end: the next one of its chat,
// and a sale within thirty days.
func settledPart(thread string) string { return comesLater.ReplaceAllString(thread, "") }
