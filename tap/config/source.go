package config

import (
	"encoding/json"
	"errors"
	"maps"
	"strings"

	"tap-livechat/tap/secret"
	"tap-livechat/tap/userjson"
)

// EnvPrefix begins the name of every environment variable that is a setting.
const EnvPrefix = "TAP_LIVECHAT_"

// environment is the name of the source that [Env] makes.
const environment = "environment"

// A Source is one place that settings come from.
type Source struct {
	Name string      // the path of a file, or "environment"
	Data secret.Text // a JSON object, of which nothing is known yet
}

// File makes a source of a file's content.
func File(name string, data []byte) Source { return Source{name, secret.New(string(data))} }

// Env makes a source of the TAP_LIVECHAT_… variables in environ, which is
// a list such as [os.Environ] returns: TAP_LIVECHAT_START_DATE sets start_date.
// Empty ones count as not set. So do variables that are no setting and do not
// look like one misspelt, since Meltano and others keep their own under our
// prefix.
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

// members are the settings in the source. A fault tells why it cannot be read,
// without quoting from it: a config holds secrets.
func (s Source) members() ([]userjson.Member, *Fault) {
	object, err := userjson.ParseRepeated([]byte(s.Data.Reveal())) // a setting that comes twice is a fault of the setting
	if bad, ok := errors.AsType[*userjson.Error](err); ok {
		wanted := "valid JSON"
		if bad.What == userjson.Empty {
			wanted = wantedObject
		}
		return nil, &Fault{Given: bad.What, Wanted: wanted, Source: s.Name}
	}
	if object.Kind() != '{' {
		return nil, &Fault{Given: userjson.Kind(object), Wanted: wantedObject, Source: s.Name}
	}
	return userjson.Members(object), nil
}

const wantedObject = `a JSON object such as {"start_date": "2024-01-01", …}`
