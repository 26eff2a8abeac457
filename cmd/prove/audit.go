package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"

	"github.com/jmoiron/sqlx"

	"github.com/sidebridge/sidebridge/bridge"
	"github.com/sidebridge/sidebridge/store"
	"github.com/sidebridge/sidebridge/store/storetest"
)

type auditCmd struct {
	Mutations int    `default:"1000" help:"How many changes to make, half of them on each database."`
	Seed      uint64 `default:"1" help:"Seed of the random choices."`
}

// Run makes the changes, one at a time, on a record whose verification finds nothing.
func (c *auditCmd) Run(ctx context.Context) error {
	rng := rand.New(rand.NewPCG(c.Seed, 0))
	total := 0
	for i, driver := range []string{"sqlite", "postgres"} {
		n := c.Mutations/2 + i*(c.Mutations%2)
		found, err := c.on(ctx, driver, n, rng)
		if err != nil {
			return fmt.Errorf("%s: %w", driver, err)
		}
		fmt.Printf("%s: mutations=%d found=%d\n", driver, n, found)
		total += found
	}
	fmt.Printf("mutations=%d found=%d\n", c.Mutations, total)
	if total != c.Mutations {
		return errMissed
	}
	return nil
}

func (c *auditCmd) on(ctx context.Context, driver string, n int, rng *rand.Rand) (found int, err error) {
	s, raw, closeAll, err := openBoth(ctx, driver)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, closeAll()) }()
	if err := fillRecord(ctx, s, rng); err != nil {
		return 0, err
	}
	if rep, err := s.Verify(ctx, store.VerifyOptions{}); err != nil || len(rep.Found) > 0 {
		return 0, fmt.Errorf("the untouched record does not verify: %v %v", rep.Found, err)
	}
	m := mutator{db: raw, rng: rng}
	for range n {
		change, err := m.change(ctx)
		for isConstraint(err) { // the database itself refused: another row has that key
			change, err = m.change(ctx)
		}
		if err != nil {
			return found, err
		}
		rep, err := s.Verify(ctx, store.VerifyOptions{})
		if err != nil {
			return found, err
		}
		if named(rep.Found, change) {
			found++
		} else {
			fmt.Printf("%s: not found: %s; findings: %v\n", driver, change.what, rep.Found)
		}
		if err := change.undo(ctx); err != nil {
			return found, fmt.Errorf("undo %s: %w", change.what, err)
		}
	}
	if rep, err := s.Verify(ctx, store.VerifyOptions{}); err != nil || len(rep.Found) > 0 {
		return found, fmt.Errorf("the record does not verify after undoing all: %v %v", rep.Found, err)
	}
	return found, nil
}

// named reports whether a finding names the changed row's ticket and, for the
// log itself, the changed entry as the first wrong one.
func named(found []bridge.Finding, c change) bool {
	for _, f := range found {
		if f.Ticket != c.ticket {
			continue
		}
		if c.entry == 0 || f.Seq == c.entry {
			return true
		}
	}
	return false
}

// openBoth opens a fresh store and a second, raw connection to the same database
// with its guards taken off, as somebody with access to the server could have.
func openBoth(ctx context.Context, driver string) (s *store.Store, raw *sqlx.DB, closeAll func() error, err error) {
	dsn, drop, err := freshDatabase(driver, false)
	if err != nil {
		return nil, nil, nil, err
	}
	if s, err = openStore(ctx, driver, dsn, store.Options{}); err != nil {
		return nil, nil, nil, errors.Join(err, drop())
	}
	guards := []string{"SET session_replication_role = replica"}
	name, rawDSN := "postgres", dsn
	if driver == "sqlite" {
		name, rawDSN = "sqlite", "file:"+dsn+"?_pragma=busy_timeout(10000)"
		guards = []string{"DROP TRIGGER entries_unchanged", "DROP TRIGGER entries_kept", "DROP TRIGGER contents_unchanged", "PRAGMA foreign_keys = OFF"}
	}
	if raw, err = sqlx.Open(name, rawDSN); err != nil {
		return nil, nil, nil, errors.Join(err, s.Close(), drop())
	}
	raw.SetMaxOpenConns(1)
	for _, g := range guards {
		if _, err := raw.ExecContext(ctx, g); err != nil {
			return nil, nil, nil, errors.Join(err, raw.Close(), s.Close(), drop())
		}
	}
	return s, raw, func() error { return errors.Join(raw.Close(), s.Close(), drop()) }, nil
}

func openStore(ctx context.Context, driver, dsn string, o store.Options) (*store.Store, error) {
	o.Driver, o.DSN = driver, dsn
	s, err := store.Open(ctx, o)
	if err != nil {
		return nil, err
	}
	if err := s.Migrate(ctx); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

// freshDatabase makes an empty database that drop throws away. durable keeps
// fsync on, as in production.
func freshDatabase(driver string, durable bool) (dsn string, drop func() error, err error) {
	if driver == "sqlite" {
		dir, err := os.MkdirTemp("", "sidebridge-prove-")
		if err != nil {
			return "", nil, err
		}
		return filepath.Join(dir, "sidebridge.db"), func() error { return os.RemoveAll(dir) }, nil
	}
	cluster, err := storetest.StartCluster(storetest.Options{Durable: durable})
	if err != nil {
		return "", nil, err
	}
	if err := cluster.CreateDatabase("prove"); err != nil {
		return "", nil, errors.Join(err, cluster.Stop())
	}
	return cluster.DSN("prove"), cluster.Stop, nil
}

// fillRecord makes a few tickets with everything that a record can hold.
func fillRecord(ctx context.Context, s *store.Store, rng *rand.Rand) error {
	for i := range 4 {
		d := &dialogue{s: s, place: bridge.Place{Surface: "slack", Workspace: "T1", Channel: fmt.Sprint("C", i)}}
		if err := d.start(ctx, fmt.Sprint("Question ", i)); err != nil {
			return err
		}
		for range 20 {
			if err := d.step(ctx, rng); err != nil {
				return err
			}
		}
	}
	return nil
}

// mutator changes one byte or one row of the record's tables.
type mutator struct {
	db  *sqlx.DB
	rng *rand.Rand
}

// change is one change, and how to take it back.
type change struct {
	what   string
	ticket int64
	entry  int64 // the entry that must be named, for changes of the log itself
	undo   func(context.Context) error
}

var mutated = []struct {
	table string
	keys  []string
}{
	{"entries", []string{"ticket", "seq"}},
	{"contents", []string{"ticket", "seq"}},
	{"messages", []string{"ticket", "seq"}},
	{"copies", []string{"surface", "workspace", "channel", "ref"}},
}

func (m *mutator) change(ctx context.Context) (change, error) {
	pick := mutated[m.rng.IntN(len(mutated))]
	rows, cols, err := m.rows(ctx, pick.table)
	if err != nil {
		return change{}, err
	}
	old := rows[m.rng.IntN(len(rows))]
	c := change{ticket: toInt(old["ticket"])}
	if pick.table == "entries" || pick.table == "contents" {
		c.entry = toInt(old["seq"])
	}
	where := func(row map[string]any) (string, []any) {
		var conds []string
		var args []any
		for _, k := range pick.keys {
			conds = append(conds, k+" = ?")
			args = append(args, row[k])
		}
		return strings.Join(conds, " AND "), args
	}
	remove := func(ctx context.Context, row map[string]any) error {
		cond, args := where(row)
		return m.one(ctx, "DELETE FROM "+pick.table+" WHERE "+cond, args...)
	}
	insert := func(ctx context.Context, row map[string]any) error {
		var args []any
		for _, col := range cols {
			args = append(args, row[col])
		}
		return m.one(ctx, "INSERT INTO "+pick.table+" ("+strings.Join(cols, ", ")+") VALUES (?"+strings.Repeat(", ?", len(cols)-1)+")", args...)
	}
	switch m.rng.IntN(6) {
	case 0:
		c.what = fmt.Sprintf("a row of %s deleted", pick.table)
		c.undo = func(ctx context.Context) error { return insert(ctx, old) }
		return c, remove(ctx, old)
	case 1:
		forged := clone(old)
		last := pick.keys[len(pick.keys)-1]
		forged[last] = another(old[last])
		c.what, c.entry = fmt.Sprintf("a row of %s forged", pick.table), 0
		c.undo = func(ctx context.Context) error { return remove(ctx, forged) }
		return c, insert(ctx, forged)
	default:
		changed, col := m.flip(old, cols)
		c.what = fmt.Sprintf("%s.%s changed from %.60v to %.60v", pick.table, col, old[col], changed[col])
		c.undo = func(ctx context.Context) error { return errors.Join(remove(ctx, changed), insert(ctx, old)) }
		if err := remove(ctx, old); err != nil {
			return c, err
		}
		if err := insert(ctx, changed); err != nil {
			return c, errors.Join(err, insert(ctx, old))
		}
		return c, nil
	}
}

func isConstraint(err error) bool {
	return err != nil && (strings.Contains(err.Error(), "constraint failed") || strings.Contains(err.Error(), "constraint \""))
}

// another returns a key that no row has.
func another(key any) any {
	switch k := key.(type) {
	case int64:
		return k + 100000
	default:
		return fmt.Sprint(toText(k), "9")
	}
}

func clone(row map[string]any) map[string]any {
	out := map[string]any{}
	for k, v := range row {
		out[k] = v
	}
	return out
}

// flip changes one byte of one column: of a number one of its low two bytes.
func (m *mutator) flip(old map[string]any, cols []string) (map[string]any, string) {
	row := clone(old)
	for {
		col := cols[m.rng.IntN(len(cols))]
		switch v := old[col].(type) {
		case int64:
			row[col] = v ^ int64(1+m.rng.IntN(255))<<(8*m.rng.IntN(2))
		case string:
			if v == "" {
				continue
			}
			b := []byte(v)
			i := m.rng.IntN(len(b))
			b[i] = byte('a' + (int(b[i])+1+m.rng.IntN(25))%26)
			if string(b) == v {
				continue
			}
			row[col] = string(b)
		case []byte:
			if len(v) == 0 {
				continue
			}
			b := append([]byte(nil), v...)
			b[m.rng.IntN(len(b))] ^= byte(1 + m.rng.IntN(255))
			row[col] = b
		default:
			continue
		}
		return row, col
	}
}

// rows reads a whole table; text columns come as strings, bytes as bytes.
func (m *mutator) rows(ctx context.Context, table string) ([]map[string]any, []string, error) {
	rows, err := m.db.QueryxContext(ctx, "SELECT * FROM "+table)
	if err != nil {
		return nil, nil, err
	}
	defer rows.Close()
	types, err := rows.ColumnTypes()
	if err != nil {
		return nil, nil, err
	}
	var cols []string
	for _, t := range types {
		cols = append(cols, t.Name())
	}
	var out []map[string]any
	for rows.Next() {
		row := map[string]any{}
		if err := rows.MapScan(row); err != nil {
			return nil, nil, err
		}
		for _, t := range types {
			if b, ok := row[t.Name()].([]byte); ok && t.DatabaseTypeName() == "TEXT" {
				row[t.Name()] = string(b)
			}
		}
		out = append(out, row)
	}
	return out, cols, rows.Err()
}

func (m *mutator) one(ctx context.Context, query string, args ...any) error {
	res, err := m.db.ExecContext(ctx, m.db.Rebind(query), args...)
	if err != nil {
		return err
	}
	if n, err := res.RowsAffected(); err != nil || n != 1 {
		return fmt.Errorf("%s: %d rows, %v", strings.Fields(query)[0], n, err)
	}
	return nil
}

func toInt(v any) int64 { n, _ := v.(int64); return n }

func toText(v any) string {
	if b, ok := v.([]byte); ok {
		return string(b)
	}
	return fmt.Sprint(v)
}
