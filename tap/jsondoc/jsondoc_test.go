package jsondoc

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

// texts are the seeds of the fuzz tests, and read by others.
var texts = []string{
	`null`, `true`, `false`, `0`, `-0`, `1.5e-300`, `1E400`, `123456789012345678901234567890`, `""`, `"a"`, `[]`, `{}`, ` [ 1 , 2 ] `,
	`{"a":{"b":[1,{"c":null}],"d":"e"},"f":[[],{}]}`,
	`{"a":1,"a":2,"b":{"x":1},"b":[true]}`, `{"a":1,"\u0061":2}`,
	`"\ud83d\ude00"`, `"\ud800"`, `"\udc00\ud800x"`, `"a\u0000b"`, `{"\u0000":"\u0000"}`, `{"a":1,"a\u0000":2}`,
	`"\\u0000"`, `"\/\b\f\n\r\t\"\\"`, "\"\u2028\u2029\ufeff\"", "\"\xff\"", "{\"\xff\":1,\"\xfe\":2}", "\"\xed\xa0\x80\"", "[\"a\xc3\"]", "\"\x7f\"",
	// what is no JSON
	``, ` `, `nul`, `nulll`, `01`, `1.`, `.5`, `+1`, `1e`, `-`, `NaN`, `'a'`, `"`, `"\x"`, `"\u12"`, "\"\n\"", "\"\x00\"",
	`[`, `]`, `[1`, `[1,]`, `[,1]`, `[1 2]`, `{`, `{"a"}`, `{"a":}`, `{"a":1,}`, `{a:1}`, `{1:2}`, `{"a":1 "b":2}`, `[}`, `{]`,
	`1 2`, `{}{}`, `[]x`, `null,`, "\ufeff{}", `/**/1`, "\x00", "[\x00]",
}

func parse(tb testing.TB, text string) Value {
	tb.Helper()
	var d Doc
	if err := d.Parse([]byte(text)); err != nil {
		tb.Fatalf("Parse(%q): %v", text, err)
	}
	return d.Root()
}

// plainly is v as encoding/json would give it to an any, numbers as text.
func plainly(v Value) any {
	switch v.Kind() {
	case Null:
		return nil
	case True, False:
		return v.Kind() == True
	case String, Time:
		return v.Text()
	case Number:
		return json.Number(v.Raw())
	case Array:
		all := []any{}
		for e := range v.All() {
			all = append(all, plainly(e))
		}
		return all
	case Object:
		all := map[string]any{}
		for m := range v.All() {
			all[clear0(string(m.Name()))] = plainly(m)
		}
		return all
	}
	panic(fmt.Sprintf("kind %q", v.Kind()))
}

func clear0(text string) string { return strings.ReplaceAll(text, "\x00", "") }

// decoded is the same from encoding/json, with U+0000 taken out.
func decoded(tb testing.TB, text []byte) any {
	tb.Helper()
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		tb.Fatalf("encoding/json cannot read %q: %v", text, err)
	}
	return without0(v)
}

func without0(v any) any {
	switch v := v.(type) {
	case string:
		return clear0(v)
	case []any:
		for i := range v {
			v[i] = without0(v[i])
		}
	case map[string]any:
		all := map[string]any{}
		for k, e := range v {
			all[clear0(k)] = without0(e)
		}
		return all
	}
	return v
}

// depth is how deep arrays and objects are nested in valid JSON.
func depth(text []byte) (deepest int) {
	d := json.NewDecoder(bytes.NewReader(text))
	at := 0
	for {
		token, err := d.Token()
		if err != nil {
			return deepest
		}
		switch token {
		case json.Delim('['), json.Delim('{'):
			at++
			deepest = max(deepest, at)
		case json.Delim(']'), json.Delim('}'):
			at--
		}
	}
}

// checkParse holds a parse, and what is written again, against encoding/json.
func checkParse(t *testing.T, d *Doc, text []byte) {
	t.Helper()
	err := d.Parse(slices.Clone(text))
	valid := json.Valid(text)
	if valid && depth(text) > MaxDepth {
		if !errors.Is(err, ErrDepth) {
			t.Fatalf("Parse(%q) = %v, want ErrDepth", text, err)
		}
		return
	}
	if (err == nil) != valid {
		t.Fatalf("Parse(%q) = %v, but encoding/json says %v", text, err, valid)
	}
	if err != nil {
		if d.Root().Kind() != Absent || errors.Is(err, io.EOF) {
			t.Fatalf("Parse(%q) = %v, and left a %q", text, err, d.Root().Kind())
		}
		return
	}
	out := d.Root().AppendJSON(nil)
	if !json.Valid(out) || !utf8.Valid(out) {
		t.Fatalf("%q was written as %q", text, out)
	}
	if bytes.Contains(out, []byte(`\u0000`)) && !bytes.Contains(out, []byte(`\\u0000`)) {
		t.Fatalf("%q was written as %q, with U+0000", text, out)
	}
	// Two names that differ in U+0000 only become one: a map forgets which was last.
	if bytes.Contains(text, []byte(`\u0000`)) {
		return
	}
	// Not cmp.Diff: its cost doubles with each level of nesting.
	want := decoded(t, text)
	if got := plainly(d.Root()); !reflect.DeepEqual(want, got) {
		t.Fatalf("%q is %#v to encoding/json, and %#v to Doc", text, want, got)
	}
	if got := decoded(t, out); !reflect.DeepEqual(want, got) {
		t.Fatalf("%q is %#v, and written again, as %q, %#v", text, want, out, got)
	}
}

func TestLikeEncodingJSON(t *testing.T) {
	var d Doc // one for all: nothing may be left of the text before
	for _, text := range texts {
		checkParse(t, &d, []byte(text))
	}
}

func FuzzParse(f *testing.F) {
	for _, text := range texts {
		f.Add([]byte(text))
	}
	f.Add([]byte(strings.Repeat("[", 65) + strings.Repeat("]", 65)))
	f.Fuzz(func(t *testing.T, text []byte) { checkParse(t, new(Doc), text) })
}

func TestDepth(t *testing.T) {
	for _, n := range []int{1, MaxDepth, MaxDepth + 1, 20000, 1_000_000} {
		for _, pair := range []string{"[]", `{}`} {
			open := pair[:1]
			if open == "{" {
				open = `{"a":`
			}
			text := strings.Repeat(open, n-1) + pair + strings.Repeat(pair[1:], n-1)
			var d Doc
			if err := d.Parse([]byte(text)); errors.Is(err, ErrDepth) != (n > MaxDepth) || (err == nil) != (n <= MaxDepth) {
				t.Errorf("%d × %s: %v", n, pair, err)
			}
		}
	}
}

func TestExactly(t *testing.T) {
	tests := []struct{ name, in, out string }{
		{"numbers digit for digit", `[1.0,-0,1E5,0.1000,123456789012345678901234567890]`, `[1.0,-0,1E5,0.1000,123456789012345678901234567890]`},
		{"texts byte for byte", `["\/","\u00e9","é","\ud83d\ude00"]`, `["\/","\u00e9","é","\ud83d\ude00"]`},
		{"spaces go", "{ \"a\" :\t[ 1 ,\n2 ] }", `{"a":[1,2]}`},
		{"the last of two counts", `{"a":1,"b":2,"a":3}`, `{"b":2,"a":3}`},
		{"the last of two objects, whole", `{"a":{"x":1},"a":{"y":2}}`, `{"a":{"y":2}}`},
		{"twice under two spellings", `{"a":1,"\u0061":2}`, `{"a":2}`},
		{"U+0000", `{"a\u0000":"b\u0000c"}`, `{"a":"bc"}`},
		{"twice but for U+0000", `{"a":1,"a\u0000":2}`, `{"a":2}`},
		{"a backslash and u0000", `"\\u0000"`, `"\\u0000"`},
		{"lone surrogates", `["\ud800","\udc00x","\ud800\ud800"]`, `["�","�x","��"]`},
		{"invalid UTF-8", "[\"a\xffb\",\"ok\"]", `["a�b","ok"]`},
		{"separators", "\"\u2028\u2029\"", "\"\u2028\u2029\""},
	}
	for _, test := range tests {
		if got := string(parse(t, test.in).AppendJSON(nil)); got != test.out {
			t.Errorf("%s: %s was written as %s, want %s", test.name, test.in, got, test.out)
		}
	}
}

func TestWalk(t *testing.T) {
	root := parse(t, `{"id":"A","n":12,"list":[1,[2,3],{"x":4}],"id":"B","\u006eil":null,"t":true}`)
	var names []string
	for m := range root.All() {
		names = append(names, string(m.Name())+string(rune(m.Kind())))
	}
	if d := cmp.Diff([]string{`id"`, "n0", "list[", `id"`, "niln", "tt"}, names); d != "" {
		t.Errorf("members (-want +got):\n%s", d)
	}
	if got := root.Get("id").Text(); got != "B" {
		t.Errorf("id is %q, want the last one", got)
	}
	if root.Get("nil").Kind() != Null || root.Get("none").Kind() != Absent || root.Get("n").Get("x").Kind() != Absent {
		t.Error("Get: null, absent and members of scalars are told apart wrongly")
	}
	if root.Size() != 6 || root.Get("list").Size() != 3 || root.Get("n").Size() != 0 {
		t.Error("Size is wrong")
	}
	var zero Value
	if zero.Kind() != Absent || zero.Raw() != nil || zero.Text() != "" || zero.Size() != 0 || string(zero.AppendJSON(nil)) != "null" {
		t.Error("the zero Value is not absent in every way")
	}
	for m := range root.All() {
		_ = m
		break // must be possible
	}
}

func TestReplace(t *testing.T) {
	root := parse(t, `{"a":1,"b":{"x":[1]},"c":"text","d":[5],"e":0}`)
	root.Get("a").SetTime([]byte(`"2024-01-01T00:00:00Z"`))
	root.Get("b").SetNull()
	root.Get("c").Share(root.Get("a"))
	for e := range root.Get("d").All() {
		e.SetTime([]byte(`"2024-01-02T00:00:00Z"`))
	}
	want := `{"a":"2024-01-01T00:00:00Z","b":null,"c":"2024-01-01T00:00:00Z","d":["2024-01-02T00:00:00Z"],"e":0}`
	if got := string(root.AppendJSON(nil)); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if a := root.Get("a"); a.Kind() != Time || a.Text() != "2024-01-01T00:00:00Z" || root.Get("c").Kind() != Time || root.Get("b").Size() != 0 {
		t.Errorf("a is a %q with text %q", a.Kind(), a.Text())
	}
	// Other documents of the same Doc are not touched by what was set.
	if err := root.doc.Parse([]byte(`{"a":1}`)); err != nil || string(root.doc.Root().AppendJSON(nil)) != `{"a":1}` {
		t.Errorf("after another Parse: %v", err)
	}
}

func TestQuote(t *testing.T) {
	for in, want := range map[string]string{"": `""`, `a"b\`: `"a\"b\\"`, "\n\x01": `"\n\u0001"`, "é\u2028": "\"é\u2028\"", "\xff": `"�"`} {
		if got := string(Quote([]byte("x"), in)); got != "x"+want {
			t.Errorf("Quote(%q) = %s, want x%s", in, got, want)
		}
	}
}

func TestIsNumber(t *testing.T) {
	for text, want := range map[string]bool{
		"0": true, "-0": true, "1.5": true, "1e5": true, "-1E+5": true, "12345678901234567890": true,
		"": false, "01": false, "1.": false, ".1": false, "+1": false, "1e": false, "0x1": false, "NaN": false, "Inf": false, " 1": false, "1 ": false, "\n1": false, "1_0": false, "1,2": false, "null": false, "[1]": false, "-": false,
	} {
		if got := IsNumber(text); got != want {
			t.Errorf("IsNumber(%q) = %v", text, got)
		}
	}
}

// TestManyMembers: an object of very many members must not cost the square of
// their number.
func TestManyMembers(t *testing.T) {
	var b strings.Builder
	b.WriteByte('{')
	for i := range 100_000 {
		fmt.Fprintf(&b, `"m%d":1,`, i)
	}
	b.WriteString(`"m0":2}`)
	out := parse(t, b.String()).AppendJSON(nil)
	if got := strings.Count(string(out), ":"); got != 100_000 {
		t.Errorf("%d members were written", got)
	}
}

func TestLookup(t *testing.T) {
	for text, want := range map[string]string{
		`{"a":{"id":1},"id":"C1","x":[`:           "C1",
		`{"type":"chat","id":12,"messages":[{"te`: "12",
		`{"id":"C1`:               "",
		`{"messages":[{"id":"M1"`: "",
		`{"id":null}`:             "", `["id","x"]`: "", ``: "", `{"id":{"id":"x"}}`: "",
	} {
		if got := Lookup([]byte(text), "id"); got != want {
			t.Errorf("%s: %q, want %q", text, got, want)
		}
	}
	if got := Lookup([]byte(`{"id":"C1","users":[{}],"thread":{"x":1,"id":"T1","events":[`), "thread", "id"); got != "T1" {
		t.Errorf("%q, want T1", got)
	}
}
