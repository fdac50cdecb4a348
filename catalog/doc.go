// Package catalog knows the streams of the tap and what of them a run is to
// deliver. It describes them ([Discover], [Catalog.Write]), reads the catalog
// that a user or a runner such as Meltano hands back ([Read]), and makes of it
// the list of streams, each with the schema of the fields wanted
// ([Catalog.Select]).
//
// It is generous in what it reads: fields of old tools, booleans as text, gaps
// filled from our own tables. What it cannot honour it says, all of it at once,
// with the stream and the breadcrumb. Only streams of this tap are looked at;
// others are named in a warning.
package catalog
