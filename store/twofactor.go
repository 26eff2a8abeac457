package store

import (
	"context"
	"errors"
	"fmt"

	"github.com/jmoiron/sqlx"

	"github.com/sidebridge/sidebridge/bridge"
)

// TwoFactor returns the secret of a person's codes, whether they have confirmed it,
// and how many recovery codes are left. Without one, the secret is empty.
func (s *Store) TwoFactor(ctx context.Context, person string) (secret string, confirmed bool, left int, err error) {
	var r struct {
		Secret    string `db:"secret"`
		Confirmed bool   `db:"confirmed"`
		Left      int    `db:"left_over"`
	}
	err = s.get(ctx, &r, `SELECT f.secret, f.confirmed > 0 AS confirmed, (SELECT count(*) FROM recovery_codes c WHERE c.person = f.person) AS left_over
		FROM two_factor f WHERE f.person = ?`, person)
	if errors.Is(err, bridge.ErrNotFound) {
		err = nil
	}
	return r.Secret, r.Confirmed, r.Left, err
}

// OfferTwoFactor keeps a secret that a person is to confirm. One that was offered
// before stays, so that two open pages show the same.
func (s *Store) OfferTwoFactor(ctx context.Context, person, secret string) error {
	_, err := s.exec(ctx, `INSERT INTO two_factor (person, secret) VALUES (?, ?) ON CONFLICT (person) DO NOTHING`, person, secret)
	return err
}

// ConfirmTwoFactor switches a person's second factor on: they have shown a code of
// that secret, of that time step. The hashes are those of their recovery codes.
func (s *Store) ConfirmTwoFactor(ctx context.Context, person, secret string, step int64, hashes []string) error {
	return s.within(ctx, func(tx *sqlx.Tx) error {
		n, err := s.build(`UPDATE two_factor SET confirmed = ?, step = ? WHERE person = ? AND secret = ? AND confirmed = 0`,
			bridge.Micros(s.now()), step, person, secret).exec(ctx, tx)
		if err != nil {
			return err
		}
		if n == 0 {
			return fmt.Errorf("%w: two-factor sign-in is on already, or was begun anew elsewhere", bridge.ErrConflict)
		}
		return s.replaceRecoveryCodes(ctx, tx, person, hashes)
	})
}

// UseStep takes a code of a time step for used. A code is good once (RFC 6238 §5.2):
// one of the same step or of an earlier one is bridge.ErrConflict from then on.
func (s *Store) UseStep(ctx context.Context, person string, step int64) error {
	n, err := s.exec(ctx, `UPDATE two_factor SET step = ? WHERE person = ? AND confirmed > 0 AND step < ?`, step, person, step)
	if err == nil && n == 0 {
		err = fmt.Errorf("%w: this code was used already: wait for the next one", bridge.ErrConflict)
	}
	return err
}

// UseRecoveryCode takes a recovery code, which is good once, and returns whether the
// person had it.
func (s *Store) UseRecoveryCode(ctx context.Context, person, hash string) (bool, error) {
	n, err := s.exec(ctx, `DELETE FROM recovery_codes WHERE person = ? AND hash = ?`, person, hash)
	return n > 0, err
}

// SetRecoveryCodes replaces a person's recovery codes.
func (s *Store) SetRecoveryCodes(ctx context.Context, person string, hashes []string) error {
	return s.within(ctx, func(tx *sqlx.Tx) error { return s.replaceRecoveryCodes(ctx, tx, person, hashes) })
}

func (s *Store) replaceRecoveryCodes(ctx context.Context, tx *sqlx.Tx, person string, hashes []string) error {
	if _, err := s.build(`DELETE FROM recovery_codes WHERE person = ?`, person).exec(ctx, tx); err != nil {
		return err
	}
	for _, hash := range hashes {
		if _, err := s.build(`INSERT INTO recovery_codes (person, hash) VALUES (?, ?)`, person, hash).exec(ctx, tx); err != nil {
			return err
		}
	}
	return nil
}

// RemoveTwoFactor switches a person's second factor off and forgets its secret.
func (s *Store) RemoveTwoFactor(ctx context.Context, person string) error {
	return s.within(ctx, func(tx *sqlx.Tx) error {
		if _, err := s.build(`DELETE FROM recovery_codes WHERE person = ?`, person).exec(ctx, tx); err != nil {
			return err
		}
		_, err := s.build(`DELETE FROM two_factor WHERE person = ?`, person).exec(ctx, tx)
		return err
	})
}

// TwoFactorPeople returns the ids of those who have a second factor.
func (s *Store) TwoFactorPeople(ctx context.Context) (map[string]bool, error) {
	var ids []string
	err := s.list(ctx, &ids, `SELECT person FROM two_factor WHERE confirmed > 0`)
	out := make(map[string]bool, len(ids))
	for _, id := range ids {
		out[id] = true
	}
	return out, err
}
