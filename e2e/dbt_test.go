//go:build unix

package e2e

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"tap-livechat/tap/sandbox"
)

// newDBT is a copy of examples/dbt, beside examples/dlt.
func newDBT(t *testing.T) (dir string) {
	t.Helper()
	root := t.TempDir()
	for _, name := range []string{"dbt", "dlt"} {
		check(t, os.CopyFS(filepath.Join(root, name), os.DirFS(filepath.Join("..", "examples", name))))
	}
	// What somebody's own answers have left there is of another account.
	for _, made := range []string{".dlt-data", ".made-of", "*.duckdb*", "page.html", "logs", "target"} {
		left, err := filepath.Glob(filepath.Join(root, "dbt", made))
		check(t, err)
		for _, name := range left {
			check(t, os.RemoveAll(name))
		}
	}
	return filepath.Join(root, "dbt")
}

// build runs dbt build, with all its tests.
func build(t *testing.T, dir string, environ ...string) {
	t.Helper()
	cmd := exec.Command(filepath.Join(venv(t, "dbt"), "dbt"), "build")
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), environ...)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, tail(out))
	}
}

// wantAnswers holds what was made of the tables to the sandbox, chat by chat.
func wantAnswers(t *testing.T, server *sandbox.Server, query func(sql string) []string) {
	t.Helper()
	var want []string
	for chat := range server.Truth() {
		if !chat.Pending {
			agents := slices.Clone(chat.Agents)
			slices.Sort(agents)
			agents = slices.DeleteFunc(slices.Compact(agents), func(a string) bool { return a == "" }) // is nobody to count by
			missed := 0
			if chat.Type == "missed_chat" {
				missed = 1
			}
			want = append(want, fmt.Sprintf("%s|%d|%d", chat.ID, missed, len(agents)))
		}
	}
	got := query("select chat_id, case when missed then 1 else 0 end, agent_count from chats")
	slices.Sort(want)
	slices.Sort(got)
	same(t, want, got)
	answered := number(t, query("select count(*) from chats where first_response_seconds >= 0 and longest_wait_seconds >= first_response_seconds"))
	if answered < len(want)/2 {
		t.Errorf("only %d of %d chats have a first response", answered, len(want))
	}
}

// TestDBT makes the answers of the tables that two targets leave, from either API;
// those of v2 in DuckDB are TestAnswers'.
func TestDBT(t *testing.T) {
	server, config := archive(t, ordinary+"&v3_bot_talk=0.5")
	for _, api := range apis {
		args := []string{"--config", config, "--config", writeJSON(t, map[string]any{"api_version": api.version, "reference_data": api.version == "3"})}
		if api.version == "3" {
			args = append(args, "--catalog", catalogOf(t, func(stream string) bool { return stream == "groups" || slices.Contains(streams, stream) }, args...))
			t.Run("target-duckdb, api_version "+api.version, func(t *testing.T) {
				dir := newDBT(t)
				settings := writeJSON(t, map[string]any{"path": filepath.Join(dir, "warehouse.duckdb"), "default_target_schema": "livechat"})
				pipe(t, exec.Command(filepath.Join(venv(t, "duckdb"), "target-duckdb"), "--config", settings), args...)
				build(t, dir)
				query := duckOf(t, "dbt", filepath.Join(dir, "answers.duckdb"))
				wantAnswers(t, server, query)
				wantRoles(t, api.version, query)
			})
		}
		t.Run("target-postgres, api_version "+api.version, func(t *testing.T) {
			database := "dbt" + api.version
			pg := postgres(t, database)
			settings := writeJSON(t, map[string]any{"host": "127.0.0.1", "port": pg.Port, "user": "tap", "password": "none", "database": database, "default_target_schema": "livechat"})
			pipe(t, exec.Command(filepath.Join(venv(t, "postgres"), "target-postgres"), "--config", settings), args...)
			build(t, newDBT(t), "DBT_TARGET=postgres", "PGHOST=127.0.0.1", fmt.Sprintf("PGPORT=%d", pg.Port), "PGUSER=tap", "PGPASSWORD=none", "PGDATABASE="+database)
			query := func(sql string) []string {
				return pg.query(t, database, strings.NewReplacer("from chats", "from answers.chats", "from conversation", "from answers.conversation").Replace(sql))
			}
			wantAnswers(t, server, query)
			wantRoles(t, api.version, query)
		})
	}
}

// wantRoles wants what only API v3.6 and the list of groups say to be in the
// answers: a first word of an agent's is no longer the agent's, and teams have names.
func wantRoles(t *testing.T, api string, query func(sql string) []string) {
	t.Helper()
	same(t, []string{"agent", "bot", "visitor"}, query("select distinct role from conversation order by role"))
	welcomes := number(t, query("select count(*) from conversation where role = 'bot' and agent_id like '%@%'"))
	numbered := number(t, query("select count(*) from chats where team like 'group %'"))
	if v3 := api == "3"; welcomes > 0 != v3 || numbered == 0 != v3 {
		t.Errorf("api_version %s: %d welcome messages, and %d chats of teams without names", api, welcomes, numbered)
	}
}

// TestAnswers goes from nothing to the page in one command.
func TestAnswers(t *testing.T) {
	server, config := archive(t, ordinary)
	dir := newDBT(t)
	cmd := exec.Command(filepath.Join(dir, "answers.sh"), config)
	cmd.Env = append(os.Environ(), "TAP="+tapBinary, "VENV="+filepath.Dir(venv(t, "dbt")))
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, tail(out))
	}
	wantAnswers(t, server, duckOf(t, "dbt", filepath.Join(dir, "answers.duckdb")))
	page := read(t, filepath.Join(dir, "page.html"))
	if n := bytes.Count(page, []byte(`class="plotly-graph-div"`)); n != 5 {
		t.Errorf("the page draws %d charts", n)
	}
	for _, from := range []string{`src="http`, `src="//`, `<link`} {
		if bytes.Contains(page, []byte(from)) {
			t.Errorf("the page fetches something: %s", from)
		}
	}
	// Another account does not go on from this one.
	other := exec.Command(filepath.Join(dir, "answers.sh"), writeJSON(t, map[string]any{"api_url": "sandbox:"}))
	other.Env = cmd.Env
	if out, err := other.CombinedOutput(); err == nil || !bytes.Contains(out, []byte("the tables here are of "+config)) {
		t.Errorf("with another config: %v, %s", err, tail(out))
	}
}
