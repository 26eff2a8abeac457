package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"github.com/sidebridge/sidebridge/bridge"
	"github.com/sidebridge/sidebridge/store"
)

// statement is one that Append ran, with its arguments.
type statement struct {
	query string
	args  []any
}

// raw runs the traced statements of one append as one transaction each, straight
// on the database, for one round: by pgbench on Postgres, in a bare loop on SQLite.
func (b *bench) raw(ctx context.Context) (perSecond float64, err error) {
	if b.driver == "postgres" {
		return b.pgbench(ctx)
	}
	return b.bareLoop(ctx)
}

// traced are the values of the traced append that differ from one to the next.
type traced struct {
	ticket, seq int64
	channel     string
	ref         string
	key         string
}

func (b *bench) traced(ctx context.Context) (traced, error) {
	conv := b.tickets[len(b.tickets)/2]
	entries, err := b.store.Entries(ctx, bridge.SeesAll, conv.Ticket, 0, 1000)
	if err != nil {
		return traced{}, err
	}
	for _, e := range entries {
		if e.Facts.Source != nil && strings.HasSuffix(e.Facts.Source.Ref, fmt.Sprintf("%06d", warmEvents+1)) {
			src := e.Facts.Source
			return traced{conv.Ticket, e.Seq, src.Channel, src.Ref, fmt.Sprintf("slack/%s/%s/m%d", benchTeam, src.Channel, warmEvents+1)}, nil
		}
	}
	return traced{}, errors.New("the traced event is not in the log")
}

var placeholder = regexp.MustCompile(`\$(\d+)`)

// script turns the traced statements into a pgbench script in which ticket, seq
// and the platform's ids are drawn for each transaction.
func (b *bench) script(t traced) string {
	var out strings.Builder
	fmt.Fprintf(&out, "\\set ticket random(%d, %d)\n\\set ref random(1, 1000000000000000)\nBEGIN;\n",
		b.tickets[0].Ticket, b.tickets[len(b.tickets)-1].Ticket)
	for _, s := range b.trace {
		sql := placeholder.ReplaceAllStringFunc(s.query, func(p string) string {
			n, _ := strconv.Atoi(p[1:])
			return t.literal(s.args[n-1])
		})
		sql = strings.Join(strings.Fields(sql), " ")
		if strings.Contains(sql, "FOR UPDATE") {
			out.WriteString(sql + " \\gset\n\\set seq :head + 1\n")
			continue
		}
		out.WriteString(sql + ";\n")
	}
	out.WriteString("COMMIT;\n")
	return out.String()
}

// literal writes an argument as SQL, with the drawn values in the place of the traced ones.
func (t traced) literal(arg any) string {
	switch v := arg.(type) {
	case pq.Int64Array:
		var parts []string
		for _, n := range v {
			parts = append(parts, t.number(n))
		}
		return "ARRAY[" + strings.Join(parts, ",") + "]"
	case pq.StringArray:
		var parts []string
		for _, s := range v {
			parts = append(parts, t.text(s))
		}
		return "ARRAY[" + strings.Join(parts, ",") + "]"
	case pq.ByteaArray:
		var parts []string
		for _, s := range v {
			parts = append(parts, fmt.Sprintf("'\\x%x'", s))
		}
		return "ARRAY[" + strings.Join(parts, ",") + "]"
	case int64:
		return t.number(v)
	default:
		return t.text(fmt.Sprint(v))
	}
}

func (t traced) number(n int64) string {
	switch n {
	case t.ticket:
		return ":ticket"
	case t.seq:
		return ":seq"
	default:
		return strconv.FormatInt(n, 10)
	}
}

func (t traced) text(s string) string {
	switch s {
	case t.channel:
		return "'C' || CAST(:ticket AS TEXT)"
	case t.ref:
		return "CAST(:ref AS TEXT)"
	case t.key:
		return "'key' || CAST(:ref AS TEXT)"
	default:
		return pq.QuoteLiteral(s)
	}
}

var tps = regexp.MustCompile(`tps = ([0-9.]+)`)

// pgbench runs the script with as many clients as there are connections, with
// prepared statements and the planner's settings of the committer's own
// connections, which is pgbench at its best.
func (b *bench) pgbench(ctx context.Context) (float64, error) {
	t, err := b.traced(ctx)
	if err != nil {
		return 0, err
	}
	dir, err := os.MkdirTemp("", "sidebridge-pgbench-")
	if err != nil {
		return 0, err
	}
	defer os.RemoveAll(dir)
	file := filepath.Join(dir, "append.sql")
	script := b.script(t)
	if !b.printed {
		b.printed = true
		fmt.Printf("-- pgbench runs for each event:\n%s-- end of the script\n", shorten(script))
	}
	if err := os.WriteFile(file, []byte(script), 0o600); err != nil {
		return 0, err
	}
	seconds := strconv.Itoa(max(1, int(b.cmd.For.Seconds())))
	clients := strconv.Itoa(b.cmd.Connections)
	cmd := exec.CommandContext(ctx, pgbenchPath(), "-n", "-M", "prepared", "-f", file, "-c", clients, "-j", "2", "-T", seconds, b.dsn)
	cmd.Env = append(os.Environ(), "PGOPTIONS="+store.CommitterOptions)
	out, err := cmd.CombinedOutput()
	if err != nil {
		return 0, fmt.Errorf("pgbench: %w: %s", err, out)
	}
	found := tps.FindSubmatch(out)
	if found == nil {
		return 0, fmt.Errorf("pgbench printed no tps: %s", out)
	}
	return strconv.ParseFloat(string(found[1]), 64)
}

// pgbenchPath finds pgbench in the path or beside the server's binaries.
func pgbenchPath() string {
	if path, err := exec.LookPath("pgbench"); err == nil {
		return path
	}
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/pgbench")
	if len(found) == 0 {
		return "pgbench"
	}
	slices.Sort(found)
	return found[len(found)-1]
}

var long = regexp.MustCompile(`'(\\x[0-9a-f]{40,}|\{"[^']*\})'`)

// shorten keeps the printed script readable: hashes and envelopes are cut.
func shorten(script string) string {
	return long.ReplaceAllStringFunc(script, func(s string) string { return s[:20] + "…'" })
}

// bareLoop runs the statements in a loop of sqlx on one connection, prepared
// once, with the same durability as the store's.
func (b *bench) bareLoop(ctx context.Context) (float64, error) {
	t, err := b.traced(ctx)
	if err != nil {
		return 0, err
	}
	db, err := sqlx.Open("sqlite", "file:"+b.dsn+"?_pragma=journal_mode(WAL)&_pragma=busy_timeout(10000)&_pragma=synchronous(FULL)&_pragma=foreign_keys(1)&_txlock=immediate")
	if err != nil {
		return 0, err
	}
	defer db.Close()
	db.SetMaxOpenConns(1)
	var prepared []*sqlx.Stmt
	for _, s := range b.trace {
		st, err := db.PreparexContext(ctx, s.query)
		if err != nil {
			return 0, err
		}
		prepared = append(prepared, st)
	}
	start, n := time.Now(), 0
	for ; time.Since(start) < b.cmd.For; n++ {
		conv := b.tickets[rand.IntN(len(b.tickets))]
		if err := b.bareAppend(ctx, db, prepared, t, conv); err != nil {
			return 0, err
		}
	}
	return float64(n) / time.Since(start).Seconds(), nil
}

func (b *bench) bareAppend(ctx context.Context, db *sqlx.DB, prepared []*sqlx.Stmt, t traced, conv bridge.ID) error {
	tx, err := db.BeginTxx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback() // after a commit it does nothing
	now := traced{ticket: conv.Ticket, channel: fmt.Sprint("C", conv.Ticket), ref: strconv.FormatUint(rand.Uint64(), 10)}
	now.key = "key" + now.ref
	for i, s := range b.trace {
		args := t.replace(s.args, now)
		if !strings.HasPrefix(s.query, "SELECT") {
			if _, err := tx.StmtxContext(ctx, prepared[i]).ExecContext(ctx, args...); err != nil {
				return fmt.Errorf("%.40s: %w", s.query, err)
			}
			continue
		}
		rows, err := tx.StmtxContext(ctx, prepared[i]).QueryxContext(ctx, args...)
		if err != nil {
			return err
		}
		for rows.Next() {
			cols, err := rows.SliceScan()
			if err != nil {
				return errors.Join(err, rows.Close())
			}
			if strings.Contains(s.query, "FROM tickets") {
				now.seq = cols[1].(int64) + 1
			}
		}
		if err := errors.Join(rows.Err(), rows.Close()); err != nil {
			return err
		}
	}
	return tx.Commit()
}

// replace puts this append's values in the place of the traced ones.
func (t traced) replace(args []any, now traced) []any {
	out := slices.Clone(args)
	for i, a := range out {
		switch a {
		case t.ticket:
			out[i] = now.ticket
		case t.seq:
			out[i] = now.seq
		case t.channel:
			out[i] = now.channel
		case t.ref:
			out[i] = now.ref
		case t.key:
			out[i] = now.key
		}
	}
	return out
}
