package singer

import (
	"bytes"
	"fmt"
	"time"

	"tap-livechat/catalog"
	"tap-livechat/tap/jsondoc"
)

// Records writes count records of one stream, given as JSON objects, one on each line.
// They are written as RECORD messages, or to a batch file if there are batches. A
// stream with a version always has RECORD messages, because a batch file cannot contain
// a version. extracted is when LiveChat's response arrived.
func (m *Writer) Records(s *catalog.Selected, lines []byte, count int, extracted time.Time) {
	version, versioned := m.versions[s.Name]
	if m.batches != nil && !versioned {
		if m.Err == nil {
			m.fail(m.batches.add(m, s, lines, count))
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

// Version sets the version of all later records of a stream.
func (m *Writer) Version(s *catalog.Selected, version int64) {
	if m.versions == nil {
		m.versions = make(map[string]int64)
	}
	m.versions[s.Name] = version
}

// Activate writes an ACTIVATE_VERSION message if the stream has a version: the target may
// then delete all records of earlier versions.
func (m *Writer) Activate(s *catalog.Selected) {
	version, versioned := m.versions[s.Name]
	if !versioned {
		return
	}
	m.buf = jsondoc.Quote(append(m.buf, `{"type":"ACTIVATE_VERSION","stream":`...), s.Target)
	m.buf = fmt.Appendf(m.buf, `,"version":%d}`+"\n", version)
	m.written()
}
