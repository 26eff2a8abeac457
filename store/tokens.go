package store

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/sidebridge/sidebridge/bridge"
)

// tokenUsedEvery is how exact used_at is: a busy client shall not cost a write per request.
const tokenUsedEvery = time.Minute

type tokenRow struct {
	ID        string `db:"id"`
	Name      string `db:"name"`
	Hash      string `db:"hash"`
	CreatedBy string `db:"created_by"`
	CreatedAt int64  `db:"created_at"`
	UsedAt    int64  `db:"used_at"`
}

// CreateToken stores the hash of a token for the API under a name that tells people what it is for.
func (s *Store) CreateToken(ctx context.Context, name, hash, by string) error {
	name = bridge.Clean(name)
	if name == "" {
		return fmt.Errorf("%w: the token needs a name", bridge.ErrInvalid)
	}
	_, err := s.exec(ctx, `INSERT INTO api_tokens (id, name, hash, created_by, created_at) VALUES (?, ?, ?, ?, ?)`,
		uuid.Must(uuid.NewV7()).String(), name, hash, by, bridge.Micros(s.now()))
	return err
}

// DeleteToken revokes a token.
func (s *Store) DeleteToken(ctx context.Context, id string) error {
	n, err := s.exec(ctx, `DELETE FROM api_tokens WHERE id = ?`, id)
	if err == nil && n == 0 {
		err = fmt.Errorf("token: %w", bridge.ErrNotFound)
	}
	return err
}

// Tokens calls each for every token, the newest first; used is zero for one never used.
func (s *Store) Tokens(ctx context.Context, each func(id, name, by string, created, used time.Time)) error {
	var rows []tokenRow
	err := s.list(ctx, &rows, `SELECT t.id, t.name, t.hash, p.name AS created_by, t.created_at, t.used_at
		FROM api_tokens t JOIN people p ON p.id = t.created_by ORDER BY t.created_at DESC, t.id`)
	for _, r := range rows {
		each(r.ID, r.Name, r.CreatedBy, bridge.FromMicros(r.CreatedAt), bridge.FromMicros(r.UsedAt))
	}
	return err
}

// Token returns the person who made the token with that hash and the token's
// name. A token of somebody disabled is not found.
func (s *Store) Token(ctx context.Context, hash string) (person bridge.Known, name string, err error) {
	var r struct {
		tokenRow
		PersonID   string `db:"person_id"`
		PersonName string `db:"person_name"`
		Email      string `db:"email"`
		Role       string `db:"role"`
	}
	err = s.get(ctx, &r, `SELECT t.id, t.name, t.hash, t.created_by, t.created_at, t.used_at,
		p.id AS person_id, p.name AS person_name, p.email, p.role
		FROM api_tokens t JOIN people p ON p.id = t.created_by WHERE t.hash = ? AND p.disabled = 0`, hash)
	if err != nil {
		return bridge.Known{}, "", err
	}
	now := s.now()
	if now.Sub(bridge.FromMicros(r.UsedAt)) > tokenUsedEvery {
		if _, err := s.exec(ctx, `UPDATE api_tokens SET used_at = ? WHERE id = ?`, bridge.Micros(now), r.ID); err != nil {
			return bridge.Known{}, "", err
		}
	}
	return personRow{ID: r.PersonID, Name: r.PersonName, Email: r.Email, Role: r.Role}.known(), r.Name, nil
}
