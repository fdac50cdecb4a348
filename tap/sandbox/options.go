package sandbox

import (
	"fmt"
	"strings"
	"time"

	"tap-livechat/tap/sandbox/account"
)

// Options are the switches, one field each. Start from [Default] or [Parse]:
// the zero Options are not valid. [Help] says what each one means.
type Options struct {
	// The data, and the account's own zone.
	account.Options

	// The service.
	EntityID    string
	AccessToken string
	Cap         int
	Gzip        bool
	Cache       bool

	// What nobody says.
	Order        string
	Dates        string
	PendingDates string
	PendingDelay time.Duration
	CapTotal     string
	PastEnd      string

	// What moves while somebody reads.
	DriftEnd    int
	DriftRate   float64
	DriftVanish int

	// What the service says or does that it should not.
	LateShow      time.Duration
	TotalOff      int
	TotalClimbs   int
	TotalZeroOnce float64
	ZeroOnce      float64
	EmptyOnce     float64
	PagesOff      int
	IgnorePage    bool
	Stale         int
	Pending404    string
	PendingAsked  bool
	Clock         string
	ClockOff      time.Duration
	Echo          bool
	HugePage      int

	// What goes wrong.
	FaultSeed         int
	FaultBurst        int
	Rate500           float64
	Rate503           float64
	Rate429           float64
	Rate408           float64
	RateReset         float64
	RateCut           float64
	RateChopped       float64
	RateBroken        float64
	RateHTML          float64
	RateEmpty         float64
	RateNull          float64
	RateWrongTotal    float64
	RateNoTotal       float64
	Rate101           float64
	RateError200      float64
	RateStallHeader   float64
	RateStallBody     float64
	Stall             time.Duration
	ErrorType         string
	RetryAfter        string
	RetryAfterValue   time.Duration
	Latency           time.Duration
	MaxRate           int
	Misdirected       string
	MisdirectedStatus int
	Redirect          string
	Endless           bool
	Deep              int
	Status            int
	FailAfter         int

	V3 V3 // of API v3.6 alone
}

// Default returns a healthy archive of 1,000 chats over the last 30 days.
func Default() Options {
	return Options{
		Options: account.Options{
			Seed: 1, Chats: 1000, Days: 30, Shape: "busyhours",
			FullDayChats: 60000, FullHour: -1,
			Missed: 0.04, LongChats: 0.01, LongDays: 3, Pending: 2, Returning: 0.25,
			EventIDs: "all", Visitor: "object", LateBy: 6 * time.Hour,
			ContradictSeed: 1, AccountTimezone: "America/Los_Angeles",
			Threads: account.ThreadOptions{Milliseconds: 1000, Bots: 0.05, LateEvents: 0.5, OtherEvents: 0.1},
		},
		Cap:   25000,
		Order: "newest", Dates: "start", PendingDates: "start",
		CapTotal: "true", PastEnd: "empty",
		Pending404: "never", Clock: "machine", ErrorType: "any",
		FaultSeed: 1, FaultBurst: 3, Stall: 300 * time.Second,
		RetryAfter: "none", RetryAfterValue: time.Second,
		MisdirectedStatus: 421,
		V3:                defaultV3(),
	}
}

// switches is the one table of options: [Parse], [Help] and the validation in
// [New] all read it. The order is that of the manual.
var switches = append([]option{
	{"now", "", at(func(o *Options) *time.Time { return &o.Now }), "the moment that counts as now, RFC 3339; empty is the time of the start. A later one shows the same account, and more of it"},
	{"since", "", date(func(o *Options) *time.Time { return &o.Since }), "the first day (UTC): all chats from then on are there; empty: the last chats there are"},
	{"seed", "", whole(func(o *Options) *int { return &o.Seed }, 0, 1<<31-1), "another seed, another archive"},
	{"chats", "", whole(func(o *Options) *int { return &o.Chats }, 0, 5_000_000), "how many chats in so many days; without since, how many there are, open ones included"},
	{"days", "", whole(func(o *Options) *int { return &o.Days }, 1, 36500), "in how many days"},
	{"shape", "", oneOf(func(o *Options) *string { return &o.Shape }, "even", "busyhours", "bursty", "sparse", "spikes"), "how they fall: evenly; mostly in working hours; in bursts of an hour; on one day in ten; nearly all in one hour of one day in thirty"},
	{"quiet_days", "gap_days", whole(func(o *Options) *int { return &o.QuietDays }, 0, 36500), "nothing happened in the last n days before now"},
	{"full_day", "", whole(func(o *Options) *int { return &o.FullDay }, 0, 36500), "the day (UTC) this many days before now gets full_day_chats more; 0 is none"},
	{"full_day_chats", "", whole(func(o *Options) *int { return &o.FullDayChats }, 0, 5_000_000), "how many more chats the full day gets, spread over its 24 hours"},
	{"full_hour", "", whole(func(o *Options) *int { return &o.FullHour }, -1, 23), "all of them in this one hour (UTC) of the full day; -1 is none"},
	{"missed", "", share(func(o *Options) *float64 { return &o.Missed }), "share of missed_chat records"},
	{"long_chats", "", share(func(o *Options) *float64 { return &o.LongChats }), "share of chats that run for hours or days"},
	{"long_days", "", whole(func(o *Options) *int { return &o.LongDays }, 1, 365), "the longest chat, in days"},
	{"pending", "", whole(func(o *Options) *int { return &o.Pending }, 0, 100_000), "how many of the chats are surely open at any moment: each for three hours, or longer where few chats come"},
	{"returning", "", share(func(o *Options) *float64 { return &o.Returning }), "share of chats that go on with an earlier one of the same visitor"},
	{"event_ids", "", oneOf(func(o *Options) *string { return &o.EventIDs }, "all", "none", "some"), "whether messages and events carry event_id"},
	{"visitor", "", oneOf(func(o *Options) *string { return &o.Visitor }, "object", "flat", "both", "mixed"), "the visitor as an object, as visitor_id and visitor_name, or both; mixed varies from chat to chat"},
	{"odd", "", share(func(o *Options) *float64 { return &o.Odd }), "share of chats with something odd but possible: unknown fields, wrong types, nulls, unknown zones, missing or contradicting times"},
	{"hostile", "", share(func(o *Options) *float64 { return &o.Hostile }), "share of chats with U+0000, lone surrogates, U+2028, invalid UTF-8, duplicate keys or very long texts"},
	{"late_changes", "", share(func(o *Options) *float64 { return &o.LateChanges }), "share of chats that are tagged, rated and surveyed only some time after their end"},
	{"contradict", "", share(func(o *Options) *float64 { return &o.Contradict }), "share of chats that show a start or an end which contradicts where they are listed, or show none; the full day's too"},
	{"contradict_with", "", someOf(func(o *Options) *string { return &o.ContradictWith }, account.Contradictions()...), "which contradictions; empty is all of them"},
	{"contradict_seed", "", whole(func(o *Options) *int { return &o.ContradictSeed }, 0, 1<<31-1), "another seed, other chats that contradict"},
	{"huge_chat", "", whole(func(o *Options) *int { return &o.HugeChat }, 0, 5_000_000), "one chat, in the middle of the archive, has this many messages and events; 0 is none"},
	{"late_by", "", span(func(o *Options) *time.Duration { return &o.LateBy }), "how long after the end a late change comes"},

	{"entity_id", "", text(func(o *Options) *string { return &o.EntityID }), "the only Basic user accepted; empty accepts all"},
	{"access_token", "", text(func(o *Options) *string { return &o.AccessToken }), "the only password or bearer token accepted; empty accepts all but the token `wrong`"},
	{"account_timezone", "", zoneName(func(o *Options) *string { return &o.AccountTimezone }), "the zone of the dates when a request names none, and of a chat without timezone"},
	{"cap", "", whole(func(o *Options) *int { return &o.Cap }, pageSize, 1<<31-1), "how many of the newest matching chats a query reaches"},
	{"gzip", "", yesNo(func(o *Options) *bool { return &o.Gzip }), "compress answers for clients that accept it"},
	{"cache", "", yesNo(func(o *Options) *bool { return &o.Cache }), "keep every chat once written, about 6 KB each, so that a page costs no more than a copy"},

	{"order", "", oneOf(func(o *Options) *string { return &o.Order }, "newest", "oldest", "none", "changing"), "which chats come first; none is a fixed disorder of its own for each range of dates, changing is another one in each answer"},
	{"dates", "", oneOf(func(o *Options) *string { return &o.Dates }, "start", "end", "overlap"), "the time that date_from, date_to and the order look at; overlap matches every chat that ran in the range"},
	{"pending_dates", "", oneOf(func(o *Options) *string { return &o.PendingDates }, "start", "today", "always"), "with dates=end, where an open chat is found: on the day it began, today, or in every range"},
	{"pending_delay", "", span(func(o *Options) *time.Duration { return &o.PendingDelay }), "how long an open chat takes to show up"},
	{"cap_total", "", oneOf(func(o *Options) *string { return &o.CapTotal }, "true", "capped"), "total and pages as they are, or as far as the cap"},
	{"past_end", "", oneOf(func(o *Options) *string { return &o.PastEnd }, "empty", "400", "last"), "a page after the last one reachable is an empty list, a 400, or the last one again"},

	{"drift_end", "", whole(func(o *Options) *int { return &o.DriftEnd }, 0, 1<<31-1), "after every n lists served one more chat has just ended; 0 is never. Without now the clock moves on to that moment"},
	{"drift_rate", "", positive(func(o *Options) *float64 { return &o.DriftRate }), "as drift_end, by this many chats for each list served: 0.02, or 3; 0 is none"},
	{"drift_vanish", "", whole(func(o *Options) *int { return &o.DriftVanish }, 0, 1<<31-1), "after every n lists served one of the last 1,000 chats listed is gone for good; 0 is never"},

	{"late_show", "", span(func(o *Options) *time.Duration { return &o.LateShow }), "how late a chat shows up at most: after its start while it is open, after its end from then on; each has a delay of its own"},
	{"total_off", "", whole(func(o *Options) *int { return &o.TotalOff }, -1_000_000, 1_000_000), "total is always this much too high, or too low; pages are as it says"},
	{"total_climbs", "", whole(func(o *Options) *int { return &o.TotalClimbs }, -1000, 1000), "total is this much higher on each page than on the one before"},
	{"total_zero_once", "", share(func(o *Options) *float64 { return &o.TotalZeroOnce }), "share of ranges whose page 1 has total and pages 0 the first time, beside its chats"},
	{"zero_once", "", share(func(o *Options) *float64 { return &o.ZeroOnce }), "share of ranges whose page 1 is empty the first time, with total and pages 0"},
	{"empty_once", "", share(func(o *Options) *float64 { return &o.EmptyOnce }), "share of pages that are an empty list the first time, with total and pages as they are"},
	{"pages_off", "", whole(func(o *Options) *int { return &o.PagesOff }, -1_000_000, 1_000_000), "pages contradicts total by this much"},
	{"ignore_page", "", yesNo(func(o *Options) *bool { return &o.IgnorePage }), "every page is page 1"},
	{"stale", "", whole(func(o *Options) *int { return &o.Stale }, 0, 10_000), "a list is answered from a moment up to n lists ago, as by servers that do not agree: what drift_… did since is not in it; 0 is never"},
	{"pending_404", "", oneOf(func(o *Options) *string { return &o.Pending404 }, "never", "once", "always"), "whether an open chat that is asked for by its id is not found"},
	{"pending_asked", "", yesNo(func(o *Options) *bool { return &o.PendingAsked }), "an open chat is found by its id only with include_pending=1"},
	{"clock", "", oneOf(func(o *Options) *string { return &o.Clock }, "machine", "archive", "absent", "back"), "the Date of answers: of this machine, the archive's now, none, or ten minutes earlier in each answer"},
	{"clock_off", "", offset(func(o *Options) *time.Duration { return &o.ClockOff }), "how much the Date is ahead; behind if it is negative"},
	{"echo", "", yesNo(func(o *Options) *bool { return &o.Echo }), "answers that are no success repeat the credentials they were sent, in a header and in the body"},
	{"huge_page", "", whole(func(o *Options) *int { return &o.HugePage }, 0, 4096), "page 1 of every range is this many MB longer, in a field nobody knows"},

	{"fault_seed", "", whole(func(o *Options) *int { return &o.FaultSeed }, 0, 1<<31-1), "another seed, other requests that fail"},
	{"fault_burst", "", whole(func(o *Options) *int { return &o.FaultBurst }, 0, 1<<31-1), "how many times in a row the same request can be hit by a rate_…; 0 is no limit"},
	{"rate_500", "", share(func(o *Options) *float64 { return &o.Rate500 }), "share of requests answered 500"},
	{"rate_503", "", share(func(o *Options) *float64 { return &o.Rate503 }), "share answered 503, with retry_after"},
	{"rate_429", "", share(func(o *Options) *float64 { return &o.Rate429 }), "share answered 429, with retry_after"},
	{"rate_408", "", share(func(o *Options) *float64 { return &o.Rate408 }), "share answered 408"},
	{"rate_reset", "", share(func(o *Options) *float64 { return &o.RateReset }), "share whose connection is reset"},
	{"rate_cut", "", share(func(o *Options) *float64 { return &o.RateCut }), "share whose body ends before its Content-Length"},
	{"rate_chopped", "", share(func(o *Options) *float64 { return &o.RateChopped }), "share whose body ends early while everything about it looks complete"},
	{"rate_broken", "", share(func(o *Options) *float64 { return &o.RateBroken }), "share answered 200 with broken JSON"},
	{"rate_html", "", share(func(o *Options) *float64 { return &o.RateHTML }), "share answered 200 with an HTML login page"},
	{"rate_empty", "", share(func(o *Options) *float64 { return &o.RateEmpty }), "share answered 200 with nothing"},
	{"rate_null", "", share(func(o *Options) *float64 { return &o.RateNull }), "share answered 200 with {\"chats\": null}"},
	{"rate_wrong_total", "", share(func(o *Options) *float64 { return &o.RateWrongTotal }), "share of lists whose total is wrong: too high, too low, 0, negative, huge"},
	{"rate_no_total", "", share(func(o *Options) *float64 { return &o.RateNoTotal }), "share of lists without total and pages"},
	{"rate_101", "", share(func(o *Options) *float64 { return &o.Rate101 }), "share answered 101 Switching Protocols, and then nothing"},
	{"rate_error_200", "", share(func(o *Options) *float64 { return &o.RateError200 }), "share answered 200 with an error object, of error_type"},
	{"error_type", "", oneOf(func(o *Options) *string { return &o.ErrorType }, append([]string{"any"}, errorTypes...)...), "the type of those error objects"},
	{"rate_stall_header", "", share(func(o *Options) *float64 { return &o.RateStallHeader }), "share that stall before the header"},
	{"rate_stall_body", "", share(func(o *Options) *float64 { return &o.RateStallBody }), "share that stall in the middle of the body"},
	{"stall", "", span(func(o *Options) *time.Duration { return &o.Stall }), "how long a stall lasts unless the client leaves sooner; then the connection is cut"},
	{"retry_after", "", oneOf(func(o *Options) *string { return &o.RetryAfter }, "none", "seconds", "date"), "the form of Retry-After on 429 and 503"},
	{"retry_after_value", "", span(func(o *Options) *time.Duration { return &o.RetryAfterValue }), "how long Retry-After asks for"},
	{"latency", "", span(func(o *Options) *time.Duration { return &o.Latency }), "how long every answer takes"},
	{"max_rate", "", whole(func(o *Options) *int { return &o.MaxRate }, 0, 1<<31-1), "requests in flight at once before the next is answered 429; 0 is no limit"},
	{"misdirected", "", text(func(o *Options) *string { return &o.Misdirected }), "the region, eu-west3 for instance, that a request must name in X-Region"},
	{"misdirected_status", "", whole(func(o *Options) *int { return &o.MisdirectedStatus }, 400, 599), "the status of a misdirected request"},
	{"redirect", "", text(func(o *Options) *string { return &o.Redirect }), "every request is sent to this URL with a 302"},
	{"endless", "", yesNo(func(o *Options) *bool { return &o.Endless }), "every list goes on until the client goes away"},
	{"deep", "", whole(func(o *Options) *int { return &o.Deep }, 0, 100_000_000), "the first chat of page 1 holds an array in an array, this many deep"},
	{"status", "", whole(func(o *Options) *int { return &o.Status }, 0, 599), "every list is answered with this status; 0 is none"},
	{"fail_after", "", whole(func(o *Options) *int { return &o.FailAfter }, 0, 1<<31-1), "from the nth list on everything is answered 503; 0 is never"},
}, v3Switches...)

// Help returns all switches with their defaults as a Markdown table.
func Help() string {
	def := Default()
	var b strings.Builder
	b.WriteString("| switch | default | values | meaning |\n|---|---|---|---|\n")
	for _, s := range switches {
		name := "`" + s.name + "`"
		if s.alias != "" {
			name += ", `" + s.alias + "`"
		}
		value := s.kind.show(&def)
		if value != "" {
			value = "`" + value + "`"
		}
		fmt.Fprintf(&b, "| %s | %s | %s | %s |\n", name, value, s.kind.want, strings.ReplaceAll(s.meaning, "|", `\|`))
	}
	return b.String()
}
