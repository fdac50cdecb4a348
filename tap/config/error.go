package config

import (
	"slices"
	"strings"
)

// A Error tells everything that is wrong with a config at once. It never
// shows a credential.
type Error struct {
	Faults []Fault // what is wrong with a file first, then in the order of [Settings]
}

// A Fault is one thing that is wrong with a config.
type Fault struct {
	Setting string // empty: it is the source that cannot be read
	Given   string // what is there, described where it may be secret
	Wanted  string
	Source  string // where it was given; for what is missing, where it was looked for
}

// Error has a line for each fault.
func (e *Error) Error() string {
	lines := make([]string, len(e.Faults))
	for i, f := range e.Faults {
		lines[i] = f.String()
	}
	return strings.Join(lines, "\n")
}

// String is one line: the setting, where, what was given and what is wanted.
func (f Fault) String() string {
	where := f.Setting
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

// Hint says what to do.
func (e *Error) Hint() string {
	hint := "`tap-livechat --about` describes every setting"
	if slices.ContainsFunc(e.Faults, func(f Fault) bool { return f.Given == nothing }) {
		hint += "; they go into a JSON file for --config, or into " + EnvPrefix + "… variables for --config=ENV"
	}
	if slices.ContainsFunc(e.Faults, func(f Fault) bool { return f.Setting == "access_token" && f.Given == nothing }) {
		hint += `; to try the tap without an account, set "api_url" to "sandbox:"`
	}
	return hint
}
