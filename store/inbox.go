package store

import (
	"context"

	"github.com/sidebridge/sidebridge/bridge"
)

// asked says of a conversation c of a ticket t whether the desk spoke last: whoever
// began it or has the ticket, or somebody on the desk's pages who is not of the group
// that was asked. It is 0 when others did, and nothing when nobody has spoken.
const asked = `(SELECT CASE
		WHEN m.author <> '' AND (m.author = c.starter OR m.author = t.assignee) THEN 1
		WHEN m.surface = 'web' AND NOT EXISTS (SELECT 1 FROM group_members g WHERE g.grp = c.grp AND g.person = m.author) THEN 1
		ELSE 0 END
	FROM messages m WHERE m.ticket = c.ticket AND m.conversation = c.seq AND m.deleted_seq = 0 ORDER BY m.seq DESC LIMIT 1)`

// Inbox returns a page of tickets with the entries that created them, their open
// conversations, and how far the person who looks has read those.
func (s *Store) Inbox(ctx context.Context, q bridge.InboxQuery) (*bridge.State, map[bridge.ID]bridge.Reading, error) {
	var readings map[bridge.ID]bridge.Reading
	st, err := s.snapshot(ctx, func(r *pageReader) error {
		b := s.build("SELECT " + ticketCols + " FROM tickets t WHERE ").matching(q)
		if !q.Before.IsZero() {
			at := bridge.Micros(q.Before)
			b.add(" AND (t.updated_at < ? OR t.updated_at = ? AND t.id < ?)", at, at, q.BeforeID)
		}
		b.add(" ORDER BY t.updated_at DESC, t.id DESC LIMIT ?", int64(q.Limit))
		if err := r.tickets(b)(ctx); err != nil || len(r.st.Tickets) == 0 {
			return err
		}
		ids, created := map[int64]bool{}, map[bridge.ID]bool{}
		for id, t := range r.st.Tickets {
			ids[id] = true
			created[bridge.ID{Ticket: id, Seq: t.Created}] = true
		}
		err := r.run(ctx,
			r.conversations(s.build("SELECT "+conversationCols+" FROM conversations c WHERE open = 1 AND ticket IN ").list(anys(ids)).visible(q.Person)),
			r.entries(s.build(entryQuery+"JOIN (").tuples(idTuples(created)).add(") AS v ON e.ticket = v.column1 AND e.seq = v.column2")),
		)
		if err == nil && q.Person != "" {
			readings, err = s.readings(ctx, r.tx, q.Person, anys(ids))
		}
		return err
	})
	return st, readings, err
}

// CountInbox counts the tickets that a query is about, up to its limit.
func (s *Store) CountInbox(ctx context.Context, q bridge.InboxQuery) (int64, error) {
	var n []int64
	b := s.build("SELECT COUNT(*) FROM (SELECT 1 FROM tickets t WHERE ").matching(q).add(" LIMIT ?) AS n", int64(q.Limit))
	if err := b.selectInto(ctx, s.read, &n); err != nil {
		return 0, err
	}
	return n[0], nil
}

// matching appends the conditions of a query on tickets, called t.
func (b *builder) matching(q bridge.InboxQuery) *builder {
	b.add("t.created > 0")
	if len(q.Statuses) > 0 {
		b.add(" AND t.status").in(args(q.Statuses))
	}
	if q.Assignee != "" {
		b.add(" AND t.assignee = ? AND t.assignee <> ''", q.Assignee)
	}
	if len(q.Tickets) > 0 {
		b.add(" AND t.id").in(args(q.Tickets))
	}
	if !q.Since.IsZero() {
		b.add(" AND t.updated_at > ?", bridge.Micros(q.Since))
	}
	switch q.View {
	case bridge.InboxUnread:
		b.add(" AND t.id IN (").unreadTickets(q.Person).add(")")
	case bridge.InboxForMe:
		b.add(` AND t.id IN (SELECT ticket FROM conversations WHERE open = 1 AND starter = ? UNION SELECT id FROM tickets
			WHERE assignee = ? AND assignee <> '' AND status <> 'solved' AND status <> 'closed')`, q.Person, q.Person)
		b.add(" AND EXISTS (SELECT 1 FROM conversations c WHERE c.ticket = t.id AND c.open = 1 AND (c.starter = ? OR t.assignee = ?) AND "+
			asked+" = 0", q.Person, q.Person).visible(q.Person).add(")")
	case bridge.InboxUnanswered:
		b.add(" AND EXISTS (SELECT 1 FROM conversations c WHERE c.ticket = t.id AND c.open = 1 AND " + asked + " = 1").visible(q.Person).add(")")
	case bridge.InboxStale:
		// Few conversations are that old. They are found first, in one go, so that who spoke
		// last is asked of their tickets alone.
		const quiet = "JOIN entries e ON e.ticket = c.ticket AND e.seq = c.last_seq WHERE c.open = 1 AND e.at < ?"
		at := bridge.Micros(q.Quiet)
		b.add(" AND t.id IN (SELECT c.ticket FROM conversations c "+quiet+")", at)
		b.add(" AND EXISTS (SELECT 1 FROM conversations c "+quiet+" AND c.ticket = t.id AND "+asked+" = 1", at).visible(q.Person).add(")")
	}
	return b
}
