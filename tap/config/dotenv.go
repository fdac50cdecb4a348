package config

import (
	"fmt"
	"regexp"
	"strings"

	"tap-livechat/tap/userjson"
)

// Dotenv returns environ with the variables of a .env file added. A variable that is
// in both keeps the value of environ, even an empty one, so that a line of the file can
// be switched off. ${NAME} is looked up in environ, then in the lines before.
//
// Most such files belong to other projects. A line that cannot be read is therefore a
// warning with its number; it is an error, an *[Error], only if it names a setting of
// the tap. Neither shows the line.
func Dotenv(environ []string, file []byte) (both, warnings []string, err error) {
	text, err := userjson.Text(file)
	if err != nil {
		return environ, []string{".env is not read: " + err.Error()}, nil
	}
	d := dotenv{rest: strings.ReplaceAll(string(text), "\r\n", "\n"), environ: environ}
	var problems []Problem
	for line := 1; d.rest != ""; {
		first := line
		statement, ok := d.next()
		line += strings.Count(statement, "\n")
		switch {
		case ok:
		case strings.HasPrefix(strings.TrimPrefix(strings.TrimSpace(statement), "export "), EnvPrefix):
			problems = append(problems, Problem{Given: fmt.Sprintf("a line that cannot be read: line %d", first), Wanted: "NAME=value", Source: ".env"})
		default:
			warnings = append(warnings, fmt.Sprintf("line %d of .env cannot be read and is passed over", first))
		}
	}
	if problems != nil {
		return environ, warnings, &Error{problems}
	}
	// If a name occurs twice, Env uses the later entry.
	return append(d.found, environ...), warnings, nil
}

// A dotenv is the state of parsing a .env file.
type dotenv struct {
	rest    string // not parsed yet
	found   []string
	environ []string
}

var (
	dotenvName     = regexp.MustCompile(`^[ \t]*(?:export[ \t]+)?([\pL\pN_.-]+)[ \t]*`)
	dotenvTrailing = regexp.MustCompile(`^[ \t]*(?:#[^\n]*)?(?:\n|$)`) // what may follow a value in quotes
	dotenvComment  = regexp.MustCompile(`[ \t]#.*$`)
	dotenvNothing  = regexp.MustCompile(`^[ \t]*(?:#.*)?$`)
	// $NAME, ${NAME} and ${NAME:-default}; a backslash before it escapes it.
	dotenvReference = regexp.MustCompile(`\\?\$(?:([A-Z0-9_]+)|\{([A-Za-z0-9_]+)(?::-([^}]*))?\})`)
	dotenvEscape    = regexp.MustCompile(`\\.`)
)

// next parses one statement and returns its text, line break included; ok is false if
// it cannot be parsed.
func (d *dotenv) next() (statement string, ok bool) {
	line, _, _ := strings.Cut(d.rest, "\n")
	end := min(len(line)+1, len(d.rest))
	defer func() {
		statement, d.rest = d.rest[:end], d.rest[end:]
	}()
	name := dotenvName.FindStringSubmatch(line)
	if name == nil {
		return "", dotenvNothing.MatchString(line)
	}
	after := line[len(name[0]):]
	if dotenvNothing.MatchString(after) {
		return "", true // a name alone passes a variable of the environment through
	}
	if after[0] != '=' && after[0] != ':' {
		return "", false
	}
	value := strings.TrimLeft(after[1:], " \t")
	if value == "" || value[0] != '"' && value[0] != '\'' {
		value = strings.TrimSpace(dotenvComment.ReplaceAllString(" "+value, ""))
		d.found = append(d.found, name[1]+"="+d.expand(value))
		return "", true
	}
	// A quoted value may span lines.
	begin := len(line) - len(value) + 1
	quote := value[0]
	for i := begin; i < len(d.rest); i++ {
		switch {
		case d.rest[i] == '\\':
			i++
		case d.rest[i] == quote:
			trailing := dotenvTrailing.FindString(d.rest[i+1:])
			if trailing == "" && i+1 < len(d.rest) {
				return "", false
			}
			value = d.rest[begin:i]
			if quote == '"' {
				value = d.expand(unescape(value))
			}
			d.found = append(d.found, name[1]+"="+value)
			end = i + 1 + len(trailing)
			return "", true
		}
	}
	return "", false
}

// unescape replaces the escapes in a value in double quotes, except that of a $.
func unescape(value string) string {
	return dotenvEscape.ReplaceAllStringFunc(value, func(escape string) string {
		switch escape[1] {
		case 'n':
			return "\n"
		case 'r':
			return "\r"
		case 't':
			return "\t"
		case '$':
			return escape
		}
		return escape[1:]
	})
}

func (d *dotenv) expand(value string) string {
	return dotenvReference.ReplaceAllStringFunc(value, func(reference string) string {
		if reference[0] == '\\' {
			return reference[1:]
		}
		m := dotenvReference.FindStringSubmatch(reference)
		name := m[1] + m[2]
		for _, among := range [][]string{d.environ, d.found} {
			for i := len(among) - 1; i >= 0; i-- {
				if is, ok := strings.CutPrefix(among[i], name+"="); ok {
					return is
				}
			}
		}
		return m[3]
	})
}
