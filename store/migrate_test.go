package store_test

import (
	"path/filepath"
	"sync"
	"testing"

	"github.com/sidebridge/sidebridge/store"
	"github.com/sidebridge/sidebridge/store/storetest"
)

func TestMigrateBringsAnEmptyDatabaseToThisVersionAndChangesNothingTwice(t *testing.T) {
	for driver, dsn := range map[string]string{
		"sqlite": filepath.Join(t.TempDir(), "empty.db"), "postgres": storetest.Postgres(t),
	} {
		t.Run(driver, func(t *testing.T) {
			s, err := store.Open(t.Context(), store.Options{Driver: driver, DSN: dsn})
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			if have, want, err := s.SchemaVersions(t.Context()); err != nil || have != 0 || want == 0 {
				t.Fatalf("before: version %d of %d, %v", have, want, err)
			}
			for range 2 {
				if err := s.Migrate(t.Context()); err != nil {
					t.Fatal(err)
				}
				if have, want, err := s.SchemaVersions(t.Context()); err != nil || have != want {
					t.Fatalf("after: version %d of %d, %v", have, want, err)
				}
			}
			thread(t, s, billing, "1.1")
		})
	}
}

func TestDaemonsThatStartTogetherMigrateOnce(t *testing.T) {
	dsn := storetest.Postgres(t)
	var wg sync.WaitGroup
	for range 4 {
		s, err := store.Open(t.Context(), store.Options{Driver: "postgres", DSN: dsn})
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		wg.Go(func() {
			if err := s.Migrate(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
}

func TestAClosedStoreAcceptsNothing(t *testing.T) {
	s, err := store.Open(t.Context(), store.Options{Driver: "sqlite", DSN: filepath.Join(t.TempDir(), "x.db")})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Append(t.Context(), reply(billing, "1", "2", "late")); err == nil {
		t.Error("an append after Close was accepted")
	}
}
