package discord

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/bwmarrin/discordgo"

	"github.com/sidebridge/sidebridge/bridge"
)

// maxPlaces is how many channels and threads are remembered. What is forgotten is
// asked for again.
const maxPlaces = 100_000

// spot is where something was said: a channel, and in it a thread or none.
type spot struct {
	channel string // empty: not a place of this guild that we can see
	thread  string
}

// known is what we know of a channel or thread.
type known struct {
	guild, parent string
	name          string
	kind          discordgo.ChannelType
	// told: locked is what Discord has told of the thread's lock.
	told, locked bool
	// last is the newest message, as far as we have heard.
	last string
}

// threads remembers which channel each thread is in. Discord tells of all that we can
// see when a session begins, but for the threads that are archived.
type threads struct {
	mu   sync.Mutex
	byID map[string]known
	// own are the locks and unlocks that we have asked for and not heard of yet.
	own map[string][]ownLock
}

// ownLock is one of our own changes of a thread's lock.
type ownLock struct {
	locked bool
	at     time.Time
}

// ownLockAge is how long we wait to hear of an own change. Events come in their order,
// and late when Discord repeats them.
const ownLockAge = time.Minute

func newThreads() *threads { return &threads{byID: map[string]known{}, own: map[string][]ownLock{}} }

// get returns what is known of a channel or thread.
func (t *threads) get(id string) (known, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	k, ok := t.byID[id]
	return k, ok
}

// put remembers a channel or thread, and returns what was known of it.
func (t *threads) put(guild string, c *channel) known {
	k := known{guild: guild, name: c.Name, kind: c.Type, last: c.LastMessage}
	if c.isThread() {
		k.parent = c.Parent
	}
	if c.Meta != nil {
		k.told, k.locked = true, c.Meta.Locked
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	old := t.byID[c.ID]
	if !k.told {
		k.told, k.locked = old.told, old.locked
	}
	if laterID(old.last, k.last) {
		k.last = old.last
	}
	t.set(c.ID, k)
	return old
}

// set makes room when there is none, by dropping a tenth, whichever the map gives
// first. The caller holds mu.
func (t *threads) set(id string, k known) {
	if _, have := t.byID[id]; !have && len(t.byID) >= maxPlaces {
		drop := maxPlaces / 10
		for other := range t.byID {
			if drop--; drop < 0 {
				break
			}
			delete(t.byID, other)
		}
	}
	t.byID[id] = k
}

// none remembers that an id is no place that we can see, until we are told of it.
func (t *threads) none(id string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.set(id, known{})
}

// restore makes a place known as it was before.
func (t *threads) restore(id string, old known) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.set(id, old)
}

// said takes note of a place's newest message.
func (t *threads) said(id, message string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if k, ok := t.byID[id]; ok && laterID(message, k.last) {
		k.last = message
		t.byID[id] = k
	}
}

// noteLock takes note that we are about to lock or unlock a thread ourselves, so that
// hearing of it is not taken for a moderator's wish.
func (t *threads) noteLock(thread string, locked bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	now := time.Now()
	for id, all := range t.own {
		if now.Sub(all[len(all)-1].at) > ownLockAge {
			delete(t.own, id)
		}
	}
	t.own[thread] = append(t.own[thread], ownLock{locked, now})
}

// forgetLock takes back the last note of a change that was not made.
func (t *threads) forgetLock(thread string, locked bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	all := t.own[thread]
	if n := len(all); n > 1 && all[n-1].locked == locked {
		t.own[thread] = all[:n-1]
	} else if n == 1 && all[0].locked == locked {
		delete(t.own, thread)
	}
}

// wasOwn reports whether a change of a thread's lock is one of ours, which then is done
// with, and so are those before it.
func (t *threads) wasOwn(thread string, locked bool) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	for i, o := range t.own[thread] {
		if o.locked != locked || time.Since(o.at) > ownLockAge {
			continue
		}
		if t.own[thread] = t.own[thread][i+1:]; len(t.own[thread]) == 0 {
			delete(t.own, thread)
		}
		return true
	}
	return false
}

// noteLock is for the side that sends; see threads.noteLock.
func (a *Adapter) noteLock(thread string, locked bool) { a.places.noteLock(thread, locked) }

// where tells the place of a channel's or thread's id. What is not known is asked for
// once. An error means that Discord did not say.
func (g *Guild) where(ctx context.Context, id string) (spot, error) {
	if !validID(id) {
		return spot{}, nil
	}
	k, ok := g.places.get(id)
	if !ok {
		var err error
		if k, err = g.lookUp(ctx, id); err != nil {
			return spot{}, err
		}
	}
	switch {
	case k.guild != g.id:
		return spot{}, nil
	case threadType(k.kind):
		return spot{channel: k.parent, thread: id}, nil
	}
	return spot{channel: id}, nil
}

// lookUp asks for a channel or thread. One that is gone or hidden is no error.
func (g *Guild) lookUp(ctx context.Context, id string) (known, error) {
	c, err := g.askChannel(ctx, id)
	var se *bridge.SurfaceError
	switch {
	case errors.As(err, &se) && (se.Class == bridge.Gone || se.Class == bridge.Rejected):
		g.places.none(id)
		return known{}, nil
	case err != nil:
		return known{}, err
	}
	k, _ := g.places.get(c.ID)
	return k, nil
}

// askChannel asks for a channel or thread and remembers it.
// https://docs.discord.com/developers/resources/channel#get-channel
func (g *Guild) askChannel(ctx context.Context, id string) (*channel, error) {
	c := &channel{}
	if err := g.ask(ctx, request{method: http.MethodGet, path: "channels/" + id}, c); err != nil {
		return nil, fmt.Errorf("ask for a channel: %w", err)
	}
	c.ID = id
	g.places.put(c.GuildID, c)
	return c, nil
}
