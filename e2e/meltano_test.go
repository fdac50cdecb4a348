//go:build unix

package e2e

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"tap-livechat/tap/sandbox"
)

// project is a copy of examples/meltano, with the tap installed from its wheel.
type project struct {
	dir, bin string
	environ  []string
}

// wheels builds this machine's wheel into a folder.
func wheels(t *testing.T, dist string) (wheel string) {
	t.Helper()
	cmd := exec.Command("go", "run", "./cmd/package", "wheels", "-out", dist, "-only", "host")
	cmd.Dir = ".."
	run(t, cmd)
	all, err := filepath.Glob(filepath.Join(dist, "*.whl"))
	check(t, err)
	if len(all) != 1 {
		t.Fatalf("the wheels are %q, want one", all)
	}
	return all[0]
}

func newProject(t *testing.T) *project {
	t.Helper()
	bin := venv(t, "meltano")
	root := t.TempDir()
	p := &project{dir: filepath.Join(root, "examples", "meltano"), bin: filepath.Join(bin, "meltano")}
	check(t, os.CopyFS(p.dir, os.DirFS(filepath.Join("..", "examples", "meltano"))))
	wheels(t, filepath.Join(root, "dist")) // where pip_url looks
	p.environ = append(os.Environ(), "PATH="+bin+":"+os.Getenv("PATH"), "NO_COLOR=1",
		"MELTANO_SEND_ANONYMOUS_USAGE_STATS=false", "MELTANO_PROJECT_ROOT="+p.dir, "VIRTUAL_ENV=")
	return p
}

// command is a call of Meltano, with more variables.
func (p *project) command(args []string, environ ...string) *exec.Cmd {
	cmd := exec.Command(p.bin, args...)
	cmd.Dir, cmd.Env = p.dir, append(slices.Clone(p.environ), environ...)
	return cmd
}

func (p *project) run(t *testing.T, args ...string) string {
	t.Helper()
	return run(t, p.command(args))
}

// sync runs tap and target-jsonl against a sandbox, with a state and a folder of its
// own, and returns the log, one entry a line, and whether it went well.
func (p *project) sync(t *testing.T, server *sandbox.Server, name string, environ ...string) (log []entry, ok bool) {
	t.Helper()
	var out bytes.Buffer
	cmd := p.syncCommand(t, server, name, environ...)
	cmd.Stdout, cmd.Stderr = &out, &out
	err := cmd.Run()
	return entries(t, out.Bytes()), err == nil
}

func (p *project) syncCommand(t *testing.T, server *sandbox.Server, name string, environ ...string) *exec.Cmd {
	t.Helper()
	check(t, os.MkdirAll(p.output(name), 0o755))
	args := []string{"--log-format=json", "run", "--state-id-suffix", name}
	if slices.Contains(environ, fullRefresh) {
		args = append(args, fullRefresh)
		environ = slices.DeleteFunc(environ, func(s string) bool { return s == fullRefresh })
	}
	return p.command(append(args, "tap-livechat", "target-jsonl"), append(environ,
		"TAP_LIVECHAT_API_URL="+urls[server], "TAP_LIVECHAT_ACCESS_TOKEN=e2e", "TARGET_JSONL_DESTINATION_PATH="+p.output(name))...)
}

const fullRefresh = "--full-refresh"

func (p *project) output(name string) string { return filepath.Join(p.dir, "output", name) }

// entry is a line of Meltano's log.
type entry struct {
	Level, Event, Name string
	PID                int
	StreamName         string                          `json:"stream_name"`
	PluginException    *struct{ Type, Message string } `json:"plugin_exception"`
	MetricInfo         *struct {
		Metric string
		Value  float64
	} `json:"metric_info"`
	Chats *int
}

func entries(t *testing.T, text []byte) (all []entry) {
	t.Helper()
	for line := range bytes.Lines(text) {
		var e entry
		if err := json.Unmarshal(line, &e); err != nil {
			t.Fatalf("%v: %s", err, line)
		}
		all = append(all, e)
	}
	return all
}

// loaded are the rows of a stream, by their keys; a row that comes again replaces
// the one before, as in a warehouse.
func (p *project) loaded(t *testing.T, name, stream string) map[string]map[string]any {
	t.Helper()
	file, err := os.Open(filepath.Join(p.output(name), stream+".jsonl"))
	check(t, err)
	defer file.Close()
	all := make(map[string]map[string]any)
	for d := json.NewDecoder(file); d.More(); {
		var row map[string]any
		check(t, d.Decode(&row))
		key := fmt.Sprint(row["event_id"])
		if stream == "chats" {
			key = fmt.Sprint(row["id"], " ", row["agent_email"])
		}
		all[key] = row
	}
	return all
}

// whole holds what was loaded against what the sandbox has.
func (p *project) whole(t *testing.T, want map[string]int, name string) {
	t.Helper()
	got := make(map[string]int)
	for _, stream := range streams {
		got[stream] = len(p.loaded(t, name, stream))
	}
	same(t, want, got)
}

// TestMeltano goes through what a user of Meltano does, in a project that is
// installed once.
func TestMeltano(t *testing.T) {
	p := newProject(t)
	p.run(t, "install", "extractor", "tap-livechat")
	p.run(t, "install", "loader", "target-jsonl")

	t.Run("as it is", func(t *testing.T) {
		p.run(t, "run", "tap-livechat", "target-jsonl")
		if n := lines(t, filepath.Join(p.dir, "output", "chats.jsonl")); n < 500 {
			t.Errorf("%d rows of the 500 chats of the example's sandbox", n)
		}
	})
	t.Run("discover", func(t *testing.T) {
		var catalog struct{ Streams []struct{ Stream string } }
		check(t, json.Unmarshal([]byte(p.run(t, "invoke", "tap-livechat", "--discover")), &catalog))
		var got []string
		for _, s := range catalog.Streams {
			got = append(got, s.Stream)
		}
		same(t, streams, got)
	})
	t.Run("config test", func(t *testing.T) {
		if out := p.run(t, "config", "test", "tap-livechat"); !strings.Contains(out, "Plugin configuration is valid") {
			t.Errorf("Meltano says %s", out)
		}
	})
	t.Run("commands", func(t *testing.T) {
		if out := p.run(t, "invoke", "tap-livechat:about"); !strings.Contains(out, "# `tap-livechat`") && !strings.Contains(out, "# tap-livechat") {
			t.Errorf(":about prints %.200s", out)
		}
		if out := p.run(t, "invoke", "tap-livechat:test"); strings.Count(out, `"type":"RECORD"`) < len(streams) {
			t.Errorf(":test prints %.500s", out)
		}
	})
	t.Run("incremental and full refresh", p.testIncremental)
	t.Run("select", p.testSelect)
	t.Run("metadata", p.testMetadata)
	t.Run("interrupted", p.testInterrupted)
	t.Run("failure", p.testFailure)
	t.Run("warehouses", p.testWarehouses)
	t.Run("all streams", p.testAllStreams)
}

func (p *project) testIncremental(t *testing.T) {
	for _, api := range apis {
		t.Run("api_version "+api.version, func(t *testing.T) {
			server, _ := archive(t, ordinary)
			want := api.rows(t, server)
			name := "plain" + api.version
			sync := func(environ ...string) []entry {
				t.Helper()
				log, ok := p.sync(t, server, name, append(environ, "TAP_LIVECHAT_API_VERSION="+api.version)...)
				if !ok {
					t.Fatalf("%+v", log)
				}
				p.whole(t, want, name)
				return log
			}
			checkLog(t, sync())

			before := server.Count()
			sync()
			onlyNew(t, server, before)

			before = server.Count()
			sync(fullRefresh)
			if n, least := server.Count()-before, map[string]int{"2": 300 / 25, "3": 300 / 100}[api.version]; n < least {
				t.Errorf("a full refresh asked %d times for 300 chats", n)
			}
		})
	}
}

// checkLog holds the tap's lines to what Meltano makes of structured ones.
func checkLog(t *testing.T, log []entry) {
	t.Helper()
	counts := make(map[string]float64)
	windows := 0
	for _, e := range log {
		if e.Name != "tap-livechat" {
			continue
		}
		if e.PID == 0 || e.Level == "" {
			t.Errorf("a line of the tap's was not parsed: %+v", e)
		}
		if e.MetricInfo != nil && e.MetricInfo.Metric == "record_count" {
			counts[e.StreamName] += e.MetricInfo.Value
		}
		if strings.HasPrefix(e.Event, "window complete") {
			windows++
		}
	}
	for _, stream := range streams {
		if counts[stream] == 0 {
			t.Errorf("Meltano saw no record_count of %s: %v", stream, counts)
		}
	}
	if windows == 0 {
		t.Error("Meltano saw no window")
	}
}

func (p *project) testSelect(t *testing.T) {
	server, _ := archive(t, ordinary)
	log, ok := p.sync(t, server, "select", `TAP_LIVECHAT__SELECT=["chats.duration","chats.visitor.name","chats.queue.*","messages.*","!messages.text","!messages.agent_id"]`)
	if !ok {
		t.Fatalf("%+v", log)
	}
	fields := func(stream string) (names, nested []string) {
		seen, inner := make(map[string]bool), make(map[string]bool)
		for _, row := range p.loaded(t, "select", stream) {
			for name := range row {
				seen[name] = true
			}
			visitor, _ := row["visitor"].(map[string]any)
			for name := range visitor {
				inner[name] = true
			}
		}
		return slices.Sorted(maps.Keys(seen)), slices.Sorted(maps.Keys(inner))
	}
	names, nested := fields("chats")
	same(t, []string{"agent_email", "duration", "ended_timestamp", "id", "queue", "visitor"}, names)
	same(t, []string{"name"}, nested)
	names, _ = fields("messages")
	for _, name := range []string{"text", "agent_id"} {
		if slices.Contains(names, name) {
			t.Errorf("messages have %s, which is excluded", name)
		}
	}
	if !slices.Contains(names, "author_name") || !slices.Contains(names, "event_id") {
		t.Errorf("messages have only %q", names)
	}
	if _, err := os.Stat(filepath.Join(p.output("select"), "events.jsonl")); err == nil {
		t.Error("events came, which are not selected")
	}
}

// testMetadata overrides the replication method of one stream.
func (p *project) testMetadata(t *testing.T) {
	server, _ := archive(t, ordinary)
	const full = `TAP_LIVECHAT__METADATA={"chats":{"replication-method":"FULL_TABLE"}}`
	for range 2 {
		check(t, os.RemoveAll(p.output("metadata")))
		if log, ok := p.sync(t, server, "metadata", full); !ok {
			t.Fatalf("%+v", log)
		}
	}
	want := rows(server)
	if n := len(p.loaded(t, "metadata", "chats")); n != want["chats"] {
		t.Errorf("the second run brought %d chats, want all %d", n, want["chats"])
	}
	if n := len(p.loaded(t, "metadata", "messages")); n == 0 || n > want["messages"]/2 {
		t.Errorf("the second run brought %d messages of %d, want those of the look-back", n, want["messages"])
	}
}

// testInterrupted ends the tap in the middle of a backfill and runs it again.
func (p *project) testInterrupted(t *testing.T) {
	server, _ := archive(t, "chats=1500&days=60&latency=20ms")
	// A budget makes windows smaller, so that some are complete soon.
	environ := []string{`TAP_LIVECHAT__SELECT=["chats.id","chats.ended_timestamp"]`, "TAP_LIVECHAT_MAX_REQUESTS=100", "TAP_LIVECHAT_MAX_CONCURRENT_REQUESTS=2"}
	cmd := p.syncCommand(t, server, "interrupted", environ...)
	pipe, err := cmd.StdoutPipe()
	check(t, err)
	cmd.Stderr = cmd.Stdout
	check(t, cmd.Start())
	ended, came := false, 0
	for lines := bufio.NewScanner(pipe); lines.Scan(); {
		for _, e := range entries(t, append(lines.Bytes(), '\n')) {
			if !strings.HasPrefix(e.Event, "window complete") {
				continue
			}
			if came += *e.Chats; !ended && came > 300 { // the first windows are small
				ended = true
				check(t, syscall.Kill(e.PID, syscall.SIGTERM))
			}
		}
	}
	if err := cmd.Wait(); err == nil || !ended {
		t.Fatalf("the run was not interrupted: %v", err)
	}
	asked := server.Count()
	if all := 1500 / 25; asked >= all {
		t.Fatalf("%d of %d pages had been asked for at the end", asked, all)
	}
	time.Sleep(100 * time.Millisecond) // for requests that were under way
	before := server.Count()
	if log, ok := p.sync(t, server, "interrupted", environ...); !ok {
		t.Fatalf("%+v", log)
	}
	if n := len(p.loaded(t, "interrupted", "chats")); n != rows(server)["chats"] {
		t.Errorf("%d chats came in both runs, want %d", n, rows(server)["chats"])
	}
	if n := server.Count() - before; n >= 1500/25 {
		t.Errorf("the second run asked %d times, as if there had been no first", n)
	}
}

// testFailure shows Meltano's user why a run has failed.
func (p *project) testFailure(t *testing.T) {
	server, _ := archive(t, "chats=10&status=401")
	log, ok := p.sync(t, server, "failure")
	if ok {
		t.Fatal("Meltano takes a failed run for a good one")
	}
	at := slices.IndexFunc(log, func(e entry) bool { return e.Name == "tap-livechat" && e.Level == "critical" })
	if at < 0 || !strings.Contains(log[at].Event, "401") || log[at].PluginException == nil || !strings.Contains(log[at].PluginException.Message, "401") {
		t.Errorf("Meltano does not show the cause: %+v", log)
	}
}
