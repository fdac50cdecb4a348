package main

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// A transcript is one file of testdata/cli: what the program writes when it is
// run like this, in cases about one topic. The file is a text archive, as the
// package golang.org/x/tools/txtar defines them: a comment, then sections, each
// with a name. There are these sections:
//
//	<case>/run     how the case is run, see parseRun
//	<case>/<file>  a file in the folder in which it is run
//	<case>/stdout  what it has to write; no section: nothing
//	<case>/stderr
//	<file>         a file for every case that has none of that name
//
// A file that no text can show (a byte order mark, no line break at the end)
// has the name <file>.quoted and holds quoted Go strings, one a line.
type transcript struct {
	path     string
	comment  string
	sections []section
	cases    []*transcriptCase
}

type section struct{ name, text string }

type transcriptCase struct {
	name           string // <topic>/<case>
	environ, args  []string
	files          map[string]string
	stdout, stderr string
	stdoutAs       string // the case that has the same standard output
	exit           int
}

// readTranscripts reads all of them.
func readTranscripts(t *testing.T) []*transcript {
	t.Helper()
	paths, err := filepath.Glob("../../testdata/cli/*.txtar")
	if err != nil || len(paths) == 0 {
		t.Fatalf("no transcripts were found: %v", err)
	}
	var all []*transcript
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, parseTranscript(t, path, string(text)))
	}
	return all
}

func parseTranscript(t *testing.T, path, text string) *transcript {
	t.Helper()
	tr := &transcript{path: path}
	tr.comment, tr.sections = parseArchive(text)
	if formatArchive(tr.comment, tr.sections) != text {
		t.Fatalf("%s does not end with a line break", path)
	}
	topic := strings.TrimSuffix(filepath.Base(path), ".txtar")
	shared := make(map[string]string)
	var current *transcriptCase
	for _, s := range tr.sections {
		name, file, ofCase := strings.Cut(s.name, "/")
		switch {
		case !ofCase && current == nil:
			addFile(t, shared, s.name, s.text)
		case !ofCase:
			t.Fatalf("%s: the file %s for all cases stands after the first case", path, s.name)
		case file == "run":
			current = &transcriptCase{name: topic + "/" + name, files: make(map[string]string)}
			current.parseRun(t, s.text)
			tr.cases = append(tr.cases, current)
		case current == nil || current.name != topic+"/"+name:
			t.Fatalf("%s: %s does not stand under %s/run", path, s.name, name)
		case file == "stdout":
			current.stdout = s.text
		case file == "stderr":
			current.stderr = s.text
		default:
			addFile(t, current.files, file, s.text)
		}
	}
	seen := make(map[string]bool)
	for _, c := range tr.cases {
		if seen[c.name] {
			t.Fatalf("there are two cases %s", c.name)
		}
		seen[c.name] = true
		for file, text := range shared {
			if _, own := c.files[file]; !own {
				c.files[file] = text
			}
		}
	}
	if len(tr.cases) == 0 {
		t.Fatalf("%s has no case", path)
	}
	return tr
}

func addFile(t *testing.T, files map[string]string, name, text string) {
	t.Helper()
	if plain, quoted := strings.CutSuffix(name, ".quoted"); quoted {
		name = plain
		var b strings.Builder
		for line := range strings.Lines(text) {
			part, err := strconv.Unquote(strings.TrimSpace(line))
			if err != nil {
				t.Fatalf("%s: %s is not a quoted Go string", name, line)
			}
			b.WriteString(part)
		}
		text = b.String()
	}
	if _, twice := files[name]; twice {
		t.Fatalf("there are two files %s", name)
	}
	files[name] = text
}

var variable = regexp.MustCompile(`^[A-Z_]+=`)

// parseRun reads how a case is run:
//
//	# what it shows
//	NAME=value                   a variable of the environment
//	$ tap-livechat --flag '' …   the command; '' is an empty argument
//	stdout as <topic>/<case>     instead of a section: what that case writes
//	exit 2
func (c *transcriptCase) parseRun(t *testing.T, text string) {
	t.Helper()
	var comment, command, exit bool
	for line := range strings.Lines(text) {
		line = strings.TrimSuffix(line, "\n")
		if variable.MatchString(line) {
			c.environ = append(c.environ, line)
		} else if args, ok := strings.CutPrefix(line, "$ tap-livechat"); ok && !command {
			command = true
			for _, arg := range strings.Fields(args) {
				c.args = append(c.args, strings.TrimSuffix(arg, "''"))
			}
		} else if other, ok := strings.CutPrefix(line, "stdout as "); ok {
			c.stdoutAs = other
		} else if code, err := strconv.Atoi(strings.TrimPrefix(line, "exit ")); err == nil && !exit {
			c.exit, exit = code, true
		} else if strings.HasPrefix(line, "# ") {
			comment = true
		} else {
			t.Fatalf("%s/run: %q is not understood", c.name, line)
		}
	}
	if !comment || !command || !exit {
		t.Fatalf("%s/run wants a comment, a command and an exit code", c.name)
	}
}

var exitLine = regexp.MustCompile(`(?m)^exit .*$`)

// write writes the transcript anew with what its cases hold now.
func (tr *transcript) write(t *testing.T) {
	t.Helper()
	var out []section
	var current *transcriptCase
	output := func() {
		if current != nil && current.stdout != "" && current.stdoutAs == "" {
			out = append(out, section{caseName(current) + "/stdout", current.stdout})
		}
		if current != nil && current.stderr != "" {
			out = append(out, section{caseName(current) + "/stderr", current.stderr})
		}
	}
	cases := tr.cases
	for _, s := range tr.sections {
		switch _, file, _ := strings.Cut(s.name, "/"); file {
		case "stdout", "stderr":
			continue
		case "run":
			output()
			current, cases = cases[0], cases[1:]
			s.text = exitLine.ReplaceAllString(s.text, "exit "+strconv.Itoa(current.exit))
		}
		out = append(out, s)
	}
	output()
	text := formatArchive(tr.comment, out)
	if _, back := parseArchive(text); !slices.Equal(back, out) {
		t.Fatalf("%s: a file or an output has a line like that of a section, or no line break at its end", tr.path)
	}
	writeFile(t, tr.path, text)
}

func caseName(c *transcriptCase) string {
	_, name, _ := strings.Cut(c.name, "/")
	return name
}

// parseArchive is txtar's Parse: its module is large, and this is all of it.
func parseArchive(text string) (comment string, sections []section) {
	for line := range strings.Lines(text) {
		name, opens := strings.CutPrefix(line, "-- ")
		name, closes := strings.CutSuffix(strings.TrimSpace(name), " --")
		if opens && closes {
			sections = append(sections, section{name: name})
		} else if n := len(sections); n > 0 {
			sections[n-1].text += line
		} else {
			comment += line
		}
	}
	return comment, sections
}

func formatArchive(comment string, sections []section) string {
	var b strings.Builder
	b.WriteString(comment)
	for _, s := range sections {
		b.WriteString("-- " + s.name + " --\n" + s.text)
		if s.text != "" && !strings.HasSuffix(s.text, "\n") {
			b.WriteString("\n")
		}
	}
	return b.String()
}
