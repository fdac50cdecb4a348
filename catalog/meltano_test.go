package catalog

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// meltano does to the discovered catalog what Meltano 4 does: everything is
// deselected, then selected by the rules, then deselected by those with "!";
// what it says of a stream it also writes to the stream's entry.
func meltano(t *testing.T, rules ...string) string {
	t.Helper()
	c := Discover(V2)
	for i := range c.Streams {
		entry := &c.Streams[i]
		for j, m := range entry.Metadata {
			path := []string{entry.ID}
			for k := 1; k < len(m.Breadcrumb); k += 2 {
				path = append(path, m.Breadcrumb[k])
			}
			selected := false
			for _, rule := range rules {
				rule, exclude := strings.CutPrefix(rule, "!")
				pattern := strings.Split(rule, ".")
				n := min(len(path), len(pattern))
				switch covered := len(path) >= len(pattern); {
				case !matches(pattern[:n], path[:n]):
				case exclude:
					selected = selected && !covered
				default: // what it is in is selected, too, and what a final star covers
					selected = selected || len(path) <= len(pattern) || pattern[len(pattern)-1] == "*"
				}
			}
			entry.Metadata[j].Marks.Selected = &selected
			if len(path) == 1 {
				entry.Selected = &selected
			}
		}
	}
	return string(write(t, c))
}

func matches(pattern, path []string) bool {
	return slices.EqualFunc(pattern, path, func(p, s string) bool { return p == "*" || p == s })
}

func TestSelectAsMeltanoDoes(t *testing.T) {
	for _, test := range []struct {
		name     string
		rules    []string
		want     map[string]string
		warnings []string
	}{
		{"everything", []string{"*.*"}, picked(Default(V2)), nil},
		{"one stream", []string{"messages.*"}, map[string]string{"messages": everything("messages")}, nil},
		{"one field", []string{"chats.rate"}, map[string]string{"chats": keysOfChats + " rate"}, nil},
		{"a list of objects, as a whole", []string{"chats.agents"},
			map[string]string{"chats": keysOfChats + " agents agents[].display_name agents[].email agents[].ip"}, nil},
		{"a nested field and what it is in", []string{"chats.visitor.ip"}, map[string]string{"chats": keysOfChats + " visitor visitor.ip"}, nil},
		{"an object with all that is in it", []string{"chats.queue", "chats.queue.*"}, map[string]string{"chats": keysOfChats + " queue queue.duration"}, nil},
		{"an object with nothing in it", []string{"chats.queue"}, map[string]string{"chats": keysOfChats},
			[]string{`stream chats: nothing in ["properties","queue"] is selected, so it is left out; in Meltano, select what is in it with a final .*`}},
		{"exclusions", []string{"chats.*", "!chats.visitor.ip", "!chats.email", "!chats.id"},
			map[string]string{"chats": without("chats", "visitor.ip", "email")}, nil},
		{"an object excluded", []string{"chats.*", "!chats.visitor"}, map[string]string{"chats": without("chats", "visitor")}, nil},
		{"nothing", nil, map[string]string{}, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			c, err := Read(strings.NewReader(meltano(t, test.rules...)))
			if err != nil {
				t.Fatal(err)
			}
			got, warnings, err := c.Select(V2)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.warnings, warnings); diff != "" {
				t.Errorf("warnings (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(test.want, picked(got)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}
