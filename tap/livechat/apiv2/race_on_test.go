//go:build race

package apiv2

// raceOn tells that the race detector slows everything down, ten times or so.
const raceOn = true
