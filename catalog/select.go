package catalog

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// A Selection is the selected streams of a run, in the order of [Streams]. It may be
// empty.
type Selection struct {
	Streams []Selected
}

// Selected is one stream of a selection.
type Selected struct {
	Stream
	Schema    *Schema // of the selected fields; keys and the replication key are always included
	Whole     *Schema // of all fields of the API
	FullTable bool    // read from the start and leave the bookmark alone
	Target    string  // name of the stream in messages; bookmarks, logs and metrics use Name
}

// Default returns the selection of a run without a catalog: the streams of chats and
// those of the given groups.
func Default(api string, groups ...string) Selection {
	var all Selection
	for _, s := range streamsOf(groups) {
		own := s.schema(api)
		all.Streams = append(all.Streams, Selected{Stream: s, Schema: own, Whole: own, FullTable: s.ReplicationKey == "", Target: s.Name})
	}
	return all
}

// Select returns the selection that the catalog makes for an API.
//
// A stream that the catalog does not list is not selected. For a listed stream, the
// metadata decides: "inclusion" if it is automatic or unsupported, else "selected",
// else "selected-by-default". A stream without these is not selected; a property
// without these is selected if the object it is part of is. A stream without any
// metadata is selected with all properties. Keys and the replication key are always
// selected.
//
// The catalog's schema replaces the tap's, so it can override types. It cannot add
// properties. The stream's name in messages is "stream_alias", else "stream". The
// warnings name what is ignored, each once. The error names everything that cannot be
// honoured.
func (c *Catalog) Select(api string) (Selection, []string, error) {
	sel := selector{api: api}
	listed := map[string]*Entry{}
	for i := range c.Streams {
		e := &c.Streams[i]
		switch {
		case !known(e.ID):
			sel.warn("the catalog's stream %q is not one of this tap's; it is ignored", e.ID)
		case listed[e.ID] != nil:
			sel.addError("stream %s is in the catalog more than once; keep one entry", e.ID)
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
		sel.errs = append(sel.errs, e.errs...)
		selected, ok := sel.selectStream(s, e)
		if !ok {
			continue
		}
		for _, other := range selection.Streams {
			if other.Target == selected.Target {
				sel.addError("streams %s and %s are both called %q in the catalog; give one of them another name", other.Name, s.Name, selected.Target)
			}
		}
		selection.Streams = append(selection.Streams, selected)
	}
	sel.warnOfVersion()
	if err := errors.Join(sel.errs...); err != nil {
		return Selection{}, sel.warnings, err
	}
	return selection, sel.warnings, nil
}

// A selector makes a selection, stream by stream.
type selector struct {
	api      string
	warnings []string
	errs     []error

	lacking []string // the fields that an entry made for the other API lacks, by stream
	foreign bool     // such an entry has fields that only the other API has

	stream  Stream           // the stream at hand
	marks   map[string]Marks // its metadata, by breadcrumb
	other   *Schema          // its schema at the other API; nil until that is asked for
	madeFor string           // the API that its entry was made for; empty if that is not known
}

func (sel *selector) warn(format string, args ...any) {
	if text := fmt.Sprintf(format, args...); !slices.Contains(sel.warnings, text) {
		sel.warnings = append(sel.warnings, text)
	}
}

func (sel *selector) addError(format string, args ...any) {
	sel.errs = append(sel.errs, fmt.Errorf(format, args...))
}

// selectStream returns the selection of one stream; false if it is not selected.
func (sel *selector) selectStream(s Stream, e *Entry) (Selected, bool) {
	sel.stream, sel.marks = s, map[string]Marks{}
	for _, m := range e.Metadata {
		sel.marks[breadcrumb(m.Breadcrumb).key()] = m.Marks // the last one counts, as in singer-python
	}
	root := sel.marks[breadcrumb(nil).key()]
	if !e.selected(root) {
		return Selected{}, false
	}
	sel.madeFor, sel.other = root.APIVersion, nil
	sel.checkKeys(e.KeyProperties)
	sel.checkKeys(root.KeyProperties)
	sel.checkKeys(root.ViewKeyProperties)
	full := sel.fullTable(e, root)
	if !full || s.ReplicationKey == "" {
		sel.checkReplicationKey(e.ReplicationKey)
		sel.checkReplicationKey(root.ReplicationKey)
	}
	whole := s.schema(sel.api)
	return Selected{s, sel.schema(e, whole), whole, full, cmp.Or(e.Alias, e.Name, s.Name)}, true
}

// selected reports whether the catalog selects the stream.
func (e *Entry) selected(root Marks) bool {
	switch root.Inclusion {
	case unsupported:
		return false
	case automatic:
		return true
	}
	for _, said := range []*bool{root.Selected, e.Selected, e.Schema.selectedMark(), root.SelectedByDefault} {
		if said != nil {
			return *said
		}
	}
	return len(e.Metadata) == 0
}

func (sel *selector) checkKeys(keys []string) {
	if len(keys) == 0 {
		return
	}
	theirs, ours := slices.Sorted(slices.Values(keys)), slices.Sorted(slices.Values(sel.stream.Keys))
	if !slices.Equal(theirs, ours) {
		sel.warn("the catalog's key properties of %s, %s, are ignored; the key is %s",
			sel.stream.Name, breadcrumb(keys), breadcrumb(sel.stream.Keys))
	}
}

func (sel *selector) checkReplicationKey(key string) {
	if key != "" && sel.stream.ReplicationKey == "" {
		sel.warn("the catalog's replication key of %s, %q, is ignored: the stream is read in full each time", sel.stream.Name, key)
	} else if key != "" && key != sel.stream.ReplicationKey {
		sel.addError("stream %s: %q cannot be its replication key; use %s, or the replication method %s",
			sel.stream.Name, key, sel.stream.ReplicationKey, fullTable)
	}
}

// fullTable reports whether the replication method is FULL_TABLE. The entry's method
// wins over the metadata's, unless it is INCREMENTAL: discovery writes that, so it is
// not a user's choice.
func (sel *selector) fullTable(e *Entry, root Marks) bool {
	if sel.stream.ReplicationKey == "" { // the only method there is
		for _, method := range []string{e.ReplicationMethod, root.ReplicationMethod, root.ForcedReplicationMethod} {
			if method != "" && !strings.EqualFold(method, fullTable) {
				sel.warn("the catalog's replication method of %s, %s, is ignored: the stream is read in full each time", sel.stream.Name, method)
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
	sel.addError("stream %s: the replication method %q is not offered; use %s or %s",
		sel.stream.Name, method, incremental, fullTable)
	return false
}

// schema returns the schema of the stream's selected fields.
func (sel *selector) schema(e *Entry, ours *Schema) *Schema {
	for _, m := range e.Metadata {
		sel.checkBreadcrumb(ours, m.Breadcrumb)
	}
	theirs := e.Schema
	if theirs == nil || len(theirs.Properties) == 0 {
		theirs = ours // the metadata alone decides
	}
	wanted := sel.properties(theirs, ours, nil)
	sel.compareVersions(theirs, ours)
	var missing []Property
	for _, name := range sel.stream.automatic() {
		if !slices.ContainsFunc(wanted, func(w Property) bool { return w.Name == name }) {
			missing = append(missing, Property{name, ours.Property(name)})
		}
	}
	return theirs.withParts(append(missing, wanted...), theirs.Items)
}

// properties returns the selected properties of an object.
func (sel *selector) properties(theirs, ours *Schema, at breadcrumb) []Property {
	var wanted []Property
	for _, property := range theirs.Properties {
		here := at.child("properties", property.Name)
		own := ours.Property(property.Name)
		if own == nil {
			sel.unknown(here)
			continue
		}
		if !sel.wanted(here, property.Schema) {
			continue
		}
		if schema := sel.filter(property.Schema, own, here); schema != nil {
			wanted = append(wanted, Property{property.Name, schema})
		}
	}
	return wanted
}

// filter returns a property's schema without the parts that are not selected. It
// returns nil if the schema describes parts and none is selected: an object schema
// without properties would allow any properties.
func (sel *selector) filter(theirs, ours *Schema, at breadcrumb) *Schema {
	properties := sel.properties(theirs, ours, at)
	if len(properties) == 0 && len(theirs.Properties) > 0 {
		// A common mistake: Meltano's "chats.visitor" selects the visitor, but
		// nothing in it. "chats.visitor.*" does.
		sel.warn("stream %s: nothing in %s is selected, so it is left out; in Meltano, select what is in it with a final .*",
			sel.stream.Name, at)
		return nil
	}
	items := theirs.Items
	if items != nil && ours.Items != nil {
		here := at.child("items")
		if !sel.wanted(here, items) {
			return nil
		}
		if items = sel.filter(items, ours.Items, here); items == nil {
			return nil
		}
	}
	return theirs.withParts(properties, items)
}

// wanted reports whether a breadcrumb is selected, given that its parent is.
func (sel *selector) wanted(at breadcrumb, schema *Schema) bool {
	if sel.stream.isAutomatic(at) {
		return true
	}
	marks := sel.marks[at.key()]
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
	for _, said := range []*bool{marks.Selected, schema.selectedMark(), marks.SelectedByDefault} {
		if said != nil {
			return *said
		}
	}
	return true
}

// checkBreadcrumb warns if the tap's schema has no such breadcrumb.
func (sel *selector) checkBreadcrumb(ours *Schema, at breadcrumb) {
	if place, parts := ours.at(at); place == nil {
		sel.unknown(at[:parts])
	}
}

// unknown warns of a place that the tap's schema does not have. A place that only the
// other API has shows that the entry was made for that one, unless it says otherwise.
func (sel *selector) unknown(at breadcrumb) {
	if sel.madeFor != sel.api && sel.otherAPIHas(at) {
		sel.madeFor, sel.foreign = otherAPI(sel.api), true
		return
	}
	sel.warn("stream %s has no property %s; what the catalog says of it is ignored", sel.stream.Name, at)
}
