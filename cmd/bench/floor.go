//go:build unix

package main

import (
	"bufio"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"tap-livechat/catalog"
)

// table is what the tap makes of a stream, as a file that a database can load.
type table struct {
	file    string // CSV
	columns []column
	count   int
}

type column struct{ name, kind string }

// kinds are the types of columns, by destination.
var kinds = map[string]map[string]string{
	postgres: {"date-time": "timestamp", "string": "text", "integer": "bigint", "number": "double precision", "boolean": "boolean", "json": "jsonb"},
	duckdb:   {"date-time": "timestamp", "string": "varchar", "integer": "bigint", "number": "double", "boolean": "boolean", "json": "json"},
}

// create is the SQL that makes a table.
func (t *table) create(into, name string) string {
	var columns []string
	for _, c := range t.columns {
		columns = append(columns, fmt.Sprintf("%q %s", c.name, kinds[into][c.kind]))
	}
	return fmt.Sprintf("create table livechat.%s (%s)", name, strings.Join(columns, ", "))
}

// rows has the tap read an archive, and writes its records as files.
func (b *bench) rows(url string) map[string]*table {
	file := filepath.Join(b.dir, "messages.jsonl")
	out, err := os.Create(file)
	check(err)
	b.runInto(out, b.tap, "--config", b.config(url, b.connections), "--catalog", b.catalog())
	check(out.Close())
	tables, files := make(map[string]*table), make(map[string]*csv.Writer)
	in, err := os.Open(file)
	check(err)
	defer in.Close()
	lines := bufio.NewScanner(in)
	lines.Buffer(nil, 50<<20)
	for lines.Scan() {
		var m struct {
			Type, Stream string
			Schema       json.RawMessage
			Record       map[string]json.RawMessage
		}
		check(json.Unmarshal(lines.Bytes(), &m))
		switch m.Type {
		case "SCHEMA":
			t := &table{file: filepath.Join(b.dir, m.Stream+".csv"), columns: columns(m.Schema)}
			out, err := os.Create(t.file)
			check(err)
			defer out.Close()
			tables[m.Stream], files[m.Stream] = t, csv.NewWriter(out)
		case "RECORD":
			t := tables[m.Stream]
			t.count++
			row := make([]string, len(t.columns))
			for i, c := range t.columns {
				if row[i] = string(m.Record[c.name]); row[i] == "null" {
					row[i] = ""
				}
				if c.kind != "json" && strings.HasPrefix(row[i], `"`) {
					check(json.Unmarshal(m.Record[c.name], &row[i]))
				}
			}
			check(files[m.Stream].Write(row))
		}
	}
	check(lines.Err())
	for _, w := range files {
		w.Flush()
		check(w.Error())
	}
	return tables
}

// catalog writes one of the three streams that come from the chats.
func (b *bench) catalog() (file string) {
	file = filepath.Join(b.dir, "catalog.json")
	var all struct {
		Streams []json.RawMessage `json:"streams"`
	}
	check(json.Unmarshal(quietly(exec.Command(b.tap, "--discover")), &all))
	all.Streams = slices.DeleteFunc(all.Streams, func(text json.RawMessage) bool {
		var of struct{ Stream string }
		check(json.Unmarshal(text, &of))
		return !slices.Contains([]string{"chats", "messages", "events"}, of.Stream)
	})
	text, err := json.Marshal(all)
	check(err)
	check(os.WriteFile(file, text, 0o600))
	return file
}

func columns(text []byte) (all []column) {
	schema, err := catalog.ParseSchema(text)
	check(err)
	for _, p := range schema.Properties {
		kind := "json"
		for _, k := range []string{"string", "integer", "number", "boolean"} {
			if slices.Contains(p.Schema.Types, k) {
				kind = k
			}
		}
		if p.Schema.Format != "" {
			kind = p.Schema.Format
		}
		all = append(all, column{p.Name, kind})
	}
	return all
}

// copyPostgres and copyDuckDB load the files, which is the floor of what a load
// can take: no keys, nothing parsed but CSV.
func (t *trip) copyPostgres() result {
	sql := []string{"create schema livechat"}
	for name, table := range t.rows {
		sql = append(sql, table.create(postgres, name), fmt.Sprintf(`\copy livechat.%s from '%s' csv`, name, table.file))
	}
	return timed(t.pg.PSQL(t.database, sql...))
}

func (t *trip) copyDuckDB() result {
	sql := []string{"create schema livechat"}
	for name, table := range t.rows {
		sql = append(sql, table.create(duckdb, name), fmt.Sprintf("copy livechat.%s from '%s' (format csv, header false)", name, table.file))
	}
	return timed(t.duckdb("for sql in sys.argv[2:]: db.execute(sql)", sql...))
}
