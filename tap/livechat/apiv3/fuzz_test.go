package apiv3

import (
	"encoding/json"
	"testing"
	"unicode/utf8"

	"tap-livechat/tap/jsondoc"
	"tap-livechat/tap/source"
)

// FuzzThread: whatever JSON comes, a chat is made of it, with a document that is
// JSON, an end that is not before the start, and the very same one again.
func FuzzThread(f *testing.F) {
	f.Add([]byte(entryOf(`"properties":{"rating":{"score":1},"routing":{"offline_message":true}},"customer_visit":{"geolocation":{}},"custom_variables":[{"a":1}],"summary":{},"tags":[]`)))
	f.Add([]byte(entryOf(events(said("09:05:00", eveID, `,"text":"x"`), system("09:20:00", "system_archived"), form("09:00:00", `,"form_type":"ticket"`, `{"type":"email","answer":{"id":1}},{"answers":[{}]}`)))))
	f.Add([]byte(entryOf(events(`"type":"rich_message","elements":[]`, `"type":"file","url":"u","deleted":true`, `"type":"system","details":"{}","source":1`), ola, eve, bot, boss)))
	for _, text := range []string{`null`, `1`, `"x"`, `[]`, `{}`, `{"thread":[]}`, `{"thread":{"id":{}}}`, `{"id":[],"users":{"a":1},"thread":{"id":1,"events":{"a":{}},"user_ids":"x","properties":[],"access":7}}`,
		`{"thread":{"id":"T","events":[null,1,[],{},{"type":null},{"created_at":"0000-01-01T00:00:00Z"},{"created_at":"0001-01-01T00:00:00+23:59"}]}}`,
		`{"users":[{"id":"a@b","type":"agent","id":"c"},null,3],"thread":{"id":"T","user_ids":["a@b","a\u0040b","",null]}}`} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		var doc jsondoc.Doc
		if doc.Parse(text) != nil {
			return
		}
		var m converter
		var last string
		for range 2 {
			var chat source.Chat
			mark := doc.Mark()
			m.read(&doc, doc.Root(), answered, &chat)
			out := chat.Doc.AppendJSON(nil)
			if !json.Valid(out) || !utf8.Valid(out) || chat.Doc.Kind() != jsondoc.Object {
				t.Fatalf("%q became %q", text, out)
			}
			if !chat.Ended.IsZero() && (chat.Ended.Before(chat.Started) || chat.Pending || !isPlausible(chat.Ended, answered)) {
				t.Fatalf("%q ended at %v, began at %v, pending: %v", text, chat.Ended, chat.Started, chat.Pending)
			}
			if last != "" && last != string(out) {
				t.Fatalf("%q became %q, then %q", text, last, out)
			}
			last = string(out)
			doc.Undo(mark)
		}
	})
}
