// Package apiv2 reads the chats archive of LiveChat's REST API v2.
//
// The API filters chats by whole days and numbers the pages of a list. There is no
// cursor and no time of day. So a list can move while it is read: a chat that is
// deleted draws all others one place forward, and one of them slips past the reader
// from a page that it has not read to one that it has. The API states the total of
// the list with each page. These rules follow from that.
//
// Windows. [Archive.Read] cuts the range into windows of whole days (UTC) of about
// 100 pages, oldest first (plan.go). One query reaches the newest 25,000 chats of a
// list, so a window stays below that; one that does not is halved. Of a single day
// that holds more, the newest 25,000 come, and it is incomplete.
//
// Complete (window.go). A reading is quiet if every answer states the same total and
// as many distinct chats came. A window is complete if a reading was quiet, or if two
// readings in a row bring the same chats and no answer of the second states more than
// came. Else it is read again:
//
//   - The totals differ: the list moved. It is read again in halves, which take less
//     time; a single day up to three times.
//   - The totals are equal, but not what came: it is read once more as a whole. If
//     more is stated and the same comes, it is incomplete.
//
// The run above decides what becomes of an incomplete window (on_mismatch).
//
// Moving days (read.go). Chats are still added to the days since the midnight before
// now less six hours. These days are a window of their own, read last, and once more
// if the reading was not quiet. They need not be: the next run reads them again, since
// its look-back is not shorter. The window then says that it is Moving. The clock of
// this machine or that of the service may be wrong: the days begin to move by the
// earlier of the two, and end by the later.
//
// Empty answers. A page that should hold chats and is empty is asked for once more. So
// is an empty list; empty days that follow each other are asked for once more as one.
//
// Requests (list.go). Workers fetch pages ahead of the reader, also those of the next
// window. How many pages are in flight depends on their size.
//
// Chats (chat.go, time.go, zone.go). Dates are text in the chat's own time zone. They
// become instants in UTC. A time that cannot be true is null, or is derived from the
// other times of the chat, with a note. No decision of this package depends on it.
package apiv2
