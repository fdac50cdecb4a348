//go:build unix

package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"tap-livechat/tap/sandbox"
)

// ordinary is an archive with both forms of everything that has two.
const ordinary = "chats=300&days=20&visitor=mixed&event_ids=some"

var streams = []string{"chats", "messages", "events"}

// TestTargetJSONL loads a whole archive and then what is new.
func TestTargetJSONL(t *testing.T) {
	bin := venv(t, "jsonl")
	server, config := archive(t, ordinary)
	dir := t.TempDir()
	settings := writeJSON(t, map[string]any{"destination_path": dir, "do_timestamp_file": false})
	target := func() *exec.Cmd {
		cmd := exec.Command(filepath.Join(bin, "target-jsonl"), "--config", settings)
		cmd.Dir = dir
		return cmd
	}
	state := pipe(t, target(), "--config", config)
	got := make(map[string]int)
	for _, stream := range streams {
		got[stream] = lines(t, filepath.Join(dir, stream+".jsonl"))
	}
	same(t, rows(server), got)

	before := server.Count()
	file := filepath.Join(dir, "state.json")
	check(t, os.WriteFile(file, []byte(lastLine(state)), 0o644))
	pipe(t, target(), "--config", config, "--state", file)
	onlyNew(t, server, before)
}

// onlyNew holds what was asked of the archive since to the look-back and what is
// new, whichever API it is.
func onlyNew(t *testing.T, server *sandbox.Server, before int) {
	t.Helper()
	asked := server.Requests()[before:]
	yesterday := time.Now().UTC().Add(-48 * time.Hour).Format(time.DateOnly)
	n := 0
	for _, r := range asked {
		from := r.Query.Get("date_from")
		if strings.HasPrefix(r.Path, "/v3.6/agent/") {
			var body struct{ Filters struct{ From string } }
			check(t, json.Unmarshal([]byte(r.Body), &body))
			if at, err := time.Parse(time.RFC3339Nano, body.Filters.From); err == nil {
				from = at.Add(time.Millisecond).Format(time.DateOnly) // windows overlap
			}
		} else if !strings.HasPrefix(r.Path, "/chats") {
			continue
		}
		n++
		if from != "" && from < yesterday {
			t.Errorf("a run with state asked for %s", from)
		}
	}
	if n == 0 || n > 4 {
		t.Errorf("a run with state asked %d times", n)
	}
}

// warehouse is a target that loads tables, and a way to look at them.
type warehouse struct {
	target *exec.Cmd
	query  func(sql string) []string // rows, columns parted by |
	// epoch is SQL for the Unix seconds of a column.
	epoch string
	// types are those of some columns, by table.column.
	types map[string]string
}

// keys are the key properties of the tables, as SQL.
var keys = map[string]string{"chats": "id, agent_email", "messages": "event_id", "events": "event_id"}

// loadTwice loads an archive, looks at every row's number, key and time, and
// loads it again, which must not add a row.
func loadTwice(t *testing.T, open func() warehouse) {
	t.Helper()
	server, config := archive(t, ordinary)
	want := rows(server)
	for range 2 {
		w := open()
		pipe(t, w.target, "--config", config)
		got, distinct := make(map[string]int), make(map[string]int)
		for _, stream := range streams {
			got[stream] = number(t, w.query("select count(*) from livechat."+stream))
			distinct[stream] = number(t, w.query(fmt.Sprintf("select count(*) from (select distinct %s from livechat.%s) k", keys[stream], stream)))
		}
		same(t, want, got)
		same(t, want, distinct)
	}
	w := open()
	ended, gotEnded := make(map[string]string), make(map[string]string)
	for chat := range server.Truth() {
		if !chat.Pending && chat.Type == "chat" {
			ended[chat.ID] = strconv.FormatInt(chat.Ended.Unix(), 10)
		}
	}
	for _, row := range w.query(fmt.Sprintf("select distinct id, cast(%s as bigint) from livechat.chats where type = 'chat'", fmt.Sprintf(w.epoch, "ended_timestamp"))) {
		id, at, _ := strings.Cut(row, "|")
		gotEnded[id] = at
	}
	same(t, ended, gotEnded)
	types := make(map[string]string)
	for _, row := range w.query("select table_name, column_name, data_type from information_schema.columns where table_schema = 'livechat'") {
		part := strings.SplitN(row, "|", 3)
		if column := part[0] + "." + part[1]; w.types[column] != "" {
			types[column] = part[2]
		}
	}
	same(t, w.types, types)
}

func TestTargetPostgres(t *testing.T) {
	bin := venv(t, "postgres")
	pg := postgres(t, "sdk")
	settings := writeJSON(t, map[string]any{"host": "127.0.0.1", "port": pg.Port, "user": "tap", "password": "none", "database": "sdk", "default_target_schema": "livechat"})
	loadTwice(t, func() warehouse {
		return warehouse{
			target: exec.Command(filepath.Join(bin, "target-postgres"), "--config", settings),
			query:  func(sql string) []string { return pg.query(t, "sdk", sql) },
			epoch:  "extract(epoch from %s)",
			types: map[string]string{
				"chats.id": "text", "chats.ended_timestamp": "timestamp without time zone", "chats.started": "timestamp without time zone",
				"chats.duration": "bigint", "chats.pending": "boolean", "chats.visitor": "jsonb", "chats.tags": "ARRAY",
				"messages.timestamp": "timestamp without time zone", "messages.text": "text", "events.files": "ARRAY",
			},
		}
	})
}

// TestPipelinewise loads into PostgreSQL with a target of another family.
func TestPipelinewise(t *testing.T) {
	bin := venv(t, "pipelinewise")
	pg := postgres(t, "plw")
	settings := writeJSON(t, map[string]any{"host": "127.0.0.1", "port": pg.Port, "user": "tap", "password": "none", "dbname": "plw", "default_target_schema": "livechat"})
	loadTwice(t, func() warehouse {
		return warehouse{
			target: exec.Command(filepath.Join(bin, "target-postgres"), "--config", settings),
			query:  func(sql string) []string { return pg.query(t, "plw", sql) },
			epoch:  "extract(epoch from %s)",
			types: map[string]string{
				"chats.id": "character varying", "chats.ended_timestamp": "timestamp without time zone", "chats.started": "timestamp without time zone",
				"chats.duration": "numeric", "chats.pending": "boolean", "chats.visitor": "jsonb", "chats.tags": "jsonb",
				"messages.timestamp": "timestamp without time zone", "messages.text": "character varying", "events.files": "jsonb",
			},
		}
	})
}

func TestTargetDuckDB(t *testing.T) {
	bin := venv(t, "duckdb")
	file := filepath.Join(t.TempDir(), "warehouse.duckdb")
	settings := writeJSON(t, map[string]any{"path": file, "default_target_schema": "livechat"})
	loadTwice(t, func() warehouse {
		return warehouse{
			target: exec.Command(filepath.Join(bin, "target-duckdb"), "--config", settings),
			query:  duck(t, file),
			epoch:  "epoch(%s)",
			types: map[string]string{
				"chats.id": "VARCHAR", "chats.ended_timestamp": "TIMESTAMP", "chats.started": "TIMESTAMP",
				"chats.duration": "HUGEINT", "chats.pending": "BOOLEAN", "chats.visitor": "JSON", "chats.tags": "JSON",
				"messages.timestamp": "TIMESTAMP", "messages.text": "VARCHAR", "events.files": "JSON",
			},
		}
	})
}

// duck queries a DuckDB file.
func duck(t *testing.T, file string) func(sql string) []string { return duckOf(t, "duckdb", file) }

// duckOf queries it with the DuckDB of some requirements.
func duckOf(t *testing.T, requirements, file string) func(sql string) []string {
	const program = `import duckdb, sys
for row in duckdb.connect(sys.argv[1], read_only=True).execute(sys.argv[2]).fetchall(): print("|".join(map(str, row)))`
	python := filepath.Join(venv(t, requirements), "python")
	return func(sql string) []string {
		t.Helper()
		return strings.Split(strings.TrimSpace(run(t, exec.Command(python, "-c", program, file, sql))), "\n")
	}
}

// TestSingerCheckTap has the ecosystem's own checker run the tap, and again
// with the state of the first run.
func TestSingerCheckTap(t *testing.T) {
	bin := venv(t, "check")
	_, config := archive(t, "chats=100&days=20&odd=0.05")
	settings, err := os.ReadFile(config)
	check(t, err)
	check(t, os.WriteFile(config, bytes.Replace(settings, []byte("{"), []byte(`{"on_invalid":"null",`), 1), 0o600))
	// The checker waits for the tap, but not for its own thread that reads the
	// messages. So the tap's end is held back, with standard output closed,
	// until that thread must be done.
	dir := t.TempDir()
	slow := filepath.Join(dir, "tap-livechat")
	check(t, os.WriteFile(slow, fmt.Appendf(nil, "#!/bin/sh\n%s \"$@\"\ncode=$?\nexec >&-\nsleep 8\nexit $code\n", tapBinary), 0o755))
	cmd := exec.Command(filepath.Join(bin, "singer-check-tap"), "--tap", slow, "--config", config)
	cmd.Dir = dir
	out, err := cmd.CombinedOutput()
	t.Logf("%s", tail(out))
	check(t, err)
	if strings.Count(string(out), "Details by stream") != 2 {
		t.Error("the checker did not check the run with state")
	}
}

func writeJSON(t *testing.T, value map[string]any) (file string) {
	t.Helper()
	text, err := json.Marshal(value)
	check(t, err)
	file = filepath.Join(t.TempDir(), "settings.json")
	check(t, os.WriteFile(file, text, 0o600))
	return file
}

func number(t *testing.T, rows []string) int {
	t.Helper()
	if len(rows) != 1 {
		t.Fatalf("%q is no single number", rows)
	}
	n, err := strconv.Atoi(rows[0])
	check(t, err)
	return n
}

func same[T any](t *testing.T, want, got T) {
	t.Helper()
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}
