// Package singer writes Singer messages, whole lines only, and the files of records
// that BATCH messages announce. It knows no API and no bookmark.
package singer

import (
	"cmp"
	"encoding/json"
	"io"

	"tap-livechat/catalog"
	"tap-livechat/tap/jsondoc"
)

// flushSize is how many bytes of messages are gathered for one write.
const flushSize = 64 << 10

// Writer writes Singer messages, one a line. It writes whole lines
// only, so that what is cut off between two writes is not torn, and keeps its
// first error: after that nothing is written, so that no line stands after half a line.
// With batches, records go into files, which are announced before the STATE that
// covers them.
type Writer struct {
	Out     io.Writer
	batches *batches // nil: records are messages
	buf     []byte
	Err     error  // the first; it is kept
	Any     bool   // a message has been written
	last    []byte // the STATE that is the last line so far; empty if another message came after
	covered []byte // the last STATE of which all records are written

	versions   map[string]int64 // by stream; see Version
	head, tail []byte           // of the RECORD messages being written, kept for the next
}

// Schema writes the SCHEMA message of a stream.
func (m *Writer) Schema(s catalog.Selected) {
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

// Announce sends what is in files, if there are any.
func (m *Writer) Announce() {
	if m.batches != nil && m.Err == nil {
		m.keep(m.batches.announceAll(m))
	}
}

// keep keeps an error of a file. Records are missing from here on, so the last
// line is the STATE before them.
func (m *Writer) keep(err error) {
	if err == nil || m.Err != nil {
		return
	}
	if m.last == nil && m.covered != nil {
		m.buf = append(append(m.buf, m.covered...), '\n')
	}
	if m.flush(); m.Err == nil {
		m.Err = &BatchError{err}
	}
}

// State writes a STATE message, and everything before it, unless the same one
// is the last line already.
func (m *Writer) State(s json.Marshaler) {
	m.Announce()
	text, err := stateMessage(s)
	if err != nil {
		m.Err = cmp.Or(m.Err, err)
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

// Covers tells which state nothing has to be written for.
func (m *Writer) Covers(s json.Marshaler) {
	m.covered, m.Err = stateMessage(s)
}

func stateMessage(s json.Marshaler) ([]byte, error) {
	return json.Marshal(struct {
		Type  string         `json:"type"`
		Value json.Marshaler `json:"value"`
	}{"STATE", s})
}

// End says that nothing more is to come.
func (m *Writer) End() {
	m.flush()
	if m.batches != nil {
		m.batches.end()
	}
}

func (m *Writer) written() {
	m.Any = true
	m.last = nil
	if len(m.buf) >= flushSize {
		m.flush()
	}
}

func (m *Writer) flush() {
	if m.Err == nil && len(m.buf) > 0 {
		_, m.Err = m.Out.Write(m.buf)
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
	m := Writer{Out: out}
	for _, s := range selection.Streams {
		m.Schema(s)
	}
	if m.flush(); m.Err != nil {
		return &OutputError{m.Err}
	}
	return nil
}

// OutputError says that messages cannot be written any more.
type OutputError struct{ Err error }

func (e *OutputError) Error() string { return "writing to standard output failed: " + e.Err.Error() }
func (e *OutputError) Unwrap() error { return e.Err }

// Hint says what that means for the data.
func (e *OutputError) Hint() string {
	return "the target has ended or the disk is full; see the target's messages, and run again with the last STATE it kept"
}
