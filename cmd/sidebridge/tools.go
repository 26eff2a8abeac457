package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/sidebridge/sidebridge/config"
	"github.com/sidebridge/sidebridge/store"
)

// withStore runs a tool on the database that the configuration names, beside a
// daemon if need be. The schema must be this program's.
func withStore(ctx context.Context, p *program, f configFlag, use func(*config.Config, *store.Store) error) (err error) {
	cfg, err := f.load(p)
	if err != nil {
		return err
	}
	if file := cfg.Database.SQLite; !cfg.Database.Postgres.IsSet() {
		if _, err := os.Stat(file); errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("there is no database %s yet: run sidebridge migrate, or start the daemon", file)
		}
	}
	s, err := openStore(ctx, cfg, quietLogger(cfg, p), "")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	if err := ready(ctx, s); err != nil {
		return err
	}
	return use(cfg, s)
}

// ready checks that the schema is this program's.
func ready(ctx context.Context, s *store.Store) error {
	have, want, err := s.SchemaVersions(ctx)
	switch {
	case err != nil:
		return err
	case have < want:
		return fmt.Errorf("the database has schema version %d, this program needs %d: run sidebridge migrate, or start the daemon", have, want)
	case have > want:
		return fmt.Errorf("the database has schema version %d, this program knows up to %d: use the newer program", have, want)
	}
	return nil
}
