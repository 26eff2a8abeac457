package discord

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"
)

// outages are the guilds that Discord itself cannot reach at present, or has not told
// us of yet since a session began.
type outages struct {
	mu    sync.Mutex
	since map[string]time.Time
}

// began takes note that a guild cannot be reached, from a time on.
func (o *outages) began(guild string, at time.Time) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.since[guild].IsZero() {
		o.since[guild] = at
	}
}

// over takes note that a guild can be reached, and returns since when it could not.
func (o *outages) over(guild string) time.Time {
	o.mu.Lock()
	defer o.mu.Unlock()
	at := o.since[guild]
	delete(o.since, guild)
	return at
}

// begun takes READY: a new session, in which nothing is repeated of what happened
// before it. It returns the session's id.
// https://docs.discord.com/developers/events/gateway-events#ready
func (a *Adapter) begun(ctx context.Context, raw []byte) (string, error) {
	var ready struct {
		Session string `json:"session_id"`
		URL     string `json:"resume_gateway_url"`
		User    user   `json:"user"`
		Guilds  []struct {
			ID string `json:"id"`
		} `json:"guilds"`
	}
	if err := decode(raw, &ready); err != nil {
		return "", err
	}
	if _, err := a.socketAddress(ready.URL); err != nil || ready.Session == "" {
		return "", errors.Join(errors.New("a session without id or address"), err)
	}
	a.place.begin(ready.Session, ready.URL)
	a.listAll()
	for _, g := range ready.Guilds {
		a.outages.began(g.ID, a.Now())
	}
	a.greet(ctx, func(guild string) bool {
		return slices.ContainsFunc(ready.Guilds, func(g struct {
			ID string `json:"id"`
		},
		) bool {
			return g.ID == guild
		})
	})
	return ready.Session, nil
}

// resumed takes RESUMED: what we missed has been repeated. After a long time threads
// are listed all the same. Otherwise the next listing looks back once more: one that ran
// while events were repeated may have looked for a message before its post was heard, and
// the event of its end may never come.
func (a *Adapter) resumed(ctx context.Context, lastHeard int64) {
	if a.place.since(lastHeard) > gapMost {
		a.place.gap()
		a.listAll()
	} else {
		a.looked.all()
	}
	a.greet(ctx, nil)
}

// greet reports that we receive, after we did not or when nobody knows whether we did,
// and which guilds the bot is not in.
func (a *Adapter) greet(ctx context.Context, in func(guild string) bool) {
	was := a.blocked.Swap(false)
	fresh := !a.greeted.Swap(true)
	for _, g := range a.Guilds() {
		switch {
		case in != nil && !in(g.id):
			a.report(ctx, func(ctx context.Context) error { return g.left(ctx) })
		case was || fresh:
			a.report(ctx, func(ctx context.Context) error { return a.Watcher.Recovered(ctx, g.at("")) })
		}
	}
	if was || fresh || in != nil {
		a.commandsDue()
	}
}

// left reports that the bot is not in a guild.
func (g *Guild) left(ctx context.Context) error {
	g.Log.Error("the bot is not in a server", "guild", g.id)
	g.registry.set(g.id, false)
	g.outages.began(g.id, g.Now().Add(-2*gapMost)) // what is said meanwhile is never told
	return g.Watcher.Blocked(ctx, g.at(""), "not_in_guild", fmt.Sprintf(
		"The bot is not in the server %s. Invite it again: %s (or take the server out of the configuration).", g.id, inviteURL(g.self().app)))
}

// invitePermissions: add reactions, view channels, send messages, embed links, attach files, read
// message history, create public threads, send messages in threads.
// https://docs.discord.com/developers/topics/permissions
const invitePermissions = 1<<6 | 1<<10 | 1<<11 | 1<<14 | 1<<15 | 1<<16 | 1<<35 | 1<<38

// blockAll reports, once, that nothing is received until a person has done something.
func (a *Adapter) blockAll(ctx context.Context, reason, remedy string) {
	if a.blocked.Swap(true) {
		return
	}
	a.Log.Error("no messages can be received", "reason", reason, "remedy", remedy)
	for _, g := range a.Guilds() {
		a.report(ctx, func(ctx context.Context) error { return a.Watcher.Blocked(ctx, g.at(""), reason, remedy) })
	}
}

// report tells the watcher, and the log when that fails.
func (a *Adapter) report(ctx context.Context, tell func(context.Context) error) {
	ctx, cancel := context.WithTimeout(ctx, acceptTimeout)
	defer cancel()
	if err := tell(ctx); err != nil && ctx.Err() == nil {
		a.Log.Warn("a change of state was not recorded", "err", err)
	}
}
