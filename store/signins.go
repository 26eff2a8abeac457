package store

import (
	"context"
	"time"

	"github.com/jmoiron/sqlx"

	"github.com/sidebridge/sidebridge/bridge"
)

// seenEvery is how exact a sign-in's time of last use is: a page that asks for
// twenty things shall not cost twenty writes.
const seenEvery = time.Minute

type signInRow struct {
	ID      string `db:"id"`
	Way     string `db:"way"`
	Browser string `db:"browser"`
	Network string `db:"network"`
	Began   int64  `db:"began"`
	Seen    int64  `db:"seen"`
}

// BeginSignIn records that a person has signed in: in which way, with what browser
// and from what network, as they will recognise them, and until when.
func (s *Store) BeginSignIn(ctx context.Context, id, person, way, browser, network string, expires time.Time) error {
	now := bridge.Micros(s.now())
	_, err := s.exec(ctx, `INSERT INTO sign_ins (id, person, way, browser, network, began, seen, expires) VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
		id, person, way, bridge.Clean(browser), network, now, now, bridge.Micros(expires))
	return err
}

// SignedIn returns the person of a sign-in, the hash of their password, the way they
// signed in, and whether they have confirmed a second factor. One that has ended, or
// is of somebody disabled, is not found.
func (s *Store) SignedIn(ctx context.Context, id string) (p bridge.Known, hash, way string, twoFactor bool, err error) {
	var r struct {
		personRow
		Way       string `db:"way"`
		Seen      int64  `db:"seen"`
		TwoFactor bool   `db:"two_factor"`
	}
	now := s.now()
	err = s.get(ctx, &r, `SELECT p.id, p.name, p.email, p.role, p.password, s.way, s.seen, COALESCE(f.confirmed, 0) > 0 AS two_factor
		FROM sign_ins s JOIN people p ON p.id = s.person LEFT JOIN two_factor f ON f.person = p.id
		WHERE s.id = ? AND s.expires > ? AND p.disabled = 0`, id, bridge.Micros(now))
	if err != nil {
		return bridge.Known{}, "", "", false, err
	}
	if now.Sub(bridge.FromMicros(r.Seen)) > seenEvery {
		if _, err := s.exec(ctx, `UPDATE sign_ins SET seen = ? WHERE id = ?`, bridge.Micros(now), id); err != nil {
			return bridge.Known{}, "", "", false, err
		}
	}
	return r.known(), r.Password, r.Way, r.TwoFactor, nil
}

// SignIns calls each for every sign-in of a person that has not ended, the last used first.
func (s *Store) SignIns(ctx context.Context, person string, each func(id, way, browser, network string, began, seen time.Time)) error {
	var rows []signInRow
	err := s.list(ctx, &rows, `SELECT id, way, browser, network, began, seen FROM sign_ins
		WHERE person = ? AND expires > ? ORDER BY seen DESC, id`, person, bridge.Micros(s.now()))
	for _, r := range rows {
		each(r.ID, r.Way, r.Browser, r.Network, bridge.FromMicros(r.Began), bridge.FromMicros(r.Seen))
	}
	return err
}

// EndSignIn ends one sign-in of a person; one that has ended already is no error.
func (s *Store) EndSignIn(ctx context.Context, person, id string) error {
	_, err := s.exec(ctx, `DELETE FROM sign_ins WHERE person = ? AND id = ?`, person, id)
	return err
}

// EndSignIns ends every sign-in of a person but one, which may be "".
func (s *Store) EndSignIns(ctx context.Context, person, except string) error {
	_, err := s.exec(ctx, `DELETE FROM sign_ins WHERE person = ? AND id <> ?`, person, except)
	return err
}

// endSignIns ends every sign-in of a person as part of a change of theirs.
func (s *Store) endSignIns(ctx context.Context, tx *sqlx.Tx, person string) error {
	_, err := s.build(`DELETE FROM sign_ins WHERE person = ?`, person).exec(ctx, tx)
	return err
}
