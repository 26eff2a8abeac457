package store

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/sidebridge/sidebridge/bridge"
	"github.com/sidebridge/sidebridge/mapping"
)

// newsRow is a message that somebody has not read.
type newsRow struct {
	Ticket       int64 `db:"ticket"`
	Conversation int64 `db:"conversation"`
	Seq          int64 `db:"seq"`
	BodySeq      int64 `db:"body_seq"`
	Starter      int64 `db:"starter"`
	Assignee     int64 `db:"assignee"`
	Part         int64 `db:"part"`
	Asked        int64 `db:"asked"`
	Attached     int64 `db:"attached"`
	Called       int64 `db:"called"` // a thread can call the person by a mention
}

// why says what makes the message a person's to know, in mapping's words; nothing does
// when they were only told of an earlier one.
func (r newsRow) why(person string, post *bridge.Entry) (out []string) {
	if r.Asked == 1 {
		return []string{mapping.OccasionApproval}
	}
	if src := post.Facts.Source; src != nil && src.SentAt != 0 && src.SentAt < r.Attached {
		return nil // it was there before its thread was attached
	}
	if slices.Contains(post.Facts.People, person) {
		if r.Called == 1 {
			return nil // the thread's mention tells them
		}
		out = append(out, mapping.OccasionMentioned)
	}
	if r.Starter == 1 {
		out = append(out, mapping.OccasionStarted)
	}
	if r.Assignee == 1 {
		out = append(out, mapping.OccasionAssigned)
	}
	if len(out) == 0 && r.Part == 1 {
		out = append(out, mapping.OccasionPart)
	}
	return out
}

// News returns the last messages, up to limit and oldest first, that came after a time
// on some tickets and that a person follows, may see and has not read. What it costs
// depends on those tickets alone.
func (s *Store) News(ctx context.Context, person string, tickets map[int64]bool, after time.Time, limit int) ([]bridge.News, error) {
	if len(tickets) == 0 {
		return nil, nil
	}
	b := s.build(`SELECT m.ticket, m.conversation, m.seq, m.body_seq,
		CASE WHEN c.starter = ? THEN 1 ELSE 0 END AS starter, CASE WHEN t.assignee = ? THEN 1 ELSE 0 END AS assignee, 1 AS part, c.attached FROM conversations c JOIN tickets t ON t.id = c.ticket
		LEFT JOIN read_positions p ON p.person = ? AND p.ticket = c.ticket AND p.conversation = c.seq
		JOIN messages m ON m.ticket = c.ticket AND m.conversation = c.seq AND m.seq > COALESCE(p.upto, 0)
		JOIN entries e ON e.ticket = m.ticket AND e.seq = m.seq
		WHERE c.open = 1 AND (c.starter = ? OR t.assignee = ? OR p.follows = 1) AND m.deleted_seq = 0 AND m.author <> ? AND e.at > ?
		AND c.ticket`, person, person, person, person, person, person, bridge.Micros(after)).in(anys(tickets)).visible(person).
		add(" ORDER BY e.at DESC, m.ticket DESC, m.seq DESC LIMIT ?", int64(limit))
	return s.newsOf(ctx, person, b)
}

// newsOf reads the words of the messages for a person that a query finds, newest first.
func (s *Store) newsOf(ctx context.Context, person string, b *builder) ([]bridge.News, error) {
	var rows []newsRow
	st, err := s.snapshot(ctx, func(r *pageReader) error {
		if err := b.selectInto(ctx, r.tx, &rows); err != nil || len(rows) == 0 {
			return err
		}
		ids, words := map[int64]bool{}, map[bridge.ID]bool{}
		for _, row := range rows {
			ids[row.Ticket] = true
			for _, seq := range []int64{row.Conversation, row.Seq, row.BodySeq} {
				words[bridge.ID{Ticket: row.Ticket, Seq: seq}] = true
			}
		}
		return r.run(ctx,
			r.tickets(s.build("SELECT "+ticketCols+" FROM tickets WHERE id IN ").list(anys(ids))),
			func(ctx context.Context) error {
				for id, t := range r.st.Tickets {
					words[bridge.ID{Ticket: id, Seq: t.Created}] = true
				}
				q := s.build(entryQuery + "JOIN (").tuples(idTuples(words)).add(") AS v ON e.ticket = v.column1 AND e.seq = v.column2")
				return r.entries(q)(ctx)
			},
		)
	})
	if err != nil {
		return nil, fmt.Errorf("read news: %w", err)
	}
	return newsIn(st, person, rows), nil
}

// newsIn puts together what the entries of a State say of messages for a person.
func newsIn(st *bridge.State, person string, rows []newsRow) []bridge.News {
	said := map[bridge.ID]*bridge.Entry{}
	for _, e := range st.Entries {
		said[e.ID()] = e
	}
	at := func(ticket, seq int64) *bridge.Entry {
		if e := said[bridge.ID{Ticket: ticket, Seq: seq}]; e != nil {
			return e
		}
		return &bridge.Entry{} // unreachable: rows name entries by foreign keys
	}
	out := make([]bridge.News, 0, len(rows))
	for _, r := range slices.Backward(rows) {
		post := at(r.Ticket, r.Seq)
		why := r.why(person, post)
		if len(why) == 0 {
			continue
		}
		out = append(out, bridge.News{
			ID: bridge.ID{Ticket: r.Ticket, Seq: r.Seq}, Conversation: bridge.ID{Ticket: r.Ticket, Seq: r.Conversation},
			Subject: at(r.Ticket, r.Conversation).Words.Subject, TicketSubject: at(r.Ticket, st.Tickets[r.Ticket].Created).Words.Subject,
			Name: post.Words.Name, Body: at(r.Ticket, r.BodySeq).Words.Body, Files: len(post.Facts.Files), At: post.At, Why: why, Asked: r.Asked == 1,
		})
	}
	return out
}
