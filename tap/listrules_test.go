package tap

import (
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
)

// greetings are a list with pages by place, some of which goes away after the first
// page was answered.
type greetings struct {
	ids   []int
	gone  func(page int) []int // ids that go after so many pages; nil: none
	ends  int                  // the place where the list ends, whatever it states; 0: at its end
	once  bool                 // it ends there when it is read for the first time alone
	pages int
}

func (g *greetings) answer(body map[string]any) string {
	from := 0
	if cursor, ok := body["page_id"].(string); ok {
		_, _ = fmt.Sscan(cursor, &from)
	}
	g.pages++
	ids := g.ids
	if from == 0 && g.once && g.pages > 1 {
		g.ends = 0
	}
	if g.ends > 0 {
		ids = ids[:g.ends]
	}
	to := min(from+100, len(ids))
	var rows []string
	for _, id := range ids[min(from, to):to] {
		rows = append(rows, fmt.Sprintf(`{"id":%d}`, id))
	}
	next := ""
	if to < len(ids) {
		next = fmt.Sprintf(`,"next_page_id":"%d"`, to)
	}
	text := fmt.Sprintf(`{"greetings":[%s],"found_greetings":%d%s}`, strings.Join(rows, ","), len(g.ids), next)
	if g.gone != nil {
		for _, id := range g.gone(g.pages) {
			g.ids = slices.DeleteFunc(slices.Clone(g.ids), func(have int) bool { return have == id })
		}
	}
	return text
}

func numbers(n int) (all []int) {
	for i := range n {
		all = append(all, i)
	}
	return all
}

// left is a page of those who left the queue; total < 0: it states no number of pages.
func left(total int, ids ...string) string {
	var rows []string
	for _, id := range ids {
		rows = append(rows, fmt.Sprintf(`%q:{"queue":{"start_date":"2026-03-09T10:00:00Z"}}`, id))
	}
	summary := ""
	if total >= 0 {
		summary = fmt.Sprintf(`,"summary":{"total_pages":%d}`, total)
	}
	return `{"records":{` + strings.Join(rows, ",") + `}` + summary + `}`
}

func byPage(pages ...string) func(map[string]any) string {
	return func(body map[string]any) string {
		n := int(body["page"].(float64))
		if n > len(pages) {
			return pages[len(pages)-1]
		}
		return pages[n-1]
	}
}

// TestListsBelieveNothingOnce: whatever says once that there is nothing, or less than
// was stated, is not believed; a list that contradicts itself each time fails, and no
// row is deleted and no bookmark moved by it.
func TestListsBelieveNothingOnce(t *testing.T) {
	const (
		agents = configurationPath + "list_agents"
		tags   = configurationPath + "list_tags"
		greets = configurationPath + "list_greetings"
		visits = "/reports/chats/queued_visitors_left"
		total  = "/reports/chats/total_chats"
		ranks  = "/reports/chats/ranking"
		unique = "/reports/customers/unique_visitors"
		groups = configurationPath + "list_groups"
	)
	page2Once := 0
	forbidden := `{"error":{"type":"authorization","message":"missing scope"}}`
	for _, test := range []struct {
		name, stream string
		answers      map[string]any
		rows         int    // that come; distinct ones
		fails        string // what the error of the list says; empty: it is whole
		requests     int    // at most
		warns        string // what the log says; empty: not looked at
	}{
		{"empty once", "tags", map[string]any{tags: inTurn{`[]`, `[{"name":"a"},{"name":"b"}]`}}, 2, "", 2, ""},
		{"empty twice", "tags", map[string]any{tags: `[]`}, 0, "", 2, "the list was empty twice"},
		{"agents, empty once", "agents", map[string]any{agents: inTurn{`[]`, `[{"id":"a"}]`}}, 1, "", 2, ""},
		{"agents, empty twice", "agents", map[string]any{agents: `[]`}, 0, "every account has", 2, ""},
		{"groups, empty twice", "groups", map[string]any{groups: `[]`}, 0, "every account has", 2, ""},
		{"properties, empty once", "license_properties", map[string]any{configurationPath + "list_license_properties": inTurn{`{}`, `{"n":{"p":1}}`}}, 1, "", 2, ""},

		{"greetings", "greetings", map[string]any{greets: (&greetings{ids: numbers(250)}).answer}, 250, "", 3, ""},
		{"a list that ends early once", "greetings", map[string]any{greets: (&greetings{ids: numbers(250), ends: 200, once: true}).answer}, 250, "", 5, ""},
		{"a list that ends early", "greetings", map[string]any{greets: (&greetings{ids: numbers(250), ends: 200}).answer}, 200, "250 rows, and 200 came", 4, ""},
		{"one goes while pages are read", "greetings", map[string]any{greets: (&greetings{ids: numbers(250), gone: func(page int) []int {
			if page == 1 {
				return []int{7}
			}
			return nil
		}}).answer}, 250, "", 6, ""},
		{"one goes each time", "greetings", map[string]any{greets: (&greetings{ids: numbers(250), gone: func(page int) []int { return []int{page} }}).answer}, -1, "go away each time", 9, ""},
		{"empty pages that name a next one", "greetings", map[string]any{greets: func(body map[string]any) string {
			if n, ok := body["page_id"].(string); ok {
				return `{"greetings":[],"next_page_id":"x` + n + `"}`
			}
			return `{"greetings":[{"id":1}],"found_greetings":1,"next_page_id":"x"}`
		}}, 1, "", 3, ""},
		{"pages that bring the same", "greetings", map[string]any{greets: func(body map[string]any) string {
			n, _ := body["page_id"].(string)
			return `{"greetings":[{"id":1}],"next_page_id":"x` + n + `"}`
		}}, 1, "", 2, ""},

		{"no number of pages", "report_queued_visitors_left", map[string]any{visits: byPage(left(-1, "a"), left(-1, "b"), left(-1))}, 2, "", 4, ""},
		{"page 2 of 3 empty once", "report_queued_visitors_left", map[string]any{visits: func(body map[string]any) string {
			if body["page"] == 2.0 {
				if page2Once++; page2Once == 1 {
					return left(3)
				}
			}
			return byPage(left(3, "a"), left(3, "b"), left(3, "c"))(body)
		}}, 3, "", 4, ""},
		{"page 2 of 3 empty", "report_queued_visitors_left", map[string]any{visits: byPage(left(3, "a"), left(3), left(3, "c"))}, 1, "more pages than it has", 6, ""},
		{"a service that ignores the page", "report_queued_visitors_left", map[string]any{visits: left(3, "a")}, 1, "more pages than it has", 4, ""},
		{"pages that get fewer", "report_queued_visitors_left", map[string]any{visits: inTurn{left(2, "a"), left(1), left(1), left(1, "b"), left(1, "b")}}, 2, "", 4, ""},

		{"records {} once", "report_total_chats", map[string]any{total: inTurn{`{"total":3,"records":{}}`, `{"total":3,"records":{"2026-03-09":{"total":3}}}`}}, 3, "", 2, ""},
		{"records null once", "report_total_chats", map[string]any{total: inTurn{`{"total":3,"records":null}`, `{"total":3,"records":{"2026-03-09":{"total":3}}}`}}, 3, "", 2, ""},
		{"records {} beside a total", "report_total_chats", map[string]any{total: `{"total":3,"records":{}}`}, 0, "a total of 3", 2, ""},
		{"records {} beside nothing", "report_total_chats", map[string]any{total: `{"total":0,"records":{}}`}, 3, "", 2, ""},
		{"a day without records once", "report_ranking", map[string]any{ranks: inTurn{`{"records":{}}`, `{"records":{"a":{"total":1}}}`}}, 3, "", 4, ""},
		{"a day with {} once", "report_unique_visitors", map[string]any{unique: inTurn{`{"summary":{}}`, `{"summary":{"unique_visitors":1}}`}}, 3, "", 4, ""},

		{"all of the rows of a list are not found", "goals", map[string]any{"/goals": `[{"id":1},{"id":2}]`, "/goals/1": http.StatusNotFound, "/goals/2": http.StatusNotFound}, 0,
			"none of the 2 that /goals lists is found", 3, ""},
		{"one is not found", "goals", map[string]any{"/goals": `[{"id":1},{"id":2}]`, "/goals/1": http.StatusNotFound, "/goals/2": `{"id":2}`}, 1, "", 4, ""},
		{"one is not found once", "goals", map[string]any{"/goals": `[{"id":1},{"id":2}]`, "/goals/1": inTurn{http.StatusNotFound, `{"id":1}`}, "/goals/2": `{"id":2}`}, 2, "", 4, ""},
		{"canned responses: groups are empty", "canned_responses", map[string]any{groups: `[]`}, 0, "every account has", 2, ""},
		{"canned responses: groups are empty once", "canned_responses", map[string]any{groups: inTurn{`[]`, `[{"id":0}]`}, "/canned_responses?group=0": `[{"id":1}]`}, 1, "", 3, ""},

		{"an error in place of a row", "goals", map[string]any{"/goals": `[{"id":1}]`, "/goals/1": forbidden}, 0, "scope", 2, ""},
		{"an error in place of properties", "license_properties", map[string]any{configurationPath + "list_license_properties": forbidden}, 0, "scope", 1, ""},
		{"an error beside rows", "greetings", map[string]any{greets: `{"greetings":[{"id":1}],"found_greetings":1,"error":{"type":"authorization","message":"no"}}`}, 0, "scope", 1, ""},
		{"an error in place of a summary", "report_unique_visitors", map[string]any{unique: `{"summary":{"unique_visitors":1},"error":{"type":"authorization"}}`}, 0, "scope", 1, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := readLists(t, test.answers, "", func(o *Options) { o.Config.EmitActivateVersionMessages, o.Config.MaxRetries = true, 2 }, test.stream)
			var incomplete *IncompleteError
			if failed := errors.As(r.err, &incomplete); failed != (test.fails != "") || r.err != nil && !failed {
				t.Errorf("error %v", r.err)
			}
			if why := r.summary.NotRead[test.stream]; !strings.Contains(why, test.fails) {
				t.Errorf("it fails since %q", why)
			}
			distinct := make(map[string]bool)
			for _, record := range r.records[test.stream] {
				distinct[record] = true
			}
			if len(distinct) != test.rows && test.rows >= 0 || len(distinct) != len(r.records[test.stream]) {
				t.Errorf("%d rows, %d of them distinct, want %d", len(r.records[test.stream]), len(distinct), test.rows)
			}
			if len(r.requests) > test.requests {
				t.Errorf("%d requests: %q", len(r.requests), r.requests)
			}
			if !strings.Contains(r.log, test.warns) || test.warns != "" && !strings.Contains(r.log, "level=WARN") {
				t.Errorf("the log says %s", r.log)
			}
			activated := slices.ContainsFunc(r.lines, func(l string) bool { return strings.Contains(l, "ACTIVATE_VERSION") })
			marked := bookmarkText(t, r.state, test.stream) != ""
			if report := strings.HasPrefix(test.stream, "report_"); activated != (!report && r.err == nil) || marked != (report && r.err == nil) {
				t.Errorf("activated: %v, a bookmark: %v, error %v", activated, marked, r.err)
			}
		})
	}
}

// TestListFailures: a list that fails for a reason of its own ends itself and not the
// others; the run is not complete, and says why in the words of the cause. What is the
// same for all lists ends the run.
func TestListFailures(t *testing.T) {
	const bots, tags, channels, groups = configurationPath + "list_bots", configurationPath + "list_tags", configurationPath + "list_channels", configurationPath + "list_groups"
	validation := `{"error":{"type":"validation","message":"unknown field"}}`
	tests := []struct {
		name   string
		answer any    // to list_tags
		says   string // of the error about the stream; empty: the run ends
		hint   string
	}{
		{"400", http.StatusBadRequest, "tags (400 Bad Request: a fault of the tap)", "report it"},
		{"validation", validation, "tags (validation: a fault of the tap)", "report it"},
		{"403", http.StatusForbidden, "tags (scope tags--all:ro)", "scopes"},
		{"404", http.StatusNotFound, "tags (404 Not Found)", "leave these streams out"},
		{"405", http.StatusMethodNotAllowed, "tags (405 Method Not Allowed)", "leave these streams out"},
		{"401 without a word", http.StatusUnauthorized, "tags (401 Unauthorized, scope tags--all:ro)", "scopes"},
		{"500", http.StatusInternalServerError, "tags (500 Internal Server Error after 3 tries)", "leave these streams out"},
		{"429", http.StatusTooManyRequests, "tags (429 Too Many Requests after 3 tries)", "leave these streams out"},
		{"another answer", `{"tags":[]}`, "tags (the answer is not what was asked for: it is no list after 3 tries)", "leave these streams out"},
		{"a web page", `<html>`, "tags (the answer is a web page, not JSON after 3 tries)", "leave these streams out"},
		{"a row without its key", `[{"name":null}]`, "tags (tags.name: wanted text, got nothing)", "leave these streams out"},
		{"authentication", `{"error":{"type":"authentication","message":"no"}}`, "", ""},
		{"license_not_found", `{"error":{"type":"license_not_found","message":"no"}}`, "", ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			r := readLists(t, map[string]any{
				tags: test.answer, bots: `[{"id":"b"}]`, channels: `[{"channel_type":"code"}]`, "/reports/chats/total_chats": `{"records":{"2026-03-09":{"total":1}}}`,
			}, "", func(o *Options) { o.Config.MaxRetries = 2 }, "bots", "tags", "channels", "report_total_chats")
			var incomplete *IncompleteError
			if !errors.As(r.err, &incomplete) {
				if test.says != "" || r.err == nil || len(r.records["channels"]) > 0 {
					t.Errorf("error %v, records %v", r.err, r.records)
				}
				return
			}
			if got := strings.Join(incomplete.Streams, "; "); got != test.says || !strings.Contains(incomplete.Hint(), test.hint) {
				t.Errorf("not read: %s, and: %s; want %s", got, incomplete.Hint(), test.says)
			}
			if len(r.records["bots"]) != 1 || len(r.records["channels"]) != 1 || len(r.records["report_total_chats"]) != 3 || bookmarkText(t, r.state, "report_total_chats") == "" {
				t.Errorf("records of the others: %v", r.records)
			}
		})
	}
	// A service in trouble is in trouble for all: three lists in a row end the run.
	all := map[string]any{bots: 503, tags: 503, channels: 503, groups: 503}
	r := readLists(t, maps.Clone(all), "", func(o *Options) { o.Config.MaxRetries = 1 }, "groups", "bots", "tags", "channels")
	var incomplete *IncompleteError
	if errors.As(r.err, &incomplete) || r.err == nil || len(r.requests) != 6 {
		t.Errorf("%d requests, error %v", len(r.requests), r.err)
	}
	// A token that has expired is refused for all, typed or not.
	all = map[string]any{groups: `[{"id":0}]`, bots: 401, tags: 401, channels: 401}
	r = readLists(t, maps.Clone(all), "", nil, "groups", "bots", "tags", "channels")
	if errors.As(r.err, &incomplete) || r.err == nil || len(r.requests) != 3 {
		t.Errorf("%d requests, error %v", len(r.requests), r.err)
	}
	var hint interface{ Hint() string }
	if !errors.As(r.err, &hint) || !strings.Contains(hint.Hint(), "accepted before") {
		t.Errorf("no word of the token: %v", r.err)
	}
	// Three lists that fail, with others between that do not, end nothing.
	all = map[string]any{groups: 503, bots: `[{"id":"b"}]`, tags: 503, channels: `[{"channel_type":"code"}]`, "/reports/chats/total_chats": 503}
	r = readLists(t, maps.Clone(all), "", func(o *Options) { o.Config.MaxRetries = 0 }, "groups", "bots", "tags", "channels", "report_total_chats")
	if !errors.As(r.err, &incomplete) || len(r.records["channels"]) != 1 {
		t.Errorf("error %v", r.err)
	}
}
