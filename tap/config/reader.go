package config

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"tap-livechat/tap/secret"
	"tap-livechat/tap/userjson"
)

// missingValue is Problem.Given for a required setting that is missing.
const missingValue = "nothing"

// A reader collects settings and problems from all sources.
type reader struct {
	given        map[string]givenValue // by setting; without those that have a problem
	empty        map[string]givenValue // set to null or an empty text somewhere
	secrets      []string              // every text in a secret setting
	sources      []string              // names of the sources that could be read
	sourceFailed bool                  // a source cannot be read, so missing settings are unknown
	problems     []Problem
	warnings     []string
}

// A givenValue is the value of a setting as written and as read.
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
		members, problem := source.members()
		if problem != nil {
			r.problems = append(r.problems, *problem)
			r.sourceFailed = true
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
				r.problems = append(r.problems, Problem{m.Name, "", given, "one of the two", source.Name})
			}
			firstLine[m.Name] = m.Line
			r.add(s, m.Value, source.Name)
		}
	}
	// All secrets are known only now; a misplaced name could contain one.
	for _, u := range unknowns {
		r.warnUnknown(u.name, u.source)
	}
	url := valueOf[string](r, "api_url")
	if token := "access_token"; (url == sandboxWord || strings.HasPrefix(url, sandboxScheme)) && !r.isSet(token) {
		r.given[token] = givenValue{"sandbox", "sandbox", "the defaults"}
	}
	return r
}

// add stores the value that a source has for a setting.
func (r *reader) add(s Setting, text userjson.Value, source string) {
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

func (r *reader) isSet(setting string) bool {
	_, ok := r.given[setting]
	return ok
}

// valueOf returns the value of a setting; zero if it is not set or has a problem.
func valueOf[T any](r *reader, setting string) T {
	v, _ := r.given[setting].value.(T)
	return v
}

func timeSetting(r *reader, setting string) time.Time {
	t, _ := time.Parse(time.RFC3339Nano, valueOf[string](r, setting)) // in the form that Setting.read returns
	return t
}

// checkRequired adds a problem for each required setting that is missing.
func (r *reader) checkRequired() {
	for _, s := range settings() {
		if !s.Required || r.isSet(s.Name) || r.sourceFailed {
			continue
		}
		problem := Problem{s.Name, "", missingValue, s.wanted(), strings.Join(r.sources, " or ")}
		if e, ok := r.empty[s.Name]; ok {
			problem.Given, problem.Source = "an empty text", e.source
			if e.raw == nil {
				problem.Given = "null"
			}
		}
		r.problems = append(r.problems, problem)
	}
}

// checkShape validates the settings against the schema.
func (r *reader) checkShape() {
	doc := map[string]any{}
	for name, g := range r.given {
		doc[name] = g.value
	}
	told := map[string]bool{} // a value may break several rules at once
	for _, v := range validator().Validate(doc) {
		name, inside, _ := strings.Cut(v.Path, ".")
		s, known := findSetting(name)
		switch {
		case !known || told[v.Path]: // checkRequired reports missing settings
		case inside != "":
			r.rejectInside(name, inside, "")
		default:
			suffix := ""
			if text, ok := r.given[name].value.(string); ok && s.Format == "date-time" {
				if _, err := ParseTime(text); err != nil {
					suffix = err.Error()
				}
			}
			r.reject(name, suffix, s.wanted())
		}
		told[v.Path] = true
	}
	for path := range told {
		name, _, _ := strings.Cut(path, ".")
		delete(r.given, name)
	}
}

// reject adds a problem for a setting that is set. suffix is appended to the value and
// says what is wrong with it.
func (r *reader) reject(setting, suffix, wanted string) {
	g := r.given[setting]
	s, _ := findSetting(setting)
	r.problems = append(r.problems, Problem{setting, "", r.describe(s, g.raw) + suffix, wanted, g.source})
}

// rejectInside adds a problem for a place inside of a setting that is an object.
func (r *reader) rejectInside(setting, inside, suffix string) {
	g := r.given[setting]
	s, _ := findSetting(setting)
	value := g.value
	for name := range strings.SplitSeq(inside, ".") {
		object, _ := value.(map[string]any)
		value = object[name]
	}
	r.problems = append(r.problems, Problem{setting, inside, r.describe(s, value) + suffix, wantedInside[setting+"."+inside], g.source})
}

// describe returns a short value as it is. For a credential, and for what may be a
// misplaced credential, it returns only the kind and length.
func (r *reader) describe(s Setting, raw any) string {
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
	maxLength := 40 // a time with a fraction and an offset is shorter, most tokens are not
	if s.Name == "api_url" {
		maxLength = 100
		if strings.Contains(text, "@") { // user:password@
			maxLength = 0
		}
		if i := strings.IndexAny(text, "?#"); i >= 0 { // a query may hold a key
			shown = strconv.Quote(text[:i]) + "…"
		}
	}
	length := utf8.RuneCountInString(text)
	_, isText := raw.(string)
	private := s.Secret || s.Name == "entity_id" || s.Type == "object" && isText || r.hidesSecret(text) ||
		strings.ContainsAny(text, "{}[]<>\"'=") && s.Name != "api_url" || strings.ContainsAny(text, "{}\"") // maybe a whole document
	switch {
	case !private && length <= maxLength:
		return shown
	case kindOf(raw) == "a number":
		return "a number"
	default:
		return fmt.Sprintf("a text of %d characters", length)
	}
}

// kindOf returns the kind of a decoded value, in words.
func kindOf(raw any) string {
	text, err := json.Marshal(raw)
	if err != nil {
		panic(err) // it came from JSON
	}
	return userjson.Kind(text)
}

// hidesSecret reports whether a text contains a secret or looks like a token.
func (r *reader) hidesSecret(text string) bool {
	text = strings.TrimSpace(text)
	address := strings.Contains(text, "://") || strings.HasPrefix(text, sandboxScheme)
	if !address && !startsWithDay.MatchString(text) && secret.New(text).Region() != "" {
		return true
	}
	return slices.ContainsFunc(r.secrets, func(secret string) bool {
		return secret != "" && (text == secret || len(secret) >= 4 && strings.Contains(text, secret))
	})
}

// sdkPrefixes are prefixes of settings that every tap made with the Singer SDK has,
// each with what to use instead.
var sdkPrefixes = []struct{ prefix, instead string }{
	{"stream_map", "the mapper plugin meltano-map-transform does that"},
	{"faker_config", "the mapper plugin meltano-map-transform does that"},
	{"flattening_", "the mapper plugin meltano-map-transform does that"},
	{"batch_", "batch_config has all that this tap is told about batches"},
}

func (r *reader) warnUnknown(name, source string) {
	for _, sdk := range sdkPrefixes {
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
	if strings.Contains(name, ":") { // no setting has a colon, but a token may
		return fmt.Sprintf("a text of %d characters", utf8.RuneCountInString(name))
	}
	return r.describe(Setting{}, name)
}

func (r *reader) warn(format string, args ...any) {
	r.warnings = append(r.warnings, fmt.Sprintf(format, args...))
}

// sortedProblems returns the problems in the order of Error.Problems.
func (r *reader) sortedProblems() []Problem {
	place := func(f Problem) int {
		return slices.IndexFunc(settings(), func(s Setting) bool { return s.Name == f.Setting }) // -1 for a whole source
	}
	slices.SortStableFunc(r.problems, func(a, b Problem) int { return place(a) - place(b) })
	return r.problems
}
