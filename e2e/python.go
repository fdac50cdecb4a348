//go:build unix

// Package e2e runs the tap as its users do: the built binary, piped into real
// programs of the Singer ecosystem that it installs itself. What installs and
// starts them is no test, since cmd/bench measures the same programs.
package e2e

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

// ErrMissing says that something is not installed here.
var ErrMissing = errors.New("it is not installed here")

// Venv installs what requirements-NAME.txt in a folder pins, once for each
// content of it, and returns the folder of its programs.
func Venv(folder, name string) (bin string, err error) {
	return cached(folder, name, func(dir, requirements string) error {
		uv, err := UV(folder)
		if err != nil {
			return err
		}
		if err := quietly(uv, "venv", "--quiet", "--python", "python3", dir); err != nil {
			return err
		}
		return quietly(uv, "pip", "install", "--quiet", "--python", filepath.Join(dir, "bin", "python"), "-r", requirements)
	})
}

// UV is the installer, which is ten times as fast as pip and what Meltano uses.
func UV(folder string) (program string, err error) {
	bin, err := cached(folder, "uv", func(dir, requirements string) error {
		if err := quietly("python3", "-m", "venv", dir); err != nil {
			return err
		}
		return quietly(filepath.Join(dir, "bin", "pip"), "install", "--quiet", "--disable-pip-version-check", "-r", requirements)
	})
	return filepath.Join(bin, "uv"), err
}

// cached makes an environment unless an earlier run has.
func cached(folder, name string, install func(dir, requirements string) error) (bin string, err error) {
	if exec.Command("python3", "-c", "import venv, ensurepip").Run() != nil {
		return "", fmt.Errorf("python3 with venv: %w", ErrMissing)
	}
	requirements := filepath.Join(folder, "requirements-"+name+".txt")
	text, err := os.ReadFile(requirements)
	if err != nil {
		return "", err
	}
	cache := os.Getenv("TAP_LIVECHAT_E2E_DIR")
	if cache == "" {
		if cache, err = os.UserCacheDir(); err != nil {
			return "", err
		}
		cache = filepath.Join(cache, "tap-livechat-e2e")
	}
	dir := filepath.Join(cache, fmt.Sprintf("%s-%.12x", name, sha256.Sum256(text)))
	done := filepath.Join(dir, "installed")
	if _, err := os.Stat(done); err != nil {
		if err := os.RemoveAll(dir); err != nil {
			return "", err
		}
		if err := install(dir, requirements); err != nil {
			return "", err
		}
		if err := os.WriteFile(done, nil, 0o644); err != nil {
			return "", err
		}
	}
	return filepath.Join(dir, "bin"), nil
}

// quietly runs a program whose output is of interest only if it fails.
func quietly(name string, args ...string) error {
	return quiet(exec.Command(name, args...))
}

func quiet(cmd *exec.Cmd) error {
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w\n%s", cmd, err, bytes.TrimSpace(out))
	}
	return nil
}
