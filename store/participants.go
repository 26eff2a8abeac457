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
	Chat         string `db:"chat"`
	Told         int64  `db:"told"`
	Was          int64  `db:"was"`
	Due          int64  `db:"due"`
	Begun        int64  `db:"begun"`
	Attempts     int64  `db:"attempts"`
	Head         int64  `db:"head"` // only where it is asked for
}

var participantTable = table{name: "participants", keys: 3, cols: []string{
	"ticket", "conversation", "person", "since", "left_seq", "chat", "told", "was", "due", "begun", "attempts",
}}

const participantCols = `l.ticket, l.conversation, l.person, l.since, l.left_seq, l.chat, l.told, l.was, l.due, l.begun, l.attempts`

func (r participantRow) participant() *bridge.Participant {
	key := bridge.ParticipantKey{Conversation: bridge.ID{Ticket: r.Ticket, Seq: r.Conversation}, Person: r.Person}
	return &bridge.Participant{
		ParticipantKey: key, Since: r.Since, Left: r.Left, Chat: r.Chat, Told: r.Told, Was: r.Was,
		Due: bridge.FromMicros(r.Due), Begun: bridge.FromMicros(r.Begun), Attempts: int(r.Attempts), Head: r.Head,
	}
}

func participantValues(p *bridge.Participant) []any {
	return []any{
		p.Conversation.Ticket, p.Conversation.Seq, p.Person, p.Since, p.Left, p.Chat, p.Told, p.Was,
		bridge.Micros(p.Due), bridge.Micros(p.Begun), int64(p.Attempts),
	}
}

func compareParticipants(a, b bridge.ParticipantKey) int {
	return cmp.Or(compareIDs(a.Conversation, b.Conversation), cmp.Compare(a.Person, b.Person))
}

// participants makes a step that reads who takes part, or did, in a ticket's conversations.
func (r *pageReader) participants(ticket int64) step {
	return rowsOf(r, r.s.build("SELECT "+participantCols+" FROM participants l WHERE l.ticket = ?", ticket), participantRow.participant,
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
	var before []participantRow
	if err := s.build("SELECT "+participantCols+" FROM participants l WHERE l.ticket = ?", id).query(ctx, tx, &before); err != nil {
		return err
	}
	st := bridge.Replay(entries)
	for _, p := range st.Participants { // what was said before is no news to be told of
		p.Told = st.Tickets[id].Head
	}
	for _, r := range before {
		old := r.participant()
		if p := st.Participants[old.ParticipantKey]; p != nil {
			p.Told, p.Was, p.Due, p.Begun, p.Attempts = old.Told, old.Was, old.Due, old.Begun, old.Attempts
		}
	}
	rows := changed(st.Changed.Participants, compareParticipants, func(k bridge.ParticipantKey) []any { return participantValues(st.Participants[k]) })
	if err := s.put(ctx, tx, participantTable, rows); err != nil {
		return err
	}
	_, err = s.build("DELETE FROM participants_todo WHERE ticket = ?", id).exec(ctx, tx)
	return err
}
