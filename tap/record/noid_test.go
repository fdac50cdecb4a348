package record

import (
	"errors"
	"testing"

	"tap-livechat/catalog"
	"tap-livechat/tap/source"
)

// TestNoID: an entry without an id to store it by is refused, or left out with a warning.
func TestNoID(t *testing.T) {
	for _, nullInvalid := range []bool{false, true} {
		c := &source.Chat{ID: "C1", NoID: true}
		out := testRenderer(t, catalog.Default(catalog.V3), nullInvalid).Chat(nil, c)
		if len(out) != 0 || len(c.Out.Parts) != 0 || (c.Out.Err == nil) != nullInvalid || (len(c.Out.Warnings) == 1) != nullInvalid {
			t.Errorf("nullInvalid %t: %q, error %v, warnings %v", nullInvalid, out, c.Out.Err, c.Out.Warnings)
		}
		var err *NoIDError
		if !nullInvalid && (!errors.As(c.Out.Err, &err) || err.Chat != "C1") {
			t.Errorf("the error is %v", c.Out.Err)
		}
	}
}
