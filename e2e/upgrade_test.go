//go:build unix

package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
)

// TestUpgrade loads into tables as Pathlight/tap-livechat and the SDK's
// target-postgres have left them, from the state that the old tap has left.
// docs/upgrading.md says what happens; this is how that is known.
func TestUpgrade(t *testing.T) {
	target := filepath.Join(venv(t, "postgres"), "target-postgres")
	server, config := archive(t, "chats=100&days=10")
	state := filepath.Join(t.TempDir(), "state.json")
	check(t, os.WriteFile(state, []byte(`{"bookmarks": {"chats": {"ended_timestamp": "2024-01-31T10:00:00.000000Z"}}}`), 0o644))
	for _, test := range []struct {
		name, sql string
		rule      bool // Meltano's rule for the schema, as it lands in the catalog
		fails     string
		tags      string // the type of the column afterwards
	}{
		{name: "as they are", fails: `column "tags" is of type jsonb but expression is of type text[]`, tags: "jsonb"},
		{name: "without the column", sql: "alter table livechat.chats drop column tags", tags: "ARRAY"},
		{name: "with the rule", rule: true, tags: "jsonb"},
	} {
		t.Run(test.name, func(t *testing.T) {
			database := "upgrade_" + strings.ReplaceAll(test.name, " ", "_")
			pg := postgres(t, database)
			pg.query(t, database, `create schema livechat;
				create table livechat.chats (id text, agent_email text, type text, visitor_id text, agents jsonb[], rate text, duration bigint, referrer text,
					engagement text, started_timestamp timestamp, ended_timestamp timestamp, started text, ended text, pending boolean, tags jsonb,
					timezone text, email text, time timestamp, message text, primary key (id, agent_email));
				create table livechat.messages (event_id text primary key, author_name text, text text, message_json text, date text, timestamp timestamp,
					agent_id text, user_type text, type text);
				create table livechat.events (like livechat.messages including all);
				insert into livechat.chats (id, agent_email, started) values ('OLD', 'a@example.org', 'Wed, 01/23/13 02:10:43 am');`)
			if test.sql != "" {
				pg.query(t, database, test.sql)
			}
			args := []string{"--config", config, "--state", state}
			if test.rule {
				args = append(args, "--catalog", catalogWith(t, "chats", "tags", `{"type": ["null", "array"]}`))
			}
			settings := writeJSON(t, map[string]any{"host": "127.0.0.1", "port": pg.Port, "user": "tap", "password": "none", "database": database, "default_target_schema": "livechat"})
			log, err := load(args, exec.Command(target, "--config", settings))
			if test.fails != "" {
				if err == nil || !bytes.Contains(log, []byte(test.fails)) {
					t.Errorf("wanted %q: %v\n%s", test.fails, err, tail(log))
				}
			} else if err != nil {
				t.Fatalf("%v\n%s", err, tail(log))
			} else {
				want, got := rows(server), make(map[string]int)
				want["chats"]++ // the old row
				for _, stream := range streams {
					got[stream] = number(t, pg.query(t, database, "select count(*) from livechat."+stream))
				}
				same(t, want, got)
				for _, column := range []string{"chats.started", "chats.ended", "messages.date", "events.date"} {
					table, name, _ := strings.Cut(column, ".")
					if odd := pg.query(t, database, fmt.Sprintf(`select %s from livechat.%s where %s !~ '^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$' and %s <> 'Wed, 01/23/13 02:10:43 am' limit 1`, name, table, name, name)); odd != nil {
						t.Errorf("%s: %q", column, odd)
					}
				}
			}
			same(t, []string{test.tags}, pg.query(t, database, "select data_type from information_schema.columns where table_name = 'chats' and column_name = 'tags'"))
		})
	}
}

// catalogWith is what discovery says with another schema for one property.
func catalogWith(t *testing.T, stream, property, schema string) (file string) {
	t.Helper()
	var catalog map[string]any
	check(t, json.Unmarshal([]byte(run(t, exec.Command(tapBinary, "--discover"))), &catalog))
	for _, s := range catalog["streams"].([]any) {
		if s := s.(map[string]any); s["stream"] == stream {
			s["schema"].(map[string]any)["properties"].(map[string]any)[property] = json.RawMessage(schema)
		}
	}
	return writeJSON(t, catalog)
}

// TestPartsWarehouse loads the eight parts of a plan into the same tables at the same
// time, after the SCHEMA messages have made them, and goes on from their states put
// together: the tables are those of one run. Neighbouring parts bring some of the same
// chats; a load that fails since another one has just inserted the same row is repeated,
// as a scheduler does.
func TestPartsWarehouse(t *testing.T) {
	target := filepath.Join(venv(t, "postgres"), "target-postgres")
	pg := postgres(t, "parts")
	for _, api := range apis {
		t.Run("api_version "+api.version, func(t *testing.T) {
			server, config := archive(t, "chats=300&days=60&long_chats=0.05&now=2026-03-31T00:00:00Z")
			tap := []string{"--config", config, "--config", writeJSON(t, map[string]any{"api_version": api.version})}
			settings := writeJSON(t, map[string]any{"host": "127.0.0.1", "port": pg.Port, "user": "tap", "password": "none", "database": "parts", "default_target_schema": "livechat" + api.version})
			into := func(args ...string) (state, log []byte, err error) {
				var states bytes.Buffer
				loader := exec.Command(target, "--config", settings)
				loader.Stdout = &states
				log, err = load(append(slices.Clone(tap), args...), loader)
				lines := bytes.Split(bytes.TrimSpace(states.Bytes()), []byte("\n"))
				return lines[len(lines)-1], log, err
			}
			if _, log, err := into("--test=schema"); err != nil {
				t.Fatalf("%v\n%s", err, tail(log))
			}
			var plan struct{ Parts []map[string]any }
			check(t, json.Unmarshal([]byte(run(t, exec.Command(tapBinary, append([]string{"plan", "--parts", "8"}, tap...)...))), &plan))
			if len(plan.Parts) != 8 {
				t.Fatalf("%d parts", len(plan.Parts))
			}
			merge := exec.Command(tapBinary, "merge-state")
			var all sync.WaitGroup
			for i, part := range plan.Parts {
				span := writeJSON(t, map[string]any{"start_date": part["start_date"], "end_date": part["end_date"]})
				file := filepath.Join(t.TempDir(), fmt.Sprintf("state-%d.json", i+1))
				merge.Args = append(merge.Args, file)
				all.Go(func() {
					state, log, err := into("--config", span)
					for range 4 {
						if err == nil || !bytes.Contains(log, []byte("UniqueViolation")) && !bytes.Contains(log, []byte("DeadlockDetected")) {
							break
						}
						state, log, err = into("--config", span)
					}
					if err == nil {
						err = os.WriteFile(file, state, 0o600)
					}
					if err != nil {
						t.Errorf("part %d: %v\n%s", i+1, err, tail(log))
					}
				})
			}
			all.Wait()
			state := filepath.Join(t.TempDir(), "state.json")
			check(t, os.WriteFile(state, []byte(run(t, merge)), 0o600))
			if _, log, err := into("--state", state); err != nil {
				t.Fatalf("%v\n%s", err, tail(log))
			}
			got := make(map[string]int)
			for _, stream := range streams {
				got[stream] = number(t, pg.query(t, "parts", "select count(*) from livechat"+api.version+"."+stream))
			}
			same(t, api.rows(t, server), got)
		})
	}
}
