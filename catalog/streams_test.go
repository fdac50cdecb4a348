package catalog

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// withTable replaces the table of streams while a test runs.
func withTable(t *testing.T, rows ...Stream) {
	before := table
	t.Cleanup(func() { table = before })
	table = rows
}

// madeUp is a stream that is read in full: its schema is one that there is.
var madeUp = Stream{Name: "events", Keys: []string{"event_id"}, Group: ReferenceData}

func TestStreamWithoutAReplicationKey(t *testing.T) {
	withTable(t, table[0], madeUp)
	for _, test := range []struct {
		name     string
		catalog  *Catalog
		ids      string
		selected bool
	}{
		{"nobody asks for it", Discover(V2), "chats", true},
		{"somebody asks for another group", Discover(V3, Reports), "chats", true},
		{"somebody asks for it", Discover(V2, ReferenceData), "chats events", true},
		{"nothing is known", DiscoverAll(), "chats events", false},
	} {
		t.Run(test.name, func(t *testing.T) {
			var ids []string
			for _, e := range test.catalog.Streams {
				ids = append(ids, e.ID)
			}
			if got := strings.Join(ids, " "); got != test.ids {
				t.Fatalf("streams %s, want %s", got, test.ids)
			}
			if len(ids) < 2 {
				return
			}
			var got struct{ Streams []map[string]json.RawMessage }
			if err := json.Unmarshal(write(t, test.catalog), &got); err != nil {
				t.Fatal(err)
			}
			entry := got.Streams[1]
			var metadata []struct{ Metadata map[string]any }
			if err := json.Unmarshal(entry["metadata"], &metadata); err != nil {
				t.Fatal(err)
			}
			want := map[string]any{"inclusion": "available", "selected-by-default": test.selected,
				"table-key-properties": []any{"event_id"}, "forced-replication-method": "FULL_TABLE", "tap-livechat.api_version": "2"}
			if diff := cmp.Diff(want, metadata[0].Metadata); diff != "" {
				t.Errorf("metadata (-want +got):\n%s", diff)
			}
			if key, ok := entry["replication_key"]; ok || string(entry["replication_method"]) != `"FULL_TABLE"` {
				t.Errorf("replication key %s, method %s", key, entry["replication_method"])
			}
			c, err := Read(bytes.NewReader(write(t, test.catalog)))
			if err != nil {
				t.Fatal(err)
			}
			selection, warnings, err := c.Select(V2)
			if err != nil || warnings != nil {
				t.Fatal(err, warnings)
			}
			if last := selection.Streams[len(selection.Streams)-1]; test.selected && (last.Name != "events" || !last.FullTable || last.ReplicationKey != "") {
				t.Errorf("selected %+v", last.Stream)
			} else if !test.selected && last.Name == "events" {
				t.Error("it is selected, though nobody asked for it")
			}
		})
	}
}

// Without a catalog there is what a user asks for, and a catalog is obeyed
// whatever the user asks for.
func TestGroupsOfStreams(t *testing.T) {
	withTable(t, table[0], madeUp)
	if got := picked(Default(V2)); len(got) != 1 {
		t.Errorf("selected %v", got)
	}
	if got := picked(Default(V2, ReferenceData)); !strings.HasPrefix(got["events"], "FULL event_id ") {
		t.Errorf("selected %v", got)
	}
	c, err := Read(strings.NewReader(`{"streams":[{"stream":"events","replication_method":"INCREMENTAL","replication_key":"date","metadata":[{"breadcrumb":[],"metadata":{"selected":true}}]}]}`))
	if err != nil {
		t.Fatal(err)
	}
	selection, warnings, err := c.Select(V2)
	if err != nil || picked(selection)["events"] != "FULL "+strings.TrimPrefix(everythingOf(madeUp), " ") {
		t.Errorf("selected %v, error %v", picked(selection), err)
	}
	want := []string{`the catalog's replication method of events, INCREMENTAL, is ignored: the stream is read in full each time`,
		`the catalog's replication key of events, "date", is ignored: the stream is read in full each time`}
	if diff := cmp.Diff(want, warnings); diff != "" {
		t.Errorf("warnings (-want +got):\n%s", diff)
	}
}

func everythingOf(s Stream) string { return strings.Join(fieldsOf(s.schema(V2)), " ") }

// A property of one API only is for no other, and nobody sees how that is said.
func TestPropertiesOfOneAPI(t *testing.T) {
	s, err := ParseSchema([]byte(`{"type":"object","properties":{"a":{"type":"string","json":true},"b":{"api":"3","type":"string"},` +
		`"c":{"type":"object","properties":{"d":{"type":"string","api":"2"},"e":{"type":"array","items":{"type":"object","properties":{"f":{"api":"3"},"g":{}}}}}}}}`))
	if err != nil {
		t.Fatal(err)
	}
	for api, want := range map[string]string{
		V2: `{"type":"object","properties":{"a":{"type":"string"},"c":{"type":"object","properties":{"d":{"type":"string"},"e":{"type":"array","items":{"type":"object","properties":{"g":{}}}}}}}}`,
		V3: `{"type":"object","properties":{"a":{"type":"string"},"b":{"type":"string"},"c":{"type":"object","properties":{"e":{"type":"array","items":{"type":"object","properties":{"f":{},"g":{}}}}}}}}`,
	} {
		own := s.forAPI(api)
		if got := string(own.AppendJSON(nil)); got != want {
			t.Errorf("API %s:\n got %s\nwant %s", api, got, want)
		}
		if !own.Property("a").JSON || own.Property("c").JSON {
			t.Errorf("API %s: what holds JSON is not known", api)
		}
	}
}
