// Package config reads the settings of a run from JSON files and environment
// variables: leniently in form, strictly in meaning. [Parse] is its entry point;
// schemas/config.json defines the settings.
package config
