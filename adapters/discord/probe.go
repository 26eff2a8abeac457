package discord

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/bwmarrin/discordgo"

	"github.com/sidebridge/sidebridge/adapters/chat"
	"github.com/sidebridge/sidebridge/bridge"
)

// Permissions that discordgo has no name for, or an older one.
// https://docs.discord.com/developers/topics/permissions#permissions-bitwise-permission-flags
const (
	mayManageThreads bits = 1 << 34
	mayOpenThreads   bits = 1 << 35
	maySendInThreads bits = 1 << 38
)

// permission is one of those that we need, as Discord's settings call it.
type permission struct {
	bit  bits
	name string
}

// needed are the permissions without which a channel of a kind does not work.
func (a *Adapter) needed(kind discordgo.ChannelType) []permission {
	need := []permission{
		{mayView, "View Channel"},
		{discordgo.PermissionSendMessages, "Send Messages"},
		{maySendInThreads, "Send Messages in Threads"},
		{discordgo.PermissionEmbedLinks, "Embed Links"},
		{discordgo.PermissionAttachFiles, "Attach Files"},
		{mayHistory, "Read Message History"},
	}
	if hasPosts(kind) {
		need[1].name = "Create Posts"
	} else {
		need = append(need, permission{mayOpenThreads, "Create Public Threads"})
	}
	if a.LockClosed {
		need = append(need, permission{mayManageThreads, "Manage Threads"})
	}
	if a.Identity == IdentityAgent {
		need = append(need, permission{discordgo.PermissionManageWebhooks, "Manage Webhooks"})
	}
	return need
}

// Probe implements bridge.Surface: the token works, the bot is in the guild, the channel
// is there, threads can be opened in it, and no permission is missing. A place without
// a channel is the guild.
func (g *Guild) Probe(ctx context.Context, place bridge.Place) error {
	if place.Channel == "" {
		return g.probeGuild(ctx)
	}
	if err := g.probeChannel(ctx, place.Channel); err != nil {
		return err
	}
	g.refused.forget(place)
	return nil
}

func (g *Guild) probeGuild(ctx context.Context) error {
	if err := g.client.do(ctx, request{method: http.MethodGet, path: whoPath}, nil); err != nil {
		return chat.Certain(err)
	}
	err := g.client.do(ctx, request{method: http.MethodGet, path: "guilds/" + g.id}, nil)
	return chat.Certain(g.outside(err))
}

// outside makes "unknown guild" and "no access" of the guild's own address the loss of
// the guild.
func (g *Guild) outside(err error) error {
	switch codeOf(err) {
	case codeUnknownGuild, codeMissingAccess:
		return g.client.lost(codeGuildForbidden, "")
	}
	return err
}

func (g *Guild) probeChannel(ctx context.Context, id string) error {
	if err := g.knowing(ctx); err != nil {
		return err
	}
	var c channel
	if err := g.client.do(ctx, request{method: http.MethodGet, path: "channels/" + id}, &c); err != nil {
		if codeOf(err) == codeMissingAccess {
			return g.lacks(id, []string{"View Channel"})
		}
		return chat.Certain(err)
	}
	if c.GuildID != g.id {
		return g.client.lost(codeUnknownChannel, id)
	}
	g.labels.learn(id, c.Name)
	g.places.put(g.id, &c)
	if !opensThreads(c.Type) {
		return g.client.lost(codeChannelType, id)
	}
	return g.checkPermissions(ctx, &c)
}

// opensThreads reports whether conversations can be opened in a kind of channel.
func opensThreads(kind discordgo.ChannelType) bool {
	return hasPosts(kind) || kind == discordgo.ChannelTypeGuildText || kind == discordgo.ChannelTypeGuildNews
}

// rights is what decides what the bot may do in a guild.
type rights struct {
	roles []role
	has   []string
	muted time.Time
}

// rights asks for the guild's roles and those that the bot has.
func (g *Guild) rights(ctx context.Context) (rights, error) {
	var out rights
	err := g.client.do(ctx, request{method: http.MethodGet, path: "guilds/" + g.id + "/roles"}, &out.roles)
	if err != nil {
		return rights{}, chat.Certain(g.outside(err))
	}
	var me struct {
		Roles []string   `json:"roles"`
		Muted *time.Time `json:"communication_disabled_until"`
	}
	err = g.client.do(ctx, request{method: http.MethodGet, path: "guilds/" + g.id + "/members/" + g.self().user}, &me)
	if err != nil {
		return rights{}, chat.Certain(g.outside(err))
	}
	if out.has = me.Roles; me.Muted != nil {
		out.muted = *me.Muted
	}
	return out, nil
}

func (g *Guild) checkPermissions(ctx context.Context, c *channel) error {
	r, err := g.rights(ctx)
	if err != nil {
		return err
	}
	return g.mayUse(c, r)
}

// mayUse names what is missing in a channel. Without View Channel everything is, but
// that is what has to be given first, and the rest with it.
func (g *Guild) mayUse(c *channel, r rights) error {
	have := permissionsIn(g.id, g.self().user, r.has, r.roles, c.Overwrites)
	var missing []string
	for _, p := range g.needed(c.Type) {
		if have&p.bit == 0 {
			missing = append(missing, p.name)
		}
	}
	switch {
	case len(missing) > 0:
		return g.lacks(c.ID, missing)
	case r.muted.After(g.clock.At(g.Now())):
		se := g.client.lost(codePermissions, c.ID)
		se.Remedy = g.client.remedy("{app} is in time-out in the server. Click it in the member list and remove the time-out.", c.ID)
		return se
	}
	return nil
}

// lacks is the failure for want of permissions, with where to give them.
func (g *Guild) lacks(channel string, missing []string) *bridge.SurfaceError {
	se := g.client.lost(codePermissions, channel)
	se.Remedy = g.client.remedy("In Discord open the settings of {channel}, Permissions, and give {app} (or its role): "+
		strings.Join(missing, ", ")+".", channel)
	se.Err = fmt.Errorf("missing: %s", strings.Join(missing, ", "))
	return se
}

// explained finds out what lies behind a refusal: which permissions are missing, and
// whether it is the thread that is gone or its channel. The answer stands for a moment
// for all calls to the channel.
func (g *Guild) explained(ctx context.Context, at bridge.Attempt, err error) error {
	place := at.Mirror.Place
	var se *bridge.SurfaceError
	if !errors.As(err, &se) || !slices.Contains([]string{codeMissingAccess, codeMissingPerm, codeUnknownChannel}, se.Code) {
		return err
	}
	// A thousand threads of the channel look once.
	_, found, _ := g.looking.Do(place.String(), func() (any, error) {
		if known := g.refused.get(place); known != nil {
			return nil, known
		}
		return nil, g.probeChannel(ctx, place.Channel)
	})
	var cause *bridge.SurfaceError
	switch {
	case errors.As(found, &cause) && (cause.Class == bridge.Gone || cause.Class == bridge.Unauthorized):
		g.refused.put(place, cause)
		return cause
	case cause != nil && cause.Class == bridge.RateLimited:
		return cause // the next attempt finds out
	case found == nil && se.Code == codeUnknownChannel && at.Mirror.Thread != "":
		return g.client.lost(bridge.ParkedThread, place.Channel)
	case found == nil && se.Code != codeUnknownChannel:
		g.refused.put(place, se)
	}
	return se
}
