package store

import (
	"context"
	"fmt"

	"github.com/sidebridge/sidebridge/bridge"
)

// step is one query of a page and where its rows go.
type step func(context.Context) error

// run takes steps in order.
func (r *pageReader) run(ctx context.Context, steps ...step) error {
	for _, s := range steps {
		if err := s(ctx); err != nil {
			return err
		}
	}
	return nil
}

// rowsOf makes a step of a query: every row is converted and put away.
func rowsOf[Row, T any](r *pageReader, b *builder, convert func(Row) T, put func(T)) step {
	return func(ctx context.Context) error {
		var rows []Row
		if err := b.selectInto(ctx, r.tx, &rows); err != nil {
			return err
		}
		for _, row := range rows {
			put(convert(row))
		}
		return nil
	}
}

// ticket reads a ticket with its conversations, mirrors and the calls under way.
func (r *pageReader) ticket(ctx context.Context, id int64) error {
	err := r.run(ctx,
		r.tickets(r.s.build("SELECT "+ticketCols+" FROM tickets WHERE id = ? AND created > 0", id)),
		r.conversations(r.s.build("SELECT "+conversationCols+" FROM conversations WHERE ticket = ?", id)),
		r.mirrors(r.s.build("SELECT "+mirrorCols+" FROM mirrors WHERE ticket = ?", id)),
		r.deliveries(r.s.build("SELECT "+deliveryCols+" FROM deliveries WHERE ticket = ? AND done = 0", id)),
	)
	if err == nil && r.st.Tickets[id] == nil {
		err = fmt.Errorf("ticket %d: %w", id, bridge.ErrNotFound)
	}
	return err
}

func (r *pageReader) tickets(b *builder) step {
	return func(ctx context.Context) error {
		var rows []ticketRow
		if err := b.selectInto(ctx, r.tx, &rows); err != nil {
			return err
		}
		for _, row := range rows {
			t, err := row.ticket()
			if err != nil {
				return fmt.Errorf("ticket %d: %w", row.ID, err)
			}
			r.st.Tickets[t.ID] = t
		}
		return nil
	}
}

func (r *pageReader) entries(b *builder) step {
	return func(ctx context.Context) error {
		var rows []entryRow
		if err := b.selectInto(ctx, r.tx, &rows); err != nil {
			return err
		}
		for _, row := range rows {
			e, err := row.entry()
			if err != nil {
				return err
			}
			r.st.Entries = append(r.st.Entries, e)
		}
		return nil
	}
}

func (r *pageReader) conversations(b *builder) step {
	return rowsOf(r, b, conversationRow.conversation, func(c *bridge.Conversation) { r.st.Conversations[c.ID] = c })
}

func (r *pageReader) messages(b *builder) step {
	return rowsOf(r, b, messageRow.message, func(m *bridge.Message) { r.st.Messages[m.ID] = m })
}

func (r *pageReader) mirrors(b *builder) step {
	return rowsOf(r, b, mirrorRow.mirror, func(m *bridge.Mirror) { r.st.Mirrors[m.ID] = m })
}

func (r *pageReader) copies(b *builder) step {
	return rowsOf(r, b, copyRow.copy, func(c *bridge.Copy) { r.st.Copies[c.CopyKey] = c })
}

func (r *pageReader) deliveries(b *builder) step {
	return rowsOf(r, b, deliveryRow.delivery, func(d *bridge.Delivery) { r.st.Deliveries[d.DeliveryKey] = d })
}

func (r *pageReader) reactions(b *builder) step {
	return rowsOf(r, b, reactionRow.reaction, func(x *bridge.Reaction) { r.st.Reactions[x.ReactionKey] = x })
}

func (r *pageReader) files(b *builder) step {
	return rowsOf(r, b, fileRow.file, func(f *bridge.File) {
		r.st.Files[bridge.FileKey{Message: bridge.ID{Ticket: f.Ticket, Seq: f.Message}, N: f.N}] = f
	})
}

// args returns values as a statement's arguments.
func args[T any](vals []T) []any {
	out := make([]any, len(vals))
	for i, v := range vals {
		out[i] = v
	}
	return out
}
