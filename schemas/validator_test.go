package schemas

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

func TestValidate(t *testing.T) {
	for _, test := range []struct {
		name, schema, value string
		want                []Violation
	}{
		{"valid", `{"type":"object"}`, `{}`, nil},
		{"the value itself", `{"type":"object"}`, `[]`,
			[]Violation{{"", "expected object, but got array"}}},
		{"a place in lists and objects",
			`{"properties":{"a":{"items":{"properties":{"b c/d~%":{"type":"string"}}}}}}`, `{"a":[{},{"b c/d~%":1}]}`,
			[]Violation{{"a.1.b c/d~%", "expected string, but got number"}}},
		{"a name made of digits", `{"additionalProperties":{"type":"string"}}`, `{"0":1}`,
			[]Violation{{"0", "expected string, but got number"}}},
		{"all faults, ordered", `{"additionalProperties":{"type":"string"},"required":["z"]}`, `{"c":1,"a":1,"b":1}`,
			[]Violation{
				{"", "missing properties: 'z'"},
				{"a", "expected string, but got number"},
				{"b", "expected string, but got number"},
				{"c", "expected string, but got number"},
			}},
		{"formats are asserted", `{"format":"date-time"}`, `"2013-01-23"`,
			[]Violation{{"", "'2013-01-23' is not valid 'date-time'"}}},
		{"long numbers stay exact", `{"maximum":9007199254740992}`, `9007199254740993`,
			[]Violation{{"", "must be <= 9.007199254740992e+15 but found 9007199254740993"}}},
		{"numbers out of all proportion", `{"properties":{"a":{"type":"integer"}}}`, `{"b":[0,1E-1001],"a":1e9999999}`,
			[]Violation{
				{"a", "the exponent of 1e9999999 is out of range"},
				{"b.1", "the exponent of 1E-1001 is out of range"},
			}},
		{"a large number", `{"type":"integer"}`, `1e+308`, nil},
		{"a setting that needs another", `{"dependentRequired":{"a":["b"]}}`, `{"a":1}`,
			[]Violation{{"", "property 'b' is required, if 'a' property exists"}}},
		{"the innermost cause", `{"allOf":[{"allOf":[{"minLength":2}]}]}`, `"x"`,
			[]Violation{{"", "length must be >= 2, but got 1"}}},
		{"two ways to the same fault", `{"allOf":[{"minLength":2},{"minLength":2}]}`, `"x"`,
			[]Violation{{"", "length must be >= 2, but got 1"}}},
	} {
		t.Run(test.name, func(t *testing.T) {
			v, err := Compile("test", []byte(test.schema))
			if err != nil {
				t.Fatal(err)
			}
			got := v.Validate(decode(t, test.value))
			if diff := cmp.Diff(test.want, got, cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestValidateRefusesWhatIsNotJSON(t *testing.T) {
	v, err := Compile("test", []byte(`{"type":"object"}`))
	if err != nil {
		t.Fatal(err)
	}
	if got := v.Validate(struct{}{}); len(got) != 1 {
		t.Errorf("a Go struct: %v", got)
	}
}

func TestCompileErrors(t *testing.T) {
	for _, test := range []struct{ name, schema, want string }{
		{"not JSON", `{`, "unexpected EOF"},
		{"not a schema", `{"type":"nothing"}`, "type"},
		{"a number out of all proportion", `{"enum":[1e9999999]}`, "enum.0: the exponent of 1e9999999 is out of range"},
		{"a reference to a file", `{"$ref":"file:///etc/passwd"}`, "is outside of the schema"},
		{"a reference to a site", `{"$ref":"https://example.com/x"}`, "is outside of the schema"},
		{"a relative reference", `{"$ref":"other.json"}`, "is outside of the schema"},
		{"an unknown draft", `{"$schema":"https://example.com/draft"}`, "is outside of the schema"},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := Compile("my stream", []byte(test.schema))
			if err == nil {
				t.Fatal("no error")
			}
			for _, want := range []string{test.want, "my stream"} {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("%q does not say %q", err, want)
				}
			}
		})
	}
}

// Schemas and values come from users: nothing may panic, and a violation's place
// and order must not depend on chance.
func FuzzValidate(f *testing.F) {
	f.Add(`{"type":"object","properties":{"a":{"items":{"type":"string"}}}}`, `{"a":[1,"b"]}`)
	f.Add(`{"$ref":"#"}`, `{}`)
	f.Add(`{"type":"integer","enum":[1e9]}`, `1e9999999`)
	f.Add(`{"format":"date-time"}`, `"2013-01-23T10:40:53Z"`)
	f.Fuzz(func(t *testing.T, schema, value string) {
		v, err := Compile("fuzz", []byte(schema))
		if err != nil {
			return
		}
		var doc any
		if parseAny(value, &doc) != nil {
			return
		}
		if diff := cmp.Diff(v.Validate(doc), v.Validate(doc)); diff != "" {
			t.Errorf("twice the same value:\n%s", diff)
		}
	})
}
