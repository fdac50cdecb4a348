package apiv2

import (
	"math"

	"tap-livechat/tap/source"
)

// maxReads bounds how often the same days are read. Each reading costs what the
// first did.
const maxReads = 3

// outcome is what one reading of all pages of a list showed.
type outcome struct {
	chats     int  // distinct chats that came
	same      bool // exactly the chats of the reading before came
	low, high int  // the least and the greatest total that an answer stated
	refused   bool // a page that exists by the totals was refused
	atCap     bool // the list goes on, or may go on, beyond what one query reaches; that ends the reading of several days
}

// moved reports whether the list changed while it was read.
func (o outcome) moved() bool { return o.low != o.high || o.refused }

// quiet reports whether nothing changed, and as many chats came as stated.
func (o outcome) quiet() bool { return !o.moved() && o.chats == o.high }

// complete reports whether everything listed came.
func (o outcome) complete() bool {
	return !o.atCap && (o.quiet() || o.same && o.high <= o.chats)
}

// readWindow reads the days of l until they are complete, and yields their window,
// or those of their halves. moving says that the next run reads the days again.
//
// A list that changed while it was read is read again in halves, which are read
// faster; a single day, or moving days, as a whole. A list whose totals are the
// same, but not what came, is read once more as a whole.
func (r *reader) readWindow(l *list, ids *seen, moving bool) error {
	before := -1
	for reads := 1; ; reads++ {
		got, err := r.readPages(l, ids, before)
		if err != nil {
			return err
		}
		w := source.Window{From: l.days.from, To: l.days.to, Chats: got.chats, Total: got.high, Reads: reads, Complete: got.complete()}
		several := l.days.days() > 1
		switch {
		case w.Complete:
		case got.atCap && several:
			return r.readHalves(l.days, ids, moving)
		case got.atCap:
			w.Cause = "API v2 lists no more than 25,000 chats of a day, and " + l.days.String() + " has more: " +
				`set api_version to "3", which has no such limit, or on_mismatch to "warn" to go on without the rest`
		case got.same && !got.moved():
			// Fewer than stated, and the same ones twice.
		case moving && reads == 2:
			w.Complete, w.Moving = true, true
		case several && !moving && (got.moved() || reads == 2):
			r.logAgain(l.days, got)
			return r.readHalves(l.days, ids, moving)
		case reads < maxReads:
			r.logAgain(l.days, got)
			before = got.chats
			l.rewind()
			continue
		case got.high <= got.chats:
			w.Cause = "the list changed each time it was read"
		}
		return r.yield(source.Step{Window: &w})
	}
}

func (r *reader) logAgain(days span, got outcome) {
	r.a.client.Log().Info("reading again: the answers do not add up", "chats_of", days.String(), "chats", got.chats, "total", got.high)
}

// readHalves reads days in two halves, each a window of its own.
func (r *reader) readHalves(days span, ids *seen, moving bool) error {
	for _, half := range days.halves() {
		if err := r.readWindow(newList(half), ids, moving); err != nil {
			return err
		}
	}
	return nil
}

// readPages reads all pages of l once, and yields the chats that no reading of the
// window has brought before. before is how many chats the last reading of l brought;
// -1: there was none.
//
// The list ends with a page that brings nothing new, or with the last page that the
// totals state unless that is full.
func (r *reader) readPages(l *list, ids *seen, before int) (outcome, error) {
	got := outcome{low: math.MaxInt}
	ids.reading++
	repeated := 0
	for n, ended := 1, false; !ended; n++ {
		r.fill(l)
		if len(l.queue) == 0 {
			break
		}
		j := l.queue[0]
		l.queue = l.queue[1:]
		p, err := j.Wait(r.ctx)
		if err != nil {
			return got, err
		}
		r.prefetch.Learn(p.size)
		count, fresh := len(p.chats), 0
		if !p.refused {
			got.low, got.high = min(got.low, p.total), max(got.high, p.total)
			l.pages = max(l.pages, p.count())
		}
		for i := range p.chats {
			chat := &p.chats[i]
			chat.From, chat.To = l.days.from, l.days.to
			first, isFresh, again := ids.add(chat.ID)
			if isFresh {
				fresh++
			}
			if again {
				repeated++
			}
			if first {
				if err := r.yield(source.Step{Chat: chat}); err != nil {
					return got, err
				}
			}
		}
		got.chats += fresh
		switch {
		case p.refused:
			got.refused = (n-1)*pageSize < got.high // else it was a guess that it exists
			ended = true
		case fresh == 0:
			ended = true
		case p.atCap() && l.days.days() > 1:
			got.atCap, ended = true, true
		case count >= pageSize && n == maxPages:
			got.atCap = true
		case count >= pageSize && n == l.pages:
			l.pages++
		}
		p.free()
	}
	l.giveUp()
	got.same = got.chats == before && repeated == before
	return got, nil
}
