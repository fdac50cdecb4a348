// Package apiv3 reads the archive of LiveChat's Agent Chat API v3.6. What the seam
// calls a chat is a thread there.
//
// # From an entry to a chat
//
// An entry of the archive becomes a document in the form of our schemas (thread.go):
// who took part (participants.go), what was said (events.go), what was filled in (surveys.go),
// what is known besides (columns.go, properties.go). No field states when a thread
// ended: ending.go derives it. A thread that has ended and comes without its events is
// requested by itself, as long as that helps in the run (missing.go). tables.go has the
// lists and reports.
//
// # Pages by time
//
// list_archives lists threads by created_at, oldest first, a hundred a page. A page is
// requested from the created_at of the last thread of the page before it, less a
// millisecond, and ids drop what came already (read.go, window.go). So pages overlap,
// and no thread is lost at a border: whether the ends of a list are included, how far
// LiveChat follows a list, how long a page_id is valid, and what is created or deleted
// meanwhile does not matter.
//
// page_id is followed in two cases: where one millisecond fills a page; and, to the end
// of its window, where a page is not in ascending order of created_at. Such a window is
// incomplete, and its Cause names what was seen. Threads whose created_at cannot be read
// do not count, and equal milliseconds are in order. A page_id that is refused is given
// up: the window goes on by time, once.
//
// # Windows
//
// A window is a stretch of time that one page after the other is read of; windows are
// read side by side, and reported oldest first. A range is cut into equal parts. A window
// ends early, which costs no request, where it proves far longer than planned, and at the
// beginning of a run, so that a run that is interrupted has got on. A window that keeps
// others waiting gives the later half of its time to an idle worker. Each window costs
// half a page on average, so their number is bounded (plan.go).
//
// # When a window is complete
//
// found_chats, on the first page of a window, is held against how many distinct threads
// came in the end. Of a window that gave parts away, what LiveChat states on the first
// pages of those is subtracted, and the window is reported when they are there. If fewer
// came, the window is read once more from its beginning, and its new number counts. If
// fewer came again, it is incomplete: the number is never taken for an estimate. If no
// number is stated, a window is complete when its list ends, and the log says so once.
//
// An empty answer is believed when it was given twice, where something was to be
// expected: another number, an earlier page, or a part of the range that nothing came of.
//
// # Large pages
//
// A page that takes LiveChat, a gateway or the tap too long, or is too large, is
// requested with half as many threads, down to one, and with more again later (limit.go).
package apiv3
