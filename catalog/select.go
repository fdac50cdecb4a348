package catalog

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// A Selection is what a run is to deliver: the selected streams, in the order
// of [Streams]. It may be empty.
type Selection struct {
	Streams []Selected
}

// Selected is one stream of a selection.
type Selected struct {
	Stream
	Schema    *Schema // of the fields wanted; the keys and the replication key are always among them
	Whole     *Schema // of all fields that the API has
	FullTable bool    // read from the start and leave the bookmark alone
	Target    string  // what messages call the stream; bookmarks, logs and metrics call it by its name
}

// Default is the selection of a run without a catalog: everything that is made
// of chats, and the groups of streams that the user asks for.
func Default(api string, groups ...string) Selection {
	var all Selection
	for _, s := range wanted(groups) {
		own := s.schema(api)
		all.Streams = append(all.Streams, Selected{Stream: s, Schema: own, Whole: own, FullTable: s.ReplicationKey == "", Target: s.Name})
	}
	return all
}

// Select reads the selection for a user of an API out of the catalog.
//
// A stream that the catalog does not list is not selected. Of a stream it does
// list, the metadata decides: "inclusion" if that is automatic or unsupported,
// else "selected", else "selected-by-default"; a stream of which nothing is
// said is not selected, a property goes with what it is part of. Without any
// metadata everything is selected. Keys and the replication key always are.
//
// The catalog's schema replaces ours, so types can be overridden, but it cannot
// add properties. Messages call the stream by its "stream_alias", else by
// "stream". The warnings name what was passed over, each once; the error
// names everything that cannot be honoured.
func (c *Catalog) Select(api string) (Selection, []string, error) {
	p := picker{api: api}
	listed := map[string]*Entry{}
	for i := range c.Streams {
		e := &c.Streams[i]
		switch {
		case !known(e.ID):
			p.warn("the catalog's stream %q is not one of this tap's; it is ignored", e.ID)
		case listed[e.ID] != nil:
			p.fail("stream %s is in the catalog more than once; keep one entry", e.ID)
		default:
			listed[e.ID] = e
		}
	}
	var selection Selection
	for _, s := range Streams() {
		e := listed[s.Name]
		if e == nil {
			continue
		}
		p.faults = append(p.faults, e.faults...)
		selected, ok := p.pick(s, e)
		if !ok {
			continue
		}
		for _, other := range selection.Streams {
			if other.Target == selected.Target {
				p.fail("streams %s and %s are both called %q in the catalog; give one of them another name", other.Name, s.Name, selected.Target)
			}
		}
		selection.Streams = append(selection.Streams, selected)
	}
	if err := errors.Join(p.faults...); err != nil {
		return Selection{}, p.warnings, err
	}
	return selection, p.warnings, nil
}

// A picker picks what is selected, stream by stream.
type picker struct {
	api      string
	warnings []string
	faults   []error

	stream Stream           // the stream at hand
	marks  map[string]Marks // its metadata, by breadcrumb
}

func (p *picker) warn(format string, args ...any) {
	if text := fmt.Sprintf(format, args...); !slices.Contains(p.warnings, text) {
		p.warnings = append(p.warnings, text)
	}
}

func (p *picker) fail(format string, args ...any) {
	p.faults = append(p.faults, fmt.Errorf(format, args...))
}

// pick makes the selection of one stream; false if it is not selected.
func (p *picker) pick(s Stream, e *Entry) (Selected, bool) {
	p.stream, p.marks = s, map[string]Marks{}
	for _, m := range e.Metadata {
		p.marks[breadcrumb(m.Breadcrumb).key()] = m.Marks // the last one counts, as in singer-python
	}
	root := p.marks[breadcrumb(nil).key()]
	if !e.selected(root) {
		return Selected{}, false
	}
	p.checkKeys(e.KeyProperties)
	p.checkKeys(root.KeyProperties)
	p.checkKeys(root.ViewKeyProperties)
	full := p.fullTable(e, root)
	if !full || s.ReplicationKey == "" {
		p.checkReplicationKey(e.ReplicationKey)
		p.checkReplicationKey(root.ReplicationKey)
	}
	whole := s.schema(p.api)
	return Selected{s, p.schema(e, whole), whole, full, cmp.Or(e.Alias, e.Name, s.Name)}, true
}

// selected reports whether the catalog selects the stream.
func (e *Entry) selected(root Marks) bool {
	switch root.Inclusion {
	case unsupported:
		return false
	case automatic:
		return true
	}
	for _, said := range []*bool{root.Selected, e.Selected, e.Schema.mark(), root.SelectedByDefault} {
		if said != nil {
			return *said
		}
	}
	return len(e.Metadata) == 0
}

func (p *picker) checkKeys(keys []string) {
	if len(keys) == 0 {
		return
	}
	theirs, ours := slices.Sorted(slices.Values(keys)), slices.Sorted(slices.Values(p.stream.Keys))
	if !slices.Equal(theirs, ours) {
		p.warn("the catalog's key properties of %s, %s, are ignored; the key is %s",
			p.stream.Name, breadcrumb(keys), breadcrumb(p.stream.Keys))
	}
}

func (p *picker) checkReplicationKey(key string) {
	if key != "" && p.stream.ReplicationKey == "" {
		p.warn("the catalog's replication key of %s, %q, is ignored: the stream is read in full each time", p.stream.Name, key)
	} else if key != "" && key != p.stream.ReplicationKey {
		p.fail("stream %s: %q cannot be its replication key; use %s, or the replication method %s",
			p.stream.Name, key, p.stream.ReplicationKey, fullTable)
	}
}

// fullTable reads the replication method. The entry's own wins over the
// metadata's, unless it is INCREMENTAL: discovery writes that, so it is nobody's
// choice.
func (p *picker) fullTable(e *Entry, root Marks) bool {
	if p.stream.ReplicationKey == "" { // nothing else is to be had
		for _, method := range []string{e.ReplicationMethod, root.ReplicationMethod, root.ForcedReplicationMethod} {
			if method != "" && !strings.EqualFold(method, fullTable) {
				p.warn("the catalog's replication method of %s, %s, is ignored: the stream is read in full each time", p.stream.Name, method)
			}
		}
		return true
	}
	method := e.ReplicationMethod
	if strings.EqualFold(method, incremental) && root.ReplicationMethod != "" {
		method = root.ReplicationMethod
	}
	for _, next := range []string{root.ReplicationMethod, root.ForcedReplicationMethod, incremental} {
		if method == "" {
			method = next
		}
	}
	switch strings.ToUpper(method) {
	case incremental:
		return false
	case fullTable:
		return true
	}
	p.fail("stream %s: the replication method %q is not offered; use %s or %s",
		p.stream.Name, method, incremental, fullTable)
	return false
}

// schema is the schema of what is selected of the stream.
func (p *picker) schema(e *Entry, ours *Schema) *Schema {
	for _, m := range e.Metadata {
		p.checkBreadcrumb(ours, m.Breadcrumb)
	}
	theirs := e.Schema
	if theirs == nil || len(theirs.Properties) == 0 {
		theirs = ours // the metadata alone says what is wanted
	}
	wanted := p.properties(theirs, ours, nil)
	var missing []Property
	for _, name := range p.stream.automatic() {
		if !slices.ContainsFunc(wanted, func(w Property) bool { return w.Name == name }) {
			missing = append(missing, Property{name, ours.Property(name)})
		}
	}
	return theirs.with(append(missing, wanted...), theirs.Items)
}

// properties picks those of an object's properties that are wanted.
func (p *picker) properties(theirs, ours *Schema, at breadcrumb) []Property {
	var wanted []Property
	for _, property := range theirs.Properties {
		here := at.child("properties", property.Name)
		own := ours.Property(property.Name)
		if own == nil {
			p.unknown(here)
			continue
		}
		if !p.wanted(here, property.Schema) {
			continue
		}
		if schema := p.filter(property.Schema, own, here); schema != nil {
			wanted = append(wanted, Property{property.Name, schema})
		}
	}
	return wanted
}

// filter takes out of a property's schema what is not wanted inside of it. If
// it described parts and none of them is left, it returns nil: an object
// without properties would mean an object with any.
func (p *picker) filter(theirs, ours *Schema, at breadcrumb) *Schema {
	properties := p.properties(theirs, ours, at)
	if len(properties) == 0 && len(theirs.Properties) > 0 {
		// Easily done: Meltano's "chats.visitor" selects the visitor, but
		// nothing in it; that takes "chats.visitor.*".
		p.warn("stream %s: nothing in %s is selected, so it is left out; in Meltano, select what is in it with a final .*",
			p.stream.Name, at)
		return nil
	}
	items := theirs.Items
	if items != nil && ours.Items != nil {
		here := at.child("items")
		if !p.wanted(here, items) {
			return nil
		}
		if items = p.filter(items, ours.Items, here); items == nil {
			return nil
		}
	}
	return theirs.with(properties, items)
}

// wanted reports whether a place is selected, given that what it is part of is.
func (p *picker) wanted(at breadcrumb, schema *Schema) bool {
	if p.stream.always(at) {
		return true
	}
	marks := p.marks[at.key()]
	inclusion := marks.Inclusion
	if inclusion == "" {
		inclusion = schema.inclusion
	}
	switch inclusion {
	case unsupported:
		return false
	case automatic:
		return true
	}
	for _, said := range []*bool{marks.Selected, schema.mark(), marks.SelectedByDefault} {
		if said != nil {
			return *said
		}
	}
	return true
}

// checkBreadcrumb warns if a breadcrumb leads nowhere in our schema.
func (p *picker) checkBreadcrumb(ours *Schema, at breadcrumb) {
	place := ours
	for i := 0; i < len(at); i++ {
		switch {
		case at[i] == "items":
			place = place.Items
		case at[i] == "properties" && i+1 < len(at):
			i++
			place = place.Property(at[i])
		default:
			place = nil
		}
		if place == nil {
			p.unknown(at[:min(i+1, len(at))])
			return
		}
	}
}

func (p *picker) unknown(at breadcrumb) {
	p.warn("stream %s has no property %s; what the catalog says of it is ignored", p.stream.Name, at)
}
