//go:build !windows

package singer

import (
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"tap-livechat/catalog"
	"tap-livechat/tap/config"
)

// TestBatchModes: a folder that the tap makes is for its user alone. In a folder that
// is there, which keeps its mode, files follow the umask.
func TestBatchModes(t *testing.T) {
	chats := &catalog.Default(catalog.V2).Streams[0]
	for _, test := range []struct {
		umask          int
		exists         bool
		folder, record fs.FileMode
	}{
		{0o022, false, 0o700, 0o644},
		{0o000, false, 0o700, 0o666},
		{0o022, true, 0o750, 0o644},
		{0o002, true, 0o750, 0o664},
		{0o077, true, 0o750, 0o600},
	} {
		folder := filepath.Join(t.TempDir(), "batches")
		if test.exists {
			if err := os.Mkdir(folder, 0o750); err != nil {
				t.Fatal(err)
			}
		}
		before := syscall.Umask(test.umask)
		var w Writer
		err := w.Batches(config.Batch{Folder: folder, Size: 1}, textLog(t.Output()), nil)
		if err == nil {
			_, err = w.batches.fileFor(chats)
		}
		syscall.Umask(before)
		if err != nil {
			t.Fatal(err)
		}
		files, _ := filepath.Glob(filepath.Join(folder, "*chats*"))
		if len(files) != 1 {
			t.Fatalf("%+v: files %q", test, files)
		}
		for path, want := range map[string]fs.FileMode{folder: test.folder, files[0]: test.record} {
			if info, err := os.Stat(path); err != nil || info.Mode().Perm() != want {
				t.Errorf("%+v: %s has %v, %v, want %v", test, path, info.Mode().Perm(), err, want)
			}
		}
		w.batches.open[0].file.Close()
		w.batches.run.end(0)
	}
}
