package store

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/jmoiron/sqlx"

	"github.com/sidebridge/sidebridge/mapping"
)

// Rules returns the mapping rules in order.
func (s *Store) Rules(ctx context.Context) ([]mapping.Rule, error) {
	var bodies []string
	if err := s.list(ctx, &bodies, `SELECT body FROM mapping_rules ORDER BY pos`); err != nil {
		return nil, err
	}
	return decodeRules(bodies)
}

func decodeRules(bodies []string) ([]mapping.Rule, error) {
	rules := make([]mapping.Rule, len(bodies))
	for i, body := range bodies {
		if err := json.Unmarshal([]byte(body), &rules[i]); err != nil {
			return nil, fmt.Errorf("mapping rule %d: %w", i+1, err)
		}
	}
	return rules, nil
}

// ChangeRules replaces the mapping rules by what change makes of them. Changes
// come one after the other, so that none is lost when two admins save at once.
func (s *Store) ChangeRules(ctx context.Context, change func([]mapping.Rule) ([]mapping.Rule, error)) error {
	return s.within(ctx, func(tx *sqlx.Tx) error {
		if s.dialect.name == "postgres" { // SQLite has one writer anyway
			if _, err := tx.ExecContext(ctx, `LOCK TABLE mapping_rules IN SHARE ROW EXCLUSIVE MODE`); err != nil {
				return err
			}
		}
		var bodies []string
		if err := s.build(`SELECT body FROM mapping_rules ORDER BY pos`).selectInto(ctx, tx, &bodies); err != nil {
			return err
		}
		rules, err := decodeRules(bodies)
		if err != nil {
			return err
		}
		if rules, err = change(rules); err != nil {
			return err
		}
		if _, err := s.build(`DELETE FROM mapping_rules`).exec(ctx, tx); err != nil {
			return err
		}
		for i, r := range rules {
			body, err := json.Marshal(r)
			if err != nil {
				return fmt.Errorf("mapping rule %s: %w", r.Name, err)
			}
			b := s.build(`INSERT INTO mapping_rules (id, pos, body) VALUES (?, ?, ?)`, r.ID, int64(i), string(body))
			if _, err := b.exec(ctx, tx); err != nil {
				return fmt.Errorf("mapping rule %s: %w", r.Name, err)
			}
		}
		return nil
	})
}
