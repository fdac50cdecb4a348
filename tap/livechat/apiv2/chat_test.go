package apiv2

import (
	"fmt"
	"net/http"
	"testing"
	"testing/synctest"
	"time"
)

// A chat that is asked for by its id and states no end is open; on a list it is
// over, unless it says that it is pending.
func TestNoEnd(t *testing.T) {
	const chat = `{"type":"chat","id":"A","started_timestamp":1773000000,"duration":60}`
	for path, want := range map[string]bool{"/chats/A": true, "/chats": false} {
		service := roundTrip(func(r *http.Request) (*http.Response, error) {
			if r.URL.Path == "/chats" {
				return answer(200, `{"chats":[`+chat+`],"total":1,"pages":1}`), nil
			}
			return answer(200, chat), nil
		})
		a := newTestClient(t, service, nil).Archive
		var got *Chat
		if path == "/chats" {
			p, err := a.page(t.Context(), span{theNow, theNow.Add(day)}, 1, true)
			if err != nil {
				t.Fatal(err)
			}
			got = &p.chats[0]
		} else if chat, err := a.chat(t.Context(), "A"); err != nil {
			t.Fatal(err)
		} else {
			got = chat
		}
		if got.Pending != want || got.Ended.IsZero() != want {
			t.Errorf("%s: pending %v, ended %s", path, got.Pending, got.Ended)
		}
	}
}

// The clock of this machine may be slow: a chat keeps its times if they are at most two
// days after it. Later ones are null, with a note.
func TestSlowClock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(time.Until(theNow))
		for ahead, known := range map[time.Duration]bool{-time.Hour: true, 47 * time.Hour: true, 49 * time.Hour: false} {
			at := theNow.Add(ahead).Unix()
			service := roundTrip(func(*http.Request) (*http.Response, error) {
				return answer(200, fmt.Sprintf(`{"chats":[{"type":"chat","id":"A","started_timestamp":%d,"ended_timestamp":%d}],"total":1,"pages":1}`, at, at)), nil
			})
			p, err := newTestClient(t, service, nil).page(t.Context(), span{theNow, theNow.Add(day)}, 1, true)
			if err != nil {
				t.Fatal(err)
			}
			c := p.chats[0]
			if c.Started.IsZero() == known || c.Ended.IsZero() == known || (len(c.Warnings) > 0) == known {
				t.Errorf("%s ahead: from %s to %s, notes %v", ahead, c.Started, c.Ended, c.Warnings)
			}
		}
	})
}
