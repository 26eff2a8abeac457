package slack

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/slack-go/slack"

	"github.com/sidebridge/sidebridge/bridge"
)

// infoAge is how long what conversations.info said is trusted. Events about the
// channel end it at once.
const infoAge = 5 * time.Minute

// info is what decides whether a channel can be posted to.
type info struct {
	name     string
	archived bool
	private  bool
	member   bool
	external bool
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
	until time.Time
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
	if err != nil {
		return info{}, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if gone == c.gone {
		c.known[id] = cachedInfo{info: found, until: c.now().Add(infoAge)}
	}
	return found, nil
}

// forget makes the next question ask again. The name stays, for remedies.
func (c *channelCache) forget(id string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if have, ok := c.known[id]; ok {
		have.until = time.Time{}
		c.known[id] = have
	}
	c.gone++
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
	return a.channels.label(id)
}

func (a *Adapter) lookupInfo(ctx context.Context, id string) (info, error) {
	var found info
	err := a.call(ctx, "conversations.info", id, func(ctx context.Context) error {
		ch, err := a.api.GetConversationInfoContext(ctx, &slack.GetConversationInfoInput{ChannelID: id})
		if err == nil {
			found = channelInfo(ch)
		}
		return err
	})
	return found, err
}

func channelInfo(ch *slack.Channel) info {
	return info{
		name: ch.Name, archived: ch.IsArchived, private: ch.IsPrivate,
		// In a direct message there is no membership to ask for.
		member: ch.IsMember || ch.IsIM || ch.IsMpIM, external: ch.IsExtShared,
	}
}

// lookupChannel asks for a channel's name, for links to it.
func (a *Adapter) lookupChannel(ctx context.Context, id string) (string, error) {
	found, err := a.channels.get(ctx, id)
	var se *bridge.SurfaceError
	if errors.As(err, &se) && se.Code == "channel_not_found" {
		return "", errUnknownID
	}
	if err == nil && found.name == "" {
		return "", errUnknownID
	}
	return found.name, err
}

// mayPost refuses to show anything in a channel that other organisations are in,
// unless the mapping rule allows that. https://docs.slack.dev/apis/slack-connect
func (a *Adapter) mayPost(ctx context.Context, m bridge.Mirror) error {
	if _, allowed := a.policy(m.Rule); allowed {
		return nil
	}
	found, err := a.channels.get(ctx, m.Place.Channel)
	if err != nil {
		return certain(err)
	}
	if found.external {
		return a.refusal("external", m.Place.Channel, "", "")
	}
	return nil
}

// certain returns a failure of a call that only looked: whatever became of it,
// nothing was posted.
func certain(err error) error {
	var se *bridge.SurfaceError
	if !errors.As(err, &se) || !se.Uncertain {
		return err
	}
	sure := *se
	sure.Uncertain = false
	return &sure
}
