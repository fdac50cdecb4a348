package record

import (
	"bytes"
	"slices"

	"tap-livechat/tap/jsondoc"
)

// What a RECORD message is made of, around the stream, the record and the time.
const (
	beforeStream = `{"type":"RECORD","stream":`
	beforeRecord = `,"record":`
	beforeTime   = `,"time_extracted":`
)

// Bare appends the record of each of some RECORD messages, one a line. The
// messages are whole lines as a Renderer writes them for one chat or row, so that
// they begin and end alike; stream is the name that they give the stream.
func Bare(dst, lines []byte, stream string) []byte {
	if len(lines) == 0 {
		return dst
	}
	head := len(jsondoc.Quote([]byte(beforeStream), stream)) + len(beforeRecord)
	tail := len(lines) - bytes.LastIndex(lines, []byte(beforeTime))
	dst = slices.Grow(dst, len(lines))
	for len(lines) > 0 {
		end := bytes.IndexByte(lines, '\n') + 1
		dst = append(append(dst, lines[head:end-tail]...), '\n')
		lines = lines[end:]
	}
	return dst
}
