package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"github.com/google/uuid"
	"github.com/jmoiron/sqlx"

	"github.com/sidebridge/sidebridge/bridge"
)

// surfaceWeb is the surface of the ticket view; a person's account there is their
// e-mail address, by which they sign in.
const surfaceWeb = bridge.SurfaceWeb

// firstAdmin is the setting that only the first admin's creation can make.
const firstAdmin = "first-admin"

type personRow struct {
	ID       string `db:"id"`
	Name     string `db:"name"`
	Email    string `db:"email"`
	Role     string `db:"role"`
	Password string `db:"password"`
}

const personCols = `id, name, email, role, password`

// known returns the person with their account on the ticket view.
func (r personRow) known() bridge.Known {
	return bridge.Known{
		Account: bridge.Account{Surface: surfaceWeb, ID: r.Email},
		Person:  r.ID, Role: bridge.Role(r.Role), Name: r.Name,
	}
}

// HasAdmin reports whether there is a person who may administer.
func (s *Store) HasAdmin(ctx context.Context) (bool, error) {
	var n int64
	err := s.get(ctx, &n, `SELECT count(*) FROM people WHERE role = 'admin' AND disabled = 0`)
	return n > 0, err
}

// CreateFirstAdmin makes the first admin, once: whoever comes second, even at the
// same moment, gets bridge.ErrConflict.
func (s *Store) CreateFirstAdmin(ctx context.Context, p bridge.Known, hash string) (string, error) {
	id := uuid.Must(uuid.NewV7()).String()
	err := s.within(ctx, func(tx *sqlx.Tx) error {
		n, err := s.build(`INSERT INTO settings (name, value) VALUES (?, ?) ON CONFLICT DO NOTHING`, firstAdmin, strconv.Quote(id)).exec(ctx, tx)
		if err != nil {
			return err
		}
		var admins []int64
		if err := s.build(`SELECT 1 FROM people WHERE role = 'admin' AND disabled = 0`).selectInto(ctx, tx, &admins); err != nil {
			return err
		}
		if n == 0 || len(admins) > 0 {
			return fmt.Errorf("%w: there is an admin already", bridge.ErrConflict)
		}
		p.Role = bridge.RoleAdmin
		return s.insertPerson(ctx, tx, id, p, hash)
	})
	return id, err
}

// CreatePerson adds a person to the directory. Without an e-mail address and a
// hash they cannot sign in, which is how an expert is known.
func (s *Store) CreatePerson(ctx context.Context, p bridge.Known, hash string) (string, error) {
	id := uuid.Must(uuid.NewV7()).String()
	err := s.within(ctx, func(tx *sqlx.Tx) error { return s.insertPerson(ctx, tx, id, p, hash) })
	return id, err
}

func (s *Store) insertPerson(ctx context.Context, tx *sqlx.Tx, id string, p bridge.Known, hash string) error {
	name, email := strings.TrimSpace(bridge.Clean(p.Name)), emailKey(p.Account.ID)
	if name == "" {
		return fmt.Errorf("%w: the person needs a name", bridge.ErrInvalid)
	}
	b := s.build(`INSERT INTO people (id, name, email, role, password, created_at) VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`,
		id, name, email, string(p.Role), hash, bridge.Micros(s.now()))
	n, err := b.exec(ctx, tx)
	if err != nil {
		return err
	}
	if n == 0 {
		return fmt.Errorf("%w: %s has an account already", bridge.ErrConflict, email)
	}
	_, err = s.indexNames(ctx, tx)
	return err
}

// emailKey is the form in which addresses are compared. The part before the @ is
// case-sensitive by RFC 5321 and nowhere in practice.
func emailKey(email string) string { return strings.ToLower(strings.TrimSpace(bridge.Clean(email))) }

// SignIn returns the person with that e-mail address and the hash of their
// password. Somebody disabled is not found.
func (s *Store) SignIn(ctx context.Context, email string) (bridge.Known, string, error) {
	var r personRow
	err := s.get(ctx, &r, `SELECT `+personCols+` FROM people WHERE email = ? AND email <> '' AND disabled = 0`, emailKey(email))
	return r.known(), r.Password, err
}

// Person returns a person and the hash of their password. Somebody disabled is not found.
func (s *Store) Person(ctx context.Context, id string) (bridge.Known, string, error) {
	var r personRow
	err := s.get(ctx, &r, `SELECT `+personCols+` FROM people WHERE id = ? AND disabled = 0`, id)
	return r.known(), r.Password, err
}

// People returns the enabled people, or the disabled ones, by name.
func (s *Store) People(ctx context.Context, disabled bool) ([]bridge.Known, error) {
	var rows []personRow
	err := s.list(ctx, &rows, `SELECT `+personCols+` FROM people WHERE disabled = ? ORDER BY LOWER(name), id`, bit(disabled))
	out := make([]bridge.Known, len(rows))
	for i, r := range rows {
		out[i] = r.known()
	}
	return out, err
}

// SetRole changes what a person may do. The last admin stays one.
func (s *Store) SetRole(ctx context.Context, id string, role bridge.Role) error {
	return s.changePerson(ctx, "", `UPDATE people SET role = ? WHERE id = ?`, string(role), id)
}

// SetDisabled keeps a person from signing in, or lets them again. What they did stays;
// where they were signed in, they are no longer, and are not when they may again.
func (s *Store) SetDisabled(ctx context.Context, id string, disabled bool) error {
	return s.changePerson(ctx, id, `UPDATE people SET disabled = ? WHERE id = ?`, bit(disabled), id)
}

// SetPassword stores the hash of a person's new password.
func (s *Store) SetPassword(ctx context.Context, id, hash string) error {
	return s.changePerson(ctx, "", `UPDATE people SET password = ? WHERE id = ?`, hash, id)
}

// changePerson runs an update of one person and refuses it when no admin would be left.
// Admins' rows are locked first, so that two who step down at once do not both succeed.
// The sign-ins of the person signOut end with it, if there is one.
func (s *Store) changePerson(ctx context.Context, signOut, update string, args ...any) error {
	return s.within(ctx, func(tx *sqlx.Tx) error {
		return s.keepAnAdmin(ctx, tx, func() error {
			n, err := s.build(update, args...).exec(ctx, tx)
			if err != nil {
				return err
			}
			if n == 0 {
				return fmt.Errorf("person: %w", bridge.ErrNotFound)
			}
			return s.endSignIns(ctx, tx, signOut)
		})
	})
}

// keepAnAdmin runs a change of people and refuses it when it leaves no admin.
func (s *Store) keepAnAdmin(ctx context.Context, tx *sqlx.Tx, change func() error) error {
	admins := func() (ids []string, err error) {
		b := s.build(`SELECT id FROM people WHERE role = 'admin' AND disabled = 0 ORDER BY id` + s.dialect.forUpdate)
		return ids, b.selectInto(ctx, tx, &ids)
	}
	before, err := admins()
	if err != nil {
		return err
	}
	if err := change(); err != nil {
		return err
	}
	after, err := admins()
	if err == nil && len(before) > 0 && len(after) == 0 {
		err = fmt.Errorf("%w: this is the last admin: make somebody else admin first", bridge.ErrConflict)
	}
	return err
}

// Preference returns what a person chose for themselves, empty when nothing.
func (s *Store) Preference(ctx context.Context, person, name string) (string, error) {
	var text string
	if err := s.get(ctx, &text, `SELECT settings FROM people WHERE id = ?`, person); err != nil {
		return "", err
	}
	prefs := map[string]string{}
	if err := json.Unmarshal([]byte(text), &prefs); err != nil {
		return "", fmt.Errorf("settings of person %s: %w", person, err)
	}
	return prefs[name], nil
}

// SetPreference stores what a person chose for themselves.
func (s *Store) SetPreference(ctx context.Context, person, name, value string) error {
	return s.within(ctx, func(tx *sqlx.Tx) error {
		var rows []string
		b := s.build(`SELECT settings FROM people WHERE id = ?`+s.dialect.forUpdate, person)
		if err := b.selectInto(ctx, tx, &rows); err != nil {
			return err
		}
		if len(rows) == 0 {
			return fmt.Errorf("person: %w", bridge.ErrNotFound)
		}
		prefs := map[string]string{}
		if err := json.Unmarshal([]byte(rows[0]), &prefs); err != nil {
			return fmt.Errorf("settings of person %s: %w", person, err)
		}
		prefs[name] = value
		text, _ := json.Marshal(prefs) // unreachable error: strings always marshal
		_, err := s.build(`UPDATE people SET settings = ? WHERE id = ?`, string(text), person).exec(ctx, tx)
		return err
	})
}

// Accounts returns accounts seen on surfaces, those nobody is linked to first.
func (s *Store) Accounts(ctx context.Context, limit int) ([]bridge.Known, error) {
	var rows []struct {
		Surface   string         `db:"surface"`
		Workspace string         `db:"workspace"`
		ID        string         `db:"id"`
		Name      string         `db:"name"`
		Person    sql.NullString `db:"person"`
		Role      string         `db:"role"`
	}
	err := s.list(ctx, &rows, `SELECT a.surface, a.workspace, a.id, a.name, a.person, COALESCE(p.role, 'expert') AS role
		FROM accounts a LEFT JOIN people p ON p.id = a.person
		ORDER BY CASE WHEN a.person IS NULL THEN 0 ELSE 1 END, LOWER(a.name), a.surface, a.workspace, a.id LIMIT ?`, limit)
	out := make([]bridge.Known, len(rows))
	for i, r := range rows {
		account := bridge.Account{Surface: r.Surface, Workspace: r.Workspace, ID: r.ID}
		out[i] = bridge.Known{Account: account, Person: r.Person.String, Role: bridge.Role(r.Role), Name: r.Name}
	}
	return out, err
}

// AccountIn returns the id of the account that a person has in a workspace, of several
// the one that was seen last; "" when they have none.
func (s *Store) AccountIn(ctx context.Context, person, surface, workspace string) (string, error) {
	var ids []string
	err := s.list(ctx, &ids, `SELECT id FROM accounts WHERE person = ? AND surface = ? AND workspace = ? ORDER BY seen_at DESC, id LIMIT 1`,
		person, surface, workspace)
	if err != nil || len(ids) == 0 {
		return "", err
	}
	return ids[0], nil
}

// LinkAccount says whose an account is; an empty person unlinks it. Entries made
// before keep the actor they had.
func (s *Store) LinkAccount(ctx context.Context, a bridge.Account, person, by string) error {
	owner := sql.NullString{String: person, Valid: person != ""}
	if owner.Valid {
		if _, _, err := s.Person(ctx, person); err != nil {
			return err
		}
	}
	n, err := s.exec(ctx, `UPDATE accounts SET person = ?, linked_by = ? WHERE surface = ? AND workspace = ? AND id = ?`,
		owner, by, a.Surface, a.Workspace, a.ID)
	if err == nil && n == 0 {
		err = fmt.Errorf("account: %w", bridge.ErrNotFound)
	}
	return err
}
