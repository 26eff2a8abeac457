package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/jmoiron/sqlx"

	"github.com/sidebridge/sidebridge/bridge"
)

// The pages' reads answer with a bridge.State, as the log's own decisions have
// it: the rows and entries that a page shows, all of one moment.

// pageReader fills a State inside one transaction.
type pageReader struct {
	s  *Store
	tx *sqlx.Tx
	st *bridge.State
}

// snapshot runs f in a transaction that sees one moment and changes nothing.
func (s *Store) snapshot(ctx context.Context, f func(*pageReader) error) (*bridge.State, error) {
	var opts *sql.TxOptions // SQLite reads one moment anyway
	if s.dialect.name == "postgres" {
		opts = &sql.TxOptions{Isolation: sql.LevelRepeatableRead, ReadOnly: true}
	}
	tx, err := s.read.BeginTxx(ctx, opts)
	if err != nil {
		return nil, err
	}
	r := &pageReader{s: s, tx: tx, st: bridge.NewState(s.now())}
	err = f(r)
	return r.st, errors.Join(err, ignoreDone(tx.Rollback()))
}

// saidKinds are the kinds of the entries that a ticket's page shows; deliveries are not among them.
func saidKinds() []any {
	return []any{
		string(bridge.TicketCreated), string(bridge.CustomerWrote), string(bridge.CustomerReply), string(bridge.NoteWritten),
		string(bridge.ConversationStarted), string(bridge.ConversationClosed), string(bridge.ConversationReopened),
		string(bridge.ParticipantAdded), string(bridge.ParticipantRemoved),
		string(bridge.MessagePosted), string(bridge.MessageEdited), string(bridge.MessageDeleted), string(bridge.ReactionAdded),
		string(bridge.FileStored), string(bridge.FileFailed), string(bridge.DeliveryFailed),
	}
}

// TicketPage returns a ticket with everything that was said on it that the viewer may see, its mirrors,
// what they show, and the calls that are under way.
func (s *Store) TicketPage(ctx context.Context, viewer string, ticket int64) (*bridge.State, error) {
	return s.snapshot(ctx, func(r *pageReader) error {
		if err := r.ticket(ctx, ticket); err != nil {
			return err
		}
		return r.run(ctx,
			r.entries(s.build(entryQuery+"WHERE e.ticket = ? AND e.kind IN ", ticket).list(saidKinds()).add(" ORDER BY e.seq")),
			r.messages(s.build("SELECT "+messageCols+" FROM messages WHERE ticket = ?", ticket)),
			r.copies(s.build("SELECT "+copyCols+" FROM copies c WHERE c.ticket = ?", ticket)),
			r.files(s.build("SELECT "+fileCols+" FROM files WHERE ticket = ?", ticket)),
			r.reactions(s.build("SELECT "+reactionCols+" FROM reactions r WHERE r.ticket = ?", ticket)),
			r.approvals(ticket),
			r.reviews(ticket),
			r.participants(ticket),
			r.veil(viewer, ticket),
		)
	})
}

// TicketSaid returns a ticket with what was said to, by and about the customer,
// without its side conversations.
func (s *Store) TicketSaid(ctx context.Context, ticket int64) (*bridge.State, error) {
	return s.snapshot(ctx, func(r *pageReader) error {
		kinds := []any{
			string(bridge.TicketCreated), string(bridge.CustomerWrote), string(bridge.CustomerReply), string(bridge.NoteWritten),
		}
		err := r.run(ctx,
			r.tickets(s.build("SELECT "+ticketCols+" FROM tickets WHERE id = ? AND created > 0", ticket)),
			r.entries(s.build(entryQuery+"WHERE e.ticket = ? AND e.conversation = 0 AND e.kind IN ", ticket).list(kinds).add(" ORDER BY e.seq")),
		)
		if err == nil && r.st.Tickets[ticket] == nil {
			err = fmt.Errorf("ticket %d: %w", ticket, bridge.ErrNotFound)
		}
		return err
	})
}

// TicketSince returns what came into a ticket's log after an entry, with the
// present state of the messages that it touched. Without news, the State still
// has the ticket, its conversations and its mirrors.
func (s *Store) TicketSince(ctx context.Context, viewer string, ticket, after int64) (*bridge.State, error) {
	return s.snapshot(ctx, func(r *pageReader) error {
		if err := r.ticket(ctx, ticket); err != nil {
			return err
		}
		if r.st.Tickets[ticket].Head <= after {
			return r.run(ctx, func(ctx context.Context) error { return r.words(ctx, ticket, nil) }, r.participants(ticket), r.veil(viewer, ticket))
		}
		return r.run(ctx,
			r.entries(s.build(entryQuery+"WHERE e.ticket = ? AND e.seq > ? ORDER BY e.seq", ticket, after)),
			func(ctx context.Context) error { return r.touched(ctx, ticket, after) },
			r.participants(ticket),
			func(ctx context.Context) error {
				for _, m := range r.st.Messages {
					if m.Draft != 0 {
						return r.reviews(ticket)(ctx)
					}
				}
				return nil
			},
			func(ctx context.Context) error {
				if !slices.ContainsFunc(r.st.Entries, func(e *bridge.Entry) bool { return e.ApprovalOf() != 0 }) {
					return nil
				}
				return r.approvals(ticket)(ctx)
			},
			r.veil(viewer, ticket),
		)
	})
}

// touched reads the rows of the messages that the entries read so far are about,
// the present words of those messages, what could not be shown of them, and the
// order of their conversations.
func (r *pageReader) touched(ctx context.Context, ticket, after int64) error {
	messages, convs := map[int64]bool{}, map[int64]bool{}
	for _, e := range r.st.Entries {
		set(messages, e.Facts.Message)
		set(convs, e.Facts.Conversation)
		if len(e.Facts.Files) > 0 || e.Kind == bridge.MessagePosted {
			messages[e.Seq] = true
		}
	}
	convs[0], messages[0] = true, true // nothing has the seq 0; an empty list is no SQL
	inConvs, ids := anys(convs), anys(messages)
	err := r.messages(r.s.build("SELECT "+messageCols+" FROM messages WHERE ticket = ? AND (conversation IN ", ticket).list(inConvs).
		add(" OR seq IN ").list(ids).add(")"))(ctx)
	if err != nil {
		return err
	}
	r.st.AlsoShown(messages)
	ids = anys(messages)
	return r.run(ctx,
		r.copies(r.s.build("SELECT "+copyCols+" FROM copies c WHERE c.ticket = ? AND c.message IN ", ticket).list(ids)),
		r.files(r.s.build("SELECT "+fileCols+" FROM files WHERE ticket = ? AND message IN ", ticket).list(ids)),
		r.reactions(r.s.build("SELECT "+reactionCols+" FROM reactions r WHERE r.ticket = ? AND r.message IN ", ticket).list(ids)),
		r.entries(r.s.build(entryQuery+"WHERE e.ticket = ? AND e.seq <= ? AND e.kind = ? AND e.conversation IN ",
			ticket, after, string(bridge.DeliveryFailed)).list(inConvs)),
		func(ctx context.Context) error { return r.words(ctx, ticket, messages) },
	)
}

// words reads the entries that messages' and conversations' rows name and that were not read yet.
func (r *pageReader) words(ctx context.Context, ticket int64, messages map[int64]bool) error {
	missing, have := map[int64]bool{}, map[int64]bool{}
	for _, e := range r.st.Entries {
		have[e.Seq] = true
	}
	for seq := range messages {
		missing[seq] = true
		if m := r.st.Messages[bridge.ID{Ticket: ticket, Seq: seq}]; m != nil {
			set(missing, m.BodySeq)
			set(missing, m.DeletedSeq)
		}
	}
	for _, reaction := range r.st.Reactions {
		missing[reaction.Seq] = true
	}
	for id, c := range r.st.Conversations {
		missing[id.Seq], missing[c.StateSeq] = true, true
	}
	for seq := range have {
		delete(missing, seq)
	}
	if len(missing) == 0 {
		return nil
	}
	return r.entries(r.s.build(entryQuery+"WHERE e.ticket = ? AND e.seq IN ", ticket).list(anys(missing)).add(" ORDER BY e.seq"))(ctx)
}

// History returns the entries that posted, edited and deleted a message, in order.
func (s *Store) History(ctx context.Context, viewer string, message bridge.ID) ([]*bridge.Entry, error) {
	var out []*bridge.Entry
	_, err := s.snapshot(ctx, func(r *pageReader) error {
		err := r.messages(s.build("SELECT "+messageCols+" FROM messages WHERE ticket = ? AND seq = ?", message.Ticket, message.Seq))(ctx)
		if err != nil {
			return err
		}
		if err := r.veil(viewer, message.Ticket)(ctx); err != nil {
			return err
		}
		m := r.st.Messages[message]
		if m == nil {
			return fmt.Errorf("message %s: %w", message, bridge.ErrNotFound)
		}
		b := s.build(entryQuery+"WHERE e.ticket = ? AND e.conversation = ? AND e.seq >= ? AND e.kind IN ", message.Ticket, m.Conversation, message.Seq).
			list([]any{string(bridge.MessagePosted), string(bridge.MessageEdited), string(bridge.MessageDeleted)}).add(" ORDER BY e.seq")
		if err := r.entries(b)(ctx); err != nil {
			return err
		}
		for _, e := range r.st.Entries {
			if e.Seq == message.Seq || e.Facts.Message == message.Seq {
				out = append(out, e)
			}
		}
		return nil
	})
	return out, err
}

// MessageFile returns a file of a message, or of a customer message, its name, and the
// conversation that it is in, zero for the ticket itself.
func (s *Store) MessageFile(ctx context.Context, viewer string, message bridge.ID, n int) (f *bridge.File, name string, conversation int64, err error) {
	st, err := s.snapshot(ctx, func(r *pageReader) error {
		return r.run(ctx,
			r.files(s.build("SELECT "+fileCols+" FROM files WHERE ticket = ? AND message = ? AND n = ?", message.Ticket, message.Seq, int64(n))),
			r.entries(s.build(entryQuery+"WHERE e.ticket = ? AND e.seq = ?", message.Ticket, message.Seq)),
			r.veil(viewer, message.Ticket),
		)
	})
	if err != nil {
		return nil, "", 0, err
	}
	f = st.Files[bridge.FileKey{Message: message, N: n}]
	if f == nil || len(st.Entries) == 0 {
		return nil, "", 0, fmt.Errorf("file %d of %s: %w", n, message, bridge.ErrNotFound)
	}
	if names := st.Entries[0].Words.Files; n < len(names) {
		name = names[n]
	}
	return f, name, st.Entries[0].Facts.Conversation, nil
}

// Troubled returns up to limit mirrors that a person is needed for and up to
// limit that are behind, with the calls that are under way on them.
func (s *Store) Troubled(ctx context.Context, limit int) (*bridge.State, error) {
	return s.snapshot(ctx, func(r *pageReader) error {
		return r.run(ctx,
			r.mirrors(s.build("SELECT "+mirrorCols+" FROM mirrors WHERE parked <> '' ORDER BY ticket DESC, seq LIMIT ?", int64(limit))),
			r.mirrors(s.build("SELECT "+mirrorCols+" FROM mirrors WHERE cursor < head AND parked = '' ORDER BY due, ticket, seq LIMIT ?", int64(limit))),
			r.deliveries(s.build("SELECT "+deliveryCols+" FROM deliveries WHERE done = 0 ORDER BY begun_at LIMIT ?", int64(limit))),
		)
	})
}

// BlockedWorkspaces calls each for every workspace that nothing can be sent to.
func (s *Store) BlockedWorkspaces(ctx context.Context, each func(surface, workspace, reason, remedy string, since time.Time)) error {
	var rows []struct {
		Surface   string `db:"surface"`
		Workspace string `db:"workspace"`
		Blocked   string `db:"blocked"`
		Remedy    string `db:"remedy"`
		Since     int64  `db:"since"`
	}
	err := s.list(ctx, &rows, `SELECT surface, workspace, blocked, remedy, since FROM workspaces WHERE blocked <> '' ORDER BY surface, workspace`)
	for _, r := range rows {
		each(r.Surface, r.Workspace, r.Blocked, r.Remedy, bridge.FromMicros(r.Since))
	}
	return err
}

// Quarantined calls each for up to limit inbounds that could not be accepted, the newest first.
func (s *Store) Quarantined(ctx context.Context, limit int, each func(id string, at time.Time, surface, reason string, size int64)) error {
	var rows []struct {
		ID      string `db:"id"`
		At      int64  `db:"at"`
		Surface string `db:"surface"`
		Reason  string `db:"reason"`
		Size    int64  `db:"size"`
	}
	err := s.list(ctx, &rows, `SELECT id, at, surface, reason, LENGTH(raw) AS size FROM quarantine ORDER BY at DESC, id LIMIT ?`, limit)
	for _, r := range rows {
		each(r.ID, bridge.FromMicros(r.At), r.Surface, r.Reason, r.Size)
	}
	return err
}
