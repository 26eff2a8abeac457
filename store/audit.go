package store

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/sidebridge/sidebridge/bridge"
)

// auditScan is how many entries one page of the audit looks at. Entries have no index
// by person and kind, which every append would pay for: a page that found little says
// how far it has looked.
const auditScan = 20_000

// auditPlace is an entry's place in the order of time.
type auditPlace struct {
	At     int64 `db:"at"`
	Ticket int64 `db:"ticket"`
	Seq    int64 `db:"seq"`
	N      int64 `db:"n"`
}

func (p auditPlace) String() string { return fmt.Sprintf("%d.%d.%d", p.At, p.Ticket, p.Seq) }

// SearchEntries returns a page of the entries that a query selects, the newest first.
func (s *Store) SearchEntries(ctx context.Context, q bridge.AuditQuery) (page bridge.AuditPage, err error) {
	page.State, err = s.snapshot(ctx, func(r *pageReader) error {
		var before, last auditPlace
		if q.Before != "" {
			if _, err := fmt.Sscanf(q.Before, "%d.%d.%d", &before.At, &before.Ticket, &before.Seq); err != nil {
				return fmt.Errorf("%w: %q is no place in the audit trails", bridge.ErrInvalid, q.Before)
			}
		}
		var rows, ends []auditPlace
		hits := s.build("SELECT e.at, e.ticket, e.seq, 0 AS n FROM (").auditScan(q, before).add(") AS e WHERE 1 = 1")
		if err := s.auditMatch(ctx, hits, q); err != nil {
			return err
		}
		if err := hits.add(" ORDER BY e.at DESC, e.ticket DESC, e.seq DESC LIMIT ?", int64(q.Limit)+1).selectInto(ctx, r.tx, &rows); err != nil {
			return err
		}
		if len(rows) > q.Limit {
			rows = rows[:q.Limit]
			page.Next = rows[q.Limit-1].String()
			return r.audited(ctx, q.Viewer, rows, &page)
		}
		end := s.build("SELECT e.at, e.ticket, e.seq, COUNT(*) OVER () AS n FROM (").auditScan(q, before).add(") AS e ORDER BY e.at, e.ticket, e.seq LIMIT 1")
		if err := end.selectInto(ctx, r.tx, &ends); err != nil {
			return err
		}
		if len(ends) > 0 && ends[0].N == auditScan {
			last = ends[0]
			page.Next, page.Reached = last.String(), bridge.FromMicros(last.At)
		}
		return r.audited(ctx, q.Viewer, rows, &page)
	})
	if err != nil {
		return page, fmt.Errorf("search the audit trails: %w", err)
	}
	return page, nil
}

// auditScan appends the selection of the entries that a page looks at.
func (b *builder) auditScan(q bridge.AuditQuery, before auditPlace) *builder {
	b.add("SELECT at, ticket, seq, kind, conversation, envelope FROM entries WHERE at >= ? AND at < ?", micros(q.From, 0), micros(q.Until, 1<<62))
	if q.Ticket != 0 {
		b.add(" AND ticket = ?", q.Ticket)
	}
	if q.Before != "" {
		b.add(" AND (at, ticket, seq) < (?, ?, ?)", before.At, before.Ticket, before.Seq)
	}
	return b.add(" ORDER BY at DESC, ticket DESC, seq DESC LIMIT ?", int64(auditScan))
}

// auditMatch appends who did it, of what kind it is, and that the viewer may see it.
func (s *Store) auditMatch(ctx context.Context, b *builder, q bridge.AuditQuery) error {
	if q.Person != "" {
		// Whoever was merged into them is them. An envelope begins with its person.
		var people []string
		if err := s.list(ctx, &people, "SELECT id FROM people WHERE id = ? OR merged_into = ? ORDER BY id", q.Person, q.Person); err != nil {
			return err
		}
		b.add(" AND (1 = 0")
		for _, id := range append(people, q.Person) {
			text, err := json.Marshal(bridge.Facts{Person: id})
			if err != nil {
				return err // unreachable: a string marshals
			}
			begin := string(text[:len(text)-1])
			b.add(" OR substr(e.envelope, 1, ?) = ?", int64(len([]rune(begin))), begin)
		}
		b.add(")")
	}
	if len(q.Kinds) > 0 {
		kinds := make([]any, len(q.Kinds))
		for i, k := range q.Kinds {
			kinds[i] = string(k)
		}
		b.add(" AND e.kind").in(kinds)
	}
	b.add(` AND (e.kind = 'ticket.changed' OR e.conversation = 0 AND e.kind <> 'conversation.started' OR EXISTS (SELECT 1 FROM conversations c
		WHERE c.ticket = e.ticket AND c.seq = CASE WHEN e.kind = 'conversation.started' THEN e.seq ELSE e.conversation END`).visible(q.Viewer).add("))")
	return nil
}

// audited reads the entries at places, with their tickets, the entries that created
// those and began their conversations, and what says where entries were made.
func (r *pageReader) audited(ctx context.Context, viewer string, rows []auditPlace, page *bridge.AuditPage) error {
	if len(rows) == 0 {
		return nil
	}
	at, tickets := map[bridge.ID]bool{}, map[int64]bool{}
	for _, row := range rows {
		at[bridge.ID{Ticket: row.Ticket, Seq: row.Seq}], tickets[row.Ticket] = true, true
	}
	ids := anys(tickets)
	var list []int64
	for _, id := range ids {
		list = append(list, id.(int64))
	}
	err := r.run(ctx,
		r.tickets(r.s.build("SELECT "+ticketCols+" FROM tickets WHERE id").in(ids)),
		r.conversations(r.s.build("SELECT "+conversationCols+" FROM conversations WHERE ticket").in(ids)),
		r.mirrors(r.s.build("SELECT "+mirrorCols+" FROM mirrors WHERE ticket").in(ids)),
		func(ctx context.Context) error {
			for id, t := range r.st.Tickets {
				at[bridge.ID{Ticket: id, Seq: t.Created}] = true
			}
			for id := range r.st.Conversations {
				at[id] = true
			}
			return r.entries(r.s.build(entryQuery + "JOIN (").tuples(idTuples(at)).add(") AS v ON e.ticket = v.column1 AND e.seq = v.column2"))(ctx)
		},
		r.veil(viewer, list...),
	)
	there := map[bridge.ID]bool{}
	for _, e := range r.st.Entries {
		there[e.ID()] = true
	}
	for _, row := range rows {
		if id := (bridge.ID{Ticket: row.Ticket, Seq: row.Seq}); there[id] {
			page.Found = append(page.Found, id)
		}
	}
	return err
}
