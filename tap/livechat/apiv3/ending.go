package apiv3

import (
	"time"

	"tap-livechat/tap/jsondoc"
)

// When a thread ended is nowhere stated. This file is all that knows it.
//
// In order of trust: the last system message that ends a thread; else, if the
// thread is not active, its last event, but for those that come late; else it is
// not known. A time that cannot be the end counts as absent, wherever it stands.

// endings are the system messages that end a thread, and who ended it by them.
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

// lateMessages are the system messages that can come after the end.
var lateMessages = map[string]bool{
	"rating.chat_rated":           true,
	"rating.chat_commented":       true,
	"rating.chat_rating_canceled": true,
	"transcript_requested":        true,
	"transcript_sent":             true,
}

// The reasons for which an end is missing or not the one that was stated.
const (
	unknownEnd         = "it is missing, and nothing else says when the thread ended"
	noEvents           = "it is missing, since the service gives no events for the thread"
	lastEventIsEnd     = "it is missing; the time of the last event stands for it"
	otherMessageIsEnd  = "the time of the ending message cannot be the end; that of another one stands for it"
	implausibleMessage = "the time of the ending message cannot be the end; the time of the last event stands for it"
	implausibleEvents  = "the times of the events cannot be the end, and nothing else says when the thread ended"
	implausibleStart   = "it is in another century, or after the answer"
)

// maxClockSkew is how far after the answer a time may be: clocks differ.
const maxClockSkew = 10 * time.Minute

// firstThread is before every thread: LiveChat was founded in 2002.
var firstThread = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)

// isPlausible reports whether something can have happened at that time, as far as the
// answer's own time says. A zero answered says nothing.
func isPlausible(at, answered time.Time) bool {
	return !at.Before(firstThread) && (answered.IsZero() || !at.After(answered.Add(maxClockSkew)))
}

// ending is how a thread ended.
type ending struct {
	at      time.Time     // zero: not known, or not ended yet
	reason  jsondoc.Value // type of the system message that says so, absent without one
	by      string        // who ended it; empty without such a message
	warning string        // what is to be said about it; empty if it was stated
}

// findEnd finds the end of a thread that is not active. The events are in order.
func findEnd(events []event, started, answered time.Time, given bool) ending {
	can := func(e *event) bool {
		return !e.at.IsZero() && isPlausible(e.at, answered) && !e.at.Before(started)
	}
	stated := 0 // ending messages whose time cannot be the end
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

// isLate reports whether an event can come after the end: a rating, a survey, a transcript.
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
