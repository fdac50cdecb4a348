package apiv3

import (
	"fmt"
	"testing"

	"tap-livechat/tap/jsondoc"
	"tap-livechat/tap/source"
)

// BenchmarkThread makes chats of entries with twenty messages each.
func BenchmarkThread(b *testing.B) {
	var list []string
	for i := range 20 {
		who := eveID
		if i%2 == 0 {
			who = "ola@shop.example"
		}
		list = append(list, said(fmt.Sprintf("09:%02d:00.123456", i), who, `,"text":"Hello, how can I help you today? It is a fine day for a question or two."`))
	}
	list = append(list, system("09:30:00.5", "routing.archived_inactive"))
	entry := entryOf(`"properties":{"rating":{"score":1},"routing":{"start_url":"https://shop.example","continuous":false,"idle":false}},"access":{"group_ids":[1]},"tags":["a"],` + events(list...))
	var doc jsondoc.Doc
	if err := doc.Parse([]byte(entry)); err != nil {
		b.Fatal(err)
	}
	var m converter
	mark := doc.Mark()
	b.SetBytes(int64(len(entry)))
	b.ReportAllocs()
	for b.Loop() {
		var chat source.Chat
		m.read(&doc, doc.Root(), answered, &chat)
		doc.Undo(mark)
	}
}
