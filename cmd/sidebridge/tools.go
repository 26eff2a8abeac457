package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/user"

	"github.com/sidebridge/sidebridge/bridge"
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

// operator is who runs a command on the daemon's own machine, as records name them.
func operator() bridge.Actor {
	name := "somebody"
	if u, err := user.Current(); err == nil { // without a name the record still says that it was the command line
		name = u.Username
	}
	return bridge.Actor{Role: bridge.RoleSystem, Name: name + " on the command line"}
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
