// Package tap turns a LiveChat account into a stream of Singer messages.
//
// [Sync] is the whole of it. There are two kinds of streams. Those of chats come
// out of one archive: Sync reads what the bookmarks have not covered, window
// after window of time, and the bookmarks move with the windows that are
// complete from the oldest on. Lists of reference data and reports are read after
// the chats, one by one: a list whole, without a bookmark; a report from the day
// of its bookmark less the days that may still change. It writes
//
//	SCHEMA            for each selected stream, as soon as the service has answered once
//	RECORD            one chats record per agent of a chat, then its messages and events;
//	                  one per row of a list or report
//	ACTIVATE_VERSION  after a list that was read whole, if the config asks for it
//	STATE             after the last record of each window, during and after each report,
//	                  and as the last line of all
//
// A run may be cut off anywhere. A STATE is written after the records it
// covers and by the same goroutine, so a run that starts from the last one
// printed loses nothing; it repeats the windows that were in flight and the
// look-back. Bookmarks never go back, but for one found in the future. A list that
// the token may not read does not stop the others: the run comes to its end, and
// an [IncompleteError] names it.
//
// Everything in this package is written by one goroutine, but for the
// rendering of records (package record), which happens where the answers come in,
// and the counting of requests (metrics.go). Which APIs there are, package api alone
// knows.
//
// Only the command line is a stable interface. The Go packages serve it and
// change with it.
package tap
