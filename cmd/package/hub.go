package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"tap-livechat/tap/about"
	"tap-livechat/tap/config"
)

// The files that this program keeps current.
const (
	hubFile     = "meltano-hub.yml"
	exampleFile = "examples/meltano/meltano.yml"
)

// Between these two lines of the example are the settings, because a plugin
// that Meltano's Hub does not know brings its own.
const (
	exampleBegin = "    # settings, made by `make docs`\n"
	exampleEnd   = "    # end of what is made by `make docs`\n"
)

func writeHub(root string, out io.Writer) error {
	for _, f := range []struct {
		name string
		make func(old []byte) ([]byte, error)
	}{
		{hubFile, func([]byte) ([]byte, error) { return hub(), nil }},
		{exampleFile, exampleSettings},
	} {
		file := filepath.Join(root, filepath.FromSlash(f.name))
		old, err := os.ReadFile(file)
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
		text, err := f.make(old)
		if err != nil {
			return fmt.Errorf("%s: %w", f.name, err)
		}
		if err := os.WriteFile(file, text, 0o644); err != nil {
			return err
		}
		fmt.Fprintln(out, file)
	}
	return nil
}

// hubAbsent are the keys that the Hub knows and this tap has no use for.
var hubAbsent = map[string]string{
	"repo":                      "an address, which belongs to whoever publishes the tap",
	"docs":                      "likewise",
	"python":                    "any will do: there is no Python in the wheel",
	"supported_python_versions": "likewise, and without a list Meltano restricts nothing",
	"requires":                  "it is for plugins that bring files",
	"metadata":                  "what discovery says needs no correction",
	"schema":                    "likewise",
}

// hub is the definition for Meltano's Hub. Every key of the Hub's schema stands
// in it but for [hubAbsent], and no other: the Hub refuses those.
func hub() []byte {
	info := about.New(about.Version, nil)
	var b yaml
	b.WriteString("# The tap's definition for Meltano's Hub, made by `make docs`. Do not edit.\n")
	b.field("", "name", info.Name)
	b.field("", "namespace", "tap_livechat")
	b.field("", "variant", "go")
	b.field("", "label", "LiveChat")
	b.field("", "description", info.Description)
	b.field("", "definition", "is a customer service platform: a chat on a company's web site, answered by its agents.")
	b.field("", "domain_url", "https://www.livechat.com/")
	b.field("", "logo_url", "/assets/logos/extractors/livechat.png")
	b.field("", "pip_url", "tap-livechat")
	b.field("", "executable", "tap-livechat")
	b.field("", "maintenance_status", "active")
	b.field("", "quality", "unknown")
	b.field("", "hidden", false)
	b.list("", "keywords", []string{"api", "chat", "customer_support"})
	b.list("", "capabilities", info.Capabilities)
	b.field("", "log_parser", "singer-sdk")
	b.list("", "select", []string{"*.*"})
	b.WriteString("settings_group_validation:\n")
	for _, group := range [][]string{{"access_token", "start_date"}, {"entity_id", "access_token", "start_date"}} {
		fmt.Fprintf(&b, "- [%s]\n", strings.Join(group, ", "))
	}
	b.settings("")
	// Meltano exports the settings to the environment, so ENV is all that a
	// command needs to see them.
	b.WriteString("commands:\n")
	b.command("test", "--config=ENV --test", "Try the connection and each stream, and say what a backfill would cost")
	b.command("about", "--about --format=markdown", "Print a page about the tap and its settings")
	b.field("", "settings_preamble", "`access_token` alone is an OAuth token; together with `entity_id` it is a personal access token. "+
		"To try the tap without an account, set `api_url` to `sandbox:`: then it reads a made-up archive and needs no credential.")
	b.field("", "prereq", "LiveChat bills each request. `meltano invoke tap-livechat:test` says how many a backfill takes, and what they cost, before you start one, "+
		"and which streams the token may read. `api_version` 3 takes a quarter of the requests and needs the scope `chats--all:ro`; 2, the default, needs `archives_read`, which new tokens may not get.")
	b.field("", "usage", "Each run goes on where the last one stopped, and reads the last `lookback_days` again for late changes. "+
		"`end_date` cuts a backfill into parts that can run side by side and load the same tables. "+
		"`reference_data` and `reports` add lists (agents, groups, tags and so on) and LiveChat's own reports by day. "+
		"A run that ends with exit code 4 came to its end and names what is missing; the next one reads that again.")
	b.field("", "next_steps", "The wheel is a static binary for Linux, macOS and Windows; it needs none of Python's packages. "+
		"After an upgrade, and after a change of `api_version`, `reference_data` or `reports`, run once with `--refresh-catalog`, so that Meltano sees the other fields and streams. "+
		"A bookmark of one `api_version` is refused by the other: the error says which `start_date` to set for one run with `--full-refresh`.")
	return b.Bytes()
}

// exampleSettings puts the current settings into the example.
func exampleSettings(old []byte) ([]byte, error) {
	before, rest, found := bytes.Cut(old, []byte(exampleBegin))
	_, after, foundEnd := bytes.Cut(rest, []byte(exampleEnd))
	if !found || !foundEnd {
		return nil, fmt.Errorf("the lines %q and %q are not in it", exampleBegin, exampleEnd)
	}
	var b yaml
	b.Write(before)
	b.WriteString(exampleBegin)
	b.settings("    ")
	b.WriteString(exampleEnd)
	b.Write(after)
	return b.Bytes(), nil
}

// yaml is the little of YAML that is needed. Texts are written as JSON does,
// which is YAML as well.
type yaml struct{ bytes.Buffer }

func (b *yaml) field(indent, name string, value any) {
	fmt.Fprintf(b, "%s%s: %s\n", indent, name, jsonText(value))
}

func (b *yaml) list(indent, name string, values []string) {
	fmt.Fprintf(b, "%s%s:\n", indent, name)
	for _, v := range values {
		fmt.Fprintf(b, "%s- %s\n", indent, jsonText(v))
	}
}

func (b *yaml) command(name, args, description string) {
	fmt.Fprintf(b, "  %s:\n", name)
	b.field("    ", "args", args)
	b.field("    ", "description", description)
}

func (b *yaml) settings(indent string) {
	fmt.Fprintf(b, "%ssettings:\n", indent)
	for _, s := range config.Settings() {
		in := indent + "  "
		fmt.Fprintf(b, "%s- name: %s\n", indent, s.Name)
		b.field(in, "label", s.Title)
		b.field(in, "kind", hubKind(s))
		if s.Secret {
			b.field(in, "sensitive", true)
		}
		if s.Default != nil {
			b.field(in, "value", s.Default)
		}
		if len(s.Examples) > 0 {
			placeholder := fmt.Sprint(s.Examples[0])
			if s.Type == "object" {
				placeholder = jsonText(s.Examples[0])
			}
			b.field(in, "placeholder", placeholder)
		}
		b.field(in, "description", s.Description)
		if s.Enum == nil {
			continue
		}
		fmt.Fprintf(b, "%soptions:\n", in)
		for _, v := range s.Enum {
			fmt.Fprintf(b, "%s- {label: %s, value: %s}\n", in, jsonText(v), jsonText(v))
		}
	}
}

// hubKind is Meltano's kind of a setting. Its kind password is out of use; what
// has taken its place is a string that is sensitive.
func hubKind(s config.Setting) string {
	if s.Secret {
		return "string"
	}
	return s.Kind
}

func jsonText(v any) string {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		panic(err) // texts, numbers and booleans can be written
	}
	return strings.TrimSpace(b.String())
}
