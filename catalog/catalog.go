package catalog

import (
	"encoding/json"
	"io"
	"slices"
)

// Values of "inclusion", for a property or a stream.
const (
	available   = "available"   // can be selected
	automatic   = "automatic"   // is always selected
	unsupported = "unsupported" // cannot be selected
)

// Replication methods.
const (
	incremental = "INCREMENTAL" // from the bookmark on
	fullTable   = "FULL_TABLE"  // from the start, each time
)

// A Catalog lists streams, with their schemas and what is selected.
type Catalog struct {
	Streams []Entry `json:"streams"`
}

// An Entry is one stream of a catalog. The order of its fields is the order in
// the JSON: Meltano visits it in that order, and gives no rules to metadata it
// has to add itself once it is past "metadata"; so "schema" stands before it.
type Entry struct {
	ID                string     `json:"tap_stream_id"`
	Name              string     `json:"stream"`
	Alias             string     `json:"stream_alias,omitempty"`
	KeyProperties     []string   `json:"key_properties"`
	ReplicationKey    string     `json:"replication_key,omitempty"`
	ReplicationMethod string     `json:"replication_method"`
	Selected          *bool      `json:"selected,omitempty"` // mirrored here by Meltano
	Schema            *Schema    `json:"schema"`
	Metadata          []Metadata `json:"metadata"`

	errs []error // from reading the entry; Select returns them
}

// Metadata is the metadata of one breadcrumb in a stream's schema.
type Metadata struct {
	Breadcrumb []string `json:"breadcrumb"`
	Marks      Marks    `json:"metadata"`
}

// Marks are the metadata keys that the tap reads. All but the first three belong to
// the stream itself.
type Marks struct {
	Inclusion               string   `json:"inclusion,omitempty"`
	Selected                *bool    `json:"selected,omitempty"`
	SelectedByDefault       *bool    `json:"selected-by-default,omitempty"`
	KeyProperties           []string `json:"table-key-properties,omitempty"`
	ViewKeyProperties       []string `json:"view-key-properties,omitempty"`
	ReplicationKeys         []string `json:"valid-replication-keys,omitempty"`
	ReplicationKey          string   `json:"replication-key,omitempty"`
	ReplicationMethod       string   `json:"replication-method,omitempty"`
	ForcedReplicationMethod string   `json:"forced-replication-method,omitempty"`
	ParentStream            string   `json:"parent-tap-stream-id,omitempty"`
	APIVersion              string   `json:"tap-livechat.api_version,omitempty"` // whose fields the schema has
}

// Discover returns the catalog of an API: the streams of chats and those of the
// given groups.
func Discover(api string, groups ...string) *Catalog {
	c := &Catalog{}
	for _, s := range streamsOf(groups) {
		s.SelectedByDefault = true // the config asks for it
		c.Streams = append(c.Streams, s.entry(api))
	}
	return c
}

// DiscoverAll returns the catalog of all streams, for discovery without a config.
func DiscoverAll() *Catalog {
	c := &Catalog{}
	for _, s := range table {
		c.Streams = append(c.Streams, s.entry(V2))
	}
	return c
}

// streamsOf returns the streams of chats and those of the given groups.
func streamsOf(groups []string) []Stream {
	return slices.DeleteFunc(Streams(), func(s Stream) bool { return s.Group != "" && !slices.Contains(groups, s.Group) })
}

// entry returns the catalog entry of the stream.
func (s Stream) entry(api string) Entry {
	own := s.schema(api)
	marks := Marks{
		Inclusion:               available,
		SelectedByDefault:       new(s.SelectedByDefault),
		KeyProperties:           s.Keys,
		ForcedReplicationMethod: fullTable,
		ParentStream:            s.Parent,
		APIVersion:              api,
	}
	method := fullTable
	if s.ReplicationKey != "" {
		method, marks.ReplicationKeys, marks.ForcedReplicationMethod = incremental, []string{s.ReplicationKey}, ""
	}
	return Entry{
		ID:                s.Name,
		Name:              s.Name,
		KeyProperties:     s.Keys,
		ReplicationKey:    s.ReplicationKey,
		ReplicationMethod: method,
		Schema:            own,
		Metadata:          s.addMetadata([]Metadata{{Breadcrumb: []string{}, Marks: marks}}, own, nil),
	}
}

// addMetadata appends metadata for every property of an object and of the objects in
// it. Meltano marks properties without metadata as automatic, and nobody can deselect
// those. Properties of array elements get none: Meltano deselects every property that
// has metadata before it applies its rules, and a rule that selects an array would
// not reach them.
func (s Stream) addMetadata(all []Metadata, object *Schema, at breadcrumb) []Metadata {
	for _, p := range object.Properties {
		here := at.child("properties", p.Name)
		marks := Marks{Inclusion: available}
		if s.isAutomatic(here) {
			marks.Inclusion = automatic
		}
		all = append(all, Metadata{here, marks})
		all = s.addMetadata(all, p.Schema, here)
	}
	return all
}

// Write writes the catalog as indented JSON, the same bytes each time. It is
// indented because Meltano cannot read a line of more than 64 KiB.
func (c *Catalog) Write(w io.Writer) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(c)
}
