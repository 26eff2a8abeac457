package slack

import (
	"cmp"
	"context"
	"errors"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/singleflight"
)

// How long names are remembered. A user_change event forgets a user at once; a
// lookup that failed is not repeated for every message that waits for it.
const (
	nameAge    = 24 * time.Hour
	nameRetry  = 30 * time.Second
	maxNames   = 50_000
	nameBudget = 1500 * time.Millisecond
)

// asking is a lookup on the way of a message: it may wait until a moment and no
// longer, since Slack waits three seconds for the acknowledgement.
type asking struct {
	ctx   context.Context
	until time.Time
}

// names remembers what the workspace's ids are called, or what else is to be known of them.
type names struct {
	now    func() time.Time
	lookup func(ctx context.Context, id string) (string, error)
	// stranger is the name of whom the workspace does not know.
	stranger string
	flight   singleflight.Group

	mu    sync.RWMutex
	known map[string]nameEntry
}

type nameEntry struct {
	name  string
	until time.Time
}

func newNames(now func() time.Time, stranger string, lookup func(context.Context, string) (string, error)) *names {
	return &names{now: now, stranger: stranger, lookup: lookup, known: map[string]nameEntry{}}
}

// of returns the name of a user or a channel, or "" when it is not known in time.
func (n *names) of(ask asking, id string) string {
	n.mu.RLock()
	e, ok := n.known[id]
	n.mu.RUnlock()
	now := n.now()
	if ok && now.Before(e.until) {
		return e.name
	}
	if wait := ask.until.Sub(now); wait <= 0 || ask.ctx == nil {
		return e.name
	}
	return n.ask(ask, id, e.name)
}

// ask looks an id up once, however many messages wait for it.
func (n *names) ask(ask asking, id, old string) string {
	ctx, cancel := context.WithTimeout(ask.ctx, ask.until.Sub(n.now()))
	defer cancel()
	answer := n.flight.DoChan(id, func() (any, error) {
		// The lookup serves all who wait, so it does not end with the first of them.
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ask.ctx), 2*nameBudget)
		defer cancel()
		name, err := n.lookup(ctx, id)
		switch {
		case errors.Is(err, errUnknownID):
			n.learn(id, cmp.Or(old, n.stranger), nameAge)
			return cmp.Or(old, n.stranger), nil
		case err != nil:
			n.learn(id, old, nameRetry)
			return old, nil
		}
		n.learn(id, name, nameAge)
		return name, nil
	})
	select {
	case r := <-answer:
		name, _ := r.Val.(string)
		return name
	case <-ctx.Done():
		return old
	}
}

// errUnknownID: the workspace does not know the id, or does not show it to us.
var errUnknownID = errors.New("unknown id")

func (n *names) learn(id, name string, age time.Duration) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if len(n.known) >= maxNames {
		n.evict()
	}
	n.known[id] = nameEntry{name: name, until: n.now().Add(age)}
}

// evict makes room by dropping a tenth, whichever the map gives first.
func (n *names) evict() {
	drop := maxNames / 10
	for id := range n.known {
		if drop == 0 {
			return
		}
		delete(n.known, id)
		drop--
	}
}

// forget makes the next message look the id up again; until that answers the
// old name serves.
func (n *names) forget(id string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if e, ok := n.known[id]; ok {
		e.until = time.Time{}
		n.known[id] = e
	}
}

// directory tells markup the names behind ids and which mentions may ring.
type directory struct {
	a   *Adapter
	ask asking
}

// Name implements markup.Directory.
func (d directory) Name(surface, workspace, id string) (string, bool) {
	if surface != Surface || workspace != d.a.workspace || !validID(id) {
		return "", false
	}
	var name string
	switch id[0] {
	case 'U', 'W':
		name = d.a.names.of(d.ask, id)
	case 'C', 'G':
		name = d.a.channelNames.of(d.ask, id)
	}
	return name, name != ""
}

// Account implements markup.Directory. Accounts and channels of this workspace
// stand for themselves; for all others the installation's own directory is asked.
func (d directory) Account(target string) (string, bool) {
	if d.a.mention != nil {
		return d.a.mention(target)
	}
	id, ours := strings.CutPrefix(target, Surface+"/"+d.a.workspace+"/")
	return id, ours && validID(id)
}

// validID reports whether id has the form of Slack's ids: letters and digits.
func validID(id string) bool {
	for i := range len(id) {
		if c := id[i]; (c < '0' || c > '9') && (c < 'A' || c > 'Z') {
			return false
		}
	}
	return len(id) > 1 && len(id) < 32
}
