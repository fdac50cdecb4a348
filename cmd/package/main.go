// Command package makes what users install, with Go and nothing else.
//
//	go run ./cmd/package wheels      # Python wheels that carry the static binary
//	go run ./cmd/package archives    # .tar.gz and .zip, with SHA256SUMS
//	go run ./cmd/package hub         # meltano-hub.yml, and the settings in examples/meltano
//
// The version comes from [about.Version], the settings from schemas/config.json. The
// same sources give the same bytes: no file in them has a time of its own, but
// SOURCE_DATE_EPOCH, or [epoch] without it.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout, build); err != nil {
		fmt.Fprintln(os.Stderr, "package:", err)
		os.Exit(1)
	}
}

// builder makes the binary for one platform. Tests put another in its place:
// five programs take a minute to compile.
type builder func(ctx context.Context, root string, p platform) ([]byte, error)

// run does one of the jobs. Each file made is named on out.
func run(ctx context.Context, args []string, out io.Writer, build builder) error {
	flags := flag.NewFlagSet("package", flag.ContinueOnError)
	root := flags.String("root", ".", "the module's `folder`")
	dist := flags.String("out", "", "where wheels and archives go (default: dist in the root)")
	only := flags.String("only", "", "one `platform` such as linux/arm64, or host; all without it")
	if len(args) == 0 {
		return fmt.Errorf("say what to make: wheels, archives or hub")
	}
	if err := flags.Parse(args[1:]); err != nil {
		return err
	}
	if *dist == "" {
		*dist = filepath.Join(*root, "dist")
	}
	if args[0] == "hub" {
		return writeHub(*root, out)
	}
	pack := map[string]packer{"wheels": packWheel, "archives": packArchive}[args[0]]
	if pack == nil {
		return fmt.Errorf("%q is unknown; there are wheels, archives and hub", args[0])
	}
	platforms, err := choose(*only)
	if err != nil {
		return err
	}
	r, err := readRelease(*root)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(*dist, 0o755); err != nil {
		return err
	}
	var made []string
	for _, p := range platforms {
		binary, err := build(ctx, *root, p)
		if err != nil {
			return err
		}
		name, data, err := pack(r, p, binary)
		if err != nil {
			return fmt.Errorf("%s: %w", p, err)
		}
		if err := os.WriteFile(filepath.Join(*dist, name), data, 0o644); err != nil {
			return err
		}
		made = append(made, name)
		fmt.Fprintln(out, filepath.Join(*dist, name))
	}
	if args[0] == "archives" {
		return writeSums(*dist, made, out)
	}
	return nil
}

// packer makes one file for one platform.
type packer func(r release, p platform, binary []byte) (name string, data []byte, err error)
