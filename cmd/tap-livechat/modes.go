package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"time"

	"github.com/joho/godotenv"

	"tap-livechat/catalog"
	"tap-livechat/tap"
	"tap-livechat/tap/config"
	"tap-livechat/tap/sandbox"
)

// sync is the ordinary run.
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
	args = append(args, "requests", s.Requests, "retries", s.Retries, "windows", s.Windows, "windows_that_do_not_add_up", s.Unsettled,
		"open_chats", s.Open, "seconds", fmt.Sprintf("%.1f", s.Duration.Seconds()))
	word := "done"
	if err != nil {
		word = "not done"
	}
	p.log.Info(word, args...)
}

// options reads everything the flags name. Every fault is an error; stop ends
// what was started.
func (p *process) options(f flags) (o tap.Options, stop func(), err error) {
	stop = func() {}
	o = tap.Options{Out: p.stdout, Log: p.log, Version: tap.Version, Now: time.Now().UTC()}
	var faults []error
	if o.Config, err = p.config(f.config, o.Now); err != nil {
		faults = append(faults, err)
	}
	if o.Selection, err = p.selection(f.catalog); err != nil {
		faults = append(faults, err)
	}
	if f.state != "" {
		if o.State, err = p.readState(f.state); err != nil {
			faults = append(faults, err)
		}
	}
	if err := errors.Join(faults...); err != nil {
		return o, stop, err
	}
	if strings.HasPrefix(o.Config.APIURL, "sandbox:") {
		if o.Config.APIURL, stop, err = p.startSandbox("127.0.0.1:0", o.Config.APIURL); err != nil {
			return o, func() {}, err
		}
	}
	return o, stop, nil
}

// config reads the settings from the files, or the environment, in that order.
func (p *process) config(paths []string, now time.Time) (config.Config, error) {
	if len(paths) == 0 {
		paths = []string{"ENV"}
	}
	var sources []config.Source
	var env *config.Source
	for _, path := range paths {
		if path == "ENV" {
			source, err := p.environment()
			if err != nil {
				return config.Config{}, err
			}
			env = &source
			continue
		}
		data, err := readFile("config", path, "--config takes the path of a JSON file, or ENV for TAP_LIVECHAT_… variables")
		if err != nil {
			return config.Config{}, err
		}
		sources = append(sources, config.Source{Name: path, Data: data})
	}
	if env != nil {
		sources = append(sources, *env) // it goes before every file, wherever it is named
	}
	parsed, warnings, err := config.Parse(now, sources...)
	for _, w := range warnings {
		p.log.Warn(w)
	}
	return parsed, err
}

// environment is the variables, and those of a .env file in this folder.
func (p *process) environment() (config.Source, error) {
	dotenv, err := godotenv.Read(".env")
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		// What the parser says may quote the line, and lines hold secrets.
		return config.Source{}, &inputError{".env cannot be read", errors.New("it is not a list of NAME=value lines"), "correct the file .env in this folder, or take it away"}
	}
	return config.Env(config.WithDotenv(p.environ, dotenv)), nil
}

const withoutCatalog = "leave --catalog out to read everything, or start from what --discover prints"

func (p *process) selection(path string) (catalog.Selection, error) {
	if path == "" {
		return catalog.Default(), nil
	}
	data, err := readFile("catalog", path, withoutCatalog)
	if err != nil {
		return catalog.Selection{}, err
	}
	c, err := catalog.Read(bytes.NewReader(data))
	if err != nil {
		return catalog.Selection{}, &inputError{"catalog " + path, err, withoutCatalog}
	}
	selection, warnings, err := c.Select()
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

// readState reads the state. A path that leads nowhere is a mistake of whoever
// wrote the command line; a file that holds no state is one of whoever wrote
// the file, and not a usage error.
func (p *process) readState(path string) (tap.State, error) {
	data, err := readFile("state", path, "leave --state out for a first run")
	if err != nil {
		return tap.State{}, err
	}
	state, warnings, err := tap.ReadState(bytes.NewReader(data))
	for _, w := range warnings {
		p.log.Warn(path + ": " + w)
	}
	if err != nil {
		return tap.State{}, fmt.Errorf("%s: %w", path, err)
	}
	return state, nil
}

func readFile(what, path, hint string) ([]byte, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, &inputError{"the " + what + " cannot be read", err, hint}
	}
	return data, nil
}

// schemas prints the SCHEMA messages and nothing else.
func (p *process) schemas(f flags) error {
	selection, err := p.selection(f.catalog)
	if err != nil {
		return err
	}
	return tap.WriteSchemas(p.stdout, selection)
}

func (p *process) discover() error {
	var b bytes.Buffer
	if err := catalog.Discover().Write(&b); err != nil {
		return err
	}
	return p.print(b.String())
}

// startSandbox serves an archive that behaves as the switches say.
func (p *process) startSandbox(address, switches string) (url string, stop func(), err error) {
	options, err := sandbox.Parse(switches)
	if err != nil {
		return "", nil, &inputError{"the sandbox cannot be started", err, "`tap-livechat sandbox --help` lists the switches"}
	}
	lendMemory()
	url, stopServer, err := sandbox.New(options).Listen(address)
	if err != nil {
		return "", nil, &inputError{"the sandbox cannot be started", err, "--listen takes an address of this machine, such as 127.0.0.1:8420, that nobody else listens on"}
	}
	return url, func() { _ = stopServer() }, nil
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
