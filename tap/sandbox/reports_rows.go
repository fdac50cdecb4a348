package sandbox

import (
	"strconv"

	"tap-livechat/tap/sandbox/account"
)

// Each report, as it comes about.

func totalChats(r *inquiry) object {
	return object{"total": len(r.threads), "records": r.records(nil, func(_ string, in []*reported) object {
		continuous := 0
		for _, t := range in {
			if t.Continuous {
				continuous++
			}
		}
		return object{"total": len(in), "continuous": continuous}
	})}
}

// durations are of chats that have ended: from the start to the end, and from the
// first answer of an agent to the end.
func durations(r *inquiry) object {
	total := 0
	records := r.records(nil, func(_ string, in []*reported) object {
		var whole, chatting int64
		n, answered := 0, 0
		for _, t := range in {
			if t.Pending {
				continue
			}
			n++
			whole += t.End - t.Start
			if wait, ok := t.firstResponse(); ok {
				answered++
				chatting += t.End - t.Start - wait
			}
		}
		total += n
		return object{"count": n, "duration": mean(whole, n), "agents_chatting_duration": mean(chatting, answered)}
	})
	return object{"total": total, "records": records}
}

// firstResponse is how many seconds after the start an agent said something for the
// first time: a person, to the visitor, and not what is sent by itself.
func (t *reported) firstResponse() (seconds int64, ok bool) {
	for i := range t.Events {
		if e := &t.Events[i]; t.answers(e) {
			return e.At/1e6 - t.Start, true
		}
	}
	return 0, false
}

func (t *reported) answers(e *account.Event) bool {
	return e.Kind == account.Said && e.Entry.Kind == account.Message && e.Entry.By == account.ByAgent && e.Entry.Email != "" && !e.Hidden && !e.Welcome
}

func firstResponseTime(r *inquiry) object {
	total := 0
	records := r.records(nil, func(_ string, in []*reported) object {
		var sum int64
		n := 0
		for _, t := range in {
			if wait, ok := t.firstResponse(); ok {
				n++
				sum += wait
			}
		}
		total += n
		return object{"count": n, "first_response_time": mean(sum, n)}
	})
	return object{"total": total, "records": records}
}

// responseTime is how long visitors wait for an answer, each time: from the first
// message that nobody has answered.
func responseTime(r *inquiry) object {
	total := 0
	records := r.records(nil, func(_ string, in []*reported) object {
		var sum int64
		n := 0
		for _, t := range in {
			asked := int64(0)
			for i := range t.Events {
				switch e := &t.Events[i]; {
				case e.Kind != account.Said || e.Entry.Kind != account.Message:
				case e.Author == t.CustomerID && asked == 0:
					asked = e.At / 1e6
				case t.answers(e) && asked != 0:
					n++
					sum += e.At/1e6 - asked
					asked = 0
				}
			}
		}
		total += n
		return object{"count": n, "response_time": mean(sum, n)}
	})
	return object{"total": total, "records": records}
}

func ratings(r *inquiry) object {
	total := 0
	records := r.records(nil, func(_ string, in []*reported) object {
		good, bad := rated(in)
		total += good + bad
		return object{"chats": good + bad, "good": good, "bad": bad}
	})
	return object{"total": total, "records": records}
}

func rated(in []*reported) (good, bad int) {
	for _, t := range in {
		switch t.Rating {
		case account.RatedGood:
			good++
		case account.RatedBad:
			bad++
		}
	}
	return good, bad
}

// byAgent puts the chats of each agent together.
func (r *inquiry) byAgent() map[string][]*reported {
	all := map[string][]*reported{}
	for _, t := range r.threads {
		for _, id := range t.agents() {
			all[id] = append(all[id], t)
		}
	}
	return all
}

func ranking(r *inquiry) object {
	records := object{}
	total := 0
	for id, in := range r.byAgent() {
		if good, bad := rated(in); good+bad > 0 {
			total += good + bad
			records[id] = object{"total": good + bad, "good": good, "bad": bad, "score": float64(good) / float64(good+bad)}
		}
	}
	return object{"total": total, "records": records}
}

func engagement(r *inquiry) object {
	return object{"total": len(r.threads), "records": r.records(nil, func(_ string, in []*reported) object {
		n := [3]int{}
		for _, t := range in {
			n[t.Engagement]++
		}
		return object{
			"started_by_customer_from_greeting": n[account.AutoInvite], "started_by_customer_without_greeting": n[account.ImmediateStart],
			"started_by_agent": n[account.ManualInvite],
		}
	})}
}

func tagsOfChats(r *inquiry) object {
	total := 0
	records := r.records(nil, func(_ string, in []*reported) object {
		row := object{}
		for _, t := range in {
			for _, tag := range t.Tags {
				n, _ := row[tag].(int)
				row[tag] = n + 1
				total++
			}
		}
		return row
	})
	return object{"total": total, "records": records}
}

func chatUsage(r *inquiry) object {
	records := object{}
	for _, t := range r.threads {
		for _, tag := range t.Tags {
			n, _ := records[tag].(int)
			records[tag] = n + 1
		}
	}
	return object{"total": len(r.threads), "records": records}
}

func groupsOfChats(r *inquiry) object {
	return object{"total": len(r.threads), "records": r.records(nil, func(_ string, in []*reported) object {
		row := object{}
		for _, t := range in {
			id := strconv.Itoa(t.Group)
			n, _ := row[id].(int)
			row[id] = n + 1
		}
		return row
	})}
}

// greetingsConversion: what was accepted and the goals are the chats'; how many
// were displayed beside them is made up.
func greetingsConversion(r *inquiry) object {
	total := 0
	records := r.records(nil, func(bucket string, in []*reported) object {
		row := object{}
		for id := 1; id < len(account.Greetings); id++ {
			accepted, goals := 0, 0
			for _, t := range in {
				if t.Greeting == id {
					accepted++
					goals += len(t.Goals)
				}
			}
			if accepted == 0 {
				continue
			}
			others := len(bucket) * id % 7
			total += accepted + others
			row[strconv.Itoa(id)] = object{"displayed": accepted + others, "accepted": accepted, "canceled": others / 2, "goals": goals}
		}
		return row
	})
	return object{"total": total, "records": records}
}

// formsOfChats counts the answers of the surveys.
func formsOfChats(r *inquiry) object {
	count := map[string]int{}
	n := 0
	for _, t := range r.threads {
		for _, a := range t.Postchat {
			count[a.Value]++
			n++
		}
	}
	answers := []object{}
	for _, verdict := range []string{"Good", "Bad", "So-so", "Sehr gut"} {
		answers = append(answers, object{"id": verdict, "label": verdict, "count": count[verdict]})
	}
	return object{"forms": []object{{
		"form_id": "154417206262603538", "form_type": "postchat", "count": n,
		"fields": []object{{"field_id": "1371641677", "type": "radio", "label": "How would you rate the quality of support?", "answers": answers}},
	}}}
}

// uniqueVisitors are those of the chats; the pages that they viewed are made up.
func uniqueVisitors(r *inquiry) object {
	visitors := map[string]bool{}
	for _, t := range r.threads {
		visitors[t.CustomerID] = true
	}
	return object{"summary": object{"unique_visitors": len(visitors), "page_views": 7 * len(r.threads)}}
}
