//go:build !race

package apiv2

// raceOn reports whether the race detector slows everything down, ten times or so.
const raceOn = false
