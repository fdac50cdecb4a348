// Package config reads the settings of a run: from JSON files and from
// environment variables, leniently in form and strictly in meaning. [Parse] is the
// whole of it; schemas/config.json says which settings there are.
package config
