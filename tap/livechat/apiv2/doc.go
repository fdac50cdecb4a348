// Package apiv2 reads the chats archive of LiveChat's REST API v2, whole.
//
// [Archive.Read] yields every chat that the service lists for a span of days,
// oldest days first, and after the last chat of each window of days a
// [source.Window] that says whether the window is complete. What makes that hard stays in
// here, and nobody above knows of a page, a day or a zone:
//
//   - The archive cap. One query reaches the newest 25,000 chats only, and the
//     answer does not say that something was cut off. Time is cut into windows
//     that stay far below the cap (plan.go); a day that is too full by itself
//     is read through other time zones, hour by hour (fullday.go).
//   - Moving pages. Chats end and vanish while their list is being read. The
//     distinct chats of a window are held against the total that the service
//     states (pass.go); a few pages repair what was added (repair.go), and what
//     is incomplete is read again (window.go).
//   - The unknown date filter. It may look at the start of a chat or at its
//     end. What lies across a border is either found in another window or, at
//     the very beginning, in the days before (search.go).
//   - Local times. Dates come as text in the chat's own zone (chat.go, zone.go).
//
// Pages are fetched by a few workers ahead of the reader, across the borders of
// windows, and every one of them ends with the context.
package apiv2
