//go:build unix

package e2e

import (
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"tap-livechat/tap/about"
)

// TestWheel installs this machine's wheel into empty environments, with pip and
// with uv, and starts what they have installed.
func TestWheel(t *testing.T) {
	needPython(t)
	wheel := wheels(t, t.TempDir())
	_, config := archive(t, "chats=50&days=5")
	for name, install := range map[string]func(dir string){
		"pip": func(dir string) {
			run(t, exec.Command("python3", "-m", "venv", dir))
			run(t, exec.Command(filepath.Join(dir, "bin", "pip"), "install", "--quiet", "--no-index", wheel))
		},
		"uv": func(dir string) {
			run(t, exec.Command(uv(t), "venv", "--quiet", "--python", "python3", dir))
			run(t, exec.Command(uv(t), "pip", "install", "--quiet", "--no-index", "--python", filepath.Join(dir, "bin", "python"), wheel))
		},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			install(dir)
			program := filepath.Join(dir, "bin", "tap-livechat")
			same(t, "tap-livechat v"+about.Version+"\n", run(t, exec.Command(program, "--version")))
			if last := lastLine(run(t, exec.Command(program, "--config", config))); !strings.HasPrefix(last, `{"type":"STATE"`) {
				t.Errorf("the last line is %s", last)
			}
			if out := run(t, exec.Command(filepath.Join(dir, "bin", "python"), "-c", "import importlib.metadata as m; print(m.version('tap-livechat'))")); strings.TrimSpace(out) != about.Version {
				t.Errorf("Python says the version is %s", out)
			}
		})
	}
}
