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

// fileBufferSize is how many bytes are buffered for one write to a file.
const fileBufferSize = 64 << 10

// batches are the batch files of a run. Each file contains records of one stream, one
// on each line. A file is written under a temporary name and renamed when it is
// complete and on the disk; then a BATCH message announces it. The run does not touch
// an announced file again.
type batches struct {
	config config.Batch
	run    *batchRun
	open   []*batchFile // in the order of opening
	opened int          // number of files so far
	idle   []*gzip.Writer
	// failpoint is called before each disk operation. Only tests set it.
	failpoint func(step string) error
}

// batchFile is one open batch file.
type batchFile struct {
	stream *catalog.Selected
	name   string // final name, in the folder
	file   *os.File
	out    *bufio.Writer
	zip    *gzip.Writer // nil: not compressed
	count  int          // records
}

// partSuffix is appended to the name of a file while it is written.
const partSuffix = ".part"

// BatchError reports that a batch file could not be written. No STATE covers its
// records.
type BatchError struct{ Err error }

func (e *BatchError) Error() string { return "writing a file of records failed: " + e.Err.Error() }
func (e *BatchError) Unwrap() error { return e.Err }

// Hint says how the user can continue.
func (e *BatchError) Hint() string {
	return "see that the folder of batch_config's storage.root is there, can be written to and has room, and run again with the last STATE: nothing is lost"
}

// Batches makes the Writer write records to batch files from now on. It creates the
// folder, locks the files of this run, and removes those of runs that ended long ago.
// failpoint is for tests; it may be nil.
func (m *Writer) Batches(c config.Batch, log *slog.Logger, failpoint func(step string) error) error {
	if failpoint == nil {
		failpoint = func(string) error { return nil }
	}
	// The files hold conversations. Who lets others read them makes the folder beforehand.
	if err := os.MkdirAll(c.Folder, 0o700); err != nil {
		return &BatchError{err}
	}
	run, err := startBatchRun(c.Folder, c.Prefix, log)
	if err != nil {
		return &BatchError{err}
	}
	m.batches = &batches{config: c, run: run, failpoint: failpoint}
	return nil
}

// add writes records, one on each line, to the stream's file. It announces a full file.
func (b *batches) add(m *Writer, s *catalog.Selected, lines []byte, count int) error {
	for count > 0 {
		f, err := b.fileFor(s)
		if err != nil {
			return err
		}
		part, n := lines, count
		if room := b.config.Size - f.count; n > room {
			n, part = room, firstLines(lines, room)
		}
		if err := f.write(part); err != nil {
			return err
		}
		f.count += n
		if lines, count = lines[len(part):], count-n; f.count == b.config.Size {
			if err := b.announce(m, f); err != nil {
				return err
			}
		}
	}
	return nil
}

// firstLines returns the first n lines of a text that has more.
func firstLines(text []byte, n int) []byte {
	end := 0
	for range n {
		end += bytes.IndexByte(text[end:], '\n') + 1
	}
	return text[:end]
}

// fileFor returns the open file of a stream; it opens one if there is none.
func (b *batches) fileFor(s *catalog.Selected) (*batchFile, error) {
	for _, f := range b.open {
		if f.stream.Name == s.Name {
			return f, nil
		}
	}
	b.opened++
	f := &batchFile{stream: s, name: b.run.fileName(s.Name, b.opened, b.config.Gzip)}
	if err := b.failpoint("create"); err != nil {
		return nil, err
	}
	var err error
	if f.file, err = os.OpenFile(b.path(f)+partSuffix, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666); err != nil {
		return nil, err
	}
	f.out = bufio.NewWriterSize(failpointWriter{f.file, b.failpoint}, fileBufferSize)
	if b.config.Gzip {
		f.zip = b.gzip(f.out)
	}
	b.open = append(b.open, f)
	return f, nil
}

// gzip returns a gzip writer, a reused one if possible.
func (b *batches) gzip(to io.Writer) *gzip.Writer {
	if n := len(b.idle); n > 0 {
		z := b.idle[n-1]
		b.idle = b.idle[:n-1]
		z.Reset(to)
		return z
	}
	z, err := gzip.NewWriterLevel(to, gzip.BestSpeed)
	if err != nil {
		panic(err) // the level is valid
	}
	return z
}

// failpointWriter calls failpoint before each write.
type failpointWriter struct {
	io.Writer
	failpoint func(step string) error
}

func (w failpointWriter) Write(p []byte) (int, error) {
	if err := w.failpoint("write"); err != nil {
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

// announceAll announces all open files, so that a STATE can cover them.
func (b *batches) announceAll(m *Writer) error {
	for len(b.open) > 0 {
		if err := b.announce(m, b.open[0]); err != nil {
			return err
		}
	}
	return nil
}

// announce completes a file and writes its BATCH message.
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
		b.idle = append(b.idle, f.zip)
	}
	m.batch(f.stream, b.config.Gzip, b.config.Root+"/"+url.PathEscape(f.name))
	return m.Err
}

// finish writes a file to the disk and gives it its final name.
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
		err := b.failpoint(step.name)
		if err == nil {
			err = step.do()
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// syncFolder syncs the names in a folder to the disk, if the system can do that.
func syncFolder(path string) error {
	if runtime.GOOS == "windows" {
		return nil
	}
	d, err := os.Open(path)
	if err != nil {
		return err
	}
	defer d.Close()
	// Some file systems do not support it; that is not an error.
	_ = d.Sync()
	return nil
}

// end removes files that were not announced, and releases the run's lock.
func (b *batches) end() {
	for _, f := range b.open {
		f.file.Close() // closing twice is harmless
		os.Remove(b.path(f) + partSuffix)
	}
	b.open = nil
	b.run.end(b.opened)
}

// batch writes a BATCH message and flushes.
func (m *Writer) batch(s *catalog.Selected, zipped bool, address string) {
	b := jsondoc.Quote(append(m.buf, `{"type":"BATCH","stream":`...), s.Target)
	compression := "none"
	if zipped {
		compression = "gzip"
	}
	b = append(b, `,"encoding":{"format":"jsonl","compression":"`+compression+`"},"manifest":`...)
	m.buf = append(appendStrings(b, []string{address}), "}\n"...)
	m.written()
	m.flush() // so that the target can load the file during the run
}
