package sandbox

import (
	"time"

	"tap-livechat/tap/sandbox/account"
)

// Those who wait, and those who answer.

// waits are some times in a queue.
type waits []int

func (w waits) row() object {
	if len(w) == 0 {
		return object{"count": 0, "min": nil, "max": nil, "avg": nil}
	}
	sum, least, most := 0, w[0], w[0]
	for _, x := range w {
		sum, least, most = sum+x, min(least, x), max(most, x)
	}
	return object{"count": len(w), "min": least, "max": most, "avg": mean(int64(sum), len(w))}
}

// left are those who left the queue.
func (r *inquiry) left() []account.Left {
	r.s.mu.RLock()
	defer r.s.mu.RUnlock()
	all := r.s.account.LeftQueue(r.from.Unix(), r.to.Unix())
	if f := r.args.Filters; f != nil && f.Groups != nil {
		kept := all[:0]
		for _, l := range all {
			if containsInt(f.Groups.Values, l.Group) {
				kept = append(kept, l)
			}
		}
		all = kept
	}
	return all
}

func queuedVisitors(r *inquiry) object {
	gone, also := map[string]waits{}, map[string]bool{}
	for _, l := range r.left() {
		b := time.Unix(l.Start, 0).In(r.from.Location()).Format(r.layout)
		gone[b] = append(gone[b], l.Waited)
		also[b] = true
	}
	total := 0
	records := r.records(also, func(bucket string, in []*reported) object {
		left, entered := gone[bucket], waits{}
		for _, t := range in {
			if t.Queued && t.Odd != account.ArrayForObject && t.Odd != account.Nulls {
				entered = append(entered, t.QueueSeconds)
			}
		}
		queued := append(append(waits{}, left...), entered...)
		total += len(queued)
		return object{"queued": queued.row(), "left_queue": left.row(), "entered_chat": entered.row()}
	})
	return object{"total": total, "records": records}
}

// leftPerPage is how many visitors are on a page.
const leftPerPage = 25

func queuedVisitorsLeft(r *inquiry) object {
	all := r.left()
	records := object{}
	from := min((r.page-1)*leftPerPage, len(all))
	for _, l := range all[from:min(from+leftPerPage, len(all))] {
		visitor := object{"id": l.Visitor, "name": l.Name, "ip": "85.10.1.1", "visitor_custom_variables": []object{}}
		if l.Email != "" {
			visitor["email"] = l.Email
		}
		survey := []object{}
		if l.Asked {
			survey = append(survey, object{"id": "1371641677", "key": "Name:", "type": "name", "value": l.Name})
		}
		records[l.ID] = object{
			"visitor": visitor, "prechat_survey": survey, "integration_variables": []object{},
			"queue": object{"start_date": time.Unix(l.Start, 0).In(r.from.Location()).Format(time.RFC3339), "duration": l.Waited, "group": l.Group, "url": l.URL},
		}
	}
	pages := (len(all) + leftPerPage - 1) / leftPerPage
	return object{"total": len(all), "records": records, "page": r.page, "summary": object{"total_pages": pages, "total": len(all)}}
}

// shifts goes through the days of the report, as they are in UTC: agents work by
// one clock.
func (r *inquiry) shifts(do func(bucket, agent string, s account.Shift)) {
	const day = 24 * 3600
	r.s.mu.RLock()
	defer r.s.mu.RUnlock()
	members := r.s.account.Members(r.s.account.Now())
	for _, b := range r.buckets {
		at, err := time.Parse(r.layout, b)
		if err != nil || at.After(time.Unix(r.s.account.Now(), 0)) {
			continue
		}
		for _, m := range members {
			if f := r.args.Filters; f == nil || f.Agents.match([]string{m.Email}) {
				do(b, m.Email, account.ShiftOf(m.Email, at.Unix()/day))
			}
		}
	}
}

// availability is how long anybody accepted chats.
func availability(r *inquiry) object {
	longest, also := map[string]int{}, map[string]bool{}
	r.shifts(func(b, _ string, s account.Shift) {
		longest[b] = max(longest[b], s.Accepting)
		also[b] = longest[b] > 0
	})
	var total float64
	records := r.records(also, func(bucket string, _ []*reported) object {
		hours := float64(longest[bucket]) / 3600
		if r.distribution == "hour" {
			return object{"minutes": hours * 60 / 24}
		}
		total += hours
		return object{"hours": hours}
	})
	return object{"total": total, "records": records}
}

func performance(r *inquiry) object {
	rows, all := object{}, object{}
	add := func(row object, name string, n int64) {
		before, _ := row[name].(int64)
		row[name] = before + n
	}
	of := func(id string) object {
		row, ok := rows[id].(object)
		if !ok {
			row = object{}
			for _, name := range performanceFields {
				row[name] = int64(0)
			}
			rows[id] = row
		}
		return row
	}
	r.shifts(func(_, id string, s account.Shift) {
		if s.LoggedIn > 0 {
			row := of(id)
			add(row, "logged_in_time", int64(s.LoggedIn))
			add(row, "accepting_chats_time", int64(s.Accepting))
			add(row, "not_accepting_chats_time", int64(s.NotAccepting))
		}
	})
	for id, in := range r.byAgent() {
		row := of(id)
		good, bad := rated(in)
		add(row, "chats_count", int64(len(in)))
		add(row, "chats_rated_good", int64(good))
		add(row, "chats_rated_bad", int64(bad))
		for _, t := range in {
			wait, ok := t.firstResponseOf(id)
			if ok {
				add(row, "first_response_chats_count", 1)
				add(row, "first_response_time", wait)
			}
			if ok && !t.Pending {
				add(row, "chatting_time", t.End-t.Start-wait)
			}
		}
	}
	for _, name := range performanceFields {
		all[name] = int64(0)
	}
	for _, row := range rows {
		row := row.(object)
		for _, name := range performanceFields {
			add(all, name, row[name].(int64))
		}
		// Of one agent it is the mean.
		if n := row["first_response_chats_count"].(int64); n > 0 {
			row["first_response_time"] = mean(row["first_response_time"].(int64), int(n))
		}
	}
	if n := all["first_response_chats_count"].(int64); n > 0 {
		all["first_response_time"] = mean(all["first_response_time"].(int64), int(n))
	}
	return object{"total": len(rows), "records": rows, "summary": all}
}

var performanceFields = []string{
	"logged_in_time", "accepting_chats_time", "not_accepting_chats_time", "chatting_time", "chats_count", "chats_rated_good", "chats_rated_bad",
	"first_response_time", "first_response_chats_count",
}

// firstResponseOf is firstResponse for one agent.
func (t *reported) firstResponseOf(agent string) (seconds int64, ok bool) {
	for i := range t.Events {
		if e := &t.Events[i]; t.answers(e) && e.Author == agent {
			return e.At/1e6 - t.Start, true
		}
	}
	return 0, false
}
