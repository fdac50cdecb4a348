//go:build !unix

package main

import "os"

// peak is not known on systems without getrusage.
func peak(*os.ProcessState) int64 { return 0 }
