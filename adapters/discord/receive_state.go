package discord

import (
	"context"
	"fmt"
	"strconv"

	"github.com/sidebridge/sidebridge/bridge"
)

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
	case "GUILD_MEMBER_ADD", "GUILD_MEMBER_REMOVE": // only with the Server Members Intent
		err = g.Watcher.MembersChanged(ctx, g.at(""))
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
		Role   *role  `json:"role"`
		User   *user  `json:"user"`
		Nick   string `json:"nick"`
		Avatar string `json:"avatar"`
	}
	if err := decode(e.Data, &change); err != nil {
		return err
	}
	if change.Role != nil {
		g.called.learn(g.id, change.Role.ID, change.Role.Name)
	}
	if u := change.User; u != nil {
		as := &member{Nick: change.Nick, Avatar: change.Avatar}
		g.called.learn(g.id, u.ID, displayName(u, as))
		g.shown.heard(g.id, u, as)
		if u.ID != g.self().user {
			return g.Watcher.MembersChanged(ctx, g.at(""))
		}
	}
	if err := g.Watcher.MembersChanged(ctx, g.at("")); err != nil {
		return err
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
	if err := g.Watcher.MembersChanged(ctx, g.at(c.ID)); err != nil {
		return err
	}
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
