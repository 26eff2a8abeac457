package store

import (
	"context"
	"errors"
	"time"

	"github.com/sidebridge/sidebridge/bridge"
)

// Sessions keeps sign-ins. It has the methods that scs asks of a session store.
type Sessions struct{ s *Store }

// Sessions returns the store of sign-ins.
func (s *Store) Sessions() *Sessions { return &Sessions{s} }

// FindCtx returns the data of a session that has not expired.
func (x *Sessions) FindCtx(ctx context.Context, token string) ([]byte, bool, error) {
	var data []byte
	err := x.s.get(ctx, &data, `SELECT data FROM sessions WHERE token = ? AND expires > ?`, token, bridge.Micros(x.s.now()))
	if errors.Is(err, bridge.ErrNotFound) {
		return nil, false, nil
	}
	return data, err == nil, err
}

// CommitCtx stores a session's data.
func (x *Sessions) CommitCtx(ctx context.Context, token string, data []byte, expiry time.Time) error {
	_, err := x.s.exec(ctx, `INSERT INTO sessions (token, data, expires) VALUES (?, ?, ?)
		ON CONFLICT (token) DO UPDATE SET data = excluded.data, expires = excluded.expires`,
		token, data, bridge.Micros(expiry))
	return err
}

// DeleteCtx ends a session.
func (x *Sessions) DeleteCtx(ctx context.Context, token string) error {
	_, err := x.s.exec(ctx, `DELETE FROM sessions WHERE token = ?`, token)
	return err
}

// Find is FindCtx; scs asks for it and does not call it.
func (x *Sessions) Find(token string) ([]byte, bool, error) {
	return x.FindCtx(context.Background(), token)
}

// Commit is CommitCtx; scs asks for it and does not call it.
func (x *Sessions) Commit(token string, data []byte, expiry time.Time) error {
	return x.CommitCtx(context.Background(), token, data, expiry)
}

// Delete is DeleteCtx; scs asks for it and does not call it.
func (x *Sessions) Delete(token string) error {
	return x.DeleteCtx(context.Background(), token)
}

// Sweep removes the sessions and the sign-ins that have expired.
func (x *Sessions) Sweep(ctx context.Context) error {
	now := bridge.Micros(x.s.now())
	_, err := x.s.exec(ctx, `DELETE FROM sessions WHERE expires <= ?`, now)
	_, err2 := x.s.exec(ctx, `DELETE FROM sign_ins WHERE expires <= ?`, now)
	return errors.Join(err, err2)
}
