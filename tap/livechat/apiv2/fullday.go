package apiv2

import (
	"fmt"
	"slices"
	"time"

	"tap-livechat/tap/livechat"
	"tap-livechat/tap/source"
)

// readFullDay reads a day of more chats than one query reaches. In a zone k
// hours away the day begins and ends k hours away, so the newest 25,000 before
// any full hour can be had. Going back from the day's end, each query ends at a
// full hour that seems to lie after what the one before has reached; that it
// does is proved by chats that both have brought.
func (r *reader) readFullDay(w *window) ([]source.Window, error) {
	day0, stated := w.span, w.page().total
	result := source.Window{From: day0.from, To: day0.to, Total: stated, Complete: true, Reads: 1}
	r.a.client.Log().Info("the day holds more chats than one query reaches", "day", w.q.from, "total", stated)
	yielded, outer := w.chats, w.wanted
	for k := range yielded {
		yielded[k] = 0 // it came before this day was begun
	}
	covered := 24 // from this hour on the day has come
	for at, turn := 24, uint8(1); ; turn++ {
		around, reach, common := w.span, new(reach), 0
		w.chats = yielded
		w.wanted = func(chat *source.Chat) bool {
			reach.note(chat, around)
			if elsewhere(chat, around, day0) || outer != nil && !outer(chat) {
				return false
			}
			k := keyOf(chat.ID)
			mark, known := yielded[k]
			if known && mark > 0 && mark < turn {
				common++
			}
			if known && mark == 0 {
				yielded[k] = turn
			}
			return true
		}
		w.mark = turn
		p, passes, err := r.readCapped(w)
		if err != nil {
			return nil, err
		}
		result.Reads = max(result.Reads, passes)
		gap := at < covered && common == 0 && len(p.ids) > 0
		if gap && covered-at > 1 {
			at = (at + covered + 1) / 2 // something in between
		} else {
			result.Complete = result.Complete && !gap && (p.settled() || !p.ended && !p.shrank())
			covered = at
			if p.ended {
				break // nothing is beyond its reach
			}
			back := reach.hour(day0.from, r.seen.startOnly())
			if back >= at {
				return nil, fullHour(day0.from, at, stated)
			}
			if back <= 0 {
				break
			}
			at = back
		}
		w = r.openQuery(endingAt(day0.from, at), span{day0.from.Add(time.Duration(at-24) * hour), day0.from.Add(time.Duration(at) * hour)})
		if _, err := r.wait(w); err != nil {
			return nil, err
		}
	}
	for _, mark := range yielded {
		if mark > 0 {
			result.Chats++
		}
	}
	if stated <= archiveCap {
		result.Total = -1 // it states only the cap
	} else if result.Chats < stated {
		result.Complete = false
	}
	return []source.Window{result}, nil
}

// readCapped reads a list that may be longer than a query reaches: again if
// chats vanished from it, and, if it came to an end before the cap after all,
// as any list that is incomplete.
func (r *reader) readCapped(w *window) (p *pass, passes int, err error) {
	var before *pass
	for passes = 1; ; passes++ {
		if p, err = r.readPass(w, before); err != nil {
			return nil, 0, err
		}
		p.twice = p.confirms()
		if p.settled() || !p.ended && !p.shrank() || passes > 1 && p.short() || passes == maxPasses {
			return p, passes, nil
		}
		before = p
		w.again()
	}
}

// fullHour is a day that cannot be read whole by any query there is. More than
// the cap ended (or began) in the hour before the given one.
func fullHour(midnight time.Time, hour, total int) error {
	return &livechat.Error{Cause: livechat.FullHour, Op: "the chats of " + midnight.Format(time.DateOnly), Detail: fmt.Sprintf(
		"the day holds %d chats or more, over %d of them in the hour before %02d:00 UTC: the service lists no more than that", total, archiveCap, hour)}
}

// reach is how far back a query went that did not reach everything: the times
// of its chats, Unix seconds. Which time "newest" looks at is not known: the end
// is the safe side, since no start is later; the start will do if chats have
// shown that the dates mean it.
type reach struct{ starts, ends []int32 }

// note learns from a chat that was listed for a span, if its times agree with that.
func (e *reach) note(chat *source.Chat, around span) {
	if chat.Started.IsZero() || chat.Ended.IsZero() || !touches(chat, around.from, around.to) {
		return
	}
	e.starts = append(e.starts, int32(chat.Started.Unix()))
	e.ends = append(e.ends, int32(chat.Ended.Unix()))
}

// strays is the share of chats, one in so many, whose times are not believed:
// what is earlier than all the others may be wrong.
const strays = 50

// hour is the first full hour of the day, counted from its beginning, before
// which chats may be missing; 24 if nothing is known.
func (e *reach) hour(midnight time.Time, byStart bool) int {
	times := e.ends
	if byStart {
		times = e.starts
	}
	if len(times) == 0 {
		return 24
	}
	slices.Sort(times)
	at := time.Unix(int64(times[len(times)/strays]), 0)
	return int(at.Truncate(hour).Add(hour).Sub(midnight) / hour)
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
