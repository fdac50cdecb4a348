package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
)

// A platform is one the tap is made for.
type platform struct {
	os, arch string
	// tags are the wheel's, sorted, as the platform tag of a wheel's name wants
	// them. A static binary needs no libc, so that glibc and musl share a file.
	// Of macOS, 12 is the oldest that programs of Go 1.26 start on.
	tags []string
}

var platforms = []platform{
	{"linux", "amd64", []string{"manylinux2014_x86_64", "manylinux_2_17_x86_64", "musllinux_1_1_x86_64"}},
	{"linux", "arm64", []string{"manylinux2014_aarch64", "manylinux_2_17_aarch64", "musllinux_1_1_aarch64"}},
	{"darwin", "amd64", []string{"macosx_12_0_x86_64"}},
	{"darwin", "arm64", []string{"macosx_12_0_arm64"}},
	{"windows", "amd64", []string{"win_amd64"}},
}

func (p platform) String() string { return p.os + "/" + p.arch }

// program is the binary's file name.
func (p platform) program() string {
	if p.os == "windows" {
		return "tap-livechat.exe"
	}
	return "tap-livechat"
}

// choose finds the platforms of the flag -only.
func choose(only string) ([]platform, error) {
	switch only {
	case "":
		return platforms, nil
	case "host":
		only = runtime.GOOS + "/" + runtime.GOARCH
	}
	for _, p := range platforms {
		if p.String() == only {
			return []platform{p}, nil
		}
	}
	return nil, fmt.Errorf("there are no packages for %s, only for %v", only, platforms)
}

// build compiles the tap for a platform, static and without a trace of the
// machine it was built on.
func build(ctx context.Context, root string, p platform) ([]byte, error) {
	dir, err := os.MkdirTemp("", "tap-livechat-package-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	file := filepath.Join(dir, p.program())
	c := exec.CommandContext(ctx, "go", "build", "-trimpath", "-buildvcs=false", "-ldflags", "-s -w -buildid=", "-o", file, "./cmd/tap-livechat")
	c.Dir = root
	c.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS="+p.os, "GOARCH="+p.arch, "GOFLAGS=")
	var said bytes.Buffer
	c.Stdout, c.Stderr = &said, &said
	if err := c.Run(); err != nil {
		return nil, fmt.Errorf("go build for %s: %w\n%s", p, err, said.Bytes())
	}
	return os.ReadFile(file)
}
