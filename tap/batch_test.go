package tap

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tap-livechat/catalog"
	"tap-livechat/tap/config"
	"tap-livechat/tap/singer"
	"tap-livechat/tap/source"
	"tap-livechat/tap/state"
)

// batched makes a run write files.
func batched(folder string, zipped bool, size int) func(*Options) {
	return func(o *Options) {
		o.Config.MaxRequests = 24 // windows of 150 chats
		o.Config.Batch = &config.Batch{Root: "file://" + folder, Folder: folder, Prefix: "livechat-", Gzip: zipped, Size: size}
	}
}

// batchMessage is one BATCH.
type batchMessage struct {
	Type, Stream string
	Encoding     struct{ Format, Compression string }
	Manifest     []string
}

// readBatch reads the records of a file that a BATCH message names, and fails
// if not all of it is there.
func readBatch(t testing.TB, m batchMessage) (records [][]byte) {
	t.Helper()
	if len(m.Manifest) != 1 || m.Encoding.Format != "jsonl" {
		t.Fatalf("%+v", m)
	}
	u, err := url.Parse(m.Manifest[0])
	if err != nil || u.Scheme != "file" || u.Host != "" {
		t.Fatalf("%s: %v", m.Manifest[0], err)
	}
	file, err := os.Open(u.Path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	var from io.Reader = file
	if m.Encoding.Compression == "gzip" {
		if from, err = gzip.NewReader(bufio.NewReader(file)); err != nil {
			t.Fatal(err)
		}
	}
	text, err := io.ReadAll(from)
	if err != nil || len(text) == 0 || text[len(text)-1] != '\n' {
		t.Fatalf("%s is not whole: %v, %d bytes", u.Path, err, len(text))
	}
	return bytes.SplitAfter(text[:len(text)-1], []byte("\n"))
}

// unbatch puts RECORD messages in the place of BATCH messages, so that what was
// written can be checked as if there were no files. In the place of one file
// stand size records at most.
func unbatch(t testing.TB, out []byte, size int) (records []byte, files int) {
	t.Helper()
	for line := range bytes.Lines(out) {
		var m batchMessage
		if !bytes.HasPrefix(line, []byte(`{"type":"BATCH"`)) || !bytes.HasSuffix(line, []byte("\n")) {
			records = append(records, line...)
			continue
		}
		if err := json.Unmarshal(line, &m); err != nil {
			t.Fatal(err)
		}
		all := readBatch(t, m)
		if len(all) > size {
			t.Errorf("%d records in a file of %d", len(all), size)
		}
		for _, r := range all {
			records = fmt.Appendf(records, `{"type":"RECORD","stream":%q,"record":%s,"time_extracted":"2026-03-10T15:04:05Z"}`+"\n", m.Stream, bytes.TrimSpace(r))
		}
		files++
	}
	return records, files
}

// byStream are the records of each stream, in order.
func byStream(t testing.TB, out []byte) map[string][]string {
	t.Helper()
	all := make(map[string][]string)
	for line := range bytes.Lines(out) {
		var m struct {
			Type, Stream string
			Record       json.RawMessage
		}
		if err := json.Unmarshal(line, &m); err != nil {
			t.Fatal(err)
		}
		if m.Type == "RECORD" {
			all[m.Stream] = append(all[m.Stream], string(m.Record))
		}
	}
	return all
}

// wholeFiles sees at each write that what has been announced is whole on the
// disk: whoever is killed between two writes has announced no more than that.
type wholeFiles struct {
	bytes.Buffer
	t    *testing.T
	size int
	seen map[string]bool
}

func (w *wholeFiles) Write(b []byte) (int, error) {
	for line := range bytes.Lines(b) {
		var m batchMessage
		if err := json.Unmarshal(line, &m); err != nil {
			w.t.Fatal(err)
		}
		if m.Type != "BATCH" {
			continue
		}
		readBatch(w.t, m)
		if w.seen[m.Manifest[0]] {
			w.t.Errorf("%s is announced twice", m.Manifest[0])
		}
		w.seen[m.Manifest[0]] = true
	}
	return w.Buffer.Write(b)
}

// Files hold what messages would, in the same order, and come before the STATE
// that covers them.
func TestBatch(t *testing.T) {
	for _, zipped := range []bool{false, true} {
		for _, size := range []int{3, 500, 10_000} {
			t.Run(fmt.Sprint(zipped, size), func(t *testing.T) {
				chats := 400
				if size < 100 {
					chats = 40
				}
				withEnv(t, fmt.Sprintf("chats=%d&days=40", chats), func(t *testing.T, w *env) {
					folder := filepath.Join(t.TempDir(), "not", "there yet")
					want := w.complete(state.State{}, small(nil))
					out := &wholeFiles{t: t, size: size, seen: make(map[string]bool)}
					r := w.complete(state.State{}, func(o *Options) {
						batched(folder, zipped, size)(o)
						o.Out = out
					})
					got, files := unbatch(t, out.Bytes(), size)
					tr := readTranscript(t, got, checks{every: 9})
					w.covered(tr, nil)
					w.wantAll(tr, w.config.StartDate, nil)
					if diff := cmp.Diff(byStream(t, want.out), byStream(t, got)); diff != "" {
						t.Error(diff)
					}
					if bytes.Contains(out.Bytes(), []byte(`"RECORD"`)) {
						t.Error("there is a RECORD message")
					}
					if diff := cmp.Diff(want.summary.Records, r.summary.Records); diff != "" {
						t.Error(diff)
					}
					all, err := os.ReadDir(folder)
					if err != nil || len(all) != files+1 { // and the lock
						t.Errorf("%d files, %d announced: %v", len(all), files, err)
					}
				})
			})
		}
	}
}

// A stream goes under the name that the catalog gives it.
func TestBatchOfAnotherName(t *testing.T) {
	withEnv(t, "chats=30&days=10", func(t *testing.T, w *env) {
		r := w.complete(state.State{}, func(o *Options) {
			batched(t.TempDir(), false, 10_000)(o)
			o.Selection.Streams = slices.Clone(o.Selection.Streams[1:2])
			o.Selection.Streams[0].Target = `say "hello"`
		})
		got, files := unbatch(t, r.out, 10_000)
		if n := len(byStream(t, got)[`say "hello"`]); n == 0 || n != r.summary.Records["messages"] || files == 0 {
			t.Errorf("%d records, %v", n, r.summary.Records)
		}
	})
}

// TestBatchCutOff ends runs at random places, by a target that takes no more and
// by a signal, and goes on from the last STATE until the archive is read.
func TestBatchCutOff(t *testing.T) {
	for i := range 3 {
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			r := rand.New(rand.NewPCG(uint64(i), 1))
			withEnv(t, fmt.Sprintf("chats=400&days=40&seed=%d&long_chats=0.05", i), func(t *testing.T, w *env) {
				const size = 100
				folder := t.TempDir()
				whole := &transcript{latest: make(map[string]map[string]message), count: make(map[string]int)}
				var kept state.State
				earlier := make(map[string]bool)
				for runs := 0; ; runs++ {
					if runs > 60 {
						t.Fatal("the archive was never read to its end")
					}
					ctx, cancel := context.WithCancelCause(context.Background())
					var out interface {
						io.Writer
						Bytes() []byte
					} = &ender{left: 8<<10 + r.IntN(40<<10), cancel: cancel}
					if i%3 < 2 {
						out = &refuse{left: 8<<10 + r.IntN(40<<10), partial: i%3 == 1}
					}
					res := w.syncContext(ctx, kept, func(o *Options) {
						batched(folder, i%2 == 0, size)(o)
						o.Out = out
					})
					cancel(nil)
					var output *singer.OutputError
					if res.err != nil && !errors.As(res.err, &output) && !errors.Is(res.err, errEnded) && !errors.Is(res.err, source.ErrBudget) {
						t.Fatal(res.err)
					}
					records, _ := unbatch(t, out.Bytes(), size)
					tr := readTranscript(t, records, checks{cutOff: i%3 != 2, every: 31})
					w.covered(tr, earlier)
					tellEarlier(tr, earlier)
					if len(tr.states) > 0 {
						kept = tr.last(t)
					}
					whole.union(tr)
					if res.err == nil {
						break
					}
				}
				w.wantAll(whole, w.config.StartDate, ordinary)
			})
		})
	}
}

// tellEarlier notes the chats that a STATE of tr covers.
func tellEarlier(tr *transcript, earlier map[string]bool) {
	for _, s := range tr.states {
		for _, m := range tr.latest["chats"] {
			if m.line < s.line {
				earlier[m.record["id"].(string)] = true
			}
		}
	}
}

// TestBatchDiskFails has each step on the disk fail in turn. The last line is a
// STATE, and a run from it makes up for all.
func TestBatchDiskFails(t *testing.T) {
	withEnv(t, "chats=16&days=40", func(t *testing.T, w *env) {
		errFull := errors.New("no space left on device")
		const size = 60
		for at := 1; ; at++ {
			folder := t.TempDir()
			n := 0
			r := w.sync(state.State{}, func(o *Options) {
				batched(folder, at%2 == 0, size)(o)
				o.Config.MaxRequests = 4 // windows of 25 chats
				o.failpoint = func(string) error {
					if n++; n == at {
						return errFull
					}
					return nil
				}
			})
			records, _ := unbatch(t, r.out, size)
			tr := readTranscript(t, records, checks{every: 31})
			w.covered(tr, nil)
			if r.err == nil {
				if at < 25 {
					t.Errorf("there are no more than %d steps", at-1)
				}
				break
			}
			var failed *singer.BatchError
			if !errors.As(r.err, &failed) || !errors.Is(r.err, errFull) || failed.Hint() == "" {
				t.Fatalf("step %d: %v", at, r.err)
			}
			noParts(t, folder)
			earlier := make(map[string]bool)
			tellEarlier(tr, earlier)
			again := w.complete(tr.last(t), batched(folder, false, size))
			records, _ = unbatch(t, again.out, size)
			next := readTranscript(t, records, checks{every: 31})
			w.covered(next, earlier)
			tr.union(next)
			w.wantAll(tr, w.config.StartDate, nil)
		}
	})
}

func noParts(t *testing.T, folder string) {
	t.Helper()
	if left, err := filepath.Glob(filepath.Join(folder, "*.part")); err != nil || len(left) > 0 {
		t.Errorf("left behind: %q, %v", left, err)
	}
}

// removesFolder removes the folder once something is in it.
type removesFolder struct {
	bytes.Buffer
	folder string
}

func (r *removesFolder) Write(b []byte) (int, error) {
	if bytes.Contains(b, []byte("BATCH")) {
		os.RemoveAll(r.folder)
	}
	return r.Buffer.Write(b)
}

func TestBatchFolderIsGone(t *testing.T) {
	withEnv(t, "chats=400&days=40", func(t *testing.T, w *env) {
		out := &removesFolder{folder: filepath.Join(t.TempDir(), "batches")}
		r := w.sync(state.State{}, func(o *Options) {
			batched(out.folder, false, 10)(o)
			o.Out = out
		})
		var failed *singer.BatchError
		last := bytes.TrimSpace(out.Bytes()[bytes.LastIndex(bytes.TrimSpace(out.Bytes()), []byte("\n"))+1:])
		if !errors.As(r.err, &failed) || !bytes.HasPrefix(last, []byte(`{"type":"STATE"`)) {
			t.Errorf("%v, %s", r.err, last)
		}
	})
}

// A folder that cannot be made is told before anything is asked for.
func TestBatchFolderCannotBe(t *testing.T) {
	withEnv(t, "chats=40&days=40", func(t *testing.T, w *env) {
		file := filepath.Join(t.TempDir(), "file")
		if err := os.WriteFile(file, nil, 0o644); err != nil {
			t.Fatal(err)
		}
		r := w.sync(state.State{}, batched(file, true, 100))
		var failed *singer.BatchError
		if !errors.As(r.err, &failed) || len(r.out) > 0 || r.requests > 0 {
			t.Errorf("%v, %d requests, %s", r.err, r.requests, r.out)
		}
	})
}

// What is versioned comes record by record: a file has no version.
func TestBatchOfLists(t *testing.T) {
	for _, versions := range []bool{false, true} {
		t.Run(fmt.Sprint(versions), func(t *testing.T) {
			withEnv(t, "chats=40&days=5", func(t *testing.T, w *env) {
				r := w.complete(state.State{}, func(o *Options) {
					batched(t.TempDir(), false, 1000)(o)
					o.Config.MaxRequests = 0
					o.Config.EmitActivateVersionMessages = versions
					o.Selection = catalog.Default(catalog.V2, catalog.ReferenceData)
				})
				n := make(map[string]int)
				for line := range bytes.Lines(r.out) {
					var m batchMessage
					if err := json.Unmarshal(line, &m); err != nil {
						t.Fatal(err)
					}
					if m.Stream == "agents" || m.Stream == "chats" {
						n[m.Stream+" "+m.Type]++
					}
				}
				kind := "BATCH"
				if versions {
					kind = "RECORD"
				}
				if n["agents "+kind] == 0 || n["chats BATCH"] == 0 || n["agents RECORD"]*n["agents BATCH"] != 0 || n["chats RECORD"] > 0 {
					t.Error(n)
				}
			})
		})
	}
}

// A sample is for people.
func TestBatchOfASample(t *testing.T) {
	withEnv(t, "chats=40&days=5", func(t *testing.T, w *env) {
		folder := filepath.Join(t.TempDir(), "batches")
		r := w.sample(batched(folder, false, 1000))
		if _, err := os.Stat(folder); err == nil || strings.Contains(string(r.out), "BATCH") {
			t.Errorf("%v, %s", err, r.out)
		}
	})
}
