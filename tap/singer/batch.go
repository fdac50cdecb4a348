package singer

import (
	"bufio"
	"bytes"
	"io"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"runtime"

	"github.com/klauspost/compress/gzip"

	"tap-livechat/catalog"
	"tap-livechat/tap/config"
	"tap-livechat/tap/jsondoc"
)

// batchWrite is how many bytes are gathered for one write to a file.
const batchWrite = 64 << 10

// batches are the files in which a run hands records over: bare records, one a
// line, each file of one stream. A file is written under another name, and has
// its own only once all of it is on the disk; then it is announced by a BATCH
// message. What has been announced is never touched again by this run.
type batches struct {
	config config.Batch
	run    *batchRun
	open   []*batchFile // in the order in which they began
	begun  int          // files so far
	spare  []*gzip.Writer
	// fault, which only tests set, is asked before each step on the disk.
	fault func(step string) error
}

// batchFile is one of the files.
type batchFile struct {
	stream *catalog.Selected
	name   string // in the folder, once it is whole
	file   *os.File
	out    *bufio.Writer
	zip    *gzip.Writer // nil: it is not compressed
	count  int          // records
}

// partSuffix is what the name of a file ends in while it is written.
const partSuffix = ".part"

// BatchError says that a file of records could not be written. No STATE covers
// what was to be in it.
type BatchError struct{ Err error }

func (e *BatchError) Error() string { return "writing a file of records failed: " + e.Err.Error() }
func (e *BatchError) Unwrap() error { return e.Err }

// Hint says what to do.
func (e *BatchError) Hint() string {
	return "see that the folder of batch_config's storage.root is there, can be written to and has room, and run again with the last STATE: nothing is lost"
}

// Batches has records written to files from now on. It makes the folder if there is none, tells others that this run is
// under way, and removes what runs have left that ended long ago.
func (m *Writer) Batches(c config.Batch, log *slog.Logger, fault func(step string) error) error {
	if fault == nil {
		fault = func(string) error { return nil }
	}
	if err := os.MkdirAll(c.Folder, 0o755); err != nil {
		return &BatchError{err}
	}
	run, err := beginBatchRun(c.Folder, c.Prefix, log)
	if err != nil {
		return &BatchError{err}
	}
	m.batches = &batches{config: c, run: run, fault: fault}
	return nil
}

// add puts records, one a line, into the stream's file. A file that is full is
// announced.
func (b *batches) add(m *Writer, s *catalog.Selected, lines []byte, count int) error {
	for count > 0 {
		f, err := b.fileOf(s)
		if err != nil {
			return err
		}
		some, n := lines, count
		if room := b.config.Size - f.count; n > room {
			n, some = room, firstLines(lines, room)
		}
		if err := f.write(some); err != nil {
			return err
		}
		f.count += n
		if lines, count = lines[len(some):], count-n; f.count == b.config.Size {
			if err := b.announce(m, f); err != nil {
				return err
			}
		}
	}
	return nil
}

// firstLines are the first n lines of a text that has more.
func firstLines(text []byte, n int) []byte {
	end := 0
	for range n {
		end += bytes.IndexByte(text[end:], '\n') + 1
	}
	return text[:end]
}

// fileOf is the open file of a stream.
func (b *batches) fileOf(s *catalog.Selected) (*batchFile, error) {
	for _, f := range b.open {
		if f.stream.Name == s.Name {
			return f, nil
		}
	}
	b.begun++
	f := &batchFile{stream: s, name: b.run.fileName(s.Name, b.begun, b.config.Gzip)}
	if err := b.fault("create"); err != nil {
		return nil, err
	}
	var err error
	if f.file, err = os.OpenFile(b.path(f)+partSuffix, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644); err != nil {
		return nil, err
	}
	f.out = bufio.NewWriterSize(faultyWriter{f.file, b.fault}, batchWrite)
	if b.config.Gzip {
		f.zip = b.gzip(f.out)
	}
	b.open = append(b.open, f)
	return f, nil
}

// gzip makes a writer, or takes one that has done its work.
func (b *batches) gzip(to io.Writer) *gzip.Writer {
	if n := len(b.spare); n > 0 {
		z := b.spare[n-1]
		b.spare = b.spare[:n-1]
		z.Reset(to)
		return z
	}
	z, err := gzip.NewWriterLevel(to, gzip.BestSpeed)
	if err != nil {
		panic(err) // there is that level
	}
	return z
}

// faultyWriter asks before each write.
type faultyWriter struct {
	io.Writer
	fault func(step string) error
}

func (w faultyWriter) Write(p []byte) (int, error) {
	if err := w.fault("write"); err != nil {
		return 0, err
	}
	return w.Writer.Write(p)
}

func (b *batches) path(f *batchFile) string { return filepath.Join(b.config.Folder, f.name) }

func (f *batchFile) write(records []byte) error {
	to := io.Writer(f.out)
	if f.zip != nil {
		to = f.zip
	}
	_, err := to.Write(records)
	return err
}

// announceAll announces the files there are, so that a STATE may cover them.
func (b *batches) announceAll(m *Writer) error {
	for len(b.open) > 0 {
		if err := b.announce(m, b.open[0]); err != nil {
			return err
		}
	}
	return nil
}

// announce sees that all of a file is on the disk and sends its BATCH message.
func (b *batches) announce(m *Writer, f *batchFile) error {
	if err := b.finish(f); err != nil {
		return err
	}
	for i, other := range b.open {
		if other == f {
			b.open = append(b.open[:i], b.open[i+1:]...)
			break
		}
	}
	if f.zip != nil {
		b.spare = append(b.spare, f.zip)
	}
	m.batch(f.stream, b.config.Gzip, b.config.Root+"/"+url.PathEscape(f.name))
	return m.Err
}

// finish gives a file its name.
func (b *batches) finish(f *batchFile) error {
	if f.zip != nil {
		if err := f.zip.Close(); err != nil {
			return err
		}
	}
	steps := []struct {
		name string
		do   func() error
	}{
		{"flush", f.out.Flush},
		{"sync", f.file.Sync},
		{"close", f.file.Close},
		{"rename", func() error { return os.Rename(b.path(f)+partSuffix, b.path(f)) }},
		{"sync the folder", func() error { return syncFolder(b.config.Folder) }},
	}
	for _, step := range steps {
		err := b.fault(step.name)
		if err == nil {
			err = step.do()
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// syncFolder sees that the names in a folder are on the disk, where that can be
// asked for.
func syncFolder(path string) error {
	if runtime.GOOS == "windows" {
		return nil
	}
	d, err := os.Open(path)
	if err != nil {
		return err
	}
	defer d.Close()
	// Some file systems cannot, and their files are no worse for it.
	_ = d.Sync()
	return nil
}

// end removes what was not announced, and tells others that the run has ended.
func (b *batches) end() {
	for _, f := range b.open {
		f.file.Close() // twice is no harm
		os.Remove(b.path(f) + partSuffix)
	}
	b.open = nil
	b.run.end(b.begun)
}

// batch writes a BATCH message, and everything before it.
func (m *Writer) batch(s *catalog.Selected, zipped bool, address string) {
	b := jsondoc.Quote(append(m.buf, `{"type":"BATCH","stream":`...), s.Target)
	compression := "none"
	if zipped {
		compression = "gzip"
	}
	b = append(b, `,"encoding":{"format":"jsonl","compression":"`+compression+`"},"manifest":`...)
	m.buf = append(appendStrings(b, []string{address}), "}\n"...)
	m.written()
	m.flush() // the target can load it while the run goes on
}
