package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/sidebridge/sidebridge/bridge"
)

// Setting reads a setting into dest, which stays as it is when there is none.
func (s *Store) Setting(ctx context.Context, name string, dest any) error {
	var text string
	err := s.get(ctx, &text, `SELECT value FROM settings WHERE name = ?`, name)
	if errors.Is(err, bridge.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	if err := json.Unmarshal([]byte(text), dest); err != nil {
		return fmt.Errorf("setting %s: %w", name, err)
	}
	return nil
}

// SetSetting stores a setting as JSON.
func (s *Store) SetSetting(ctx context.Context, name string, value any) error {
	text, err := json.Marshal(value)
	if err != nil {
		return fmt.Errorf("setting %s: %w", name, err)
	}
	_, err = s.exec(ctx, `INSERT INTO settings (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value`,
		name, string(text))
	return err
}
