//go:build !unix

package main

import "log"

// way needs PostgreSQL and Python as the end-to-end tests do.
func (b *bench) way(int, int, string) { log.Fatal("-way does not run on this system") }
