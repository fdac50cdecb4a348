package tap

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"tap-livechat/catalog"
	"tap-livechat/tap/sandbox"
	"tap-livechat/tap/sandbox/account"
	"tap-livechat/tap/sandbox/oracle"
)

// TestHistoriesV3 is TestHistories for API v3.6, over the switches of what is open
// there. Where the same list may be said to be empty two times, what is lost cannot
// show: those runs are counted apart.
func TestHistoriesV3(t *testing.T) { histories(t, planOfV3, (*gridSeeds+1)/2) }

// planOfV3 makes up an archive and how it is read through API v3.6.
func planOfV3(r *rand.Rand) historyPlan {
	p := historyPlan{api: catalog.V3, lookback: pick(r, 0, 1, 1, 3)}
	days := 4 + r.IntN(40)
	found := pick(r, "exact", "exact", "exact", "low", "high", "estimate", "absent")
	ends := pick(r, "v3_from=included&v3_to=included", "v3_from=excluded&v3_to=excluded", "v3_from=excluded", "v3_to=excluded")
	tied := r.IntN(4) == 0 // many threads of one millisecond
	switches := []string{
		fmt.Sprintf("chats=%d&days=%d&seed=%d&fault_seed=%d", 20+r.IntN(pick(r, 60, 300, 300, 800)), days, r.IntN(1e6), r.IntN(1e6)),
		ends, "v3_found=" + found, "v3_chain=" + pick(r, "live", "frozen"), "v3_ids_unknown=" + pick(r, "left_out", "left_out", "left_out", "not_found", "validation"),
		"v3_event_order=" + pick(r, "time", "mixed"), fmt.Sprint("v3_skip=", pick(r, "true", "true", "false")),
		"shape=" + pick(r, "busyhours", "even", "bursty", "sparse", "spikes"),
		fmt.Sprintf("long_chats=%.2f&long_days=%d&pending=%d&returning=%.1f", pick(r, 0.02, 0.2, 0.5), pick(r, 1, 3, 12), r.IntN(9), pick(r, 0.2, 0.7)),
		fmt.Sprintf("v3_no_end=%.1f&v3_late_events=%.1f&v3_early_events=%.1f&v3_other_events=%.1f", pick(r, 0, 0.2, 1), pick(r, 0.5, 1), pick(r, 0, 0.3), pick(r, 0.1, 0.9)),
		"clock=archive",
	}
	if tied {
		switches = append(switches, "v3_milliseconds=1&shape=bursty")
	}
	capped := r.IntN(4) == 0
	if capped {
		switches = append(switches, fmt.Sprint("v3_cap=", pick(r, 100, 130, 250)))
	}
	if r.IntN(3) == 0 {
		switches = append(switches, fmt.Sprintf("v3_missing=%.2f&v3_missing_get=%s", pick(r, 0.02, 0.2), pick(r, "gives", "empty", "not_found", "missing_access")))
	}
	if r.IntN(5) == 0 {
		switches = append(switches, fmt.Sprint("v3_retention=", 2+r.IntN(days)))
	}
	if r.IntN(4) == 0 {
		switches = append(switches, "v3_users_missing=0.2&v3_offsets=0.3&v3_deleted=0.1&v3_bots=0.3&v3_bot_talk=0.3")
	}
	if r.IntN(8) == 0 {
		switches = append(switches, "odd=0.1&hostile=0.05")
	}
	switch r.IntN(7) {
	case 0:
		switches, p.moves = append(switches, fmt.Sprintf("drift_rate=%.2f", pick(r, 0.02, 0.1, 0.7))), true
	case 1:
		switches, p.moves = append(switches, fmt.Sprint("drift_vanish=", 5+r.IntN(30))), true
	case 2:
		switches, p.moves = append(switches, fmt.Sprintf("drift_end=%d&drift_vanish=%d", 3+r.IntN(30), 3+r.IntN(30))), true
	case 3:
		switches, p.moves, p.stale, p.endless = append(switches, fmt.Sprintf("drift_rate=0.1&drift_vanish=%d&stale=%d", 20+r.IntN(30), 1+r.IntN(8))), true, true, true
	case 4:
		p.live, p.moves = true, true
		switches = append(switches, "latency="+pick(r, "1s", "4s", "8s"))
	}
	p.loses = tied || capped
	lies := found != "exact"
	for range r.IntN(3) {
		switch r.IntN(9) {
		case 0:
			switches, lies = append(switches, fmt.Sprint("total_off=", pick(r, 1, 2, 30, -1))), true
		case 1:
			switches, lies = append(switches, fmt.Sprint("total_climbs=", pick(r, 1, -1))), true
		case 2:
			switches, lies = append(switches, "total_zero_once=0.3"), true
		case 3:
			switches = append(switches, "zero_once=0.3")
		case 4:
			switches, p.loses = append(switches, "empty_once=0.1"), true
		case 5:
			switches = append(switches, pick(r, "late_show=3h", "late_show=40m"))
		case 6:
			switches = append(switches, pick(r, "pending_404=once", "pending_404=always"))
		case 7:
			switches = append(switches, pick(r, "clock=absent", "clock=back", "clock=archive&clock_off=30s", "clock=archive&clock_off=-7m", "clock=archive&clock_off=3h", "clock=archive&clock_off=30h"))
		case 8:
			switches = append(switches, strings.TrimPrefix(ordinaryFaults, "&"), "v3_errors_200="+pick(r, "true", "false"))
			if r.IntN(2) == 0 {
				switches, lies = append(switches, "rate_wrong_total=0.03"), true
			}
		}
	}
	if r.IntN(8) == 0 {
		switches, p.late = append(switches, "late_changes=0.3", "late_by=5h"), true
	}
	twice := strings.Contains(strings.Join(switches, "&"), "zero_once") && strings.Contains(strings.Join(switches, "&"), "empty_once") // the same list may be empty two times
	p.twice, p.endless = twice, p.endless || lies || p.loses
	p.switches = lastOfEach(strings.Join(switches, "&"))
	p.clock = pick(r, 0, 0, 0, time.Second, -time.Second, 5*time.Minute, -5*time.Minute, 3*time.Hour, -3*time.Hour)
	p.start = syncNow.Add(-time.Duration(r.IntN(days*24*3600)) * time.Second)
	if r.IntN(3) == 0 {
		p.start = p.start.Truncate(day)
	}
	if r.IntN(4) == 0 {
		p.start = syncNow.AddDate(-2, 0, 0)
	}
	p.parts = pick(r, "", "", "", "handed", "apart", "moving")
	return p
}

// expired is how the service refuses a token that lasts no longer.
func expired(r *http.Request) *http.Response {
	resp := answer(r, []byte(`{"error":{"type":"authentication","message":"Authentication error"}}`))
	resp.StatusCode = http.StatusUnauthorized
	return resp
}

// listed tells whether the archive lists the chat for what was read.
func (h *history) listed(c sandbox.Chat, from, to time.Time) bool {
	if h.plan.api == catalog.V2 {
		return c.Listed(from, to.Add(-time.Second))
	}
	return !c.Started.Before(from) && c.Started.Add(time.Second).Before(to)
}

// tells says whether the chat has something for the stream.
func (h *history) tells(c sandbox.Chat, stream string) bool {
	t, told := h.server.Thread(c.Account.No)
	return stream == "chats" || told && slices.ContainsFunc(t.Events, func(e account.Event) bool { return stream == "events" || isMessage(e) })
}

// isMessage tells whether an event is one of the stream messages: said, and no file.
func isMessage(e account.Event) bool {
	return e.Kind == account.Said && e.Entry.Kind != account.File
}

// checkThreads compares the last record of each key with what the thread is now.
func (h *history) checkThreads() {
	wrongClock := strings.Contains(h.plan.switches, "clock_off") || !strings.Contains(h.plan.switches, "clock=archive")
	for c := range h.server.Truth() {
		late := h.plan.late && h.now.Sub(c.Ended) < 40*time.Hour
		if wrongClock && c.Ended.After(h.now) {
			continue // in the future by the clock of this machine, which alone is left
		}
		early, waits := h.patient["chats"][c.ID]
		if early || waits && c.Appears.After(h.now.Add(h.plan.clock)) {
			continue // it was open, and is asked for later, or has ended and does not show up yet
		}
		if c.Pending || c.Vanished || c.Odd || c.Hostile || late || !h.delivered["chats"][c.ID] {
			continue
		}
		t, told := h.server.Thread(c.Account.No)
		end, known := oracle.ThreadEnded(t, told)
		want := map[string]any{"id": c.ID, "started_timestamp": stampV3(time.UnixMicro(t.Created)), "parent_chat_id": t.ChatID}
		if known {
			want["ended_timestamp"] = stampV3(end)
		}
		keys := oracle.Emails(c.Account)
		for _, email := range keys {
			text := h.records["chats"][oracle.Key(c.ID, email)]
			if text == nil {
				continue // an agent without an e-mail is a bot
			}
			h.agree(c, text, want)
		}
		if !told {
			continue
		}
		if !h.delivered["events"][c.ID] {
			continue // whether it has to come is checked elsewhere
		}
		for _, e := range t.Events {
			if c.Ended.Add(3*time.Minute).After(h.now.Add(h.plan.clock)) || h.plan.late {
				break // it may come yet
			}
			key := fmt.Sprintf("%s_%d", c.ID, e.N)
			text := h.records["events"][key]
			if text == nil && h.blind() {
				continue
			}
			if text == nil {
				h.problemf("the event %s is missing: %s", key, described(c))
				return
			}
			h.agree(c, text, map[string]any{"chat_id": c.ID, "timestamp": stampV3(time.UnixMicro(e.At))})
		}
	}
}

// agree holds columns of a record against what they have to tell.
func (h *history) agree(c sandbox.Chat, text json.RawMessage, want map[string]any) {
	var got map[string]any
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	if err := d.Decode(&got); err != nil {
		h.problemf("%v", err)
	}
	if got["pending"] == true && h.mayStayOpen(c) {
		return
	}
	h.sum.fields += len(want)
	for name, value := range want {
		if got[name] != value {
			h.problemf("%s is %v, want %v: %s\n%s", name, got[name], value, described(c), text)
		}
	}
	if got["pending"] == true {
		h.problemf("%s is delivered as if it were open", c.ID)
	}
}

// mayStayOpen tells whether the last record of a thread that has ended may be an open
// one: what is lost shows nowhere, or the state has lost that it waited for the thread,
// and by all that is known it ended before start_date.
func (h *history) mayStayOpen(c sandbox.Chat) bool {
	t, told := h.server.Thread(c.Account.No)
	end, known := oracle.ThreadEnded(t, told)
	return h.blind() || h.forgot && known && t.Ending == "" && end.Before(h.plan.start)
}

func stampV3(at time.Time) string { return at.UTC().Format(time.RFC3339Nano) }
