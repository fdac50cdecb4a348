package tap

import (
	"cmp"
	"encoding/json"
	"io"

	"tap-livechat/catalog"
	"tap-livechat/tap/jsondoc"
	"tap-livechat/tap/state"
)

// flushSize is how many bytes of messages are gathered for one write.
const flushSize = 64 << 10

// messageWriter writes Singer messages, one a line. It writes whole lines
// only, so that what is cut off between two writes is not torn, and keeps its
// first error: after that nothing is written, so that no line stands after half a line.
// With batches, records go into files, which are announced before the STATE that
// covers them.
type messageWriter struct {
	out     io.Writer
	batches *batches // nil: records are messages
	buf     []byte
	err     error
	any     bool   // a message has been written
	last    []byte // the STATE that is the last line so far; empty if another message came after
	covered []byte // the last STATE of which all records are written
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

// deliver hands over RECORD messages of one chat or row, in a file if there are
// files.
func (m *messageWriter) deliver(s *catalog.Selected, lines []byte, count int) {
	if m.batches == nil {
		m.records(lines)
	} else if m.err == nil {
		m.keep(m.batches.add(m, s, lines, count))
	}
}

// announce sends what is in files, if there are any.
func (m *messageWriter) announce() {
	if m.batches != nil && m.err == nil {
		m.keep(m.batches.announceAll(m))
	}
}

// keep keeps an error of a file. Records are missing from here on, so the last
// line is the STATE before them.
func (m *messageWriter) keep(err error) {
	if err == nil || m.err != nil {
		return
	}
	if m.last == nil && m.covered != nil {
		m.buf = append(append(m.buf, m.covered...), '\n')
	}
	if m.flush(); m.err == nil {
		m.err = &BatchError{err}
	}
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
func (m *messageWriter) state(s state.State) {
	m.announce()
	text, err := stateMessage(s)
	if err != nil {
		m.err = cmp.Or(m.err, err)
		return
	}
	if string(m.last) == string(text) {
		return
	}
	m.buf = append(append(m.buf, text...), '\n')
	m.written()
	m.last, m.covered = text, text
	m.flush()
}

// covers tells which state nothing has to be written for.
func (m *messageWriter) covers(s state.State) {
	m.covered, m.err = stateMessage(s)
}

func stateMessage(s state.State) ([]byte, error) {
	return json.Marshal(struct {
		Type  string      `json:"type"`
		Value state.State `json:"value"`
	}{"STATE", s})
}

// end says that nothing more is to come.
func (m *messageWriter) end() {
	m.flush()
	if m.batches != nil {
		m.batches.end()
	}
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
