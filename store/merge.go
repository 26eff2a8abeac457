package store

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jmoiron/sqlx"

	"github.com/sidebridge/sidebridge/bridge"
)

// MergePeople makes one person of two: from's accounts and groups become into's, and from
// can no longer sign in. What either has done stays under the id and the name they had.
// Into keeps its role; from's e-mail address and password go over when into has no address.
func (s *Store) MergePeople(ctx context.Context, from, into, by string) error {
	if from == into {
		return fmt.Errorf("%w: pick two people", bridge.ErrInvalid)
	}
	return s.within(ctx, func(tx *sqlx.Tx) error {
		return s.keepAnAdmin(ctx, tx, func() error { return s.merge(ctx, tx, from, into, by) })
	})
}

func (s *Store) merge(ctx context.Context, tx *sqlx.Tx, from, into, by string) error {
	var rows []personRow
	b := s.build(`SELECT `+personCols+` FROM people WHERE (id = ? OR id = ?) AND disabled = 0 ORDER BY id`+s.dialect.forUpdate, from, into)
	if err := b.selectInto(ctx, tx, &rows); err != nil {
		return err
	}
	if len(rows) != 2 {
		return fmt.Errorf("person: %w", bridge.ErrNotFound)
	}
	gone, stays := rows[0], rows[1]
	if gone.ID != from {
		gone, stays = stays, gone
	}
	steps := []*builder{
		s.build(`UPDATE accounts SET person = ?, linked_by = ? WHERE person = ?`, into, by, from),
		s.build(`INSERT INTO group_members (grp, person) SELECT grp, ? FROM group_members WHERE person = ? ON CONFLICT DO NOTHING`, into, from),
		s.build(`DELETE FROM group_members WHERE person = ?`, from),
		s.build(`UPDATE people SET disabled = 1, merged_into = ? WHERE id = ?`, into, from),
	}
	if stays.Email == "" && gone.Email != "" {
		steps = append(steps,
			s.build(`UPDATE people SET email = '', password = '' WHERE id = ?`, from),
			s.build(`UPDATE people SET email = ?, password = ? WHERE id = ?`, gone.Email, gone.Password, into))
	}
	for _, step := range steps {
		if _, err := step.exec(ctx, tx); err != nil {
			return fmt.Errorf("merge people: %w", err)
		}
	}
	return s.endSignIns(ctx, tx, from)
}

// SplitAccount makes a person of their own of an account that was linked to another, and
// returns their id.
func (s *Store) SplitAccount(ctx context.Context, a bridge.Account, by string) (string, error) {
	id := uuid.Must(uuid.NewV7()).String()
	err := s.within(ctx, func(tx *sqlx.Tx) error {
		var names []string
		b := s.build(`SELECT name FROM accounts WHERE surface = ? AND workspace = ? AND id = ? AND person IS NOT NULL`+s.dialect.forUpdate,
			a.Surface, a.Workspace, a.ID)
		if err := b.selectInto(ctx, tx, &names); err != nil {
			return err
		}
		if len(names) == 0 {
			return fmt.Errorf("linked account: %w", bridge.ErrNotFound)
		}
		name := names[0]
		if name == "" {
			name = a.ID
		}
		if err := s.insertPerson(ctx, tx, id, bridge.Known{Name: name, Role: bridge.RoleExpert}, ""); err != nil {
			return err
		}
		_, err := s.build(`UPDATE accounts SET person = ?, linked_by = ? WHERE surface = ? AND workspace = ? AND id = ?`,
			id, by, a.Surface, a.Workspace, a.ID).exec(ctx, tx)
		return err
	})
	return id, err
}

// Unlinked calls each for up to limit accounts that are linked to nobody, those seen last
// first.
func (s *Store) Unlinked(ctx context.Context, limit int, each func(a bridge.Account, name string, seen time.Time)) error {
	var rows []struct {
		Surface   string `db:"surface"`
		Workspace string `db:"workspace"`
		ID        string `db:"id"`
		Name      string `db:"name"`
		Seen      int64  `db:"seen_at"`
	}
	err := s.list(ctx, &rows, `SELECT surface, workspace, id, name, seen_at FROM accounts WHERE person IS NULL
		ORDER BY seen_at DESC, LOWER(name), surface, workspace, id LIMIT ?`, limit)
	for _, r := range rows {
		each(bridge.Account{Surface: r.Surface, Workspace: r.Workspace, ID: r.ID}, r.Name, bridge.FromMicros(r.Seen))
	}
	return err
}
