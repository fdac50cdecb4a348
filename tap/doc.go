// Package tap turns a LiveChat archive into a stream of Singer messages.
//
// [Sync] is the whole of it: it reads the chats that the bookmarks have not
// covered, window of days after window of days, oldest first, and writes
//
//	SCHEMA  for each selected stream, as soon as the service has answered once
//	RECORD  one chats record per agent of a chat, then its messages and events
//	STATE   after the last record of each window, and as the last line of all
//
// A run may be cut off anywhere. A STATE is written after the records it
// covers and by the same goroutine, so a run that starts from the last one
// printed loses nothing; it repeats the windows that were in flight and the
// look-back. Bookmarks never go back.
//
// Everything in this package is written by one goroutine, but for the
// rendering of records (package record), which happens where the answers come in,
// and the counting of requests (metrics.go).
//
// Only the command line is a stable interface. The Go packages serve it and
// change with it.
package tap
