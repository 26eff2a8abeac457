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
	lookKept = 200 * time.Millisecond // how long a look serves others; far shorter than streamAgain
	lookMost = 10 * time.Second       // a look that takes longer is given up for all who wait
)

var errLook = errors.New("looking at the ticket's log broke off")

// looks lets the open pages of one ticket, which all wake together, share one look at
// its log. Where the ticket has a restricted conversation, each person has their own.
type looks struct {
	read  func(ctx context.Context, viewer string, ticket, after int64) (*bridge.State, error)
	names func(ctx context.Context, st *bridge.State) (names, error)
	mu    sync.Mutex
	made  map[lookKey]*look
}

// lookKey names a look. Those who hold the same ring have heard of the same news: a
// look that one of them began saw all that the others could have been woken for.
type lookKey struct {
	viewer        string
	ticket, after int64
	ring          <-chan struct{}
}

// look is what was seen of a ticket, read only: several pages have it.
type look struct {
	done chan struct{} // closed when the rest is set
	st   *bridge.State
	// names reads the names that st needs, once for all who ask.
	names func() (names, error)
	err   error
}

func newLooks(
	read func(ctx context.Context, viewer string, ticket, after int64) (*bridge.State, error),
	called func(ctx context.Context, st *bridge.State) (names, error),
) *looks {
	return &looks{read: read, names: called, made: map[lookKey]*look{}}
}

// since returns what came into the ticket's log after an entry, as somebody may see
// it. ring is the ticket's bell, taken before.
func (l *looks) since(ctx context.Context, ring <-chan struct{}, viewer string, ticket, after int64) (*look, error) {
	k, err := l.share(ctx, lookKey{bridge.SeesAll, ticket, after, ring})
	if err != nil {
		return nil, err
	}
	for _, c := range k.st.Conversations {
		if c.Restricted != 0 {
			return l.share(ctx, lookKey{viewer, ticket, after, ring})
		}
	}
	return k, nil
}

// share begins a look, or waits for the one that was begun.
func (l *looks) share(ctx context.Context, key lookKey) (*look, error) {
	l.mu.Lock()
	k := l.made[key]
	if k == nil {
		k = &look{done: make(chan struct{})}
		l.made[key] = k
		l.mu.Unlock()
		l.take(ctx, key, k)
		return k, k.err
	}
	l.mu.Unlock()
	select {
	case <-k.done:
		return k, k.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// take looks for all who wait, also when the page that came first is left meanwhile.
func (l *looks) take(ctx context.Context, key lookKey, k *look) {
	lasting := context.WithoutCancel(ctx)
	ctx, cancel := context.WithTimeout(lasting, lookMost)
	defer cancel()
	defer close(k.done)
	k.err = errLook // unless the look comes back
	k.st, k.err = l.read(ctx, key.viewer, key.ticket, key.after)
	k.names = sync.OnceValues(func() (names, error) {
		ctx, cancel := context.WithTimeout(lasting, lookMost)
		defer cancel()
		return l.names(ctx, k.st)
	})
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
