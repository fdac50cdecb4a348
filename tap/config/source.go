package config

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"strings"
	"unicode/utf8"
)

// EnvPrefix begins the name of every environment variable that is a setting.
const EnvPrefix = "TAP_LIVECHAT_"

// environment is the name of the source that [Env] makes.
const environment = "environment"

// A Source is one place that settings come from.
type Source struct {
	Name string // the path of a file, or "environment"
	Data []byte // a JSON object, of which nothing is known yet
}

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
	return Source{environment, data}
}

// WithDotenv adds the variables of a .env file to environ. A variable that is in
// both keeps the value of the real environment, even an empty one: so a line of
// the file can be switched off.
func WithDotenv(environ []string, dotenv map[string]string) []string {
	both := make([]string, 0, len(dotenv)+len(environ))
	for name, value := range dotenv {
		both = append(both, name+"="+value)
	}
	return append(both, environ...) // of two entries, Env takes the later one
}

// members are the settings in the source. A fault tells why it cannot be read,
// without quoting from it: a config holds secrets.
func (s Source) members() ([]jsonMember, *Fault) {
	data := bytes.TrimPrefix(s.Data, []byte("\ufeff"))
	unreadable := func(given, wanted string) ([]jsonMember, *Fault) {
		return nil, &Fault{Given: given, Wanted: wanted, Source: s.Name}
	}
	if bytes.HasPrefix(data, []byte("\xff\xfe")) || bytes.HasPrefix(data, []byte("\xfe\xff")) {
		return unreadable("a file in UTF-16", "UTF-8") // what > writes in older PowerShells
	}
	if len(bytes.TrimSpace(data)) == 0 {
		return unreadable("an empty file", wantedObject)
	}
	var whole json.RawMessage // any would refuse numbers too large for a float64
	if err := json.Unmarshal(data, &whole); err != nil {
		return unreadable(notJSON(data, err), "valid JSON")
	}
	var top any
	mustDecode(whole, &top)
	if _, ok := top.(map[string]any); !ok {
		return unreadable(jsonKind(top), wantedObject)
	}
	return jsonMembers(data), nil
}

const wantedObject = `a JSON object such as {"start_date": "2024-01-01", …}`

// notJSON says where a text stops being JSON. Of the text itself it shows one
// punctuation mark at most.
func notJSON(data []byte, err error) string {
	syntax, ok := errors.AsType[*json.SyntaxError](err)
	if !ok {
		return "what is not JSON"
	}
	if strings.HasPrefix(syntax.Error(), "unexpected end") {
		return fmt.Sprintf("JSON that breaks off in line %d: a quote or bracket is not closed", lineOf(data, len(data)))
	}
	// Offset counts what was read, the offending byte included.
	at := min(max(int(syntax.Offset)-1, 0), len(data))
	column := 1 + utf8.RuneCount(data[bytes.LastIndexByte(data[:at], '\n')+1:at])
	found := "a character"
	if at < len(data) && strings.IndexByte("{}[]:,'\"/", data[at]) >= 0 {
		found = fmt.Sprintf("a %c", data[at])
	}
	why := misplaced(syntax.Error())
	if found == "a }" && strings.Contains(why, "name of a setting") {
		why = " after a comma; the comma is one too many"
	}
	return fmt.Sprintf("JSON with a mistake in line %d, column %d: %s%s", lineOf(data, at), column, found, why)
}

// misplaced words what encoding/json says about the place of a character.
func misplaced(message string) string {
	for _, m := range [][2]string{
		{"beginning of object key string", " where the name of a setting, in quotes, should be"},
		{"after object key:value pair", " where a comma or the closing } should be"},
		{"after object key", " where a colon should be"},
		{"after array element", " where a comma or the closing ] should be"},
		{"after top-level value", " after the end"},
		{"beginning of value", " where a value should begin; texts need quotes, true and false are lower-case"},
		{"in string literal", " inside a text that needs an escape, such as \\n for a line break"},
		{"in string escape", " after a backslash; a backslash itself is written \\\\"},
	} {
		if strings.Contains(message, m[0]) {
			return m[1]
		}
	}
	return " that does not belong there"
}

func lineOf(data []byte, at int) int { return 1 + bytes.Count(data[:at], []byte("\n")) }

// A jsonMember is one name and value of a JSON object.
type jsonMember struct {
	name  string
	line  int // of the object's text that the name is on, from 1
	value json.RawMessage
}

// jsonMembers splits a JSON object, which must be valid, into its members:
// in their order, and those that come twice, twice.
func jsonMembers(object []byte) []jsonMember {
	var all []jsonMember
	d := json.NewDecoder(bytes.NewReader(object))
	must := func(err error) {
		if err != nil {
			panic(err)
		}
	}
	_, err := d.Token() // the opening brace
	must(err)
	line, counted := 1, 0
	for d.More() {
		name, err := d.Token()
		must(err)
		at := int(d.InputOffset())
		line += bytes.Count(object[counted:at], []byte("\n"))
		counted = at
		m := jsonMember{name: name.(string), line: line}
		must(d.Decode(&m.value))
		all = append(all, m)
	}
	return all
}

// jsonKind names the kind of a decoded value.
func jsonKind(v any) string {
	switch v.(type) {
	case nil:
		return "null"
	case bool:
		return "true or false"
	case json.Number:
		return "a number"
	case string:
		return "a text"
	case []any:
		return "a list"
	default:
		return "an object"
	}
}
