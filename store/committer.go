package store

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"github.com/sidebridge/sidebridge/bridge"
)

// maxBatch is how many appends one transaction takes, and one group has at most.
const maxBatch = 64

// batchTimeout bounds a transaction, so that a database that hangs shows as an error.
const batchTimeout = 30 * time.Second

// ErrClosed answers appends to a store that is being closed.
var ErrClosed = errors.New("the store is closed")

// committer runs appends: those that wait at the same time go into one
// transaction. It has no timer, so a single caller waits for nobody.
type committer struct {
	s    *Store
	in   chan []*pending // what must enter in order comes together
	quit chan struct{}   // closed: take nothing more
	gone chan struct{}   // closed: nobody is there to answer
	wg   sync.WaitGroup
}

type pending struct {
	ctx  context.Context // the caller's: who has gone away needs no answer
	cmd  bridge.Command
	done chan answer
}

type answer struct {
	res bridge.Result
	err error
}

// newCommitter starts the workers: one for SQLite's single writer, two for
// Postgres, so that one batch is prepared while the other commits.
func newCommitter(s *Store) *committer {
	c := &committer{s: s, in: make(chan []*pending, 4*maxBatch), quit: make(chan struct{}), gone: make(chan struct{})}
	workers := 1
	if s.dialect.name == "postgres" {
		workers = 2
	}
	for range workers {
		c.wg.Go(c.run)
	}
	return c
}

// Append runs a command in a transaction, possibly together with others. When it
// returns nil the command is committed, when it returns an error of the database
// or of ctx it may or may not be: append the same thing again.
func (s *Store) Append(ctx context.Context, cmd bridge.Command) (bridge.Result, error) {
	p := &pending{ctx: ctx, cmd: cmd, done: make(chan answer, 1)}
	if err := s.commit.hand(ctx, []*pending{p}); err != nil {
		return bridge.Result{}, err
	}
	return s.commit.wait(ctx, p)
}

// AppendAll runs commands in order, in few transactions. One that is refused holds up
// none of the others; the first such error is returned. The results are in the order of
// the commands, with a zero one for each that was refused.
func (s *Store) AppendAll(ctx context.Context, cmds []bridge.Command) ([]bridge.Result, error) {
	var first error
	results := make([]bridge.Result, 0, len(cmds))
	for chunk := range slices.Chunk(cmds, maxBatch) {
		group := make([]*pending, len(chunk))
		for i, cmd := range chunk {
			group[i] = &pending{ctx: ctx, cmd: cmd, done: make(chan answer, 1)}
		}
		if err := s.commit.hand(ctx, group); err != nil {
			return results, err
		}
		for _, p := range group {
			res, err := s.commit.wait(ctx, p)
			if err != nil && first == nil {
				first = err
			}
			results = append(results, res)
		}
	}
	return results, first
}

// hand gives commands to the workers.
func (c *committer) hand(ctx context.Context, group []*pending) error {
	select {
	case <-c.quit:
		return ErrClosed
	case <-ctx.Done():
		return context.Cause(ctx)
	case c.in <- group:
		return nil
	}
}

// wait waits for a command's answer.
func (c *committer) wait(ctx context.Context, p *pending) (bridge.Result, error) {
	select {
	case a := <-p.done:
		return a.res, a.err
	case <-ctx.Done():
		return bridge.Result{}, context.Cause(ctx)
	case <-c.gone:
		select {
		case a := <-p.done: // it was answered in the last moment
			return a.res, a.err
		default:
			return bridge.Result{}, ErrClosed
		}
	}
}

func (c *committer) close() {
	close(c.quit)
	c.wg.Wait()
	close(c.gone)
}

func (c *committer) run() {
	for {
		select {
		case first := <-c.in:
			c.commit(c.gather(first))
		case <-c.quit:
			c.refuseRest()
			return
		}
	}
}

// gather takes what waits now, without waiting for more.
func (c *committer) gather(first []*pending) []*pending {
	batch := slices.Clone(first) // who handed it over still reads it
	for len(batch) < maxBatch {
		select {
		case more := <-c.in:
			batch = append(batch, more...)
		default:
			return batch
		}
	}
	return batch
}

func (c *committer) refuseRest() {
	for {
		select {
		case group := <-c.in:
			for _, p := range group {
				p.done <- answer{err: ErrClosed}
			}
		default:
			return
		}
	}
}

// commit runs a batch in one transaction. When the transaction fails, its
// members are run one by one, so that a bad one never fails its neighbours; but not
// when it is the commit itself that failed, which may have happened all the same.
func (c *committer) commit(batch []*pending) {
	batch = slices.DeleteFunc(batch, func(p *pending) bool { return p.ctx.Err() != nil })
	if len(batch) == 0 {
		return
	}
	answers, tickets, err := c.s.runBatch(batch)
	for range maxReruns {
		if !errors.Is(err, errMoved) && !(len(batch) == 1 && isUnique(err)) {
			break
		}
		answers, tickets, err = c.s.runBatch(batch)
	}
	if err != nil && len(batch) > 1 && !errors.Is(err, errCommit) {
		for _, p := range batch {
			c.commit([]*pending{p})
		}
		return
	}
	if err == nil && len(tickets) > 0 {
		c.s.committed(tickets)
	}
	for i, p := range batch {
		if err != nil {
			p.done <- answer{err: fmt.Errorf("append: %w", err)}
			continue
		}
		p.done <- answers[i]
	}
}

var (
	// errCommit: nobody knows whether the transaction took effect.
	errCommit = errors.New("the commit was not confirmed")
	// errMoved: a row came up, while the batch waited for its locks, of a ticket that
	// it did not lock. It is run again, and finds that ticket first.
	errMoved = errors.New("the batch has to lock one more ticket")
)

// maxReruns bounds how often a batch is run again for a reason that goes away by itself.
const maxReruns = 3

// isUnique reports whether another transaction was quicker with the same key. Run
// again, the append finds what that one made.
func isUnique(err error) bool {
	var pg *pq.Error
	if errors.As(err, &pg) {
		return pg.Code == "23505"
	}
	return err != nil && strings.Contains(err.Error(), "UNIQUE constraint failed")
}

// decide runs one command. A defect that panics fails the transaction, and with it
// just its own append, rather than the daemon in every life in which it comes up.
func decide(st *bridge.State, cmd bridge.Command) (a answer, err error) {
	defer func() {
		if v := recover(); v != nil {
			err = fmt.Errorf("deciding %T panicked: %v\n%s", cmd, v, debug.Stack())
		}
	}()
	a.res, a.err = bridge.Decide(st, cmd)
	return a, nil
}

// runBatch loads what the batch needs under the tickets' locks, decides the
// commands in order, and writes back what changed.
func (s *Store) runBatch(batch []*pending) ([]answer, []int64, error) {
	ctx, cancel := context.WithTimeoutCause(context.Background(), batchTimeout, errors.New("the database took too long"))
	defer cancel()
	tx, err := s.write.BeginTxx(ctx, nil)
	if err != nil {
		return nil, nil, err
	}
	answers, tickets, err := s.decideBatch(ctx, tx, batch)
	if err != nil {
		return nil, nil, errors.Join(err, ignoreDone(tx.Rollback()))
	}
	if err := tx.Commit(); err != nil {
		return nil, nil, fmt.Errorf("%w: %w", errCommit, err)
	}
	return answers, tickets, nil
}

func (s *Store) decideBatch(ctx context.Context, tx *sqlx.Tx, batch []*pending) ([]answer, []int64, error) {
	cmds := make([]bridge.Command, len(batch))
	for i, p := range batch {
		cmds[i] = p.cmd
	}
	st, err := s.load(ctx, tx, cmds)
	if err != nil {
		return nil, nil, err
	}
	answers := make([]answer, len(batch))
	for i, cmd := range cmds {
		if answers[i], err = decide(st, cmd); err != nil {
			return nil, nil, err
		}
	}
	if err := s.flush(ctx, tx, st); err != nil {
		return nil, nil, err
	}
	// A mirror may move without an entry; pages show where it stands.
	touched := maps.Clone(st.Changed.Tickets)
	for id := range st.Changed.Mirrors {
		touched[id.Ticket] = true
	}
	return answers, slices.Collect(maps.Keys(touched)), nil
}
