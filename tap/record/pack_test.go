package record

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"tap-livechat/catalog"
	"tap-livechat/tap/jsondoc"
	"tap-livechat/tap/source"
)

// TestPack: large chats come out of packing as small ones do, in the same buffer
// as others.
func TestPack(t *testing.T) {
	r := testRenderer(t, catalog.Default(catalog.V2), false)
	render := func(dst []byte, messages int) (all []byte, c *source.Chat) {
		entries := make([]string, messages)
		for i := range entries {
			entries[i] = fmt.Sprintf(`{"type":"message","event_id":"C1_%d","text":%q}`, i+1, strings.Repeat("word ", 20))
		}
		list := "[" + strings.Join(entries, ",") + "]"
		var doc jsondoc.Doc
		if err := doc.Parse([]byte(`{"id":"C1","messages":` + list + `,"events":` + list + `}`)); err != nil {
			t.Fatal(err)
		}
		c = &source.Chat{ID: "C1", Doc: doc.Root()}
		return r.Chat(dst, c), c
	}
	for _, messages := range []int{0, 1, 100, 300, 20000} {
		before := []byte("before")
		out, c := render(bytes.Clone(before), messages)
		text, start := out[len(before):], 0
		if !bytes.HasPrefix(out, before) || c.Out.Packed != (messages >= 300) || c.Out.Packed && len(text) > messages*100 {
			t.Errorf("%d messages: packed %t, %d bytes", messages, c.Out.Packed, len(text))
		}
		for i, want := range []int{1, messages, messages} {
			part := c.Out.Parts[i]
			lines := text[start:part.End]
			start = part.End
			if c.Out.Packed {
				var err error
				if lines, err = Unpack([]byte("x\n"), lines); err != nil {
					t.Fatal(err)
				}
				lines = bytes.TrimPrefix(lines, []byte("x\n"))
			}
			if got := bytes.Count(lines, []byte(`{"type":"RECORD","stream":"`+part.Stream+`"`)); got != want || got != part.Count || bytes.Count(lines, []byte("\n")) != want {
				t.Errorf("%d messages: %d records of %s, want %d, %d counted", messages, got, part.Stream, want, part.Count)
			}
		}
		if start != len(text) {
			t.Errorf("%d messages: %d bytes of %d are of a stream", messages, start, len(text))
		}
	}
}

// TestTooLarge: a chat of which only the id is known is refused, or left out and noted.
func TestTooLarge(t *testing.T) {
	for _, nullIt := range []bool{false, true} {
		c := &source.Chat{ID: "C1", TooLarge: true}
		out := testRenderer(t, catalog.Default(catalog.V2), nullIt).Chat(nil, c)
		if len(out) != 0 || (c.Out.Err == nil) != nullIt || (len(c.Out.Warnings) == 1) != nullIt {
			t.Errorf("nullIt %t: %q, error %v, notes %v", nullIt, out, c.Out.Err, c.Out.Warnings)
		}
		if err := c.Out.Err; err != nil && err.Error() != "chat C1 is too large to be read: it is longer than 32 MiB" {
			t.Error(err)
		}
	}
}
