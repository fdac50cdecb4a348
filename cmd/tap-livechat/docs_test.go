package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"

	gocmp "github.com/google/go-cmp/cmp"

	"tap-livechat/catalog"
	"tap-livechat/schemas"
	"tap-livechat/tap/about"
	"tap-livechat/tap/livechat"
	"tap-livechat/tap/livechat/apiv2"
	"tap-livechat/tap/livechat/apiv3"
	"tap-livechat/tap/sandbox"
)

// TestDocs holds the tables of the documentation to the schemas and switches
// they are made of. `make docs` writes them anew.
func TestDocs(t *testing.T) {
	for _, doc := range []struct {
		file  string
		parts map[string]string
	}{
		{"../../README.md", map[string]string{"settings": about.SettingsTable()}},
		{"../../docs/streams.md", map[string]string{
			"streams": streamsTable(), "chats": fieldsTable(t, "chats"), "messages": fieldsTable(t, "messages"), "events": fieldsTable(t, "events"),
			"lists": groupFields(t, catalog.ReferenceData), "reports": groupFields(t, catalog.Reports),
		}},
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

// streamsTable says of each stream what it is, what it needs and what it costs.
func streamsTable() string {
	var b strings.Builder
	b.WriteString("| Stream | Key | Replication key | API | Scope | Requests | One record is |\n|---|---|---|---|---|---|---|\n")
	apis, costs := make(map[string]string), make(map[string]string)
	for _, l := range slices.Concat(apiv3.Lists(), apiv2.Lists()) {
		apis[l.Stream], costs[l.Stream] = "v3.6", cost(l)
		if l.Version != "3.6" {
			apis[l.Stream] = "v2"
		}
	}
	for _, s := range catalog.Streams() {
		replication := "none: read whole"
		if s.ReplicationKey != "" {
			replication = "`" + s.ReplicationKey + "`"
		}
		fmt.Fprintf(&b, "| `%s` | `%s` | %s | %s | %s | %s | %s |\n", s.Name, strings.Join(s.Keys, "`, `"), replication,
			cmp.Or(apis[s.Name], "v2 or v3.6"), cmp.Or(s.Scope, "none"), cmp.Or(costs[s.Name], "one per 25 chats (v2), 100 (v3.6), for all three"), s.Description)
	}
	return b.String()
}

// cost is how many requests a list takes.
func cost(l livechat.List) string {
	switch {
	case l.Stream == "canned_responses":
		return "one, and one per group"
	case l.Stream == "goals":
		return "one, and one per goal"
	case l.Days == livechat.ByDay:
		return "one per day"
	case l.Pages != "":
		return "one per page, and at least one per 366 days"
	case l.Days == livechat.BySpan:
		return "one per 366 days"
	case l.Cursor != "":
		return "one per 100"
	}
	return "one"
}

// groupFields are the tables of fields of all streams of a group.
func groupFields(t *testing.T, group string) string {
	var b strings.Builder
	for _, s := range catalog.Streams() {
		if s.Group == group {
			fmt.Fprintf(&b, "### %s\n\n%s\n", s.Name, fieldsTable(t, s.Name))
		}
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

// The pages that people read, beside the generated parts.
var pages = []string{"README.md", "CHANGELOG.md", "docs/*.md", "examples/*/README.md"}

// link is one to a file; placeholder stands for any name in a path.
var (
	link        = regexp.MustCompile(`\]\(([^):#]*)(#[^)]*)?\)`)
	heading     = regexp.MustCompile(`(?m)^#+ (.*)$`)
	path        = regexp.MustCompile("`([a-z0-9_.-]+/[a-zA-Z0-9_./<>-]*)`")
	placeholder = regexp.MustCompile(`<[^>]*>`)
	packageLine = regexp.MustCompile(`(?m)^ *([a-z0-9/-]+)   *\S`)
)

// TestDocsLinks follows every link to a file, with its anchor, and looks for the
// files and packages that Contribute names.
func TestDocsLinks(t *testing.T) {
	n := 0
	for _, pattern := range pages {
		files, err := filepath.Glob("../../" + pattern)
		if err != nil || len(files) == 0 {
			t.Fatalf("%s: %v", pattern, err)
		}
		for _, file := range files {
			for _, m := range link.FindAllStringSubmatch(readDoc(t, file), -1) {
				n++
				target := filepath.Join(filepath.Dir(file), m[1])
				if m[1] == "" {
					target = file
				}
				if _, err := os.Stat(target); err != nil {
					t.Errorf("%s: %v", file, err)
				} else if m[2] != "" && !slices.Contains(anchors(readDoc(t, target)), m[2]) {
					t.Errorf("%s: %s has no %s", file, m[1], m[2])
				}
			}
		}
	}
	_, contribute, ok := strings.Cut(readDoc(t, "../../README.md"), "## Contribute\n")
	if !ok || n == 0 {
		t.Fatalf("%d links, Contribute: %t", n, ok)
	}
	named := path.FindAllStringSubmatch(contribute, -1)
	_, tree, _ := strings.Cut(contribute, "```\n")
	tree, _, _ = strings.Cut(tree, "```")
	packages := packageLine.FindAllStringSubmatch(tree, -1)
	if len(named) < 10 || len(packages) < 10 {
		t.Fatalf("%d files and %d packages are named", len(named), len(packages))
	}
	for _, m := range slices.Concat(named, packages) {
		if found, err := filepath.Glob("../../" + placeholder.ReplaceAllString(m[1], "*")); err != nil || len(found) == 0 {
			t.Errorf("README.md names %s, which is not there", m[1])
		}
	}
}

func readDoc(t *testing.T, file string) string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// anchors are what links can name, as GitHub makes them of headings.
func anchors(text string) (all []string) {
	for _, m := range heading.FindAllStringSubmatch(text, -1) {
		name := strings.Map(func(r rune) rune {
			switch {
			case r == ' ':
				return '-'
			case r == '-' || r == '_' || unicode.IsLetter(r) || unicode.IsDigit(r):
				return unicode.ToLower(r)
			}
			return -1
		}, m[1])
		all = append(all, "#"+name)
	}
	return all
}

// TestReadmeTranscript runs what stands first in the README. Numbers and times
// differ from day to day; … stands for what is left out.
func TestReadmeTranscript(t *testing.T) {
	_, transcript, _ := strings.Cut(readDoc(t, "../../README.md"), "```console\n")
	transcript, _, _ = strings.Cut(transcript, "```")
	t.Chdir("../..")
	const command = "$ go run ./cmd/tap-livechat "
	messages, said := "", ""
	runs := 0
	for line := range strings.Lines(transcript) {
		line = strings.TrimSuffix(line, "\n")
		switch {
		case strings.HasPrefix(line, command):
			runs++
			var args []string
			for _, arg := range strings.Fields(strings.TrimPrefix(line, command)) {
				if arg == ">" || arg == "|" {
					break
				}
				if arg == "state.json" {
					arg = filepath.Join(t.TempDir(), arg)
					if err := os.WriteFile(arg, []byte(lastLine(messages)), 0o600); err != nil {
						t.Fatal(err)
					}
				}
				args = append(args, arg)
			}
			var code int
			if messages, said, code = runProgram(t.Context(), nil, args...); code != 0 {
				t.Fatalf("%s: exit code %d\n%s", line, code, said)
			}
		case strings.HasPrefix(line, "$ tail -n 1 messages.jsonl"):
			said = lastLine(messages)
		case line != "…":
			want, _, _ := strings.Cut(line, "…")
			if !strings.Contains(numbers.ReplaceAllString(said, "0"), strings.TrimSpace(numbers.ReplaceAllString(want, "0"))) {
				t.Errorf("the README has\n%s\nthe program says\n%s", line, said)
			}
		}
	}
	if runs < 2 {
		t.Errorf("%d runs", runs)
	}
}

// numbers differ from run to run.
var numbers = regexp.MustCompile(`\d+`)

func lastLine(text string) string {
	lines := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
	return lines[len(lines)-1]
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
