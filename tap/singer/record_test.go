package singer

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"tap-livechat/catalog"
)

// TestRecords: each message bears the name that the catalog gives the stream, that of a
// version, too; only records of streams with a version bear one.
func TestRecords(t *testing.T) {
	var out bytes.Buffer
	m := Writer{Out: &out}
	plain := &catalog.Selected{Stream: catalog.Stream{Name: "chats"}, Target: `say "hello"`}
	list := &catalog.Selected{Stream: catalog.Stream{Name: "agents"}, Target: "our agents"}
	at := time.Date(2026, 3, 10, 16, 4, 5, 6789, time.FixedZone("", 3600))
	m.Activate(list) // it has no version yet
	m.Version(list, 7)
	m.Records(plain, []byte(`{"id":"a"}`+"\n"+`{"id":"b}"}`+"\n"), 2, at)
	m.Records(list, []byte(`{"id":"c"}`+"\n"), 1, at)
	m.Records(plain, nil, 0, at)
	m.Activate(plain)
	m.Activate(list)
	m.End()
	want := strings.Join([]string{
		`{"type":"RECORD","stream":"say \"hello\"","record":{"id":"a"},"time_extracted":"2026-03-10T15:04:05.000006Z"}`,
		`{"type":"RECORD","stream":"say \"hello\"","record":{"id":"b}"},"time_extracted":"2026-03-10T15:04:05.000006Z"}`,
		`{"type":"RECORD","stream":"our agents","record":{"id":"c"},"time_extracted":"2026-03-10T15:04:05.000006Z","version":7}`,
		`{"type":"ACTIVATE_VERSION","stream":"our agents","version":7}`,
		"",
	}, "\n")
	if out.String() != want {
		t.Errorf("got\n%s\nwant\n%s", out.String(), want)
	}
}
