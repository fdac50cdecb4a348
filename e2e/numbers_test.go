//go:build unix

package e2e

import (
	"encoding/json"
	"fmt"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// figures is a report, and the same computed from the tables of chats, messages
// and agents.
type figures struct {
	report  string
	keys    string // columns beside date, as SQL; empty for none
	columns string
	where   string // the rows of the report that are not all zeros
	sql     string // date, keys and columns
}

// facts is what the figures are computed from: chats once each, by the day of the
// report, who took part in them, and the answers of people.
const facts = `with
chats as (
	select *, DAY(started_timestamp) as date, rate = 'rated_good' as good, rate = 'rated_bad' as bad, QUEUED as queued
	from livechat.chats where type = 'chat' and agent_index = 0
),
took_part as (select id, agent_email as agent_id from livechat.chats where type = 'chat' and agent_email like '%@%'),
tagged as (select date, EACH(tags) as tag from chats),
grouped as (select date, EACH(group) as group_id from chats),
messages as (select * from livechat.messages where api_type in ('message', 'rich_message') and visibility = 'all'),
answers as (
	select chat_id, author_id as agent_id, SECOND(timestamp) as at, timestamp, sequence
	from messages where author_type in ('agent') and not coalesce(is_welcome_message, false)
),
first as (
	select date, chats.id, min(at) - SECOND(min(started_timestamp)) as wait, min(duration) as duration
	from chats inner join answers on answers.chat_id = chats.id group by date, chats.id
),
first_of as (
	select date, chats.id, agent_id, min(at) - SECOND(min(started_timestamp)) as wait, min(duration) as duration
	from chats inner join answers on answers.chat_id = chats.id group by date, chats.id, agent_id
),
turns as (
	select chat_id, timestamp, sequence, SECOND(timestamp) as at, author_type, lag(author_type) over (partition by chat_id order by sequence) as before
	from messages where author_type in ('visitor', 'agent') and not coalesce(is_welcome_message, false)
),
waits as (
	select chat_id, author_type, at - lag(at) over (partition by chat_id order by sequence) as wait
	from turns where author_type <> coalesce(before, 'agent')
)
`

// reported are the figures that are the same.
var reported = []figures{
	{"report_total_chats", "", "total, continuous", "total > 0",
		"select date, count(*) as total, count(case when is_continuous then 1 end) as continuous from chats group by date"},
	{"report_duration", "", "count, duration, agents_chatting_duration", "count > 0", `
		select chats.date, count(*) as count, avg(chats.duration) as duration, avg(chats.duration - first.wait) as agents_chatting_duration
		from chats left join first on first.id = chats.id where ended_timestamp is not null group by chats.date`},
	{"report_first_response_time", "", "count, first_response_time", "count > 0",
		"select date, count(*) as count, avg(wait) as first_response_time from first group by date"},
	{"report_response_time", "", "count, response_time", "count > 0", `
		select date, count(*) as count, avg(wait) as response_time
		from waits inner join chats on chats.id = waits.chat_id where author_type = 'agent' group by date`},
	{"report_ratings", "", "chats, good, bad", "chats > 0",
		"select date, count(*) as chats, count(case when good then 1 end) as good, count(case when bad then 1 end) as bad from chats where good or bad group by date"},
	{"report_ranking", "agent_id", "total, good, bad, score", "true", `
		select date, agent_id, count(*) as total, count(case when good then 1 end) as good, count(case when bad then 1 end) as bad, avg(case when good then 1 else 0 end) as score
		from chats inner join took_part on took_part.id = chats.id where good or bad group by date, agent_id`},
	{"report_engagement", "", "started_by_customer_from_greeting, started_by_customer_without_greeting, started_by_agent",
		"started_by_customer_from_greeting + started_by_customer_without_greeting + started_by_agent > 0", `
		select date, count(case when engagement = 'auto_invite' then 1 end) as started_by_customer_from_greeting,
			count(case when engagement = 'immediate_start' then 1 end) as started_by_customer_without_greeting, count(case when engagement = 'manual_invite' then 1 end) as started_by_agent
		from chats group by date`},
	{"report_tags", "tag", "chats", "true", "select date, tag, count(*) as chats from tagged group by date, tag"},
	{"report_groups", "group_id", "chats", "true", "select date, group_id, count(*) as chats from grouped group by date, group_id"},
	{"report_greetings_conversion", "greeting_id", "accepted", "accepted > 0",
		"select date, greeting_id, count(*) as accepted from chats where greeting_id is not null group by date, greeting_id"},
	{"report_queued_visitors", "", "entered_chat_count, entered_chat_min, entered_chat_max, entered_chat_avg", "entered_chat_count > 0", `
		select date, count(queued) as entered_chat_count, min(queued) as entered_chat_min, max(queued) as entered_chat_max, avg(queued) as entered_chat_avg
		from chats where queued is not null group by date`},
	{"report_queued_visitors", "", "left_queue_count, left_queue_min, left_queue_max, left_queue_avg", "left_queue_count > 0", `
		select date, count(*) as left_queue_count, min(queue_duration) as left_queue_min, max(queue_duration) as left_queue_max, avg(queue_duration) as left_queue_avg
		from livechat.report_queued_visitors_left group by date`},
	{"report_queued_visitors", "", "queued_count, queued_min, queued_max, queued_avg", "queued_count > 0", `
		select date, count(*) as queued_count, min(wait) as queued_min, max(wait) as queued_max, avg(wait) as queued_avg
		from (select date, queue_duration as wait from livechat.report_queued_visitors_left union all select date, queued from chats where queued is not null) as queue group by date`},
	{"report_agents_performance", "agent_id", "chats_count, chats_rated_good, chats_rated_bad, first_response_chats_count, chatting_time", "chats_count > 0", `
		select chats.date, took_part.agent_id, count(*) as chats_count, count(case when good then 1 end) as chats_rated_good, count(case when bad then 1 end) as chats_rated_bad,
			count(first_of.wait) as first_response_chats_count, coalesce(sum(first_of.duration - first_of.wait), 0) as chatting_time
		from chats inner join took_part on took_part.id = chats.id left join first_of on first_of.id = chats.id and first_of.agent_id = took_part.agent_id
		group by chats.date, took_part.agent_id`},
	{"report_agents_performance", "agent_id", "first_response_time", "first_response_chats_count > 0", `
		select first_of.date, took_part.agent_id, avg(wait) as first_response_time
		from first_of inner join took_part on took_part.id = first_of.id and took_part.agent_id = first_of.agent_id group by first_of.date, took_part.agent_id`},
	{"report_unique_visitors", "", "unique_visitors", "unique_visitors > 0",
		"select date, count(distinct customer_id) as unique_visitors from chats group by date"},
}

// unreported are the columns that no chat says anything about.
var unreported = map[string]string{
	"report_agents_availability.hours":                   "the agents' clocks: when they accept chats, whether any come or not",
	"report_agents_performance.logged_in_time":           "the agents' clocks",
	"report_agents_performance.accepting_chats_time":     "the agents' clocks",
	"report_agents_performance.not_accepting_chats_time": "the agents' clocks",
	"report_greetings_conversion.displayed":              "a greeting that nobody answers begins no chat",
	"report_greetings_conversion.canceled":               "a greeting that nobody answers begins no chat",
	"report_greetings_conversion.goals":                  "API v3.6 shows no goals of a chat",
	"report_unique_visitors.page_views":                  "pages that visitors look at are in no chat",
}

// different are figures that somebody may well compute, and that are not the
// report's, each for a reason that is right: one thing in facts is another.
var different = []struct{ why, report, instead, of string }{
	{"a welcome message is sent by itself, and answers nothing", "report_first_response_time", "in ('agent')", "in ('agent') and not coalesce(is_welcome_message, false)"},
	{"a bot is no agent: what it says answers nobody", "report_first_response_time", "in ('agent', 'bot')", "in ('agent')"},
	{"a chat with two agents has two records, of which one has agent_index 0", "report_total_chats", "", " and agent_index = 0"},
	{"what is left while nobody is there is a missed_chat, and no chat to a report", "report_total_chats", "true and agent_index = 0", "type = 'chat' and agent_index = 0"},
	{"a chat that is still open counts, and is in the tables with include_pending alone", "report_total_chats", "ended_timestamp is not null and agent_index", "agent_index"},
	{"a chat that is still open has lasted nobody knows how long", "report_duration", "where true group", "where ended_timestamp is not null group"},
	{"a day is one of report_timezone, and times in the tables are in UTC", "report_total_chats", "cast(cast(started_timestamp as date) as varchar(10))", "DAY(started_timestamp)"},
	{"seconds are cut before they are subtracted, as in v2", "report_first_response_time", "extract(epoch from timestamp) as at, timestamp", "SECOND(timestamp) as at, timestamp"},
	{"an agent who has left is in the chats of that time, and in agents no longer", "report_agents_performance", "agent_email in (select id from livechat.agents)", "agent_email like '%@%'"},
	{"a tag that was deleted is on the chats of that time, and in tags no longer", "report_tags", "from tagged where tag in (select name from livechat.tags)", "from tagged"},
}

const reportZone = "America/Los_Angeles"

// flatten makes rows of text of figures, each with its report and its keys.
func (f figures) flatten(from string) string {
	text := fmt.Sprintf("'%s|' || date", f.report)
	if f.keys != "" {
		text += " || '|' || cast(" + f.keys + " as text)"
	}
	for column := range strings.SplitSeq(f.columns, ", ") {
		text += fmt.Sprintf(" || '|%s=' || coalesce(cast(cast(%s as decimal(20,9)) as text), 'null')", column, column)
	}
	return "select " + text + " from (" + from + ") as f"
}

// TestNumbers holds the numbers of a warehouse to LiveChat's reports: what is
// computed from the tables of chats, messages and agents is what the tables of
// reports say, row for row.
func TestNumbers(t *testing.T) {
	_, config := archive(t, "chats=240&days=12&returning=0.4&long_chats=0.05&pending=4&v3_bots=0.3&v3_bot_talk=0.5&tags_deleted=2")
	settings := writeJSON(t, map[string]any{"api_version": "3", "reference_data": true, "reports": true, "include_pending": true,
		"report_timezone": reportZone, "start_date": time.Now().UTC().AddDate(0, 0, -14).Format(time.DateOnly)})
	args := []string{"--config", config, "--config", settings}
	args = append(args, "--catalog", catalogOf(t, func(stream string) bool {
		return slices.Contains([]string{"chats", "messages", "agents", "tags"}, stream) || strings.HasPrefix(stream, "report_")
	}, args...))
	t.Run("PostgreSQL", func(t *testing.T) {
		bin := venv(t, "postgres")
		pg := postgres(t, "numbers")
		target := writeJSON(t, map[string]any{"host": "127.0.0.1", "port": pg.Port, "user": "tap", "password": "none", "database": "numbers", "default_target_schema": "livechat"})
		pipe(t, exec.Command(filepath.Join(bin, "target-postgres"), "--config", target), args...)
		wantNumbers(t, func(sql string) []string { return pg.query(t, "numbers", sql) },
			strings.NewReplacer("EACH(tags)", "unnest(tags)", "EACH(group)", `unnest("group")`, "QUEUED", "cast(queue ->> 'duration' as bigint)"))
	})
	t.Run("DuckDB", func(t *testing.T) {
		bin := venv(t, "duckdb")
		file := filepath.Join(t.TempDir(), "warehouse.duckdb")
		target := writeJSON(t, map[string]any{"path": file, "default_target_schema": "livechat"})
		pipe(t, exec.Command(filepath.Join(bin, "target-duckdb"), "--config", target), args...)
		wantNumbers(t, duck(t, file), strings.NewReplacer("EACH(tags)", "unnest(json_extract_string(tags, '$[*]'))",
			"EACH(group)", `unnest(json_extract_string("group", '$[*]'))`, "QUEUED", "cast(json_extract_string(queue, '$.duration') as bigint)"))
	})
}

// wantNumbers compares figures and reports in a database of either dialect.
func wantNumbers(t *testing.T, query func(sql string) []string, dialect *strings.Replacer) {
	t.Helper()
	ask := func(sql string) []string {
		for _, name := range []string{"started_timestamp", "timestamp", "min(started_timestamp)"} {
			sql = strings.ReplaceAll(sql, "DAY("+name+")", "cast(cast(timezone('"+reportZone+"', timezone('UTC', "+name+")) as date) as varchar(10))")
			sql = strings.ReplaceAll(sql, "SECOND("+name+")", "cast(floor(extract(epoch from "+name+")) as bigint)")
		}
		rows := query(dialect.Replace(sql))
		slices.Sort(rows)
		return rows
	}
	var computed, given []string
	byReport := make(map[string][]string)
	for _, f := range reported {
		computed = append(computed, f.flatten(f.sql))
		given = append(given, f.flatten("select * from livechat."+f.report+" where "+f.where))
	}
	want := ask(strings.Join(given, " union all "))
	for _, row := range want {
		name, _, _ := strings.Cut(row, "|")
		byReport[name] = append(byReport[name], row)
	}
	for _, f := range reported {
		if len(byReport[f.report]) == 0 {
			t.Errorf("%s has no row to compare", f.report)
		}
	}
	same(t, want, ask(facts+strings.Join(computed, " union all ")))

	for _, d := range different {
		f := reported[slices.IndexFunc(reported, func(f figures) bool { return f.report == d.report })]
		column, _, _ := strings.Cut(f.columns, ",")
		given := slices.DeleteFunc(slices.Clone(byReport[d.report]), func(row string) bool { return !strings.Contains(row, "|"+column+"=") })
		all := facts + f.flatten(f.sql)
		if strings.Count(all, d.of) != 1 {
			t.Fatalf("%s: %q is not once in the facts", d.why, d.of)
		}
		if slices.Equal(given, ask(strings.Replace(all, d.of, d.instead, 1))) {
			t.Errorf("it makes no difference to %s that %s", d.report, d.why)
		}
	}
}

// TestNumbersAll wants each column of a report to be compared or to be named with
// the reason why it cannot be.
func TestNumbersAll(t *testing.T) {
	named := make(map[string]bool)
	for _, f := range reported {
		for column := range strings.SplitSeq(f.keys+", "+f.columns, ", ") {
			named[f.report+"."+column] = true
		}
	}
	for column := range unreported {
		named[column] = true
	}
	var found struct {
		Streams []struct {
			Stream string
			Schema struct{ Properties map[string]any }
		}
	}
	check(t, json.Unmarshal([]byte(run(t, exec.Command(tapBinary, "--discover"))), &found))
	n := 0
	for _, s := range found.Streams {
		if !strings.HasPrefix(s.Stream, "report_") || s.Stream == "report_queued_visitors_left" { // of which report_queued_visitors is made
			continue
		}
		n++
		for column := range s.Schema.Properties {
			if column != "date" && column != "timezone" && !named[s.Stream+"."+column] {
				t.Errorf("%s.%s is compared with nothing", s.Stream, column)
			}
		}
	}
	if n < 14 {
		t.Errorf("only %d reports", n)
	}
}
