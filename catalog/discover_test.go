package catalog

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// sameSchema compares schemas by all that a catalog can hold, text and order too.
var sameSchema = cmp.Options{cmp.AllowUnexported(Schema{}), cmpopts.IgnoreFields(Schema{}, "JSON")}

func write(t *testing.T, c *Catalog) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := c.Write(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestDiscoverGolden(t *testing.T) {
	for golden, c := range map[string]*Catalog{
		"../testdata/catalog/discover.json":    DiscoverAll(),
		"../testdata/catalog/discover-v3.json": Discover(V3),
	} {
		got := write(t, c)
		if *update {
			if err := os.WriteFile(golden, got, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(golden)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got, want) {
			t.Errorf("discovery changed; if that is meant, run the test with -update (-want +got):\n%s",
				cmp.Diff(strings.Split(string(want), "\n"), strings.Split(string(got), "\n")))
		}
		for line := range bytes.Lines(got) {
			if len(line) > 4096 {
				t.Errorf("a line of %d bytes: Meltano reads 64 KiB at most", len(line))
			}
		}
	}
}

func TestDiscoveredCatalogSelectsEverything(t *testing.T) {
	c, err := Read(bytes.NewReader(write(t, Discover(V2))))
	if err != nil {
		t.Fatal(err)
	}
	got, warnings, err := c.Select(V2)
	if err != nil || warnings != nil {
		t.Fatalf("error %v, warnings %q", err, warnings)
	}
	if diff := cmp.Diff(Default(V2), got, sameSchema); diff != "" {
		t.Errorf("(-default +selected):\n%s", diff)
	}
}

// Meltano marks what has no metadata as automatic, which nobody can deselect.
func TestDiscoverDescribesEveryProperty(t *testing.T) {
	for _, e := range Discover(V2).Streams {
		described := map[string]string{}
		for _, m := range e.Metadata {
			described[breadcrumb(m.Breadcrumb).key()] = m.Marks.Inclusion
		}
		var visit func(*Schema, breadcrumb)
		visit = func(object *Schema, at breadcrumb) {
			for _, p := range object.Properties {
				here := at.child("properties", p.Name)
				want := available
				if len(at) == 0 && (p.Name == e.ReplicationKey || strings.Contains(" "+strings.Join(e.KeyProperties, " ")+" ", " "+p.Name+" ")) {
					want = automatic
				}
				if got := described[here.key()]; got != want {
					t.Errorf("%s %s: inclusion %q, want %q", e.ID, here, got, want)
				}
				visit(p.Schema, here)
			}
		}
		visit(e.Schema, nil)
	}
}

// Every stream has its keys and replication key in its schema, keys without null.
func TestTableMatchesSchemas(t *testing.T) {
	var names []string
	for _, s := range Streams() {
		names = append(names, s.Name)
		own := s.schema(V2)
		for _, key := range s.Keys {
			if types := own.Property(key).Types; len(types) != 1 || types[0] != "string" && types[0] != "integer" {
				t.Errorf("%s.%s, a key, has types %v", s.Name, key, types)
			}
		}
		for _, p := range own.Properties {
			if !slices.Contains(s.Keys, p.Name) && !slices.Contains(p.Schema.Types, "null") {
				t.Errorf("%s.%s is no key and cannot be null", s.Name, p.Name)
			}
		}
		switch p := own.Property(s.ReplicationKey); {
		case s.ReplicationKey == "":
		case p == nil, (p.Format == "date-time") == (s.Group == Reports): // a report speaks of days
			t.Errorf("%s.%s cannot be its replication key", s.Name, s.ReplicationKey)
		}
		if s.Parent != "" && !known(s.Parent) {
			t.Errorf("%s has the parent %q, which is no stream", s.Name, s.Parent)
		}
	}
	slices.Sort(names)
	files, err := filepath.Glob("../schemas/*.json")
	if err != nil {
		t.Fatal(err)
	}
	var schemas []string
	for _, f := range files {
		if name := strings.TrimSuffix(filepath.Base(f), ".json"); name != "config" {
			schemas = append(schemas, name)
		}
	}
	if diff := cmp.Diff(schemas, names); diff != "" {
		t.Errorf("streams with a schema (-schemas +table):\n%s", diff)
	}
}
