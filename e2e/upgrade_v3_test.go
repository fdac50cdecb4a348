//go:build unix

package e2e

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"testing"
	"time"

	"tap-livechat/tap/sandbox"
)

// theirStart is what the tap says that start_date has to be.
var theirStart = regexp.MustCompile(`set start_date to (\S+) `)

// TestOverToV3 fills tables from API v2, goes on with v3.6 as docs/upgrading.md
// says, and back.
func TestOverToV3(t *testing.T) {
	now := time.Now().UTC().Truncate(time.Second)
	server, config := archive(t, "chats=300&days=20&now="+now.AddDate(0, 0, -4).Format(time.RFC3339))
	pg := postgres(t, "over")
	settings := writeJSON(t, map[string]any{"host": "127.0.0.1", "port": pg.Port, "user": "tap", "password": "none", "database": "over", "default_target_schema": "livechat"})
	target := filepath.Join(venv(t, "postgres"), "target-postgres")
	query := func(sql string) int { return number(t, pg.query(t, "over", sql)) }
	state := filepath.Join(t.TempDir(), "state.json")
	for i, api := range []string{"2", "3", "2"} {
		args := []string{"--config", config, "--config", writeJSON(t, map[string]any{"api_version": api})}
		if i > 0 {
			server.SetNow(now.AddDate(0, 0, 2*i-4))
			log, err := exec.Command(tapBinary, append(args, "--state", state)...).CombinedOutput()
			start := theirStart.FindSubmatch(log)
			if err == nil || start == nil {
				t.Fatalf("the bookmark of the other API is not refused with a date: %v\n%s", err, tail(log))
			}
			args = append(args, "--config", writeJSON(t, map[string]any{"start_date": string(start[1])}))
		}
		goals := 0
		if i > 0 {
			goals = query("select count(*) from livechat.chats where goals is not null")
		}
		check(t, os.WriteFile(state, []byte(lastLine(pipe(t, exec.Command(target, "--config", settings), args...))), 0o600))
		ended, messages, events := 0, 0, 0
		for chat := range server.Truth() {
			if !chat.Pending {
				ended++
				messages += chat.Messages
				events += chat.Events
			}
		}
		if got := query("select count(distinct id) from livechat.chats"); got != ended {
			t.Errorf("after run %d there are %d chats, want %d", i+1, got, ended)
		}
		if got := query("select count(*) from livechat.messages"); got != messages {
			t.Errorf("after run %d there are %d messages, want %d", i+1, got, messages)
		}
		if got := query("select count(*) from livechat.events"); i == 0 && got != events || got < events {
			t.Errorf("after run %d there are %d events, want %d or, with v3.6, more", i+1, got, events)
		}
		if i == 1 {
			if got := query("select count(*) from livechat.chats where goals is not null"); got != goals || goals == 0 {
				t.Errorf("%d chats have goals, before it were %d", got, goals)
			}
			if query("select count(*) from livechat.chats where parent_chat_id is not null") == 0 {
				t.Error("the columns of v3.6 are not filled")
			}
		}
	}
}

// TestLeftOfV2 reads all of a warehouse of API v2 again from v3.6, into the same
// tables, and counts what of v2 is left in them: agents without an e-mail address,
// who are bots now, and entries whose id was made because v2 gave none. A state of
// the one API is refused by the other, there and back.
func TestLeftOfV2(t *testing.T) {
	target := filepath.Join(venv(t, "postgres"), "target-postgres")
	// In v2 an agent without an e-mail address has a record beside another's.
	beside := func(chat sandbox.Chat) bool {
		agents := slices.Compact(slices.Sorted(slices.Values(chat.Agents)))
		return len(agents) > 1 && agents[0] == "" && !chat.Pending
	}
	server, config := archive(t, "chats=200&days=10&event_ids=some")
	for seed := 2; !slices.ContainsFunc(slices.Collect(server.Truth()), beside); seed++ {
		server, config = archive(t, fmt.Sprintf("chats=200&days=10&event_ids=some&seed=%d", seed))
	}
	pg := postgres(t, "upgrade_api")
	settings := writeJSON(t, map[string]any{"host": "127.0.0.1", "port": pg.Port, "user": "tap", "password": "none", "database": "upgrade_api", "default_target_schema": "livechat"})
	query := func(sql string) []string { return pg.query(t, "upgrade_api", sql) }
	load := func(args ...string) (state string) {
		t.Helper()
		state = filepath.Join(t.TempDir(), "state.json")
		check(t, os.WriteFile(state, []byte(lastLine(pipe(t, exec.Command(target, "--config", settings), append([]string{"--config", config}, args...)...))), 0o644))
		return state
	}
	counts := func() map[string]int {
		t.Helper()
		n := make(map[string]int)
		for _, stream := range streams {
			n[stream] = number(t, query("select count(*) from livechat."+stream))
		}
		return n
	}
	v3 := writeJSON(t, map[string]any{"api_version": "3"})
	refuse := func(state string, args ...string) {
		t.Helper()
		cmd := exec.Command(tapBinary, append([]string{"--config", config, "--state", state}, args...)...)
		log, _ := cmd.CombinedOutput()
		if code := cmd.ProcessState.ExitCode(); code != 1 || !theirStart.Match(log) {
			t.Fatalf("a state of the other API: exit code %d\n%s", code, tail(log))
		}
	}

	old := load()
	same(t, rows(server), counts())
	goals := query("select count(*) from livechat.chats where jsonb_array_length(to_jsonb(goals)) > 0")

	refuse(old, "--config", v3)
	refuse(load("--config", v3))
	all := rowsV3(t, server)
	left := map[string]int{
		"chats":    number(t, query("select count(*) from livechat.chats where parent_chat_id is null")),
		"messages": number(t, query("select count(*) from livechat.messages where api_type is null")),
		"events":   number(t, query("select count(*) from livechat.events where api_type is null")),
	}
	for stream, n := range counts() {
		if n != all[stream]+left[stream] {
			t.Errorf("%s: %d rows, of which %d are left of v2; v3.6 has %d", stream, n, left[stream], all[stream])
		}
	}
	same(t, goals, query("select count(*) from livechat.chats where jsonb_array_length(to_jsonb(goals)) > 0"))

	if left["chats"] == 0 || left["messages"] == 0 || left["events"] == 0 {
		t.Errorf("nothing is left of v2: %v", left)
	}
	same(t, left["chats"], number(t, query(`select count(*) from livechat.chats c where parent_chat_id is null and agent_email = 'unassigned'
		and exists (select from livechat.chats o where o.id = c.id and o.agent_email <> 'unassigned')`)))
	for _, stream := range []string{"messages", "events"} {
		same(t, left[stream], number(t, query(fmt.Sprintf("select count(*) from livechat.%[1]s where event_id like chat_id || '/%[1]s/%%'", stream))))
	}
	// The way to be rid of it: v3.6 fills these columns in each row.
	query("delete from livechat.chats where parent_chat_id is null")
	query("delete from livechat.messages where api_type is null")
	query("delete from livechat.events where api_type is null")
	same(t, all, counts())
}
