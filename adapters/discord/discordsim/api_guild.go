package discordsim

import (
	"encoding/json"
	"time"
)

func (c *call) me() (answer, error) { return answer{body: showUser(c.s.bot)}, nil }

// application tells the flags of the privileged intents: 1<<19 is MESSAGE_CONTENT
// without a review. https://docs.discord.com/developers/resources/application#application-object-application-flags
func (c *call) application() (answer, error) {
	return answer{body: fields{"id": c.s.appID, "name": c.s.opts.AppName, "flags": c.s.appFlags(), "bot": showUser(c.s.bot)}}, nil
}

func (s *Sim) appFlags() int {
	if s.opts.NoContent {
		return 0
	}
	return 1 << 19
}

func (c *call) gatewayBot() (answer, error) {
	s := c.s
	return answer{body: fields{
		"url": "ws" + s.base[len("http"):] + "/gateway/", "shards": 1,
		"session_start_limit": fields{
			"total": s.opts.Identifies, "remaining": max(0, s.opts.Identifies-s.identifies),
			"reset_after": (24 * time.Hour).Milliseconds(), "max_concurrency": 1,
		},
	}}, nil
}

func (c *call) guild(n int) (*guild, error) {
	for _, g := range c.s.guilds {
		if g.id == c.ids[n] && !g.kicked {
			return g, nil
		}
		if g.id == c.ids[n] {
			return nil, errAccess
		}
	}
	return nil, errGuild
}

func (c *call) getGuild() (answer, error) {
	g, err := c.guild(0)
	if err != nil {
		return answer{}, err
	}
	shown := c.s.showGuild(g)
	delete(shown, "channels")
	delete(shown, "threads")
	delete(shown, "members")
	return answer{body: shown}, nil
}

func (c *call) myGuilds() (answer, error) {
	list := []fields{}
	for _, g := range c.s.guilds {
		if !g.kicked {
			list = append(list, fields{"id": g.id, "name": g.name})
		}
	}
	return answer{body: list}, nil
}

// guildChannels lists all channels that are no threads, also those we may not view.
func (c *call) guildChannels() (answer, error) {
	g, err := c.guild(0)
	if err != nil {
		return answer{}, err
	}
	list := []fields{}
	for _, ch := range c.s.inOrder(g) {
		if !ch.thread() {
			list = append(list, c.s.showChannel(ch))
		}
	}
	return answer{body: list}, nil
}

func (c *call) guildRoles() (answer, error) {
	g, err := c.guild(0)
	if err != nil {
		return answer{}, err
	}
	list := []fields{}
	for _, r := range g.roles {
		list = append(list, showRole(r))
	}
	return answer{body: list}, nil
}

func (c *call) guildMember() (answer, error) {
	g, err := c.guild(0)
	if err != nil {
		return answer{}, err
	}
	u := c.s.users[c.ids[1]]
	if u == nil || !g.member(u.id) {
		return answer{}, refuse(404, 10007, "Unknown Member")
	}
	return answer{body: g.showMember(u, true)}, nil
}

func (c *call) activeThreads() (answer, error) {
	g, err := c.guild(0)
	if err != nil {
		return answer{}, err
	}
	list := []fields{}
	for _, ch := range c.s.inOrder(g) {
		if ch.thread() && !ch.archived && c.s.sees(ch) {
			list = append(list, c.s.showChannel(ch))
		}
	}
	return answer{body: fields{"threads": list, "members": []fields{}}}, nil
}

func (c *call) getCommands() (answer, error) {
	g, err := c.guild(1)
	if err != nil {
		return answer{}, err
	}
	if len(g.commands) == 0 {
		return answer{body: []fields{}}, nil
	}
	return answer{body: g.commands}, nil
}

// putCommands replaces the guild's commands, which then have ids.
func (c *call) putCommands() (answer, error) {
	g, err := c.guild(1)
	if err != nil {
		return answer{}, err
	}
	if c.ids[0] != c.s.appID {
		return answer{}, errAccess
	}
	var list []fields
	if err := c.decode(&list); err != nil {
		return answer{}, err
	}
	for _, cmd := range list {
		cmd["id"], cmd["application_id"], cmd["guild_id"], cmd["version"] = c.s.newID(), c.s.appID, g.id, c.s.newID()
	}
	g.commands = encode(list)
	return answer{body: json.RawMessage(g.commands)}, nil
}
