package tap

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"tap-livechat/catalog"
	"tap-livechat/tap/record"
)

// TestNothingIsLeftOutInSilence: a member of a chat of API v2 that is new is delivered, as
// part of a text with JSON, or a warning names it with its place, wherever it comes. For
// v3.6 the package that reads it has the same test.
func TestNothingIsLeftOutInSilence(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, err := record.New(catalog.Default(catalog.V2), true)
		if err != nil {
			t.Fatal(err)
		}
		var entry any
		if err := json.Unmarshal([]byte(referenceShape), &entry); err != nil {
			t.Fatal(err)
		}
		objects := 0
		var visit func(v any, path string)
		visit = func(v any, path string) {
			switch v := v.(type) {
			case []any:
				for _, e := range v {
					visit(e, path)
				}
			case map[string]any:
				objects++
				v["hologram"] = "brand-new"
				text, err := json.Marshal(entry)
				if err != nil {
					t.Fatal(err)
				}
				chat, err := read(r, string(text))
				if err != nil {
					t.Fatal(err)
				}
				var named []string
				for _, w := range slices.Concat(chat.Warnings, chat.Out.Warnings) {
					if strings.HasSuffix(w.Field, ".hologram") {
						named = append(named, w.Field)
					}
				}
				if len(named) == 0 && !strings.Contains(string(chat.Out.Text), "hologram") {
					t.Errorf("new in %s: not named, and not delivered", path)
				}
				if in := strings.TrimPrefix(path, "chats."); len(named) > 0 && named[0] != path+".hologram" && named[0] != in+".hologram" {
					t.Errorf("new in %s: named %q", path, named)
				}
				delete(v, "hologram")
				for name, e := range v {
					visit(e, path+"."+name)
				}
			}
		}
		visit(entry, "chats")
		if objects < 15 {
			t.Errorf("%d objects were tried", objects)
		}
	})
}
