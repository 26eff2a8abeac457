package discordsim

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
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

// guildMembers lists the members in the order of their ids, for apps with the privileged
// intent. https://docs.discord.com/developers/resources/guild#list-guild-members
func (c *call) guildMembers() (answer, error) {
	g, err := c.guild(0)
	if err != nil {
		return answer{}, err
	}
	if c.s.opts.NoMembers {
		return answer{}, errAccess
	}
	limit, err := strconv.Atoi(cmp.Or(c.query.Get("limit"), "1"))
	if err != nil || limit < 1 || limit > 1000 {
		return answer{}, badForm("limit", "int value should be between 1 and 1000.")
	}
	ids := slices.SortedFunc(maps.Keys(g.members), compareIDs)
	list := []fields{}
	for _, id := range ids {
		if u := c.s.users[id]; u != nil && compareIDs(id, cmp.Or(c.query.Get("after"), "0")) > 0 && len(list) < limit {
			list = append(list, g.showMember(u, true))
		}
	}
	return answer{body: list}, nil
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

// commandName is what a slash command and its options may be called; none is upper case.
// https://docs.discord.com/developers/interactions/application-commands#application-command-object-application-command-naming
var commandName = regexp.MustCompile(`^[-_'\p{L}\p{N}]{1,32}$`)

// checkCommands holds the limits of commands: names, descriptions, how many of a kind.
// https://docs.discord.com/developers/interactions/application-commands
func checkCommands(raw json.RawMessage) error {
	var list []struct {
		Name        string `json:"name"`
		Description string `json:"description"`
		Type        int    `json:"type"`
		Options     []struct {
			Name        string `json:"name"`
			Description string `json:"description"`
			Required    bool   `json:"required"`
		} `json:"options"`
	}
	if json.Unmarshal(raw, &list) != nil {
		return badForm("_body", "Only iterables may be used")
	}
	slash, seen := 0, map[string]bool{}
	for i, cmd := range list {
		at, key := strconv.Itoa(i), fmt.Sprint(max(cmd.Type, 1), cmd.Name)
		if seen[key] {
			return badForm(at+".name", "Application command names must be unique")
		}
		seen[key] = true
		if cmd.Type > 1 {
			if n := length(cmd.Name); n < 1 || n > 32 || cmd.Description != "" || len(cmd.Options) > 0 {
				return badForm(at+".name", "Must be between 1 and 32 in length, without a description")
			}
			continue
		}
		slash++
		if err := checkSlash(at, cmd.Name, cmd.Description); err != nil {
			return err
		}
		optional := false
		for j, o := range cmd.Options {
			if err := checkSlash(fmt.Sprint(at, ".options.", j), o.Name, o.Description); err != nil {
				return err
			}
			if o.Required && optional {
				return badForm(fmt.Sprint(at, ".options.", j), "Required options must be placed before non-required options")
			}
			optional = optional || !o.Required
		}
	}
	if slash > 100 || len(list)-slash > 15 {
		return refuse(400, 30032, "Maximum number of application commands reached (100)")
	}
	return nil
}

func checkSlash(at, name, description string) error {
	switch n := length(description); {
	case !commandName.MatchString(name) || name != strings.ToLower(name):
		return badForm(at+".name", "Command name is invalid")
	case n < 1 || n > 100:
		return badForm(at+".description", "Must be between 1 and 100 in length.")
	}
	return nil
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
	if err := checkCommands(c.body); err != nil {
		return answer{}, err
	}
	for _, cmd := range list {
		cmd["id"], cmd["application_id"], cmd["guild_id"], cmd["version"] = c.s.newID(), c.s.appID, g.id, c.s.newID()
	}
	g.commands = encode(list)
	return answer{body: json.RawMessage(g.commands)}, nil
}
