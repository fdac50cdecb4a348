package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"tap-livechat/tap/about"
	"tap-livechat/tap/singer"
)

// usageError reports an invalid command line.
type usageError struct{ what string }

func (e usageError) Error() string { return e.what }
func (e usageError) Hint() string  { return "tap-livechat --help lists the flags" }

// flags are the values of the command line's flags.
type flags struct {
	config               []string
	catalog, state       string
	about, discover      bool
	version              bool
	format, test, listen string
	switches             string
	parts                int
}

// run runs the program and returns the exit code.
func (p *process) run(ctx context.Context) int {
	err := p.dispatch(ctx)
	if cause := context.Cause(ctx); cause != nil && errors.Is(err, cause) {
		err = cause
	}
	if err != nil {
		critical(p.log, err)
	}
	return exitCode(err)
}

func (p *process) dispatch(ctx context.Context) error {
	var f flags
	action := func(c *cli.Context) error {
		if c.NArg() > 0 {
			return notACommand(c, len(p.args)-c.NArg()+1)
		}
		for _, name := range []string{"state", "catalog"} {
			if c.IsSet(name) && c.String(name) == "" {
				// Probably a variable that is not set. Without the file the run would
				// read, and cost, far more than intended.
				return usageError{"--" + name + " is given an empty path"}
			}
		}
		if err := f.configs(c); err != nil {
			return err
		}
		return p.mode(c.Context, f)
	}
	app := &cli.App{
		Name:      "tap-livechat",
		Usage:     "read a LiveChat account and write it as Singer messages",
		UsageText: "tap-livechat --config FILE [--state FILE] [--catalog FILE] > messages\ntap-livechat [--config FILE] --discover\ntap-livechat --about | --version\ntap-livechat --config FILE --test\ntap-livechat plan --config FILE --parts N\ntap-livechat merge-state FILE…",
		Flags: []cli.Flag{
			&cli.StringSliceFlag{Name: "config", Aliases: []string{"c"}, Usage: "read settings from `FILE`, or from TAP_LIVECHAT_… variables if it is ENV; repeatable, the later wins, variables win over every file"},
			&cli.StringFlag{Name: "state", Aliases: []string{"s"}, Usage: "go on from the bookmarks in `FILE`", Destination: &f.state},
			&cli.StringFlag{Name: "catalog", Aliases: []string{"p", "properties"}, Usage: "read what the catalog in `FILE` selects", Destination: &f.catalog},
			&cli.BoolFlag{Name: "discover", Aliases: []string{"d"}, Usage: "print the catalog: of all streams, or with --config of those that it asks for", Destination: &f.discover},
			&cli.BoolFlag{Name: "about", Usage: "print what the tap is, can do and can be told", Destination: &f.about},
			&cli.StringFlag{Name: "format", Usage: "of --about: text, json or markdown", Destination: &f.format},
			&cli.StringFlag{Name: "test", Usage: "=all: try the connection and each stream, and say what a run would cost; =schema: print the SCHEMA messages (--test alone: all)", Destination: &f.test},
			&cli.BoolFlag{Name: "version", Usage: "print the version", Destination: &f.version},
		},
		Commands: []*cli.Command{{
			Name:  "sandbox",
			Usage: "serve a made-up account, to try the tap without one",
			Flags: []cli.Flag{
				&cli.StringFlag{Name: "listen", Value: "127.0.0.1:8420", Usage: "the `ADDRESS`", Destination: &f.listen},
				&cli.StringFlag{Name: "switches", Usage: "how it behaves, such as \"chats=5000&days=90\"; see --help", Destination: &f.switches},
			},
			CustomHelpTemplate: sandboxHelp(),
			OnUsageError:       p.onUsageError,
			Action:             func(c *cli.Context) error { return p.serveSandbox(c.Context, f.listen, f.switches) },
		}, {
			Name:      "plan",
			Usage:     "cut a backfill into parts of about equal numbers of chats, and say what each costs",
			UsageText: "tap-livechat plan --config FILE [--parts N]",
			Description: "Prints a table on a terminal, and JSON elsewhere. A part is what a run reads whose config has its start_date\n" +
				"and end_date; merge-state puts the states of all parts together.",
			Flags: []cli.Flag{
				configFlag(),
				&cli.IntFlag{Name: "parts", Value: 4, Usage: "how many parts, `N`", Destination: &f.parts},
			},
			OnUsageError: p.onUsageError,
			Action: func(c *cli.Context) error {
				if c.NArg() > 0 {
					return usageError{"plan takes flags only"}
				}
				if err := f.configs(c); err != nil {
					return err
				}
				return p.plan(c.Context, f)
			},
		}, {
			Name:         "merge-state",
			Usage:        "put the states of the parts of a backfill together, for the runs that come after it",
			UsageText:    "tap-livechat merge-state FILE… > state.json",
			OnUsageError: p.onUsageError,
			Action: func(c *cli.Context) error {
				if c.NArg() == 0 {
					return usageError{"merge-state is given no file"}
				}
				return p.mergeStates(c.Args().Slice())
			},
		}},
		Writer:                    p.stdout,
		ErrWriter:                 p.stderr,
		HideVersion:               true, // the tap has its own --version
		HideHelpCommand:           true,
		DisableSliceFlagSeparator: true, // a path may have a comma in it
		Action:                    action,
		OnUsageError:              p.onUsageError,
		ExitErrHandler:            func(*cli.Context, error) {}, // run decides
	}
	return app.RunContext(ctx, append([]string{app.Name}, expandTest(p.args)...))
}

// plainWord matches arguments that may be shown: anything else could be a token.
var plainWord = regexp.MustCompile(`^[a-z]{1,20}$`)

// notACommand returns the error of the first argument that is not a flag, which is the
// place-th of all.
func notACommand(c *cli.Context, place int) error {
	what := fmt.Sprintf("argument %d is neither a flag nor a command", place)
	if word := c.Args().First(); plainWord.MatchString(word) {
		var names []string
		for _, command := range c.App.Commands {
			names = append(names, command.Name)
		}
		what = fmt.Sprintf("there is no command %s; the commands are %s", word, strings.Join(names, ", "))
		if slices.ContainsFunc(c.App.Flags, func(f cli.Flag) bool { return slices.Contains(f.Names(), word) }) {
			what += "; there is a flag --" + word
		}
	} else if place == 1 {
		what += "; a file needs its flag, such as --config FILE"
	}
	if place > 1 {
		what += "; a path with a blank in it needs quotes"
	}
	return usageError{what}
}

// configs sets f.config from the flag --config.
func (f *flags) configs(c *cli.Context) error {
	if f.config = c.StringSlice("config"); slices.Contains(f.config, "") {
		return usageError{"--config is given an empty path"}
	}
	return nil
}

func configFlag() cli.Flag {
	return &cli.StringSliceFlag{Name: "config", Aliases: []string{"c"}, Usage: "read settings from `FILE`, or from TAP_LIVECHAT_… variables if it is ENV; repeatable, the later wins"}
}

// onUsageError returns a usageError in place of printing the help: standard output is
// for messages.
func (p *process) onUsageError(_ *cli.Context, err error, _ bool) error {
	what := err.Error()
	if name, ok := strings.CutPrefix(what, "flag provided but not defined: "); ok {
		if !flagName.MatchString(name) {
			return usageError{"a flag is not one of the tap's"}
		}
		for _, given := range p.args { // package flag says -name of --name, too
			if typed, _, _ := strings.Cut(given, "="); typed == "-"+name {
				name = typed
			}
		}
		return usageError{name + " is not a flag of the tap"}
	}
	return usageError{quotedValue.ReplaceAllString(what, "value")}
}

var (
	// flagName matches unknown flags that may be shown: a longer one could be a token.
	flagName = regexp.MustCompile(`^-{1,2}[A-Za-z][A-Za-z_-]{0,30}$`)
	// quotedValue matches the value in an error of package flag.
	quotedValue = regexp.MustCompile(`(?s)value ".*"`)
)

// expandTest replaces --test without a value by --test=all: package flag has no flags
// with an optional value.
func expandTest(args []string) []string {
	var out []string
	for i, a := range args {
		if a == "--test" || a == "-test" {
			if i+1 == len(args) || (args[i+1] != "all" && args[i+1] != "schema") {
				a += "=all"
			}
		}
		out = append(out, a)
	}
	return out
}

// mode runs the mode that the flags select. Flags of other modes are ignored.
func (p *process) mode(ctx context.Context, f flags) error {
	switch {
	case f.version:
		return p.print("tap-livechat v" + about.Version + "\n")
	case f.about:
		return p.about(f.format)
	case f.discover:
		return p.discover(f)
	case f.test == "":
		return p.sync(ctx, f)
	case f.test == "all":
		return p.test(ctx, f)
	case f.test == "schema":
		return p.schemas(f)
	}
	return usageError{"what --test is given is not known; there are --test and --test=schema"}
}

// print writes text to standard output.
func (p *process) print(text string) error {
	if _, err := io.WriteString(p.stdout, text); err != nil {
		return &singer.OutputError{Err: err}
	}
	return nil
}
