package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"go/parser"
	"go/token"
	"io"
	"maps"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// goPackage is what `go list -json` says of one.
type goPackage struct {
	ImportPath   string
	Name         string
	Dir          string
	GoFiles      []string
	Imports      []string
	TestImports  []string
	XTestImports []string
	Standard     bool
	Doc          string
}

const module = "tap-livechat"

// golist runs go list in the module's root.
func golist(t *testing.T, args ...string) []goPackage {
	t.Helper()
	cmd := exec.Command("go", append([]string{"list", "-json=ImportPath,Name,Dir,GoFiles,Imports,TestImports,XTestImports,Standard,Doc"}, args...)...)
	cmd.Dir = "../.."
	out, err := cmd.Output()
	if err != nil {
		if exit, ok := errors.AsType[*exec.ExitError](err); ok {
			t.Fatalf("%v: %s", err, exit.Stderr)
		}
		t.Fatal(err)
	}
	var all []goPackage
	for d := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p goPackage
		if err := d.Decode(&p); err == io.EOF {
			return all
		} else if err != nil {
			t.Fatal(err)
		}
		all = append(all, p)
	}
}

// arrows are what each package of ours imports of ours, no more and no less: an
// arrow is a decision, and one that nobody needs any more is none.
var arrows = map[string][]string{
	"cmd/tap-livechat":      {"catalog", "tap", "tap/about", "tap/api", "tap/config", "tap/plan", "tap/sandbox", "tap/singer", "tap/source", "tap/state"},
	"tap":                   {"catalog", "tap/api", "tap/checkpoint", "tap/civil", "tap/config", "tap/livechat", "tap/record", "tap/singer", "tap/source", "tap/state"},
	"tap/about":             {"catalog", "schemas", "tap/config", "tap/userjson"},
	"tap/api":               {"catalog", "tap/config", "tap/livechat", "tap/livechat/apiv2", "tap/livechat/apiv3", "tap/source"},
	"tap/plan":              {"tap/api", "tap/checkpoint", "tap/config", "tap/livechat", "tap/source"},
	"tap/checkpoint":        {"catalog", "tap/source", "tap/state"},
	"tap/singer":            {"catalog", "tap/config", "tap/jsondoc"},
	"tap/state":             {"catalog", "tap/config", "tap/jsondoc", "tap/userjson"},
	"tap/record":            {"catalog", "tap/jsondoc", "tap/source"},
	"tap/livechat":          {"tap/civil", "tap/jsondoc", "tap/secret", "tap/source"},
	"tap/livechat/apiv2":    {"tap/jsondoc", "tap/livechat", "tap/source"},
	"tap/livechat/apiv3":    {"tap/jsondoc", "tap/livechat", "tap/source"},
	"tap/source":            {"tap/jsondoc"},
	"tap/source/sourcetest": {"tap/sandbox", "tap/sandbox/mount", "tap/source"},
	"tap/civil":             {},
	"tap/jsondoc":           {},
	"tap/config":            {"schemas", "tap/civil", "tap/secret", "tap/userjson"},
	"tap/secret":            {},
	"tap/userjson":          {},
	"tap/sandbox":           {"tap/sandbox/account"},
	"tap/sandbox/account":   {},
	"tap/sandbox/oracle":    {"tap/sandbox/account"},
	"tap/sandbox/mount":     {},
	"catalog":               {"schemas", "tap/userjson"},
	"schemas":               {},
	// Tools and tests of their own.
	"cmd/bench":   {"catalog", "e2e"},
	"cmd/package": {"tap/about", "tap/config"},
	"e2e":         {},
}

// thirdParty says which packages import which module, no more and no less.
var thirdParty = map[string][]string{
	"github.com/urfave/cli/v2":                 {"cmd/tap-livechat"},
	"github.com/schollz/progressbar/v3":        {"cmd/tap-livechat"},
	"golang.org/x/term":                        {"cmd/tap-livechat"},
	"github.com/santhosh-tekuri/jsonschema/v5": {"schemas"},
	"github.com/cenkalti/backoff/v5":           {"tap/livechat"},
	"github.com/go-json-experiment/json":       {"catalog", "tap/jsondoc", "tap/userjson"},
	"github.com/gofrs/flock":                   {"tap/singer"},
	"github.com/klauspost/compress":            {"tap/singer"},
}

// testOnly may be imported by tests alone.
var testOnly = []string{"testing", "testing/synctest", "net/http/httptest", "github.com/google/go-cmp/cmp"}

func TestImportArrows(t *testing.T) {
	ours, theirs := make(map[string][]string), make(map[string][]string)
	for _, p := range golist(t, "./...") {
		name := strings.TrimPrefix(p.ImportPath, module+"/")
		ours[name] = []string{}
		for _, path := range p.Imports {
			if of, ok := strings.CutPrefix(path, module+"/"); ok {
				ours[name] = append(ours[name], of)
			} else if root, _, _ := strings.Cut(path, "/"); strings.Contains(root, ".") {
				m := moduleOf(path)
				if !slices.Contains(theirs[m], name) { // several packages of one module
					theirs[m] = append(theirs[m], name)
				}
			}
		}
		for _, path := range slices.Concat(p.Imports, p.TestImports, p.XTestImports) {
			if strings.HasPrefix(path, module+"/cmd/") {
				t.Errorf("%s or its tests import the command %s", name, path)
			}
		}
	}
	compareTable(t, "arrows", arrows, ours)
	compareTable(t, "thirdParty", thirdParty, theirs)
}

// moduleOf is the module that a package belongs to, if thirdParty knows it.
func moduleOf(path string) string {
	for m := range thirdParty {
		if path == m || strings.HasPrefix(path, m+"/") {
			return m
		}
	}
	return path
}

// compareTable compares a table with what the code says. For each line that
// differs it prints the line that would be right, to be put into the table, or
// the code to be changed.
func compareTable(t *testing.T, name string, want, got map[string][]string) {
	t.Helper()
	for _, key := range slices.Sorted(maps.Keys(got)) {
		slices.Sort(got[key])
		if listed, known := want[key]; !known || !slices.Equal(slices.Sorted(slices.Values(listed)), got[key]) {
			line := fmt.Sprintf("%q: {%s},", key, strings.Trim(strings.ReplaceAll(fmt.Sprintf("%q", got[key]), `" "`, `", "`), "[]"))
			if known {
				t.Errorf("%s has %q: %q; the code has\n\t%s", name, key, listed, line)
			} else {
				t.Errorf("%s has no %q; the code has\n\t%s", name, key, line)
			}
		}
	}
	for key := range want {
		if _, ok := got[key]; !ok {
			t.Errorf("%s has %q: %q; the code has no such package", name, key, want[key])
		}
	}
}

// One package, one package comment: else go doc joins them in the order of the
// files' names.
func TestPackageComments(t *testing.T) {
	n := 0
	for _, p := range golist(t, "./...") {
		if len(p.GoFiles) == 0 {
			continue
		}
		n++
		var with []string
		for _, file := range p.GoFiles {
			if hasPackageComment(t, p.Dir+"/"+file) {
				with = append(with, file)
			}
		}
		if len(with) != 1 {
			t.Errorf("%s has package comments in %q, want one", p.ImportPath, with)
		}
	}
	if n == 0 {
		t.Error("no package was looked at")
	}
}

// The binary holds no test code: it would read flags of its own and be larger.
func TestNoTestCodeInTheBinary(t *testing.T) {
	deps := make(map[string]bool)
	for _, p := range golist(t, "-deps", "./cmd/tap-livechat") {
		deps[p.ImportPath] = true
	}
	if !deps["net/http"] || !deps[module+"/tap/sandbox"] {
		t.Fatal("the list of dependencies cannot be right")
	}
	for _, banned := range testOnly {
		if deps[banned] {
			t.Errorf("%s is in the binary", banned)
		}
		// If the name were wrong, the line above could not fail.
		if got := golist(t, banned); len(got) != 1 || got[0].Name == "" {
			t.Errorf("there is no package %s", banned)
		}
	}
}

func hasPackageComment(t *testing.T, path string) bool {
	t.Helper()
	f, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.PackageClauseOnly|parser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	return f.Doc != nil
}
