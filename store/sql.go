package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"
)

// builder writes a statement with its arguments, in the dialect's placeholders.
// It exists because a batch reads and writes lists of rows whose length varies.
// On Postgres a list is one array argument per column, so the text is the same
// for every length and is prepared once; on SQLite it is a VALUES list.
type builder struct {
	s    *Store
	text strings.Builder
	args []any
}

func (s *Store) build(text string, args ...any) *builder {
	b := &builder{s: s}
	return b.add(text, args...)
}

func (b *builder) postgres() bool { return b.s.dialect.name == "postgres" }

// add appends text, in which every ? takes the next of args.
func (b *builder) add(text string, args ...any) *builder {
	for {
		before, after, found := strings.Cut(text, "?")
		b.text.WriteString(before)
		if !found {
			return b
		}
		b.bind(args[0])
		args, text = args[1:], after
	}
}

func (b *builder) bind(arg any) {
	b.args = append(b.args, arg)
	if b.postgres() {
		b.text.WriteByte('$')
		b.text.WriteString(strconv.Itoa(len(b.args)))
		return
	}
	b.text.WriteByte('?')
}

// tuples appends a table of rows, with columns named column1, column2 and so on.
// SQLite uses no index for a row that is IN (VALUES …), but does for IN (SELECT …).
func (b *builder) tuples(rows [][]any) *builder {
	if !b.postgres() {
		b.text.WriteString("SELECT * FROM (")
		b.values(rows)
		b.text.WriteByte(')')
		return b
	}
	b.text.WriteString("SELECT * FROM ")
	b.unnest(rows)
	b.text.WriteString(" AS u(")
	for i := range rows[0] {
		if i > 0 {
			b.text.WriteByte(',')
		}
		b.text.WriteString("column" + strconv.Itoa(i+1))
	}
	b.text.WriteByte(')')
	return b
}

// unnest appends Postgres's unnest over one array per column.
func (b *builder) unnest(rows [][]any) {
	b.text.WriteString("unnest(")
	for i := range rows[0] {
		if i > 0 {
			b.text.WriteByte(',')
		}
		array, typ := column(rows, i)
		b.bind(array)
		b.text.WriteString(typ)
	}
	b.text.WriteByte(')')
}

// column returns one column of rows as an array argument with its type.
func column(rows [][]any, i int) (array any, typ string) {
	switch rows[0][i].(type) {
	case int64:
		out := make(pq.Int64Array, len(rows))
		for j, row := range rows {
			out[j] = row[i].(int64)
		}
		return out, "::bigint[]"
	case []byte:
		out := make(pq.ByteaArray, len(rows))
		for j, row := range rows {
			out[j] = row[i].([]byte)
		}
		return out, "::bytea[]"
	default:
		out := make(pq.StringArray, len(rows))
		for j, row := range rows {
			out[j] = row[i].(string)
		}
		return out, "::text[]"
	}
}

func (b *builder) values(rows [][]any) {
	b.text.WriteString("VALUES ")
	for i, row := range rows {
		if i > 0 {
			b.text.WriteByte(',')
		}
		b.list(row)
	}
}

// list appends a parenthesised list of values.
func (b *builder) list(vals []any) *builder {
	b.text.WriteByte('(')
	for i, v := range vals {
		if i > 0 {
			b.text.WriteByte(',')
		}
		b.bind(v)
	}
	b.text.WriteByte(')')
	return b
}

// in appends a condition that a column is one of vals, which are not empty.
func (b *builder) in(vals []any) *builder {
	if !b.postgres() {
		b.text.WriteString(" IN ")
		b.list(vals)
		return b
	}
	rows := make([][]any, len(vals))
	for i, v := range vals {
		rows[i] = []any{v}
	}
	array, typ := column(rows, 0)
	b.text.WriteString(" = ANY(")
	b.bind(array)
	b.text.WriteString(typ + ")")
	return b
}

// prepareWait is how long a transaction waits for a second connection.
const prepareWait = time.Second

// statement returns the prepared form of the text, which Postgres gets once a
// connection. SQLite parses in less time than it takes to look one up.
func (b *builder) statement(ctx context.Context, tx *sqlx.Tx) (*sqlx.Stmt, error) {
	text := b.text.String()
	if b.s.opts.Trace != nil {
		b.s.opts.Trace(text, b.args)
	}
	if !b.postgres() {
		return tx.PreparexContext(ctx, text)
	}
	if st, ok := b.s.prepared.Load(text); ok {
		return tx.StmtxContext(ctx, st), nil
	}
	// To prepare it for all takes a connection beside the transaction's own. When others
	// hold them all, who may be waiting for this very transaction, it is prepared here alone.
	wait, cancel := context.WithTimeout(ctx, prepareWait)
	st, err := b.s.write.PreparexContext(wait, text)
	late := wait.Err() != nil // lib/pq then says that the statement was cancelled
	cancel()
	if err != nil && late && ctx.Err() == nil {
		return tx.PreparexContext(ctx, text)
	}
	if err != nil {
		return nil, err
	}
	b.s.prepared.Store(text, st)
	return tx.StmtxContext(ctx, st), nil
}

// query reads the rows of a statement of the batch.
func (b *builder) query(ctx context.Context, tx *sqlx.Tx, dest any) error {
	st, err := b.statement(ctx, tx)
	if err == nil {
		err = st.SelectContext(ctx, dest, b.args...)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", b.label(), err)
	}
	return nil
}

// selectInto reads rows outside the batch.
func (b *builder) selectInto(ctx context.Context, q sqlx.QueryerContext, dest any) error {
	if err := sqlx.SelectContext(ctx, q, dest, b.text.String(), b.args...); err != nil {
		return fmt.Errorf("%s: %w", b.label(), err)
	}
	return nil
}

// exec runs a statement outside the batch and returns how many rows it changed.
func (b *builder) exec(ctx context.Context, tx sqlx.ExecerContext) (int64, error) {
	res, err := tx.ExecContext(ctx, b.text.String(), b.args...)
	if err != nil {
		return 0, fmt.Errorf("%s: %w", b.label(), err)
	}
	return res.RowsAffected()
}

// run runs a statement of the batch.
func (b *builder) run(ctx context.Context, tx *sqlx.Tx) error {
	st, err := b.statement(ctx, tx)
	if err == nil {
		_, err = st.ExecContext(ctx, b.args...)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", b.label(), err)
	}
	return nil
}

// label names a statement in errors by its first words, never by its arguments.
func (b *builder) label() string {
	words := strings.Fields(b.text.String())
	return strings.Join(words[:min(4, len(words))], " ")
}

// table is a current-state table that a batch writes as whole rows.
type table struct {
	name string
	keys int // the leading columns that are the primary key
	cols []string
	// final rows are only inserted; a second one is an error.
	final bool
	// where is a further condition of the replacement.
	where string
}

// put inserts rows or replaces those with the same key: on Postgres in one
// statement, on SQLite with one prepared statement for all.
func (s *Store) put(ctx context.Context, tx *sqlx.Tx, t table, rows [][]any) error {
	if len(rows) == 0 {
		return nil
	}
	b := s.build("INSERT INTO " + t.name + " (" + strings.Join(t.cols, ", ") + ") ")
	if b.postgres() {
		b.add("SELECT * FROM ")
		b.unnest(rows)
	} else {
		b.values(rows[:1])
	}
	b.add(t.conflict())
	if b.postgres() {
		return b.run(ctx, tx)
	}
	st, err := b.statement(ctx, tx)
	if err != nil {
		return fmt.Errorf("%s: %w", b.label(), err)
	}
	for _, row := range rows {
		if _, err := st.ExecContext(ctx, row...); err != nil {
			return fmt.Errorf("%s: %w", b.label(), err)
		}
	}
	return nil
}

// conflict says what becomes of a row whose key is there already.
func (t table) conflict() string {
	if t.final {
		return ""
	}
	var set []string
	for _, col := range t.cols[t.keys:] {
		set = append(set, col+" = excluded."+col)
	}
	return " ON CONFLICT (" + strings.Join(t.cols[:t.keys], ", ") + ") DO UPDATE SET " + strings.Join(set, ", ") + t.where
}

func ignoreDone(err error) error {
	if errors.Is(err, sql.ErrTxDone) {
		return nil
	}
	return err
}

func bit(b bool) int64 {
	if b {
		return 1
	}
	return 0
}

// snapshot are the options of a transaction that sees one state of the database.
// SQLite's read transactions do so anyway.
func snapshot(d dialect) *sql.TxOptions {
	if d.name == "postgres" {
		return &sql.TxOptions{Isolation: sql.LevelRepeatableRead, ReadOnly: true}
	}
	return nil
}
