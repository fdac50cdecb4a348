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
	Path    string // where in the value, "agents.0.email"; empty for the value itself
	Message string // what is wrong there
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

// Validate returns every fault of a value, ordered by path; none means that it
// is valid. The value is what encoding/json decodes into an any; decode with
// UseNumber, or long numbers are checked after they were rounded.
func (v *Validator) Validate(doc any) []Fault {
	if bad := huge(nil, "", doc); bad != nil {
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
	return sorted(appendLeaves(nil, broken))
}

// sorted sorts the faults, and keeps each once. They were found in the order of maps;
// the same value must give the same faults.
func sorted(faults []Fault) []Fault {
	slices.SortFunc(faults, func(a, b Fault) int {
		return cmp.Or(cmp.Compare(a.Path, b.Path), cmp.Compare(a.Message, b.Message))
	})
	return slices.Compact(faults)
}

// appendLeaves adds the innermost causes, which say what is wrong; what is
// around them only says that something inside is.
func appendLeaves(faults []Fault, e *jsonschema.ValidationError) []Fault {
	if len(e.Causes) == 0 {
		return append(faults, Fault{path(e.InstanceLocation), e.Message})
	}
	for _, cause := range e.Causes {
		faults = appendLeaves(faults, cause)
	}
	return faults
}

// huge adds the numbers with an exponent out of all proportion. A few bytes
// such as 1e9999999 would need megabytes to be compared, and make the library
// panic.
func huge(faults []Fault, pointer string, doc any) []Fault {
	const most = 1000 // a float64 ends at 308
	switch doc := doc.(type) {
	case map[string]any:
		for name, value := range doc {
			faults = huge(faults, pointer+"/"+name, value)
		}
	case []any:
		for i, value := range doc {
			faults = huge(faults, pointer+"/"+strconv.Itoa(i), value)
		}
	case json.Number:
		if i := strings.IndexAny(string(doc), "eE"); i >= 0 {
			if n, err := strconv.Atoi(string(doc[i+1:])); err != nil || n > most || n < -most {
				faults = append(faults, Fault{path(pointer), fmt.Sprintf("the exponent of %.40s is out of range", doc)})
			}
		}
	}
	return faults
}

// path rewrites a JSON pointer, URL-escaped as the library writes it, as a person
// would: "/agents/0/email" becomes "agents.0.email".
func path(pointer string) string {
	if plain, err := url.PathUnescape(pointer); err == nil {
		pointer = plain
	}
	return strings.NewReplacer("/", ".", "~1", "/", "~0", "~").Replace(strings.TrimPrefix(pointer, "/"))
}
