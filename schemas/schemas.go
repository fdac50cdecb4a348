// Package schemas holds the JSON Schemas of the tap: one for the records of
// each stream, as targets get to see it, and one for the settings. They are
// embedded in the binary. It is also the only package that knows the library
// that checks values against a schema.
//
// The schema of a stream has two keywords of our own, which no target sees:
// "api" on a property that only one API has, "2" or "3", and "json" on a text
// that holds JSON.
package schemas

import "embed"

// The schema of a stream is the file of its name.
//
//go:embed *.json
var files embed.FS

// settings is the one file that is not a stream's.
const settings = "config.json"

// Stream returns the schema of a stream's records as JSON text. The caller owns
// the bytes. It panics if no stream has the name: that is a programmer's error.
func Stream(name string) []byte {
	text, err := files.ReadFile(name + ".json")
	if err != nil || name+".json" == settings {
		panic("schemas: no stream " + name)
	}
	return text
}

// Config returns the JSON Schema of the settings. It is the one source of their
// names, types, defaults and descriptions, and their order is the order in which
// people see them. The caller owns the bytes.
func Config() []byte {
	text, err := files.ReadFile(settings)
	if err != nil {
		panic(err) // it is embedded
	}
	return text
}
