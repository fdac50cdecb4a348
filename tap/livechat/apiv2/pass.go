package apiv2

import (
	"context"
	"slices"
	"time"

	"tap-livechat/tap/source"
)

// pass is what one reading of all pages of a list has shown.
type pass struct {
	ids     ids
	known   ids         // those of page 1
	totals  []statement // in the order the pages were asked for; the first is that of page 1
	since   time.Time   // when the first answer was given
	newest  time.Time   // the latest end on page 1
	live    bool        // the days reach to that moment, so chats may be added
	there   int         // of ids, those of chats that were there at that moment
	perhaps int         // of ids, those that were there by the clock, though they ended after every chat of page 1, or do not say when
	past    bool        // a page that should exist was refused
	ended   bool        // the list came to an end before the cap: a page was not full, or brought nothing new
	before  *pass       // the reading before this one; nil: none
	perDay  []int       // how many chats came of each day, by their start if it lies within
	slipped int         // chats that came, and that the one before should have brought
	twice   bool        // the pass before brought the same, and as many as stated
	claimed bool        // the total says nothing: it is the cap
}

// statement is the total of one answer, and when it was made: after every
// answer that was here before it was asked for.
type statement struct {
	sent, before int64
	total        int
}

// first is what the list held when the pass began.
func (p *pass) first() int { return p.totals[0].total }

// stated is what it held in the end: the most that is stated by answers after
// which nothing more was asked.
func (p *pass) stated() (total int) {
	var last int64
	for _, s := range p.totals {
		last = max(last, s.sent)
	}
	for _, s := range p.totals {
		if s.before >= last {
			total = max(total, s.total)
		}
	}
	return total
}

// old is how many chats came that the first answer has counted. Whether a chat may
// have been added is for the clock to say, as long as it accounts for all that were
// added by the totals; else one that ended after all on page 1 does not count.
func (p *pass) old() int {
	added, grew := len(p.ids)-p.there-p.perhaps, 0
	for _, s := range p.totals {
		grew = max(grew, s.total-p.first())
	}
	if added >= grew && (grew > 0 || p.steady()) {
		return p.there + p.perhaps
	}
	return p.there
}

// shrank tells that chats have vanished: each of them let another slip past the
// reader, from a page not read to one already read. The number of distinct
// chats does not show that, for the vanished are in it. Answers prove it only
// if one was here before the other was asked for: those under way together may
// have been given in any order.
func (p *pass) shrank() bool {
	bySent := slices.Clone(p.totals)
	slices.SortFunc(bySent, func(a, b statement) int { return int(a.sent - b.sent) })
	byBefore := slices.Clone(p.totals)
	slices.SortFunc(byBefore, func(a, b statement) int { return int(a.before - b.before) })
	most, i := 0, 0
	for _, s := range bySent {
		for ; i < len(byBefore) && byBefore[i].before < s.sent; i++ {
			most = max(most, byBefore[i].total)
		}
		if s.total < most {
			return true
		}
	}
	return p.past
}

// steady tells that every answer stated the same.
func (p *pass) steady() bool {
	return !p.past && !slices.ContainsFunc(p.totals, func(s statement) bool { return s.total != p.first() })
}

// missing is how many chats of the list have not come.
func (p *pass) missing() int { return max(p.stated()-len(p.ids), 0) }

// short tells that nothing moved, and fewer came than stated.
func (p *pass) short() bool { return p.ended && p.steady() && p.missing() > 0 && !p.claimed }

// settled tells that everything listed came: as many as stated, and all that
// the first answer counted. A chat that vanishes while another one is added
// leaves the totals as they were, so those that may have been added do not
// count for the latter.
func (p *pass) settled() bool {
	if p.twice {
		return true
	}
	return p.ended && !p.claimed && !p.shrank() && p.old() >= p.first() && p.missing() == 0
}

// sameAs tells that this pass brought those very chats, and as many as stated
// (at the cap, a total states nothing).
func (p *pass) sameAs(other ids) bool {
	return p != nil && p.ended && (p.missing() == 0 || p.claimed) && p.ids.equal(other)
}

// confirms tells that this pass brought the chats of the one before and as many
// as stated, and none beside them but what may have been added since that began.
// A chat that let another slip past the one before has vanished, so it is not in
// this one.
func (p *pass) confirms() bool {
	return p.before != nil && p.ended && (p.missing() == 0 || p.claimed) && p.slipped == 0 && p.ids.holds(p.before.ids)
}

// cut divides the days of a list into parts of whole days that hold about as many
// chats each. What moves is mostly today, which is a part of its own.
func (p *pass) cut(days span) (all []span) {
	last, chats := days.days(), 0
	if p.live {
		last--
	}
	for _, n := range p.perDay[:last] {
		chats += n
	}
	from, held := 0, 0
	add := func(to int) {
		if to > from {
			all = append(all, span{days.from.AddDate(0, 0, from), days.from.AddDate(0, 0, to)})
			from, held = to, 0
		}
	}
	for i, n := range p.perDay[:last] {
		if held > 0 && held+n/2 >= (chats+parts-1)/parts {
			add(i)
		}
		held += n
	}
	add(last)
	add(days.days())
	return all
}

// presence is whether a chat was in a list when it was first asked for.
type presence int

const (
	wasThere presence = iota
	perhapsThere
	wasAdded
)

// was tells apart chats that were there and those that may have been added.
func (p *pass) was(chat *source.Chat) presence {
	ended := chat.Ended
	if chat.Pending {
		ended = chat.Started // it may have begun meanwhile
	}
	switch {
	case p.known.has(chat.ID), !p.live:
		return wasThere
	case !ended.IsZero() && !ended.Before(p.since):
		return wasAdded
	case ended.IsZero(), !ended.Before(p.newest):
		return perhapsThere
	}
	return wasThere
}

// count notes a chat that is new in this pass.
func (p *pass) count(chat *source.Chat, days span) {
	for _, at := range []time.Time{chat.Started, chat.Ended} {
		if days.holds(at) {
			p.perDay[at.Sub(days.from)/day]++
			break
		}
	}
	switch p.was(chat) {
	case wasThere:
		p.there++
	case perhapsThere:
		p.perhaps++
	}
	if b := p.before; b != nil && !b.ids.has(chat.ID) && b.was(chat) == wasThere {
		p.slipped++
	}
}

// begin notes what page 1 says.
func (p *pass) begin(first *page, days span) {
	p.since = first.date
	p.live = days.to.After(p.since)
	for i := range first.chats {
		chat := &first.chats[i]
		p.known.add(chat.ID)
		if chat.Ended.After(p.newest) && chat.Ended.Before(p.since) {
			p.newest = chat.Ended
		}
	}
}

// barren is how many pages in a row may bring nothing new before the reading
// ends: chats that are added push those on it back, but seldom a whole page.
const barren = 2

// readPass reads all pages of w once; before is the pass before, if any.
func (r *reader) readPass(w *window, before *pass) (*pass, error) {
	p := &pass{ids: make(ids), known: make(ids), before: before, perDay: make([]int, w.span.days()+1)}
	r.cur = w
	nothing := 0
	for n := 1; ; n++ {
		r.topUp()
		if len(w.queue) == 0 {
			p.ended = p.ended || w.pages < pageCap
			break
		}
		j := w.queue[0]
		w.queue = w.queue[1:]
		got, err := r.next1(j)
		if err != nil {
			return nil, err
		}
		full, any := len(got.chats) >= pageSize, len(got.chats) > 0
		if any {
			w.pages = max(w.pages, pagesOf(got))
		}
		past := got.past
		fresh, err := r.take(w, p, got)
		if err != nil {
			return nil, err
		}
		if n > 1 && any && fresh == 0 {
			nothing++
		} else {
			nothing = 0
		}
		switch {
		case past:
			// Refused as the last statement would have it, or as a guess of ours?
			p.past = p.past || (n-1)*pageSize < p.stated()
			p.ended = true
		case n > 1 && !any:
			p.ended = true // nothing comes after an empty page
		case nothing == barren || nothing > 0 && len(p.ids) >= p.stated() && n >= w.pages:
			p.ended = true // the same again: this service has no end
		case n == w.asked && n >= w.pages && full && n < pageCap:
			// The last page is full, so there may be more, whatever the total says.
			w.pages = n + 1
		case n >= pageCap && !full:
			p.ended = true
		}
		if p.ended {
			w.giveUp()
			break
		}
	}
	if first := p.totals[0]; first.total == archiveCap || p.stated() == archiveCap {
		p.claimed = true
	}
	if p.ended && !p.settled() && !p.shrank() {
		return p, r.repair(w, p)
	}
	return p, nil
}

// giveUp leaves the pages that were asked for and are not needed.
func (w *window) giveUp() {
	for _, j := range w.queue {
		j.Abandon()
	}
	w.queue, w.pages = nil, w.asked
}

// next1 waits for a page, and uses the time to ask for what comes next.
func (r *reader) next1(j *job) (*page, error) {
	for !j.Ready() && r.next != nil && r.next.page() == nil {
		select {
		case <-j.Done():
		case <-r.next.first.Done():
			r.topUp()
			if r.next == nil || r.next.page() == nil {
				return j.Wait(r.ctx) // it failed; that is told in its turn
			}
		case <-r.ctx.Done():
			return nil, context.Cause(r.ctx)
		}
	}
	return j.Wait(r.ctx)
}

// take yields the chats of one page that have not been yielded before, and
// returns how many are new in this pass.
func (r *reader) take(w *window, p *pass, got *page) (fresh int, err error) {
	defer got.free()
	r.learnSize(got)
	if got.past {
		return 0, nil
	}
	first := len(p.totals) == 0
	if first {
		p.begin(got, w.span)
	}
	p.totals = append(p.totals, statement{got.sent, got.before, got.total})
	for i := range got.chats {
		chat := &got.chats[i]
		chat.From, chat.To = w.span.from, w.span.to
		if p.ids.add(chat.ID) {
			fresh++
			p.count(chat, w.span)
		}
		if got.sound[i] {
			r.seen.note(chat, w.span)
		}
		if w.wanted != nil && !w.wanted(chat) || w.chats.has(chat.ID) {
			continue
		}
		w.chats[keyOf(chat.ID)] = w.mark
		if err := r.yield(source.Step{Chat: chat}); err != nil {
			return fresh, err
		}
	}
	return fresh, nil
}
