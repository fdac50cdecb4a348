package catalog

import (
	"bytes"
	"slices"
	"strings"
	"testing"
)

func TestReadFaults(t *testing.T) {
	for _, test := range []struct{ name, catalog, want string }{
		{"empty", "", `the catalog is an empty file`},
		{"blank", " \n", `the catalog is an empty file`},
		{"not JSON", "streams:\n  - chats", `the catalog is JSON with a mistake in line 1, column 1: a character where a value should begin`},
		{"cut off", `{"streams":[{"stream":"chats"`, `the catalog is JSON that breaks off in line 1: a quote or bracket is not closed`},
		{"not UTF-8", "{\"streams\":\"\xff\"}", `the catalog is JSON with a mistake in line 1, column 13: a character that is not UTF-8`},
		{"a name twice", "{\"streams\":[],\n\"streams\":[]}", `the catalog is JSON with a mistake in line 2, column 1: a " that begins a name for the second time`},
		{"two catalogs", `{"streams":[]}{"streams":[]}`, `the catalog is JSON with a mistake in line 1, column 15: a { after the end`},
		{"a rest", `{"streams":[]} x`, `the catalog is JSON with a mistake in line 1, column 16: a character after the end`},
		{"a list", `[{"stream":"chats"}]`, `the catalog is a list; it must be an object with a list "streams"`},
		{"a state", `{"bookmarks":{}}`, `the catalog has no list "streams"`},
		{"streams by name", `{"streams":{"chats":{}}}`, `"streams" of the catalog is an object; it must be a list`},
		{"an entry that is none", `{"streams":["chats",{"stream":"chats"},{}]}`, `entry 1 of the catalog's streams is "chats"; it must be an object`},
		{"an entry without a name", `{"streams":["chats",{"stream":"chats"},{}]}`, `entry 3 of the catalog's streams has no "tap_stream_id"`},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := Read(strings.NewReader(test.catalog))
			if err == nil {
				t.Fatal("no error")
			}
			for _, want := range []string{test.want, discoverHint} {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("%q\ndoes not say\n%q", err, want)
				}
			}
		})
	}
}

func FuzzRead(f *testing.F) {
	ours := map[string][]string{}
	for name, fields := range picked(Default(V2)) {
		ours[name] = strings.Fields(fields)
	}
	f.Add([]byte(chats(`"replication_method":"FULL_TABLE"`, selectRoot+`,`+says(visitor, `"selected":"false"`))))
	f.Add([]byte(`{"streams":[{"stream":"chats","schema":{"properties":{"id":false,"agent_email":{"properties":{"x":{}}}},"required":["id","x"]}}]}`))
	f.Add([]byte(`{"streams":[{"stream":"events","schema":true},{"stream":"events","metadata":[{"breadcrumb":["properties","event_id"],"metadata":{"inclusion":"unsupported"}}]}]}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		c, err := Read(bytes.NewReader(text))
		if err != nil {
			return
		}
		selection, _, err := c.Select(V2)
		if err != nil {
			return
		}
		for _, s := range selection.Streams {
			for _, name := range s.automatic() {
				if s.Schema.Property(name) == nil {
					t.Errorf("%s: %s is not in the schema", s.Name, name)
				}
			}
			for _, field := range fieldsOf(s.Schema) {
				if !slices.Contains(ours[s.Name], field) {
					t.Errorf("%s: %s is in the schema, but not ours", s.Name, field)
				}
			}
			once := s.Schema.AppendJSON(nil)
			again, err := ParseSchema(once)
			if err != nil {
				t.Fatalf("%v in %s", err, once)
			}
			if twice := again.AppendJSON(nil); !bytes.Equal(once, twice) {
				t.Errorf("%s became %s", once, twice)
			}
		}
	})
}
