package main

import (
	"math"
	"os"
	"runtime/debug"
)

// limitMemory tells the garbage collector to stay far below the 64 MiB that
// the tap promises, unless the user has said otherwise. What is live is a few
// pages for each worker, so the collector has room at any size of archive.
func limitMemory() {
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(48 << 20)
	}
}

// lendMemory lifts the limit again, for a sandbox in the same process: what it
// keeps is not the tap's.
func lendMemory() {
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(math.MaxInt64)
	}
}
