package store

import (
	"context"
	"fmt"
	"time"

	"github.com/sidebridge/sidebridge/bridge"
)

// Acquire takes or renews a lease until ttl from now by this database's rules:
// whoever holds it keeps it while it renews, and when it has run out anybody may
// take it. The fencing number grows at every change of holder. ok is false while
// another daemon holds it.
func (s *Store) Acquire(ctx context.Context, name string, ttl time.Duration) (f bridge.Fence, ok bool, err error) {
	var rows []int64
	now, micros := s.leaseClock()
	args := append(append([]any{name, s.holder}, micros...), ttl.Microseconds())
	b := s.build(`INSERT INTO leases (name, holder, fence, expires) VALUES (?, ?, 1, `+now+` + ?)
		ON CONFLICT (name) DO UPDATE SET
			fence = CASE WHEN leases.holder = excluded.holder THEN leases.fence ELSE leases.fence + 1 END,
			holder = excluded.holder, expires = excluded.expires
		WHERE leases.holder = excluded.holder OR leases.expires < `+now+`
		RETURNING fence`, append(args, micros...)...)
	if err := b.selectInto(ctx, s.other, &rows); err != nil {
		return bridge.Fence{}, false, fmt.Errorf("acquire lease %s: %w", name, err)
	}
	if len(rows) == 0 {
		return bridge.Fence{}, false, nil
	}
	return bridge.Fence{Lease: name, Number: rows[0]}, true, nil
}

// leaseClock returns the time in microseconds as SQL, with its arguments. Several
// daemons share a Postgres and must agree on when a lease has run out, so its clock
// counts, unless a test has its own.
func (s *Store) leaseClock() (sql string, args []any) {
	if s.dialect.name == "postgres" && s.opts.Now == nil {
		return "CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000000 AS BIGINT)", nil
	}
	return "CAST(? AS BIGINT)", []any{bridge.Micros(s.now())}
}

// Release gives a lease up, so that another daemon need not wait for its end.
func (s *Store) Release(ctx context.Context, name string) error {
	_, err := s.exec(ctx, "UPDATE leases SET expires = 0 WHERE name = ? AND holder = ?", name, s.holder)
	return err
}

// FreeLeases ends the leases that this daemon held in an earlier life. Only a
// daemon that knows that life to have ended may call it: one whose data folder,
// where its name lies, is locked. The fence grows, so that nothing of the earlier
// life can still be settled.
func (s *Store) FreeLeases(ctx context.Context) error {
	_, err := s.exec(ctx, "UPDATE leases SET expires = 0, fence = fence + 1 WHERE holder = ?", s.holder)
	return err
}

// Block records that nothing can be sent to a workspace and what to do about it;
// an empty reason records that it works again.
func (s *Store) Block(ctx context.Context, surface, workspace, reason, remedy string) error {
	_, err := s.exec(ctx, `INSERT INTO workspaces (surface, workspace, blocked, remedy, since) VALUES (?, ?, ?, ?, ?)
		ON CONFLICT (surface, workspace) DO UPDATE SET blocked = excluded.blocked, remedy = excluded.remedy,
			since = CASE WHEN workspaces.blocked = excluded.blocked THEN workspaces.since ELSE excluded.since END`,
		surface, workspace, reason, remedy, bridge.Micros(s.now()))
	return err
}

// Blocked returns why nothing can be sent to a workspace, empty when it works.
func (s *Store) Blocked(ctx context.Context, surface, workspace string) (reason, remedy string, err error) {
	var rows []struct {
		Blocked string `db:"blocked"`
		Remedy  string `db:"remedy"`
	}
	err = s.list(ctx, &rows, "SELECT blocked, remedy FROM workspaces WHERE surface = ? AND workspace = ?", surface, workspace)
	if err != nil || len(rows) == 0 {
		return "", "", err
	}
	return rows[0].Blocked, rows[0].Remedy, nil
}

// Quarantine keeps an inbound that could not be accepted, raw, for an admin.
func (s *Store) Quarantine(ctx context.Context, surface, reason string, raw []byte) error {
	_, err := s.exec(ctx, "INSERT INTO quarantine (id, at, surface, reason, raw) VALUES (?, ?, ?, ?, ?)",
		newID(), bridge.Micros(s.now()), surface, reason, raw)
	if err != nil {
		return fmt.Errorf("quarantine: %w", err)
	}
	return nil
}
