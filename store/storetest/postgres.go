// Package storetest holds what tests of the store need: the suite that SQLite
// and Postgres both pass, and a throw-away Postgres server made from the
// machine's own binaries, so that a test never skips Postgres.
package storetest

import (
	"crypto/rand"
	"fmt"
	"net/url"
	"os"
	"strings"
	"sync"
	"testing"
)

// EnvPostgres names the environment variable with the DSN of a Postgres
// server where tests may create databases. Without it, the tests start a
// throw-away cluster from the machine's own binaries.
const EnvPostgres = "SIDEBRIDGE_TEST_POSTGRES"

// server is the one Postgres server that a test process uses, started by
// the first test that needs it.
type server struct {
	mu        sync.Mutex
	cluster   *Cluster // nil when the environment names a server
	base      string   // DSN of a database to connect to for CREATE DATABASE
	err       error    // why there is no server; the first failure is final
	templates map[string]string
}

// shared is per process on purpose: a cluster takes a second to start, and a
// database on it a few hundredths.
var shared server

// Postgres returns the DSN of a fresh, empty Postgres database that lives
// until the test ends. The first call in a process starts the server. A
// machine without Postgres fails the test: a promise that was tested on SQLite
// alone is not kept on Postgres.
func Postgres(tb testing.TB) (dsn string) {
	tb.Helper()
	return shared.database(tb, "")
}

// PostgresFrom returns the DSN of a fresh copy of a database that prepare has
// filled, such as one with all migrations applied. Prepare runs once per key
// and process; it must close its connections before it returns.
func PostgresFrom(tb testing.TB, key string, prepare func(dsn string) error) (dsn string) {
	tb.Helper()
	template, err := shared.template(key, prepare)
	if err != nil {
		tb.Fatalf("prepare the Postgres template %q: %v", key, err)
	}
	return shared.database(tb, template)
}

// Main runs a package's tests and stops the shared cluster before it returns
// their exit code, so that a goroutine leak check after it sees none of the
// helper's. Without it, the cluster ends a moment after the process.
//
//	func TestMain(m *testing.M) { os.Exit(storetest.Main(m)) }
func Main(m *testing.M) int {
	code := m.Run()
	if err := shared.stop(); err != nil {
		fmt.Fprintln(os.Stderr, "stop the throw-away Postgres:", err)
		return max(code, 1)
	}
	return code
}

// start makes sure that the server runs. Callers hold mu.
func (s *server) start() error {
	if s.base != "" || s.err != nil {
		return s.err
	}
	if dsn := os.Getenv(EnvPostgres); dsn != "" {
		s.base = dsn
		return nil
	}
	s.cluster, s.err = StartCluster(Options{})
	if s.err == nil {
		s.base = s.cluster.DSN("postgres")
	}
	return s.err
}

func (s *server) database(tb testing.TB, template string) string {
	tb.Helper()
	s.mu.Lock()
	err := s.start()
	base := s.base
	s.mu.Unlock()
	if err != nil {
		tb.Fatalf("a test needs Postgres: %v", err)
	}
	name := uniqueName()
	if err := createDatabase(base, name, template); err != nil {
		tb.Fatalf("create a test database: %v", err)
	}
	tb.Cleanup(func() {
		if err := dropDatabase(base, name); err != nil {
			tb.Errorf("drop a test database: %v", err)
		}
	})
	return withDatabase(base, name)
}

// template returns the name of the prepared database of that key.
func (s *server) template(key string, prepare func(dsn string) error) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.start(); err != nil {
		return "", err
	}
	if name, ok := s.templates[key]; ok {
		return name, nil
	}
	name := uniqueName()
	if err := createDatabase(s.base, name, ""); err != nil {
		return "", err
	}
	if err := prepare(withDatabase(s.base, name)); err != nil {
		return "", err
	}
	if s.templates == nil {
		s.templates = make(map[string]string)
	}
	s.templates[key] = name
	return name, nil
}

func (s *server) stop() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.cluster != nil {
		err := s.cluster.Stop()
		s.cluster, s.base, s.templates = nil, "", nil
		return err
	}
	// On somebody else's server, leave nothing behind.
	for key, name := range s.templates {
		if err := dropDatabase(s.base, name); err != nil {
			return err
		}
		delete(s.templates, key)
	}
	return nil
}

func uniqueName() string { return "sidebridge_test_" + strings.ToLower(rand.Text()) }

// withDatabase returns the DSN, a URL or key=value pairs, with another
// database name.
func withDatabase(dsn, name string) string {
	if strings.Contains(dsn, "://") {
		if u, err := url.Parse(dsn); err == nil {
			u.Path = "/" + name
			return u.String()
		}
	}
	return dsn + " dbname=" + name // the last one counts
}
