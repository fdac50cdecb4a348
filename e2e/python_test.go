//go:build unix

package e2e

import (
	"crypto/sha256"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// venv installs what requirements-NAME.txt pins, once for each content of it,
// and returns the folder of its programs.
func venv(t *testing.T, name string) string {
	t.Helper()
	return cached(t, name, func(dir, requirements string) {
		bin := uv(t)
		run(t, exec.Command(bin, "venv", "--quiet", "--python", "python3", dir))
		run(t, exec.Command(bin, "pip", "install", "--quiet", "--python", filepath.Join(dir, "bin", "python"), "-r", requirements))
	})
}

// uv is the installer, which is ten times as fast as pip and what Meltano uses.
func uv(t *testing.T) string {
	t.Helper()
	return filepath.Join(cached(t, "uv", func(dir, requirements string) {
		run(t, exec.Command("python3", "-m", "venv", dir))
		run(t, exec.Command(filepath.Join(dir, "bin", "pip"), "install", "--quiet", "--disable-pip-version-check", "-r", requirements))
	}), "uv")
}

// cached makes an environment unless an earlier run has.
func cached(t *testing.T, name string, install func(dir, requirements string)) (bin string) {
	t.Helper()
	needPython(t)
	requirements := "requirements-" + name + ".txt"
	text, err := os.ReadFile(requirements)
	check(t, err)
	cache := os.Getenv("TAP_LIVECHAT_E2E_DIR")
	if cache == "" {
		cache, err = os.UserCacheDir()
		check(t, err)
		cache = filepath.Join(cache, "tap-livechat-e2e")
	}
	dir := filepath.Join(cache, fmt.Sprintf("%s-%.12x", name, sha256.Sum256(text)))
	done := filepath.Join(dir, "installed")
	if _, err := os.Stat(done); err != nil {
		check(t, os.RemoveAll(dir))
		install(dir, requirements)
		check(t, os.WriteFile(done, nil, 0o644))
	}
	return filepath.Join(dir, "bin")
}

func needPython(t *testing.T) {
	t.Helper()
	if err := exec.Command("python3", "-c", "import venv, ensurepip").Run(); err != nil {
		without(t, "python3 with venv")
	}
}
