package config

import (
	"encoding/json"
	"errors"
	"maps"
	"regexp"
	"strings"

	"tap-livechat/tap/secret"
	"tap-livechat/tap/userjson"
)

// EnvPrefix is the prefix of every environment variable of a setting.
const EnvPrefix = "TAP_LIVECHAT_"

// environment is the name of the source that [Env] returns.
const environment = "environment"

// A Source is a source of settings.
type Source struct {
	Name string      // the path of a file, or "environment"
	Data secret.Text // a JSON object, not yet validated
}

// File returns a source with a file's content.
func File(name string, data []byte) Source { return Source{name, secret.New(string(data))} }

// Env returns a source with the TAP_LIVECHAT_… variables in environ, a list such as
// [os.Environ] returns: TAP_LIVECHAT_START_DATE sets start_date. Empty variables are
// not set. Variables that neither are nor resemble a setting are ignored, since
// Meltano and others use the same prefix for their own.
func Env(environ []string) Source {
	found := map[string]string{}
	for _, entry := range environ {
		name, value, _ := strings.Cut(entry, "=")
		name, ours := strings.CutPrefix(name, EnvPrefix)
		name = strings.ToLower(name)
		if !ours || strings.HasPrefix(name, "_") { // TAP_LIVECHAT__SELECT is an extra of Meltano's
			continue
		}
		if _, known := findSetting(name); known || nearest(name) != "" {
			found[name] = value
		}
	}
	maps.DeleteFunc(found, func(_, value string) bool { return value == "" })
	data, err := json.Marshal(found)
	if err != nil {
		panic(err) // texts can always be written
	}
	return Source{environment, secret.New(string(data))}
}

// members returns the settings in the source. The problem says why it cannot be read,
// without quoting it: a config contains secrets.
func (s Source) members() ([]userjson.Member, *Problem) {
	object, err := userjson.ParseRepeated([]byte(s.Data.Reveal())) // a repeated setting is a problem of that setting
	if bad, ok := errors.AsType[*userjson.Error](err); ok {
		f := &Problem{Given: bad.What, Wanted: "valid JSON", Source: s.Name}
		switch text, _ := userjson.Text([]byte(s.Data.Reveal())); {
		case bad.What == userjson.Empty:
			f.Wanted = wantedObject
		case beginsAsYAML.Match(text):
			f.Given, f.Wanted = "YAML", wantedObject
		}
		return nil, f
	}
	if object.Kind() != '{' {
		return nil, &Problem{Given: userjson.Kind(object), Wanted: wantedObject, Source: s.Name}
	}
	return userjson.Members(object), nil
}

// beginsAsYAML matches a text that begins with a name and a colon, comments, blank
// lines and the line --- before them left out.
var beginsAsYAML = regexp.MustCompile(`\A(?:[ \t]*(?:#.*|---)?[ \t]*\r?\n)*["']?[A-Za-z][A-Za-z0-9_-]*["']?[ \t]*:\s`)

const wantedObject = `a JSON object such as {"start_date": "2024-01-01", …}`
