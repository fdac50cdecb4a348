package apiv2

import "slices"

// repair looks for chats that a pass has missed because others were added, where
// they can be. That costs a few pages in place of a whole pass.
func (r *reader) repair(w *window, p *pass) error {
	if p.steady() || p.missing() == 0 {
		return nil // nothing was added
	}
	look := func(n int) (found bool, err error) {
		got, err := r.start(r.ctx, w.q, n).Wait(r.ctx)
		if err != nil {
			return false, err
		}
		fresh, err := r.take(w, p, got)
		return fresh > 0, err
	}
	for _, n := range p.borders() {
		if _, err := look(n); err != nil || p.missing() == 0 {
			return err
		}
	}
	const most = 4                               // more than 100 chats in the time of one window is another case
	for n := 1; n <= most && n <= w.pages; n++ { // an ordered list has what is new at its head,
		found, err := look(n)
		if err != nil || p.missing() == 0 {
			return err
		}
		if !found {
			break
		}
	}
	if last := min(pages(p.stated()), pageCap); last > 1 { // or at its end,
		if _, err := look(last); err != nil || p.missing() == 0 {
			return err
		}
	}
	return r.repairToday(w, p)
}

// borders are the pages on which a chat may stand now that has come on neither of
// two pages: a chat was added, and the later page had been answered before it, the
// earlier one after it. Their totals show that.
func (p *pass) borders() (all []int) {
	var moved, stayed []int
	for i := range len(p.totals) - 1 {
		earlier, later := p.totals[i].total, p.totals[i+1].total
		if later >= earlier {
			continue
		}
		end := (i + 1) * pageSize // of the earlier page, when the later one was answered
		grew := max(p.stated()-later, 0)
		for at := end - min(earlier-later, pageSize) + grew; at < end+grew; at++ {
			moved = append(moved, at/pageSize+1)
		}
		stayed = append(stayed, i+1) // in a list without order what was added may stand behind
	}
	for _, n := range append(moved, stayed...) {
		if n <= pageCap && !slices.Contains(all, n) {
			all = append(all, n)
		}
	}
	if len(all) > len(p.totals)/4+2 {
		return nil // rather all of it again
	}
	return all
}

// repairToday reads the day on which chats are added by itself, if it is little of
// the window: a list without order has them anywhere.
func (r *reader) repairToday(w *window, p *pass) error {
	last := w.span.days() - 1
	if !p.live || last < 1 || p.perDay[last] > len(p.ids)/8 || w.q != daysOf(w.span) {
		return nil
	}
	today := r.open(span{w.span.to.Add(-day), w.span.to})
	today.chats, today.wanted = w.chats, w.wanted
	if _, err := r.wait(today); err != nil {
		return err
	}
	got, err := r.readPass(today, nil)
	if err != nil || !got.settled() {
		return err
	}
	r.cur = w
	for k := range got.ids {
		p.ids[k] = 0
	}
	return nil
}
