//go:build unix

package e2e

import "testing"

// server is a PostgreSQL of the tests' own, started once.
type server struct{ *Postgres }

var theServer *server

// postgres starts it and returns it with a new, empty database.
func postgres(t *testing.T, database string) *server {
	t.Helper()
	if theServer == nil {
		pg, err := StartPostgres()
		have(t, err)
		theServer = &server{pg}
	}
	theServer.query(t, "postgres", "create database "+database)
	return theServer
}

// query runs SQL and returns its rows, columns parted by |.
func (s *server) query(t *testing.T, database, sql string) []string {
	t.Helper()
	rows, err := s.Query(database, sql)
	check(t, err)
	return rows
}

func stopPostgres() {
	if theServer != nil {
		theServer.Stop()
	}
}
