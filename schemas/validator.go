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

// A Validator validates values against a compiled schema. It is safe for concurrent use.
type Validator struct {
	schema *jsonschema.Schema
}

// A Violation is one way in which a value violates a schema.
type Violation struct {
	Path    string // place in the value, such as "agents.0.email"; empty for the value itself
	Message string // what is wrong there
}

func (f Violation) String() string {
	if f.Path == "" {
		return f.Message
	}
	return f.Path + ": " + f.Message
}

// Compile returns a Validator for a JSON Schema, of draft 2020-12 unless its "$schema"
// names another. Formats are asserted. A reference to another file or site is an error:
// nothing is loaded. The name is used only in errors.
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
	if bad := huge(nil, "", doc); bad != nil {
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

// Validate returns all violations, ordered by path; none if the value is valid. The value
// is what encoding/json decodes into an any. Decode it with UseNumber: otherwise long
// numbers are rounded before they are validated.
func (v *Validator) Validate(doc any) []Violation {
	if bad := huge(nil, "", doc); bad != nil {
		return sorted(bad)
	}
	err := v.schema.Validate(doc)
	if err == nil {
		return nil
	}
	broken, ok := errors.AsType[*jsonschema.ValidationError](err)
	if !ok {
		return []Violation{{Message: err.Error()}}
	}
	return sorted(appendLeaves(nil, broken))
}

// sorted returns each violation once, sorted: the library finds them in the order of
// maps, and the result must be the same each time.
func sorted(violations []Violation) []Violation {
	slices.SortFunc(violations, func(a, b Violation) int {
		return cmp.Or(cmp.Compare(a.Path, b.Path), cmp.Compare(a.Message, b.Message))
	})
	return slices.Compact(violations)
}

// appendLeaves appends the innermost causes of an error. The outer ones only say that
// something inside is wrong.
func appendLeaves(violations []Violation, e *jsonschema.ValidationError) []Violation {
	if len(e.Causes) == 0 {
		return append(violations, Violation{path(e.InstanceLocation), e.Message})
	}
	for _, cause := range e.Causes {
		violations = appendLeaves(violations, cause)
	}
	return violations
}

// huge appends a violation for each number with an exponent out of range. To compare
// 1e9999999, the library would need megabytes, and it panics.
func huge(violations []Violation, pointer string, doc any) []Violation {
	const most = 1000 // a float64 ends at 308
	switch doc := doc.(type) {
	case map[string]any:
		for name, value := range doc {
			violations = huge(violations, pointer+"/"+name, value)
		}
	case []any:
		for i, value := range doc {
			violations = huge(violations, pointer+"/"+strconv.Itoa(i), value)
		}
	case json.Number:
		if i := strings.IndexAny(string(doc), "eE"); i >= 0 {
			if n, err := strconv.Atoi(string(doc[i+1:])); err != nil || n > most || n < -most {
				violations = append(violations, Violation{path(pointer), fmt.Sprintf("the exponent of %.40s is out of range", doc)})
			}
		}
	}
	return violations
}

// path converts the library's URL-escaped JSON pointer to a readable path:
// "/agents/0/email" becomes "agents.0.email".
func path(pointer string) string {
	if plain, err := url.PathUnescape(pointer); err == nil {
		pointer = plain
	}
	return strings.NewReplacer("/", ".", "~1", "/", "~0", "~").Replace(strings.TrimPrefix(pointer, "/"))
}
