package singer

import (
	"errors"
	"os"
	"syscall"
)

// sharingViolation is what opening a file says that somebody has opened for
// himself alone.
const sharingViolation syscall.Errno = 32

// createLocked makes a file that nobody else can open before it is closed.
func createLocked(path string) (*os.File, error) {
	return openAlone(path, syscall.CREATE_NEW)
}

// openLocked opens a file that is there so that nobody else can; it returns
// errLocked if somebody else has done so.
func openLocked(path string) (*os.File, error) {
	f, err := openAlone(path, syscall.OPEN_EXISTING)
	if errors.Is(err, sharingViolation) {
		return nil, errLocked
	}
	return f, err
}

func openAlone(path string, how uint32) (*os.File, error) {
	name, err := syscall.UTF16PtrFromString(path)
	if err != nil {
		return nil, &os.PathError{Op: "open", Path: path, Err: err}
	}
	handle, err := syscall.CreateFile(name, syscall.GENERIC_READ|syscall.GENERIC_WRITE, 0, nil, how, syscall.FILE_ATTRIBUTE_NORMAL, 0)
	if err != nil {
		return nil, &os.PathError{Op: "open", Path: path, Err: err}
	}
	return os.NewFile(uintptr(handle), path), nil
}
