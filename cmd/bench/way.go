//go:build unix

package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"tap-livechat/e2e"
)

// leg is a way from the account to rows, or half of one.
type leg struct {
	name   string
	into   string // nothing, PostgreSQL, DuckDB
	events string // the table that has a row for each event in the end
	run    func(t *trip) result
}

const (
	nothing  = "nothing"
	postgres = "PostgreSQL"
	duckdb   = "DuckDB"
	byRecord = "tap → target-postgres"
	restAPI  = "dlt's rest_api"
)

// references are what the others are held against.
var references = map[string]string{postgres: byRecord, duckdb: restAPI}

func (b *bench) legs() []leg {
	legs := []leg{
		{"bare download", nothing, "", func(t *trip) result { return t.b.download(t.url) }},
		{"bare COPY", postgres, "events", (*trip).copyPostgres},
		{byRecord, postgres, "events", piped("target-postgres", "")},
		{"tap → target-postgres, BATCH", postgres, "events", piped("target-postgres", "none")},
		{"tap → target-postgres, BATCH gzip", postgres, "events", piped("target-postgres", "gzip")},
		{"tap → examples/dlt", postgres, "events", ours("postgres", "")},
		{"tap → examples/dlt, BATCH", postgres, "events", ours("postgres", "none")},
		{restAPI, postgres, "chats__events", theirs("postgres")},
		{"bare COPY", duckdb, "events", (*trip).copyDuckDB},
		{"tap → target-duckdb", duckdb, "events", piped("target-duckdb", "")}, // it knows no BATCH
		{"tap → examples/dlt", duckdb, "events", ours("duckdb", "")},
		{"tap → examples/dlt, BATCH", duckdb, "events", ours("duckdb", "none")},
		{restAPI, duckdb, "chats__events", theirs("duckdb")},
	}
	about := quietly(exec.Command(b.tap, "--about", "--format=json"))
	var tap struct{ Capabilities []string }
	check(json.Unmarshal(about, &tap))
	if !slices.Contains(tap.Capabilities, "batch") {
		log.Print("this tap makes no BATCH")
		legs = slices.DeleteFunc(legs, func(l leg) bool { return strings.Contains(l.name, "BATCH") })
	}
	return legs
}

// way measures the whole way: from the account to rows in PostgreSQL and in
// DuckDB, beside others' ways and the floor of each half.
func (b *bench) way(chats, rounds int, plot string) {
	url, stop := b.sandbox(fmt.Sprintf("chats=%d&days=90&cache=true", chats))
	defer stop()
	pg, err := e2e.StartPostgres()
	check(err)
	defer pg.Stop()
	bins := make(map[string]string)
	for _, name := range []string{"postgres", "duckdb", "dlt"} {
		bins[name], err = e2e.Venv("e2e", name)
		check(err)
	}
	rows := b.rows(url)
	legs := b.legs()
	all := make([][]result, len(legs))
	for round := range rounds + 1 { // one more warms up
		for i, l := range legs {
			r := l.travel(&trip{b: b, url: url, dir: filepath.Join(b.dir, "trip"), pg: pg, database: fmt.Sprintf("way_%d_%d", round, i), bins: bins, rows: rows})
			log.Printf("%d/%d  %6.2f s  %s %s", round, rounds, r.wall.Seconds(), l.name, l.into)
			if round > 0 {
				all[i] = append(all[i], r)
			}
		}
	}
	total := 0
	for _, table := range rows {
		total += table.count
	}
	fmt.Printf("%d chats, %d records of three streams, %d connections, medians of %d rounds\n\n| into | | wall | × | processor | of it the tap's |\n|---|---|---|---|---|---|\n", chats, total, b.connections, rounds)
	var bars []bar
	for i, l := range legs {
		m := median(all[i])
		ratio, tap := "", ""
		if at := slices.IndexFunc(legs, func(other leg) bool { return other.into == l.into && other.name == references[l.into] }); at >= 0 {
			ratio = fmt.Sprintf("%.2f", ratios(all[i], all[at]))
		}
		if m.tap > 0 {
			tap = fmt.Sprintf("%.2f s", m.tap.Seconds())
		}
		fmt.Printf("| %s | %s | %.2f s | %s | %.2f s | %s |\n", l.into, l.name, m.wall.Seconds(), ratio, m.cpu.Seconds(), tap)
		bars = append(bars, bar{l.into, l.name, m.wall.Seconds()})
	}
	if plot != "" {
		check(os.WriteFile(plot, []byte(barChart(bars)), 0o644))
	}
}

// ratios is the median of the ratios of walls, round by round.
func ratios(of, to []result) float64 {
	all := make([]float64, len(of))
	for i := range of {
		all[i] = of[i].wall.Seconds() / to[i].wall.Seconds()
	}
	slices.Sort(all)
	return all[len(all)/2]
}

// trip is one run of a leg, with a folder and a database of its own.
type trip struct {
	b        *bench
	url, dir string
	pg       *e2e.Postgres
	database string
	bins     map[string]string // folders of programs, by requirements
	rows     map[string]*table
}

// travel runs a leg and sees that every row has arrived.
func (l leg) travel(t *trip) result {
	check(os.RemoveAll(t.dir))
	check(os.Mkdir(t.dir, 0o755))
	t.sql("postgres", "create database "+t.database)
	defer t.sql("postgres", "drop database "+t.database)
	r := l.run(t)
	var got string
	count := "select count(*) from livechat." + l.events
	switch l.into {
	case postgres:
		got = t.sql(t.database, count)
	case duckdb:
		got = string(quietly(t.duckdb("print(db.execute(sys.argv[2]).fetchone()[0])", count)))
	default:
		return r
	}
	if want := strconv.Itoa(t.rows["events"].count); strings.TrimSpace(got) != want {
		fail("%s into %s: %s rows of events, wanted %s", l.name, l.into, got, want)
	}
	return r
}

func (t *trip) sql(database, sql string) string {
	rows, err := t.pg.Query(database, sql)
	check(err)
	return strings.Join(rows, "\n")
}

// duckdb is a program in Python with the database opened as db.
func (t *trip) duckdb(program string, args ...string) *exec.Cmd {
	return exec.Command(filepath.Join(t.bins["dlt"], "python"),
		append([]string{"-c", "import duckdb, sys\ndb = duckdb.connect(sys.argv[1])\n" + program, filepath.Join(t.dir, "warehouse.duckdb")}, args...)...)
}

// config writes the tap's config.
func (t *trip) config(compression string) (file string) {
	settings := map[string]any{"api_url": t.url, "access_token": "bench", "start_date": "2010-01-01", "max_concurrent_requests": t.b.connections}
	if compression != "" {
		settings["batch_config"] = map[string]any{
			"encoding": map[string]any{"format": "jsonl", "compression": compression},
			"storage":  map[string]any{"root": "file://" + t.dir, "prefix": "bench-"},
		}
	}
	return t.json("tap.json", settings)
}

func (t *trip) json(name string, value any) (file string) {
	text, err := json.Marshal(value)
	check(err)
	file = filepath.Join(t.dir, name)
	check(os.WriteFile(file, text, 0o600))
	return file
}

// piped is tap | target.
func piped(target, compression string) func(t *trip) result {
	return func(t *trip) result {
		config := map[string]any{"path": filepath.Join(t.dir, "warehouse.duckdb"), "default_target_schema": "livechat"}
		if target == "target-postgres" {
			config = map[string]any{"host": "127.0.0.1", "port": t.pg.Port, "user": "tap", "password": "none", "database": t.database, "default_target_schema": "livechat"}
		}
		from := exec.Command(t.b.tap, "--config", t.config(compression), "--catalog", t.b.catalog())
		into := exec.Command(filepath.Join(t.bins[strings.TrimPrefix(target, "target-")], target), "--config", t.json("target.json", config))
		messages, err := from.StdoutPipe()
		check(err)
		into.Stdin = messages // the pipe itself: nothing is in the middle
		var log bytes.Buffer
		into.Stderr = &log
		started := time.Now()
		check(into.Start())
		check(from.Start())
		if err := into.Wait(); err != nil {
			fail("%s: %w\n%s", target, err, log.Bytes())
		}
		check(from.Wait())
		tap := processor(from)
		return result{wall: time.Since(started), cpu: tap + processor(into), tap: tap}
	}
}

// ours is the tap by our example for dlt, theirs what dlt has of its own.
func ours(destination, compression string) func(t *trip) result {
	return func(t *trip) result {
		return t.dlt("examples/dlt/livechat.py", t.config(compression), "--destination", destination, "--streams", "chats", "messages", "events")
	}
}

func theirs(destination string) func(t *trip) result {
	return func(t *trip) result { return t.dlt("cmd/bench/rest_api.py", t.url, destination) }
}

func (t *trip) dlt(script string, args ...string) result {
	script, err := filepath.Abs(script)
	check(err)
	cmd := exec.Command(filepath.Join(t.bins["dlt"], "python"), append([]string{script}, args...)...)
	cmd.Dir = t.dir
	cmd.Env = append(os.Environ(), "TAP="+t.b.tap, "DLT_DATA_DIR="+t.dir, "RUNTIME__DLTHUB_TELEMETRY=false", "DESTINATION__POSTGRES__CREDENTIALS="+t.pg.URL(t.database))
	return timed(cmd)
}

// timed runs a program; its children count as its own.
func timed(cmd *exec.Cmd) result {
	started := time.Now()
	quietly(cmd)
	return result{wall: time.Since(started), cpu: processor(cmd)}
}

func quietly(cmd *exec.Cmd) []byte {
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		fail("%s: %w\n%s", filepath.Base(cmd.Path), err, stderr.Bytes())
	}
	return out
}

func processor(cmd *exec.Cmd) time.Duration {
	return cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
}
