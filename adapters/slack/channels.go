package slack

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/slack-go/slack"

	"github.com/sidebridge/sidebridge/bridge"
	"github.com/sidebridge/sidebridge/mapping/markup"
)

// infoAge is how long what conversations.info said is trusted. Events about the
// channel end it at once. While the budget for asking is used up, an older answer
// serves for infoLast, or a thousand busy channels could be posted to at the rate at
// which they can be asked about.
const (
	infoAge  = 5 * time.Minute
	infoLast = time.Hour
)

// info is what decides whether a channel can be posted to.
type info struct {
	name     string
	archived bool
	private  bool
	member   bool
	external bool
	// direct: it is a direct message, who names the people in it, and left says that the
	// one person there has left the workspace.
	direct bool
	who    string
	left   bool
}

// channelCache remembers channels for a few minutes.
type channelCache struct {
	now    func() time.Time
	lookup func(ctx context.Context, id string) (info, error)

	mu    sync.Mutex
	known map[string]cachedInfo
	// gone counts forgets, so that an answer asked for before one is not kept.
	gone int
}

type cachedInfo struct {
	info
	until time.Time // trusted
	last  time.Time // better than nothing
}

func newChannelCache(now func() time.Time, lookup func(context.Context, string) (info, error)) *channelCache {
	return &channelCache{now: now, lookup: lookup, known: map[string]cachedInfo{}}
}

func (c *channelCache) get(ctx context.Context, id string) (info, error) {
	c.mu.Lock()
	have, ok := c.known[id]
	gone := c.gone
	c.mu.Unlock()
	if ok && c.now().Before(have.until) {
		return have.info, nil
	}
	found, err := c.lookup(ctx, id)
	c.mu.Lock()
	defer c.mu.Unlock()
	var se *bridge.SurfaceError
	if errors.As(err, &se) && se.Class == bridge.RateLimited && gone == c.gone && c.now().Before(have.last) {
		return have.info, nil
	}
	if err != nil {
		return info{}, err
	}
	if now := c.now(); gone == c.gone {
		c.known[id] = cachedInfo{info: found, until: now.Add(infoAge), last: now.Add(infoLast)}
	}
	return found, nil
}

// forget makes the next question ask again. The name stays, for remedies.
func (c *channelCache) forget(id string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if have, ok := c.known[id]; ok {
		have.until, have.last = time.Time{}, time.Time{}
		c.known[id] = have
	}
	c.gone++
}

// heard changes whenever something was heard of any channel.
func (c *channelCache) heard() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.gone
}

// believedInternal reports whether we hold a channel for one of this organisation alone.
func (c *channelCache) believedInternal(id string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	have, ok := c.known[id]
	return ok && !have.external && c.now().Before(have.last)
}

// peek returns what was heard of a channel last, true or not.
func (c *channelCache) peek(id string) info {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.known[id].info
}

// label returns "#name" of a channel that is known, else its id.
func (c *channelCache) label(id string) string {
	c.mu.Lock()
	defer c.mu.Unlock()
	if have := c.known[id]; have.name != "" {
		return "#" + have.name
	}
	return id
}

func (a *Adapter) channelLabel(id string) string {
	if id == "" {
		return "the channel"
	}
	if a.isDirect(id) {
		return a.directLabel(id)
	}
	return a.channels.label(id)
}

func (a *Adapter) lookupInfo(ctx context.Context, id string) (info, error) {
	var found info
	err := a.call(ctx, "conversations.info", id, func(ctx context.Context) error {
		ch, err := a.api.GetConversationInfoContext(ctx, &slack.GetConversationInfoInput{ChannelID: id})
		if err == nil {
			found = channelInfo(ch)
		}
		if err == nil && ch.IsIM && validID(ch.User) {
			found.who = a.names.of(asking{ctx: ctx, until: a.now().Add(a.nameBudget)}, ch.User)
		}
		return err
	})
	return found, err
}

func channelInfo(ch *slack.Channel) info {
	in := info{
		name: ch.Name, archived: ch.IsArchived, private: ch.IsPrivate || ch.IsIM || ch.IsMpIM,
		// In a direct message there is no membership to ask for.
		member: ch.IsMember || ch.IsIM || ch.IsMpIM, external: ch.IsExtShared,
		direct: ch.IsIM || ch.IsMpIM, left: ch.IsUserDeleted,
	}
	if ch.IsMpIM {
		in.who = groupWho(ch.Name)
	}
	return in
}

// lookupChannel asks for a channel's name, for links to it.
func (a *Adapter) lookupChannel(ctx context.Context, id string) (string, error) {
	found, err := a.channels.get(ctx, id)
	var se *bridge.SurfaceError
	if errors.As(err, &se) && se.Code == "channel_not_found" {
		return "", errUnknownID
	}
	name := markup.CleanName(found.name)
	if err == nil && name == "" {
		return "", errUnknownID
	}
	return name, err
}
