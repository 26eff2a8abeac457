package store

import (
	"context"
	"errors"
	"fmt"

	"github.com/sidebridge/sidebridge/bridge"
)

// LoadSession returns what an adapter saved under a name, such as how far it has
// followed a connection's events; empty when there is nothing.
func (s *Store) LoadSession(ctx context.Context, name string) (string, error) {
	var value string
	err := s.get(ctx, &value, "SELECT value FROM positions WHERE name = ?", name)
	if err != nil && !errors.Is(err, bridge.ErrNotFound) {
		return "", fmt.Errorf("read the position of %s: %w", name, err)
	}
	return value, nil
}

// SaveSession keeps an adapter's position over a restart. It is a single statement
// outside the log: losing the last one only makes the platform repeat events.
func (s *Store) SaveSession(ctx context.Context, name, value string) error {
	_, err := s.exec(ctx, `INSERT INTO positions (name, value) VALUES (?, ?)
		ON CONFLICT (name) DO UPDATE SET value = excluded.value`, name, value)
	if err != nil {
		return fmt.Errorf("save the position of %s: %w", name, err)
	}
	return nil
}
