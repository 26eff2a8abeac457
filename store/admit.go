package store

import (
	"context"
	"fmt"

	"github.com/google/uuid"
	"github.com/jmoiron/sqlx"

	"github.com/sidebridge/sidebridge/bridge"
)

// Admit returns the person whom an identity provider has signed in, and the hash of
// their password, if they have one. An account that is linked counts first; then the
// address, which the provider must have verified, links the account to the person who
// has it. Somebody nobody knows is added with the role, or refused when it is "".
//
// bridge.ErrForbidden says why somebody may not come in: they are disabled, an admin
// has unlinked the account, or nobody has added them.
func (s *Store) Admit(ctx context.Context, a bridge.Account, name, email string, role bridge.Role) (p bridge.Known, hash string, err error) {
	email = emailKey(email)
	err = s.within(ctx, func(tx *sqlx.Tx) error {
		account, err := s.accountFor(ctx, tx, a, name)
		if err != nil {
			return err
		}
		person := account.Person.String
		if !account.Person.Valid {
			if account.LinkedBy != "" {
				return fmt.Errorf("%w: an admin has unlinked this account: ask one to link it again under People", bridge.ErrForbidden)
			}
			if person, err = s.personFor(ctx, tx, name, email, role); err != nil {
				return err
			}
			if err := s.ownAccount(ctx, tx, a, person, linkedByEmail); err != nil {
				return err
			}
		}
		_, err = s.build(`UPDATE accounts SET email = ?, seen_at = ? WHERE surface = ? AND workspace = ? AND id = ?`,
			email, bridge.Micros(s.now()), a.Surface, a.Workspace, a.ID).exec(ctx, tx)
		if err != nil {
			return err
		}
		p, hash, err = s.enabled(ctx, tx, person)
		return err
	})
	return p, hash, err
}

// personFor returns the id of the person with an address, who is added if nobody has it.
func (s *Store) personFor(ctx context.Context, tx *sqlx.Tx, name, email string, role bridge.Role) (string, error) {
	var ids []string
	if err := s.build(`SELECT id FROM people WHERE email = ? AND email <> ''`, email).selectInto(ctx, tx, &ids); err != nil {
		return "", err
	}
	switch {
	case len(ids) > 0:
		return ids[0], nil
	case role == "" || email == "":
		return "", fmt.Errorf("%w: nobody here has the address %s: ask an admin to add you under People", bridge.ErrForbidden, email)
	}
	id := uuid.Must(uuid.NewV7()).String()
	p := bridge.Known{Name: name, Role: role, Account: bridge.Account{Surface: surfaceWeb, ID: email}}
	return id, s.insertPerson(ctx, tx, id, p, "")
}

// enabled returns a person who may sign in.
func (s *Store) enabled(ctx context.Context, tx *sqlx.Tx, id string) (bridge.Known, string, error) {
	var rows []struct {
		personRow
		Disabled bool `db:"disabled"`
	}
	b := s.build(`SELECT `+personCols+`, disabled = 1 AS disabled FROM people WHERE id = ?`, id)
	if err := b.selectInto(ctx, tx, &rows); err != nil {
		return bridge.Known{}, "", err
	}
	if len(rows) == 0 || rows[0].Disabled {
		return bridge.Known{}, "", fmt.Errorf("%w: your account here is disabled: ask an admin", bridge.ErrForbidden)
	}
	return rows[0].known(), rows[0].Password, nil
}
