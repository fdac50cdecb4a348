package singer

import (
	"bytes"
	"fmt"
	"time"

	"tap-livechat/catalog"
	"tap-livechat/tap/jsondoc"
)

// Records writes records of one stream: JSON objects, one a line, as many as
// count says. They become RECORD messages, or lines of a file if there are
// files. A stream with a version has messages in any case, because a file
// cannot say a version. Extracted is when LiveChat gave the records.
func (m *Writer) Records(s *catalog.Selected, lines []byte, count int, extracted time.Time) {
	version, versioned := m.versions[s.Name]
	if m.batches != nil && !versioned {
		if m.Err == nil {
			m.keep(m.batches.add(m, s, lines, count))
		}
		return
	}
	m.head = append(jsondoc.Quote(append(m.head[:0], `{"type":"RECORD","stream":`...), s.Target), `,"record":`...)
	m.tail = jsondoc.AppendTime(append(m.tail[:0], `,"time_extracted":`...), extracted.Truncate(time.Microsecond))
	if versioned {
		m.tail = fmt.Appendf(m.tail, `,"version":%d`, version)
	}
	m.tail = append(m.tail, "}\n"...)
	for len(lines) > 0 {
		end := bytes.IndexByte(lines, '\n')
		m.buf = append(append(append(m.buf, m.head...), lines[:end]...), m.tail...)
		m.written()
		lines = lines[end+1:]
	}
}

// Version gives a version to the records that a stream has from now on.
func (m *Writer) Version(s *catalog.Selected, version int64) {
	if m.versions == nil {
		m.versions = make(map[string]int64)
	}
	m.versions[s.Name] = version
}

// Activate writes the ACTIVATE_VERSION message of a stream that has a version:
// the target may delete all records of earlier versions.
func (m *Writer) Activate(s *catalog.Selected) {
	version, versioned := m.versions[s.Name]
	if !versioned {
		return
	}
	m.buf = jsondoc.Quote(append(m.buf, `{"type":"ACTIVATE_VERSION","stream":`...), s.Name)
	m.buf = fmt.Appendf(m.buf, `,"version":%d}`+"\n", version)
	m.written()
}
