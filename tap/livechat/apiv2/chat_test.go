package apiv2

import (
	"net/http"
	"testing"
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
