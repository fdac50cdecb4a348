package schemas

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v5"
)

// A Validator checks values against one compiled schema. It may be used by
// several goroutines at once.
type Validator struct {
	schema *jsonschema.Schema
}

// A Fault is one way in which a value breaks a schema.
type Fault struct {
	Path    string // where in the value, "agents[0].email"; empty for the value itself
	Message string // what is wrong there
	Keyword string // the schema keyword that says so: "type", "required", "format", …
}

func (f Fault) String() string {
	if f.Path == "" {
		return f.Message
	}
	return f.Path + ": " + f.Message
}

// Compile makes a Validator of a JSON Schema, read as draft 2020-12 unless its
// "$schema" names another. Formats are asserted. The schema must stand alone:
// a reference to another file or site is an error, nothing is ever loaded. The
// name is used in errors only.
func Compile(name string, schema []byte) (*Validator, error) {
	c := jsonschema.NewCompiler()
	c.AssertFormat = true
	c.LoadURL = func(ref string) (io.ReadCloser, error) {
		return nil, fmt.Errorf("%s is outside of the schema", ref)
	}
	var doc any
	d := json.NewDecoder(bytes.NewReader(schema))
	d.UseNumber()
	if err := d.Decode(&doc); err != nil {
		return nil, fmt.Errorf("schema of %s: %w", name, err)
	}
	if bad := huge(doc); bad != nil {
		return nil, fmt.Errorf("schema of %s: %s", name, bad[0])
	}
	location := (&url.URL{Scheme: "schema", Host: "tap-livechat", Path: "/" + name}).String()
	if err := c.AddResource(location, bytes.NewReader(schema)); err != nil {
		return nil, fmt.Errorf("schema of %s: %w", name, err)
	}
	compiled, err := c.Compile(location)
	if err != nil {
		return nil, fmt.Errorf("schema of %s: %w", name, err)
	}
	return &Validator{compiled}, nil
}

// Validate returns every fault of a value, ordered by path; none means that it
// is valid. The value is what encoding/json decodes into an any; decode with
// UseNumber, or long numbers are checked after they were rounded.
func (v *Validator) Validate(doc any) []Fault {
	if bad := huge(doc); bad != nil {
		return sorted(bad)
	}
	err := v.schema.Validate(doc)
	if err == nil {
		return nil
	}
	broken, ok := errors.AsType[*jsonschema.ValidationError](err)
	if !ok {
		return []Fault{{Message: err.Error()}}
	}
	return sorted(appendLeaves(nil, broken, doc))
}

// sorted sorts the faults, and keeps each once. They were found in the order of maps;
// the same value must give the same faults.
func sorted(faults []Fault) []Fault {
	slices.SortFunc(faults, func(a, b Fault) int {
		return cmp.Or(
			cmp.Compare(a.Path, b.Path),
			cmp.Compare(a.Keyword, b.Keyword),
			cmp.Compare(a.Message, b.Message))
	})
	return slices.Compact(faults)
}

// appendLeaves adds the innermost causes, which say what is wrong; what is
// around them only says that something inside is.
func appendLeaves(faults []Fault, e *jsonschema.ValidationError, doc any) []Fault {
	if len(e.Causes) == 0 {
		return append(faults, Fault{
			Path:    path(e.InstanceLocation, doc),
			Message: e.Message,
			Keyword: keyword(e.KeywordLocation),
		})
	}
	for _, cause := range e.Causes {
		faults = appendLeaves(faults, cause, doc)
	}
	return faults
}

// huge finds the numbers with an exponent out of all proportion. A few bytes
// such as 1e9999999 would need megabytes to be compared, and make the library
// panic.
func huge(doc any) (faults []Fault) {
	const most = 1000 // a float64 ends at 308
	switch doc := doc.(type) {
	case map[string]any:
		for name, value := range doc {
			for _, f := range huge(value) {
				f.Path = join(name, f.Path)
				faults = append(faults, f)
			}
		}
	case []any:
		for i, value := range doc {
			for _, f := range huge(value) {
				f.Path = join(fmt.Sprintf("[%d]", i), f.Path)
				faults = append(faults, f)
			}
		}
	case json.Number:
		if i := strings.IndexAny(string(doc), "eE"); i >= 0 {
			if n, err := strconv.Atoi(string(doc[i+1:])); err != nil || n > most || n < -most {
				faults = []Fault{{"", fmt.Sprintf("the exponent of %.40s is out of range", doc), "type"}}
			}
		}
	}
	return faults
}

// path rewrites a JSON pointer as a person would: "/agents/0/email" becomes
// "agents[0].email". Only the value tells an index from a name made of digits.
func path(pointer string, doc any) string {
	at := ""
	for _, part := range parts(pointer) {
		switch parent := doc.(type) {
		case []any:
			at, doc = join(at, "["+part+"]"), nil
			if i, err := strconv.Atoi(part); err == nil && i >= 0 && i < len(parent) {
				doc = parent[i]
			}
		case map[string]any:
			at, doc = join(at, part), parent[part]
		}
	}
	return at
}

// join joins two parts of a path.
func join(outer, inner string) string {
	if outer == "" || inner == "" || inner[0] == '[' {
		return outer + inner
	}
	return outer + "." + inner
}

// keyword is the last part of a keyword's place in the schema, save for the
// keywords that are followed by the property and the index they speak of.
func keyword(pointer string) string {
	all := parts(pointer)
	if n := len(all); n >= 3 && (all[n-3] == "dependentRequired" || all[n-3] == "dependencies") {
		return all[n-3]
	}
	if len(all) == 0 {
		return ""
	}
	return all[len(all)-1]
}

// parts splits a JSON pointer as the library writes it, URL-escaped.
func parts(pointer string) []string {
	pointer = strings.TrimPrefix(pointer, "/")
	if pointer == "" {
		return nil
	}
	all := strings.Split(pointer, "/")
	for i, part := range all {
		if plain, err := url.PathUnescape(part); err == nil {
			part = plain
		}
		part = strings.ReplaceAll(part, "~1", "/")
		all[i] = strings.ReplaceAll(part, "~0", "~")
	}
	return all
}
