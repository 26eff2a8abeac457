package store

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/jmoiron/sqlx"

	"github.com/sidebridge/sidebridge/bridge"
)

// readLogs reads all entries of the tickets whose log a command needs, and names
// their messages for readMessages.
func (l *loader) readLogs(ctx context.Context) error {
	for _, id := range anys(l.all.logs) {
		var rows []entryRow
		if err := l.s.build(entryQuery+"WHERE e.ticket = ? ORDER BY e.seq", id).query(ctx, l.tx, &rows); err != nil {
			return err
		}
		for _, row := range rows {
			e, err := row.entry()
			if err != nil {
				return err
			}
			l.st.Logs[e.Ticket] = append(l.st.Logs[e.Ticket], e)
			l.all.messages[e.ID()] = true // what is no message is not found there
		}
	}
	return nil
}

// dropErased removes the words that were erased, and the bytes that no file has any
// more. SQLite overwrites what it frees only when it is told to.
func (s *Store) dropErased(ctx context.Context, tx *sqlx.Tx, st *bridge.State) error {
	if len(st.Changed.Erased)+len(st.Changed.Blobs) == 0 {
		return nil
	}
	if s.dialect.name == "sqlite" {
		if err := s.build("PRAGMA secure_delete = ON").run(ctx, tx); err != nil {
			return err
		}
	}
	if len(st.Changed.Erased) > 0 {
		gone := changed(st.Changed.Erased, compareIDs, func(id bridge.ID) []any { return []any{id.Ticket, id.Seq} })
		if err := s.build("DELETE FROM contents WHERE (ticket, seq) IN (").tuples(gone).add(")").run(ctx, tx); err != nil {
			return err
		}
	}
	if len(st.Changed.Blobs) == 0 {
		return nil
	}
	return s.build("DELETE FROM blobs WHERE hash").in(anys(st.Changed.Blobs)).
		add(" AND NOT EXISTS (SELECT 1 FROM files f WHERE f.hash = blobs.hash)").run(ctx, tx)
}

// Erase runs a command that erases, and sees to it that the words are not left in
// SQLite's log of writes either. On Postgres they go with the next VACUUM.
func (s *Store) Erase(ctx context.Context, cmd bridge.Command) (bridge.Result, error) {
	res, err := s.Append(ctx, cmd)
	if err == nil && s.dialect.name == "sqlite" {
		if _, err := s.exec(ctx, "PRAGMA wal_checkpoint(TRUNCATE)"); err != nil {
			return res, fmt.Errorf("clear the log of writes: %w", err)
		}
	}
	return res, err
}

// ErasedPerson is a person who was erased.
type ErasedPerson = bridge.ErasedPerson

// ErasePerson erases a person: they can no longer sign in, what the directory knew of
// them goes, and so do the words and names of all that they did on every ticket. A
// pseudonym stays. Should it be interrupted, the same again goes on with it.
func (s *Store) ErasePerson(ctx context.Context, by bridge.Actor, person, reason string) (ErasedPerson, error) {
	reason = strings.TrimSpace(bridge.Clean(reason))
	switch {
	case by.Role != bridge.RoleAdmin:
		return ErasedPerson{}, fmt.Errorf("%w: only an admin may erase", bridge.ErrForbidden)
	case reason == "":
		return ErasedPerson{}, fmt.Errorf("%w: an erasure needs its reason", bridge.ErrInvalid)
	case by.Person == person:
		return ErasedPerson{}, fmt.Errorf("%w: another admin has to erase you", bridge.ErrConflict)
	}
	accounts, err := s.forgetPerson(ctx, by, person, reason)
	if err != nil {
		return ErasedPerson{}, fmt.Errorf("erase person %s: %w", person, err)
	}
	tickets, err := s.ticketsOf(ctx, person, accounts)
	if err != nil {
		return ErasedPerson{}, err
	}
	for _, id := range tickets {
		if _, err := s.Erase(ctx, &bridge.ErasePerson{Actor: by, Ticket: id, Person: person, Accounts: accounts, Reason: reason}); err != nil {
			return ErasedPerson{}, fmt.Errorf("erase person %s on ticket %d: %w", person, id, err)
		}
	}
	text, _ := json.Marshal(append([]int64{}, tickets...)) // unreachable error: numbers always marshal
	if _, err := s.exec(ctx, "UPDATE erasures SET done = ?, tickets = ? WHERE person = ?", bridge.Micros(s.now()), string(text), person); err != nil {
		return ErasedPerson{}, fmt.Errorf("record the erasure of %s: %w", person, err)
	}
	return s.erasedPerson(ctx, person)
}

// forgetPerson removes what the directory knows of a person, and returns the accounts
// that were theirs. What links those to them stays, without names.
func (s *Store) forgetPerson(ctx context.Context, by bridge.Actor, person, reason string) (accounts []bridge.Account, err error) {
	sum := sha256.Sum256([]byte(person))
	pseudonym := "Erased person " + hex.EncodeToString(sum[:3])
	const forget = `UPDATE people SET name = ?, email = '', password = '', disabled = 1, settings = '{}' WHERE id = ?`
	err = s.changePerson(ctx, person, forget, pseudonym, person)
	if err != nil {
		return nil, err
	}
	err = s.within(ctx, func(tx *sqlx.Tx) error {
		for _, b := range []*builder{
			s.build("DELETE FROM two_factor WHERE person = ?", person),
			s.build("DELETE FROM recovery_codes WHERE person = ?", person),
			s.build("DELETE FROM api_tokens WHERE created_by = ?", person),
			s.build("DELETE FROM group_members WHERE person = ?", person),
			s.build("DELETE FROM read_positions WHERE person = ?", person),
			s.build("DELETE FROM accounts WHERE person = ? AND surface = 'oidc'", person),
			s.build("UPDATE accounts SET name = '', email = '' WHERE person = ?", person),
			s.build(`INSERT INTO erasures (person, pseudonym, by_person, reason, began) VALUES (?, ?, ?, ?, ?)
				ON CONFLICT (person) DO UPDATE SET done = 0`, person, pseudonym, by.Person, reason, bridge.Micros(s.now())),
		} {
			if _, err := b.exec(ctx, tx); err != nil {
				return err
			}
		}
		var rows []struct {
			Surface   string `db:"surface"`
			Workspace string `db:"workspace"`
			ID        string `db:"id"`
		}
		err := s.build("SELECT surface, workspace, id FROM accounts WHERE person = ?", person).selectInto(ctx, tx, &rows)
		for _, r := range rows {
			accounts = append(accounts, bridge.Account{Surface: r.Surface, Workspace: r.Workspace, ID: r.ID})
		}
		return err
	})
	return accounts, err
}

// ticketsOf returns the tickets whose log may name the person. What is found by its
// text is judged by the erasure itself.
func (s *Store) ticketsOf(ctx context.Context, person string, accounts []bridge.Account) ([]int64, error) {
	ids := []string{person}
	for _, a := range accounts {
		ids = append(ids, a.ID)
	}
	b := s.build("SELECT DISTINCT ticket FROM entries WHERE ")
	for i, id := range ids {
		if i > 0 {
			b.add(" OR ")
		}
		text, _ := json.Marshal(id) // unreachable error: strings always marshal
		b.add("envelope LIKE ?", "%"+string(text)+"%")
	}
	var tickets []int64
	if err := b.add(" ORDER BY ticket").selectInto(ctx, s.read, &tickets); err != nil {
		return nil, fmt.Errorf("look for the tickets of %s: %w", person, err)
	}
	return tickets, nil
}

type erasureRow struct {
	Person    string `db:"person"`
	Pseudonym string `db:"pseudonym"`
	By        string `db:"by_person"`
	Reason    string `db:"reason"`
	Began     int64  `db:"began"`
	Done      int64  `db:"done"`
	Tickets   string `db:"tickets"`
}

const erasureCols = "person, pseudonym, by_person, reason, began, done, tickets"

func (r erasureRow) erased() (ErasedPerson, error) {
	p := ErasedPerson{Person: r.Person, Pseudonym: r.Pseudonym, By: r.By, Reason: r.Reason, Began: bridge.FromMicros(r.Began)}
	if r.Done != 0 {
		p.Done = bridge.FromMicros(r.Done)
	}
	return p, json.Unmarshal([]byte(r.Tickets), &p.Tickets)
}

func (s *Store) erasedPerson(ctx context.Context, person string) (ErasedPerson, error) {
	var r erasureRow
	if err := s.get(ctx, &r, "SELECT "+erasureCols+" FROM erasures WHERE person = ?", person); err != nil {
		return ErasedPerson{}, fmt.Errorf("erasure of %s: %w", person, err)
	}
	return r.erased()
}

// ErasedPeople returns who was erased, the last one first.
func (s *Store) ErasedPeople(ctx context.Context) ([]ErasedPerson, error) {
	var rows []erasureRow
	if err := s.list(ctx, &rows, "SELECT "+erasureCols+" FROM erasures ORDER BY began DESC, person"); err != nil {
		return nil, fmt.Errorf("list erasures: %w", err)
	}
	out := make([]ErasedPerson, 0, len(rows))
	for _, r := range rows {
		p, err := r.erased()
		if err != nil {
			return nil, fmt.Errorf("erasure of %s: %w", r.Person, err)
		}
		out = append(out, p)
	}
	return out, nil
}
