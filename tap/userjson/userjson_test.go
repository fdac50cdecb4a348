package userjson

import (
	"encoding/binary"
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/google/go-cmp/cmp"
)

func TestParseFaults(t *testing.T) {
	const mistake = "JSON with a mistake in line "
	for _, test := range []struct{ given, want string }{
		{"", "an empty file"},
		{"\ufeff \n", "an empty file"},
		{"\xff\xfe", "an empty file"},
		{"\xff\xfe{", "a file in UTF-16 that breaks off inside of a character"},
		{"{\n", "JSON that breaks off in line 1: a quote or bracket is not closed"},
		{`{"access_token": "hidden`, "JSON that breaks off in line 1: a quote or bracket is not closed"},
		{"{\n  \"region\": \"dal\",\n}", mistake + "3, column 1: a } after a comma; the comma is one too many"},
		{`{access_token: 1}`, mistake + "1, column 2: a character where a name, in quotes, should be"},
		{`{'a': 1}`, mistake + "1, column 2: a ' where a name, in quotes, should be"},
		{"hidden: 1", mistake + "1, column 1: a character where a value should begin; texts need quotes, true and false are lower-case"},
		{`{"access_token": hidden}`, mistake + "1, column 18: a character where a value should begin; texts need quotes, true and false are lower-case"},
		{`{"région": True}`, mistake + "1, column 12: a character where a value should begin; texts need quotes, true and false are lower-case"},
		{`{"region" "dal"}`, mistake + `1, column 11: a " where a colon should be`},
		{"{\"region\": \"dal\"\n\"x\": 1}", mistake + `2, column 1: a " where a comma or the closing } should be`},
		{`{"x": [1 2]}`, mistake + `1, column 10: a character where a comma or the closing ] should be`},
		{`{}  {}`, mistake + "1, column 5: a { after the end"},
		{"{}\n x", mistake + "2, column 2: a character after the end"},
		{"{\"access_token\": \"hid\nden\"}", mistake + `1, column 22: a character inside a text that needs an escape, such as \n for a line break`},
		{`{"access_token": "hid\den"}`, mistake + `1, column 23: a character after a backslash; a backslash itself is written \\`},
		{`{"x": trux}`, mistake + "1, column 10: a character that does not belong there"},
		{"{\"x\":\n \"\xff\"}", mistake + "2, column 3: a character that is not UTF-8, or half of one"},
		{"{\"x\": 1,\n \"x\": 2}", mistake + `2, column 2: a " that begins a name for the second time in one object`},
		{`{"x": [1,]}`, mistake + "1, column 10: a ] where a value should begin; texts need quotes, true and false are lower-case"},
		{`{"x":}`, mistake + "1, column 6: a } where a value should begin; texts need quotes, true and false are lower-case"},
		{`{"x": 1,, "y": 2}`, mistake + "1, column 9: a , where a name, in quotes, should be"},
		{`{"x": 01}`, mistake + "1, column 8: a character where a comma or the closing } should be"},
		{`{"x": 1 /* one */}`, mistake + "1, column 9: a / where a comma or the closing } should be"},
		{`{"x": "\u12G4"}`, mistake + "1, column 12: a character that does not belong there"},
		{`{"x": "\ud800"}`, mistake + "1, column 8: a character that is not UTF-8, or half of one"},
		{`{"x": -}`, mistake + "1, column 8: a } that does not belong there"},
		{`{hid`, mistake + "1, column 2: a character where a name, in quotes, should be"},
		{`{"x"`, "JSON that breaks off in line 1: a quote or bracket is not closed"},
		{`{"x": tr`, "JSON that breaks off in line 1: a quote or bracket is not closed"},
		{strings.Repeat("[", 20000), mistake + "1, column 10001: a [ that does not belong there"},
	} {
		t.Run(test.given[:min(len(test.given), 40)], func(t *testing.T) {
			_, err := Parse([]byte(test.given))
			fault, ok := err.(*Error)
			if !ok {
				t.Fatalf("%v is not an *Error", err)
			}
			if d := cmp.Diff(test.want, fault.What); d != "" {
				t.Error(d)
			}
		})
	}
}

// PowerShell's > writes UTF-16; other tools of Windows write a mark of three bytes.
func TestParseEncodings(t *testing.T) {
	const text = "\n{\"é\": \"🙂\"}\n"
	encode := func(order binary.AppendByteOrder) []byte {
		b := order.AppendUint16(nil, 0xfeff)
		for _, u := range utf16.Encode([]rune(text)) {
			b = order.AppendUint16(b, u)
		}
		return b
	}
	want := []Member{{"é", 2, Value(`"🙂"`)}}
	for name, file := range map[string][]byte{
		"UTF-8": []byte(text), "mark": []byte("\ufeff" + text), "little": encode(binary.LittleEndian), "big": encode(binary.BigEndian),
	} {
		t.Run(name, func(t *testing.T) {
			value, err := Parse(file)
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(want, Members(value)); d != "" {
				t.Error(d)
			}
		})
	}
}

func TestParseAll(t *testing.T) {
	for given, want := range map[string][]string{
		"":                             nil,
		" \n":                          nil,
		"{} 1\n\"é\"\n":                {"{}", "1", `"é"`},
		"{\"a\":1}\n{\"a\":1,\"a\":2}": {"JSON with a mistake in line 2, column 8: a \" that begins a name for the second time in one object"},
		"{}\n{\"a\":\"\xff\"}\n{}":     {"JSON with a mistake in line 2, column 7: a character that is not UTF-8, or half of one"},
		"{}\n{\"a\":x":                 {"JSON with a mistake in line 2, column 6: a character where a value should begin; texts need quotes, true and false are lower-case"},
		"{}\n\n{\"a\"":                 {"JSON that breaks off in line 3: a quote or bracket is not closed"},
	} {
		var got []string
		all, err := ParseAll([]byte(given))
		for _, v := range all {
			got = append(got, string(v))
		}
		if err != nil {
			got = append(got, err.(*Error).What)
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%q: %s", given, d)
		}
	}
}

func TestMembers(t *testing.T) {
	value, err := ParseRepeated([]byte("{\"b\": [1, {}],\n\n\"a\": null, \"b\":\n\"x\"}"))
	if err != nil {
		t.Fatal(err)
	}
	want := []Member{{"b", 1, Value("[1, {}]")}, {"a", 3, Value("null")}, {"b", 3, Value(`"x"`)}}
	if d := cmp.Diff(want, Members(value)); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff([]Value{Value("1"), Value("{}")}, Elements(want[0].Value)); d != "" {
		t.Error(d)
	}
	if Members(want[0].Value) != nil || Elements(value) != nil || Members(nil) != nil {
		t.Error("what is no object has members, or what is no list has elements")
	}
}

func TestDescribe(t *testing.T) {
	for given, want := range map[string]string{
		`null`: "null", ` true`: "true or false", `-1.5`: "a number", `"é\n"`: "a text of 2 characters",
		` [1, 2] `: "a list of 6 bytes", `{"a":1}`: "an object of 7 bytes", ``: "nothing",
	} {
		if got := Describe(Value(given)); got != want {
			t.Errorf("%s is described as %q, want %q", given, got, want)
		}
	}
}

// Any bytes: a value that can be taken apart, or an *Error of one line.
func FuzzParse(f *testing.F) {
	for _, seed := range []string{"", "{}", "\xff\xfe{\x00}\x00", `{"a":[1,{"b":null}],"a":"\ud800"}`, "[1]\n x", "{\"a\":\"\xff\"}"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, file []byte) {
		value, err := ParseRepeated(file)
		if err != nil {
			if fault := err.(*Error); fault.What == "" || strings.Contains(fault.What, "\n") {
				t.Fatalf("%q", fault.What)
			}
			return
		}
		if !json.Valid(value) {
			t.Fatalf("%q is not valid", value)
		}
		for _, m := range Members(value) {
			_, _ = Describe(m.Value), Elements(m.Value)
		}
	})
}
