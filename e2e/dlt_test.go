//go:build unix

package e2e

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"tap-livechat/tap/sandbox"
)

// dlt is examples/dlt in a folder of its own.
type dlt struct {
	dir, tap, config string
	args             []string
	environ          []string
}

func newDLT(t *testing.T, config string, args ...string) *dlt {
	t.Helper()
	return &dlt{dir: t.TempDir(), tap: tapBinary, config: config, args: args}
}

func (d *dlt) command(t *testing.T) *exec.Cmd {
	t.Helper()
	script, err := filepath.Abs("../examples/dlt/livechat.py")
	check(t, err)
	cmd := exec.Command(filepath.Join(venv(t, "dlt"), "python"), append([]string{script, d.config}, d.args...)...)
	cmd.Dir = d.dir
	cmd.Env = append(os.Environ(), "TAP="+d.tap, "DLT_DATA_DIR="+filepath.Join(d.dir, "dlt"), "RUNTIME__DLTHUB_TELEMETRY=false")
	cmd.Env = append(cmd.Env, d.environ...)
	return cmd
}

// run runs it to its end and returns its log.
func (d *dlt) run(t *testing.T) (log string, err error) {
	t.Helper()
	out, err := d.command(t).CombinedOutput()
	return string(out), err
}

func (d *dlt) query(t *testing.T) func(sql string) []string {
	return duckOf(t, "dlt", filepath.Join(d.dir, "warehouse.duckdb"))
}

// wantRows holds the tables to the sandbox: each row is there, once.
func wantRows(t *testing.T, server *sandbox.Server, query func(sql string) []string) {
	t.Helper()
	got, distinct := make(map[string]int), make(map[string]int)
	for _, stream := range streams {
		got[stream] = number(t, query("select count(*) from livechat."+stream))
		distinct[stream] = number(t, query(fmt.Sprintf("select count(*) from (select distinct %s from livechat.%s) k", keys[stream], stream)))
	}
	same(t, rows(server), got)
	same(t, rows(server), distinct)
}

// TestDLT loads an archive into DuckDB and then what is new, from the state that
// lies in the database.
func TestDLT(t *testing.T) {
	server, config := archive(t, ordinary)
	d := newDLT(t, config)
	if log, err := d.run(t); err != nil {
		t.Fatalf("%v\n%s", err, tail([]byte(log)))
	}
	query := d.query(t)
	wantRows(t, server, query)
	types := make(map[string]string)
	for _, row := range query("select table_name, column_name, data_type from information_schema.columns where table_schema = 'livechat'") {
		part := strings.SplitN(row, "|", 3)
		types[part[0]+"."+part[1]] = part[2]
	}
	for column, want := range map[string]string{
		"chats.id": "VARCHAR", "chats.ended_timestamp": "TIMESTAMP", "chats.started": "TIMESTAMP",
		"chats.duration": "BIGINT", "chats.pending": "BOOLEAN", "chats.visitor": "JSON", "chats.tags": "JSON",
		"messages.timestamp": "TIMESTAMP", "messages.text": "VARCHAR", "events.files": "JSON",
	} {
		if types[column] != want {
			t.Errorf("%s is %q, wanted %q", column, types[column], want)
		}
	}

	check(t, os.RemoveAll(filepath.Join(d.dir, "dlt"))) // as on another machine
	before := server.Count()
	if log, err := d.run(t); err != nil {
		t.Fatalf("%v\n%s", err, tail([]byte(log)))
	}
	onlyNew(t, server, before)
	wantRows(t, server, query)
}

func TestDLTPostgres(t *testing.T) {
	pg := postgres(t, "dlt")
	server, config := archive(t, ordinary)
	d := newDLT(t, config, "--destination", "postgres")
	d.environ = []string{"DESTINATION__POSTGRES__CREDENTIALS=" + pg.URL("dlt")}
	for range 2 {
		if log, err := d.run(t); err != nil {
			t.Fatalf("%v\n%s", err, tail([]byte(log)))
		}
		wantRows(t, server, func(sql string) []string { return pg.query(t, "dlt", sql) })
	}
}

// TestDLTCutOff kills all of it in the middle, and then has the service fail:
// what came up to the last STATE is there and is not asked for again.
func TestDLTCutOff(t *testing.T) {
	const switches = "chats=1500&days=60&latency=50ms"
	server, config := archive(t, switches)
	failing, _ := archive(t, switches+"&fail_after=20")
	settings := func(s *sandbox.Server) string {
		return writeJSON(t, map[string]any{"api_url": urls[s], "access_token": "e2e", "start_date": "2020-01-01",
			"max_requests": 100, "max_retries": 0}) // a budget makes small windows
	}
	d := newDLT(t, settings(server), append([]string{"--every", "1", "--streams"}, streams...)...) // each STATE is a commit
	cmd := d.command(t)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	check(t, cmd.Start())
	waitFor(t, "a part of it is loaded", func() bool {
		all, _ := filepath.Glob(filepath.Join(d.dir, "dlt", "pipelines", "livechat", "load", "loaded", "*"))
		return len(all) > 0
	})
	check(t, syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL))
	_ = cmd.Wait()
	all, query := rows(server)["chats"], d.query(t)
	chats := func() int { return number(t, query("select count(*) from livechat.chats")) }
	killed := chats()
	if killed == 0 || killed >= all {
		t.Fatalf("killed in the middle, and %d of %d rows are there", killed, all)
	}

	d.config = settings(failing)
	log, err := d.run(t)
	if err == nil || !strings.HasPrefix(lastLine(log), "CRITICAL ") {
		t.Fatalf("a service that failed: %v\n%s", err, tail([]byte(log)))
	}
	if n := chats(); n <= killed || n >= all {
		t.Errorf("%d rows were there, and after a service that failed %d of %d", killed, n, all)
	}

	d.config = config
	asked := server.Count()
	if log, err := d.run(t); err != nil {
		t.Fatalf("%v\n%s", err, tail([]byte(log)))
	}
	wantRows(t, server, query)
	if n := server.Count() - asked; n > 50 {
		t.Errorf("the last run asked %d times, for an archive of 60 pages", n)
	}
}

// TestDLTMessages has it read messages that a run of the sandbox does not make
// at will: lists with a version, files of records, an end in the middle.
func TestDLTMessages(t *testing.T) {
	files := t.TempDir()
	check(t, os.WriteFile(filepath.Join(files, "plain"), []byte(`{"id":"a","n":1}`+"\n"+`{"id":"b"}`+"\n"), 0o644))
	var zipped bytes.Buffer
	z := gzip.NewWriter(&zipped)
	fmt.Fprintln(z, `{"id":"c","n":3,"o":{"b":[1,null],"a":"ł"}}`)
	check(t, z.Close())
	check(t, os.WriteFile(filepath.Join(files, "zipped"), zipped.Bytes(), 0o644))

	d := newDLT(t, writeJSON(t, map[string]any{"start_date": "2020-01-01"}))
	for i, messages := range []string{
		`{"type":"SCHEMA","stream":"agents","schema":{"type":"object","properties":{"id":{"type":["string"]},"name":{"type":["null","string"]}}},"key_properties":["id"]}
{"type":"SCHEMA","stream":"parts","schema":{"type":"object","properties":{"id":{"type":["string"]},"n":{"type":["null","integer"]},"o":{"type":["null","object"]}}},"key_properties":["id"]}
{"type":"RECORD","stream":"agents","record":{"id":"x","name":"Old"},"version":1}
{"type":"RECORD","stream":"agents","record":{"id":"y"},"version":1}
{"type":"ACTIVATE_VERSION","stream":"agents","version":1}
{"type":"BATCH","stream":"parts","encoding":{"format":"jsonl","compression":"none"},"manifest":["file://FILES/plain"]}
{"type":"BATCH","stream":"parts","encoding":{"format":"jsonl","compression":"gzip"},"manifest":["file://FILES/zipped"]}
{"type":"STATE","value":{"run":1}}
{"type":"RECORD","stream":"parts","record":{"id":"a","n":7}}
{"type":"RECORD","stream":"parts","record":{"id":"a","n":8}}
{"type":"RECORD","stream":"agents","record":{"id":"z"},"version":2}
{"type":"REC`,
		`{"type":"SCHEMA","stream":"agents","schema":{"type":"object","properties":{"id":{"type":["string"]},"name":{"type":["null","string"]}}},"key_properties":["id"]}
{"type":"RECORD","stream":"agents","record":{"id":"x","name":"New"},"version":3}
{"type":"ACTIVATE_VERSION","stream":"agents","version":3}
{"type":"STATE","value":{"run":2}}
`,
	} {
		file := filepath.Join(files, "messages")
		check(t, os.WriteFile(file, []byte(strings.ReplaceAll(messages, "FILES", files)), 0o644))
		script := fmt.Sprintf("while [ $# -gt 1 ]; do [ $1 = --state ] && cp $2 %s/state; shift; done; cat %s; ", files, file)
		want := ""
		if i == 0 {
			script, want = script+"echo CRITICAL out of luck >&2; exit 1", "CRITICAL out of luck"
		}
		d.tap = program(t, script)
		log, err := d.run(t)
		if (err != nil) != (want != "") || want != "" && lastLine(log) != want {
			t.Fatalf("run %d: %v\n%s", i+1, err, tail([]byte(log)))
		}
		agents, parts := d.query(t)("select id, name from livechat.agents order by id"), d.query(t)("select id, n, o from livechat.parts order by id")
		same(t, [][]string{{"x|Old", "y|None"}, {"x|New"}}[i], agents)
		same(t, []string{"a|8|None", "b|None|None", `c|3|{"b":[1,null],"a":"ł"}`}, parts)
	}
	if got := strings.TrimSpace(string(read(t, filepath.Join(files, "state")))); got != `{"run": 1}` {
		t.Errorf("the second run began at %s", got)
	}
	if left, _ := filepath.Glob(filepath.Join(files, "[pz]*")); len(left) > 0 {
		t.Errorf("files that were read are left: %v", left)
	}
}
