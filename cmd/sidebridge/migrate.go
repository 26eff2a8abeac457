package main

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/sidebridge/sidebridge/store"
)

type migrateCmd struct{ configFlag }

// Run migrates the database, which must not be in use by an older daemon on SQLite.
func (c *migrateCmd) Run(ctx context.Context, p *program) (err error) {
	cfg, err := c.load(p)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(cfg.DataDir, 0o700); err != nil {
		return wrapf(err, "make the data folder")
	}
	if !cfg.Database.Postgres.IsSet() {
		l, err := lockFolder(cfg.DataDir)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, l.release()) }()
	}
	s, err := openStore(ctx, cfg, quietLogger(cfg, p), "")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	before, _, err := s.SchemaVersions(ctx)
	if err != nil {
		return err
	}
	if err := migrate(ctx, s); err != nil {
		return err
	}
	after, _, err := s.SchemaVersions(ctx)
	if err != nil {
		return err
	}
	if before == after {
		p.print("The schema is at version %d already.\n", after)
	} else {
		p.print("The schema went from version %d to %d.\n", before, after)
	}
	return nil
}

// migrate brings the schema to this program's version. It leaves a database of a
// newer program alone: what that one wrote, this one could misread.
func migrate(ctx context.Context, s *store.Store) error {
	if err := s.Migrate(ctx); err != nil {
		return err
	}
	have, want, err := s.SchemaVersions(ctx)
	if err == nil && have > want {
		err = fmt.Errorf("the database has schema version %d, this program knows up to %d: use the newer program", have, want)
	}
	return err
}
