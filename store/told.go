package store

import (
	"context"
	"fmt"
	"time"

	"github.com/sidebridge/sidebridge/bridge"
)

// toldRows reads participants' rows with their tickets' heads.
func (s *Store) toldRows(ctx context.Context, where string, args ...any) ([]bridge.Participant, error) {
	var rows []participantRow
	err := s.list(ctx, &rows, "SELECT "+participantCols+", t.head FROM participants l JOIN tickets t ON t.id = l.ticket WHERE "+where, args...)
	return convert(rows, func(r participantRow) bridge.Participant { return *r.participant() }), err
}

// DueParticipants returns up to limit rows that are due, those due first first.
func (s *Store) DueParticipants(ctx context.Context, now time.Time, limit int) ([]bridge.Participant, error) {
	return s.toldRows(ctx, "l.due > 0 AND l.due <= ? ORDER BY l.due, l.ticket, l.conversation, l.person LIMIT ?", bridge.Micros(now), limit)
}

// BegunParticipants returns up to limit rows of which a call was begun and not settled.
func (s *Store) BegunParticipants(ctx context.Context, limit int) ([]bridge.Participant, error) {
	return s.toldRows(ctx, "l.begun > 0 ORDER BY l.begun LIMIT ?", limit)
}

// Untold returns up to limit messages and requests for approval, oldest first, of the
// conversations whose rows are due for a person: what they may see, have not read and were
// not told. Who left is told nothing, and who does not take part only of what names them
// or is on their ticket. The chat in whose thread they write tells them itself, and a
// request names the people it is for in the chats where they have accounts.
func (s *Store) Untold(ctx context.Context, person string, limit int) ([]bridge.News, error) {
	const rows = ` FROM participants l JOIN conversations c ON c.ticket = l.ticket AND c.seq = l.conversation AND c.open = 1 AND l.left_seq <= l.since
		JOIN tickets t ON t.id = c.ticket LEFT JOIN read_positions p ON p.person = l.person AND p.ticket = c.ticket AND p.conversation = c.seq `
	const threads = ` FROM mirrors r WHERE r.ticket = c.ticket AND r.conversation = c.seq AND r.thread <> '' AND r.parked = '' AND r.ended = 0`
	b := s.build(`SELECT m.ticket, m.conversation, m.seq, m.body_seq, 0 AS asked,
		CASE WHEN c.starter = l.person THEN 1 ELSE 0 END AS starter, CASE WHEN t.assignee = l.person THEN 1 ELSE 0 END AS assignee,
		CASE WHEN l.since > l.left_seq THEN 1 ELSE 0 END AS part, c.attached,
		CASE WHEN EXISTS (SELECT 1`+threads+` AND EXISTS (SELECT 1 FROM accounts k
			WHERE k.person = l.person AND k.surface = r.surface AND k.workspace = r.workspace)) THEN 1 ELSE 0 END AS called`+rows+`
		JOIN messages m ON m.ticket = c.ticket AND m.conversation = c.seq AND m.seq > l.told AND m.seq > COALESCE(p.upto, 0) AND m.deleted_seq = 0
		WHERE l.due > 0 AND l.person = ? AND m.author <> ? AND NOT EXISTS (SELECT 1`+threads+` AND r.surface = l.chat)`, person, person).visible(person)
	b.add(` UNION ALL SELECT a.ticket, a.conversation, a.seq, a.seq, 1, 0, 0, 0, 0, 0`+rows+`
		JOIN approvals a ON a.ticket = c.ticket AND a.conversation = c.seq AND a.seq > l.told AND a.state = 'pending'
		JOIN approvers v ON v.ticket = a.ticket AND v.approval = a.seq AND v.person = l.person AND v.state = 'pending'
		WHERE l.due > 0 AND l.person = ? AND NOT EXISTS (SELECT 1`+threads+` AND EXISTS (SELECT 1 FROM accounts k
			WHERE k.person = l.person AND k.surface = r.surface AND k.workspace = r.workspace))`, person).visible(person)
	b.add(" ORDER BY 1 DESC, 3 DESC LIMIT ?", int64(limit))
	return s.newsOf(ctx, person, b)
}

// Unreachable records that an account cannot be told anything and what to do about it;
// an empty code records that it can.
func (s *Store) Unreachable(ctx context.Context, a bridge.Account, code, remedy string) error {
	var at int64
	if code != "" {
		at = bridge.Micros(s.now())
	}
	_, err := s.exec(ctx, `UPDATE accounts SET unreachable = ?, unreachable_remedy = ?, unreachable_at = ?
		WHERE surface = ? AND workspace = ? AND id = ? AND (unreachable <> ? OR unreachable_remedy <> ?)`,
		code, remedy, at, a.Surface, a.Workspace, a.ID, code, remedy)
	if err != nil {
		return fmt.Errorf("record whether an account can be told: %w", err)
	}
	return nil
}

// ChatAccounts calls each for a person's accounts in chats, with why nobody can be told
// there, what to do about it, and since when; the first two are empty while it works.
func (s *Store) ChatAccounts(ctx context.Context, person string, each func(k bridge.Known, unreachable, remedy string, since time.Time)) error {
	return s.chatAccounts(ctx, "a.person = ?", each, person)
}

// UnreachableAccounts calls each for people's accounts in which they cannot be told anything.
func (s *Store) UnreachableAccounts(ctx context.Context, each func(k bridge.Known, unreachable, remedy string, since time.Time)) error {
	return s.chatAccounts(ctx, "a.unreachable <> ''", each)
}

func (s *Store) chatAccounts(ctx context.Context, where string, each func(bridge.Known, string, string, time.Time), args ...any) error {
	var rows []struct {
		Surface     string `db:"surface"`
		Workspace   string `db:"workspace"`
		ID          string `db:"id"`
		Name        string `db:"name"`
		Person      string `db:"person"`
		Unreachable string `db:"unreachable"`
		Remedy      string `db:"unreachable_remedy"`
		At          int64  `db:"unreachable_at"`
	}
	err := s.list(ctx, &rows, `SELECT a.surface, a.workspace, a.id, a.name, a.person, a.unreachable, a.unreachable_remedy, a.unreachable_at
		FROM accounts a JOIN people p ON p.id = a.person AND p.disabled = 0 WHERE a.surface IN ('slack', 'discord') AND `+where+`
		ORDER BY CASE a.surface WHEN 'slack' THEN 0 ELSE 1 END, a.workspace, a.id`, args...)
	for _, r := range rows {
		account := bridge.Account{Surface: r.Surface, Workspace: r.Workspace, ID: r.ID}
		each(bridge.Known{Account: account, Person: r.Person, Name: r.Name}, r.Unreachable, r.Remedy, bridge.FromMicros(r.At))
	}
	return err
}
