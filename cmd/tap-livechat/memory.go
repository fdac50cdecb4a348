package main

import (
	"math"
	"os"
	"runtime/debug"
)

// limitMemory sets a soft memory limit well below the 64 MiB that the tap promises,
// unless GOMEMLIMIT is set. Live memory is a few pages for each worker, so the limit
// suffices for archives of any size.
func limitMemory() {
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(48 << 20)
	}
}

// liftMemoryLimit removes the limit, for a sandbox in the same process: its memory is
// not the tap's.
func liftMemoryLimit() {
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(math.MaxInt64)
	}
}
