package main

import (
	"os"
	"syscall"
)

// stdoutIsClosed reports whether standard output was closed when the process began. Go
// opens /dev/null in place of one that was, for reading and writing; what a
// shell, a service manager or Python is told to send there is opened for writing
// alone, or to be closed in children.
func stdoutIsClosed() bool {
	var is, null syscall.Stat_t
	if err := syscall.Fstat(syscall.Stdout, &is); err != nil {
		return true
	}
	if syscall.Stat(os.DevNull, &null) != nil || is.Rdev != null.Rdev || is.Mode&syscall.S_IFMT != syscall.S_IFCHR {
		return false
	}
	flags, _, failed := syscall.Syscall(syscall.SYS_FCNTL, uintptr(syscall.Stdout), syscall.F_GETFL, 0)
	return failed == 0 && flags&syscall.O_ACCMODE == syscall.O_RDWR && flags&syscall.O_CLOEXEC == 0
}
