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
	whyEndless     = "it is missing, and nothing else says when the thread ended"
	whyNoEvents    = "it is missing, since the service gives no events for the thread"
	whyLastEvent   = "it is missing; the time of the last event stands for it"
	whyOtherEnd    = "the time of the ending message cannot be the end; that of another one stands for it"
	whyEventForEnd = "the time of the ending message cannot be the end; the time of the last event stands for it"
	whyNoTrueEnd   = "the times of the events cannot be the end, and nothing else says when the thread ended"
	whyNoStart     = "it is in another century, or after the answer"
)

// slack is how far after the answer a time may be: clocks differ.
const slack = 10 * time.Minute

// firstThread is before every thread: LiveChat was founded in 2002.
var firstThread = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)

// possible reports whether something can have happened at that time, as far as the
// answer's own time says. A zero answered says nothing.
func possible(at, answered time.Time) bool {
	return !at.Before(firstThread) && (answered.IsZero() || !at.After(answered.Add(slack)))
}

// ending is how a thread ended.
type ending struct {
	at     time.Time     // zero: not known, or not ended yet
	reason jsondoc.Value // type of the system message that says so, absent without one
	by     string        // who ended it; empty without such a message
	why    string        // what is to be said about it; empty if it was stated
}

// endOf finds the end of a thread that is not active. The events are in order.
func endOf(events []event, started, answered time.Time, given bool) ending {
	can := func(e *event) bool {
		return !e.at.IsZero() && possible(e.at, answered) && !e.at.Before(started)
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
			return ending{e.at, e.system, by, whyOtherEnd}
		default:
			return ending{e.at, e.system, by, ""}
		}
	}
	timed := false
	for i := len(events) - 1; i >= 0; i-- {
		e := &events[i]
		if late(e) {
			continue
		}
		timed = true
		switch {
		case !can(e):
		case stated > 0:
			return ending{at: e.at, why: whyEventForEnd}
		default:
			return ending{at: e.at, why: whyLastEvent}
		}
	}
	switch {
	case timed:
		return ending{why: whyNoTrueEnd}
	case !given:
		return ending{why: whyNoEvents}
	}
	return ending{why: whyEndless}
}

// late reports whether an event can come after the end: a rating, a survey, a transcript.
func late(e *event) bool {
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
