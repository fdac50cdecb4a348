//go:build unix

package e2e

import (
	"bytes"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// server is a PostgreSQL of the tests' own, started once.
type server struct {
	bin, dir string
	port     int
	cmd      *exec.Cmd
	as       *syscall.SysProcAttr // PostgreSQL refuses to run as root
}

var theServer *server

// postgres starts it and returns it with a new, empty database.
func postgres(t *testing.T, database string) *server {
	t.Helper()
	if theServer == nil {
		theServer = startPostgres(t)
	}
	theServer.query(t, "postgres", "create database "+database)
	return theServer
}

func startPostgres(t *testing.T) *server {
	t.Helper()
	s := &server{bin: postgresPrograms()}
	if s.bin == "" {
		without(t, "PostgreSQL server (initdb, postgres)")
	}
	dir, err := os.MkdirTemp("/tmp", "pg") // short, for the socket's path; and others may enter it
	check(t, err)
	s.dir = dir
	if os.Getuid() == 0 {
		s.as = s.somebody(t)
	}
	initdb := exec.Command(filepath.Join(s.bin, "initdb"), "-D", filepath.Join(dir, "data"), "-U", "tap", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync")
	initdb.SysProcAttr, initdb.Dir = s.as, dir
	run(t, initdb)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	check(t, err)
	s.port = listener.Addr().(*net.TCPAddr).Port
	check(t, listener.Close())
	var log bytes.Buffer
	s.cmd = exec.Command(filepath.Join(s.bin, "postgres"), "-D", filepath.Join(dir, "data"), "-k", dir, "-h", "127.0.0.1", "-p", strconv.Itoa(s.port), "-F")
	s.cmd.SysProcAttr, s.cmd.Dir, s.cmd.Stderr = s.as, dir, &log
	check(t, s.cmd.Start())
	for range 300 {
		if exec.Command(filepath.Join(s.bin, "pg_isready"), "-q", "-h", "127.0.0.1", "-p", strconv.Itoa(s.port)).Run() == nil {
			return s
		}
		time.Sleep(100 * time.Millisecond)
	}
	s.stop()
	t.Fatalf("PostgreSQL does not start: %s", log.Bytes())
	return nil
}

// somebody is a user other than root, who gets the server's folder.
func (s *server) somebody(t *testing.T) *syscall.SysProcAttr {
	t.Helper()
	who, err := user.Lookup("postgres")
	if err != nil {
		who, err = user.Lookup("nobody")
	}
	check(t, err)
	uid, err := strconv.ParseUint(who.Uid, 10, 32)
	check(t, err)
	gid, err := strconv.ParseUint(who.Gid, 10, 32)
	check(t, err)
	check(t, os.Chown(s.dir, int(uid), int(gid)))
	return &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}}
}

// postgresPrograms is the folder of initdb, which Debian keeps off the PATH.
func postgresPrograms() string {
	if path, err := exec.LookPath("initdb"); err == nil {
		if path, err = filepath.EvalSymlinks(path); err == nil {
			return filepath.Dir(path)
		}
	}
	all, _ := filepath.Glob("/usr/lib/postgresql/*/bin/initdb")
	if len(all) == 0 {
		return ""
	}
	return filepath.Dir(all[len(all)-1])
}

// query runs SQL and returns its rows, columns parted by |.
func (s *server) query(t *testing.T, database, sql string) []string {
	t.Helper()
	out := run(t, exec.Command(filepath.Join(s.bin, "psql"), "-X", "-A", "-t", "-v", "ON_ERROR_STOP=1",
		fmt.Sprintf("postgresql://tap@127.0.0.1:%d/%s?options=-ctimezone%%3DUTC", s.port, database), "-c", sql))
	if out = strings.TrimSpace(out); out == "" {
		return nil
	}
	return strings.Split(out, "\n")
}

func (s *server) stop() {
	_ = s.cmd.Process.Signal(syscall.SIGQUIT) // at once; nothing in there is of worth
	_ = s.cmd.Wait()
	os.RemoveAll(s.dir)
}

func stopPostgres() {
	if theServer != nil {
		theServer.stop()
	}
}
