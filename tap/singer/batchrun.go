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

// keepBatches is for how long the files of a run stay after it has ended: a
// target reads them when it gets to them, and says nothing when it has.
const keepBatches = 24 * time.Hour

// batchRun is a run among others that write to the same folder. While it is
// under way it holds a lock on a file of its own, which ends with the process
// however that ends.
type batchRun struct {
	folder, prefix string
	id             string // no other run has it
	lock           *flock.Flock
}

const lockSuffix = ".lock"

// errLocked says that the run whose lock it is has not ended.
var errLocked = errors.New("somebody holds the lock")

// beginBatchRun begins a run, and removes what others have left that ended long
// ago. Where the file system knows no locks, nothing is removed.
func beginBatchRun(folder, prefix string, log *slog.Logger) (*batchRun, error) {
	var random [8]byte
	rand.Read(random[:]) // which never fails
	r := &batchRun{folder: folder, prefix: prefix, id: fmt.Sprintf("%s-%x", time.Now().UTC().Format("20060102T150405Z"), random)}
	r.lock = flock.New(r.lockPath(r.id))
	if err := os.WriteFile(r.lock.Path(), nil, 0o644); err != nil {
		return nil, err
	}
	err := take(r.lock)
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

// take takes a lock, and makes its file if there is none. The error is errLocked
// if somebody else holds it. Closing the lock gives it back.
func take(lock *flock.Flock) error {
	if taken, err := lock.TryLock(); err != nil || taken {
		return err
	}
	return errLocked
}

// fileName is the name of the nth file of this run.
func (r *batchRun) fileName(stream string, n int, zipped bool) string {
	name := fmt.Sprintf("%s%s-%s-%06d.jsonl", r.prefix, r.id, stream, n)
	if zipped {
		name += ".gz"
	}
	return name
}

// fileOfRun finds, in a name without its prefix, the run that the file is of.
var fileOfRun = regexp.MustCompile(`^(\d{8}T\d{6}Z-[0-9a-f]{16})(?:\.lock|-[a-z_]+-\d{6,}\.jsonl(?:\.gz)?(?:\.part)?)$`)

// leftovers are the files of one run.
type leftovers struct {
	names []string
	last  time.Time // when the newest was written, by the clock of the file system
}

// removeOld removes the files of runs of the same prefix that have ended, and
// that wrote their last long before this run began.
func (r *batchRun) removeOld() error {
	entries, err := os.ReadDir(r.folder)
	if err != nil {
		return err
	}
	runs := make(map[string]*leftovers)
	for _, e := range entries {
		rest, ours := strings.CutPrefix(e.Name(), r.prefix)
		m := fileOfRun.FindStringSubmatch(rest)
		info, err := e.Info()
		if !ours || m == nil || err != nil || !info.Mode().IsRegular() {
			continue
		}
		of := runs[m[1]]
		if of == nil {
			of = new(leftovers)
			runs[m[1]] = of
		}
		of.names = append(of.names, e.Name())
		if at := info.ModTime(); at.After(of.last) {
			of.last = at
		}
	}
	if runs[r.id] == nil {
		return fs.ErrNotExist // somebody has removed our lock
	}
	now := runs[r.id].last
	for id, of := range runs {
		if id == r.id || now.Sub(of.last) <= keepBatches {
			continue
		}
		if failed := r.remove(id, of.names); failed != nil && !errors.Is(failed, errLocked) {
			err = failed
		}
	}
	return err
}

// remove removes the files of a run unless it is under way. Its lock goes last,
// so that what stays, if that is cut off, is still known as a run's.
func (r *batchRun) remove(id string, names []string) error {
	lock := flock.New(r.lockPath(id))
	err := take(lock)
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

// end gives the lock back. The file stays, unless there are no others: its time
// says when the run ended.
func (r *batchRun) end(files int) {
	if files > 0 {
		now := time.Now()
		_ = os.Chtimes(r.lock.Path(), now, now) // if it fails, the newest of the others tells
	}
	r.lock.Close()
	if files == 0 {
		os.Remove(r.lock.Path())
	}
}
