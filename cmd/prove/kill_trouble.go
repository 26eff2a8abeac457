package main

import (
	"net/http"
	"time"

	"github.com/sidebridge/sidebridge/adapters/discord/discordsim"
	"github.com/sidebridge/sidebridge/adapters/slack/slacksim"
)

// trouble makes Slack behave as badly as it can.
func (c *slackChat) trouble() {
	for _, f := range []slacksim.Fault{
		{Method: "chat.postMessage", Probability: 0.06, Apply: true, CloseSocket: true},
		{Method: "chat.postMessage", Probability: 0.04, Apply: true, Status: 502},
		{Method: "chat.postMessage", Probability: 0.03, Apply: true, BrokenJSON: true},
		{Method: "chat.postMessage", Probability: 0.04, Status: 503},
		{Method: "chat.postMessage", Probability: 0.03, CloseSocket: true},
		{Method: "chat.postMessage", Probability: 0.02, Status: 429, RetryAfter: 1},
		{Method: "chat.update", Probability: 0.05, Apply: true, CloseSocket: true},
		{Method: "chat.update", Probability: 0.05, Status: 500},
		{Method: "chat.delete", Probability: 0.05, Apply: true, Status: 500},
		{Method: "conversations.replies", Probability: 0.05, Status: 500},
		{Method: "conversations.replies", Probability: 0.02, Status: 429, RetryAfter: 1},
		{Method: "chat.postMessage", Probability: 0.05, Delay: 300 * time.Millisecond},
	} {
		c.sim.Inject(f)
	}
	for _, f := range []slacksim.EventFault{
		{Probability: 0.05, Drop: true},
		{Probability: 0.15, Duplicates: 2},
		{Probability: 0.10, Delay: 200 * time.Millisecond},
		{Probability: 0.10, Hold: 4},
	} {
		c.sim.InjectEvent(f)
	}
}

func (c *slackChat) calm() {
	c.sim.ClearFaults()
	c.sim.ReleaseHeld()
}

// trouble makes Discord behave as badly as it can. Its gateway's own troubles are
// prove-gateway's; what it documents is that an event comes never, once or often.
// https://docs.discord.com/developers/reference#consistency
func (c *discordChat) trouble() {
	post := discordsim.Fault{Method: http.MethodPost, Route: "channels/:id/messages"}
	forum := discordsim.Fault{Method: http.MethodPost, Route: "channels/:id/threads"}
	edit := discordsim.Fault{Method: http.MethodPatch, Route: "channels/:id/messages/:id"}
	list := discordsim.Fault{Method: http.MethodGet, Route: "channels/:id/messages"}
	for _, f := range []struct {
		on   discordsim.Fault
		does discordsim.Fault
	}{
		{post, discordsim.Fault{Probability: 0.06, Apply: true, CloseSocket: true}},
		{post, discordsim.Fault{Probability: 0.04, Apply: true, Status: 502}},
		{post, discordsim.Fault{Probability: 0.03, Apply: true, BrokenJSON: true}},
		{post, discordsim.Fault{Probability: 0.04, HTML: true, Status: 503}},
		{post, discordsim.Fault{Probability: 0.03, CloseSocket: true}},
		{post, discordsim.Fault{Probability: 0.02, Status: 429, RetryAfter: 0.4}},
		{post, discordsim.Fault{Probability: 0.05, Delay: 300 * time.Millisecond}},
		{forum, discordsim.Fault{Probability: 0.2, Apply: true, CloseSocket: true}},
		{edit, discordsim.Fault{Probability: 0.05, Apply: true, CloseSocket: true}},
		{edit, discordsim.Fault{Probability: 0.05, Status: 500}},
		{discordsim.Fault{Method: http.MethodDelete}, discordsim.Fault{Probability: 0.05, Apply: true, Status: 500}},
		{list, discordsim.Fault{Probability: 0.05, Status: 500}},
		{list, discordsim.Fault{Probability: 0.02, Status: 429, RetryAfter: 0.4}},
	} {
		does := f.does
		does.Method, does.Route = f.on.Method, f.on.Route
		c.sim.Inject(does)
	}
	for _, kind := range []string{"MESSAGE_CREATE", "MESSAGE_UPDATE", "MESSAGE_DELETE"} {
		for _, f := range []discordsim.EventFault{
			{Type: kind, Probability: 0.05, Drop: true},
			{Type: kind, Probability: 0.15, Duplicates: 2},
			{Type: kind, Probability: 0.15, Delay: 200 * time.Millisecond},
		} {
			c.sim.InjectEvent(f)
		}
	}
}

func (c *discordChat) calm() { c.sim.ClearFaults() }
