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
	"time"
)

// Postgres is a PostgreSQL of our own. Its user is tap, who needs no password.
type Postgres struct {
	Port int

	bin, dir string
	cmd      *exec.Cmd
	as       *syscall.SysProcAttr // PostgreSQL refuses to run as root
}

// StartPostgres starts a PostgreSQL with nothing in it.
func StartPostgres() (*Postgres, error) {
	s := &Postgres{bin: postgresPrograms()}
	if s.bin == "" {
		return nil, fmt.Errorf("PostgreSQL server (initdb, postgres): %w", ErrMissing)
	}
	dir, err := os.MkdirTemp("/tmp", "pg") // short, for the socket's path; and others may enter it
	if err != nil {
		return nil, err
	}
	s.dir = dir
	if err := s.start(); err != nil {
		s.Stop()
		return nil, fmt.Errorf("PostgreSQL does not start: %w", err)
	}
	return s, nil
}

func (s *Postgres) start() error {
	if os.Getuid() == 0 {
		if err := s.somebody(); err != nil {
			return err
		}
	}
	initdb := exec.Command(filepath.Join(s.bin, "initdb"), "-D", filepath.Join(s.dir, "data"), "-U", "tap", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync")
	initdb.SysProcAttr, initdb.Dir = s.as, s.dir
	if err := quiet(initdb); err != nil {
		return err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	s.Port = listener.Addr().(*net.TCPAddr).Port
	if err := listener.Close(); err != nil {
		return err
	}
	var log bytes.Buffer
	cmd := exec.Command(filepath.Join(s.bin, "postgres"), "-D", filepath.Join(s.dir, "data"), "-k", s.dir, "-h", "127.0.0.1", "-p", strconv.Itoa(s.Port), "-F")
	cmd.SysProcAttr, cmd.Dir, cmd.Stderr = s.as, s.dir, &log
	if err := cmd.Start(); err != nil {
		return err
	}
	s.cmd = cmd
	for range 300 {
		if exec.Command(filepath.Join(s.bin, "pg_isready"), "-q", "-h", "127.0.0.1", "-p", strconv.Itoa(s.Port)).Run() == nil {
			return nil
		}
		time.Sleep(100 * time.Millisecond)
	}
	s.Stop() // before its log is read
	return fmt.Errorf("%s", log.Bytes())
}

// somebody is a user other than root, who gets the server's folder.
func (s *Postgres) somebody() error {
	who, err := user.Lookup("postgres")
	if err != nil {
		who, err = user.Lookup("nobody")
	}
	if err != nil {
		return err
	}
	uid, err := strconv.ParseUint(who.Uid, 10, 32)
	if err != nil {
		return err
	}
	gid, err := strconv.ParseUint(who.Gid, 10, 32)
	if err != nil {
		return err
	}
	s.as = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}}
	return os.Chown(s.dir, int(uid), int(gid))
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

// URL is where a database is.
func (s *Postgres) URL(database string) string {
	return fmt.Sprintf("postgresql://tap:none@127.0.0.1:%d/%s", s.Port, database)
}

// PSQL is the command that runs SQL and prints its rows, columns parted by |.
func (s *Postgres) PSQL(database string, sql ...string) *exec.Cmd {
	args := []string{"-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", s.URL(database) + "?options=-ctimezone%3DUTC"}
	for _, command := range sql {
		args = append(args, "-c", command)
	}
	return exec.Command(filepath.Join(s.bin, "psql"), args...)
}

// Query runs SQL and returns its rows.
func (s *Postgres) Query(database, sql string) ([]string, error) {
	var stderr bytes.Buffer
	cmd := s.PSQL(database, sql)
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("%s: %w\n%s", sql, err, stderr.Bytes())
	}
	text := strings.TrimSpace(string(out))
	if text == "" {
		return nil, nil
	}
	return strings.Split(text, "\n"), nil
}

// Stop ends it and removes all of it.
func (s *Postgres) Stop() {
	if s.cmd != nil {
		_ = s.cmd.Process.Signal(syscall.SIGQUIT) // at once; nothing in there is of worth
		_ = s.cmd.Wait()
		s.cmd = nil
	}
	os.RemoveAll(s.dir)
}
