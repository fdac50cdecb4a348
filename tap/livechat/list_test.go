package livechat

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"tap-livechat/tap/secret"
	"tap-livechat/tap/source"
)

// countRows is a renderer that counts the rows.
type countRows struct{ rows int }

func (c *countRows) Chat(dst []byte, _ *source.Chat) []byte { return dst }

func (c *countRows) Row(dst []byte, row *source.Row) []byte {
	c.rows++
	return row.Doc.AppendJSON(dst)
}

// readList reads a list whose requests are answered one after the other, and calls
// each with every row.
func readList(t *testing.T, l List, rg source.Range, renderer source.Renderer, answers []string, each func(*source.Row) bool) (requests int, err error) {
	t.Helper()
	c, err := New(Options{BaseURL: "https://livechat.example", AccessToken: secret.New(testToken), MaxRetries: 1,
		Transport: roundTrip(func(*http.Request) (*http.Response, error) {
			body := answers[min(requests, len(answers)-1)]
			requests++
			return &http.Response{StatusCode: 200, Body: io.NopCloser(strings.NewReader(body)), ContentLength: int64(len(body))}, nil
		})})
	if err != nil {
		t.Fatal(err)
	}
	l.Stream, l.Call = "list", "POST /list"
	for row, err := range NewLists(c, renderer, []List{l}).List(t.Context(), "list", rg) {
		if err != nil {
			return requests, err
		}
		if !each(row) {
			break
		}
	}
	return requests, nil
}

// TestRowsAreYieldedAsRendered: of a list of any length one row is held, also where the
// response is large; and after the caller has stopped no row is rendered.
func TestRowsAreYieldedAsRendered(t *testing.T) {
	for _, rows := range []int{1000, largeAnswer / 10} {
		answer := "[" + strings.Repeat(`{"id":1234},`, rows-1) + `{"id":5}]`
		renderer, yielded := new(countRows), 0
		_, err := readList(t, List{Rows: "[]"}, source.Range{}, renderer, []string{answer}, func(row *source.Row) bool {
			yielded++
			if renderer.rows != yielded {
				t.Fatalf("%d rows were rendered when row %d came", renderer.rows, yielded)
			}
			if want := `{"id":1234}`; yielded < rows && string(row.Out.Text) != want {
				t.Fatalf("row %d is %s", yielded, row.Out.Text)
			}
			return true
		})
		if err != nil || yielded != rows {
			t.Errorf("%d of %d rows, %v", yielded, rows, err)
		}
		renderer.rows = 0
		requests, err := readList(t, List{Rows: "[]"}, source.Range{}, renderer, []string{answer}, func(*source.Row) bool { return renderer.rows < 3 })
		if err != nil || renderer.rows != 3 || requests != 1 {
			t.Errorf("stopped after 3 rows: %d were rendered, %d requests, %v", renderer.rows, requests, err)
		}
	}
}

// TestNoRowOfARejectedResponse: nothing comes of a response that is requested again,
// because it has not the form of the list or is empty, nor of one that contradicts itself.
func TestNoRowOfARejectedResponse(t *testing.T) {
	day := time.Date(2026, 3, 10, 0, 0, 0, 0, time.UTC)
	report := List{Rows: "records/{date}/{tag}/chats=", Days: BySpan, Numbers: []string{"chats"}}
	rg := source.Range{From: day, To: day.AddDate(0, 0, 1), Keys: map[string][]string{"2026-03-10": {"refund"}}}
	const gone = `{"timezone":"UTC","date":"2026-03-10","tag":"refund","chats":0}`
	for _, test := range []struct {
		name    string
		list    List
		answers []string
		want    []string
		failed  bool
	}{
		{"an element of another form", List{Rows: "[]/of=id/all/[]"},
			[]string{`[{"id":1,"all":[{"n":1}]},{"id":2}]`, `[{"id":1,"all":[{"n":1}]},{"id":2,"all":[{"n":2}]}]`}, []string{`{"of":1,"n":1}`, `{"of":2,"n":2}`}, false},
		{"empty once", report, []string{`{"records":{}}`, `{"records":{"2026-03-10":{"refund":2}}}`}, []string{`{"timezone":"UTC","date":"2026-03-10","tag":"refund","chats":2}`}, false},
		{"empty twice", report, []string{`{"records":{}}`}, []string{gone}, false},
		{"empty and a total", report, []string{`{"records":{},"total":7}`}, nil, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			var rows []string
			_, err := readList(t, test.list, rg, new(countRows), test.answers, func(row *source.Row) bool {
				rows = append(rows, string(row.Out.Text))
				return true
			})
			for i, want := range test.want {
				if i < len(rows) && !sameJSON(t, rows[i], want) {
					t.Errorf("row %d is %s, want %s", i, rows[i], want)
				}
			}
			if len(rows) != len(test.want) || (err != nil) != test.failed {
				t.Errorf("rows %s, error %v", rows, err)
			}
		})
	}
}

// TestUseIsNotTheRequest: the time that Use takes is not in the metrics of the request.
func TestUseIsNotTheRequest(t *testing.T) {
	var took time.Duration
	c, err := New(Options{BaseURL: "https://livechat.example", AccessToken: secret.New(testToken), Transport: answering(200, `[]`, nil),
		Observe: func(r Request) { took = r.Duration }})
	if err != nil {
		t.Fatal(err)
	}
	const pause = 300 * time.Millisecond
	began := time.Now()
	err = c.Ask(t.Context(), Call{Method: "GET", Path: "/", Parse: func(*Answer) error { return nil }, Use: func(*Answer) { time.Sleep(pause) }})
	if all := time.Since(began); err != nil || all < pause || took > all-pause {
		t.Errorf("%v of %v, %v", took, all, err)
	}
}

// sameJSON reports whether two texts are the same JSON value.
func sameJSON(t *testing.T, a, b string) bool {
	t.Helper()
	var x, y any
	if err := json.Unmarshal([]byte(a), &x); err != nil {
		t.Fatalf("%s: %v", a, err)
	}
	if err := json.Unmarshal([]byte(b), &y); err != nil {
		t.Fatalf("%s: %v", b, err)
	}
	return cmp.Equal(x, y)
}
