package discord

import (
	"cmp"
	"context"
	"net/http"
	"strings"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"github.com/sidebridge/sidebridge/mapping/markup"
)

const (
	maxNames = 50_000
	nobodys  = "somebody" // who has no name that can be shown

	// Anybody can write a message of a hundred ids that mean nothing to us. Each would be
	// a call while all other events wait, and one that is refused counts towards a ban of
	// our address, so few are looked up; the rest is shown without a name.
	// https://docs.discord.com/developers/topics/rate-limits#invalid-request-limit-aka-cloudflare-bans
	nameAsks       = 0.5 // a second
	nameAsksAtOnce = 10
	nameTime       = 3 * time.Second // for one of them
)

// names remembers what a guild calls its members and roles. Messages bring the names
// of all whom they mention, so that nobody is asked for; a member's nick is only in
// events, and listings take it from here.
type names struct {
	mu    sync.Mutex
	byKey map[[2]string]string // guild and id
	roles map[string]bool      // guilds whose roles are known
	asks  *rate.Limiter        // of questions about names
}

func newNames() *names {
	return &names{byKey: map[[2]string]string{}, roles: map[string]bool{}, asks: rate.NewLimiter(nameAsks, nameAsksAtOnce)}
}

func (n *names) get(guild, id string) string {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.byKey[[2]string{guild, id}]
}

func (n *names) learn(guild, id, name string) {
	name = markup.CleanName(name)
	if name == "" || !validID(id) {
		return
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if len(n.byKey) >= maxNames {
		drop := maxNames / 10
		for key := range n.byKey {
			if drop--; drop < 0 {
				break
			}
			delete(n.byKey, key)
		}
		clear(n.roles)
	}
	n.byKey[[2]string{guild, id}] = name
}

func (n *names) learnRoles(guild string, roles []role) {
	for _, r := range roles {
		n.learn(guild, r.ID, strings.TrimPrefix(r.Name, "@"))
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	n.roles[guild] = true
}

// rolesKnown reports whether a guild's roles are known, and takes note that they are
// being asked for.
func (n *names) rolesKnown(guild string) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	known := n.roles[guild]
	n.roles[guild] = true
	return known
}

// learnNames takes the names, and the pictures, that an event about a message brings.
func (g *Guild) learnNames(m *message) {
	if m.Author != nil && m.WebhookID == "" {
		g.called.learn(g.id, m.Author.ID, displayName(m.Author, m.Member))
		g.shown.heard(g.id, m.Author, m.Member)
	}
	for i := range m.Mentions {
		if u := &m.Mentions[i]; u.Member != nil || g.called.get(g.id, u.ID) == "" {
			g.called.learn(g.id, u.ID, displayName(u, u.Member))
			g.shown.heard(g.id, u, u.Member)
		}
	}
}

// displayName is what a guild shows: the nick there, or the name that the account
// shows everywhere, or its handle. https://docs.discord.com/developers/resources/user
func displayName(u *user, m *member) string {
	var nick string
	if m != nil {
		nick = markup.CleanName(m.Nick)
	}
	return cmp.Or(nick, markup.CleanName(u.Global), markup.CleanName(u.Username), nobodys)
}

// nameOf returns the name to show for a message's author. A listing does not bring
// the nick.
func (g *Guild) nameOf(u *user, m *member) string {
	if m == nil {
		if name := g.called.get(g.id, u.ID); name != "" {
			return name
		}
	}
	return displayName(u, m)
}

// directory tells markup the names behind a guild's ids and which mentions may ring.
type directory struct {
	g *Guild
	// ctx is for a question to Discord on the way of a message; nil asks nothing.
	ctx context.Context
}

// Name implements markup.Directory.
func (d directory) Name(surface, workspace, id string) (string, bool) {
	if surface != Surface || workspace != d.g.id || !validID(id) {
		return "", false
	}
	if name := d.g.called.get(d.g.id, id); name != "" {
		return name, true
	}
	if k, ok := d.g.places.get(id); ok {
		return markup.CleanName(k.name), k.guild == d.g.id && k.name != ""
	}
	if d.ctx == nil {
		return "", false
	}
	return d.lookUp(id)
}

// lookUp asks for what no message brings: after a restart we do not know of roles and
// channels before they are mentioned.
func (d directory) lookUp(id string) (string, bool) {
	if !d.g.called.asks.Allow() {
		return "", false
	}
	ctx, cancel := context.WithTimeout(d.ctx, nameTime)
	defer cancel()
	if !d.g.called.rolesKnown(d.g.id) {
		var roles []role
		if d.g.ask(ctx, request{method: http.MethodGet, path: "guilds/" + d.g.id + "/roles"}, &roles) == nil {
			d.g.called.learnRoles(d.g.id, roles)
		}
		if name := d.g.called.get(d.g.id, id); name != "" {
			return name, true
		}
	}
	k, err := d.g.lookUp(ctx, id)
	if err != nil || k.guild != d.g.id || k.name == "" {
		return "", false
	}
	return markup.CleanName(k.name), true
}

// Account implements markup.Directory.
func (d directory) Account(target string) (string, bool) { return d.g.Mention(d.g.id, target) }
