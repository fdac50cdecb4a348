package livechat

import (
	"errors"
	"slices"
	"testing"
	"time"

	"tap-livechat/tap/secret"
	"tap-livechat/tap/source"
)

// TestListCostByPages: the length of a list with pages is what its first page states.
func TestListCostByPages(t *testing.T) {
	twoYears := source.Range{From: time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC), To: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)}
	for _, test := range []struct {
		name, answer string
		list         List
		cost, asked  int
	}{
		{"one request", `[]`, List{Rows: "[]"}, 1, 0},
		{"a stated number", `{"rows":[{"id":1},{"id":2}],"found":7,"next":"x"}`, List{Rows: "rows/[]", Cursor: "next", Count: "found"}, 4, 1},
		{"the only page", `{"rows":[{"id":1},{"id":2}],"found":7}`, List{Rows: "rows/[]", Cursor: "next", Count: "found"}, 1, 1},
		{"no rows", `{"rows":[],"found":7}`, List{Rows: "rows/[]", Cursor: "next", Count: "found"}, 1, 2},
		{"pages of each span", `{"records":{"a":{}},"pages":3}`, List{Rows: "records/{id}", Pages: "pages", Days: BySpan}, 6, 2},
		{"each day", `{}`, List{Rows: "records/{id}", Days: ByDay}, 731 + 36, 0},
		{"each span", `{}`, List{Rows: "records/{id}", Days: BySpan}, 2, 0},
		{"each row of another", `[{"id":1},{"id":2},{"id":3}]`, List{Call: "GET /x/{id}", ForEach: &List{Call: "GET /x", Rows: "[]"}}, 4, 1},
	} {
		t.Run(test.name, func(t *testing.T) {
			c, err := New(Options{BaseURL: "https://livechat.example", AccessToken: secret.New(testToken), Transport: answering(200, test.answer, nil)})
			if err != nil {
				t.Fatal(err)
			}
			test.list.Stream = "list"
			if test.list.Call == "" {
				test.list.Call = "POST /list"
			}
			lists := NewLists(c, nil, []List{test.list})
			costs, err := lists.ListCost(t.Context(), "list", twoYears)
			if err != nil || costs[0] != test.cost || c.Usage().Requests != test.asked {
				t.Errorf("%d, %v, asked %d times; want %d, asked %d times", costs, err, c.Usage().Requests, test.cost, test.asked)
			}
			before := c.Usage().Requests
			again := 0 // the length of a report is another one for each range
			if test.list.Days != NoDays {
				again = test.asked
			}
			costs, err = lists.ListCost(t.Context(), "list", twoYears, twoYears)
			if err != nil || !slices.Equal(costs, []int{test.cost, test.cost}) || c.Usage().Requests-before != test.asked+again {
				t.Errorf("for two ranges %d, %v, asked %d times", costs, err, c.Usage().Requests-before)
			}
		})
	}
	c, err := New(Options{BaseURL: "https://livechat.example", AccessToken: secret.New(testToken), Transport: answering(403, `{}`, nil)})
	if err != nil {
		t.Fatal(err)
	}
	lists := NewLists(c, nil, []List{{Stream: "list", Call: "POST /list", Rows: "rows/[]", Pages: "pages"}})
	if _, err := lists.ListCost(t.Context(), "list", twoYears); !errors.As(err, new(*source.ListError)) {
		t.Errorf("the error is %v", err)
	}
	if _, err := lists.ListCost(t.Context(), "another", twoYears); !errors.Is(err, source.ErrNotServed) {
		t.Errorf("the error is %v", err)
	}
}
