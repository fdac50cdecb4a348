// Package about describes the tap: its version, capabilities, streams and settings.
package about

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"

	"tap-livechat/catalog"
	"tap-livechat/schemas"
	"tap-livechat/tap/config"
	"tap-livechat/tap/userjson"
)

// Info is the output of `tap-livechat --about`, in three formats.
type Info struct {
	Name         string
	Description  string
	Version      string // without a v in front
	SDKVersion   string
	Capabilities []string
	Streams      []Stream
	Settings     []config.Setting
}

// Stream describes a stream.
type Stream struct {
	Name           string
	Keys           []string
	ReplicationKey string
	Description    string
}

// Streams returns all streams.
func Streams() []Stream {
	var all []Stream
	for _, s := range catalog.Streams() {
		all = append(all, Stream{Name: s.Name, Keys: s.Keys, ReplicationKey: s.ReplicationKey, Description: s.Description})
	}
	return all
}

// New describes the tap. It needs no config and no network.
func New(version string, streams []Stream) Info {
	return Info{
		Name: "tap-livechat",
		Description: "Singer tap for LiveChat (REST API v2 and the APIs v3.6): chats, messages, events, reference data and reports, " +
			"complete, resumable, and with as few of the billed requests as possible.",
		Version:      strings.TrimPrefix(version, "v"),
		SDKVersion:   "n/a", // the key is part of the format; the tap does not use the SDK
		Capabilities: []string{"catalog", "discover", "state", "about", "test", "activate-version", "batch", "structured-logging"},
		Streams:      streams,
		Settings:     config.Settings(),
	}
}

// JSON returns the object that Meltano's Hub and other tools read: seven keys in the
// order of the Singer SDK, indented by two spaces, with a final line break.
func (a Info) JSON() []byte {
	var out bytes.Buffer
	e := json.NewEncoder(&out)
	e.SetEscapeHTML(false) // descriptions are for people
	e.SetIndent("", "  ")
	err := e.Encode(struct {
		Name             string          `json:"name"`
		Description      string          `json:"description"`
		Version          string          `json:"version"`
		SDKVersion       string          `json:"sdk_version"`
		SupportedPythons []string        `json:"supported_python_versions"`
		Capabilities     []string        `json:"capabilities"`
		Settings         json.RawMessage `json:"settings"`
	}{a.Name, a.Description, a.Version, a.SDKVersion, nil, a.Capabilities, aboutSettings()})
	if err != nil {
		panic(err) // every part can be written
	}
	return out.Bytes()
}

// aboutSettings returns schemas/config.json as the Singer SDK prints a schema: types as
// lists, with null for optional settings.
func aboutSettings() json.RawMessage {
	optional := map[string]bool{}
	for _, s := range config.Settings() {
		optional[s.Name] = !s.Required
	}
	return mapMembers(schemas.Config(), func(name string, value json.RawMessage) json.RawMessage {
		if name != "properties" {
			return value
		}
		return mapMembers(value, func(setting string, value json.RawMessage) json.RawMessage {
			return mapMembers(value, func(keyword string, value json.RawMessage) json.RawMessage {
				switch {
				case keyword != "type":
					return value
				case optional[setting]:
					return fmt.Appendf(nil, `[%s, "null"]`, value)
				default:
					return fmt.Appendf(nil, `[%s]`, value)
				}
			})
		})
	})
}

// mapMembers returns a JSON object with changed values, in the same order.
func mapMembers(object []byte, change func(name string, value json.RawMessage) json.RawMessage) json.RawMessage {
	out := []byte{'{'}
	for i, m := range userjson.Members(object) {
		if i > 0 {
			out = append(out, ',')
		}
		out = fmt.Appendf(out, "%q:%s", m.Name, change(m.Name, json.RawMessage(m.Value)))
	}
	return append(out, '}')
}

// credentials is the section about credentials.
const credentials = `Either kind of credential does, as long as it may read the archive:

- A **personal access token**, made in LiveChat's Developer Console. Set ` + "`entity_id`" + ` to the account id that
  it shows (for an old account, the agent's e-mail address) and ` + "`access_token`" + ` to the token (Basic).
- An **OAuth access token** of an app. Set ` + "`access_token`" + ` alone (Bearer).
  Such a token lives for hours: a long backfill outlives it.

The scope is ` + "`archives_read`" + ` for ` + "`api_version`" + ` 2 and ` + "`chats--all:ro`" + ` for 3; lists and reports have scopes of their own, which ` + "`--test`" + ` names.

No account at hand? With ` + "`\"api_url\": \"sandbox:\"`" + ` the tap reads a made-up archive and needs no credential.
`

// use is the section about first and later runs and exit codes.
const use = "The config is a JSON file with the settings below; three are enough.\n\n" +
	"```json\n" + `{"entity_id": "your account id", "access_token": "your personal access token", "start_date": "2024-01-01"}` + "\n```\n\n" +
	"```sh\n" +
	"tap-livechat --config config.json --test       # do the credentials work, and what does a backfill cost?\n" +
	"tap-livechat --config config.json | target-jsonl --config target.json > states\n" +
	"tail -n 1 states > state.json                  # the bookmarks: what the target has stored\n" +
	"tap-livechat --config config.json --state state.json | target-jsonl --config target.json > states\n" +
	"```\n\n" +
	"Messages go to standard output, the log to standard error. Exit codes: 0 everything was delivered; 1 something failed;\n" +
	"2 the command line, the config or the catalog is wrong; 3 `max_requests` is used up; 4 read to the end, but not complete; 129, 130 and 143 ended by a signal. After any\n" +
	"but 0 the last line of the log says what happened and what to do, and the last state is one to go on from.\n"

// Markdown returns a documentation page.
func (a Info) Markdown() string {
	var b strings.Builder
	fmt.Fprintf(&b, "# %s %s\n\n%s\n", a.Name, a.Version, a.Description)
	fmt.Fprintf(&b, "\n## Use\n\n%s", use)
	if len(a.Streams) > 0 {
		b.WriteString("\n## Streams\n\n| Stream | Key | Replication key | Description |\n|---|---|---|---|\n")
		for _, s := range a.Streams {
			replication := "none: read in full"
			if s.ReplicationKey != "" {
				replication = "`" + s.ReplicationKey + "`"
			}
			fmt.Fprintf(&b, "| `%s` | `%s` | %s | %s |\n", s.Name, strings.Join(s.Keys, "`, `"), replication, cell(s.Description))
		}
	}
	fmt.Fprintf(&b, "\n## Settings\n\n%s", SettingsTable())
	fmt.Fprintf(&b, "\n## Credentials\n\n%s", credentials)
	fmt.Fprintf(&b, "\n## Environment variables\n\nWith `--config=ENV`, settings are read from the environment, and from a file `.env` in the\n"+
		"working directory, under their names in upper case after `%s`: `%s` sets `start_date`.\n"+
		"They win over every config file; the real environment wins over `.env`.\n", config.EnvPrefix, config.Setting{Name: "start_date"}.Env())
	fmt.Fprintf(&b, "\n## Capabilities\n\n`%s`\n", strings.Join(a.Capabilities, "`, `"))
	return b.String()
}

// SettingsTable returns a Markdown table of all settings.
func SettingsTable() string {
	var b strings.Builder
	b.WriteString("| Setting | Value | Default | Description |\n|---|---|---|---|\n")
	for _, s := range config.Settings() {
		standard := ""
		if s.Default != nil {
			standard = fmt.Sprintf("`%v`", s.Default)
		}
		if s.Required {
			standard = "**required**"
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s |\n", s.Name, cell(s.Values()), standard, cell(s.Description))
	}
	return b.String()
}

// cell escapes a text for a cell of a Markdown table.
func cell(text string) string {
	return strings.NewReplacer("|", `\|`, "<", `\<`, "\n", " ").Replace(text)
}

// Text returns the description for a terminal.
func (a Info) Text() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s\n%s\n\nCapabilities: %s\n", a.Name, a.Version, wrap(a.Description, ""), strings.Join(a.Capabilities, ", "))
	if len(a.Streams) > 0 {
		b.WriteString("\nStreams:\n")
		for _, s := range a.Streams {
			replication := "read in full"
			if s.ReplicationKey != "" {
				replication = "replication key " + s.ReplicationKey
			}
			fmt.Fprintf(&b, "  %s (key %s; %s)\n%s\n", s.Name, strings.Join(s.Keys, ", "), replication, wrap(s.Description, "      "))
		}
	}
	b.WriteString("\nSettings:\n")
	for _, s := range a.Settings {
		notes := strings.ReplaceAll(s.Values(), "`", "")
		if s.Required {
			notes += "; required"
		}
		if s.Default != nil {
			notes += fmt.Sprintf("; default %v", s.Default)
		}
		fmt.Fprintf(&b, "  %s (%s)\n%s\n", s.Name, notes, wrap(s.Description, "      "))
	}
	fmt.Fprintf(&b, "\nWith --config=ENV, settings are read from the environment: %s sets start_date.\n", config.Setting{Name: "start_date"}.Env())
	return b.String()
}

// wrap breaks a text into lines of at most 80 bytes, each with the indent.
func wrap(text, indent string) string {
	var b strings.Builder
	width := 0
	for _, word := range strings.Fields(text) {
		switch {
		case width == 0:
			b.WriteString(indent)
			width = len(indent)
		case width+1+len(word) > 80:
			b.WriteString("\n" + indent)
			width = len(indent)
		default:
			b.WriteByte(' ')
			width++
		}
		b.WriteString(word)
		width += len(word)
	}
	return b.String()
}
