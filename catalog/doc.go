// Package catalog describes the streams of the tap and selects those that a run
// delivers. It writes the catalog ([Discover], [Catalog.Write]), reads the catalog
// that a user or a runner such as Meltano passes ([Read]), and returns the selected
// streams, each with the schema of its selected fields ([Catalog.Select]).
//
// It reads leniently: it accepts fields of old tools and booleans as text, and fills
// gaps from its own tables. An error names everything that cannot be honoured, with
// stream and breadcrumb. A stream that is not the tap's is ignored with a warning.
package catalog
