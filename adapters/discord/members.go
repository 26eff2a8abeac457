package discord

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strconv"

	"github.com/sidebridge/sidebridge/adapters/chat"
	"github.com/sidebridge/sidebridge/bridge"
)

var _ bridge.MemberSurface = (*Guild)(nil)

// How many members Discord lists at once, and how many a server may have whose channels
// we look into before each restricted message.
const (
	memberPage = 1000
	memberMost = 10_000
)

// Members implements bridge.MemberSurface: all in the guild who can see a channel, and so
// the threads in it. Those are the owner, whoever has Administrator, and whom the roles and
// the channel's own settings let in, other apps' bots among them. Who has which role
// Discord tells only apps with the Server Members Intent switched on.
// https://docs.discord.com/developers/resources/guild#list-guild-members
func (g *Guild) Members(ctx context.Context, place bridge.Place) ([]bridge.Known, error) {
	if err := g.knowing(ctx); err != nil {
		return nil, err
	}
	var c channel
	if err := g.client.do(ctx, request{method: http.MethodGet, path: "channels/" + place.Channel}, &c); err != nil {
		return nil, chat.Certain(err)
	}
	if c.GuildID != g.id {
		return nil, g.client.lost(codeUnknownChannel, place.Channel)
	}
	g.labels.learn(c.ID, c.Name)
	r, err := g.rights(ctx)
	if err != nil {
		return nil, err
	}
	if !g.isPrivate(&c, r) {
		return nil, g.readable(&c, "Everybody in the server can see {channel}. Make it a private channel, or use one.")
	}
	var guild struct {
		Owner string `json:"owner_id"`
	}
	if err := g.client.do(ctx, request{method: http.MethodGet, path: "guilds/" + g.id}, &guild); err != nil {
		return nil, chat.Certain(g.outside(err))
	}
	var out []bridge.Known
	err = g.eachMember(ctx, &c, func(m *member) {
		if u := m.User; u.ID != g.self().user && (u.ID == guild.Owner || permissionsIn(g.id, u.ID, m.Roles, r.roles, c.Overwrites)&mayView != 0) {
			out = append(out, bridge.Known{Account: g.account(u.ID), Name: displayName(u, m)})
		}
	})
	return out, err
}

// eachMember lists the guild's members.
func (g *Guild) eachMember(ctx context.Context, c *channel, fn func(*member)) error {
	after := "0"
	for range memberMost / memberPage {
		var page []member
		err := g.client.do(ctx, request{
			method: http.MethodGet, path: "guilds/" + g.id + "/members", query: url.Values{"limit": {strconv.Itoa(memberPage)}, "after": {after}},
		}, &page)
		switch {
		case codeOf(err) == codeMissingAccess:
			return g.readable(c, "Discord does not tell who can see {channel}: switch on Server Members Intent for {app} in Discord's developer portal, under Bot.")
		case err != nil:
			return chat.Certain(err)
		}
		for i := range page {
			if page[i].User == nil || !validID(page[i].User.ID) {
				return fmt.Errorf("a member of the server without an account")
			}
			fn(&page[i])
			after = page[i].User.ID
		}
		if len(page) < memberPage {
			return nil
		}
	}
	return g.readable(c, fmt.Sprintf("The server has more than %d members, too many to see who reads {channel}. Go on in the ticket view, or in a smaller server.", memberMost))
}

// readable is why a channel is none for a restricted conversation.
func (g *Guild) readable(c *channel, remedy string) *bridge.SurfaceError {
	return &bridge.SurfaceError{Class: bridge.Gone, Code: bridge.ParkedMembers, Remedy: g.client.remedy(remedy, c.ID)}
}
