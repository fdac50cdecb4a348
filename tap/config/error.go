package config

import (
	"slices"
	"strings"
)

// An Error lists every problem of a config. It never shows a credential.
type Error struct {
	Problems []Problem // those of whole sources first, then in the order of [Settings]
}

// A Problem is one thing that is wrong with a config.
type Problem struct {
	Setting string // empty: the source cannot be read
	Inside  string // the place in a setting that is an object, such as storage.root; empty for the whole setting
	Given   string // the value; only its kind and length if it may be secret
	Wanted  string
	Source  string // where the value is; for a missing setting, the sources that were read
}

// Error returns one line for each problem.
func (e *Error) Error() string {
	lines := make([]string, len(e.Problems))
	for i, f := range e.Problems {
		lines[i] = f.String()
	}
	return strings.Join(lines, "\n")
}

// String returns one line: setting, source, value and what is allowed.
func (f Problem) String() string {
	where := f.Setting
	if f.Inside != "" {
		where += "." + f.Inside
	}
	switch {
	case f.Setting == "":
		where = f.Source
	case f.Source == environment:
		where += " in the environment (" + Setting{Name: f.Setting}.Env() + ")"
	case f.Source != "":
		where += " in " + f.Source
	}
	return where + ": given " + f.Given + "; wanted " + f.Wanted
}

// Hint says how the user can continue.
func (e *Error) Hint() string {
	hint := "`tap-livechat --about` describes every setting"
	if slices.ContainsFunc(e.Problems, func(f Problem) bool { return f.Given == missingValue }) {
		hint += "; they go into a JSON file for --config, or into " + EnvPrefix + "… variables for --config=ENV"
	}
	if slices.ContainsFunc(e.Problems, func(f Problem) bool { return f.Setting == "access_token" && f.Given == missingValue }) {
		hint += `; to try the tap without an account, set "api_url" to "sandbox:"`
	}
	return hint
}
