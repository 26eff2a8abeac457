package discord

import (
	"context"
	"net/http"
	"sync"

	"github.com/bwmarrin/discordgo"

	"github.com/sidebridge/sidebridge/adapters/chat"
)

// Channel is a channel in which threads can be opened.
type Channel struct {
	ID, Name string
	// Private: not everybody in the guild can see it.
	Private bool
	// Member: the bot has every permission that it needs there.
	Member bool
	// Forum: conversations are opened as posts.
	Forum bool
}

// Channels lists the guild's channels in which threads can be opened, for pickers. Those
// that the bot cannot see are not among them.
// https://docs.discord.com/developers/resources/guild#get-guild-channels
func (g *Guild) Channels(ctx context.Context, fn func([]Channel) error) error {
	if err := g.knowing(ctx); err != nil {
		return err
	}
	var all []channel
	if err := g.client.read(ctx, request{method: http.MethodGet, path: "guilds/" + g.id + "/channels"}, &all); err != nil {
		return chat.Certain(g.outside(err))
	}
	r, err := g.rights(ctx)
	if err != nil {
		return err
	}
	var channels []Channel
	for i := range all {
		c := &all[i]
		if !opensThreads(c.Type) || !validID(c.ID) {
			continue
		}
		g.labels.learn(c.ID, c.Name)
		channels = append(channels, Channel{
			ID: c.ID, Name: c.Name, Private: g.isPrivate(c, r), Member: g.mayUse(c, r) == nil, Forum: hasPosts(c.Type),
		})
	}
	return fn(channels)
}

// isPrivate reports whether somebody without any role cannot see a channel. The role of
// everybody has the guild's own id.
func (g *Guild) isPrivate(c *channel, r rights) bool {
	return permissionsIn(g.id, "", nil, r.roles, c.Overwrites)&discordgo.PermissionViewChannel == 0
}

// maxLabels is how many channels' names are remembered for remedies.
const maxLabels = 5000

// labels remembers what channels are called.
type labels struct {
	mu    sync.Mutex
	names map[string]string
}

func newLabels() *labels { return &labels{names: map[string]string{}} }

// learn takes note of a channel's name.
func (l *labels) learn(id, name string) {
	if id == "" || name == "" {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.names) >= maxLabels {
		clear(l.names) // they are only a help
	}
	l.names[id] = name
}

// of returns "#name" of a channel that is known, else its id.
func (l *labels) of(id string) string {
	if id == "" {
		return "the channel"
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if name := l.names[id]; name != "" {
		return "#" + name
	}
	return "the channel " + id
}
