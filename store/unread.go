package store

import (
	"context"
	"fmt"

	"github.com/jmoiron/sqlx"

	"github.com/sidebridge/sidebridge/bridge"
)

// A conversation is somebody's to follow when they began it, have its ticket, or took
// part. Only open ones are unread: closing one settles it, and a reply opens it again.
//
// Messages cost nothing here. A position moves when a person reads, and what is unread
// is counted when they look, over the open conversations that are theirs.

// following appends the open conversations, called c, that a person follows and may
// see, with their position, called p, and with more said than they have read.
func (b *builder) following(person string) *builder {
	b.add(`(SELECT ticket, seq FROM conversations WHERE open = 1 AND starter = ?`, person)
	b.add(` UNION SELECT f.ticket, f.conversation FROM read_positions f WHERE f.person = ? AND f.follows = 1`, person)
	b.add(` UNION SELECT o.ticket, o.seq FROM tickets a JOIN conversations o ON o.ticket = a.id AND o.open = 1
		WHERE a.assignee = ? AND a.assignee <> '' AND a.status <> 'solved' AND a.status <> 'closed') AS w
		JOIN conversations c ON c.ticket = w.ticket AND c.seq = w.seq AND c.open = 1
		LEFT JOIN read_positions p ON p.person = ? AND p.ticket = c.ticket AND p.conversation = c.seq
		WHERE c.last_seq > COALESCE(p.upto, 0)`, person, person)
	return b.visible(person)
}

// unreadOf selects the messages of others in c after p.
func (b *builder) unreadOf(person string) *builder {
	return b.add(`SELECT 1 FROM messages m WHERE m.ticket = c.ticket AND m.conversation = c.seq
		AND m.seq > COALESCE(p.upto, 0) AND m.deleted_seq = 0 AND m.author <> ?`, person)
}

// unreadTickets appends a query of the tickets on which a person has something unread.
func (b *builder) unreadTickets(person string) *builder {
	return b.add("SELECT c.ticket FROM ").following(person).add(" AND EXISTS (").unreadOf(person).add(")")
}

// Unread counts the tickets on which a person has something unread, up to a limit.
func (s *Store) Unread(ctx context.Context, person string, limit int) (int64, error) {
	var n []int64
	b := s.build("SELECT COUNT(*) FROM (SELECT DISTINCT ticket FROM (").unreadTickets(person).add(") AS u LIMIT ?) AS n", int64(limit))
	if err := b.selectInto(ctx, s.read, &n); err != nil {
		return 0, err
	}
	return n[0], nil
}

type readingRow struct {
	Ticket int64 `db:"ticket"`
	Seq    int64 `db:"seq"`
	Upto   int64 `db:"upto"`
	Follow int64 `db:"follow"`
	Unread int64 `db:"unread"`
}

// Readings returns how far a person has read the conversations of a ticket.
func (s *Store) Readings(ctx context.Context, person string, ticket int64) (map[bridge.ID]bridge.Reading, error) {
	return s.readings(ctx, s.read, person, []any{ticket})
}

// readings returns how far a person has read the conversations of tickets.
func (s *Store) readings(ctx context.Context, q sqlx.QueryerContext, person string, tickets []any) (map[bridge.ID]bridge.Reading, error) {
	out := map[bridge.ID]bridge.Reading{}
	if len(tickets) == 0 {
		return out, nil
	}
	b := s.build(`SELECT c.ticket, c.seq, COALESCE(p.upto, 0) AS upto,
		CASE WHEN c.starter = ? OR t.assignee = ? OR p.follows = 1 THEN 1 ELSE 0 END AS follow,
		CASE WHEN c.open = 1 AND c.last_seq > COALESCE(p.upto, 0) AND (c.starter = ? OR t.assignee = ? OR p.follows = 1)
		THEN (SELECT COUNT(*) FROM (`, person, person, person, person).unreadOf(person).add(` LIMIT ?) AS u) ELSE 0 END AS unread
		FROM conversations c JOIN tickets t ON t.id = c.ticket
		LEFT JOIN read_positions p ON p.person = ? AND p.ticket = c.ticket AND p.conversation = c.seq
		WHERE c.ticket`, int64(bridge.MaxUnread), person).in(tickets).visible(person)
	var rows []readingRow
	if err := b.selectInto(ctx, q, &rows); err != nil {
		return nil, err
	}
	for _, r := range rows {
		out[bridge.ID{Ticket: r.Ticket, Seq: r.Seq}] = bridge.Reading{Upto: r.Upto, Follows: r.Follow == 1, Unread: r.Unread}
	}
	return out, nil
}

// MarkRead moves a person's position in a conversation forward, to what has been said
// at most: what comes later is news. Who has written there follows it from then on.
func (s *Store) MarkRead(ctx context.Context, person string, conversation bridge.ID, upto int64) error {
	n, err := s.build(`INSERT INTO read_positions (person, ticket, conversation, upto, follows)
		SELECT CAST(? AS TEXT), c.ticket, c.seq, CASE WHEN c.last_seq < ? THEN c.last_seq ELSE ? END,
			CASE WHEN EXISTS (SELECT 1 FROM messages m WHERE m.ticket = c.ticket AND m.conversation = c.seq AND m.author = ?) THEN 1 ELSE 0 END
		FROM conversations c WHERE c.ticket = ? AND c.seq = ?`, person, upto, upto, person, conversation.Ticket, conversation.Seq).visible(person).
		add(` ON CONFLICT (person, ticket, conversation) DO UPDATE SET
			upto = CASE WHEN excluded.upto > read_positions.upto THEN excluded.upto ELSE read_positions.upto END,
			follows = CASE WHEN excluded.follows > read_positions.follows THEN excluded.follows ELSE read_positions.follows END`).exec(ctx, s.other)
	if err == nil && n == 0 {
		err = bridge.ErrNotFound
	}
	if err != nil {
		return fmt.Errorf("mark conversation %s as read: %w", conversation, err)
	}
	return nil
}

// MarkUnread puts a person's position just before a message, and has them follow its
// conversation.
func (s *Store) MarkUnread(ctx context.Context, person string, message bridge.ID) error {
	n, err := s.build(`INSERT INTO read_positions (person, ticket, conversation, upto, follows)
		SELECT CAST(? AS TEXT), m.ticket, m.conversation, m.seq - 1, 1 FROM messages m
		JOIN conversations c ON c.ticket = m.ticket AND c.seq = m.conversation WHERE m.ticket = ? AND m.seq = ?`,
		person, message.Ticket, message.Seq).visible(person).
		add(` ON CONFLICT (person, ticket, conversation) DO UPDATE SET upto = excluded.upto, follows = 1`).exec(ctx, s.other)
	if err == nil && n == 0 {
		err = bridge.ErrNotFound
	}
	if err != nil {
		return fmt.Errorf("mark message %s as unread: %w", message, err)
	}
	return nil
}

// MarkAllRead brings a person's positions up to everything that was said so far. It
// writes for the conversations that have something unread, and for no others.
func (s *Store) MarkAllRead(ctx context.Context, person string) error {
	b := s.build(`INSERT INTO read_positions (person, ticket, conversation, upto, follows)
		SELECT CAST(? AS TEXT), c.ticket, c.seq, c.last_seq, COALESCE(p.follows, 0) FROM `, person).following(person).
		add(` ON CONFLICT (person, ticket, conversation) DO UPDATE SET upto = excluded.upto`)
	if _, err := b.exec(ctx, s.other); err != nil {
		return fmt.Errorf("mark everything as read: %w", err)
	}
	return nil
}
