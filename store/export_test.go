package store

import "context"

// RawExec changes the database behind the store's back.
func (s *Store) RawExec(ctx context.Context, query string, args ...any) (int64, error) {
	return s.exec(ctx, query, args...)
}
