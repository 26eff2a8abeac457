package store

import "context"

// RawExec changes the database behind the store's back.
func (s *Store) RawExec(ctx context.Context, query string, args ...any) (int64, error) {
	return s.exec(ctx, query, args...)
}

// RawScript runs statements on one connection, the last one with args.
func (s *Store) RawScript(ctx context.Context, script []string, args ...any) error {
	conn, err := s.write.Connx(ctx)
	if err != nil {
		return err
	}
	defer conn.Close()
	for i, query := range script {
		var a []any
		if i == len(script)-1 {
			a = args
		}
		if _, err := conn.ExecContext(ctx, conn.Rebind(query), a...); err != nil {
			return err
		}
	}
	return nil
}

// RawCount returns the number that a query selects.
func (s *Store) RawCount(t interface {
	Helper()
	Fatal(...any)
	Context() context.Context
}, query string, args ...any,
) (n int64) {
	t.Helper()
	if err := s.get(t.Context(), &n, query, args...); err != nil {
		t.Fatal(err)
	}
	return n
}

// MigrateTo brings an empty database to an earlier version of the schema.
func (s *Store) MigrateTo(ctx context.Context, version int64) error {
	p, err := s.provider()
	if err == nil {
		_, err = p.UpTo(ctx, version)
	}
	return err
}
