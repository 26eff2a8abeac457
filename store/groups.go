package store

import (
	"context"
	"fmt"
	"strings"

	"github.com/google/uuid"
	"github.com/jmoiron/sqlx"

	"github.com/sidebridge/sidebridge/bridge"
)

// Groups returns the names of the groups by their ids.
func (s *Store) Groups(ctx context.Context) (map[string]string, error) {
	var rows []struct {
		ID   string `db:"id"`
		Name string `db:"name"`
	}
	err := s.list(ctx, &rows, `SELECT id, name FROM groups`)
	out := make(map[string]string, len(rows))
	for _, r := range rows {
		out[r.ID] = r.Name
	}
	return out, err
}

// Members returns the ids of each group's people.
func (s *Store) Members(ctx context.Context) (map[string][]string, error) {
	var rows []struct {
		Group  string `db:"grp"`
		Person string `db:"person"`
	}
	err := s.list(ctx, &rows, `SELECT m.grp, m.person FROM group_members m JOIN people p ON p.id = m.person
		WHERE p.disabled = 0 ORDER BY m.grp, LOWER(p.name), p.id`)
	out := make(map[string][]string)
	for _, r := range rows {
		out[r.Group] = append(out[r.Group], r.Person)
	}
	return out, err
}

// SaveGroup renames a group, or makes one when the id is empty. Two groups of one
// name would not be told apart where one is picked, so that is a conflict.
func (s *Store) SaveGroup(ctx context.Context, id, name string) (string, error) {
	name = strings.Join(strings.Fields(bridge.Clean(name)), " ")
	if name == "" {
		return "", fmt.Errorf("%w: the group needs a name", bridge.ErrInvalid)
	}
	groups, err := s.Groups(ctx)
	if err != nil {
		return "", err
	}
	for other, n := range groups {
		if other != id && strings.EqualFold(n, name) {
			return "", fmt.Errorf("%w: there is a group %q already", bridge.ErrConflict, n)
		}
	}
	if id == "" {
		id = uuid.Must(uuid.NewV7()).String()
	} else if _, ok := groups[id]; !ok {
		return "", fmt.Errorf("group: %w", bridge.ErrNotFound)
	}
	return id, s.PutGroup(ctx, id, name)
}

// PutGroup makes a group under an id of the caller's, or renames it. A desk that
// brings its own groups uses its own ids.
func (s *Store) PutGroup(ctx context.Context, id, name string) error {
	_, err := s.exec(ctx, `INSERT INTO groups (id, name) VALUES (?, ?) ON CONFLICT (id) DO UPDATE SET name = excluded.name`, id, name)
	return err
}

// SetMembers makes people the members of a group, and nobody else.
func (s *Store) SetMembers(ctx context.Context, group string, people []string) error {
	return s.within(ctx, func(tx *sqlx.Tx) error {
		if _, err := s.build(`DELETE FROM group_members WHERE grp = ?`, group).exec(ctx, tx); err != nil {
			return err
		}
		for _, p := range people {
			b := s.build(`INSERT INTO group_members (grp, person) VALUES (?, ?) ON CONFLICT DO NOTHING`, group, p)
			if _, err := b.exec(ctx, tx); err != nil {
				return fmt.Errorf("add a member: %w", err)
			}
		}
		return nil
	})
}
