package store

import (
	"context"
	"fmt"

	"github.com/jmoiron/sqlx"

	"github.com/sidebridge/sidebridge/bridge"
)

// visible appends the condition under which a person may see a conversation, whose
// row the statement calls c. Whatever counts or finds conversations and what was said
// in them asks it here, so that one rule holds everywhere: everybody at the desk sees
// every conversation, but of a restricted one only those who take part, and auditors.
func (b *builder) visible(person string) *builder {
	if person == bridge.SeesAll {
		return b
	}
	return b.add(` AND ? <> '' AND (c.restricted = 0 OR EXISTS (SELECT 1 FROM participants v WHERE v.ticket = c.ticket AND v.conversation = c.seq
		AND v.person = ? AND v.since > v.left_seq) OR EXISTS (SELECT 1 FROM people v WHERE v.id = ? AND v.auditor = 1 AND v.disabled = 0))`, person, person, person)
}

// hidden returns the conversations of tickets that a person may not see.
func (s *Store) hidden(ctx context.Context, q sqlx.QueryerContext, viewer string, tickets ...int64) (map[bridge.ID]bool, error) {
	if viewer == bridge.SeesAll || len(tickets) == 0 {
		return nil, nil
	}
	var rows []struct {
		Ticket int64 `db:"ticket"`
		Seq    int64 `db:"seq"`
	}
	b := s.build("SELECT c.ticket, c.seq FROM conversations c WHERE c.restricted <> 0 AND NOT (1 = 1").visible(viewer).add(") AND c.ticket").in(args(tickets))
	if err := b.selectInto(ctx, q, &rows); err != nil {
		return nil, err
	}
	out := map[bridge.ID]bool{}
	for _, r := range rows {
		out[bridge.ID{Ticket: r.Ticket, Seq: r.Seq}] = true
	}
	return out, nil
}

// Hidden returns the conversations of a ticket that a person may not see.
func (s *Store) Hidden(ctx context.Context, viewer string, ticket int64) (map[bridge.ID]bool, error) {
	return s.hidden(ctx, s.read, viewer, ticket)
}

// SetAuditor says whether somebody sees restricted conversations that they do not take
// part in, to answer for the record.
func (s *Store) SetAuditor(ctx context.Context, person string, is bool) error {
	n, err := s.exec(ctx, "UPDATE people SET auditor = ? WHERE id = ?", bit(is), person)
	if err == nil && n == 0 {
		err = bridge.ErrNotFound
	}
	return err
}

// Auditors returns the ids of those who see all restricted conversations.
func (s *Store) Auditors(ctx context.Context) (map[string]bool, error) {
	var ids []string
	if err := s.list(ctx, &ids, "SELECT id FROM people WHERE auditor = 1"); err != nil {
		return nil, err
	}
	out := map[string]bool{}
	for _, id := range ids {
		out[id] = true
	}
	return out, nil
}

// veil takes out of the State what a person may not see.
func (r *pageReader) veil(viewer string, tickets ...int64) step {
	return r.hide(viewer, (*bridge.State).Veil, tickets)
}

// withhold leaves of the entries that a person may not see their places and hashes.
func (r *pageReader) withhold(viewer string, tickets ...int64) step {
	return r.hide(viewer, (*bridge.State).Withhold, tickets)
}

func (r *pageReader) hide(viewer string, how func(*bridge.State, map[bridge.ID]bool), tickets []int64) step {
	return func(ctx context.Context) error {
		hidden, err := r.s.hidden(ctx, r.tx, viewer, tickets...)
		if err != nil || len(hidden) == 0 {
			return err
		}
		// Of some entries only the mirror's or message's row says what they are about.
		ids := args(tickets)
		err = r.run(ctx,
			r.mirrors(r.s.build("SELECT "+mirrorCols+" FROM mirrors WHERE ticket").in(ids)),
			r.messages(r.s.build("SELECT "+messageCols+` FROM messages WHERE EXISTS (SELECT 1 FROM conversations c WHERE c.ticket = messages.ticket
				AND c.seq = messages.conversation AND c.restricted <> 0) AND ticket`).in(ids)),
		)
		if err == nil {
			how(r.st, hidden)
		}
		return err
	}
}

// Outsiders returns those of the accounts whose person does not take part in a
// conversation, or is not known.
func (s *Store) Outsiders(ctx context.Context, conversation bridge.ID, accounts []bridge.Account) ([]bridge.Known, error) {
	if len(accounts) == 0 {
		return nil, nil
	}
	tuples := make([][]any, len(accounts))
	for i, a := range accounts {
		tuples[i] = []any{a.Surface, a.Workspace, a.ID}
	}
	var rows []struct {
		Surface   string `db:"surface"`
		Workspace string `db:"workspace"`
		ID        string `db:"id"`
		Name      string `db:"name"`
	}
	b := s.build("SELECT v.column1 AS surface, v.column2 AS workspace, v.column3 AS id, COALESCE(a.name, '') AS name FROM (").tuples(tuples).
		add(`) AS v LEFT JOIN accounts a ON a.surface = v.column1 AND a.workspace = v.column2 AND a.id = v.column3
		WHERE NOT EXISTS (SELECT 1 FROM participants p JOIN people k ON k.id = p.person AND k.disabled = 0 WHERE p.ticket = ? AND p.conversation = ?
		AND p.person = a.person AND p.since > p.left_seq) ORDER BY 3`, conversation.Ticket, conversation.Seq)
	if err := b.selectInto(ctx, s.read, &rows); err != nil {
		return nil, err
	}
	out := make([]bridge.Known, len(rows))
	for i, r := range rows {
		out[i] = bridge.Known{Account: bridge.Account{Surface: r.Surface, Workspace: r.Workspace, ID: r.ID}, Name: r.Name}
	}
	return out, nil
}

// RestrictedIn returns the mirrors of restricted conversations that show something in a
// workspace, or in one channel of it.
func (s *Store) RestrictedIn(ctx context.Context, place bridge.Place) ([]bridge.Mirror, error) {
	var rows []mirrorRow
	err := s.list(ctx, &rows, "SELECT "+mirrorCols+` FROM mirrors WHERE surface = ? AND workspace = ? AND (channel = ? OR ? = '') AND parked = ''
		AND EXISTS (SELECT 1 FROM conversations c WHERE c.ticket = mirrors.ticket AND c.seq = mirrors.conversation AND c.restricted <> 0)
		ORDER BY ticket, seq`, place.Surface, place.Workspace, place.Channel, place.Channel)
	if err != nil {
		return nil, fmt.Errorf("read restricted mirrors: %w", err)
	}
	return convert(rows, func(r mirrorRow) bridge.Mirror { return *r.mirror() }), nil
}
