// Package singer writes Singer messages, in whole lines, and the batch files that BATCH
// messages announce. It knows no API and no bookmark.
package singer

import (
	"cmp"
	"encoding/json"
	"io"

	"tap-livechat/catalog"
	"tap-livechat/tap/jsondoc"
)

// writeBufferSize is how many bytes of messages are buffered for one write.
const writeBufferSize = 64 << 10

// Writer writes Singer messages, one on each line. Every write consists of whole lines,
// so that a process that ends between two writes leaves no torn line. After the first
// error it writes nothing more, so that no line follows half a line. With batches,
// records are written to files, which are announced before the STATE that covers them.
type Writer struct {
	Out         io.Writer
	batches     *batches // nil: records are written as RECORD messages
	buf         []byte
	Err         error  // the first error
	WroteAny    bool   // a message has been written
	lastState   []byte // the last line, if it is a STATE; else empty
	lastCovered []byte // the last STATE whose records have all been written

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

// Announce sends a BATCH message for each open batch file, if there are any.
func (m *Writer) Announce() {
	if m.batches != nil && m.Err == nil {
		m.fail(m.batches.announceAll(m))
	}
}

// fail records an error of a batch file. Records are missing from then on, so fail writes
// the STATE before them as the last line.
func (m *Writer) fail(err error) {
	if err == nil || m.Err != nil {
		return
	}
	if m.lastState == nil && m.lastCovered != nil {
		m.buf = append(append(m.buf, m.lastCovered...), '\n')
	}
	if m.flush(); m.Err == nil {
		m.Err = &BatchError{err}
	}
}

// State writes a STATE message and flushes, unless the last line is the same STATE.
func (m *Writer) State(s json.Marshaler) {
	m.Announce()
	text, err := stateMessage(s)
	if err != nil {
		m.Err = cmp.Or(m.Err, err)
		return
	}
	if string(m.lastState) == string(text) {
		return
	}
	m.buf = append(append(m.buf, text...), '\n')
	m.written()
	m.lastState, m.lastCovered = text, text
	m.flush()
}

// SetBase sets the STATE to fall back to if a batch file fails before the first STATE.
func (m *Writer) SetBase(s json.Marshaler) {
	m.lastCovered, m.Err = stateMessage(s)
}

func stateMessage(s json.Marshaler) ([]byte, error) {
	return json.Marshal(struct {
		Type  string         `json:"type"`
		Value json.Marshaler `json:"value"`
	}{"STATE", s})
}

// End flushes, and ends the use of batch files. Nothing may be written after it.
func (m *Writer) End() {
	m.flush()
	if m.batches != nil {
		m.batches.end()
	}
}

func (m *Writer) written() {
	m.WroteAny = true
	m.lastState = nil
	if len(m.buf) >= writeBufferSize {
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

// WriteSchemas writes the SCHEMA messages of a selection.
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

// OutputError reports that standard output cannot be written to.
type OutputError struct{ Err error }

func (e *OutputError) Error() string { return "writing to standard output failed: " + e.Err.Error() }
func (e *OutputError) Unwrap() error { return e.Err }

// Hint says how the user can continue.
func (e *OutputError) Hint() string {
	return "the target has ended or the disk is full; see the target's messages, and run again with the last STATE it kept"
}
