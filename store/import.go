package store

import (
	"context"
	"fmt"
	"io"

	"github.com/jmoiron/sqlx"

	"github.com/sidebridge/sidebridge/bridge"
)

// Export writes the audit trails of the tickets, or of all when none is named, each
// as it was in one moment. Of entries that the viewer may not see there are the hashes.
func (s *Store) Export(ctx context.Context, w io.Writer, viewer string, tickets ...int64) error {
	if len(tickets) == 0 {
		if err := s.list(ctx, &tickets, "SELECT id FROM tickets ORDER BY id"); err != nil {
			return fmt.Errorf("list tickets: %w", err)
		}
	}
	x, err := bridge.NewExporter(w)
	if err != nil {
		return err
	}
	for _, id := range tickets {
		r, err := s.Record(ctx, id)
		if err != nil {
			return err
		}
		hidden, err := s.Hidden(ctx, viewer, id)
		if err != nil {
			return err
		}
		if err := x.Ticket(r.Withhold(hidden)); err != nil {
			return err
		}
	}
	return x.Close()
}

// Import reads an export into a server that has no tickets yet, all of it in one
// transaction or, when anything in the file is wrong, nothing. Ids and hashes stay.
func (s *Store) Import(ctx context.Context, r io.Reader) (tickets, entries int64, err error) {
	err = s.within(ctx, func(tx *sqlx.Tx) error {
		// Whoever makes a ticket takes the counter's row first, so none comes up meanwhile.
		var last []int64
		if err := s.build("UPDATE counters SET value = value WHERE name = 'ticket' RETURNING value").query(ctx, tx, &last); err != nil {
			return err
		}
		var have []int64
		if err := s.build("SELECT id FROM tickets ORDER BY id LIMIT 1").query(ctx, tx, &have); err != nil {
			return err
		}
		if len(have) > 0 {
			return fmt.Errorf("%w: the server has tickets already, such as %d: import into an empty one", bridge.ErrConflict, have[0])
		}
		highest := last[0]
		tickets, entries, err = bridge.Import(r, func(st *bridge.State) error {
			for id := range st.Tickets {
				highest = max(highest, id)
			}
			return s.flush(ctx, tx, st)
		})
		if err != nil {
			return err
		}
		_, err := s.build("UPDATE counters SET value = ? WHERE name = 'ticket'", highest).exec(ctx, tx)
		return err
	})
	if err != nil {
		return 0, 0, fmt.Errorf("import: %w", err)
	}
	return tickets, entries, nil
}
