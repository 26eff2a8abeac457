package bridge

import (
	"context"
	"sync"
)

// intakeMost is how many messages of a listing are appended at once.
const intakeMost = 64

// intake appends what a listing shows, in order: as much at once as has come while
// the last was appended. A thread with a long past takes few transactions, and what a
// slow listing shows waits for nothing.
type intake struct {
	store RelayStore
	count func(Outcome)
	in    chan Command

	work   sync.WaitGroup
	failed chan struct{} // closed: err says why
	err    error
}

func newIntake(ctx context.Context, s RelayStore, count func(Outcome)) *intake {
	i := &intake{store: s, count: count, in: make(chan Command, intakeMost), failed: make(chan struct{})}
	i.work.Go(func() { i.run(ctx) })
	return i
}

// accept is what a surface's List calls. It reports what went wrong before, so that
// the listing ends.
func (i *intake) accept(ctx context.Context, in Inbound) error {
	select {
	case <-i.failed:
		return i.err
	default:
	}
	select {
	case i.in <- &in:
		return nil
	case <-i.failed:
		return i.err
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

func (i *intake) run(ctx context.Context) {
	for first := range i.in {
		var results []Result
		results, i.err = i.store.AppendAll(ctx, i.gather(first))
		for _, res := range results {
			if res.Outcome != "" {
				i.count(res.Outcome)
			}
		}
		if i.err != nil {
			close(i.failed)
			return
		}
	}
}

func (i *intake) gather(first Command) []Command {
	batch := []Command{first}
	for len(batch) < intakeMost {
		select {
		case next, ok := <-i.in:
			if !ok {
				return batch
			}
			batch = append(batch, next)
		default:
			return batch
		}
	}
	return batch
}

// end waits until everything is appended.
func (i *intake) end() error {
	close(i.in)
	i.work.Wait()
	return i.err
}

// listInto lists a thread and returns its new position when all that it showed is committed.
func (h *holder) listInto(ctx context.Context, m Mirror, known []Copy) (seen string, err error) {
	in := newIntake(ctx, h.r.Store, func(o Outcome) {
		if h.r.CountInbound != nil {
			h.r.CountInbound(o, h.p.Surface.Name())
		}
	})
	defer func() { // also when the surface panics
		if failed := in.end(); failed != nil {
			seen, err = "", failed
		}
	}()
	return h.p.Surface.List(ctx, m, known, func(ctx context.Context, shown Inbound) error {
		shown.AsOf = ID{m.ID.Ticket, m.Head}
		return in.accept(ctx, shown)
	})
}
