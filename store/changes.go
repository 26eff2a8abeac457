package store

import (
	"context"
	"time"

	"github.com/google/uuid"
	"github.com/jmoiron/sqlx"

	"github.com/sidebridge/sidebridge/bridge"
)

// RecordChange puts a change of the settings on record: who made it, in which area, of
// what, and how that reads before and after. The record is only ever added to.
func (s *Store) RecordChange(ctx context.Context, by bridge.Actor, area, subject, was, became string) error {
	return s.recordChange(ctx, s.other, by, area, subject, was, became)
}

func (s *Store) recordChange(ctx context.Context, tx sqlx.ExecerContext, by bridge.Actor, area, subject, was, became string) error {
	_, err := s.build(`INSERT INTO changes (id, at, person, name, area, subject, was, became) VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
		uuid.Must(uuid.NewV7()).String(), bridge.Micros(s.now()), by.Person, by.Name, area, subject, was, became).exec(ctx, tx)
	return err
}

// Changes calls each for up to limit changes before a time, the newest first: of one
// area and by one person, or of any where these are empty.
func (s *Store) Changes(ctx context.Context, area, person string, before time.Time, limit int, each func(at time.Time, by, area, subject, was, became string)) error {
	var rows []struct {
		At      int64  `db:"at"`
		Name    string `db:"name"`
		Area    string `db:"area"`
		Subject string `db:"subject"`
		Was     string `db:"was"`
		Became  string `db:"became"`
	}
	until := int64(1) << 62
	if !before.IsZero() {
		until = bridge.Micros(before)
	}
	err := s.list(ctx, &rows, `SELECT at, name, area, subject, was, became FROM changes
		WHERE (area = ? OR ? = '') AND (person = ? OR ? = '') AND at < ? ORDER BY at DESC, id DESC LIMIT ?`,
		area, area, person, person, until, limit)
	for _, r := range rows {
		each(bridge.FromMicros(r.At), r.Name, r.Area, r.Subject, r.Was, r.Became)
	}
	return err
}
