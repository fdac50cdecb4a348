//go:build linux

package e2e

import (
	"bytes"
	"encoding/json"
	"encoding/pem"
	"errors"
	"io"
	"io/fs"
	"log"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"tap-livechat/tap/about"
	"tap-livechat/tap/sandbox"
)

// image is the file system that the Dockerfile yields, and how it is started.
type image struct {
	root       string
	entrypoint string
	uid        uint32
}

// TestImage starts the tap in the container's file system: a folder with what
// the Dockerfile's last stage copies and nothing else, entered by chroot as the
// user that it names. What a container engine adds is not tested here.
func TestImage(t *testing.T) {
	img := makeImage(t)
	img.enter(t) // or skip
	var files []string
	check(t, filepath.WalkDir(img.root, func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			files = append(files, strings.TrimPrefix(path, img.root))
		}
		return err
	}))
	if want := []string{"/etc/ssl/certs/ca-certificates.crt", "/usr/local/bin/tap-livechat"}; !slices.Equal(files, want) {
		t.Errorf("the image holds %v, wanted %v", files, want)
	}
	if img.uid == 0 {
		t.Error("the image runs as root")
	}
	if said, _, err := img.run(t, "--version"); err != nil || said != "tap-livechat v"+about.Version+"\n" {
		t.Errorf("--version: %q %v", said, err)
	}
	if said, _, err := img.run(t, "--discover"); err != nil || said != run(t, exec.Command(tapBinary, "--discover")) {
		t.Errorf("--discover is not what it is outside: %.200s %v", said, err)
	}
	t.Run("zones", img.testZones)
	t.Run("certificates", img.testCertificates)
}

// testZones reads an archive in which half the chats have nothing but a local
// time and the name of a zone. The image has no zone database.
func (img image) testZones(t *testing.T) {
	server, config := archive(t, "chats=600&days=20&missed=0.5")
	img.put(t, "/config.json", read(t, config))
	said, notes, err := img.run(t, "--config", "/config.json")
	if err != nil {
		t.Fatalf("%v\n%s", err, notes)
	}
	ended := make(map[string]string)
	for line := range strings.Lines(said) {
		var message struct {
			Type, Stream string
			Record       struct {
				ID    string
				Ended string `json:"ended_timestamp"`
			}
		}
		check(t, json.Unmarshal([]byte(line), &message))
		if message.Type == "RECORD" && message.Stream == "chats" {
			ended[message.Record.ID] = message.Record.Ended
		}
	}
	zones := make(map[string]int)
	for chat := range server.Truth() {
		var zone struct{ Timezone string }
		check(t, json.Unmarshal(chat.JSON, &zone))
		if chat.Pending {
			continue
		}
		want := chat.Ended.Format(time.RFC3339)
		if zone.Timezone == "" && chat.Type == "missed_chat" {
			want = "" // nobody can tell
		}
		if ended[chat.ID] != want {
			t.Errorf("chat %s of %s ended at %q, wanted %s", chat.ID, zone.Timezone, ended[chat.ID], want)
		}
		if chat.Type == "missed_chat" {
			zones[zone.Timezone]++
		}
	}
	t.Logf("missed chats by zone: %v", zones)
	if zones["Asia/Kathmandu"] == 0 {
		t.Error("no chat of Asia/Kathmandu was there to test")
	}
}

// testCertificates tries https: with a service that nobody knows, with one that
// the bundle knows, and with a host that cannot be found, for the empty root
// has no resolver.
func (img image) testCertificates(t *testing.T) {
	options, err := sandbox.Parse("chats=20&days=5")
	check(t, err)
	service := httptest.NewUnstartedServer(sandbox.New(options))
	service.Config.ErrorLog = log.New(io.Discard, "", 0) // it would tell of the first try
	service.StartTLS()
	defer service.Close()
	try := func(url string) (string, string, error) {
		text, err := json.Marshal(map[string]any{"api_url": url, "access_token": "e2e", "start_date": "2020-01-01", "max_retries": 0})
		check(t, err)
		img.put(t, "/config.json", text)
		return img.run(t, "--config", "/config.json")
	}
	if said, notes, err := try(service.URL); err == nil || said != "" || !strings.Contains(notes, "unknown authority") {
		t.Errorf("a certificate of nobody's: %v\n%s", err, notes)
	}
	bundle := read(t, img.root+"/etc/ssl/certs/ca-certificates.crt")
	if n := bytes.Count(bundle, []byte("BEGIN CERTIFICATE")); n < 50 {
		t.Errorf("the bundle has %d certificates", n)
	}
	// Only if the tap reads the file where the image has it will it trust the
	// service now.
	img.put(t, "/etc/ssl/certs/ca-certificates.crt", append(bundle, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: service.Certificate().Raw})...))
	if said, notes, err := try(service.URL); err != nil || strings.Count(said, `"type":"RECORD"`) == 0 {
		t.Errorf("a service that the bundle vouches for: %v\n%s", err, notes)
	}
	_, notes, err := try("https://livechat.invalid")
	last := lastLine(notes)
	if err == nil || !strings.HasPrefix(last, "CRITICAL") || !strings.Contains(last, "lookup livechat.invalid") || strings.Contains(last, "x509") || strings.Contains(last, "zoneinfo") {
		t.Errorf("a host that cannot be found: %v\n%s", err, notes)
	}
}

// makeImage does what the Dockerfile says, without a container engine: the
// compilation from the files that .dockerignore lets through, then the COPY
// lines of the last stage. An instruction that it does not know fails the test,
// so that recipe and test stay the same.
func makeImage(t *testing.T) image {
	t.Helper()
	text := string(read(t, "../Dockerfile"))
	img := image{root: filepath.Join(t.TempDir(), "root")}
	check(t, os.Mkdir(img.root, 0o755))
	for dir := img.root; dir != filepath.Dir(os.TempDir()) && dir != os.TempDir(); dir = filepath.Dir(dir) {
		check(t, os.Chmod(dir, 0o755)) // the image's user is to get in
	}
	out := t.TempDir()
	stage, compiled := "", false
	for _, line := range instructions(text) {
		word, rest, _ := strings.Cut(line, " ")
		rest = strings.TrimSpace(rest)
		switch {
		case word == "FROM":
			stage = rest
			if rest != "scratch" {
				checkBase(t, rest)
			}
		case stage != "scratch" && word == "RUN" && strings.Contains(rest, "go build"):
			compiled = true
			cmd := exec.Command("sh", "-c", strings.ReplaceAll(rest, "/out/", out+"/"))
			cmd.Dir = buildContext(t)
			cmd.Env = append(os.Environ(), "TARGETOS="+runtime.GOOS, "TARGETARCH="+runtime.GOARCH)
			run(t, cmd)
		case stage != "scratch": // the rest of that stage brings the sources to the compiler
		case word == "LABEL":
		case word == "COPY":
			fields := strings.Fields(rest)
			if len(fields) != 3 || fields[0] != "--from=build" {
				t.Fatalf("the test cannot follow %q", line)
			}
			from := fields[1]
			if built, ok := strings.CutPrefix(from, "/out/"); ok {
				from = filepath.Join(out, built)
			}
			info, err := os.Stat(from)
			check(t, err) // the certificates are this machine's
			img.put(t, fields[2], read(t, from))
			check(t, os.Chmod(img.root+fields[2], info.Mode().Perm()))
		case word == "USER":
			uid, _, _ := strings.Cut(rest, ":")
			n, err := strconv.ParseUint(uid, 10, 32)
			check(t, err)
			img.uid = uint32(n)
		case word == "ENTRYPOINT":
			var args []string
			check(t, json.Unmarshal([]byte(rest), &args))
			img.entrypoint = strings.Join(args, " ")
		default:
			t.Fatalf("the test does not know how to follow %q", line)
		}
	}
	if !compiled || img.entrypoint == "" {
		t.Fatalf("the recipe lacks its compilation or its ENTRYPOINT:\n%s", text)
	}
	return img
}

// instructions are the lines of a Dockerfile, put together and without comments.
func instructions(text string) []string {
	text = regexp.MustCompile(`(?m)^\s*#.*\n`).ReplaceAllString(text, "")
	text = strings.ReplaceAll(text, "\\\n", " ")
	return slices.DeleteFunc(strings.Split(text, "\n"), func(s string) bool { return strings.TrimSpace(s) == "" })
}

// checkBase wants a compiler of one exact version, that with which CI makes the
// other packages, and of the language's version that go.mod asks for.
func checkBase(t *testing.T, from string) {
	t.Helper()
	tag := regexp.MustCompile(`golang:((\d+\.\d+)\.\d+) AS build$`).FindStringSubmatch(from)
	if tag == nil || !strings.Contains(string(read(t, "../go.mod")), "\ngo "+tag[2]+".") {
		t.Fatalf("FROM %s: wanted golang:<the version of go.mod>.<n> AS build", from)
	}
	if !strings.Contains(string(read(t, "../.github/workflows/ci.yml")), `GO_VERSION: "`+tag[1]+`"`) {
		t.Errorf("CI does not build with Go %s, as the image does", tag[1])
	}
}

// buildContext is what .dockerignore lets through. Its form is fixed: all is
// left out, then some names of the top are not, then the tests are.
func buildContext(t *testing.T) string {
	t.Helper()
	var parts []string
	for _, line := range instructions(string(read(t, "../.dockerignore"))) {
		switch name, ok := strings.CutPrefix(line, "!"); {
		case ok:
			parts = append(parts, name)
		case line != "*" && line != "**/*_test.go":
			t.Fatalf(".dockerignore: the test does not know how to follow %q", line)
		}
	}
	dir := sources(t, parts...)
	check(t, filepath.WalkDir(dir, func(path string, _ fs.DirEntry, err error) error {
		if err == nil && strings.HasSuffix(path, "_test.go") {
			err = os.Remove(path)
		}
		return err
	}))
	return dir
}

// put writes a file into the image, for all to read.
func (img image) put(t *testing.T, path string, data []byte) {
	t.Helper()
	file := img.root + path
	check(t, os.MkdirAll(filepath.Dir(file), 0o755))
	check(t, os.WriteFile(file, data, 0o644))
}

// run starts the entry point in the image, as its user, with the variables that
// an engine sets.
func (img image) run(t *testing.T, args ...string) (stdout, stderr string, err error) {
	t.Helper()
	cmd := exec.Command(img.entrypoint, args...)
	cmd.Dir = "/"
	cmd.Env = []string{"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/"}
	cmd.SysProcAttr = &syscall.SysProcAttr{Chroot: img.root}
	if os.Getuid() == 0 {
		cmd.SysProcAttr.Credential = &syscall.Credential{Uid: img.uid, Gid: img.uid}
	} else {
		// Who is not root may enter a root in a user namespace, and be the
		// image's user there.
		cmd.SysProcAttr.Cloneflags = syscall.CLONE_NEWUSER
		cmd.SysProcAttr.UidMappings = []syscall.SysProcIDMap{{ContainerID: int(img.uid), HostID: os.Getuid(), Size: 1}}
		cmd.SysProcAttr.GidMappings = []syscall.SysProcIDMap{{ContainerID: int(img.uid), HostID: os.Getgid(), Size: 1}}
		cmd.SysProcAttr.Credential = &syscall.Credential{Uid: img.uid, Gid: img.uid, NoSetGroups: true}
	}
	var out, notes strings.Builder
	cmd.Stdout, cmd.Stderr = &out, &notes
	err = cmd.Run()
	return out.String(), notes.String(), err
}

// enter skips the test where the root cannot be entered; in CI that is a failure.
func (img image) enter(t *testing.T) {
	t.Helper()
	_, _, err := img.run(t, "--version")
	if err == nil || !errors.Is(err, fs.ErrPermission) && !errors.Is(err, syscall.ENOSPC) {
		return // what else is wrong, the test says
	}
	why := "SKIPPED: entering the image's file system needs root or user namespaces, so the image was not tried: " + err.Error()
	if os.Getenv("CI") != "" {
		t.Fatal(why)
	}
	t.Skip(why)
}
