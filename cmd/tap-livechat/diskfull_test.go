//go:build unix

package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// smallDisk is a folder on a file system of so many bytes. To mount one takes root,
// or on the machines of CI sudo, and a container may have neither: the test is
// skipped only where it was refused.
func smallDisk(t *testing.T, bytes string) (folder string) {
	t.Helper()
	if runtime.GOOS != "linux" {
		t.Skip("a file system in memory is mounted in this way on Linux alone")
	}
	var sudo []string
	if os.Getuid() != 0 && os.Getenv("CI") != "" {
		sudo = []string{"sudo", "-n"}
	}
	root := func(args ...string) ([]byte, error) {
		args = append(sudo, args...)
		return exec.Command(args[0], args[1:]...).CombinedOutput()
	}
	folder = t.TempDir()
	if out, err := root("mount", "-t", "tmpfs", "-o", "mode=1777,size="+bytes, "tap-livechat", folder); err != nil {
		t.Skipf("SKIPPED: a small file system cannot be mounted here, so no real disk was filled: %v: %s", err, out)
	}
	t.Cleanup(func() {
		if out, err := root("umount", folder); err != nil {
			t.Errorf("%v: %s", err, out)
		}
	})
	return folder
}

// TestDiskFull fills a small disk with the files of a backfill, and tries again while
// it is full. The program says so and ends with a STATE, from which runs on a larger
// disk make up for all.
func TestDiskFull(t *testing.T) {
	t.Parallel()
	switches := still("chats=900&days=40&seed=9&cache=true")
	address := startSandbox(t, switches)
	// The sizes hold a window or some: of 150 chats, or of 100 with v3.6.
	sizes := map[string][]string{"none": {"2m"}, "gzip": {"400k"}}
	if !testing.Short() {
		sizes = map[string][]string{"none": {"1m", "1500k", "2m", "2500k", "3m", "3500k"}, "gzip": {"280k", "300k", "320k", "340k", "360k", "400k"}}
	}
	for _, w := range []way{{"2", "none", 24, 0}, {"3", "none", 24, 0}, {"2", "gzip", 24, 0}, {"3", "gzip", 24, 0}} {
		t.Run(w.String(), func(t *testing.T) {
			t.Parallel()
			held := keysOf(t, w.api, switches)
			for _, size := range sizes[w.files] {
				fillDisk(t, w, address, smallDisk(t, size)).wantAll(held)
			}
		})
	}
}

// fillDisk runs a backfill into a folder on a small disk, and goes on elsewhere.
func fillDisk(t *testing.T, w way, address, folder string) *harvest {
	t.Helper()
	h := newHarvest(t, w)
	records := 200 // in a file, so that the disk is full in the middle of a window
	if w.files == "gzip" {
		records = batchSize // all of a window stays in memory until its end, when files are announced
	}
	for attempt := 1; attempt <= 2; attempt++ {
		j := newJob(t, w.configFor(t, address, w.budget, folder, records), h.state)
		j.cmd.Stdout = h
		_ = j.cmd.Run()
		files := len(h.files)
		if !h.runEnded(false) {
			t.Errorf("attempt %d: the last message is no STATE", attempt)
		}
		code, last := j.cmd.ProcessState.ExitCode(), j.last()
		if code != exitRuntime || !strings.HasPrefix(last, "CRITICAL ") || !strings.Contains(last, folder) || !strings.Contains(last, "has room, and run again with the last STATE") {
			t.Errorf("attempt %d: exit code %d: %s", attempt, code, last)
		}
		noSecret(t, j.stderr.String())
		if files == 0 || h.kept.count() == 0 {
			t.Errorf("attempt %d: the disk is full too soon: %d files, %d records that a STATE covers", attempt, files, h.kept.count())
		}
		if parts, err := filepath.Glob(filepath.Join(folder, "*.part")); err != nil || len(parts) > 0 {
			t.Errorf("attempt %d: left behind: %q, %v", attempt, parts, err)
		}
	}
	config := w.config(t, address, 0)
	j := newJob(t, config, h.state)
	j.cmd.Stdout = h
	if err := j.cmd.Run(); err != nil || !h.runEnded(false) {
		t.Errorf("%v: %s", err, j.last())
	}
	return h
}
