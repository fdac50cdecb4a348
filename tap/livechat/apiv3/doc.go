// Package apiv3 reads the archive of LiveChat's Agent Chat API v3.6, whole. What
// the seam calls a chat is a thread there.
//
// An entry of the archive becomes a document in the form of our schemas
// (thread.go): who took part (participants.go), what was said (events.go), what was
// filled in (surveys.go), what is known besides (columns.go, properties.go). When
// a thread ended is nowhere stated, and ending.go alone says it.
//
// Threads are listed by when they began. Time is cut into windows (plan.go), each
// read by a chain of pages from cursor to cursor, many side by side (read.go,
// window.go). What makes it hard stays in here:
//
//   - Whether the ends of a list are included is not known: windows overlap by a
//     millisecond, and ids decide.
//   - Two threads of one millisecond may be parted by a page border, a list may
//     be cut off by a cap, the number of threads may be an estimate: what came is
//     held against the number that the service states, and what is missing is
//     looked for in smaller and smaller parts (repair.go).
//   - What began before the range and ended in it is searched for (before.go).
//   - Active threads may not be listed: the list of active chats has them (active.go).
//   - Ended threads may come without their events: they are asked for by
//     themselves, once (page.go).
package apiv3
