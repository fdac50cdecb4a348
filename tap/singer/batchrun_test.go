package singer

import (
	"bytes"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gofrs/flock"
	"github.com/google/go-cmp/cmp"
)

// What runs have left that ended long ago goes, and nothing else.
func TestBatchesOfOldRunsGo(t *testing.T) {
	const (
		ended   = "20260301T000000Z-00000000000000aa"
		recent  = "20260301T000000Z-00000000000000bb" // its last file is new
		alive   = "20260301T000000Z-00000000000000cc"
		noLock  = "20260301T000000Z-00000000000000dd"
		of      = "p-"
		someOld = ended + "-chats-000001.jsonl"
	)
	old := []string{
		of + ended + ".lock", of + ended + "-chats-000001.jsonl", of + ended + "-messages-000002.jsonl.gz", of + ended + "-report_total_chats-1000003.jsonl.part",
		of + noLock + "-chats-000001.jsonl",
		of + recent + ".lock", of + recent + "-chats-000001.jsonl",
		of + alive + ".lock", of + alive + "-chats-000001.jsonl.gz",
		someOld, "q-" + someOld, "p-p-" + someOld, // of other prefixes
		of + someOld + ".bak", of + ended + "-chats.jsonl", of + "notes.txt", "20260301.jsonl",
	}
	gone := old[:5]
	folder := t.TempDir()
	for _, name := range append(old, of+recent+"-chats-000002.jsonl") {
		if err := os.WriteFile(filepath.Join(folder, name), []byte("{}\n"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	lock := flock.New(filepath.Join(folder, of+alive+".lock"))
	if err := takeLock(lock); err != nil {
		t.Fatal(err)
	}
	defer lock.Close()
	ago := time.Now().Add(-batchRetention - time.Minute)
	for _, name := range old {
		if err := os.Chtimes(filepath.Join(folder, name), ago, ago); err != nil {
			t.Fatal(err)
		}
	}
	var log bytes.Buffer
	run, err := startBatchRun(folder, of, textLog(&log))
	if err != nil || log.Len() > 0 {
		t.Fatalf("%v, %s", err, log.String())
	}
	run.end(0)
	left := names(t, folder)
	want := slices.DeleteFunc(append(slices.Clone(old), of+recent+"-chats-000002.jsonl"), func(name string) bool { return slices.Contains(gone, name) })
	slices.Sort(want)
	if diff := cmp.Diff(want, left); diff != "" {
		t.Error(diff)
	}
}

func names(t *testing.T, folder string) (all []string) {
	t.Helper()
	entries, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		all = append(all, e.Name())
	}
	return all
}

// Whoever is under way is known by its lock, however old its files are; it is
// known to have ended when it has.
func TestBatchRunsSideBySide(t *testing.T) {
	folder := t.TempDir()
	log := textLog(t.Output())
	first, err := startBatchRun(folder, "", log)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(folder, first.fileName("chats", 1, true))
	ago := time.Now().Add(-batchRetention - time.Minute)
	age := func() {
		t.Helper()
		for _, name := range names(t, folder) {
			if strings.Contains(name, first.id) {
				if err := os.Chtimes(filepath.Join(folder, name), ago, ago); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	if err := os.WriteFile(file, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	// left tells whether the file is there after another run has begun.
	left := func() bool {
		t.Helper()
		age()
		other, err := startBatchRun(folder, "", log)
		if err != nil {
			t.Fatal(err)
		}
		if other.id == first.id {
			t.Fatal("two runs have one id")
		}
		other.end(0)
		_, err = os.Stat(file)
		return err == nil
	}
	if !left() {
		t.Error("the file of a run that is under way was removed")
	}
	first.end(1)
	if other, err := startBatchRun(folder, "", log); err != nil {
		t.Fatal(err)
	} else if other.end(0); !slices.Contains(names(t, folder), filepath.Base(file)) {
		t.Error("the file of a run that has just ended was removed")
	}
	if left() {
		t.Error("the file of a run that ended long ago stays")
	}
	if all := names(t, folder); len(all) > 0 {
		t.Errorf("%q stay", all)
	}
}

// textLog writes lines without their time.
func textLog(w io.Writer) *slog.Logger {
	return slog.New(slog.NewTextHandler(w, &slog.HandlerOptions{ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
		if a.Key == slog.TimeKey {
			return slog.Attr{}
		}
		return a
	}}))
}
