package web

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/sidebridge/sidebridge/bridge"
)

// The times of looks.
const (
	lookKept = 500 * time.Millisecond // how long a look serves others; shorter than streamAgain
	lookMost = 10 * time.Second       // a look that takes longer is given up for all who wait
)

var errLook = errors.New("looking at the ticket's log broke off")

// looks lets the open pages of one ticket, which all wake together, share one look at
// its log. What they may see of it is each page's own matter.
type looks struct {
	read func(ctx context.Context, ticket, after int64) (*bridge.State, error)
	mu   sync.Mutex
	made map[lookKey]*look
}

// lookKey names a look. Those who hold the same ring have heard of the same news: a
// look that one of them began saw all that the others could have been woken for.
type lookKey struct {
	ticket, after int64
	ring          <-chan struct{}
}

type look struct {
	done chan struct{} // closed when st and err are set
	st   *bridge.State // read only: several pages have it
	err  error
}

func newLooks(read func(context.Context, int64, int64) (*bridge.State, error)) *looks {
	return &looks{read: read, made: map[lookKey]*look{}}
}

// since returns what came into the ticket's log after an entry. ring is the ticket's
// bell, taken before.
func (l *looks) since(ctx context.Context, ring <-chan struct{}, ticket, after int64) (*bridge.State, error) {
	key := lookKey{ticket, after, ring}
	l.mu.Lock()
	k := l.made[key]
	if k == nil {
		k = &look{done: make(chan struct{})}
		l.made[key] = k
		l.mu.Unlock()
		l.take(ctx, key, k)
		return k.st, k.err
	}
	l.mu.Unlock()
	select {
	case <-k.done:
		return k.st, k.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// take looks for all who wait, also when the page that came first is left meanwhile.
func (l *looks) take(ctx context.Context, key lookKey, k *look) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), lookMost)
	defer cancel()
	defer close(k.done)
	k.err = errLook // unless the look comes back
	k.st, k.err = l.read(ctx, key.ticket, key.after)
	kept := lookKept
	if k.err != nil {
		kept = 0
	}
	time.AfterFunc(kept, func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		delete(l.made, key)
	})
}
