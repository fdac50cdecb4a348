package about

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tap-livechat/schemas"
	"tap-livechat/tap/config"
	"tap-livechat/tap/userjson"
)

var aboutStreams = []Stream{
	{Name: "chats", Keys: []string{"id", "agent_email"}, ReplicationKey: "ended_timestamp", Description: "One record per agent | chat."},
}

func TestAboutJSON(t *testing.T) {
	text := New("v1.2.3", aboutStreams).JSON()
	if !json.Valid(text) || !bytes.HasSuffix(text, []byte("}\n")) || !bytes.HasPrefix(text, []byte("{\n  \"name\"")) {
		t.Fatalf("not an indented JSON object on lines of its own: %.80s", text)
	}
	if strings.Contains(string(text), `\u003c`) {
		t.Error("descriptions are escaped as for HTML")
	}

	var keys []string
	for _, m := range userjson.Members(text) {
		keys = append(keys, m.Name)
	}
	want := []string{"name", "description", "version", "sdk_version", "supported_python_versions", "capabilities", "settings"}
	if d := cmp.Diff(want, keys); d != "" {
		t.Error(d)
	}

	var got struct {
		Name, Version    string
		SDKVersion       string `json:"sdk_version"`
		SupportedPythons any    `json:"supported_python_versions"`
		Capabilities     []string
		Settings         json.RawMessage
	}
	decode(t, text, &got)
	if got.Name != "tap-livechat" || got.Version != "1.2.3" || got.SDKVersion != "n/a" || got.SupportedPythons != nil {
		t.Errorf("%+v", got)
	}
	if d := cmp.Diff([]string{"catalog", "discover", "state", "about", "test", "activate-version", "batch", "structured-logging"}, got.Capabilities); d != "" {
		t.Error(d)
	}

	keys = nil
	for _, m := range userjson.Members(userjson.Value(got.Settings)) {
		keys = append(keys, m.Name)
	}
	if d := cmp.Diff([]string{"type", "properties", "required", "$schema"}, keys); d != "" {
		t.Error(d)
	}
	if _, err := schemas.Compile("about", got.Settings); err != nil {
		t.Error("the settings are not a JSON Schema:", err)
	}
}

func decode(t *testing.T, text []byte, into any) {
	t.Helper()
	if err := json.Unmarshal(text, into); err != nil {
		t.Fatal(err)
	}
}

func TestAboutJSONSettings(t *testing.T) {
	var about, source struct{ Properties map[string]map[string]any }
	decode(t, aboutSettings(), &about)
	decode(t, schemas.Config(), &source)
	for _, s := range config.Settings() {
		want := source.Properties[s.Name]
		want["type"] = []any{s.Type, "null"}
		if s.Required {
			want["type"] = []any{s.Type}
		}
		if d := cmp.Diff(want, about.Properties[s.Name]); d != "" {
			t.Error(s.Name, d)
		}
	}
	token := about.Properties["access_token"]
	if token["secret"] != true || token["writeOnly"] != true {
		t.Error("access_token is not marked as a secret:", token)
	}
}

func TestSettingsTable(t *testing.T) {
	lines := strings.Split(strings.TrimSpace(SettingsTable()), "\n")
	if want := len(config.Settings()) + 2; len(lines) != want {
		t.Fatalf("%d lines, want %d", len(lines), want)
	}
	for i, s := range config.Settings() {
		cells := strings.Split(strings.ReplaceAll(lines[i+2], `\|`, ""), "|")
		if len(cells) != 6 || cells[1] != " `"+s.Name+"` " {
			t.Errorf("%d cells in %s", len(cells), lines[i+2])
		}
	}
	for _, want := range []string{
		"| `access_token` | text, secret | **required** | ",
		"| `start_date` | day or time | **required** | ",
		"| `include_pending` | `true` or `false` | `false` | ",
		"| `region` | text |  | ",
		"| `max_concurrent_requests` | whole number from 1 to 32 | `4` | ",
		"| `request_timeout` | number above 0, up to 600 | `60` | ",
	} {
		if !slices.ContainsFunc(lines, func(line string) bool { return strings.HasPrefix(line, want) }) {
			t.Errorf("no line begins with %q", want)
		}
	}
}

func TestAboutPages(t *testing.T) {
	about := New("1.2.3", aboutStreams)
	for name, page := range map[string]string{"Markdown": about.Markdown(), "Text": about.Text()} {
		for _, s := range config.Settings() {
			if !strings.Contains(page, s.Name) {
				t.Errorf("%s does not name %s", name, s.Name)
			}
		}
		for _, want := range []string{"tap-livechat 1.2.3\n", "ended_timestamp", "structured-logging", "TAP_LIVECHAT_START_DATE"} {
			if !strings.Contains(page, want) {
				t.Errorf("%s does not hold %q", name, want)
			}
		}
		if !strings.HasSuffix(page, "\n") || strings.HasSuffix(page, "\n\n") || strings.Contains(page, "\n\n\n") || strings.Contains(page, "%!") {
			t.Errorf("%s is laid out badly:\n%s", name, page)
		}
	}
	if row := "| `chats` | `id`, `agent_email` | `ended_timestamp` | One record per agent \\| chat. |\n"; !strings.Contains(about.Markdown(), row) {
		t.Errorf("Markdown does not hold the row %s", row)
	}
	if page := New("1", nil).Markdown(); strings.Contains(page, "## Streams") {
		t.Error("a table of no streams")
	}
	for line := range strings.Lines(about.Text()) {
		if len(line) > 101 {
			t.Errorf("a line too long for a terminal: %s", line)
		}
	}
}
