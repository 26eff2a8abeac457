package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/sidebridge/sidebridge/adapters/discord"
	"github.com/sidebridge/sidebridge/adapters/discord/discordsim"
	"github.com/sidebridge/sidebridge/bridge"
)

// startDiscord starts the simulator of Discord with its people and channels, without limits.
func (d *demo) startDiscord(address string) error {
	d.guild = discordsim.New(discordsim.Options{Limits: discordsim.Limits{Off: true}, GuildName: "Acme"})
	if _, err := d.guild.Start(address); err != nil {
		return errors.Join(err, d.guild.Close())
	}
	for _, p := range []*demoPerson{d.anders, d.maria, d.sanne} {
		first, _, _ := strings.Cut(strings.ToLower(p.name), " ")
		p.discord = d.guild.AddUser(discordsim.UserSpec{Name: first, Global: p.name, Avatar: fmt.Sprintf("%x", first)})
	}
	// The page opens on the first channel: the one that is in both chats.
	d.engineering.discord = d.guild.AddChannel(discordsim.ChannelSpec{Name: "engineering"})
	d.logistics = demoGroup{name: "Logistics", discord: d.guild.AddChannel(discordsim.ChannelSpec{Name: "logistics"})}
	return nil
}

// discordConfig is what the daemon is told of the simulated Discord.
func (d *demo) discordConfig() string {
	return fmt.Sprintf(`
[[discord]]
name = "acme"
token = %q
guilds = [%q]
api_url = %q
doubt = "2s"
`, d.guild.Token(), d.guild.GuildID(), d.guild.APIURL())
}

// inGuild is a channel of the simulated Discord.
func (d *demo) inGuild(channel string) bridge.Place {
	return bridge.Place{Surface: discord.Surface, Workspace: d.guild.GuildID(), Channel: channel}
}

// post waits until a thread in a channel of the simulated Discord shows these words,
// and returns its id.
func (d *demo) post(ctx context.Context, channel, words string) (thread string, err error) {
	err = d.guild.WaitFor(ctx, func() bool {
		for _, id := range d.guild.Threads(channel) {
			if discordHas(d.guild.Channel(id), words) {
				thread = id
			}
		}
		return thread != ""
	})
	return thread, wrapf(err, "wait for the thread of %q", words)
}

func discordHas(messages []discordsim.Message, words string) bool {
	for _, m := range messages {
		if strings.Contains(m.Content, words) {
			return true
		}
	}
	return false
}

// discordLines are the messages of a thread in Discord. What the bot says for a person
// begins with that person's name in bold; what it says for itself, such as the card,
// is no message.
func discordLines(thread []discordsim.Message, names map[string]string) []line {
	var lines []line
	for _, m := range thread {
		l := line{names[m.Author], m.Content}
		if m.Bot {
			name, text, ok := strings.Cut(strings.TrimPrefix(m.Content, "**"), "**\n")
			if !ok || !strings.HasPrefix(m.Content, "**") {
				continue
			}
			l = line{name, text}
		}
		if l.text != "" {
			lines = append(lines, l)
		}
	}
	return lines
}
