//go:build unix

package e2e

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"debug/elf"
	"debug/macho"
	"debug/pe"
	"encoding/base64"
	"encoding/binary"
	"encoding/csv"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"

	"tap-livechat/tap/about"
)

// platforms are all the project builds for: how the name of a wheel ends, and
// of an archive, and what kind of program must be in both.
var platforms = []struct {
	tags, archive string
	look          func(binary []byte) error
}{
	{"manylinux2014_x86_64.manylinux_2_17_x86_64.musllinux_1_1_x86_64", "linux-amd64.tar.gz", linux(elf.EM_X86_64)},
	{"manylinux2014_aarch64.manylinux_2_17_aarch64.musllinux_1_1_aarch64", "linux-arm64.tar.gz", linux(elf.EM_AARCH64)},
	{"macosx_12_0_x86_64", "darwin-amd64.tar.gz", darwin(macho.CpuAmd64)},
	{"macosx_12_0_arm64", "darwin-arm64.tar.gz", darwin(macho.CpuArm64)},
	{"win_amd64", "windows-amd64.zip", windows},
}

// TestPackages makes every wheel and every archive as a release does, and looks
// into all of them. The packing itself is tested in cmd/package; here are the
// real programs.
func TestPackages(t *testing.T) {
	dist := t.TempDir()
	for _, job := range []string{"wheels", "archives"} {
		pack(t, "..", job, dist)
	}
	made, err := os.ReadDir(dist)
	check(t, err)
	if len(made) != 2*len(platforms)+1 {
		t.Errorf("there are %d files", len(made))
	}
	sums := string(read(t, filepath.Join(dist, "SHA256SUMS")))
	if n := strings.Count(sums, "\n"); n != len(platforms) {
		t.Errorf("SHA256SUMS has %d lines", n)
	}
	here, err := filepath.Abs("..")
	check(t, err)
	for _, p := range platforms {
		t.Run(p.archive, func(t *testing.T) {
			script := wheel(t, filepath.Join(dist, "tap_livechat-"+about.Version+"-py3-none-"+p.tags+".whl"))
			if err := p.look(script); err != nil {
				t.Error(err)
			}
			if bytes.Contains(script, []byte(here+"/")) {
				t.Errorf("the program names %s", here)
			}
			name := "tap-livechat-" + about.Version + "-" + p.archive
			data := read(t, filepath.Join(dist, name))
			if line := fmt.Sprintf("%x  %s\n", sha256.Sum256(data), name); !strings.Contains(sums, line) {
				t.Errorf("SHA256SUMS has no line %q:\n%s", line, sums)
			}
			if !bytes.Equal(unpacked(t, name, data), script) {
				t.Error("the programs of wheel and archive differ")
			}
			if strings.HasPrefix(p.archive, runtime.GOOS+"-"+runtime.GOARCH+".") {
				file := filepath.Join(t.TempDir(), "tap-livechat")
				check(t, os.WriteFile(file, script, 0o755))
				if said := run(t, exec.Command(file, "--version")); said != "tap-livechat v"+about.Version+"\n" {
					t.Errorf("--version: %q", said)
				}
			}
		})
	}

	// The same sources in another folder, at another time, give the same bytes.
	again := t.TempDir()
	pack(t, sources(t, "go.mod", "go.sum", "LICENSE", "README.md", "catalog", "cmd", "schemas", "tap"), "wheels", again)
	wheels, err := filepath.Glob(filepath.Join(again, "*.whl"))
	check(t, err)
	if len(wheels) != len(platforms) {
		t.Errorf("made again, there are %d wheels", len(wheels))
	}
	for _, file := range wheels {
		if !bytes.Equal(read(t, file), read(t, filepath.Join(dist, filepath.Base(file)))) {
			t.Errorf("made from a copy of the sources, %s is another file", filepath.Base(file))
		}
	}
}

// pack runs the command that Makefile does, in the folder root.
func pack(t *testing.T, root, job, dist string) {
	t.Helper()
	cmd := exec.Command("go", "run", "./cmd/package", job, "-out", dist)
	cmd.Dir = root
	cmd.Env = append(os.Environ(), "SOURCE_DATE_EPOCH=")
	run(t, cmd)
}

// sources copies parts of the module to a folder of their own.
func sources(t *testing.T, parts ...string) string {
	t.Helper()
	dir := t.TempDir()
	for _, part := range parts {
		from, to := filepath.Join("..", part), filepath.Join(dir, part)
		if info, err := os.Stat(from); err == nil && info.IsDir() {
			check(t, os.CopyFS(to, os.DirFS(from)))
			continue
		}
		check(t, os.WriteFile(to, read(t, from), 0o644))
	}
	return dir
}

func read(t *testing.T, file string) []byte {
	t.Helper()
	data, err := os.ReadFile(file)
	check(t, err)
	return data
}

// wheel holds a wheel to the rules of its format and returns the program in it.
func wheel(t *testing.T, file string) (script []byte) {
	t.Helper()
	z, err := zip.OpenReader(file)
	check(t, err)
	defer z.Close()
	name := strings.TrimSuffix(filepath.Base(file), ".whl")
	parts := strings.Split(name, "-") // name, version, python, abi, platform
	if len(parts) != 5 {
		t.Fatalf("%s is no name of a wheel", name)
	}
	base := parts[0] + "-" + parts[1]
	program := "tap-livechat"
	if strings.HasPrefix(parts[4], "win") {
		program += ".exe"
	}
	var (
		members = make(map[string][]byte)
		wanted  = []string{base + ".data/scripts/" + program, base + ".dist-info/METADATA", base + ".dist-info/WHEEL",
			base + ".dist-info/licenses/LICENSE", base + ".dist-info/RECORD"}
		found []string
	)
	for _, f := range z.File {
		r, err := f.Open()
		check(t, err)
		data, err := io.ReadAll(r)
		check(t, err)
		members[f.Name], found = data, append(found, f.Name)
		// The Unix mode is in the upper half of the external attributes: that of
		// a regular file, with the x bits for the program alone.
		want := uint32(0o100644)
		if f.Name == wanted[0] {
			want, script = 0o100755, data
		}
		if mode := f.ExternalAttrs >> 16; mode != want || f.CreatorVersion>>8 != 3 {
			t.Errorf("%s: mode %o of system %d, wanted %o of Unix", f.Name, mode, f.CreatorVersion>>8, want)
		}
	}
	if !slices.Equal(found, wanted) { // RECORD last, as the format asks for
		t.Fatalf("it holds %v, wanted %v", found, wanted)
	}

	lines, err := csv.NewReader(bytes.NewReader(members[wanted[4]])).ReadAll()
	check(t, err)
	for i, name := range found {
		sum := sha256.Sum256(members[name])
		line := []string{name, "sha256=" + base64.RawURLEncoding.EncodeToString(sum[:]), strconv.Itoa(len(members[name]))}
		if name == wanted[4] {
			line = []string{name, "", ""}
		}
		if i >= len(lines) || !slices.Equal(lines[i], line) {
			t.Errorf("RECORD, line %d: wanted %v", i+1, line)
		}
	}
	if len(lines) != len(found) {
		t.Errorf("RECORD has %d lines for %d files", len(lines), len(found))
	}

	// WHEEL spells out what the name says in short.
	var tags []string
	for _, p := range strings.Split(parts[4], ".") {
		tags = append(tags, parts[2]+"-"+parts[3]+"-"+p)
	}
	var stated []string
	for _, m := range regexp.MustCompile(`(?m)^Tag: (.*)$`).FindAllSubmatch(members[wanted[2]], -1) {
		stated = append(stated, string(m[1]))
	}
	if !slices.Equal(stated, tags) || !bytes.Contains(members[wanted[2]], []byte("Root-Is-Purelib: false\n")) {
		t.Errorf("WHEEL, for the tags %v:\n%s", tags, members[wanted[2]])
	}
	head, body, _ := strings.Cut(string(members[wanted[1]]), "\n\n")
	for _, line := range []string{"Name: tap-livechat", "Version: " + about.Version, "License-Expression: Apache-2.0", "License-File: LICENSE", "Description-Content-Type: text/markdown"} {
		if !slices.Contains(strings.Split(head, "\n"), line) {
			t.Errorf("METADATA lacks %q:\n%s", line, head)
		}
	}
	if about := run(t, exec.Command(tapBinary, "--about", "--format=markdown")); body != about {
		t.Errorf("METADATA: the long text is not the page of --about:\n%.300s", body)
	}
	return script
}

// unpacked returns the program of an archive.
func unpacked(t *testing.T, name string, data []byte) []byte {
	t.Helper()
	if folder, ok := strings.CutSuffix(name, ".zip"); ok {
		z, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
		check(t, err)
		f, err := z.Open(folder + "/tap-livechat.exe")
		check(t, err)
		program, err := io.ReadAll(f)
		check(t, err)
		return program
	}
	g, err := gzip.NewReader(bytes.NewReader(data))
	check(t, err)
	for r := tar.NewReader(g); ; {
		h, err := r.Next()
		check(t, err)
		if h.Name != strings.TrimSuffix(name, ".tar.gz")+"/tap-livechat" {
			continue
		}
		if h.Mode != 0o755 {
			t.Errorf("the program has the mode %o", h.Mode)
		}
		program, err := io.ReadAll(r)
		check(t, err)
		return program
	}
}

// linux wants a program that asks for no dynamic linker and no library: it is
// what lets one wheel carry the tags of glibc and of musl.
func linux(machine elf.Machine) func([]byte) error {
	return func(program []byte) error {
		f, err := elf.NewFile(bytes.NewReader(program))
		if err != nil {
			return err
		}
		if f.Machine != machine {
			return fmt.Errorf("a program for %v", f.Machine)
		}
		for _, p := range f.Progs {
			if p.Type == elf.PT_INTERP || p.Type == elf.PT_DYNAMIC {
				return fmt.Errorf("it is not static: %v", p.Type)
			}
		}
		return nil
	}
}

// darwin wants the oldest macOS that the program starts on to be the one of the
// wheel's tag.
func darwin(cpu macho.Cpu) func([]byte) error {
	return func(program []byte) error {
		f, err := macho.NewFile(bytes.NewReader(program))
		if err != nil {
			return err
		}
		if f.Cpu != cpu {
			return fmt.Errorf("a program for %v", f.Cpu)
		}
		const buildVersion = 0x32 // LC_BUILD_VERSION: command, size, platform, least version
		for _, l := range f.Loads {
			raw := l.Raw()
			if len(raw) >= 16 && binary.LittleEndian.Uint32(raw) == buildVersion {
				if least := binary.LittleEndian.Uint32(raw[12:]); least != 12<<16 {
					return fmt.Errorf("it wants macOS %d.%d, the wheel says 12.0", least>>16, least>>8&0xff)
				}
				return nil
			}
		}
		return fmt.Errorf("it does not say which macOS it wants")
	}
}

func windows(program []byte) error {
	f, err := pe.NewFile(bytes.NewReader(program))
	if err != nil {
		return err
	}
	if h, ok := f.OptionalHeader.(*pe.OptionalHeader64); f.Machine != pe.IMAGE_FILE_MACHINE_AMD64 || !ok || h.Subsystem != pe.IMAGE_SUBSYSTEM_WINDOWS_CUI {
		return fmt.Errorf("no console program for amd64: machine %#x", f.Machine)
	}
	return nil
}
