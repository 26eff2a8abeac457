package store

import (
	"context"
	"fmt"
	"time"

	"github.com/sidebridge/sidebridge/bridge"
)

// Waiting returns since when mirrors have had something to show, by the first entry
// that they have not shown; for a parked one with nothing to show, since when it has
// been parked. It looks at up to limit mirrors of either kind.
func (s *Store) Waiting(ctx context.Context, limit int) (map[bridge.ID]time.Time, error) {
	var rows []struct {
		Ticket int64 `db:"ticket"`
		Seq    int64 `db:"seq"`
		Since  int64 `db:"since"`
	}
	// What concerns no mirror, such as the record of a delivery, does not wait.
	const query = `SELECT m.ticket, m.seq, COALESCE(
		(SELECT MIN(e.at) FROM entries e WHERE e.ticket = m.ticket AND e.seq > m.cursor AND e.seq <= m.head
			AND (e.conversation = m.conversation OR e.kind = 'ticket.changed')
			AND e.kind NOT IN ('delivery.shown', 'delivery.resent', 'delivery.parked', 'delivery.rejected', 'mirror.resumed', 'thread.opened')),
		(SELECT MAX(e.at) FROM entries e WHERE e.ticket = m.ticket AND e.conversation = m.conversation AND e.kind = 'delivery.parked'), 0) AS since
		FROM (SELECT ticket, seq, conversation, cursor, head FROM mirrors WHERE %s LIMIT ?) m`
	out := map[bridge.ID]time.Time{}
	for _, where := range []string{
		`parked <> '' ORDER BY ticket DESC, seq`, `cursor < head AND parked = '' ORDER BY due, ticket, seq`,
	} {
		if err := s.list(ctx, &rows, fmt.Sprintf(query, where), limit); err != nil {
			return nil, err
		}
		for _, r := range rows {
			out[bridge.ID{Ticket: r.Ticket, Seq: r.Seq}] = bridge.FromMicros(r.Since)
		}
		rows = nil
	}
	return out, nil
}

// Activity returns when something last came from a channel and when something was last
// shown there; zero when never.
func (s *Store) Activity(ctx context.Context, p bridge.Place) (in, out time.Time, err error) {
	var at []int64
	// The refs of one surface are numbers of equal form, so the greatest is the latest.
	err = s.list(ctx, &at, `SELECT e.at FROM copies c JOIN entries e ON e.ticket = c.ticket AND e.seq = c.seq
		WHERE c.surface = ? AND c.workspace = ? AND c.channel = ? AND c.entry = 0 ORDER BY c.ref DESC LIMIT 1`,
		p.Surface, p.Workspace, p.Channel)
	if err != nil {
		return in, out, err
	}
	if len(at) > 0 {
		in = bridge.FromMicros(at[0])
	}
	var shown int64
	err = s.get(ctx, &shown, `SELECT COALESCE(MAX(delivered_at), 0) FROM mirrors WHERE surface = ? AND workspace = ? AND channel = ? AND thread <> ''`,
		p.Surface, p.Workspace, p.Channel)
	return in, bridge.FromMicros(shown), err
}
