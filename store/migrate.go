package store

import (
	"context"
	"embed"
	"fmt"
	"io/fs"
	"strings"
	"testing/fstest"

	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"
)

//go:embed migrations/*.sql
var migrationFiles embed.FS

// Migrate brings the schema to this program's version. Several daemons may do so
// at once: on Postgres the first takes a lock and the others wait for it.
func (s *Store) Migrate(ctx context.Context) error {
	p, err := s.provider()
	if err != nil {
		return err
	}
	if _, err := p.Up(ctx); err != nil {
		return fmt.Errorf("migrate the database: %w", err)
	}
	if err := s.participantBacklog(ctx); err != nil {
		return err
	}
	if err := s.indexBacklog(ctx); err != nil {
		return err
	}
	return s.IndexNames(ctx)
}

// SchemaVersions returns the database's schema version and this program's. A
// database that is ahead belongs to a newer program, which must be used instead.
func (s *Store) SchemaVersions(ctx context.Context) (have, want int64, err error) {
	p, err := s.provider()
	if err != nil {
		return 0, 0, err
	}
	if have, err = p.GetDBVersion(ctx); err != nil {
		return 0, 0, fmt.Errorf("read the schema version: %w", err)
	}
	sources := p.ListSources()
	return have, sources[len(sources)-1].Version, nil
}

func (s *Store) provider() (*goose.Provider, error) {
	files, err := s.dialect.migrations()
	if err != nil {
		return nil, err
	}
	if s.dialect.name == "sqlite" {
		return goose.NewProvider(goose.DialectSQLite3, s.write.DB, files)
	}
	locker, err := lock.NewPostgresSessionLocker()
	if err != nil {
		return nil, err
	}
	return goose.NewProvider(goose.DialectPostgres, s.write.DB, files, goose.WithSessionLocker(locker))
}

// migrations returns the files of one dialect: those whose name ends in the other
// database's name are left out, and {{blob}} becomes the type of bytes.
func (d dialect) migrations() (fs.FS, error) {
	out := fstest.MapFS{}
	names, err := fs.Glob(migrationFiles, "migrations/*.sql")
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		base := strings.TrimPrefix(name, "migrations/")
		if d.name == "sqlite" && strings.HasSuffix(base, "_postgres.sql") ||
			d.name == "postgres" && strings.HasSuffix(base, "_sqlite.sql") {
			continue
		}
		text, err := fs.ReadFile(migrationFiles, name)
		if err != nil {
			return nil, err
		}
		out[base] = &fstest.MapFile{Data: []byte(strings.ReplaceAll(string(text), "{{blob}}", d.blob))}
	}
	return out, nil
}
