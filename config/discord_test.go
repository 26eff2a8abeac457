package config

import (
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

const guild = `
[[discord]]
name = "guild"
token = "MTIz.GaBcDe.topsecret_mac"
guilds = ["1012345678901234567"]
`

func TestEveryBotStartsFromTheDefaults(t *testing.T) {
	c, err := load(t, guild+`
[[discord]]
name = "second"
token = "MTI0.GaBcDe.mac"
guilds = ["2", "3"]
identity = "agent"
lock_closed = true
auto_archive_minutes = 60
ambiguous = "park"
`)
	if err != nil {
		t.Fatal(err)
	}
	first, second := DefaultDiscord("guild"), DefaultDiscord("second")
	first.Token, first.Guilds = NewSecret("MTIz.GaBcDe.topsecret_mac"), []string{"1012345678901234567"}
	second.Token, second.Guilds = NewSecret("MTI0.GaBcDe.mac"), []string{"2", "3"}
	second.Identity, second.LockClosed, second.AutoArchiveMinutes, second.Ambiguous = IdentityAgent, true, 60, AmbiguousPark
	if diff := cmp.Diff([]Discord{first, second}, c.Discord); diff != "" {
		t.Errorf("bots (-want +got):\n%s", diff)
	}
}

func TestEnvironmentOverridesABot(t *testing.T) {
	c, err := load(t, "[[discord]]\nname = \"eu-west\"\n",
		"SIDEBRIDGE_DISCORD_EU_WEST_TOKEN=a.b.c",
		"SIDEBRIDGE_DISCORD_EU_WEST_GUILDS=1, 2",
		"SIDEBRIDGE_DISCORD_EU_WEST_LOCK_CLOSED=true",
		"SIDEBRIDGE_DISCORD_EU_WEST_AUTO_ARCHIVE_MINUTES=1440",
		"SIDEBRIDGE_DISCORD_EU_WEST_DOUBT=90s",
	)
	if err != nil {
		t.Fatal(err)
	}
	want := DefaultDiscord("eu-west")
	want.Token, want.Guilds, want.LockClosed = NewSecret("a.b.c"), []string{"1", "2"}, true
	want.AutoArchiveMinutes, want.Doubt = 1440, 90*time.Second
	if diff := cmp.Diff([]Discord{want}, c.Discord); diff != "" {
		t.Errorf("bots (-want +got):\n%s", diff)
	}
}

func TestMistakesOfABotAreNamedWithTheirKeyAndRemedy(t *testing.T) {
	for name, tt := range map[string]struct {
		text string
		want []string
	}{
		"misspelt key":    {guild + "gilds = []", []string{"unknown key discord.gilds"}},
		"no name":         {"[[discord]]\nenabled = false", []string{"discord[0].name"}},
		"two of one name": {guild + guild, []string{"discord.guild.name: two", "discord.guild.guilds: 1012345678901234567 is served by the bot guild already"}},
		"two of one bot": {
			guild + strings.NewReplacer(`"guild"`, `"other"`, "1012345678901234567", "1012345678901234568").Replace(guild),
			[]string{"discord.other.token: it is the bot of guild"},
		},
		"nothing but name": {"[[discord]]\nname = 'a'", []string{"discord.a.token: set the bot's token", "SIDEBRIDGE_DISCORD_A_TOKEN_FILE", "discord.a.guilds: name the server", "Copy Server ID"}},
		"the word Bot":     {"[[discord]]\nname = 'a'\nguilds = ['1']\ntoken = 'Bot topsecret.b.c'", []string{`leave out the word "Bot"`}},
		"the public key":   {"[[discord]]\nname = 'a'\nguilds = ['1']\ntoken = '0123456789abcdef'", []string{"neither the public key"}},
		"a guild's name":   {strings.Replace(guild, "1012345678901234567", "Acme", 1), []string{`discord.guild.guilds: "Acme" is no id`, "Developer Mode"}},
		"a bot's name":     {guild + "allow_bots = ['Helper']", []string{`discord.guild.allow_bots: "Helper" is no id`}},
		"words":            {guild + "identity = 'app'\nambiguous = 'no'", []string{"discord.guild.identity", "bot, agent", "discord.guild.ambiguous"}},
		"limits":           {guild + "auto_archive_minutes = 90\nmax_file_bytes = -1\ndoubt = '1ms'", []string{"60, 1440, 4320, 10080", "max_file_bytes", "doubt"}},
		"api_url in clear": {guild + "api_url = 'http://discord.example.com/api'", []string{"discord.guild.api_url: use https"}},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := load(t, tt.text)
			if err == nil {
				t.Fatal("accepted")
			}
			for _, want := range tt.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("error does not say %q:\n%v", want, err)
				}
			}
			if strings.Contains(err.Error(), "topsecret") {
				t.Errorf("the error shows a token: %v", err)
			}
		})
	}
}

func TestABotThatIsSwitchedOffMayShareAGuild(t *testing.T) {
	if _, err := load(t, guild+strings.Replace(guild, `"guild"`, `"old"`, 1)+"enabled = false\n"); err != nil {
		t.Error(err)
	}
}

func TestABotsTokenIsNeverShown(t *testing.T) {
	c, err := load(t, guild)
	if err != nil {
		t.Fatal(err)
	}
	text, err := c.Redacted()
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(text, "topsecret") || !strings.Contains(text, `token = "[redacted]"`) {
		t.Errorf("Redacted:\n%s", text)
	}
}

// Who lacks a token is told of the variable, and that is the one that is read.
func TestTheVariableThatIsNamedIsRead(t *testing.T) {
	const text = "[[discord]]\nname = 'eu-west'\nguilds = ['1']\n"
	_, err := load(t, text)
	if err == nil {
		t.Fatal("accepted without a token")
	}
	name := regexp.MustCompile(`SIDEBRIDGE_\w+_TOKEN`).FindString(err.Error())
	if c, err := load(t, text, name+"=a.b.c"); err != nil || c.Discord[0].Token.Reveal() != "a.b.c" {
		t.Errorf("%s: %v", name, err)
	}
	if _, err := load(t, "[[discord]]\nguilds = ['1']\n"); err == nil || strings.Contains(err.Error(), "SIDEBRIDGE_") {
		t.Errorf("a table without a name has no variable: %v", err)
	}
}
