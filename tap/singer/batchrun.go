package singer

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"github.com/gofrs/flock"
)

// batchRetention is how long the files of a run are kept after it has ended: a target
// reads them at any time and does not report that it has.
const batchRetention = 24 * time.Hour

// batchRun is a run among others that write to the same folder. It holds a lock on a
// file of its own until it ends. The operating system releases the lock if the process
// dies.
type batchRun struct {
	folder, prefix string
	id             string // unique
	lock           *flock.Flock
}

const lockSuffix = ".lock"

// errLocked means that another run holds the lock: it has not ended.
var errLocked = errors.New("somebody holds the lock")

// startBatchRun starts a run. It removes the files of runs that ended more than
// batchRetention ago, unless the file system does not support locks.
func startBatchRun(folder, prefix string, log *slog.Logger) (*batchRun, error) {
	var random [8]byte
	rand.Read(random[:]) // never fails
	r := &batchRun{folder: folder, prefix: prefix, id: fmt.Sprintf("%s-%x", time.Now().UTC().Format("20060102T150405Z"), random)}
	r.lock = flock.New(r.lockPath(r.id))
	if err := os.WriteFile(r.lock.Path(), nil, 0o644); err != nil {
		return nil, err
	}
	err := takeLock(r.lock)
	if err == nil {
		err = r.removeOld()
	}
	if err != nil {
		log.Warn("the files that earlier runs left for targets are not removed", "reason", err.Error())
	}
	return r, nil
}

func (r *batchRun) lockPath(id string) string {
	return filepath.Join(r.folder, r.prefix+id+lockSuffix)
}

// takeLock takes a lock, and creates its file if there is none. The error is errLocked
// if another run holds the lock. Closing the lock releases it.
func takeLock(lock *flock.Flock) error {
	if taken, err := lock.TryLock(); err != nil || taken {
		return err
	}
	return errLocked
}

// fileName returns the name of the nth file of this run.
func (r *batchRun) fileName(stream string, n int, zipped bool) string {
	name := fmt.Sprintf("%s%s-%s-%06d.jsonl", r.prefix, r.id, stream, n)
	if zipped {
		name += ".gz"
	}
	return name
}

// batchFileName matches a file name without its prefix; its group is the id of the run.
var batchFileName = regexp.MustCompile(`^(\d{8}T\d{6}Z-[0-9a-f]{16})(?:\.lock|-[a-z_]+-\d{6,}\.jsonl(?:\.gz)?(?:\.part)?)$`)

// runFiles are the files of a run.
type runFiles struct {
	names []string
	last  time.Time // modification time of the newest, by the file system's clock
}

// removeOld removes the files of ended runs of the same prefix whose last write was more
// than batchRetention before the start of this run.
func (r *batchRun) removeOld() error {
	entries, err := os.ReadDir(r.folder)
	if err != nil {
		return err
	}
	runs := make(map[string]*runFiles)
	for _, e := range entries {
		rest, ours := strings.CutPrefix(e.Name(), r.prefix)
		m := batchFileName.FindStringSubmatch(rest)
		info, err := e.Info()
		if !ours || m == nil || err != nil || !info.Mode().IsRegular() {
			continue
		}
		of := runs[m[1]]
		if of == nil {
			of = new(runFiles)
			runs[m[1]] = of
		}
		of.names = append(of.names, e.Name())
		if at := info.ModTime(); at.After(of.last) {
			of.last = at
		}
	}
	if runs[r.id] == nil {
		return fs.ErrNotExist // the lock file of this run has been removed
	}
	now := runs[r.id].last
	for id, of := range runs {
		if id == r.id || now.Sub(of.last) <= batchRetention {
			continue
		}
		if failed := r.remove(id, of.names); failed != nil && !errors.Is(failed, errLocked) {
			err = failed
		}
	}
	return err
}

// remove removes the files of a run unless it holds its lock. The lock file is removed
// last, so that an interrupted removal can be continued.
func (r *batchRun) remove(id string, names []string) error {
	lock := flock.New(r.lockPath(id))
	err := takeLock(lock)
	if err != nil {
		return err
	}
	for _, name := range names {
		if strings.HasSuffix(name, lockSuffix) {
			continue
		}
		if failed := os.Remove(filepath.Join(r.folder, name)); failed != nil && !errors.Is(failed, fs.ErrNotExist) {
			err = failed
		}
	}
	lock.Close() // Windows removes no file that is open
	if err == nil {
		err = os.Remove(lock.Path())
	}
	if errors.Is(err, fs.ErrNotExist) { // another run has been quicker
		return nil
	}
	return err
}

// end releases the lock. The lock file stays if the run has files: its modification time
// is when the run ended.
func (r *batchRun) end(files int) {
	if files > 0 {
		now := time.Now()
		_ = os.Chtimes(r.lock.Path(), now, now) // if it fails, the newest batch file dates the end
	}
	r.lock.Close()
	if files == 0 {
		os.Remove(r.lock.Path())
	}
}
