package tap

import (
	"tap-livechat/tap/jsondoc"
	"tap-livechat/tap/livechat"
	"tap-livechat/tap/source"
)

// render has a chat of the client's kind rendered as one of the seam's kind,
// which becomes its Payload.
func render(r source.Renderer) func(dst []byte, chat *livechat.Chat) []byte {
	return func(dst []byte, chat *livechat.Chat) []byte {
		c := &source.Chat{ID: chat.ID, Started: chat.Started, Ended: chat.Ended, Pending: chat.Pending, Doc: chat.Doc, Received: chat.Received}
		for _, n := range chat.Notes {
			c.Notes = append(c.Notes, source.Note(n))
		}
		dst = r.Chat(dst, c)
		c.Doc = jsondoc.Value{}
		chat.Payload = c
		return dst
	}
}

// rendered is the chat of the seam's kind that a chat has become.
func rendered(chat *livechat.Chat) *source.Chat {
	c := chat.Payload.(*source.Chat)
	c.Out.Text = chat.Out
	return c
}

// part is the RECORD messages of one stream, and how many they are.
func part(r source.Rendered, stream string) (lines []byte, count int) {
	start := 0
	for _, p := range r.Parts {
		if p.Stream == stream {
			return r.Text[start:p.End], p.Count
		}
		start = p.End
	}
	return nil, 0
}
