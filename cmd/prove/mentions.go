package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/sidebridge/sidebridge/adapters/discord/discordsim"
	"github.com/sidebridge/sidebridge/adapters/slack/slacksim"
	"github.com/sidebridge/sidebridge/bridge"
)

type mentionsCmd struct {
	Payloads int `default:"0" help:"How many payloads to send; all by default."`
}

// Run sends everything that could call somebody through every field that a person can
// fill: words, edits, names and file names, from the ticket view and from each chat to
// the other. The simulated chats are generous: whatever could ring, rings.
func (c *mentionsCmd) Run(ctx context.Context) (err error) {
	w, err := newMentionsWorld(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, w.close()) }()
	list := w.payloads()
	if c.Payloads > 0 {
		list = list[:min(c.Payloads, len(list))]
	}
	for i, p := range list {
		if err := w.send(ctx, i, p); err != nil {
			return fmt.Errorf("payload %q: %w", p, err)
		}
		if (i+1)%100 == 0 {
			if err := w.settled(ctx); err != nil {
				return err
			}
			fmt.Printf("%d payloads\n", i+1)
		}
	}
	if err := w.settled(ctx); err != nil {
		return err
	}
	slackPosts, discordPosts := w.posts()
	notified := w.notified()
	for _, line := range notified[:min(20, len(notified))] {
		fmt.Println(line)
	}
	fmt.Printf("slack_posts=%d discord_posts=%d\n", slackPosts, discordPosts)
	fmt.Printf("payloads=%d notified=%d\n", len(list), len(notified))
	if len(notified) > 0 || slackPosts < 5*len(list) || discordPosts < 5*len(list) {
		return errMissed // something rang, or not everything was shown
	}
	return nil
}

// payloads are things that call, each in disguises: in markup, in code, in links, taken
// apart and put together. Ids are those of real people and channels of the chats.
func (w *mentionsWorld) payloads() (out []string) {
	slackID, discordID, guild := w.slackExpert.ID(), w.discordExpert.ID(), w.discord.GuildID()
	things := []string{
		"@everyone", "@here", "@channel", "@EVERYONE", "<!here>", "<!channel>", "<!everyone>", "<!here|here>",
		"<@" + slackID + ">", "<@" + slackID + "|anders>", "@anders", "<!subteam^S0LEADS01>", "<!subteam^S0LEADS01|@leads>",
		"<@" + discordID + ">", "<@!" + discordID + ">", "<@&" + guild + ">", "<#" + w.channel["discord"] + ">", "@sanne",
	}
	disguises := []string{
		"%s", "hello %s!", `\%s`, `\\%s`, "`%s`", "```\n%s\n```", "```%s", "> %s", ">>> %s", "- %s", "1. %s", "# %s", "-# %s",
		"**%s**", "_%s_", "~~%s~~", "__%s__", "||%s||", "[%s](https://a.example)", "[x](https://a.example/%s)", "<%s>", "&lt;%s&gt;",
		"<https://a.example|%s>", "\u202e%s", "a@b.example %s", "%s%s", "\n\n%s\n\n", "*%s", "[%s", "%s](https://a.example)", ":%s:", "\u200b%s",
	}
	for _, thing := range things {
		for _, d := range disguises {
			out = append(out, strings.ReplaceAll(d, "%s", thing))
		}
		// Taken apart, so that it comes together where something is taken out.
		for _, glue := range []string{"\u200b", `\`, "**", "&#64;", "\u00ad", "<b>"} {
			out = append(out, thing[:1]+glue+thing[1:], thing[:2]+glue+thing[2:])
		}
	}
	return out
}

// send puts a payload into every field.
func (w *mentionsWorld) send(ctx context.Context, i int, p string) error {
	agent := proofAgent
	post := func(actor bridge.Actor, body string, files ...bridge.FileUpload) (bridge.ID, error) {
		res, err := w.store.Append(ctx, &bridge.PostMessage{Actor: actor, Conversation: w.conv, Body: body, Files: files})
		return res.ID, err
	}
	if _, err := post(agent, p); err != nil {
		return err
	}
	edited, err := post(agent, fmt.Sprint("to be edited ", i))
	if err != nil {
		return err
	}
	if _, err := w.store.Append(ctx, &bridge.EditMessage{Actor: agent, Message: edited, Body: "edited " + p}); err != nil {
		return err
	}
	agent.Name = p
	if _, err := post(agent, fmt.Sprint("by a strange name ", i)); err != nil {
		return err
	}
	hash, size, err := w.store.PutBlob(ctx, bytes.NewReader([]byte(p)), 1<<20)
	if err != nil {
		return err
	}
	if _, err := post(proofAgent, fmt.Sprint("with a file ", i), bridge.FileUpload{Name: p + ".txt", MIME: "text/plain", Size: size, Hash: hash}); err != nil {
		return err
	}
	return w.fromChats(i, p)
}

// fromChats has people with strange names write, edit and attach in both chats.
func (w *mentionsWorld) fromChats(i int, p string) error {
	stranger := w.slack.AddUser(slacksim.UserSpec{Name: fmt.Sprint("s", i), RealName: p, DisplayName: p})
	channel, thread := w.channel["slack"], w.thread["slack"]
	if err := stranger.Join(channel); err != nil {
		return err
	}
	ts, err := stranger.Send(channel, slacksim.Draft{Text: p, ThreadTS: thread, Raw: true})
	if err != nil {
		return err
	}
	if err := stranger.Edit(channel, ts, "edited "+p); err != nil {
		return err
	}
	if _, err := stranger.UploadFile(channel, thread, p+".txt", []byte(p), "a file"); err != nil {
		return err
	}
	other := w.discord.AddUser(discordsim.UserSpec{Name: fmt.Sprint("d", i), Global: p, Nick: p})
	id, err := other.Say(w.thread["discord"], p)
	if err != nil {
		return err
	}
	if err := other.Edit(w.thread["discord"], id, "edited "+p); err != nil {
		return err
	}
	_, err = other.Send(w.thread["discord"], discordsim.Draft{Content: "a file", Files: []discordsim.File{{Name: p + ".txt", Content: []byte(p)}}})
	return err
}

// posts counts what we posted in each chat.
func (w *mentionsWorld) posts() (slack, discord int) {
	for _, m := range w.slack.All(w.channel["slack"]) {
		if m.BotID != "" {
			slack++
		}
	}
	for _, m := range w.discord.All(w.channel["discord"]) {
		if m.Bot {
			discord++
		}
	}
	return slack, discord
}

// notified are the calls that posts of ours made.
func (w *mentionsWorld) notified() (out []string) {
	for _, n := range w.slack.Notifications() {
		if n.By == w.slack.BotUserID() || n.By == w.slack.BotID() {
			out = append(out, fmt.Sprintf("slack: %s %s rang for %+v", n.Channel, n.TS, n))
		}
	}
	for _, n := range w.discord.Notifications() {
		m, ok := w.discord.Message(n.Channel, n.Message)
		if !ok || m.Bot {
			out = append(out, fmt.Sprintf("discord: %+v rang: %q", n, m.Content))
		}
	}
	return out
}

// settled waits until everything was heard and shown.
func (w *mentionsWorld) settled(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Minute)
	defer cancel()
	for quiet := 0; quiet < 10; pause(ctx, 100*time.Millisecond) {
		if ctx.Err() != nil {
			return fmt.Errorf("not everything was shown: %w", ctx.Err())
		}
		state, err := w.store.TicketPage(ctx, bridge.SeesAll, w.conv.Ticket)
		if err != nil {
			return err
		}
		quiet++
		for _, m := range state.Mirrors {
			if m.Parked != "" {
				return fmt.Errorf("mirror in %s is parked: %s %s", m.Place, m.Parked, m.Error)
			}
			if m.Behind() {
				quiet = 0
			}
		}
		if !w.slack.Idle() || !w.discord.Idle() {
			quiet = 0
		}
	}
	return nil
}
