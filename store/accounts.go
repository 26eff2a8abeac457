package store

import (
	"context"
	"database/sql"
	"fmt"
	"strings"

	"github.com/jmoiron/sqlx"

	"github.com/sidebridge/sidebridge/bridge"
)

// Who linked an account to a person, when it was no admin: then it is the admin's id.
const (
	linkedByEmail = "email" // their surface vouches that they have the same address
	linkedBySelf  = "self"  // they confirmed it themselves, signed in
)

type accountRow struct {
	Person   sql.NullString `db:"person"`
	LinkedBy string         `db:"linked_by"`
}

// SeeAccount records the e-mail address that an account's surface vouches for. When a
// person has that address, and nobody has linked or unlinked the account yet, it is
// linked to them, so that the very first thing they say is recorded as theirs.
func (s *Store) SeeAccount(ctx context.Context, a bridge.Account, name, email string) error {
	if email = emailKey(email); email == "" {
		return nil
	}
	return s.within(ctx, func(tx *sqlx.Tx) error {
		var people []string
		b := s.build(`SELECT id FROM people WHERE email = ? AND disabled = 0`, email)
		if err := b.selectInto(ctx, tx, &people); err != nil {
			return err
		}
		if len(people) == 1 {
			row, err := s.accountFor(ctx, tx, a, name)
			if err != nil {
				return err
			}
			if !row.Person.Valid && row.LinkedBy == "" {
				if err := s.ownAccount(ctx, tx, a, people[0], linkedByEmail); err != nil {
					return err
				}
			}
		}
		_, err := s.build(`UPDATE accounts SET email = ?, seen_at = ? WHERE surface = ? AND workspace = ? AND id = ?`,
			email, bridge.Micros(s.now()), a.Surface, a.Workspace, a.ID).exec(ctx, tx)
		return err
	})
}

// TakeAccount links an account to a person who has shown that it is theirs. One that
// is somebody else's already is bridge.ErrConflict: only an admin may change that.
func (s *Store) TakeAccount(ctx context.Context, a bridge.Account, name, person string) error {
	return s.within(ctx, func(tx *sqlx.Tx) error {
		row, err := s.accountFor(ctx, tx, a, name)
		switch {
		case err != nil:
			return err
		case row.Person.String == person:
			return nil
		case row.Person.Valid:
			return fmt.Errorf("%w: this account is linked to somebody else: an admin can change that under People", bridge.ErrConflict)
		}
		var found []string
		if err := s.build(`SELECT id FROM people WHERE id = ? AND disabled = 0`, person).selectInto(ctx, tx, &found); err != nil {
			return err
		}
		if len(found) == 0 {
			return fmt.Errorf("person: %w", bridge.ErrNotFound)
		}
		return s.ownAccount(ctx, tx, a, person, linkedBySelf)
	})
}

// accountFor makes the row of an account that was never seen, and locks it.
func (s *Store) accountFor(ctx context.Context, tx *sqlx.Tx, a bridge.Account, name string) (accountRow, error) {
	_, err := s.build(`INSERT INTO accounts (surface, workspace, id, name) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING`,
		a.Surface, a.Workspace, a.ID, strings.TrimSpace(bridge.Clean(name))).exec(ctx, tx)
	if err != nil {
		return accountRow{}, err
	}
	var rows []accountRow
	err = s.build(`SELECT person, linked_by FROM accounts WHERE surface = ? AND workspace = ? AND id = ?`+s.dialect.forUpdate,
		a.Surface, a.Workspace, a.ID).selectInto(ctx, tx, &rows)
	if err != nil || len(rows) == 0 {
		return accountRow{}, notFound(err, "account", a.ID)
	}
	return rows[0], nil
}

func (s *Store) ownAccount(ctx context.Context, tx *sqlx.Tx, a bridge.Account, person, by string) error {
	_, err := s.build(`UPDATE accounts SET person = ?, linked_by = ? WHERE surface = ? AND workspace = ? AND id = ?`,
		person, by, a.Surface, a.Workspace, a.ID).exec(ctx, tx)
	return err
}
