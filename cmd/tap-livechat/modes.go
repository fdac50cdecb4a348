package main

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"regexp"
	"strings"
	"time"

	"tap-livechat/catalog"
	"tap-livechat/tap"
	"tap-livechat/tap/about"
	"tap-livechat/tap/api"
	"tap-livechat/tap/config"
	"tap-livechat/tap/sandbox"
	"tap-livechat/tap/singer"
	"tap-livechat/tap/state"
)

// sync runs a sync, the mode without a mode flag.
func (p *process) sync(ctx context.Context, f flags) error {
	o, stop, err := p.options(f)
	if err != nil {
		return err
	}
	defer stop()
	var done func()
	o.Progress, done = p.report()
	summary, err := tap.Sync(ctx, o)
	done()
	p.summarise(summary, err)
	return err
}

func (p *process) summarise(s tap.Summary, err error) {
	if s.Records == nil {
		return
	}
	args := []any{"chats", s.Chats}
	for _, stream := range catalog.Streams() {
		if n, ok := s.Records[stream.Name]; ok {
			args = append(args, stream.Name+"_records", n)
		}
	}
	args = append(args, "requests", s.Requests, "retries", s.Retries, "windows", s.Windows, "windows_incomplete", s.Incomplete,
		"open_chats", s.Open)
	if why := s.ReasonsLeftOut(); why != "" {
		args = append(args, "left_out", why)
	}
	args = append(args, "seconds", fmt.Sprintf("%.1f", s.Duration.Seconds()))
	word := "done"
	if err != nil {
		word = "not done"
	}
	p.log.Info(word, args...)
}

// options reads the config, catalog and state that the flags name. The error joins
// the errors of all of them. stop ends a sandbox that was started.
func (p *process) options(f flags) (o tap.Options, stop func(), err error) {
	stop = func() {}
	o = tap.Options{Out: p.stdout, Log: p.log, Version: about.Version, Now: time.Now().UTC()}
	var errs []error
	if o.Config, err = p.config(f.config, o.Now); err != nil {
		errs = append(errs, err)
	}
	if o.Selection, err = p.selection(f.catalog, o.Config); err != nil {
		errs = append(errs, err)
	}
	if f.state != "" {
		if o.State, err = p.readState(f.state, "what --state is given", "leave --state out for a first run"); err != nil {
			errs = append(errs, err)
		}
	}
	if err := errors.Join(errs...); err != nil {
		return o, stop, err
	}
	if strings.HasPrefix(o.Config.APIURL, "sandbox:") {
		if o.Config.APIURL, stop, err = p.startSandbox("127.0.0.1:0", o.Config.APIURL); err != nil {
			return o, func() {}, err
		}
		return o, stop, nil
	}
	transport, warnings, err := api.Transport(func(name string) string { return lookupEnv(p.environ, name) })
	for _, w := range warnings {
		p.log.Warn(w)
	}
	if err != nil {
		return o, stop, &inputError{"the environment cannot be obeyed", err, proxyHint}
	}
	o.Transport = transport
	return o, stop, nil
}

const proxyHint = "special characters in its user and password are written with a percent sign, % itself as %25, # as %23, / as %2F"

// config reads the settings from the files, then from the environment. The environment
// wins wherever ENV stands among the paths.
func (p *process) config(given []string, now time.Time) (config.Config, error) {
	if len(given) == 0 {
		given = []string{"ENV"}
	}
	var sources []config.Source
	fromEnv := false
	for _, path := range given {
		switch {
		case path == "ENV":
			fromEnv = true
		case isText(path):
			p.log.Warn("the config is given as text: others on this machine can read it in the list of processes; a file, or --config=ENV, keeps it from them")
			sources = append(sources, config.File("the text of --config", []byte(path)))
		default:
			data, err := readFile("config", path, "what --config is given", "--config takes the path of a JSON file, or ENV for TAP_LIVECHAT_… variables")
			if err != nil {
				return config.Config{}, err
			}
			sources = append(sources, config.File(path, data))
		}
	}
	if fromEnv {
		environ, err := p.dotenv()
		if err != nil {
			return config.Config{}, err
		}
		sources = append(sources, config.Env(environ))
	}
	parsed, warnings, err := config.Parse(now, sources...)
	for _, w := range warnings {
		p.log.Warn(w)
	}
	if err == nil {
		hideInLog(p.log, parsed.Redactor())
	}
	return parsed, err
}

// dotenv returns the environment with the variables of a .env file in the working
// directory, which may belong to another project.
func (p *process) dotenv() ([]string, error) {
	file, err := os.ReadFile(".env")
	if errors.Is(err, fs.ErrNotExist) {
		return p.environ, nil
	}
	if err != nil {
		if info, failed := os.Stat(".env"); failed == nil && info.IsDir() {
			err = errors.New("it is a folder")
		}
		p.log.Warn(".env is not read: " + reason(err))
		return p.environ, nil
	}
	environ, warnings, err := config.Dotenv(p.environ, file)
	for _, w := range warnings {
		p.log.Warn(w)
	}
	return environ, err
}

const withoutCatalog = "leave --catalog out to read everything, or start from what --discover prints"

// selection returns the selection of the catalog, or without one that of the config.
func (p *process) selection(path string, c config.Config) (catalog.Selection, error) {
	api := cmp.Or(c.APIVersion, catalog.V2)
	if path == "" {
		return catalog.Default(api, groups(c)...), nil
	}
	data, err := readFile("catalog", path, "what --catalog is given", withoutCatalog)
	if err != nil {
		return catalog.Selection{}, err
	}
	listed, err := catalog.Read(bytes.NewReader(data))
	if err != nil {
		return catalog.Selection{}, &inputError{"catalog " + path, err, withoutCatalog}
	}
	selection, warnings, err := listed.Select(api)
	for _, w := range warnings {
		p.log.Warn(w)
	}
	if err != nil {
		return catalog.Selection{}, &inputError{"the catalog " + path + " cannot be obeyed", err, withoutCatalog}
	}
	if len(selection.Streams) == 0 {
		return catalog.Selection{}, tap.ErrNothingSelected
	}
	return selection, nil
}

// readState reads a state file. A path that does not exist is a usage error. A file
// that does not contain a state is not: the command line is right.
func (p *process) readState(path, given, hint string) (state.State, error) {
	data, err := readFile("state", path, given, hint)
	if err != nil {
		return state.State{}, err
	}
	read, warnings, err := state.Read(bytes.NewReader(data))
	for _, w := range warnings {
		p.log.Warn(path + ": " + w)
	}
	if err != nil {
		return state.State{}, fmt.Errorf("%s: %w", path, err)
	}
	return read, nil
}

// readFile reads a file that the command line names. Its error says given, such as "what
// --state is given", in place of a path that may be a secret.
func readFile(what, path, given, hint string) ([]byte, error) {
	if isText(path) {
		return nil, &inputError{"the " + what + " cannot be read", fmt.Errorf("--%s takes the path of a file, not the text", what), hint}
	}
	data, err := os.ReadFile(path)
	switch {
	case err == nil:
		return data, nil
	case !isPath(path):
		err = errors.New(reason(err) + " (" + given + " is not shown: it may be a secret)")
	}
	return nil, &inputError{"the " + what + " cannot be read", err, hint}
}

// isText reports whether a path is in fact the JSON itself.
func isText(path string) bool {
	return strings.HasPrefix(strings.TrimSpace(path), "{")
}

// filePath matches a path with a file extension. Tokens do not match: they have colons,
// no dot, or a long text after it.
var filePath = regexp.MustCompile(`^(?:[A-Za-z]:)?[^:{}"'=?@\n]{1,300}\.[A-Za-z0-9]{1,8}$`)

// isPath reports whether a text is certainly a path, so that it may be shown.
func isPath(text string) bool {
	_, err := os.Stat(text)
	return err == nil || filePath.MatchString(text)
}

// reason returns why a file cannot be used, without its path.
func reason(err error) string {
	if at, ok := errors.AsType[*fs.PathError](err); ok {
		err = at.Err
	}
	return err.Error()
}

// groups returns the groups of streams that the config selects in addition to chats.
func groups(c config.Config) (names []string) {
	if c.ReferenceData {
		names = append(names, catalog.ReferenceData)
	}
	if c.Reports {
		names = append(names, catalog.Reports)
	}
	return names
}

// known returns the config if there is a valid one, for modes that also work without.
func (p *process) known(f flags) (c config.Config, ok bool) {
	if len(f.config) == 0 {
		return c, false
	}
	c, err := p.config(f.config, time.Now().UTC())
	if err != nil {
		p.log.Warn("the config is not used, because there are faults in it; a run will say which")
	}
	return c, err == nil
}

// schemas prints the SCHEMA messages.
func (p *process) schemas(f flags) error {
	c, _ := p.known(f)
	selection, err := p.selection(f.catalog, c)
	if err != nil {
		return err
	}
	return singer.WriteSchemas(p.stdout, selection)
}

// discover prints the catalog: of the streams that the config selects, or of all
// streams without a config.
func (p *process) discover(f flags) error {
	all := catalog.DiscoverAll()
	if c, ok := p.known(f); ok {
		all = catalog.Discover(c.APIVersion, groups(c)...)
	}
	var b bytes.Buffer
	if err := all.Write(&b); err != nil {
		return err
	}
	return p.print(b.String())
}

// startSandbox starts a sandbox with the given switches.
func (p *process) startSandbox(address, switches string) (url string, stop func(), err error) {
	options, err := sandbox.Parse(switches)
	if err != nil && !areSwitches(switches) {
		err = errors.New("what is given for switches are none (they are not shown: a secret may be among them)")
	}
	if err != nil {
		return "", nil, &inputError{"the sandbox cannot be started", err, "`tap-livechat sandbox --help` lists the switches"}
	}
	liftMemoryLimit()
	url, stopServer, err := sandbox.New(options).Listen(address)
	if err != nil && !isAddress.MatchString(address) {
		err = errors.New("what --listen is given is no address")
	}
	if err != nil {
		return "", nil, &inputError{"the sandbox cannot be started", err, "--listen takes an address of this machine, such as 127.0.0.1:8420, that nobody else listens on"}
	}
	return url, func() { _ = stopServer() }, nil
}

var (
	isAddress = regexp.MustCompile(`^[A-Za-z0-9.\[\]:-]{0,60}:[0-9]{1,5}$`)
	isSwitch  = regexp.MustCompile(`^[a-z0-9_]{1,30}=[A-Za-z0-9:.,+-]{0,30}$`)
)

// areSwitches reports whether a text has the form of switches, so that it may be shown.
func areSwitches(text string) bool {
	text = strings.TrimPrefix(strings.TrimPrefix(text, "sandbox:"), "?")
	for s := range strings.SplitSeq(text, "&") {
		if !isSwitch.MatchString(s) {
			return false
		}
	}
	return true
}

func (p *process) serveSandbox(ctx context.Context, address, switches string) error {
	url, stop, err := p.startSandbox(address, switches)
	if err != nil {
		return err
	}
	defer stop()
	p.log.Info("the sandbox is listening; set it as api_url", "api_url", url)
	<-ctx.Done()
	return nil
}

func sandboxHelp() string {
	return "NAME:\n   {{.HelpName}} - {{.Usage}}\n\nOPTIONS:\n{{range .VisibleFlags}}   {{.}}\n{{end}}\nThe switches, in --switches or behind \"api_url\": \"sandbox:\" in the config:\n\n" + sandbox.Help()
}
