//go:build !race

package sourcetest

// Race reports whether the race detector slows everything down, ten times or so.
const Race = false
