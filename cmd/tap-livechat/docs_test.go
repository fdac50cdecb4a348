package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"

	"tap-livechat/catalog"
	"tap-livechat/schemas"
	"tap-livechat/tap"
	"tap-livechat/tap/sandbox"
)

// TestDocs holds the tables of the documentation to the schemas and switches
// they are made of. `make docs` writes them anew.
func TestDocs(t *testing.T) {
	for _, doc := range []struct {
		file  string
		parts map[string]string
	}{
		{"../../README.md", map[string]string{"settings": tap.SettingsTable(), "streams": streamsTable()}},
		{"../../docs/streams.md", map[string]string{"chats": fieldsTable(t, "chats"), "messages": fieldsTable(t, "messages"), "events": fieldsTable(t, "events")}},
		{"../../docs/sandbox.md", map[string]string{"switches": sandbox.Help()}},
	} {
		text, err := os.ReadFile(doc.file)
		if err != nil {
			t.Fatal(err)
		}
		want := string(text)
		for name, part := range doc.parts {
			begin, end := "<!-- generated: "+name+" -->\n", "<!-- end -->"
			before, rest, ok := strings.Cut(want, begin)
			_, after, ok2 := strings.Cut(rest, end)
			if !ok || !ok2 {
				t.Fatalf("%s has no place for %s", doc.file, name)
			}
			want = before + begin + strings.TrimSpace(part) + "\n" + end + after
		}
		if os.Getenv("UPDATE_DOCS") != "" {
			if err := os.WriteFile(doc.file, []byte(want), 0o644); err != nil {
				t.Fatal(err)
			}
			continue
		}
		if diff := gocmp.Diff(want, string(text)); diff != "" {
			t.Errorf("%s is not current; run `make docs` (-want +got):\n%s", doc.file, diff)
		}
	}
}

func streamsTable() string {
	var b strings.Builder
	b.WriteString("| Stream | Key | Replication key | One record is |\n|---|---|---|---|\n")
	for _, s := range catalog.Streams() {
		fmt.Fprintf(&b, "| `%s` | `%s` | `%s` | %s |\n", s.Name, strings.Join(s.Keys, "`, `"), s.ReplicationKey, s.Description)
	}
	return b.String()
}

// property is as much of a JSON Schema as a table of fields needs.
type property struct {
	Type        []string
	Format      string
	Description string
	API         string
	Items       *property
}

func fieldsTable(t *testing.T, stream string) string {
	schema, err := catalog.ParseSchema(schemas.Stream(stream))
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	b.WriteString("| Field | Type | API | Meaning |\n|---|---|---|---|\n")
	apis := map[string]string{"": "", catalog.V2: "v2", catalog.V3: "v3.6"}
	var walk func(prefix, api string, s *catalog.Schema)
	walk = func(prefix, api string, s *catalog.Schema) {
		for _, p := range s.Properties {
			var own property
			if err := json.Unmarshal(p.Schema.AppendJSON(nil), &own); err != nil {
				t.Fatal(err)
			}
			own.API = cmp.Or(own.API, api)
			fmt.Fprintf(&b, "| `%s%s` | %s | %s | %s |\n", prefix, p.Name, own.kind(), apis[own.API], strings.ReplaceAll(own.Description, "|", `\|`))
			walk(prefix+p.Name+".", own.API, p.Schema)
			if p.Schema.Items != nil {
				walk(prefix+p.Name+"[].", own.API, p.Schema.Items)
			}
		}
	}
	walk("", "", schema)
	return b.String()
}

func (p *property) kind() string {
	types := slices.DeleteFunc(slices.Clone(p.Type), func(t string) bool { return t == "null" })
	kind := strings.Join(types, ", ")
	if p.Format == "date-time" {
		kind = "date-time"
	}
	if p.Items != nil {
		kind = "array of " + p.Items.kind()
	}
	if !slices.Contains(p.Type, "null") {
		kind += ", never null"
	}
	return kind
}
