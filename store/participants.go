package store

import (
	"cmp"
	"context"
	"fmt"

	"github.com/jmoiron/sqlx"

	"github.com/sidebridge/sidebridge/bridge"
)

type participantRow struct {
	Ticket       int64  `db:"ticket"`
	Conversation int64  `db:"conversation"`
	Person       string `db:"person"`
	Since        int64  `db:"since"`
	Left         int64  `db:"left_seq"`
}

var participantTable = table{name: "participants", keys: 3, cols: []string{"ticket", "conversation", "person", "since", "left_seq"}}

const participantCols = `ticket, conversation, person, since, left_seq`

func (r participantRow) participant() *bridge.Participant {
	key := bridge.ParticipantKey{Conversation: bridge.ID{Ticket: r.Ticket, Seq: r.Conversation}, Person: r.Person}
	return &bridge.Participant{ParticipantKey: key, Since: r.Since, Left: r.Left}
}

func participantValues(p *bridge.Participant) []any {
	return []any{p.Conversation.Ticket, p.Conversation.Seq, p.Person, p.Since, p.Left}
}

func compareParticipants(a, b bridge.ParticipantKey) int {
	return cmp.Or(compareIDs(a.Conversation, b.Conversation), cmp.Compare(a.Person, b.Person))
}

// readParticipants reads who takes part, or did, in the tickets' conversations: most
// entries make somebody take part who may do so already.
func (l *loader) readParticipants(ctx context.Context) error {
	if len(l.all.tickets) == 0 {
		return nil
	}
	var rows []participantRow
	err := l.s.build("SELECT "+participantCols+" FROM participants WHERE ticket").in(anys(l.all.tickets)).query(ctx, l.tx, &rows)
	for _, r := range rows {
		p := r.participant()
		l.st.Participants[p.ParticipantKey] = p
	}
	return err
}

// participants makes a step that reads who takes part, or did, in a ticket's conversations.
func (r *pageReader) participants(ticket int64) step {
	return rowsOf(r, r.s.build("SELECT "+participantCols+" FROM participants WHERE ticket = ?", ticket), participantRow.participant,
		func(p *bridge.Participant) { r.st.Participants[p.ParticipantKey] = p })
}

// participantBacklog finds who takes part in the conversations of tickets that are
// older than that record, each in a transaction of its own. Several daemons may do so
// at once.
func (s *Store) participantBacklog(ctx context.Context) error {
	var tickets []int64
	if err := s.list(ctx, &tickets, `SELECT ticket FROM participants_todo ORDER BY ticket`); err != nil {
		return err
	}
	for _, id := range tickets {
		if err := s.within(ctx, func(tx *sqlx.Tx) error { return s.findParticipants(ctx, tx, id) }); err != nil {
			return fmt.Errorf("find the participants of ticket %d: %w", id, err)
		}
	}
	return nil
}

func (s *Store) findParticipants(ctx context.Context, tx *sqlx.Tx, id int64) error {
	entries, err := s.lockedLog(ctx, tx, id)
	if err != nil {
		return err
	}
	st := bridge.Replay(entries)
	rows := changed(st.Changed.Participants, compareParticipants, func(k bridge.ParticipantKey) []any { return participantValues(st.Participants[k]) })
	if err := s.put(ctx, tx, participantTable, rows); err != nil {
		return err
	}
	_, err = s.build("DELETE FROM participants_todo WHERE ticket = ?", id).exec(ctx, tx)
	return err
}
