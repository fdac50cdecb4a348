package sandbox

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// V3 are the switches of Agent Chat API v3.6: what nobody says about it, and how
// it can fail in ways of its own. The others hold for it as well.
type V3 struct {
	Dates        string
	From, To     string
	Active       string
	Found        string
	Cap          int
	Chain        string
	Skip         bool
	IDsUnknown   string
	Order        string
	EventOrder   string
	Missing      float64
	MissingGet   string
	Retention    int
	Visits       int
	UsersMissing float64
	Offsets      float64
	DeletedForm  string

	Errors200   bool
	Statuses    string
	Error       string
	ErrorFrom   int
	ErrorTimes  int
	TokenLasts  int
	NoScopes    string
	EmptyBucket string
	Legacy      string
	Deprecation string
}

func defaultV3() V3 {
	return V3{
		Dates: "created", From: "included", To: "included", Active: "listed", Found: "exact", Chain: "live", Skip: true,
		IDsUnknown: "left_out", Order: "asked", EventOrder: "time", MissingGet: "gives", DeletedForm: "stub", ErrorFrom: 1, EmptyBucket: "braces",
	}
}

// v3Switches are rows of the table of switches.
var v3Switches = []option{
	{"v3_milliseconds", "", whole(func(o *Options) *int { return &o.Threads.Milliseconds }, 1, 1000), "v3: in how many different milliseconds of a second threads begin; with 1 all of a second share one"},
	{"v3_bots", "", share(func(o *Options) *float64 { return &o.Threads.Bots }), "v3: share of threads with a bot beside the agents; half of those without agents have one anyway"},
	{"v3_bot_talk", "", share(func(o *Options) *float64 { return &o.Threads.BotTalk }), "v3: share of threads with a bot in which it says something, which v2 does not show"},
	{"v3_no_end", "", share(func(o *Options) *float64 { return &o.Threads.NoEnd }), "v3: share of ended threads without a system message that ends them"},
	{"v3_late_events", "", share(func(o *Options) *float64 { return &o.Threads.LateEvents }), "v3: share of ratings and surveys that come after the end"},
	{"v3_early_events", "", share(func(o *Options) *float64 { return &o.Threads.EarlyEvents }), "v3: share of threads with an event from before the thread"},
	{"v3_deleted", "", share(func(o *Options) *float64 { return &o.Threads.Deleted }), "v3: share of messages and files that were deleted"},
	{"v3_other_events", "", share(func(o *Options) *float64 { return &o.Threads.OtherEvents }), "v3: share of threads with events that v2 does not show: transfers, forms, custom ones, orders, annotations"},
	{"v3_deleted_form", "", oneOf(func(o *Options) *string { return &o.V3.DeletedForm }, "stub", "whole"), "v3: what is left of a deleted event"},
	{"v3_missing", "", share(func(o *Options) *float64 { return &o.V3.Missing }), "v3: share of ended threads that are listed without events, though nothing says why"},
	{"v3_missing_get", "", oneOf(func(o *Options) *string { return &o.V3.MissingGet }, "gives", "empty", "not_found", "missing_access"), "v3: what get_chat makes of those: gives the events, or the same again, or an error"},
	{"v3_retention", "", whole(func(o *Options) *int { return &o.V3.Retention }, 0, 36500), "v3: threads older than so many days have restricted_access and no events; 0 is no limit"},
	{"v3_visits", "", whole(func(o *Options) *int { return &o.V3.Visits }, 0, 36500), "v3: threads older than so many days have no customer_visit, only the customer's own visit; 0 is no limit"},
	{"v3_users_missing", "", share(func(o *Options) *float64 { return &o.V3.UsersMissing }), "v3: share of threads whose users lack somebody"},
	{"v3_offsets", "", share(func(o *Options) *float64 { return &o.V3.Offsets }), "v3: share of threads whose times are given with +01:00"},

	{"v3_dates", "", oneOf(func(o *Options) *string { return &o.V3.Dates }, "created", "ended"), "v3: the time that from and to look at; an active thread ends now"},
	{"v3_from", "", oneOf(func(o *Options) *string { return &o.V3.From }, "included", "excluded"), "v3: whether from itself is"},
	{"v3_to", "", oneOf(func(o *Options) *string { return &o.V3.To }, "included", "excluded"), "v3: whether to itself is"},
	{"v3_active", "", oneOf(func(o *Options) *string { return &o.V3.Active }, "listed", "hidden"), "v3: whether list_archives has active threads"},
	{"v3_found", "", oneOf(func(o *Options) *string { return &o.V3.Found }, "exact", "low", "high", "estimate", "absent"), "v3: found_chats of list_archives"},
	{"v3_cap", "", whole(func(o *Options) *int { return &o.V3.Cap }, 0, 1<<31-1), "v3: how many threads a chain of list_archives reaches; 0 is all"},
	{"v3_chain", "", oneOf(func(o *Options) *string { return &o.V3.Chain }, "live", "frozen"), "v3: whether a chain of pages has what comes and goes meanwhile"},
	{"v3_skip", "", yesNo(func(o *Options) *bool { return &o.V3.Skip }), "v3: of threads of one millisecond across the border of a page those after it are lost"},
	{"v3_ids_unknown", "", oneOf(func(o *Options) *string { return &o.V3.IDsUnknown }, "left_out", "not_found", "validation"), "v3: what comes of ids of which one is not there: the others, or an error"},
	{"v3_order", "", oneOf(func(o *Options) *string { return &o.V3.Order }, "asked", "newest"), "v3: the order of the threads; newest is newest first, whatever is asked for"},
	{"v3_event_order", "", oneOf(func(o *Options) *string { return &o.V3.EventOrder }, "time", "mixed"), "v3: the order of the events in a thread"},

	{"v3_errors_200", "", yesNo(func(o *Options) *bool { return &o.V3.Errors200 }), "v3: errors come with status 200"},
	{"v3_statuses", "", pairs(func(o *Options) *string { return &o.V3.Statuses }), "v3: the status of types of errors, as authentication:403,validation:422"},
	{"v3_error", "", text(func(o *Options) *string { return &o.V3.Error }), "v3: every request is answered with an error of this type"},
	{"v3_error_from", "", whole(func(o *Options) *int { return &o.V3.ErrorFrom }, 1, 1<<31-1), "v3: the first request that v3_error strikes"},
	{"v3_error_times", "", whole(func(o *Options) *int { return &o.V3.ErrorTimes }, 0, 1<<31-1), "v3: how many requests v3_error strikes; 0 is all"},
	{"v3_token_lasts", "", whole(func(o *Options) *int { return &o.V3.TokenLasts }, 0, 1<<31-1), "v3: after so many requests the token has expired; 0 is never"},
	{"no_scopes", "", text(func(o *Options) *string { return &o.V3.NoScopes }), "the scopes that the token lacks, with commas between; `all` is all but those of chats, in v2 archives_read"},
	{"tags_deleted", "", whole(func(o *Options) *int { return &o.TagsDeleted }, 0, 8), "how many of the tags that chats have are in the list no longer"},
	{"more_greetings", "", whole(func(o *Options) *int { return &o.MoreGreetings }, 0, 100_000), "greetings beside the three that chats come from"},
	{"reports_empty", "", oneOf(func(o *Options) *string { return &o.V3.EmptyBucket }, "braces", "absent", "zeros"), "a day without anything in a report: {}, not there, or zeros and nulls"},
	{"legacy", "", text(func(o *Options) *string { return &o.V3.Legacy }), "the header Legacy of every answer; empty is none"},
	{"deprecation", "", text(func(o *Options) *string { return &o.V3.Deprecation }), "the header Deprecation of every answer; empty is none"},
}

// pairs reads name:status,name:status.
func pairs(field func(*Options) *string) kind {
	return kind{"type:status, several with commas between",
		func(o *Options, v string) error {
			for name, status := range statusPairs(v) {
				if n, err := strconv.Atoi(status); name == "" || err != nil || n < 200 || n > 599 {
					return errValue
				}
			}
			*field(o) = v
			return nil
		},
		func(o *Options) string { return *field(o) }}
}

func statusPairs(text string) map[string]string {
	all := map[string]string{}
	for part := range strings.SplitSeq(text, ",") {
		if part != "" {
			name, status, _ := strings.Cut(part, ":")
			all[name] = status
		}
	}
	return all
}

// statuses are the usual ones of types of errors. The reference gives none.
var statuses = map[string]int{
	"validation": 400, "unsupported_version": 400, "authentication": 401, "authorization": 403, "missing_access": 403,
	"license_expired": 403, "license_not_found": 404, "wrong_product_version": 403, "not_found": 404, "group_not_found": 404,
	"limit_reached": 403, "misdirected_request": 421, "too_many_requests": 429, "internal": 500, "service_unavailable": 503,
	"request_timeout": 504, "method_not_allowed": 405,
}

// status is what an error of a type is answered with.
func (v *V3) status(kind string, usual int) int {
	if n, err := strconv.Atoi(statusPairs(v.Statuses)[kind]); err == nil {
		return n
	}
	if v.Errors200 {
		return 200
	}
	return usual
}

// lacks says whether the token is without a scope: all of the alternatives.
func (v *V3) lacks(alternatives ...string) bool {
	if v.NoScopes == "" || len(alternatives) == 0 {
		return false
	}
	missing := strings.Split(v.NoScopes, ",")
	for _, scope := range alternatives {
		all := slices.Contains(missing, "all") && !strings.HasPrefix(scope, "chats--") && scope != "archives_read"
		if !all && !slices.Contains(missing, scope) {
			return false
		}
	}
	return true
}

// scopeMessage says which scope a call wants.
func scopeMessage(alternatives []string) string {
	return fmt.Sprintf("missing scope: %s", strings.Join(alternatives, " or "))
}
