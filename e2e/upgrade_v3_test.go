//go:build unix

package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"testing"
	"time"
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
