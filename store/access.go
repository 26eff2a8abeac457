package store

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/jmoiron/sqlx"

	"github.com/sidebridge/sidebridge/bridge"
)

// accessBatch is how many readings one statement puts on record, within SQLite's
// bound on a statement's arguments.
const accessBatch = 500

// accessesKnown bounds the readings of the present span that are remembered.
const accessesKnown = 50_000

// accessed are the readings of the present span that this daemon has put on record: an open
// page reads all the time, and most of it is no news. The table's own key makes the
// same of what another daemon has, or has forgotten.
type accessed struct {
	mu   sync.Mutex
	span int64
	seen map[string]bool
}

// fresh returns the keys that were not seen in the span.
func (r *accessed) fresh(span int64, keys []string) []bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	out := make([]bool, len(keys))
	for i, key := range keys {
		out[i] = r.span != span || !r.seen[key]
	}
	return out
}

func (r *accessed) add(span int64, keys []string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.span != span || len(r.seen) > accessesKnown {
		r.span, r.seen = span, map[string]bool{}
	}
	for _, key := range keys {
		r.seen[key] = true
	}
}

// RecordAccess puts on record that somebody reads what is named, by ticket,
// conversation and item, unless they did so by the same way within the same span. It
// is called before anything is shown: what cannot be recorded is not to be read. An
// account is its person's, where one is linked to it. No names are kept but those of programs:
// people's are read from the directory, where an erasure takes them away.
func (s *Store) RecordAccess(ctx context.Context, by bridge.Actor, way bridge.AccessWay, what ...bridge.Access) error {
	if by.Person == "" && by.Account.ID != "" {
		k, err := s.Identify(ctx, by.Account)
		if err != nil {
			return fmt.Errorf("identify who reads: %w", err)
		}
		by.Person = k.Person
	}
	if way != bridge.AccessAPI && way != bridge.AccessCommand {
		by.Name = ""
	}
	now := s.now()
	span := now.UnixMicro() / bridge.AccessSpan.Microseconds()
	keys := make([]string, len(what))
	for i, a := range what {
		keys[i] = strings.Join([]string{
			by.Person, by.Account.Surface, by.Account.Workspace, by.Account.ID, string(way), fmt.Sprint(a.Ticket), fmt.Sprint(a.Conversation), a.Item,
		}, "\x00")
	}
	var rows [][]any
	for i, fresh := range s.accessed.fresh(span, keys) {
		if fresh {
			rows = append(rows, []any{
				uuid.Must(uuid.NewV7()).String(), bridge.Micros(now), span, by.Person, string(by.Role), by.Name,
				by.Account.Surface, by.Account.Workspace, by.Account.ID, string(way), what[i].Ticket, what[i].Conversation, what[i].Item,
			})
		}
	}
	for len(rows) > 0 {
		n := min(len(rows), accessBatch)
		_, err := s.build(`INSERT INTO accesses (id, at, span, person, role, name, surface, workspace, account, way, ticket, conversation, item) `).
			tuples(rows[:n]).add(" WHERE true ON CONFLICT DO NOTHING").exec(ctx, s.other) // without WHERE, SQLite takes ON for a join
		if err != nil {
			return fmt.Errorf("record who reads: %w", err)
		}
		rows = rows[n:]
	}
	s.accessed.add(span, keys)
	return nil
}

type accessRow struct {
	ID           string `db:"id"`
	At           int64  `db:"at"`
	Person       string `db:"person"`
	Role         string `db:"role"`
	Name         string `db:"name"`
	Surface      string `db:"surface"`
	Workspace    string `db:"workspace"`
	Account      string `db:"account"`
	Way          string `db:"way"`
	Ticket       int64  `db:"ticket"`
	Conversation int64  `db:"conversation"`
	Item         string `db:"item"`
}

func (r accessRow) access() bridge.Access {
	return bridge.Access{
		At: bridge.FromMicros(r.At), Way: bridge.AccessWay(r.Way), Ticket: r.Ticket, Conversation: r.Conversation, Item: r.Item,
		By: bridge.Actor{
			Person: r.Person, Role: bridge.Role(r.Role), Name: r.Name,
			Account: bridge.Account{Surface: r.Surface, Workspace: r.Workspace, ID: r.Account},
		},
		Position: fmt.Sprintf("%d.%s", r.At, r.ID),
	}
}

// Accesses calls each for the readings that a query selects, the newest first, until
// its limit or an error.
func (s *Store) Accesses(ctx context.Context, q bridge.AccessQuery, each func(bridge.Access) error) error {
	b := s.build(`SELECT a.id, a.at, a.person, a.role, CASE WHEN a.name <> '' THEN a.name ELSE COALESCE(p.name, k.name, '') END AS name,
		a.surface, a.workspace, a.account, a.way, a.ticket, a.conversation, a.item FROM accesses a LEFT JOIN people p ON p.id = a.person
		LEFT JOIN accounts k ON k.surface = a.surface AND k.workspace = a.workspace AND k.id = a.account
		WHERE a.at >= ? AND a.at < ?`, micros(q.From, 0), micros(q.Until, 1<<62))
	if q.Person != "" {
		b.add(" AND a.person = ?", q.Person)
	}
	if q.Way != "" {
		b.add(" AND a.way = ?", string(q.Way))
	}
	if q.Ticket != 0 {
		b.add(" AND a.ticket = ?", q.Ticket)
	}
	if q.Conversation != 0 {
		b.add(" AND a.conversation = ?", q.Conversation)
	}
	if q.Before != "" {
		at, id, err := position(q.Before)
		if err != nil {
			return err
		}
		b.add(" AND (a.at < ? OR a.at = ? AND a.id < ?)", at, at, id)
	}
	var rows []accessRow
	if err := b.add(" ORDER BY a.at DESC, a.id DESC LIMIT ?", int64(q.Limit)).selectInto(ctx, s.read, &rows); err != nil {
		return err
	}
	for _, r := range rows {
		if err := each(r.access()); err != nil {
			return err
		}
	}
	return nil
}

// micros is a time in microseconds, or another number where there is none.
func micros(t time.Time, none int64) int64 {
	if t.IsZero() {
		return none
	}
	return bridge.Micros(t)
}

// position reads a place in a list that is ordered by time and id.
func position(text string) (at int64, id string, err error) {
	if _, err := fmt.Sscanf(text, "%d.", &at); err != nil {
		return 0, "", fmt.Errorf("%w: %q is no place in the list", bridge.ErrInvalid, text)
	}
	_, id, _ = strings.Cut(text, ".")
	return at, id, nil
}

// DropAccesses removes the readings from before a time, since which they are kept, and
// says so in the record of changed settings. Only this way does the database let any go.
func (s *Store) DropAccesses(ctx context.Context, before time.Time) (dropped int64, err error) {
	at := bridge.Micros(before)
	err = s.within(ctx, func(tx *sqlx.Tx) error {
		if _, err := s.build("UPDATE access_kept SET since = ? WHERE since < ?", at, at).exec(ctx, tx); err != nil {
			return err
		}
		if dropped, err = s.build("DELETE FROM accesses WHERE at < ?", at).exec(ctx, tx); err != nil || dropped == 0 {
			return err
		}
		return s.recordChange(ctx, tx, bridge.System(), "access log", "who read what", fmt.Sprintf("%d readings from before %s", dropped, before.UTC().Format("2 Jan 2006")), "removed, as the configuration says")
	})
	if err != nil {
		return 0, fmt.Errorf("remove old readings: %w", err)
	}
	return dropped, nil
}

// AccessesSince returns since when all readings are on record: the zero time when none
// was ever removed.
func (s *Store) AccessesSince(ctx context.Context) (time.Time, error) {
	var since int64
	if err := s.get(ctx, &since, "SELECT since FROM access_kept"); err != nil || since == 0 {
		return time.Time{}, err
	}
	return bridge.FromMicros(since), nil
}
