package catalog

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestCatalogOfTheOtherVersion: a discovered catalog says which API it is for. Used with
// the other one it leads to one warning, which names each field that is not delivered.
func TestCatalogOfTheOtherVersion(t *testing.T) {
	for _, test := range []struct{ madeFor, used string }{{V2, V3}, {V3, V2}, {V2, V2}, {V3, V3}} {
		for _, marked := range []bool{true, false} {
			c := Discover(test.madeFor, ReferenceData, Reports)
			if !marked { // as releases before this one wrote it
				for i := range c.Streams {
					c.Streams[i].Metadata[0].Marks.APIVersion = ""
				}
			}
			c, err := Read(bytes.NewReader(write(t, c)))
			if err != nil {
				t.Fatal(err)
			}
			got, warnings, err := c.Select(test.used)
			if err != nil {
				t.Fatal(err)
			}
			if test.madeFor == test.used {
				if len(warnings) > 0 {
					t.Errorf("%+v: warnings %q", test, warnings)
				}
				continue
			}
			if len(warnings) != 1 || !strings.HasPrefix(warnings[0], "the catalog was made for api_version "+test.madeFor+", and this run reads api_version "+test.used+": it lacks") {
				t.Fatalf("%+v, marked %v: warnings %q", test, marked, warnings)
			}
			if diff := cmp.Diff(lacking(Default(test.used, ReferenceData, Reports), got), warnings[0][strings.Index(warnings[0], ": ")+2:]); diff != "" && marked {
				t.Errorf("%+v: (-want +got):\n%s", test, diff)
			}
		}
	}
}

// lacking is how the warning lists the fields of all that a selection lacks.
func lacking(all, of Selection) string {
	var streams []string
	for i, s := range all.Streams {
		has := fieldsOf(of.Streams[i].Schema)
		var fields []string
		for _, field := range fieldsOf(s.Schema) {
			in := strings.TrimSuffix(field[:max(0, strings.LastIndex(field, "."))], "[]")
			if !slices.Contains(has, field) && (in == "" || slices.Contains(has, in)) {
				fields = append(fields, field)
			}
		}
		if fields != nil {
			streams = append(streams, s.Name+" ("+strings.Join(fields, ", ")+")")
		}
	}
	return "it lacks these fields, which are not delivered: " + strings.Join(streams, ", ") + "; tap-livechat --config FILE --discover makes a new one, in Meltano --refresh-catalog does"
}

// TestCatalogOfAnUnknownVersion: what the catalog says of itself counts before what it describes.
func TestCatalogOfAnUnknownVersion(t *testing.T) {
	for _, test := range []struct {
		mark, property string
		want           []string
	}{
		{``, `timezone`, []string{"made for api_version 2"}},
		{`,"tap-livechat.api_version":"2"`, `timezone`, []string{"made for api_version 2"}},
		{`,"tap-livechat.api_version":"3"`, `timezone`, []string{`stream chats has no property ["properties","timezone"]`}},
		{`,"tap-livechat.api_version":"2"`, `shoe`, []string{`stream chats has no property ["properties","shoe"]`, "made for api_version 2"}},
		{`,"tap-livechat.api_version":null`, `rate`, nil},
	} {
		c, err := Read(strings.NewReader(`{"streams":[{"stream":"chats","schema":{"properties":{"` + test.property + `":{}}},"metadata":[` + says(``, on+test.mark) + `]}]}`))
		if err != nil {
			t.Fatal(err)
		}
		_, warnings, err := c.Select(V3)
		if err != nil || len(warnings) != len(test.want) {
			t.Fatalf("%+v: %q, %v", test, warnings, err)
		}
		for i, want := range test.want {
			if !strings.Contains(warnings[i], want) {
				t.Errorf("%+v: %q", test, warnings)
			}
		}
	}
}

// TestWhatIsNotLacking: keys are delivered whatever a catalog says, and an object of which
// nothing is described is delivered whole.
func TestWhatIsNotLacking(t *testing.T) {
	c, err := Read(strings.NewReader(`{"streams":[{"stream":"chats","schema":{"properties":{"visitor":{"type":"object"},"timezone":{}}}}]}`))
	if err != nil {
		t.Fatal(err)
	}
	_, warnings, err := c.Select(V3)
	if err != nil || len(warnings) != 1 || !strings.Contains(warnings[0], ", rate, ") {
		t.Fatalf("%q, %v", warnings, err)
	}
	for _, not := range []string{"(id,", " agent_email,", " ended_timestamp,", " visitor,", "visitor."} {
		if strings.Contains(warnings[0], not) {
			t.Errorf("%q is in %s", not, warnings[0])
		}
	}
}

// TestCatalogWithMore: the catalog lacks nothing, but has fields of the other API.
func TestCatalogWithMore(t *testing.T) {
	c := Discover(V3)
	c.Streams = c.Streams[1:2] // messages
	c, err := Read(bytes.NewReader(write(t, c)))
	if err != nil {
		t.Fatal(err)
	}
	_, warnings, err := c.Select(V2)
	if err != nil || len(warnings) != 1 || !strings.Contains(warnings[0], "for api_version 3, and this run reads api_version 2, which does not have all of its fields") {
		t.Errorf("%q, %v", warnings, err)
	}
}
