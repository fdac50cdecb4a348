package record

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"tap-livechat/catalog"
	"tap-livechat/tap/jsondoc"
	"tap-livechat/tap/source"
)

func TestTexts(t *testing.T) {
	for _, test := range []struct{ name, text, want string }{
		{"plain", `"a"`, `"a"`},
		{"empty", `""`, `""`},
		{"blank", `" \t "`, `" \t "`},
		{"escapes", `"\" \\ \/ \b\f\n\r\t"`, `"\" \\ \/ \b\f\n\r\t"`},
		{"script", `"</script><!-- & '"`, `"</script><!-- & '"`},
		{"emoji", `"😀"`, `"😀"`},
		{"emoji, escaped", `"\ud83d\ude00 \u00e9"`, `"\ud83d\ude00 \u00e9"`},
		{"line separators", "\"\u2028\u2029\ufeff\u202e\u0085\x7f\"", "\"\u2028\u2029\ufeff\u202e\u0085\x7f\""},
		{"noncharacters", "\"\ufffe\uffff\ufffd\"", "\"\ufffe\uffff\ufffd\""},
		{"control characters", `"\u0001\u001b[31m"`, `"\u0001\u001b[31m"`},
		{"U+0000", `"a\u0000b\u0000"`, `"ab"`},
		{"an escaped escape", `"a\\u0000b"`, `"a\\u0000b"`},
		{"lone surrogates", `"\ud800 \udc00\ud83d"`, "\"\ufffd \ufffd\ufffd\""},
		{"invalid UTF-8", "\"a\xff\xc3(\"", "\"a\ufffd\ufffd(\""},
		{"a number", `12.50`, `"12.50"`},
		{"a huge one", `1e9999999`, `"1e9999999"`},
		{"digits", `1234567890123456789012345678901234567890`, `"1234567890123456789012345678901234567890"`},
		{"a boolean", `false`, `"false"`},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := mustRender(t, chatWith(`"rate_comment":`+test.text+`,"tags":[`+test.text+`],"messages":[{"text":`+test.text+`}]`))
			diff(t, test.want, fields(t, got.records[chats][0])["rate_comment"])
			diff(t, "["+test.want+"]", fields(t, got.records[chats][0])["tags"])
			diff(t, test.want, fields(t, got.records[messages][0])["text"])
		})
	}
}

func TestDuplicateNames(t *testing.T) {
	got := mustRender(t, chatWith(`"rate":"a","rate":"b","tags":["x"],"tags":["y"],"visitor":{"id":"1","\u0069d":"2"},"id":"C2","visitor":{"city":"A","city":"B"}`+
		`,"ended_timestamp":"2013-01-23T11:05:10Z","messages":[{"text":"old"}],"messages":[{"text":"a","text":"b","message_json":{"k":1,"k":2,"l":{"m":1,"m":null}}}]`))
	diff(t, map[string]string{"id": `"C2"`, "rate": `"b"`, "tags": `["y"]`, "visitor": `{"city":"B"}`, "ended_timestamp": `"2013-01-23T11:05:10Z"`},
		fields(t, got.records[chats][0], "id", "rate", "tags", "visitor", "ended_timestamp"))
	diff(t, []string{"b"}, column(t, got.records[messages], "text"))
	diff(t, []string{`{"k":2,"l":{"m":null}}`}, column(t, got.records[messages], "message_json"))
}

func TestMessageJSON(t *testing.T) {
	for _, test := range []struct{ name, value, want string }{
		{"text", `"{\"a\": 1}"`, `{"a": 1}`},
		{"object", `{"a": 1.0, "b": [ "é\u0000", null ]}`, `{"a":1.0,"b":["é",null]}`},
		{"array", `[ {} ]`, `[{}]`},
		{"null", `null`, `<nil>`},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := mustRender(t, chatWith(`"messages":[{"message_json":`+test.value+`}]`))
			diff(t, []string{test.want}, column(t, got.records[messages], "message_json"))
		})
	}
}

func TestWrongTypes(t *testing.T) {
	for _, test := range []struct {
		field, member string // the member's value is put for %s
		want          string // in words
		taken         map[string]string
		refused       []string
	}{
		{"chats.duration", `"duration":%s`, "a whole number of up to 64 bits", map[string]string{
			"12": "12", "-0": "-0", `"12"`: "12", `" 12 "`: "12", "12.0": "12", `"12.0"`: "12", "1e3": "1000", "1.5e1": "15", "-12.50e1": "-125", "120e-1": "12",
			"0e999999999": "0", "0.000": "0", "9007199254740993.0": "9007199254740993",
			"9223372036854775807": "9223372036854775807", `"-9223372036854775808"`: "-9223372036854775808", "9.223372036854775807e18": "9223372036854775807", `""`: "null", `" "`: "null", "null": "null",
		}, []string{"12.5", `"12.5"`, `"twelve"`, `"0x10"`, `"1,000"`, `"+12"`, "true", "{}", "[]", "[12]", `{"a":1}`, "1e19", "1e41", "1e9999999", "9223372036854775808", "-9223372036854775809", `"99999999999999999999"`, "123456789012345678901234567890", "1e-400", "1e99999999999999999999",
			"4503599627370496.4e0", "1.00000000000000000000001"}},
		{"chats.pending", `"pending":%s`, "true or false", map[string]string{
			"false": "false", "true": "true", `"false"`: "false", `"TRUE"`: "true", "1": "true", "0": "false", `"1"`: "true", `" 0 "`: "false", `""`: "null", "null": "null",
		}, []string{"2", `"yes"`, "[]", "{}", "1.5"}},
		{"chats.rate", `"rate":%s`, "text", map[string]string{"12.50": `"12.50"`, "true": `"true"`, `""`: `""`, "null": "null"}, []string{"[]", "{}", `{"a":1}`, `["a"]`}},
		{"chats.queue", `"queue":%s`, "an object", map[string]string{"[]": "{}", "{}": "{}", `""`: "null", "null": "null"}, []string{"[1]", `"x"`, "12", "true"}},
		{"chats.queue.duration", `"queue":{"duration":%s}`, "a whole number of up to 64 bits", map[string]string{`"7"`: `{"duration":7}`}, []string{`"x"`, `{}`}},
		{"chats.tags", `"tags":%s`, "a list", map[string]string{"{}": "[]", "[]": "[]", `""`: "null", `[1,null,true]`: `["1",null,"true"]`}, []string{`{"a":1}`, `"x"`, "12"}},
		{"chats.tags", `"tags":["a",%s]`, "text", map[string]string{"12": `["a","12"]`, "null": `["a",null]`}, []string{"{}", "[]", `["b"]`}},
		{"chats.group", `"group":[%s]`, "a whole number of up to 64 bits", map[string]string{`"0"`: "[0]", `""`: "[null]"}, []string{`"x"`, "[1]"}},
		{"chats.goals.order.price", `"goals":[{"order":{"price":%s}}]`, "text", map[string]string{
			"12.50": `[{"order":{"price":"12.50"}}]`, `""`: `[{"order":{"price":""}}]`}, []string{"[]", "{}"}},
		{"chats.goals.timestamp", `"goals":[{"timestamp":%s}]`, "a time of the years 1 to 9999", map[string]string{
			`"2013-01-23T10:40:53.250001Z"`: `[{"timestamp":"2013-01-23T10:40:53.250001Z"}]`, `" 2013-01-23T11:40:53+01:00 "`: `[{"timestamp":"2013-01-23T10:40:53Z"}]`,
			`"0001-01-01T00:00:00Z"`: `[{"timestamp":"0001-01-01T00:00:00Z"}]`, `"9999-12-31T23:59:59Z"`: `[{"timestamp":"9999-12-31T23:59:59Z"}]`, `""`: `[{"timestamp":null}]`,
		}, []string{"1e400", "0", "1358937653", `"0000-01-01T00:00:00Z"`, `"0001-01-01T00:00:00+00:01"`, `"0000-01-01T00:00:00+23:59"`, `"9999-12-31T23:59:59-00:01"`, `"2013-01-23"`, `"yesterday"`, "true", "{}", "[]"}},
		{"chats.agents", `"agents":[%s]`, "an object", map[string]string{"[]": "[{}]", "null": "[null]"}, []string{`"a@x"`, "1"}},
	} {
		name := strings.Split(strings.TrimPrefix(test.field, "chats."), ".")[0]
		for value, want := range test.taken {
			t.Run(fmt.Sprintf(test.member, value), func(t *testing.T) {
				got := mustRender(t, chatWith(fmt.Sprintf(test.member, value)))
				diff(t, want, fields(t, got.records[chats][0])[name])
				if len(got.Out.Warnings) > 0 && name != "pending" {
					t.Errorf("counted: %v", got.Out.Warnings)
				}
			})
		}
		for _, value := range test.refused {
			t.Run(fmt.Sprintf(test.member, value), func(t *testing.T) {
				chat := chatWith(fmt.Sprintf(test.member, value))
				got, err := render(testRenderer(t, catalog.Default(catalog.V2), false), chat)
				if err != nil {
					t.Fatal(err)
				}
				wrong, ok := errors.AsType[*ValueError](got.Out.Err)
				if !ok {
					t.Fatalf("no ValueError but %v in %v", got.Out.Err, got.records[chats])
				}
				var doc jsondoc.Doc
				if err := doc.Parse([]byte(value)); err != nil {
					t.Fatal(err)
				}
				diff(t, fmt.Sprintf("chat C1: %s: wanted %s, got %s", test.field, test.want, describe(doc.Root())), wrong.Error())
				if !strings.Contains(wrong.Hint(), "on_invalid") {
					t.Errorf("hint %q", wrong.Hint())
				}

				got, err = render(testRenderer(t, catalog.Default(catalog.V2), true), chat)
				if err != nil || got.Out.Err != nil {
					t.Fatal(err, got.Out.Err)
				}
				checkValid(t, catalog.Default(catalog.V2), got)
				n := 0
				for _, o := range got.Out.Warnings {
					if o == (source.Warning{Field: test.field, Why: nulled}) {
						n++
					}
				}
				if n != 1 {
					t.Errorf("counted %d times: %v", n, got.Out.Warnings)
				}
				if f := fields(t, got.records[chats][0])[name]; !strings.Contains(f, "null") {
					t.Errorf("%s became %s", value, f)
				}
			})
		}
	}
}

// A key is never made null, whatever the setting.
func TestKeysAreNotNulled(t *testing.T) {
	for _, test := range []struct{ member, field string }{
		{`"agents":[{"email":true}]`, "chats.agent_email"},
		{`"agents":[{"email":{"a":1}}]`, "chats.agent_email"},
		{`"events":[{"event_id":[]}]`, "events.event_id"},
		{`"messages":[{"event_id":false}]`, "messages.event_id"},
	} {
		for _, setting := range []bool{false, true} {
			got, err := render(testRenderer(t, catalog.Default(catalog.V2), setting), chatWith(test.member))
			if err != nil {
				t.Fatal(err)
			}
			wrong, ok := errors.AsType[*ValueError](got.Out.Err)
			if !ok || wrong.Chat != "C1" || wrong.Field != test.field || !strings.Contains(wrong.Hint(), "report this chat") {
				t.Errorf("%s, %v: error %v", test.member, setting, got.Out.Err)
			}
			checkValid(t, catalog.Default(catalog.V2), got)
		}
	}
}

func TestChildrenOfTheWrongType(t *testing.T) {
	for _, test := range []struct{ list, want, got string }{
		{`"x"`, "a list", "a text of 1 bytes"}, {`{"a":1}`, "a list", "an object of 7 bytes"}, {"12", "a list", "a number of 2 bytes"},
		{`[{"event_id":"E1"},"x"]`, "an object", "a text of 1 bytes"}, {`[[]]`, "an object", "a list of 2 bytes"},
	} {
		chat := chatWith(`"events":` + test.list)
		got, err := render(testRenderer(t, catalog.Default(catalog.V2), false), chat)
		if err != nil {
			t.Fatal(err)
		}
		diff(t, "chat C1: events: wanted "+test.want+", got "+test.got, fmt.Sprint(got.Out.Err))
		got, err = render(testRenderer(t, catalog.Default(catalog.V2), true), chat)
		if err != nil || got.Out.Err != nil {
			t.Fatal(err, got.Out.Err)
		}
		diff(t, fmt.Sprint([]source.Warning{{Field: "events", Why: nulled}}), fmt.Sprint(got.Out.Warnings))
	}
}

// An error says of what kind and size a value is, and no word of a customer.
func TestErrorsDoNotQuote(t *testing.T) {
	const words = "vi.doe@home.example"
	for member, want := range map[string]string{
		`"prechat_survey":{"E-mail":"vi.doe@home.example", "Phone":"+49 30 000000" }`: "chats.prechat_survey: wanted a list, got an object of 58 bytes",
		`"duration":"vi.doe@home.example"`:                                            "chats.duration: wanted a whole number of up to 64 bits, got a text of 19 bytes",
		`"pending":["vi.doe@home.example"]`:                                           "chats.pending: wanted true or false, got a list of 23 bytes",
		`"tags":4930000000`:                                                           "chats.tags: wanted a list, got a number of 10 bytes",
		`"visitor":{"ip":{"vi.doe@home.example":1}}`:                                  "chats.visitor.ip: wanted text, got an object of 25 bytes",
		`"rate":"ok","messages":[{"files":"vi.doe@home.example"}]`:                    "messages.files: wanted a list, got a text of 19 bytes",
		`"events":["vi.doe@home.example"]`:                                            "events: wanted an object, got a text of 19 bytes",
		`"goals":true`:                                                                "chats.goals: wanted a list, got true or false",
	} {
		got, err := render(testRenderer(t, catalog.Default(catalog.V2), false), chatWith(member))
		if err != nil {
			t.Fatal(err)
		}
		diff(t, "chat C1: "+want, fmt.Sprint(got.Out.Err))
		got, err = render(testRenderer(t, catalog.Default(catalog.V2), true), chatWith(member+`,"`+words+`":1`))
		if err != nil || got.Out.Err != nil {
			t.Fatal(err, got.Out.Err)
		}
		if len(got.Out.Warnings) == 0 || strings.Contains(fmt.Sprint(got.Out.Warnings), words) {
			t.Errorf("the notes are %v", got.Out.Warnings)
		}
	}
}

// Text that had to be changed is counted, wherever it is written; what is not
// written is not.
func TestAlteredTextIsNoted(t *testing.T) {
	for member, want := range map[string][]string{
		`"rate_comment":"a\u0000b"`:                                        {"chats.rate_comment"},
		`"rate_comment":"\\u0000 \ud83d\ude00 \u00e9"`:                     nil,
		`"rate_comment":"\ud800","rate":"\n"`:                              {"chats.rate_comment"},
		"\"tags\":[\"a\xff\",\"b\"]":                                       {"chats.tags"},
		`"visitor":{"name":"\u0000"},"sentiment":"\u0000"`:                 {"chats.visitor_name", "chats.visitor.name"},
		`"messages":[{"text":"\u0000"},{"message_json":{"a":["\u0000"]}}]`: {"messages.text", "messages.message_json"},
		`"agents":[{"email":"a@x\u0000"}]`:                                 {"chats.agents.email"},
	} {
		got := mustRender(t, chatWith(member))
		var fields []string
		for _, n := range withoutReason(got.Out.Warnings, unknownField) {
			diff(t, altered, n.Why)
			fields = append(fields, n.Field)
		}
		diff(t, want, fields)
	}
}

func TestUnknownFields(t *testing.T) {
	got := mustRender(t, chatWith(`"sentiment":{"x":1},"Type":"other","visitor":{"visits":3},"agents":[{"email":"a@x"},{"email":"b@x"}],"events":[{"seen":1},{"seen":2}]`))
	count := make(map[string]int)
	for _, o := range got.Out.Warnings {
		diff(t, unknownField, o.Why)
		count[o.Field]++
	}
	// What is in the chat itself counts once; what is nested, once a record.
	diff(t, map[string]int{"chats.sentiment": 1, "chats.Type": 1, "chats.visitor.visits": 2, "events.seen": 2}, count)
	for _, record := range slices.Concat(got.records[:]...) {
		for _, name := range []string{"sentiment", "Type", "visits", "seen"} {
			if strings.Contains(record, `"`+name+`"`) {
				t.Errorf("%s is in %s", name, record)
			}
		}
	}
}
