package discord

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/sidebridge/sidebridge/bridge"
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
		}) bool {
			return g.ID == guild
		})
	})
	return ready.Session, nil
}

// resumed takes RESUMED: what we missed has been repeated. After a long time threads
// are listed all the same.
func (a *Adapter) resumed(ctx context.Context, lastHeard int64) {
	if a.place.since(lastHeard) > gapMost {
		a.place.gap()
		a.listAll()
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
	return g.Watcher.Blocked(ctx, g.at(""), "not_in_guild", fmt.Sprintf(
		"The bot is not in the server %s. Invite it again: https://discord.com/oauth2/authorize?client_id=%s&scope=bot+applications.commands&permissions=%d "+
			"(or take the server out of the configuration).", g.id, g.self().app, invitePermissions))
}

// invitePermissions: view channels, send messages, embed links, attach files, read
// message history, create public threads, send messages in threads.
// https://docs.discord.com/developers/topics/permissions
const invitePermissions = 1<<10 | 1<<11 | 1<<14 | 1<<15 | 1<<16 | 1<<35 | 1<<38

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

// changedState takes an event about a guild, a channel or a thread.
func (a *Adapter) changedState(ctx context.Context, g *Guild, e event) error {
	ctx, cancel := context.WithTimeout(ctx, acceptTimeout)
	defer cancel()
	var err error
	switch e.Type {
	case "GUILD_CREATE":
		err = g.appeared(ctx, e)
	case "GUILD_DELETE":
		err = g.vanished(ctx, e)
	case "GUILD_UPDATE", "GUILD_ROLE_CREATE", "GUILD_ROLE_UPDATE", "GUILD_ROLE_DELETE", "GUILD_MEMBER_UPDATE":
		err = g.rolesChanged(ctx, e)
	case "CHANNEL_CREATE", "CHANNEL_UPDATE":
		err = g.channelChanged(ctx, e)
	case "CHANNEL_DELETE":
		err = g.channelGone(ctx, e)
	case "THREAD_CREATE", "THREAD_UPDATE":
		err = g.threadChanged(ctx, e)
	case "THREAD_LIST_SYNC":
		err = g.threadsShown(e)
	case "THREAD_DELETE":
		err = g.threadGone(ctx, e)
	default:
		a.Count("ignored", "unknown event")
		return nil
	}
	if err != nil {
		return fmt.Errorf("take %s: %w", e.Type, err)
	}
	return nil
}

// appeared takes GUILD_CREATE: the guild as a session begins, after an outage, or when
// the bot came in. Of what may be many megabytes the places and names are used.
// https://docs.discord.com/developers/events/gateway-events#guild-create
func (g *Guild) appeared(ctx context.Context, e event) error {
	var guild struct {
		Unavailable bool      `json:"unavailable"`
		Channels    []channel `json:"channels"`
		Threads     []channel `json:"threads"`
		Roles       []role    `json:"roles"`
	}
	if err := decode(e.Data, &guild); err != nil {
		return err
	}
	if guild.Unavailable {
		g.outages.began(g.id, g.Now())
		return nil
	}
	for i := range guild.Channels {
		g.places.put(g.id, &guild.Channels[i])
	}
	for i := range guild.Threads {
		g.places.put(g.id, &guild.Threads[i])
	}
	g.called.learnRoles(g.id, guild.Roles)
	if since := g.outages.over(g.id); !since.IsZero() && g.Now().Sub(since) > gapMost {
		g.place.gap()
		g.looked.all()
		g.reconnected.Store(true)
	}
	g.commandsDue()
	return g.Watcher.Recovered(ctx, g.at(""))
}

// vanished takes GUILD_DELETE, which is an outage or the end of our being there.
// https://docs.discord.com/developers/events/gateway-events#guild-delete
func (g *Guild) vanished(ctx context.Context, e event) error {
	var guild struct {
		Unavailable bool `json:"unavailable"`
	}
	if err := decode(e.Data, &guild); err != nil {
		return err
	}
	if guild.Unavailable {
		g.outages.began(g.id, g.Now().Add(-2*gapMost)) // what is said now is never told
		g.Log.Warn("discord cannot reach a server at present", "guild", g.id)
		return nil
	}
	return g.left(ctx)
}

// rolesChanged: what we may do may have changed, in every channel.
func (g *Guild) rolesChanged(ctx context.Context, e event) error {
	var change struct {
		Role *role  `json:"role"`
		User *user  `json:"user"`
		Nick string `json:"nick"`
	}
	if err := decode(e.Data, &change); err != nil {
		return err
	}
	if change.Role != nil {
		g.called.learn(g.id, change.Role.ID, change.Role.Name)
	}
	if u := change.User; u != nil {
		g.called.learn(g.id, u.ID, displayName(u, &member{Nick: change.Nick}))
		if u.ID != g.self().user {
			return nil
		}
	}
	return g.Watcher.Recovered(ctx, g.at(""))
}

func (g *Guild) channelChanged(ctx context.Context, e event) error {
	var c channel
	if err := decode(e.Data, &c); err != nil || !validID(c.ID) {
		return err
	}
	g.places.put(g.id, &c)
	g.refused.forget(g.at(c.ID))
	return g.Watcher.Recovered(ctx, g.at(c.ID))
}

func (g *Guild) channelGone(ctx context.Context, e event) error {
	var c channel
	if err := decode(e.Data, &c); err != nil || !validID(c.ID) {
		return err
	}
	g.places.none(c.ID)
	g.refused.forget(g.at(c.ID))
	return g.Watcher.Blocked(ctx, g.at(c.ID), "10003",
		"The channel was deleted in Discord. Map the group to another channel, and open the conversations there again.")
}

// threadsShown takes THREAD_LIST_SYNC: threads that we can see now.
func (g *Guild) threadsShown(e event) error {
	var sync struct {
		Threads []channel `json:"threads"`
	}
	if err := decode(e.Data, &sync); err != nil {
		return err
	}
	for i := range sync.Threads {
		g.places.put(g.id, &sync.Threads[i])
	}
	g.looked.all()
	g.reconnected.Store(true) // what was said there before we could see it
	return nil
}

// threadChanged takes a new or changed thread. One that a moderator locks is a
// conversation that they close; that a thread is archived means nothing, since the
// next message takes it out again.
// https://docs.discord.com/developers/topics/threads#thread-fields
func (g *Guild) threadChanged(ctx context.Context, e event) error {
	var c channel
	if err := decode(e.Data, &c); err != nil || !validID(c.ID) || !validID(c.Parent) {
		return err
	}
	old := g.places.put(g.id, &c)
	if e.Type == "THREAD_CREATE" || c.Meta == nil || old.told && old.locked == c.Meta.Locked || !old.told && !c.Meta.Locked {
		return nil
	}
	if g.places.wasOwn(c.ID, c.Meta.Locked) {
		return nil
	}
	action := bridge.PressReopen
	if c.Meta.Locked {
		action = bridge.PressClose
	}
	_, err := g.accept(ctx, bridge.Inbound{
		Kind: bridge.InPress, Action: action, Author: g.account(g.id), AuthorName: "A Discord moderator",
		Source: g.source(spot{channel: c.Parent, thread: c.ID}, c.ID),
		Key:    Surface + "/" + g.id + "/lock/" + e.Session + "/" + strconv.FormatInt(e.Seq, 10),
	})
	if err != nil {
		// It comes again, and then has to be news again.
		g.places.restore(c.ID, old)
		return err
	}
	if !c.Meta.Locked {
		return g.Watcher.Recovered(ctx, g.at(c.Parent)) // what waited for it can be said
	}
	return nil
}

// threadGone takes the end of a thread, which is the end of its first post.
func (g *Guild) threadGone(ctx context.Context, e event) error {
	var c channel
	if err := decode(e.Data, &c); err != nil || !validID(c.ID) || !validID(c.Parent) {
		return err
	}
	in := g.gone(spot{channel: c.Parent, thread: c.ID}, c.ID)
	in.ThreadLives = false
	if _, err := g.accept(ctx, in); err != nil {
		return err
	}
	g.places.none(c.ID)
	return nil
}

// reacted takes a reaction, or the end of one or of many.
// https://docs.discord.com/developers/events/gateway-events#message-reaction-add
func (a *Adapter) reacted(ctx context.Context, g *Guild, e event) error {
	var r struct {
		User    string  `json:"user_id"`
		Channel string  `json:"channel_id"`
		Message string  `json:"message_id"`
		Member  *member `json:"member"`
		Emoji   struct {
			ID   string `json:"id"`
			Name string `json:"name"`
		} `json:"emoji"`
	}
	if err := decode(e.Data, &r); err != nil {
		return fmt.Errorf("%w: %w", bridge.ErrInvalid, err)
	}
	at, err := g.where(ctx, r.Channel)
	if err != nil {
		return err
	}
	if at.channel == "" || !validID(r.Message) {
		a.Count("ignored", skipPlace)
		return nil
	}
	in := bridge.Inbound{Kind: bridge.InReact, Source: g.source(at, r.Message), Emoji: r.Emoji.Name}
	if r.Emoji.ID != "" {
		in.Emoji = ":" + r.Emoji.Name + ":"
	}
	if e.Type != "MESSAGE_REACTION_ADD" {
		in.Kind = bridge.InUnreact
	}
	if r.User != "" {
		in.Author, in.Ours = g.account(r.User), r.User == g.self().user
		in.AuthorName = g.called.get(g.id, r.User)
	}
	if m := r.Member; m != nil && m.User != nil {
		if m.User.Bot && !in.Ours && !g.allowed(m.User.ID) {
			a.Count("ignored", skipBot)
			return nil
		}
		in.AuthorName = displayName(m.User, m)
		g.called.learn(g.id, m.User.ID, in.AuthorName)
	}
	_, err = a.accept(ctx, in)
	return err
}

// looks remembers which threads were looked back into since something may have been
// missed.
type looks struct {
	mu  sync.Mutex
	gen int
	at  map[string]time.Time
}

// all makes every thread due for a long look back.
func (l *looks) all() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.gen++
	l.at = nil
}

// last returns when a thread was looked back into, and a number to be given to done.
func (l *looks) last(thread string) (at time.Time, gen int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.at[thread], l.gen
}

// done takes note that a thread was looked back into, unless something may have been
// missed meanwhile.
func (l *looks) done(thread string, began time.Time, gen int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if gen != l.gen {
		return
	}
	if l.at == nil || len(l.at) >= maxPlaces {
		l.at = map[string]time.Time{}
	}
	l.at[thread] = began
}
