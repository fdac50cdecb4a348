//go:build unix

package e2e

import (
	"errors"
	"os/exec"
	"strings"
	"testing"
)

// venv is Venv with the requirements of the tests.
func venv(t *testing.T, name string) string {
	t.Helper()
	bin, err := Venv(".", name)
	have(t, err)
	return bin
}

func uv(t *testing.T) string {
	t.Helper()
	program, err := UV(".")
	have(t, err)
	return program
}

// have skips a test for which something is not installed.
func have(t *testing.T, err error) {
	t.Helper()
	if errors.Is(err, ErrMissing) {
		what, _, _ := strings.Cut(err.Error(), ":")
		without(t, what)
	}
	check(t, err)
}

func needPython(t *testing.T) {
	t.Helper()
	if err := exec.Command("python3", "-c", "import venv, ensurepip").Run(); err != nil {
		without(t, "python3 with venv")
	}
}
