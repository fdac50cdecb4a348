package catalog

import (
	"encoding/json"
	"io"
	"slices"
)

// What the metadata says of a property or a stream.
const (
	available   = "available"   // may be selected
	automatic   = "automatic"   // is always selected
	unsupported = "unsupported" // never is
)

// The ways in which a stream can be read.
const (
	incremental = "INCREMENTAL" // from the bookmark on
	fullTable   = "FULL_TABLE"  // from the start, each time
)

// A Catalog lists streams, what their records look like and what of them is
// wanted.
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

	faults []error // what could not be read; Select tells of it
}

// Metadata is what a catalog says of one place in a stream's schema.
type Metadata struct {
	Breadcrumb []string `json:"breadcrumb"`
	Marks      Marks    `json:"metadata"`
}

// Marks are the statements of one piece of metadata that mean something to the
// tap. All but the first three belong to the stream itself.
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
}

// Discover returns the catalog for a user of an API who asks for some groups of
// streams: the chats and those.
func Discover(api string, groups ...string) *Catalog {
	c := &Catalog{}
	for _, s := range wanted(groups) {
		s.SelectedByDefault = true // it was asked for
		c.Streams = append(c.Streams, s.entry(api))
	}
	return c
}

// DiscoverAll returns the catalog of everything the tap can deliver, for a user
// of whom nothing is known.
func DiscoverAll() *Catalog {
	c := &Catalog{}
	for _, s := range table {
		c.Streams = append(c.Streams, s.entry(V2))
	}
	return c
}

// wanted are the streams that are made of chats, and those of some groups.
func wanted(groups []string) []Stream {
	return slices.DeleteFunc(Streams(), func(s Stream) bool { return s.Group != "" && !slices.Contains(groups, s.Group) })
}

// entry is what discovery says of the stream.
func (s Stream) entry(api string) Entry {
	own := s.schema(api)
	marks := Marks{
		Inclusion:               available,
		SelectedByDefault:       new(s.SelectedByDefault),
		KeyProperties:           s.Keys,
		ForcedReplicationMethod: fullTable,
		ParentStream:            s.Parent,
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
		Metadata:          s.describe([]Metadata{{Breadcrumb: []string{}, Marks: marks}}, own, nil),
	}
}

// describe adds metadata for every property of an object and those of objects
// within; what a catalog leaves out, Meltano marks as automatic, so that nobody
// can deselect it. Properties of array elements still stay out: Meltano
// deselects whatever metadata it finds before it applies its rules, and a rule
// that selects an array would not reach them.
func (s Stream) describe(all []Metadata, object *Schema, at breadcrumb) []Metadata {
	for _, p := range object.Properties {
		here := at.child("properties", p.Name)
		marks := Marks{Inclusion: available}
		if s.always(here) {
			marks.Inclusion = automatic
		}
		all = append(all, Metadata{here, marks})
		all = s.describe(all, p.Schema, here)
	}
	return all
}

// Write writes the catalog as JSON, indented, the same bytes each time. It has
// to be indented: Meltano cannot read a line of more than 64 KiB.
func (c *Catalog) Write(w io.Writer) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(c)
}
