package schemas

import (
	_ "embed" // for the file below
	"slices"
)

//go:embed config.json
var config []byte

// Config returns the JSON Schema of the settings. It is the one source of their
// names, types, defaults and descriptions, and their order is the order in which
// people see them. The caller owns the bytes.
func Config() []byte { return slices.Clone(config) }
