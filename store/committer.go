package store

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/jmoiron/sqlx"

	"github.com/sidebridge/sidebridge/bridge"
)

// maxBatch is the most appends that one transaction takes.
const maxBatch = 64

// batchTimeout bounds a transaction, so that a database that hangs shows as an error.
const batchTimeout = 30 * time.Second

// ErrClosed answers appends to a store that is being closed.
var ErrClosed = errors.New("the store is closed")

// committer runs appends: those that wait at the same time go into one
// transaction. It has no timer, so a single caller waits for nobody.
type committer struct {
	s    *Store
	in   chan *pending
	quit chan struct{} // closed: take nothing more
	gone chan struct{} // closed: nobody is there to answer
	wg   sync.WaitGroup
}

type pending struct {
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
	c := &committer{s: s, in: make(chan *pending, 4*maxBatch), quit: make(chan struct{}), gone: make(chan struct{})}
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
	p := &pending{cmd: cmd, done: make(chan answer, 1)}
	select {
	case <-s.commit.quit:
		return bridge.Result{}, ErrClosed
	case <-ctx.Done():
		return bridge.Result{}, context.Cause(ctx)
	case s.commit.in <- p:
	}
	select {
	case a := <-p.done:
		return a.res, a.err
	case <-ctx.Done():
		return bridge.Result{}, context.Cause(ctx)
	case <-s.commit.gone:
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
func (c *committer) gather(first *pending) []*pending {
	batch := []*pending{first}
	for len(batch) < maxBatch {
		select {
		case p := <-c.in:
			batch = append(batch, p)
		default:
			return batch
		}
	}
	return batch
}

func (c *committer) refuseRest() {
	for {
		select {
		case p := <-c.in:
			p.done <- answer{err: ErrClosed}
		default:
			return
		}
	}
}

// commit runs a batch in one transaction. When the transaction fails, its
// members are run one by one, so that a bad one never fails its neighbours.
func (c *committer) commit(batch []*pending) {
	answers, tickets, err := c.s.runBatch(batch)
	if err != nil && len(batch) > 1 {
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
		return nil, nil, err
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
		answers[i].res, answers[i].err = bridge.Decide(st, cmd)
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
