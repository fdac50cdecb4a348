package config

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"

	"tap-livechat/schemas"
	"tap-livechat/tap/userjson"
)

// A Setting is a setting, as schemas/config.json describes it.
type Setting struct {
	Name        string
	Type        string // "string", "integer", "number", "boolean" or "object"
	Kind        string // Meltano's kind: "string", "integer", "decimal", "boolean", "date_iso8601", "object", "options", "password"
	Format      string // "date-time" for a day or a time; else empty
	Title       string
	Description string // one line of plain text
	Default     any    // string, bool or [json.Number]; nil if there is none
	Examples    []any  // as Default, or what JSON decodes into
	Enum        []string
	Required    bool `json:"-"`
	Secret      bool

	Minimum, ExclusiveMinimum, Maximum json.Number // empty if there is none
}

// Env returns the name of the environment variable of the setting.
func (s Setting) Env() string { return EnvPrefix + strings.ToUpper(s.Name) }

// Settings returns all settings, in the order of schemas/config.json.
func Settings() []Setting { return slices.Clone(settings()) }

var settings = sync.OnceValue(func() []Setting {
	var schema struct {
		Properties json.RawMessage
		Required   []string
	}
	mustDecode(schemas.Config(), &schema)
	var all []Setting
	for _, m := range userjson.Members(userjson.Value(schema.Properties)) {
		s := Setting{Name: m.Name, Required: slices.Contains(schema.Required, m.Name)}
		mustDecode(m.Value, &s)
		s.Kind = s.kind()
		all = append(all, s)
	}
	return all
})

// validator validates a config after its values have been read leniently.
var validator = sync.OnceValue(func() *schemas.Validator {
	v, err := schemas.Compile("config", schemas.Config())
	if err != nil {
		panic(err) // it is embedded: no test gets past this
	}
	return v
})

// mustDecode decodes embedded JSON, or JSON that has been validated.
func mustDecode(data []byte, into any) {
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	if err := d.Decode(into); err != nil {
		panic(err) // it is embedded: no test gets past this
	}
}

func (s Setting) kind() string {
	switch {
	case s.Secret:
		return "password"
	case s.Enum != nil:
		return "options"
	case s.Format == "date-time":
		return "date_iso8601"
	case s.Type == "number":
		return "decimal"
	default:
		return s.Type
	}
}

func findSetting(name string) (Setting, bool) {
	i := slices.IndexFunc(settings(), func(s Setting) bool { return s.Name == name })
	if i < 0 {
		return Setting{}, false
	}
	return settings()[i], true
}

// Problem.Wanted of texts with a special form.
const (
	wantedToken    = "a personal access token (together with entity_id) or an OAuth token (alone)"
	wantedTime     = "a day such as 2024-01-31 or a time such as 2024-01-31T08:30:00Z"
	wantedAddress  = "an https address, an http address of this machine, or sandbox:"
	wantedZone     = "a time zone of the TZ database, such as Europe/Berlin, or UTC"
	wantedBatch    = `an object such as {"storage": {"root": "file:///var/lib/livechat"}}, as Meltano's SDK has it`
	wantedRegion   = "the name of a data centre, such as us-south1 or eu-west3"
	wantedEntityID = "an account id, or the agent's e-mail address for an old account"
)

// wantedInside is what the schema allows inside of a setting, in words.
var wantedInside = map[string]string{
	"batch_config.storage":              "an object with root, and with prefix or nothing beside it",
	"batch_config.storage.root":         "the address of a folder, such as file:///tmp/batches",
	"batch_config.storage.prefix":       "a text without / and \\",
	"batch_config.encoding":             "an object with format, compression or both, and nothing else",
	"batch_config.encoding.format":      `"jsonl"`,
	"batch_config.encoding.compression": `"gzip" or "none"`,
	"batch_config.batch_size":           "a whole number from 1 to 1000000000",
}

// wanted returns what the schema allows, in words.
func (s Setting) wanted() string {
	switch {
	case s.Name == "access_token":
		return wantedToken
	case s.Name == "entity_id":
		return wantedEntityID
	case s.Name == "api_url":
		return wantedAddress
	case s.Name == "report_timezone":
		return wantedZone
	case s.Name == "batch_config":
		return wantedBatch
	case s.Name == "region":
		return wantedRegion
	case s.Format == "date-time":
		return wantedTime
	case s.Enum != nil:
		return `"` + strings.Join(s.Enum, `" or "`) + `"`
	case s.Type == "boolean":
		return "true or false"
	case s.Type == "integer":
		return "a whole number" + s.limits()
	case s.Type == "number":
		return "a number" + s.limits()
	default:
		return "a text"
	}
}

// Values returns the allowed values, in a few words, for documentation.
func (s Setting) Values() string {
	switch {
	case s.Secret:
		return "text, secret"
	case s.Enum != nil:
		return "`" + strings.Join(s.Enum, "` or `") + "`"
	case s.Format == "date-time":
		return "day or time"
	case s.Type == "boolean":
		return "`true` or `false`"
	case s.Type == "integer":
		return "whole number" + s.limits()
	case s.Type == "number":
		return "number" + s.limits()
	case s.Type == "object":
		return "object"
	default:
		return "text"
	}
}

func (s Setting) limits() string {
	switch {
	case s.ExclusiveMinimum != "":
		return fmt.Sprintf(" above %s, up to %s", s.ExclusiveMinimum, s.Maximum)
	case s.Maximum != "":
		return fmt.Sprintf(" from %s to %s", s.Minimum, s.Maximum)
	default:
		return fmt.Sprintf(" of %s or more", s.Minimum)
	}
}

// nearest returns the name of the setting that is most similar to name; empty if none
// is similar.
func nearest(name string) string {
	written := normalizeName(name)
	if len(written) > 40 { // longer than every setting's name; and the distance costs len²
		return ""
	}
	best, minDistance := "", 3 // at most two typos
	for _, s := range settings() {
		known := normalizeName(s.Name)
		d := editDistance(written, known)
		if len(written) >= 5 && (strings.Contains(known, written) || strings.Contains(written, known)) {
			d = min(d, 2) // "token", "timeout", "personal_access_token"
		}
		if d < minDistance {
			best, minDistance = s.Name, d
		}
	}
	return best
}

// normalizeName makes spellings equal: access_token, accessToken, ACCESS-TOKEN.
func normalizeName(name string) string {
	return strings.NewReplacer("_", "", "-", "", ".", "", " ", "").Replace(strings.ToLower(name))
}

// editDistance returns the number of bytes to insert, delete or replace to turn a
// into b (Levenshtein).
func editDistance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			replace := diagonal
			if a[i] != b[j] {
				replace++
			}
			diagonal = row[j+1]
			row[j+1] = min(replace, row[j]+1, diagonal+1)
		}
	}
	return row[len(b)]
}
