package main

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"io"
	"io/fs"
	"net/mail"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"tap-livechat/tap/about"
)

const root = "../.."

// standIn takes the binary's place where only the packing is in question.
var standIn = bytes.Repeat([]byte("not a program\n"), 1000)

func testRelease(t *testing.T) release {
	t.Helper()
	t.Setenv("SOURCE_DATE_EPOCH", "1700000001") // odd, which the old time of a zip file cannot say
	r, err := readRelease(root)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

type member struct {
	name string
	mode fs.FileMode
	data []byte
	time time.Time
}

func unzip(t *testing.T, data []byte) []member {
	t.Helper()
	z, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	var all []member
	for _, f := range z.File {
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, member{f.Name, f.Mode(), text, f.Modified.UTC()})
	}
	return all
}

func untar(t *testing.T, data []byte) []member {
	t.Helper()
	unpacked, err := gzip.NewReader(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	var all []member
	for r := tar.NewReader(unpacked); ; {
		h, err := r.Next()
		if err == io.EOF {
			return all
		}
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, member{h.Name, fs.FileMode(h.Mode), text, h.ModTime.UTC()})
	}
}

func TestWheels(t *testing.T) {
	names := map[string]string{
		"linux/amd64":   "manylinux2014_x86_64.manylinux_2_17_x86_64.musllinux_1_1_x86_64",
		"linux/arm64":   "manylinux2014_aarch64.manylinux_2_17_aarch64.musllinux_1_1_aarch64",
		"darwin/amd64":  "macosx_12_0_x86_64",
		"darwin/arm64":  "macosx_12_0_arm64",
		"windows/amd64": "win_amd64",
	}
	if len(platforms) != len(names) {
		t.Errorf("%d platforms, wanted %d", len(platforms), len(names))
	}
	r := testRelease(t)
	for _, p := range platforms {
		t.Run(p.String(), func(t *testing.T) {
			name, data, err := packWheel(r, p, standIn)
			if err != nil {
				t.Fatal(err)
			}
			base := "tap_livechat-" + about.Version
			if want := base + "-py3-none-" + names[p.String()] + ".whl"; name != want {
				t.Errorf("it is called %s, wanted %s", name, want)
			}
			members := unzip(t, data)
			script := base + ".data/scripts/tap-livechat"
			if p.os == "windows" {
				script += ".exe"
			}
			info := base + ".dist-info/"
			want := []string{script, info + "METADATA", info + "WHEEL", info + "licenses/LICENSE", info + "RECORD"}
			var got []string
			for _, m := range members {
				got = append(got, m.name)
				mode := fs.FileMode(0o644)
				if m.name == script {
					mode = 0o755
				}
				if m.mode != mode {
					t.Errorf("%s has the mode %v, wanted %v", m.name, m.mode, mode)
				}
				if m.time.Unix() != 1700000001 {
					t.Errorf("%s has the time %v", m.name, m.time)
				}
			}
			if !slices.Equal(got, want) {
				t.Fatalf("it holds\n%v, wanted\n%v", got, want)
			}
			if !bytes.Equal(members[0].data, standIn) {
				t.Error("the script is not the binary")
			}
			checkMetadata(t, members[1].data)
			checkWheelFile(t, members[2].data, strings.Split(names[p.String()], "."))
			checkRecord(t, members)

			_, again, err := packWheel(r, p, standIn)
			if err != nil || !bytes.Equal(data, again) {
				t.Error("packed twice, the bytes differ:", err)
			}
		})
	}
}

// fields reads the header of METADATA and WHEEL, which is that of a mail.
func fields(t *testing.T, text []byte) (mail.Header, string) {
	t.Helper()
	m, err := mail.ReadMessage(bytes.NewReader(append(bytes.Clone(text), '\n')))
	if err != nil {
		t.Fatalf("%v in\n%s", err, text)
	}
	body, err := io.ReadAll(m.Body)
	if err != nil {
		t.Fatal(err)
	}
	return m.Header, string(body)
}

func checkMetadata(t *testing.T, text []byte) {
	t.Helper()
	header, body := fields(t, text)
	for name, want := range map[string]string{
		"Metadata-Version": "2.4", "Name": "tap-livechat", "Version": about.Version,
		"License-Expression": "Apache-2.0", "License-File": "LICENSE", "Description-Content-Type": "text/markdown",
	} {
		if got := header.Get(name); got != want {
			t.Errorf("METADATA: %s is %q, wanted %q", name, got, want)
		}
	}
	// An index refuses a longer summary.
	if n := len(header.Get("Summary")); n == 0 || n > 512 {
		t.Errorf("METADATA: the summary has %d bytes", n)
	}
	if !strings.Contains(body, "## Settings") {
		t.Errorf("METADATA: the long text is\n%.200s", body)
	}
}

func checkWheelFile(t *testing.T, text []byte, platforms []string) {
	t.Helper()
	header, _ := fields(t, text)
	if header.Get("Wheel-Version") != "1.0" || header.Get("Root-Is-Purelib") != "false" || header.Get("Generator") == "" {
		t.Errorf("WHEEL:\n%s", text)
	}
	var want []string
	for _, p := range platforms {
		want = append(want, "py3-none-"+p)
	}
	if got := header["Tag"]; !slices.Equal(got, want) {
		t.Errorf("WHEEL: tags %v, wanted those of the name: %v", got, want)
	}
}

// checkRecord holds RECORD against what is in the wheel.
func checkRecord(t *testing.T, members []member) {
	t.Helper()
	record := members[len(members)-1]
	lines := strings.Split(strings.TrimSuffix(string(record.data), "\n"), "\n")
	if len(lines) != len(members) {
		t.Fatalf("RECORD has %d lines for %d files", len(lines), len(members))
	}
	for i, m := range members {
		sum := sha256.Sum256(m.data)
		want := m.name + ",sha256=" + strings.TrimRight(base64.URLEncoding.EncodeToString(sum[:]), "=") + "," + strconv.Itoa(len(m.data))
		if m.name == record.name {
			want = m.name + ",,"
		}
		if lines[i] != want {
			t.Errorf("RECORD says\n%s, wanted\n%s", lines[i], want)
		}
	}
}

func TestArchives(t *testing.T) {
	r := testRelease(t)
	for _, p := range platforms {
		t.Run(p.String(), func(t *testing.T) {
			name, data, err := packArchive(r, p, standIn)
			if err != nil {
				t.Fatal(err)
			}
			folder := "tap-livechat-" + about.Version + "-" + p.os + "-" + p.arch
			ending, program, open := ".tar.gz", "tap-livechat", untar
			if p.os == "windows" {
				ending, program, open = ".zip", "tap-livechat.exe", unzip
			}
			if name != folder+ending {
				t.Errorf("it is called %s, wanted %s", name, folder+ending)
			}
			members := open(t, data)
			for i, want := range []member{{folder + "/" + program, 0o755, standIn, r.time}, {folder + "/LICENSE", 0o644, r.license, r.time}, {folder + "/README.md", 0o644, r.readme, r.time}} {
				if i >= len(members) {
					t.Fatalf("there is no %s", want.name)
				}
				got := members[i]
				if got.name != want.name || got.mode != want.mode || !got.time.Equal(want.time) || !bytes.Equal(got.data, want.data) {
					t.Errorf("got %s %v %v with %d bytes, wanted %s %v %v with %d", got.name, got.mode, got.time, len(got.data), want.name, want.mode, want.time, len(want.data))
				}
			}
			_, again, err := packArchive(r, p, standIn)
			if err != nil || !bytes.Equal(data, again) {
				t.Error("packed twice, the bytes differ:", err)
			}
		})
	}
}

// pretend takes the place of the compiler. The real programs are compiled and
// packed, all of them, by TestPackages of the end-to-end tests.
func pretend(_ context.Context, _ string, p platform) ([]byte, error) {
	return []byte("a program for " + p.String()), nil
}

// TestRun makes what users install, twice.
func TestRun(t *testing.T) {
	var dirs [2]string
	for i := range dirs {
		dirs[i] = t.TempDir()
		for _, job := range []string{"wheels", "archives"} {
			var said bytes.Buffer
			if err := run(t.Context(), []string{job, "-root", root, "-out", dirs[i]}, &said, pretend); err != nil {
				t.Fatal(err)
			}
			for name := range strings.Lines(said.String()) {
				if _, err := os.Stat(strings.TrimSuffix(name, "\n")); err != nil {
					t.Error(err)
				}
			}
		}
	}
	made, err := filepath.Glob(filepath.Join(dirs[0], "*"))
	if err != nil || len(made) != 2*len(platforms)+1 {
		t.Fatalf("wanted a wheel and an archive for each platform, and SHA256SUMS: %v %v", made, err)
	}
	sums := map[string]string{}
	for _, file := range made {
		first, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		second, err := os.ReadFile(filepath.Join(dirs[1], filepath.Base(file)))
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(first, second) {
			t.Errorf("%s is not the same when it is made again", filepath.Base(file))
		}
		sum := sha256.Sum256(first)
		sums[filepath.Base(file)] = hex.EncodeToString(sum[:])
	}
	text, err := os.ReadFile(filepath.Join(dirs[0], "SHA256SUMS"))
	if err != nil {
		t.Fatal(err)
	}
	lines := 0
	for line := range strings.Lines(string(text)) {
		lines++
		sum, name, _ := strings.Cut(strings.TrimSuffix(line, "\n"), "  ")
		if sums[name] != sum || sum == "" {
			t.Errorf("SHA256SUMS: %q; the sum is %s", line, sums[name])
		}
	}
	if lines != len(platforms) {
		t.Errorf("SHA256SUMS has %d lines, wanted one for each archive:\n%s", lines, text)
	}
}

// TestRunHost is what the example for Meltano asks for.
func TestRunHost(t *testing.T) {
	here, err := choose("host")
	if err != nil {
		t.Skip("SKIPPED: ", err)
	}
	dir := t.TempDir()
	if err := run(t.Context(), []string{"wheels", "-only", "host", "-root", root, "-out", dir}, io.Discard, pretend); err != nil {
		t.Fatal(err)
	}
	made, _ := filepath.Glob(filepath.Join(dir, "*"))
	if len(made) != 1 || !strings.HasSuffix(made[0], here[0].tags[0]+".whl") && !strings.Contains(made[0], here[0].tags[0]+".") {
		t.Errorf("wanted a wheel for %s: %v", here[0], made)
	}
}

func TestRunRefuses(t *testing.T) {
	for _, args := range [][]string{{}, {"wheel"}, {"wheels", "-only", "plan9/mips"}, {"wheels", "-root", t.TempDir()}} {
		if err := run(t.Context(), args, io.Discard, pretend); err == nil {
			t.Errorf("%q: no error", args)
		}
	}
	for _, epoch := range []string{"today", "1"} {
		t.Setenv("SOURCE_DATE_EPOCH", epoch)
		if _, err := readRelease(root); err == nil || !strings.Contains(err.Error(), "SOURCE_DATE_EPOCH") {
			t.Errorf("SOURCE_DATE_EPOCH=%s: %v", epoch, err)
		}
	}
}
