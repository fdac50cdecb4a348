package main

import (
	"encoding/json"
	"errors"
	"go/parser"
	"go/token"
	"io"
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

// arrows are what each package of ours may import of ours. A package that is
// not here is a decision to make.
var arrows = map[string][]string{
	"cmd/tap-livechat": {"catalog", "tap", "tap/config", "tap/livechat", "tap/sandbox"},
	"tap":              {"catalog", "schemas", "tap/config", "tap/jsondoc", "tap/livechat", "tap/userjson"},
	"tap/livechat":     {"tap/jsondoc"},
	"tap/jsondoc":      {},
	"tap/source":       {"tap/jsondoc"},
	"tap/config":       {"schemas", "tap/userjson"},
	"tap/sandbox":      {},
	"tap/userjson":     {},
	"catalog":          {"schemas", "tap/userjson"},
	"schemas":          {},
}

// thirdParty says which package may know which module.
var thirdParty = map[string][]string{
	"github.com/urfave/cli/v2":                 {"cmd/tap-livechat"},
	"github.com/joho/godotenv":                 {"cmd/tap-livechat"},
	"github.com/schollz/progressbar/v3":        {"cmd/tap-livechat"},
	"golang.org/x/term":                        {"cmd/tap-livechat"},
	"github.com/santhosh-tekuri/jsonschema/v5": {"schemas"},
	"github.com/cenkalti/backoff/v5":           {"tap/livechat"},
	"github.com/go-json-experiment/json":       {"catalog", "tap/jsondoc", "tap/livechat", "tap/userjson"},
}

// testOnly may be imported by tests alone.
var testOnly = []string{"testing", "testing/synctest", "net/http/httptest", "github.com/google/go-cmp/cmp"}

func TestImportArrows(t *testing.T) {
	found := make(map[string]bool)
	used := make(map[string]bool)
	for _, p := range golist(t, "./...") {
		name := strings.TrimPrefix(p.ImportPath, module+"/")
		allowed, known := arrows[name]
		found[name] = true
		// Tools and tests of their own stand above everything.
		tool := strings.HasPrefix(name, "cmd/") && name != "cmd/tap-livechat" || name == "e2e"
		if !known && !tool {
			t.Errorf("package %s has no place in the layout: add it to arrows", name)
		}
		for _, path := range p.Imports {
			ours, isOurs := strings.CutPrefix(path, module+"/")
			switch {
			case isOurs && strings.HasPrefix(ours, "cmd/"):
				t.Errorf("%s imports the command %s", name, ours)
			case isOurs && !tool && !slices.Contains(allowed, ours):
				t.Errorf("%s must not import %s", name, ours)
			case !isOurs && !tool && strings.Contains(strings.SplitN(path, "/", 2)[0], "."):
				at := -1
				modules := make([]string, 0, len(thirdParty))
				for m := range thirdParty {
					modules = append(modules, m)
				}
				at = slices.IndexFunc(modules, func(m string) bool { return path == m || strings.HasPrefix(path, m+"/") })
				if at < 0 || !slices.Contains(thirdParty[modules[at]], name) {
					t.Errorf("%s must not import %s", name, path)
				} else {
					used[modules[at]] = true
				}
			}
		}
		for _, path := range append(p.TestImports, p.XTestImports...) {
			if strings.HasPrefix(path, module+"/cmd/") {
				t.Errorf("a test of %s imports the command %s", name, path)
			}
		}
	}
	for name := range arrows {
		if !found[name] {
			t.Errorf("there is no package %s any more", name)
		}
	}
	for name := range thirdParty {
		if !used[name] {
			t.Errorf("nobody imports %s any more", name)
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
	if n < len(arrows) {
		t.Errorf("%d packages were looked at", n)
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
