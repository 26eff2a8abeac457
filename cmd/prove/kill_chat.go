package main

import (
	"fmt"

	"github.com/sidebridge/sidebridge/adapters/discord/discordsim"
	"github.com/sidebridge/sidebridge/adapters/slack/slacksim"
	"github.com/sidebridge/sidebridge/bridge"
)

// chat is a simulated chat with one expert in it. Threads and posts go by the
// platform's own refs, which sort as text in the platform's order.
type chat interface {
	surface() string
	workspace() string
	// addChannel makes a channel for conversation n, of the kinds that the platform has.
	addChannel(n int) string
	say(s *side, text string) (ref string, err error)
	edit(s *side, ref, text string) error
	remove(s *side, ref string) error
	// see returns all that is in the side's channel and its threads.
	see(s *side) []seen
	trouble()
	calm()
	close() error
}

// seen is a post as people see it.
type seen struct {
	ref, text string
	ours      bool
}

// side is a conversation's thread in one chat, and what the expert there said.
type side struct {
	chat
	channel, thread string
	expert          map[string]*said // by ref
}

func (s *side) place() bridge.Place {
	return bridge.Place{Surface: s.surface(), Workspace: s.workspace(), Channel: s.channel}
}

// slackChat is a simulated Slack workspace.
type slackChat struct {
	sim    *slacksim.Sim
	expert *slacksim.Person
}

func (c *slackChat) surface() string   { return "slack" }
func (c *slackChat) workspace() string { return benchTeam }
func (c *slackChat) close() error      { return c.sim.Close() }

func (c *slackChat) addChannel(n int) string {
	return c.sim.AddChannel(slacksim.ChannelSpec{Name: fmt.Sprint("team-", n), Private: n%3 == 1})
}

func (c *slackChat) say(s *side, text string) (string, error) {
	return c.expert.Reply(s.channel, s.thread, text)
}

func (c *slackChat) edit(s *side, ref, text string) error { return c.expert.Edit(s.channel, ref, text) }
func (c *slackChat) remove(s *side, ref string) error     { return c.expert.Delete(s.channel, ref) }

func (c *slackChat) see(s *side) (out []seen) {
	for _, m := range c.sim.All(s.channel) {
		out = append(out, seen{m.TS, m.Text, m.BotID != ""})
	}
	return out
}

// discordChat is a simulated Discord guild, with text channels and forums.
type discordChat struct {
	sim    *discordsim.Sim
	expert *discordsim.Person
}

func (c *discordChat) surface() string   { return "discord" }
func (c *discordChat) workspace() string { return c.sim.GuildID() }
func (c *discordChat) close() error      { return c.sim.Close() }

func (c *discordChat) addChannel(n int) string {
	return c.sim.AddChannel(discordsim.ChannelSpec{Name: fmt.Sprint("team-", n), Forum: n%2 == 1})
}

func (c *discordChat) say(s *side, text string) (string, error) { return c.expert.Say(s.thread, text) }

func (c *discordChat) edit(s *side, ref, text string) error {
	return c.expert.Edit(s.thread, ref, text)
}

func (c *discordChat) remove(s *side, ref string) error { return c.expert.Delete(s.thread, ref) }

func (c *discordChat) see(s *side) (out []seen) {
	for _, m := range c.sim.All(s.channel) {
		out = append(out, seen{m.ID, m.Content, m.Bot})
	}
	return out
}
