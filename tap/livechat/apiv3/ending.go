package apiv3

import (
	"time"

	"tap-livechat/tap/jsondoc"
)

// The API does not state when a thread ended. This file derives it.
//
// The end is the time of the last system message that ends a thread. Without one, it is
// the time of the last event of a thread that is not active, except events that can
// come after the end. Else it is not known. An implausible time counts as absent.

// endings maps the types of system messages that end a thread to who ended it.
var endings = map[string]string{
	"manual_archived_agent":                byAgent,
	"manual_archived_customer":             byVisitor,
	"archived_customer_disconnected":       byVisitor,
	"customer_banned":                      byAgent,
	"system_archived":                      bySystem,
	"routing.archived_deleted":             bySystem,
	"routing.archived_disconnected":        bySystem,
	"routing.archived_inactive":            bySystem,
	"routing.archived_offline":             bySystem,
	"routing.archived_other":               bySystem,
	"routing.archived_remotely_signed_out": bySystem,
	"routing.archived_signed_out":          bySystem,
}

// lateMessages are the types of system messages that can come after the end.
var lateMessages = map[string]bool{
	"rating.chat_rated":           true,
	"rating.chat_commented":       true,
	"rating.chat_rating_canceled": true,
	"transcript_requested":        true,
	"transcript_sent":             true,
}

// Warnings about a start or an end.
const (
	unknownEnd         = "it is missing, and nothing else says when the thread ended"
	noEvents           = "LiveChat does not give them, so the end is not known either"
	lastEventIsEnd     = "it is missing; the time of the last event stands for it"
	otherMessageIsEnd  = "the time of the ending message cannot be the end; that of another one stands for it"
	implausibleMessage = "the time of the ending message cannot be the end; the time of the last event stands for it"
	implausibleEvents  = "the times of the events cannot be the end, and nothing else says when the thread ended"
	implausibleStart   = "it is in another century, or after the answer"
)

// maxClockSkew is how far after the answer a time may be: the clock of this machine may
// be slow, and the answer may lack a Date.
const maxClockSkew = 48 * time.Hour

// firstThread is before every thread: LiveChat was founded in 2002.
var firstThread = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)

// isPlausible reports whether at is after firstThread and not after the answer. A zero
// answered is not compared.
func isPlausible(at, answered time.Time) bool {
	return !at.Before(firstThread) && (answered.IsZero() || !at.After(answered.Add(maxClockSkew)))
}

// ending is how a thread ended.
type ending struct {
	at      time.Time     // zero: unknown, or not ended yet
	reason  jsondoc.Value // type of the ending system message; absent without one
	by      string        // who ended it; empty without an ending system message
	warning string        // empty if an ending system message states the end
}

// findEnd returns the end of a thread that is not active. events are sorted by time;
// given says whether the thread came with events.
func findEnd(events []event, started, answered time.Time, given bool) ending {
	can := func(e *event) bool {
		return !e.at.IsZero() && isPlausible(e.at, answered) && !e.at.Before(started)
	}
	stated := 0 // ending messages with an implausible time
	for i := len(events) - 1; i >= 0; i-- {
		e := &events[i]
		by, ends := endings[e.systemType()]
		switch {
		case !ends:
		case !can(e):
			stated++
		case stated > 0:
			return ending{e.at, e.system, by, otherMessageIsEnd}
		default:
			return ending{e.at, e.system, by, ""}
		}
	}
	timed := false
	for i := len(events) - 1; i >= 0; i-- {
		e := &events[i]
		if isLate(e) {
			continue
		}
		timed = true
		switch {
		case !can(e):
		case stated > 0:
			return ending{at: e.at, warning: implausibleMessage}
		default:
			return ending{at: e.at, warning: lastEventIsEnd}
		}
	}
	switch {
	case timed:
		return ending{warning: implausibleEvents}
	case !given:
		return ending{warning: noEvents}
	}
	return ending{warning: unknownEnd}
}

// isLate reports whether an event can come after the end: a rating, a post-chat survey,
// a transcript.
func isLate(e *event) bool {
	switch e.kind {
	case "system_message":
		return lateMessages[e.systemType()]
	case "filled_form", "form":
		return e.formType() == "postchat"
	case "annotation":
		return true // of a rating; threads from before v3.2 hold them
	}
	return false
}
