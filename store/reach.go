package store

import (
	"context"
	"fmt"

	"github.com/sidebridge/sidebridge/bridge"
)

// WorkspacesOf returns, for each of some people, the chat workspaces in which they have an
// account: places without a channel.
func (s *Store) WorkspacesOf(ctx context.Context, people []string) (map[string][]bridge.Place, error) {
	out := map[string][]bridge.Place{}
	if len(people) == 0 {
		return out, nil
	}
	var rows []struct {
		Person    string `db:"person"`
		Surface   string `db:"surface"`
		Workspace string `db:"workspace"`
	}
	b := s.build("SELECT DISTINCT person, surface, workspace FROM accounts WHERE person").in(args(people)).add(" ORDER BY person, surface, workspace")
	if err := b.selectInto(ctx, s.read, &rows); err != nil {
		return nil, fmt.Errorf("read where people have accounts: %w", err)
	}
	for _, r := range rows {
		out[r.Person] = append(out[r.Person], bridge.Place{Surface: r.Surface, Workspace: r.Workspace})
	}
	return out, nil
}
