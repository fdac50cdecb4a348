//go:build !linux

package main

// stdoutIsClosed reports whether standard output was closed when the process began. Here
// that cannot be told from one that was sent to /dev/null.
func stdoutIsClosed() bool { return false }
