package apiv2

import (
	"fmt"
	"time"

	"tap-livechat/tap/livechat"
	"tap-livechat/tap/source"
)

// readFullDay reads a day of more chats than one query reaches. In a zone k
// hours away the day begins and ends k hours away, so the newest 25,000 before
// any full hour can be had. Going back from the day's end, each query ends at
// the first full hour that lies after everything the one before has reached.
func (r *reader) readFullDay(w *window, done func(source.Window) error) error {
	day0 := w.span
	yielded := w.chats
	came := make(map[string]bool)
	result := source.Window{From: day0.from, To: day0.to, Total: w.page().total, Settled: true, Passes: 1}
	log := r.a.client.Log()
	log.Info("the day holds more chats than one query reaches", "day", w.q.from, "total", result.Total)
	for hour := 24; ; {
		w.chats = yielded
		var reach reach
		p, passes, err := r.settle(w, maxPasses, func(chat *source.Chat) bool {
			reach.note(chat)
			if !touches(chat, day0.from, day0.to) {
				return false // another window's
			}
			came[chat.ID] = true
			return true
		})
		if err != nil {
			return err
		}
		result.Passes = max(result.Passes, passes)
		result.Settled = result.Settled && p.settled()
		if p.last() < archiveCap && w.pages < pageCap {
			break // nothing is beyond its reach
		}
		back, ok := reach.hour(day0.from, r.seen.startOnly())
		if !ok || back >= hour {
			return fullHour(day0.from, hour, result.Total)
		}
		if back <= 0 {
			break
		}
		hour = back
		w = r.openQuery(endingAt(day0.from, hour), span{day0.from.Add(time.Duration(hour-24) * time.Hour), day0.from.Add(time.Duration(hour) * time.Hour)})
		if _, err := w.first.Wait(r.ctx); err != nil {
			return err
		}
		w.admit()
	}
	result.Chats = len(came)
	if result.Total <= archiveCap {
		result.Total = -1
	} else if result.Chats < result.Total {
		result.Settled = false
	}
	return done(result)
}

// fullHour is a day that cannot be read whole by any query there is. More than
// the cap ended (or began) in the hour before the given one.
func fullHour(midnight time.Time, hour, total int) error {
	return &livechat.Error{Cause: livechat.FullHour, Op: "the chats of " + midnight.Format(time.DateOnly), Detail: fmt.Sprintf(
		"the day holds %d chats or more, over %d of them in the hour before %02d:00 UTC: the service lists no more than that", total, archiveCap, hour)}
}

// reach is how far back a query went that did not reach everything.
type reach struct{ start, end time.Time } // the earliest there was

func (e *reach) note(chat *source.Chat) {
	if chat.Started.IsZero() || chat.Ended.IsZero() {
		return
	}
	if e.end.IsZero() || chat.Ended.Before(e.end) {
		e.end = chat.Ended
	}
	if e.start.IsZero() || chat.Started.Before(e.start) {
		e.start = chat.Started
	}
}

// hour is the first full hour of the day, counted from its beginning, before
// which chats may be missing. Others may share the very second that was reached
// last, so that it has to be after that. Which time "newest" looks at is not known: the
// earliest end is the safe side, since no start is later; the earliest start
// will do if chats have shown that the dates mean it.
func (e *reach) hour(midnight time.Time, byStart bool) (int, bool) {
	at := e.end
	if byStart {
		at = e.start
	}
	if at.IsZero() {
		return 0, false
	}
	return int(at.Truncate(time.Hour).Add(time.Hour).Sub(midnight) / time.Hour), true
}

// endingAt is the list of the 24 hours before the given hour (1 to 24) of the
// day that begins at midnight, UTC.
func endingAt(midnight time.Time, hour int) query {
	// A local day in UTC+k ends k hours before midnight UTC. Zones reach from
	// UTC-12 to UTC+14.
	k, local := 24-hour, midnight
	if k > 14 {
		k, local = -hour, midnight.AddDate(0, 0, -1)
	}
	zone := "UTC"
	if k != 0 {
		zone = fmt.Sprintf("Etc/GMT%+d", -k) // POSIX counts westwards
	}
	date := local.Format(time.DateOnly)
	return query{date, date, zone}
}
