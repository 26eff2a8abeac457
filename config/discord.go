package config

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
)

// IdentityBot is whose name mirrored messages carry on Discord by default: the
// bot's, with the agent named in the text.
const IdentityBot = "bot"

// Discord is one Discord bot with the guilds that it serves.
type Discord struct {
	// Name is our own short name of the bot: lower-case letters, digits and
	// hyphens. It appears in logs and metrics and in the names of environment
	// variables. Required.
	Name string `toml:"name"`

	// Enabled switches the bot on. Default true.
	Enabled bool `toml:"enabled"`

	// Token is the bot's token, from the page Bot of the developer portal.
	// Required.
	Token Secret `toml:"token"`

	// Guilds are the ids of the servers that the bot serves, long numbers that
	// Copy Server ID gives. At least one is required; others are not heard.
	Guilds []string `toml:"guilds"`

	// Identity is whose name a mirrored message carries: "bot" (the bot's, the
	// agent named in the text; effectively once) or "agent" (a webhook with the
	// agent's name and picture; needs Manage Webhooks, and a post whose answer
	// was lost is only known by reading the thread back). Default "bot".
	Identity string `toml:"identity"`

	// LockClosed locks and archives the thread of a conversation that is
	// closed, and unlocks it when it is reopened (needs Manage Threads).
	// Default false: whoever writes in the thread reopens the conversation.
	LockClosed bool `toml:"lock_closed"`

	// AutoArchiveMinutes is after how many idle minutes Discord takes a thread
	// out of the channel's list: 60, 1440, 4320 or 10080. Default 10080, a week.
	AutoArchiveMinutes int `toml:"auto_archive_minutes"`

	// AllowBots lists ids of users, applications or webhooks whose messages in a
	// mirrored thread count as replies although they are no people's. Default: none.
	AllowBots []string `toml:"allow_bots"`

	// MaxFileBytes is the size in bytes up to which files are carried in either
	// direction; larger ones are named and linked. Default 10485760 (10 MiB),
	// what a server without boosts takes.
	MaxFileBytes int64 `toml:"max_file_bytes"`

	// Ambiguous says what becomes of a post whose answer was lost and that does
	// not turn up within Doubt: "resend" (once, and the audit trail says so) or
	// "park" (never twice; a person decides). Default "resend".
	Ambiguous string `toml:"ambiguous"`

	// Doubt is how long a post whose answer was lost is looked for, where
	// repeating it is not known to be safe. Default 30 seconds.
	Doubt time.Duration `toml:"doubt"`

	// APIURL replaces https://discord.com/api/v10/ for simulators and tests. It
	// must be https, or http on this machine. Default empty: Discord itself.
	APIURL string `toml:"api_url"`
}

// DefaultDiscord returns a bot that says nothing but its name.
func DefaultDiscord(name string) Discord {
	return Discord{
		Name:               name,
		Enabled:            true,
		Identity:           IdentityBot,
		AutoArchiveMinutes: 10080,
		MaxFileBytes:       10 << 20,
		Ambiguous:          AmbiguousResend,
		Doubt:              30 * time.Second,
	}
}

// snowflake is what Discord's ids look like: a decimal number of 64 bits.
// https://docs.discord.com/developers/reference#snowflakes
var snowflake = regexp.MustCompile(`^[1-9][0-9]{0,19}$`)

// botToken is what Discord's bot tokens look like: three parts in URL-safe Base64.
var botToken = regexp.MustCompile(`^[\w-]+\.[\w-]+\.[\w-]+$`)

// bots checks every Discord bot, and that no guild is served by two: both would
// show each conversation there.
func (p *problems) bots(list []Discord) {
	names, guilds, tokens := map[string]bool{}, map[string]string{}, map[string]string{}
	for i, d := range list {
		where := "discord." + d.Name
		if !workspaceName.MatchString(d.Name) {
			where = fmt.Sprintf("discord[%d]", i)
			p.add(where+".name", "%q is not a name of lower-case letters, digits and hyphens", d.Name)
		} else if names[d.Name] {
			p.add(where+".name", "two [[discord]] tables have this name: keep one, or rename one")
		}
		names[d.Name] = true
		for _, g := range d.Guilds {
			if other, ok := guilds[g]; ok && d.Enabled {
				p.add(where+".guilds", "%s is served by the bot %s already: keep one of them", g, other)
			}
			if d.Enabled {
				guilds[g] = d.Name
			}
		}
		// A token begins with its bot's id; two connections of one bot would take one
		// another's place in its session.
		if bot, _, ok := strings.Cut(d.Token.Reveal(), "."); ok && d.Enabled {
			if other, have := tokens[bot]; have {
				p.add(where+".token", "it is the bot of %s: put the guilds of both into one [[discord]]", other)
			}
			tokens[bot] = d.Name
		}
		p.bot(where, d)
	}
}

func (p *problems) bot(where string, d Discord) {
	p.oneOf(where+".identity", d.Identity, IdentityBot, IdentityAgent)
	p.oneOf(where+".ambiguous", d.Ambiguous, AmbiguousResend, AmbiguousPark)
	p.between(where+".doubt", d.Doubt, time.Second, 10*time.Minute)
	// https://docs.discord.com/developers/resources/channel#thread-metadata-object
	if !slices.Contains([]int{60, 1440, 4320, 10080}, d.AutoArchiveMinutes) {
		p.add(where+".auto_archive_minutes", "%d is none of 60, 1440, 4320, 10080, which are all that Discord takes", d.AutoArchiveMinutes)
	}
	if d.MaxFileBytes < 0 {
		p.add(where+".max_file_bytes", "%d is below 0; 0 carries no files", d.MaxFileBytes)
	}
	if d.APIURL != "" && !isHTTPSOrLoopback(d.APIURL) {
		p.add(where+".api_url", "use https; plain http is accepted for this machine only. Leave it out to talk to Discord")
	}
	p.snowflakes(where+".guilds", d.Guilds)
	p.snowflakes(where+".allow_bots", d.AllowBots)
	if d.Enabled {
		p.discordSecrets(where, d)
	}
}

func (p *problems) snowflakes(key string, ids []string) {
	for _, id := range ids {
		if !snowflake.MatchString(id) {
			p.add(key, "%q is no id of Discord's, which is a long number: switch Developer Mode on in Discord, right-click and copy it", id)
		}
	}
}

func (p *problems) discordSecrets(where string, d Discord) {
	if len(d.Guilds) == 0 {
		p.add(where+".guilds", "name the server: switch Developer Mode on in Discord, right-click the server, Copy Server ID")
	}
	token := d.Token.Reveal()
	switch {
	case token == "":
		p.add(where+".token", "set the bot's token (page Bot of the application in the developer portal, Reset Token)%s or enabled = false",
			cmp.Or(orVariable(where+".token"), ","))
	case strings.HasPrefix(token, "Bot "):
		p.add(where+".token", `leave out the word "Bot" before the token`)
	case !botToken.MatchString(token):
		p.add(where+".token", "this is not a bot token, which has three parts between dots; it is neither the public key nor the client secret")
	}
}
