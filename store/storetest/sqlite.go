package storetest

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/sidebridge/sidebridge/store"
)

// migrated is a SQLite database with all migrations applied, made once per process:
// applying them takes longer than most tests.
var migrated = sync.OnceValues(migrateSQLite)

// SQLite returns the path of a fresh SQLite database with all migrations applied, in a
// folder that lives until the test ends.
func SQLite(tb testing.TB) (path string) {
	tb.Helper()
	file, err := migrated()
	if err != nil {
		tb.Fatalf("prepare the SQLite database: %v", err)
	}
	path = filepath.Join(tb.TempDir(), "sidebridge.db")
	if err := os.WriteFile(path, file, 0o600); err != nil {
		tb.Fatal(err)
	}
	return path
}

func migrateSQLite() (file []byte, err error) {
	dir, err := os.MkdirTemp("", "sidebridge-test")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	path := filepath.Join(dir, "sidebridge.db")
	s, err := store.Open(context.Background(), store.Options{Driver: "sqlite", DSN: path})
	if err != nil {
		return nil, err
	}
	// The last connection takes the write-ahead log into the file.
	if err := errors.Join(s.Migrate(context.Background()), s.Close()); err != nil {
		return nil, err
	}
	return os.ReadFile(path)
}
