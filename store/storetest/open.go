package storetest

import (
	"context"
	"testing"

	"github.com/sidebridge/sidebridge/store"
)

// Open returns a migrated store on a fresh database of the driver, "sqlite" or
// "postgres", which is closed and thrown away when the test ends.
func Open(tb testing.TB, driver string, o store.Options) *store.Store {
	tb.Helper()
	o.Driver = driver
	if driver == "postgres" {
		o.DSN = PostgresFrom(tb, "migrated", migratePostgres)
	} else {
		o.DSN = SQLite(tb)
	}
	s, err := store.Open(tb.Context(), o)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := s.Close(); err != nil {
			tb.Error(err)
		}
	})
	return s
}

// Again opens the database of another store once more, as a second daemon with
// the given name in leases does, and with the same clock.
func Again(tb testing.TB, s *store.Store, holder string) *store.Store {
	tb.Helper()
	o := s.Options()
	o.Holder = holder
	again, err := store.Open(tb.Context(), o)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := again.Close(); err != nil {
			tb.Error(err)
		}
	})
	return again
}

func migratePostgres(dsn string) error {
	ctx := context.Background()
	s, err := store.Open(ctx, store.Options{Driver: "postgres", DSN: dsn})
	if err != nil {
		return err
	}
	defer s.Close()
	return s.Migrate(ctx)
}

// Both runs a test on SQLite and on Postgres.
func Both(t *testing.T, o store.Options, f func(t *testing.T, s *store.Store)) {
	for _, driver := range []string{"sqlite", "postgres"} {
		t.Run(driver, func(t *testing.T) { f(t, Open(t, driver, o)) })
	}
}
