//go:build unix

package e2e

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// withBatches is a config whose records go over in files, and their folder.
func withBatches(t *testing.T, config, compression string) (batches, folder string) {
	t.Helper()
	text, err := os.ReadFile(config)
	check(t, err)
	var settings map[string]any
	check(t, json.Unmarshal(text, &settings))
	folder = filepath.Join(t.TempDir(), "batches")
	settings["batch_config"] = map[string]any{
		"encoding":   map[string]any{"format": "jsonl", "compression": compression},
		"storage":    map[string]any{"root": "file://" + folder, "prefix": "livechat-"},
		"batch_size": 200,
	}
	return writeJSON(t, settings), folder
}

// TestBatchIntoPostgres loads an archive from files, with both compressions, and
// holds every column of every row against those that messages have left. The
// columns that the target adds, of which files say nothing, are left out.
func TestBatchIntoPostgres(t *testing.T) {
	bin := venv(t, "postgres")
	pg := postgres(t, "records")
	postgres(t, "none")
	postgres(t, "gzip")
	server, config := archive(t, "chats=100&days=20&visitor=mixed&event_ids=some")
	tables := func(database string) map[string]string {
		all := make(map[string]string)
		for _, stream := range streams {
			all[stream] = strings.Join(pg.query(t, database, "select (to_jsonb(r) - array(select column_name::text from information_schema.columns where table_name = '"+stream+"' and column_name like '\\_sdc%'))::text from livechat."+stream+" r order by "+keys[stream]), "\n")
		}
		return all
	}
	load := func(database, config string) {
		settings := writeJSON(t, map[string]any{"host": "127.0.0.1", "port": pg.Port, "user": "tap", "password": "none", "database": database, "default_target_schema": "livechat"})
		pipe(t, exec.Command(filepath.Join(bin, "target-postgres"), "--config", settings), "--config", config)
	}
	load("records", config)
	want := tables("records")
	for stream, n := range rows(server) {
		if got := strings.Count(want[stream], "\n") + 1; got != n {
			t.Errorf("%d rows of %s, want %d", got, stream, n)
		}
	}
	for _, compression := range []string{"none", "gzip"} {
		config, folder := withBatches(t, config, compression)
		for range 2 { // the second time adds nothing
			load(compression, config)
			same(t, want, tables(compression))
		}
		if files, err := filepath.Glob(folder + "/livechat-*.jsonl*"); err != nil || len(files) < 10 {
			t.Errorf("%d files, %v", len(files), err)
		}
	}
}

// What targets say that know no BATCH. README.md names them.
func TestTargetsWithoutBatch(t *testing.T) {
	_, config := archive(t, "chats=20&days=5")
	config, _ = withBatches(t, config, "none")
	dir := t.TempDir()
	pg := postgres(t, "nobatch")
	for _, target := range []struct {
		requirements, program string
		settings              map[string]any
		says                  string
	}{
		{"duckdb", "target-duckdb", map[string]any{"path": filepath.Join(dir, "warehouse.duckdb"), "default_target_schema": "livechat"}, "Unknown message type BATCH"},
		{"jsonl", "target-jsonl", map[string]any{"destination_path": dir}, "'NoneType' object has no attribute 'asdict'"},
		{"pipelinewise", "target-postgres", map[string]any{"host": "127.0.0.1", "port": pg.Port, "user": "tap", "password": "none", "dbname": "nobatch", "default_target_schema": "livechat"}, "Unknown message type BATCH"},
	} {
		t.Run(target.requirements, func(t *testing.T) {
			bin := venv(t, target.requirements)
			log, err := load([]string{"--config", config}, exec.Command(filepath.Join(bin, target.program), "--config", writeJSON(t, target.settings)))
			if err == nil || !strings.Contains(string(log), target.says) {
				t.Errorf("%v\n%s", err, tail(log))
			}
		})
	}
}
