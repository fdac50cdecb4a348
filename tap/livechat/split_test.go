package livechat

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/iotest"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"

	"tap-livechat/tap/jsondoc"
)

// TestSplit: elements and rest are those of the text, however it comes.
func TestSplit(t *testing.T) {
	for _, test := range []struct {
		text     string
		elements []string
		rest     string // "": not JSON, or an error
	}{
		{`{"list":[1,{"a":[2,3]},"x,]}\"",[],null]}`, []string{"1", `{"a":[2,3]}`, `"x,]}\""`, "[]", "null"}, `{"list":[]}`},
		{`{ "total" : 7 , "list" : [ {"a":1} , {"b":"[\\"} ] , "pages" : 1 }`, []string{`{"a":1}`, `{"b":"[\\"}`}, `{ "total" : 7 , "list" : [] , "pages" : 1 }`},
		{`{"list":[ ]}`, nil, `{"list":[]}`},
		{`{"other":[1],"in":{"list":[2]},"list":[3]}`, []string{"3"}, `{"other":[1],"in":{"list":[2]},"list":[]}`},
		{`{"x":"list","y":[1]}`, nil, `{"x":"list","y":[1]}`},
		{`{"list":{"list":[1]}}`, nil, `{"list":{"list":[1]}}`},
		{`[{"list":[1]}]`, nil, `[{"list":[1]}]`},
		{`{"list":[1],"list":[2]}`, []string{"1"}, `{"list":[],"list":[2]}`},
		{`{"list":[1,]}`, []string{"1"}, ""},
		{`{"list":[,1]}`, nil, ""},
		{`{"list":[1,,2]}`, []string{"1"}, ""},
		{`{"list":[1`, nil, `{"list":[`},
		{`{"list":[1]`, []string{"1"}, `{"list":[]`},
		{`{"list":[1]}]}`, []string{"1"}, `{"list":[]}]}`},
		{``, nil, ""},
	} {
		for _, from := range []io.Reader{strings.NewReader(test.text), iotest.OneByteReader(strings.NewReader(test.text)), iotest.DataErrReader(strings.NewReader(test.text))} {
			var got []string
			s := stream{from: from}
			err := s.split("list", func(e []byte, _ bool) error {
				got = append(got, string(e))
				return nil
			})
			rest := string(s.rest)
			if err != nil {
				rest = ""
			}
			if diff := cmp.Diff(test.elements, got); diff != "" || rest != strings.ReplaceAll(test.rest, "[ ]", "[]") {
				t.Errorf("%s: rest %q, error %v, elements (-want +got):\n%s", test.text, rest, err, diff)
			}
		}
	}
}

// big is an answer of some size with a list of n texts.
func big(n, size int) string {
	var b strings.Builder
	b.WriteString(`{"total":1,"list":[`)
	for i := range n {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, `{"id":%d,"text":%q}`, i, strings.Repeat("word ", size/5))
	}
	b.WriteString(`],"pages":"x"}`)
	return b.String()
}

// TestLargeAnswers: small and large ones are read alike, and a large one in pieces.
func TestLargeAnswers(t *testing.T) {
	whole := big(100, 50_000)
	for _, test := range []struct {
		name, body string
		length     int64 // 0: that of the body
		err        error
		n          int // elements
		tries      int
		says       string
	}{
		{"small", big(3, 10), 0, nil, 3, 1, ""},
		{"large", whole, 0, nil, 100, 1, ""},
		{"of unknown length", whole, -1, nil, 100, 1, ""},
		{"beyond what is read in one piece", big(100, 500_000), -1, nil, 100, 1, ""},
		{"cut off", whole[:4<<20], int64(len(whole)), io.ErrUnexpectedEOF, 0, 2, "cut off: unexpected EOF"},
		{"ends too soon", whole[:4<<20], -1, nil, 0, 2, "not what was asked for"},
		{"broken in an element", strings.Replace(whole, `{"id":90,`, `{"id":x,`, 1), -1, nil, 0, 2, "not what was asked for"},
		{"broken behind the list", strings.TrimSuffix(whole, "}"), -1, nil, 0, 2, "not what was asked for"},
		{"without the list", strings.Replace(whole, `"list"`, `"lists"`, 1), -1, nil, 0, 2, "it has no list of list"},
		{"an element too large", big(1, 33<<20), -1, nil, 1, 1, ""},
		{"much beside the list", strings.Replace(whole, `"total"`, `"more":"`+strings.Repeat(`\"x\u00e9`, 1<<20)+`","total"`, 1), -1, nil, 100, 1, ""},
		{"too much beside the list", strings.Replace(whole, `"total"`, `"more":[`+strings.Repeat("1,", 17<<20)+`1],"total"`, 1), -1, nil, 0, 1, "the answer is longer than"},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				length := test.length
				if length == 0 {
					length = int64(len(test.body))
				}
				rt := roundTrip(func(*http.Request) (*http.Response, error) {
					var body io.Reader = strings.NewReader(test.body)
					if test.err != nil {
						body = io.MultiReader(body, iotest.ErrReader(test.err))
					}
					return &http.Response{StatusCode: 200, Body: io.NopCloser(body), ContentLength: length}, nil
				})
				n := 0
				e, requests, _ := ask(t, rt, Call{List: "list", Parse: func(a *Answer) error {
					n = 0
					err := a.Each(func(doc *jsondoc.Doc, v jsondoc.Value) error {
						got := v.Get("id").Text()
						if v.Kind() == jsondoc.String {
							got = jsondoc.Lookup([]byte(v.Text()), "id")
						}
						if got != fmt.Sprint(n) {
							return errors.New("out of order")
						}
						n++
						return nil
					})
					if err == nil && (a.Root().Get("total").Text() != "1" || a.Root().Get("pages").Text() != "x" || a.Size != len(test.body)) {
						t.Errorf("the rest is %s, the size %d", a.Root().AppendJSON(nil), a.Size)
					}
					return err
				}}, func(o *Options) { o.MaxRetries = 1 })
				if (e == nil) != (test.says == "") || e != nil && !strings.Contains(e.Error(), test.says) || requests != test.tries {
					t.Errorf("%d requests: %.300v", requests, e)
				}
				if e == nil && n != test.n {
					t.Errorf("%d elements", n)
				}
			})
		})
	}
}

// FuzzSplit: what is split is what jsondoc reads of the whole.
func FuzzSplit(f *testing.F) {
	f.Add([]byte(`{"a":[1],"list":[{"x":"\"]"},[2,{}],3],"b":{"list":[4]}}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		var whole jsondoc.Doc
		if whole.Parse(bytes.Clone(text)) != nil || whole.Root().Kind() != jsondoc.Object {
			return
		}
		first, lists := jsondoc.Value{}, 0
		for m := range whole.Root().All() {
			if string(m.Name()) == "list" {
				first, lists = m, lists+1
			}
		}
		if lists > 1 || bytes.Contains(text, []byte(`\`)) {
			return // a name that is written in another way, or twice, is not looked for
		}
		var want, got []string
		if first.Kind() == jsondoc.Array {
			for e := range first.All() {
				want = append(want, string(e.AppendJSON(nil)))
			}
		}
		s := stream{from: bytes.NewReader(text)}
		err := s.split("list", func(e []byte, _ bool) error {
			var doc jsondoc.Doc
			if err := doc.Parse(bytes.Clone(e)); err != nil {
				return err
			}
			got = append(got, string(doc.Root().AppendJSON(nil)))
			return nil
		})
		if err != nil || cmp.Diff(want, got) != "" {
			t.Errorf("%q: %v, want %q, got %q", text, err, want, got)
		}
	})
}
