package store

import (
	"cmp"
	"context"
	"strings"

	"github.com/sidebridge/sidebridge/bridge"
	"github.com/sidebridge/sidebridge/mapping"
)

// ThreadsIn returns the threads of ours in a channel, newest first: those whose
// conversation is open, and those whose is closed.
func (s *Store) ThreadsIn(ctx context.Context, p bridge.Place) (open, closed []bridge.Mirror, err error) {
	const where = `m JOIN conversations c ON c.ticket = m.ticket AND c.seq = m.conversation
		WHERE m.surface = ? AND m.workspace = ? AND m.channel = ? AND m.thread <> '' AND m.ended = 0 AND c.open = ?
		ORDER BY m.ticket DESC, m.seq DESC`
	open, err = s.mirrors(ctx, where, p.Surface, p.Workspace, p.Channel, 1)
	if err == nil {
		closed, err = s.mirrors(ctx, where, p.Surface, p.Workspace, p.Channel, 0)
	}
	return open, closed, err
}

// directNames names the places that stand for people by the accounts' names. Of accounts
// that were never heard of, what the surface called them when they were opened counts.
func (s *Store) directNames(ctx context.Context, places []bridge.Place, names map[bridge.Place]string) error {
	var ids []string
	for _, p := range places {
		if accounts, direct := mapping.DirectTo(p.Channel); direct {
			ids = append(ids, accounts...)
		}
	}
	if len(ids) == 0 {
		return nil
	}
	var rows []struct {
		Surface   string `db:"surface"`
		Workspace string `db:"workspace"`
		ID        string `db:"id"`
		Name      string `db:"name"`
	}
	err := s.build(`SELECT a.surface, a.workspace, a.id, COALESCE(NULLIF(a.name, ''), p.name, a.id) AS name
		FROM accounts a LEFT JOIN people p ON p.id = a.person WHERE a.id IN `).list(args(ids)).selectInto(ctx, s.read, &rows)
	if err != nil {
		return err
	}
	known := map[bridge.Account]string{}
	for _, r := range rows {
		known[bridge.Account{Surface: r.Surface, Workspace: r.Workspace, ID: r.ID}] = r.Name
	}
	for _, p := range places {
		accounts, direct := mapping.DirectTo(p.Channel)
		if !direct {
			continue
		}
		all := true
		for i, id := range accounts {
			name := known[bridge.Account{Surface: p.Surface, Workspace: p.Workspace, ID: id}]
			accounts[i], all = cmp.Or(name, id), all && name != ""
		}
		if all || names[p] == "" {
			names[p] = "@" + strings.Join(accounts, ", ")
		}
	}
	return nil
}
