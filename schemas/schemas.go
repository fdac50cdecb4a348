// Package schemas holds the JSON Schemas of the tap: one for the records of
// each stream, as targets get to see it, and one for the settings. They are
// embedded in the binary. It is also the only package that knows the library
// that checks values against a schema.
package schemas

import (
	"embed"
	"slices"
)

//go:embed chats.json messages.json events.json
var files embed.FS

// Names lists the streams that have a schema, in output order.
func Names() []string { return []string{"chats", "messages", "events"} }

// Stream returns the schema of a stream's records as JSON text. The caller owns
// the bytes. A name that is not one of [Names] is a programmer's error: it panics.
func Stream(name string) []byte {
	if !slices.Contains(Names(), name) {
		panic("schemas: no stream " + name)
	}
	text, err := files.ReadFile(name + ".json")
	if err != nil {
		panic(err) // the file is embedded: a name without one does not compile
	}
	return text
}
