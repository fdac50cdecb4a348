package config

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"tap-livechat/tap/userjson"
)

// nothing is what is given where a required setting is missing.
const nothing = "nothing"

// A reader collects what the sources say and what is wrong with it.
type reader struct {
	given    map[string]givenValue // by setting; those at fault are taken out
	empty    map[string]givenValue // set to null or an empty text somewhere
	secrets  []string              // every text that was given as a secret
	sources  []string              // names of the sources that could be read
	unread   bool                  // one could not be read, so nobody knows what is missing
	faults   []Fault
	warnings []string
}

// A givenValue is a setting as it was written and as it was read.
type givenValue struct {
	raw, value any
	source     string
}

func newReader(sources []Source) *reader {
	r := &reader{given: map[string]givenValue{}, empty: map[string]givenValue{}}
	for _, s := range settings() {
		if s.Default != nil {
			r.given[s.Name] = givenValue{s.Default, s.read(s.Default), "the defaults"}
		}
	}
	type unknown struct{ name, source string }
	var unknowns []unknown
	for _, source := range sources {
		members, fault := source.members()
		if fault != nil {
			r.faults = append(r.faults, *fault)
			r.unread = true
			continue
		}
		r.sources = append(r.sources, source.Name)
		firstLine := map[string]int{}
		for _, m := range members {
			s, known := findSetting(m.Name)
			if !known {
				unknowns = append(unknowns, unknown{m.Name, source.Name})
				continue
			}
			if first := firstLine[m.Name]; first > 0 {
				given := fmt.Sprintf("twice, in lines %d and %d", first, m.Line)
				r.faults = append(r.faults, Fault{m.Name, given, "one of the two", source.Name})
			}
			firstLine[m.Name] = m.Line
			r.take(s, m.Value, source.Name)
		}
	}
	// Only now are all secrets known that a misplaced name could repeat.
	for _, u := range unknowns {
		r.warnUnknown(u.name, u.source)
	}
	if token := "access_token"; strings.HasPrefix(valueOf[string](r, "api_url"), sandboxScheme) && !r.has(token) {
		r.given[token] = givenValue{"sandbox", "sandbox", "the defaults"}
	}
	return r
}

// take keeps what a source says about a setting.
func (r *reader) take(s Setting, text userjson.Value, source string) {
	var raw any
	mustDecode(text, &raw)
	g := givenValue{raw, s.read(raw), source}
	if s.Secret {
		r.addSecret(raw)
	}
	if g.value == nil {
		r.empty[s.Name] = g
		if raw == nil && slices.Contains(s.Enum, "null") {
			r.warn("%s in %s is null, which means not set; if you mean the text \"null\", give it its quotes", s.Name, source)
		}
		return
	}
	r.given[s.Name] = g
}

func (r *reader) addSecret(raw any) {
	switch v := raw.(type) {
	case string:
		r.secrets = append(r.secrets, strings.TrimSpace(v))
	case json.Number:
		r.secrets = append(r.secrets, v.String())
	case []any:
		for _, e := range v {
			r.addSecret(e)
		}
	case map[string]any:
		for _, e := range v {
			r.addSecret(e)
		}
	}
}

func (r *reader) has(setting string) bool {
	_, ok := r.given[setting]
	return ok
}

// valueOf is a setting's value; zero if it is not set or at fault.
func valueOf[T any](r *reader, setting string) T {
	v, _ := r.given[setting].value.(T)
	return v
}

func timeOf(r *reader, setting string) time.Time {
	t, _ := time.Parse(time.RFC3339Nano, valueOf[string](r, setting)) // it is what read made
	return t
}

// checkRequired finds the settings that are missing.
func (r *reader) checkRequired() {
	for _, s := range settings() {
		if !s.Required || r.has(s.Name) || r.unread {
			continue
		}
		fault := Fault{s.Name, nothing, s.wanted(), strings.Join(r.sources, " or ")}
		if e, ok := r.empty[s.Name]; ok {
			fault.Given, fault.Source = "an empty text", e.source
			if e.raw == nil {
				fault.Given = "null"
			}
		}
		r.faults = append(r.faults, fault)
	}
}

// checkShape holds what was given against the schema.
func (r *reader) checkShape() {
	doc := map[string]any{}
	for name, g := range r.given {
		doc[name] = g.value
	}
	for _, f := range validator().Validate(doc) {
		name, inside, _ := strings.Cut(f.Path, ".")
		name, _, _ = strings.Cut(name, "[")
		s, known := findSetting(name)
		if !known || !r.has(name) {
			continue // what is missing is told by checkRequired, what was told once is enough
		}
		note := ""
		if inside != "" { // a name that the schema knows
			note = ", in which " + inside + " is wrong"
		}
		if text, ok := r.given[name].value.(string); ok && s.Format == "date-time" {
			if _, err := ParseTime(text); err != nil {
				note = err.Error()
			}
		}
		r.reject(name, note, s.wanted())
		delete(r.given, name)
	}
}

// reject adds a fault of a setting that was given. The note follows the value and
// says what is wrong with it.
func (r *reader) reject(setting, note, wanted string) {
	g := r.given[setting]
	s, _ := findSetting(setting)
	r.faults = append(r.faults, Fault{setting, r.show(s, g.raw) + note, wanted, g.source})
}

// show describes a value: short ones as they are, but only the kind and length
// of a credential and of what could be one in the wrong place.
func (r *reader) show(s Setting, raw any) string {
	var text, shown string
	switch v := raw.(type) {
	case bool:
		return strconv.FormatBool(v)
	case json.Number:
		text, shown = v.String(), v.String()
	case string:
		text, shown = v, strconv.Quote(v)
	default:
		return kindOf(raw)
	}
	longest := 40 // a time with a fraction and an offset is shorter, most tokens are not
	if s.Name == "api_url" {
		longest = 100
		if strings.Contains(text, "@") { // user:password@
			longest = 0
		}
		if i := strings.IndexAny(text, "?#"); i >= 0 { // a query may hold a key
			shown = strconv.Quote(text[:i]) + "…"
		}
	}
	length := utf8.RuneCountInString(text)
	private := s.Secret || s.Name == "entity_id" || s.Type == "object" || r.hidesSecret(text) ||
		strings.ContainsAny(text, "{}[]<>\"'=") && s.Name != "api_url" || strings.ContainsAny(text, "{}\"") // a whole document, maybe
	switch {
	case !private && length <= longest:
		return shown
	case kindOf(raw) == "a number":
		return "a number"
	default:
		return fmt.Sprintf("a text of %d characters", length)
	}
}

// kindOf names the kind of a decoded value.
func kindOf(raw any) string {
	text, err := json.Marshal(raw)
	if err != nil {
		panic(err) // it came from JSON
	}
	return userjson.Kind(text)
}

// hidesSecret reports whether a text holds a token, or looks like one.
func (r *reader) hidesSecret(text string) bool {
	text = strings.TrimSpace(text)
	if strings.HasPrefix(text, "dal:") || strings.HasPrefix(text, "fra:") {
		return true
	}
	return slices.ContainsFunc(r.secrets, func(secret string) bool {
		return secret != "" && (text == secret || len(secret) >= 4 && strings.Contains(text, secret))
	})
}

// sdkSettings begin the names of settings that every tap made with the Singer
// SDK has, each with what somebody who sets it should know.
var sdkSettings = []struct{ prefix, instead string }{
	{"stream_map", "the mapper plugin meltano-map-transform does that"},
	{"faker_config", "the mapper plugin meltano-map-transform does that"},
	{"flattening_", "the mapper plugin meltano-map-transform does that"},
	{"batch_", "batch_config has all that this tap is told about batches"},
}

func (r *reader) warnUnknown(name, source string) {
	for _, sdk := range sdkSettings {
		if strings.HasPrefix(name, sdk.prefix) {
			r.warn("setting %s in %s is ignored: %s", r.showName(name), source, sdk.instead)
			return
		}
	}
	if meant := nearest(name); meant != "" {
		r.warn("unknown setting %s in %s is ignored; did you mean %s?", r.showName(name), source, meant)
		return
	}
	r.warn("unknown setting %s in %s is ignored", r.showName(name), source)
}

func (r *reader) showName(name string) string {
	if strings.Contains(name, ":") { // which no setting has, but a token
		return fmt.Sprintf("a text of %d characters", utf8.RuneCountInString(name))
	}
	return r.show(Setting{}, name)
}

func (r *reader) warn(format string, args ...any) {
	r.warnings = append(r.warnings, fmt.Sprintf(format, args...))
}

// sortedFaults puts the faults into the order in which they are told.
func (r *reader) sortedFaults() []Fault {
	place := func(f Fault) int {
		return slices.IndexFunc(settings(), func(s Setting) bool { return s.Name == f.Setting }) // -1 for a whole source
	}
	slices.SortStableFunc(r.faults, func(a, b Fault) int { return place(a) - place(b) })
	return r.faults
}
