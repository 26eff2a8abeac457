package store

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"github.com/sidebridge/sidebridge/bridge"
)

// Report is the result of a verification.
type Report struct {
	Tickets int64
	Entries int64
	Found   []bridge.Finding
	// Uncovered counts the entries that no checkpoint covers yet.
	Uncovered int64
}

// VerifyOptions say what to verify.
type VerifyOptions struct {
	// Ticket is the only ticket to verify, zero for all.
	Ticket int64
	// Checkpoints are those read from the file, and Problems what was found there.
	Checkpoints []bridge.Checkpoint
	Problems    []bridge.Finding
}

// Verify checks every ticket's record against its log, and the log against the
// checkpoints. It reads each ticket in one snapshot, so it can run beside a
// daemon that is at work.
func (s *Store) Verify(ctx context.Context, o VerifyOptions) (Report, error) {
	rep := Report{Found: o.Problems}
	found, covered, err := bridge.CheckHeads(o.Checkpoints, func(ticket, seq int64) (string, error) {
		if o.Ticket != 0 && o.Ticket != ticket {
			return s.headFromPoints(o.Checkpoints, ticket, seq), nil
		}
		var hash []byte
		err := s.get(ctx, &hash, "SELECT hash FROM entries WHERE ticket = ? AND seq = ?", ticket, seq)
		if errors.Is(err, bridge.ErrNotFound) {
			return "", nil
		}
		return hex.EncodeToString(hash), err
	})
	if err != nil {
		return rep, fmt.Errorf("check the checkpoints: %w", err)
	}
	rep.Found = append(rep.Found, found...)
	var ids []int64
	if err := s.list(ctx, &ids, "SELECT id FROM tickets WHERE id = ? OR ? = 0 ORDER BY id", o.Ticket, o.Ticket); err != nil {
		return rep, fmt.Errorf("list tickets: %w", err)
	}
	for _, id := range ids {
		r, err := s.Record(ctx, id)
		if err != nil {
			rep.Found = append(rep.Found, bridge.Finding{Ticket: id, What: err.Error()})
			continue
		}
		rep.Tickets++
		rep.Entries += int64(len(r.Entries))
		rep.Uncovered += max(0, r.Ticket.Head-covered[id])
		rep.Found = append(rep.Found, bridge.Verify(r)...)
	}
	if o.Ticket == 0 {
		err = s.orphans(ctx, &rep)
	}
	return rep, err
}

// headFromPoints answers for tickets that are not being verified.
func (s *Store) headFromPoints(points []bridge.Checkpoint, ticket, seq int64) string {
	for _, p := range points {
		for _, h := range p.Heads {
			if h.Ticket == ticket && h.Seq == seq {
				return h.Hash
			}
		}
	}
	return ""
}

// orphans finds rows that belong to no ticket, which foreign keys forbid and an
// attacker may have put there.
func (s *Store) orphans(ctx context.Context, rep *Report) error {
	for _, table := range []string{"entries", "contents", "conversations", "messages", "mirrors", "copies", "reactions", "approvals", "approvers", "reviews", "participants", "files"} {
		var ids []int64
		if err := s.list(ctx, &ids, "SELECT DISTINCT ticket FROM "+table+" WHERE ticket NOT IN (SELECT id FROM tickets) ORDER BY ticket"); err != nil {
			return fmt.Errorf("look for orphans in %s: %w", table, err)
		}
		for _, id := range ids {
			rep.Found = append(rep.Found, bridge.Finding{Ticket: id, What: "the ticket is missing, but it has rows in " + table})
		}
	}
	var loose []struct {
		Ticket int64 `db:"ticket"`
		Seq    int64 `db:"seq"`
	}
	err := s.list(ctx, &loose, `SELECT c.ticket, c.seq FROM contents c LEFT JOIN entries e ON e.ticket = c.ticket AND e.seq = c.seq
		WHERE e.seq IS NULL ORDER BY c.ticket, c.seq`)
	for _, l := range loose {
		rep.Found = append(rep.Found, bridge.Finding{Ticket: l.Ticket, Seq: l.Seq, What: "there are words, but no entry"})
	}
	return err
}

// Record reads everything about a ticket in one snapshot.
func (s *Store) Record(ctx context.Context, ticket int64) (bridge.Record, error) {
	var r bridge.Record
	tx, err := s.read.BeginTxx(ctx, snapshot(s.dialect))
	if err != nil {
		return r, fmt.Errorf("read ticket %d: %w", ticket, err)
	}
	defer tx.Rollback() // nothing was written
	sel := func(dest any, query string) {
		if err == nil {
			err = s.build(query, ticket).selectInto(ctx, tx, dest)
		}
	}
	var tickets []ticketRow
	var entries []entryRow
	var convs []conversationRow
	var messages []messageRow
	var mirrors []mirrorRow
	var copies []copyRow
	var reactions []reactionRow
	var approvals []approvalRow
	var approvers []approverRow
	var reviews []reviewRow
	var participants []participantRow
	var files []fileRow
	sel(&tickets, "SELECT "+ticketCols+" FROM tickets WHERE id = ?")
	sel(&entries, entryQuery+"WHERE e.ticket = ? ORDER BY e.seq")
	sel(&convs, "SELECT "+conversationCols+" FROM conversations WHERE ticket = ?")
	sel(&messages, "SELECT "+messageCols+" FROM messages WHERE ticket = ?")
	sel(&mirrors, "SELECT "+mirrorCols+" FROM mirrors WHERE ticket = ?")
	sel(&copies, "SELECT "+copyCols+" FROM copies c WHERE c.ticket = ?")
	sel(&reactions, "SELECT "+reactionCols+" FROM reactions r WHERE r.ticket = ?")
	sel(&approvals, "SELECT "+approvalCols+" FROM approvals WHERE ticket = ?")
	sel(&approvers, "SELECT "+approverCols+" FROM approvers WHERE ticket = ?")
	sel(&reviews, "SELECT "+reviewCols+" FROM reviews WHERE ticket = ?")
	sel(&participants, "SELECT "+participantCols+" FROM participants l WHERE l.ticket = ?")
	sel(&files, "SELECT "+fileCols+" FROM files WHERE ticket = ?")
	if err != nil {
		return r, fmt.Errorf("read ticket %d: %w", ticket, err)
	}
	if len(tickets) == 0 {
		return r, fmt.Errorf("ticket %d: %w", ticket, bridge.ErrNotFound)
	}
	for _, row := range copies {
		if row.Gone != bit(row.Gone == 1) {
			return r, fmt.Errorf("ticket %d: the copy %s/%s/%s/%s has gone = %d, which is neither 0 nor 1",
				ticket, row.Surface, row.Workspace, row.Channel, row.Ref, row.Gone)
		}
	}
	for _, row := range convs {
		if row.Open != bit(row.Open == 1) {
			return r, fmt.Errorf("ticket %d: conversation %d has open = %d, which is neither 0 nor 1", ticket, row.Seq, row.Open)
		}
	}
	t, err := tickets[0].ticket()
	if err != nil {
		return r, fmt.Errorf("ticket %d: its row cannot be read: %w", ticket, err)
	}
	r.Ticket = *t
	for _, row := range entries {
		e, _ := row.entry() // what cannot be decoded fails its hash, which names it
		r.Entries = append(r.Entries, e)
		r.Columns = append(r.Columns, row.Conversation)
	}
	r.Conversations = convert(convs, func(x conversationRow) bridge.Conversation { return *x.conversation() })
	r.Messages = convert(messages, func(x messageRow) bridge.Message { return *x.message() })
	r.Mirrors = convert(mirrors, func(x mirrorRow) bridge.Mirror { return *x.mirror() })
	r.Copies = convert(copies, func(x copyRow) bridge.Copy { return *x.copy() })
	r.Reactions = convert(reactions, func(x reactionRow) bridge.Reaction { return *x.reaction() })
	r.Approvals = convert(approvals, func(x approvalRow) bridge.Approval { return *x.approval() })
	r.Approvers = convert(approvers, func(x approverRow) bridge.Approver { return *x.approver() })
	r.Reviews = convert(reviews, func(x reviewRow) bridge.Review { return *x.review() })
	r.Participants = convert(participants, func(x participantRow) bridge.Participant { return *x.participant() })
	r.Files = convert(files, func(x fileRow) bridge.File { return *x.file() })
	return r, nil
}

func convert[A, B any](in []A, f func(A) B) []B {
	out := make([]B, len(in))
	for i, x := range in {
		out[i] = f(x)
	}
	return out
}

// HeadsSince returns the heads of the tickets that changed since a time.
func (s *Store) HeadsSince(ctx context.Context, since time.Time) ([]bridge.Head, error) {
	type headRow struct {
		ID   int64  `db:"id"`
		Head int64  `db:"head"`
		Hash []byte `db:"head_hash"`
	}
	var rows []headRow
	if err := s.list(ctx, &rows, "SELECT id, head, head_hash FROM tickets WHERE updated_at >= ? ORDER BY id", bridge.Micros(since)); err != nil {
		return nil, fmt.Errorf("read heads: %w", err)
	}
	return convert(rows, func(r headRow) bridge.Head {
		return bridge.Head{Ticket: r.ID, Seq: r.Head, Hash: hex.EncodeToString(r.Hash)}
	}), nil
}
