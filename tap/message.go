package tap

import (
	"encoding/json"
	"io"

	"tap-livechat/catalog"
	"tap-livechat/tap/jsondoc"
)

// flushSize is how many bytes of messages are gathered for one write.
const flushSize = 64 << 10

// messageWriter writes Singer messages, one a line. It writes whole lines
// only, so that what is cut off between two writes is not torn, and keeps its
// first error: after that nothing is written, lest a line follow half a line.
type messageWriter struct {
	out  io.Writer
	buf  []byte
	err  error
	any  bool   // a message has been written
	last []byte // the STATE that is the last line so far; empty if another message came after
}

// schema writes the SCHEMA message of a stream.
func (m *messageWriter) schema(s catalog.Selected) {
	b := append(m.buf, `{"type":"SCHEMA","stream":`...)
	b = jsondoc.Quote(b, s.Target)
	b = append(b, `,"schema":`...)
	b = s.Schema.AppendJSON(b)
	b = append(b, `,"key_properties":`...)
	b = appendStrings(b, s.Keys)
	if s.ReplicationKey != "" {
		b = append(b, `,"bookmark_properties":`...)
		b = appendStrings(b, []string{s.ReplicationKey})
	}
	m.buf = append(b, "}\n"...)
	m.written()
}

// records writes RECORD messages, whole lines.
func (m *messageWriter) records(lines []byte) {
	if len(lines) == 0 {
		return
	}
	m.buf = append(m.buf, lines...)
	m.written()
}

// state writes a STATE message, and everything before it, unless the same one
// is the last line already.
func (m *messageWriter) state(s State) {
	text, err := json.Marshal(struct {
		Type  string `json:"type"`
		Value State  `json:"value"`
	}{"STATE", s})
	if err != nil {
		m.err = err
		return
	}
	if string(m.last) == string(text) {
		return
	}
	m.buf = append(append(m.buf, text...), '\n')
	m.written()
	m.last = text
	m.flush()
}

func (m *messageWriter) written() {
	m.any = true
	m.last = nil
	if len(m.buf) >= flushSize {
		m.flush()
	}
}

func (m *messageWriter) flush() {
	if m.err == nil && len(m.buf) > 0 {
		_, m.err = m.out.Write(m.buf)
	}
	m.buf = m.buf[:0]
}

func appendStrings(b []byte, all []string) []byte {
	b = append(b, '[')
	for i, s := range all {
		if i > 0 {
			b = append(b, ',')
		}
		b = jsondoc.Quote(b, s)
	}
	return append(b, ']')
}

// WriteSchemas writes the SCHEMA messages of a selection and nothing else.
func WriteSchemas(out io.Writer, selection catalog.Selection) error {
	m := messageWriter{out: out}
	for _, s := range selection.Streams {
		m.schema(s)
	}
	if m.flush(); m.err != nil {
		return &OutputError{m.err}
	}
	return nil
}
