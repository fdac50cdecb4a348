package record

import (
	"testing"

	"tap-livechat/catalog"
	"tap-livechat/tap/source"
)

// TestTooLarge: a chat of which only the id is known is refused, or left out with a warning.
func TestTooLarge(t *testing.T) {
	for _, nullInvalid := range []bool{false, true} {
		c := &source.Chat{ID: "C1", TooLarge: true}
		out := testRenderer(t, catalog.Default(catalog.V2), nullInvalid).Chat(nil, c)
		if len(out) != 0 || (c.Out.Err == nil) != nullInvalid || (len(c.Out.Warnings) == 1) != nullInvalid {
			t.Errorf("nullInvalid %t: %q, error %v, warnings %v", nullInvalid, out, c.Out.Err, c.Out.Warnings)
		}
		if err := c.Out.Err; err != nil && err.Error() != "chat C1 is too large to be read: it is longer than 32 MiB" {
			t.Error(err)
		}
	}
}
