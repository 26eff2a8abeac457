package discord

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/sidebridge/sidebridge/bridge"
)

// ParseLink returns the channel and the thread that a link to a thread, or to a message
// in or before one, leads to. A link that is no Discord link, or of a guild that this
// bot does not serve, is bridge.ErrNotFound.
func (a *Adapter) ParseLink(ctx context.Context, link string) (bridge.Place, string, error) {
	guild, ids, err := a.linkIDs(link)
	if err != nil {
		return bridge.Place{}, "", err
	}
	for _, id := range ids {
		c, err := a.linked(ctx, guild, id)
		switch {
		case errors.Is(err, bridge.ErrNotFound):
			continue // a message before no thread
		case err != nil:
			return bridge.Place{}, "", err
		case c.GuildID != guild:
			return bridge.Place{}, "", fmt.Errorf("%w: this Discord link names a channel of another server", bridge.ErrInvalid)
		case c.isThread():
			return bridge.Place{Surface: Surface, Workspace: guild, Channel: c.Parent}, c.ID, nil
		}
	}
	return bridge.Place{}, "", fmt.Errorf("%w: this Discord link leads to no thread: start a thread in Discord first, "+
		"or take “Copy Link” in the menu of the thread", bridge.ErrInvalid)
}

// linkIDs reads the ids of a link, those that can be a thread's: the channel, and the
// message, since a thread has the id of the message that it was started from.
func (a *Adapter) linkIDs(link string) (guild string, ids []string, err error) {
	u, err := url.Parse(strings.TrimSpace(link))
	if err != nil || !a.ownHost(u) {
		return "", nil, fmt.Errorf("link: %w", bridge.ErrNotFound)
	}
	parts := strings.Split(strings.Trim(u.Path, "/"), "/")
	if len(parts) > 3 && parts[3] == "threads" { // what the browser shows while a thread is open beside its channel
		parts = slices.Delete(parts, 2, 4)
	}
	if len(parts) < 3 || len(parts) > 4 || parts[0] != "channels" {
		return "", nil, fmt.Errorf("link: %w", bridge.ErrNotFound)
	}
	guild, ids = parts[1], parts[2:]
	if !slices.Contains(a.Options.Guilds, guild) {
		return "", nil, fmt.Errorf("link: %w", bridge.ErrNotFound)
	}
	for _, id := range ids {
		if !validID(id) {
			return "", nil, fmt.Errorf("%w: this Discord link is not complete", bridge.ErrInvalid)
		}
	}
	return guild, ids, nil
}

// ownHost reports whether an address is one of Discord's pages, or of the simulator's.
func (a *Adapter) ownHost(u *url.URL) bool {
	switch u.Host {
	case "discord.com", "ptb.discord.com", "canary.discord.com", "discordapp.com":
		return u.Scheme == "https"
	}
	return u.Host != "" && u.Host == a.apiURL.Host && u.Scheme == a.apiURL.Scheme
}

// linked asks what an id of a link stands for.
func (a *Adapter) linked(ctx context.Context, guild, id string) (*channel, error) {
	c, err := a.guilds[guild].askChannel(ctx, id)
	var se *bridge.SurfaceError
	if !errors.As(err, &se) {
		return c, err
	}
	switch se.Code {
	case codeUnknownChannel:
		return nil, fmt.Errorf("channel: %w", bridge.ErrNotFound)
	case codeMissingAccess:
		return nil, fmt.Errorf("%w: the bot cannot see that channel: give it View Channel and Read Message History there", bridge.ErrForbidden)
	}
	return nil, fmt.Errorf("look at what a link leads to: %w", err)
}
