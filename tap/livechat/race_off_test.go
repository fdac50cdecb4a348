//go:build !race

package livechat

// raceOn tells that the race detector slows everything down, ten times or so.
const raceOn = false
