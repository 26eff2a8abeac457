package store

import (
	"cmp"
	"context"
	"fmt"
	"time"

	"github.com/sidebridge/sidebridge/bridge"
)

// listenerRow is a row of listeners; Head is filled only where it is asked for.
type listenerRow struct {
	Ticket       int64  `db:"ticket"`
	Conversation int64  `db:"conversation"`
	Person       string `db:"person"`
	Told         int64  `db:"told"`
	Was          int64  `db:"was"`
	Due          int64  `db:"due"`
	Begun        int64  `db:"begun"`
	Attempts     int64  `db:"attempts"`
	Head         int64  `db:"head"`
}

const listenerCols = `l.ticket, l.conversation, l.person, l.told, l.was, l.due, l.begun, l.attempts`

var listenerTable = table{name: "listeners", keys: 3, cols: []string{
	"ticket", "conversation", "person", "told", "was", "due", "begun", "attempts",
}}

func (r listenerRow) listener() bridge.Listener {
	return bridge.Listener{
		ListenerKey: bridge.ListenerKey{Conversation: bridge.ID{Ticket: r.Ticket, Seq: r.Conversation}, Person: r.Person},
		Told:        r.Told, Was: r.Was, Due: bridge.FromMicros(r.Due), Begun: bridge.FromMicros(r.Begun),
		Attempts: int(r.Attempts), Head: r.Head,
	}
}

func listenerValues(l *bridge.Listener) []any {
	return []any{
		l.Conversation.Ticket, l.Conversation.Seq, l.Person, l.Told, l.Was,
		bridge.Micros(l.Due), bridge.Micros(l.Begun), int64(l.Attempts),
	}
}

func compareListeners(a, b bridge.ListenerKey) int {
	return cmp.Or(compareIDs(a.Conversation, b.Conversation), cmp.Compare(a.Person, b.Person))
}

func (s *Store) listeners(ctx context.Context, where string, args ...any) ([]bridge.Listener, error) {
	var rows []listenerRow
	err := s.list(ctx, &rows, "SELECT "+listenerCols+", t.head FROM listeners l JOIN tickets t ON t.id = l.ticket WHERE "+where, args...)
	out := make([]bridge.Listener, len(rows))
	for i, r := range rows {
		out[i] = r.listener()
	}
	return out, err
}

// DueListeners returns up to limit rows that are due, those due first first.
func (s *Store) DueListeners(ctx context.Context, now time.Time, limit int) ([]bridge.Listener, error) {
	return s.listeners(ctx, "l.due > 0 AND l.due <= ? ORDER BY l.due, l.ticket, l.conversation, l.person LIMIT ?", bridge.Micros(now), limit)
}

// BegunListeners returns up to limit rows of which a call was begun and not settled.
func (s *Store) BegunListeners(ctx context.Context, limit int) ([]bridge.Listener, error) {
	return s.listeners(ctx, "l.begun > 0 ORDER BY l.begun LIMIT ?", limit)
}

// Untold returns up to limit messages and requests for approval, oldest first, of the
// conversations whose rows are due for a person: what they may see, have not read and were
// not told. The thread of a chat in which they wrote tells them itself, and a request
// names the people it is for in the chats where they have accounts.
func (s *Store) Untold(ctx context.Context, person string, limit int) ([]bridge.News, error) {
	const rows = ` FROM listeners l JOIN conversations c ON c.ticket = l.ticket AND c.seq = l.conversation AND c.open = 1
		JOIN tickets t ON t.id = c.ticket LEFT JOIN read_positions p ON p.person = l.person AND p.ticket = c.ticket AND p.conversation = c.seq `
	const threads = ` FROM mirrors r WHERE r.ticket = c.ticket AND r.conversation = c.seq AND r.thread <> '' AND r.parked = '' AND r.ended = 0`
	b := s.build(`SELECT m.ticket, m.conversation, m.seq, m.body_seq, 0 AS asked,
		CASE WHEN c.starter = l.person THEN 1 ELSE 0 END AS starter, CASE WHEN t.assignee = l.person THEN 1 ELSE 0 END AS assignee`+rows+`
		JOIN messages m ON m.ticket = c.ticket AND m.conversation = c.seq AND m.seq > l.told AND m.seq > COALESCE(p.upto, 0) AND m.deleted_seq = 0
		WHERE l.due > 0 AND l.person = ? AND m.author <> ? AND NOT EXISTS (SELECT 1`+threads+` AND EXISTS (SELECT 1 FROM messages w
			WHERE w.ticket = c.ticket AND w.conversation = c.seq AND w.author = l.person AND w.surface = r.surface))`, person, person).visible(person)
	b.add(` UNION ALL SELECT a.ticket, a.conversation, a.seq, a.seq, 1, 0, 0`+rows+`
		JOIN approvals a ON a.ticket = c.ticket AND a.conversation = c.seq AND a.seq > l.told AND a.state = 'pending'
		JOIN approvers v ON v.ticket = a.ticket AND v.approval = a.seq AND v.person = l.person AND v.state = 'pending'
		WHERE l.due > 0 AND l.person = ? AND NOT EXISTS (SELECT 1`+threads+` AND EXISTS (SELECT 1 FROM accounts k
			WHERE k.person = l.person AND k.surface = r.surface AND k.workspace = r.workspace))`, person).visible(person)
	b.add(" ORDER BY 1 DESC, 3 DESC LIMIT ?", int64(limit))
	return s.newsOf(ctx, b)
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
