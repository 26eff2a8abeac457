package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/jmoiron/sqlx"
)

// maxArgs is below what SQLite (32,766) and Postgres (65,535) take in one statement.
const maxArgs = 30000

// builder writes a statement with its arguments, in the dialect's placeholders.
// It exists because the batch writes lists of rows whose length varies.
type builder struct {
	d    dialect
	text strings.Builder
	args []any
}

func (s *Store) build(text string, args ...any) *builder {
	b := &builder{d: s.dialect}
	return b.add(text, args...)
}

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
	if b.d.name == "postgres" {
		b.text.WriteByte('$')
		b.text.WriteString(strconv.Itoa(len(b.args)))
		return
	}
	b.text.WriteByte('?')
}

// tuples appends a VALUES list. Numbers are cast, since Postgres takes an
// untyped parameter in VALUES for text.
func (b *builder) tuples(rows [][]any) *builder {
	b.text.WriteString("VALUES ")
	for i, row := range rows {
		if i > 0 {
			b.text.WriteByte(',')
		}
		b.text.WriteByte('(')
		for j, v := range row {
			if j > 0 {
				b.text.WriteByte(',')
			}
			if _, number := v.(int64); number && i == 0 && b.d.name == "postgres" {
				b.text.WriteString("CAST(")
				b.bind(v)
				b.text.WriteString(" AS BIGINT)")
				continue
			}
			b.bind(v)
		}
		b.text.WriteByte(')')
	}
	return b
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

func (b *builder) selectInto(ctx context.Context, q sqlx.QueryerContext, dest any) error {
	if err := sqlx.SelectContext(ctx, q, dest, b.text.String(), b.args...); err != nil {
		return fmt.Errorf("%s: %w", b.label(), err)
	}
	return nil
}

func (b *builder) exec(ctx context.Context, tx sqlx.ExecerContext) (int64, error) {
	res, err := tx.ExecContext(ctx, b.text.String(), b.args...)
	if err != nil {
		return 0, fmt.Errorf("%s: %w", b.label(), err)
	}
	return res.RowsAffected()
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
}

// put inserts rows or replaces those with the same key.
func (s *Store) put(ctx context.Context, tx *sqlx.Tx, t table, rows [][]any) error {
	per := maxArgs / len(t.cols)
	for len(rows) > 0 {
		n := min(per, len(rows))
		b := s.build("INSERT INTO " + t.name + " (" + strings.Join(t.cols, ", ") + ") ")
		b.plainTuples(rows[:n])
		if !t.final {
			b.text.WriteString(" ON CONFLICT (" + strings.Join(t.cols[:t.keys], ", ") + ") DO UPDATE SET ")
			for i, col := range t.cols[t.keys:] {
				if i > 0 {
					b.text.WriteString(", ")
				}
				b.text.WriteString(col + " = excluded." + col)
			}
		}
		if _, err := b.exec(ctx, tx); err != nil {
			return err
		}
		rows = rows[n:]
	}
	return nil
}

// plainTuples is tuples for INSERT, where the columns give the types.
func (b *builder) plainTuples(rows [][]any) {
	b.text.WriteString("VALUES ")
	for i, row := range rows {
		if i > 0 {
			b.text.WriteByte(',')
		}
		b.list(row)
	}
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
