// Package store keeps the log, the readers' cursors and the tables of the
// directory through sqlx, on SQLite (the default) and on Postgres.
//
// # Schema
//
// migrations/ has the tables; design words are column names. entries and contents
// are the log: the database itself refuses to change an entry. tickets,
// conversations, messages, mirrors, copies and files are the present state, each
// row set by an entry, written in the same transaction; so are reactions, which an
// entry also removes. deliveries are calls that were begun and not yet passed by their
// mirror's cursor. positions are how far adapters have followed their connections:
// when the last of them is lost, a platform repeats what was committed.
//
// # One text for both databases
//
// Every query is written once, with ? placeholders and standard SQL that both
// databases speak (ON CONFLICT, RETURNING, VALUES lists, UPDATE FROM). The few
// differences are methods of dialect. Times are integer microseconds UTC.
//
// # Locks
//
// Postgres: a transaction that adds entries locks its tickets in order of their
// ids (SELECT … FOR UPDATE) and touches nothing of a ticket it has not locked.
// Whoever holds a ticket's row may change its conversations, mirrors, deliveries,
// copies and files. Lease rows are read FOR SHARE, and the database's own clock says
// when a lease has run out, since daemons' clocks may differ. SQLite: one writer
// connection, BEGIN IMMEDIATE.
package store

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/jmoiron/sqlx"
	_ "github.com/lib/pq"  // the Postgres driver
	_ "modernc.org/sqlite" // the SQLite driver, without cgo

	"github.com/sidebridge/sidebridge/bridge"
)

// Options say which database to open and how.
type Options struct {
	// Driver is "sqlite" or "postgres".
	Driver string
	// DSN is a file's path for SQLite, a libpq connection string or URL for Postgres.
	DSN string
	// Now is the clock; nil means time.Now.
	Now func() time.Time
	Log *slog.Logger
	// Holder names this daemon in leases. With the same name as in an earlier life,
	// and certainty that that life has ended, FreeLeases gives its leases up at
	// once. Empty: a name that nobody else has.
	Holder string
	// RecordOnly: a reply on a closed conversation is recorded without reopening it.
	RecordOnly bool
	// NoReactionRules: a reaction to a card is no gesture, neither closes nor takes.
	NoReactionRules bool
	// ManyPeople is how many people a conversation may have before adding one more must be
	// confirmed; zero means bridge.ManyPeople, and less than zero that nothing need be.
	ManyPeople int
	// CustomerWebhook: new tickets get a reader for the customer's replies.
	CustomerWebhook bool
	// NoticeGrace is how long people have for reading before they are told in a chat;
	// zero means bridge.NoticeGrace.
	NoticeGrace time.Duration
	// Trace is told of every statement that an append runs, for benchmarks that
	// compare with the same statements; nil otherwise.
	Trace func(query string, args []any)
	// Readers is the size of SQLite's read pool, or of the whole Postgres pool; zero means a default.
	Readers int
}

// Store is the database. It is safe for use by many goroutines.
type Store struct {
	dialect dialect
	read    *sqlx.DB
	write   *sqlx.DB
	// other runs what is outside the log. On Postgres it is not the committer's pool:
	// a lease that waits for a batch must not hold the connection that the batch needs.
	other *sqlx.DB
	now   func() time.Time
	log   *slog.Logger
	opts  Options

	prepared  sync.Map // statements of the batch by their text, on Postgres
	commit    *committer
	announcer *announcer // tells other daemons; nil on SQLite
	bell      *bridge.Bell
	holder    string
	accessed  accessed
}

// dialect marks where the two databases differ.
type dialect struct {
	name string // "sqlite" or "postgres"
	blob string // the type of bytes
	// forUpdate and forShare lock rows; SQLite's single writer needs neither.
	forUpdate, forShare string
	// skipLocked locks rows and leaves out those that somebody else has locked.
	skipLocked string
}

var errDriver = errors.New(`database driver must be "sqlite" or "postgres"`)

// Open opens the database and its committer. It does not migrate: call Migrate.
func Open(ctx context.Context, o Options) (*Store, error) {
	s := &Store{now: o.Now, log: o.Log, opts: o, bell: bridge.NewBell(), holder: o.Holder}
	if s.holder == "" {
		s.holder = rand.Text()
	}
	if s.now == nil {
		s.now = time.Now
	}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	var err error
	switch o.Driver {
	case "sqlite":
		err = s.openSQLite(ctx, o)
	case "postgres":
		err = s.openPostgres(ctx, o)
	default:
		err = errDriver
	}
	if err != nil {
		return nil, fmt.Errorf("open database: %w", err)
	}
	if s.dialect.name == "postgres" {
		s.announcer = newAnnouncer(s.notify)
	}
	s.other = s.write
	if s.dialect.name == "postgres" {
		s.other = s.read
	}
	s.commit = newCommitter(s)
	return s, nil
}

// openSQLite opens one writer, whose transactions are immediate, and a pool of
// readers. synchronous=FULL, since this is the record of truth.
func (s *Store) openSQLite(ctx context.Context, o Options) error {
	s.dialect = dialect{name: "sqlite", blob: "BLOB"}
	path := "file:" + strings.NewReplacer("?", "%3f", "#", "%23").Replace(o.DSN)
	pragmas := "?_pragma=journal_mode(WAL)&_pragma=busy_timeout(10000)&_pragma=synchronous(FULL)&_pragma=foreign_keys(1)"
	var err error
	if s.write, err = connect(ctx, "sqlite", path+pragmas+"&_txlock=immediate"); err != nil {
		return err
	}
	s.write.SetMaxOpenConns(1)
	if s.read, err = connect(ctx, "sqlite", path+pragmas+"&_pragma=query_only(1)"); err != nil {
		return err
	}
	readers := o.Readers
	if readers == 0 {
		readers = 4
	}
	s.read.SetMaxOpenConns(readers)
	s.read.SetMaxIdleConns(readers)
	return nil
}

// CommitterOptions are the planner's settings of the committer's connections to
// Postgres: look rows up by key.
const CommitterOptions = "-c enable_seqscan=off -c enable_hashjoin=off -c enable_mergejoin=off -c jit=off"

// openPostgres opens a pool for reading and a small one for the committer, whose
// statements always look up a few rows by key. Their plans are made once, often
// while the tables are still small, and must not become scans of tables that grow.
func (s *Store) openPostgres(ctx context.Context, o Options) error {
	s.dialect = dialect{name: "postgres", blob: "BYTEA", forUpdate: " FOR UPDATE", forShare: " FOR SHARE", skipLocked: " FOR UPDATE SKIP LOCKED"}
	var err error
	if s.read, err = connect(ctx, "postgres", o.DSN); err != nil {
		return err
	}
	conns := o.Readers
	if conns == 0 {
		conns = 12
	}
	s.read.SetMaxOpenConns(conns)
	s.read.SetMaxIdleConns(conns)
	if s.write, err = connect(ctx, "postgres", withOption(o.DSN, "options", CommitterOptions)); err != nil {
		return errors.Join(err, s.read.Close())
	}
	s.write.SetMaxOpenConns(4)
	s.write.SetMaxIdleConns(4)
	return nil
}

// withOption adds a connection parameter to a DSN of either form.
func withOption(dsn, key, value string) string {
	if !strings.HasPrefix(dsn, "postgres://") && !strings.HasPrefix(dsn, "postgresql://") {
		return dsn + " " + key + "='" + value + "'"
	}
	sep := "?"
	if strings.Contains(dsn, "?") {
		sep = "&"
	}
	return dsn + sep + key + "=" + url.PathEscape(value)
}

func connect(ctx context.Context, driver, dsn string) (*sqlx.DB, error) {
	db, err := sql.Open(driver, dsn)
	if err != nil {
		return nil, err
	}
	if err := db.PingContext(ctx); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	// sqlx does not know modernc's driver name, so it is told the placeholder style.
	if driver == "sqlite" {
		return sqlx.NewDb(db, "sqlite3"), nil
	}
	return sqlx.NewDb(db, driver), nil
}

// Close stops the committer, after what waits is committed, and closes the database.
func (s *Store) Close() error {
	s.commit.close()
	if s.announcer != nil {
		s.announcer.close()
	}
	err := s.write.Close()
	if s.read != s.write {
		err = errors.Join(err, s.read.Close())
	}
	return err
}

// Options returns what the store was opened with.
func (s *Store) Options() Options { return s.opts }

// Bell rings when something was committed by this daemon, or by another that told us.
func (s *Store) Bell() *bridge.Bell { return s.bell }

// Ping reports whether the database answers.
func (s *Store) Ping(ctx context.Context) error { return s.read.PingContext(ctx) }

// get reads one row; a missing one is bridge.ErrNotFound.
func (s *Store) get(ctx context.Context, dest any, query string, args ...any) error {
	err := s.read.GetContext(ctx, dest, s.read.Rebind(query), args...)
	if errors.Is(err, sql.ErrNoRows) {
		return bridge.ErrNotFound
	}
	return err
}

// list reads rows.
func (s *Store) list(ctx context.Context, dest any, query string, args ...any) error {
	return s.read.SelectContext(ctx, dest, s.read.Rebind(query), args...)
}

// exec runs one statement by itself, outside the log.
func (s *Store) exec(ctx context.Context, query string, args ...any) (int64, error) {
	res, err := s.other.ExecContext(ctx, s.other.Rebind(query), args...)
	if err != nil {
		return 0, err
	}
	return res.RowsAffected()
}

// within runs f in one transaction of its own, outside the log.
func (s *Store) within(ctx context.Context, f func(*sqlx.Tx) error) error {
	tx, err := s.write.BeginTxx(ctx, nil)
	if err != nil {
		return err
	}
	if err := f(tx); err != nil {
		return errors.Join(err, tx.Rollback())
	}
	return tx.Commit()
}
