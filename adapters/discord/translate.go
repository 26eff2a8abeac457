package discord

import (
	"cmp"
	"context"
	"slices"
	"strconv"

	"github.com/bwmarrin/discordgo"

	"github.com/sidebridge/sidebridge/bridge"
	"github.com/sidebridge/sidebridge/mapping/markup"
)

// Why something is not taken. The words are labels of the counter "ignored".
const (
	skipGuild     = "unknown guild"
	skipPlace     = "unknown channel"
	skipType      = "message type"
	skipNoEdit    = "no edit"
	skipNoThread  = "no thread"
	skipBot       = "other bot"
	skipMalformed = "malformed"
	skipUnseen    = "not for all"
	skipLoop      = "bot too fast"
	skipKnown     = "known"
)

// Flags of a message.
// https://docs.discord.com/developers/resources/message#message-object-message-flags
const (
	flagHasThread  = 1 << 5
	flagEphemeral  = 1 << 6
	flagLoading    = 1 << 7
	flagVoice      = 1 << 13
	flagComponents = 1 << 15
)

// posted translates a message that was said.
func (g *Guild) posted(ctx context.Context, m *message) (bridge.Inbound, string, error) {
	at, err := g.where(ctx, m.ChannelID)
	switch {
	case err != nil:
		return bridge.Inbound{}, "", err
	case at.channel == "":
		return bridge.Inbound{}, skipPlace, nil
	}
	g.places.said(m.ChannelID, m.ID)
	if at.thread == "" && !g.isOurs(m) {
		// It stands in the channel itself and cannot be in a thread of ours yet.
		return bridge.Inbound{}, skipNoThread, nil
	}
	in, skip := g.listed(ctx, at, m)
	return in, skip, nil
}

// listed translates a message of a known place.
func (g *Guild) listed(ctx context.Context, at spot, m *message) (bridge.Inbound, string) {
	if skip := g.skip(m); skip != "" {
		return bridge.Inbound{}, skip
	}
	if g.tooFast(ctx, at.threadOf(m.ID), m) {
		return bridge.Inbound{}, skipLoop
	}
	in := g.translate(ctx, at, m)
	in.Kind = bridge.InPost
	return in, ""
}

// changed translates a change of a message. Discord tells of previews of links, of
// pins, and of a thread being started in the same way; only what carries the time of
// an edit is one.
// https://docs.discord.com/developers/events/gateway-events#message-update
func (g *Guild) changed(ctx context.Context, m *message) (bridge.Inbound, string, error) {
	if m.Edited == nil {
		return bridge.Inbound{}, skipNoEdit, nil
	}
	at, err := g.where(ctx, m.ChannelID)
	switch {
	case err != nil:
		return bridge.Inbound{}, "", err
	case at.channel == "":
		return bridge.Inbound{}, skipPlace, nil
	case at.thread == "" && m.Flags&flagHasThread == 0 && !g.isOurs(m):
		return bridge.Inbound{}, skipNoThread, nil
	}
	in, skip := g.edited(ctx, at, m)
	return in, skip, nil
}

// edited translates a message whose words were changed. Only its author can do that,
// so a change of the bot's own post is our doing; a webhook's can be changed by
// whoever has its token.
func (g *Guild) edited(ctx context.Context, at spot, m *message) (bridge.Inbound, string) {
	if skip := g.skip(m); skip != "" {
		return bridge.Inbound{}, skip
	}
	if g.tooFast(ctx, at.threadOf(m.ID), m) {
		return bridge.Inbound{}, skipLoop
	}
	in := g.translate(ctx, at, m)
	in.Kind = bridge.InEdit
	if m.WebhookID == "" {
		in.Print = ""
	}
	return in, ""
}

// gone translates the end of a message. Discord does not say who ended it. The thread
// that was started from it, or which it began in a forum, lives on.
// https://docs.discord.com/developers/topics/threads
func (g *Guild) gone(at spot, id string) bridge.Inbound {
	return bridge.Inbound{
		Kind: bridge.InDelete, ThreadLives: true, Author: g.account(g.id), AuthorName: "Discord",
		Source: g.source(at, id),
	}
}

// threadOf names the thread of a message at a spot. One in a channel may have a
// thread, whose id is its own.
func (s spot) threadOf(message string) string { return cmp.Or(s.thread, message) }

func (g *Guild) source(at spot, id string) bridge.Source {
	return bridge.Source{
		Surface: Surface, Workspace: g.id, Channel: at.channel, Thread: at.threadOf(id),
		Ref: id, Order: id, SentAt: idMicros(id),
	}
}

func (g *Guild) account(id string) bridge.Account {
	return bridge.Account{Surface: Surface, Workspace: g.id, ID: id}
}

func (g *Guild) at(channel string) bridge.Place {
	return bridge.Place{Surface: Surface, Workspace: g.id, Channel: channel}
}

// skip says why a message is not mirrored, or "". Everything that Discord says by
// itself (joins, pins, names, the start of a thread) is skipped.
// https://docs.discord.com/developers/resources/message#message-object-message-types
func (g *Guild) skip(m *message) string {
	switch {
	case !validID(m.ID) || m.Author == nil || m.Author.ID == "":
		return skipMalformed
	case m.Flags&(flagEphemeral|flagLoading) != 0:
		return skipUnseen
	}
	switch m.Type {
	case discordgo.MessageTypeDefault, discordgo.MessageTypeReply:
	case discordgo.MessageTypeChatInputCommand, discordgo.MessageTypeContextMenuCommand:
	default:
		return skipType
	}
	switch {
	case g.isOurs(m), !byProgram(m):
		return ""
	case g.allowed(m.Author.ID), g.allowed(m.AppID), g.allowed(m.WebhookID):
		return ""
	}
	return skipBot
}

// byProgram reports whether no person said it.
func byProgram(m *message) bool { return m.Author.Bot || m.WebhookID != "" }

func (g *Guild) allowed(bot string) bool { return bot != "" && slices.Contains(g.Bots, bot) }

// isOurs reports whether our own bot or one of our webhooks said it.
func (g *Guild) isOurs(m *message) bool {
	me := g.self()
	switch {
	case m.Author == nil:
		return false
	case m.Author.ID == me.user:
		return true
	case m.WebhookID != "" && g.isOurWebhook(m.WebhookID):
		return true
	}
	return m.AppID != "" && m.AppID == me.app && byProgram(m)
}

// translate fills in who said what where.
func (g *Guild) translate(ctx context.Context, at spot, m *message) bridge.Inbound {
	in := bridge.Inbound{Source: g.source(at, m.ID), Ours: g.isOurs(m)}
	if m.Edited != nil {
		in.Source.Rev = strconv.FormatInt(m.Edited.UnixMicro(), 10)
	}
	if in.Ours {
		// Our words are in the record; the token says which post this is.
		in.Author, in.Token, in.Print = g.account(g.self().user), tokenOf(m), g.printOf(m)
		return in
	}
	in.Author = g.account(m.Author.ID)
	in.AuthorName = g.nameOf(m.Author, m.Member)
	if m.WebhookID != "" {
		in.Author, in.AuthorName = g.account(m.WebhookID), displayName(m.Author, nil)
	}
	in.Body, in.Files = g.body(ctx, m), filesOf(m)
	return in
}

// tokenOf returns the delivery token of a post of ours: the nonce of the event about
// it, or what the buttons of a card have, which listings show too.
func tokenOf(m *message) string {
	if m.Nonce != "" {
		return string(m.Nonce)
	}
	return buttonToken(m.Components)
}

func buttonToken(all []component) string {
	for _, c := range all {
		if _, token, ok := cutButton(c.CustomID); ok {
			return token
		}
		if token := buttonToken(c.Components); token != "" {
			return token
		}
	}
	return ""
}

// filesOf names a message's files, and those of a message that it forwards.
func filesOf(m *message) []bridge.InboundFile {
	var out []bridge.InboundFile
	add := func(files []attachment) {
		for _, f := range files {
			if validID(f.ID) {
				out = append(out, bridge.InboundFile{
					Ref:  m.ChannelID + "/" + m.ID + "/" + f.ID,
					Name: cmp.Or(plainFileName(f.Filename), f.ID), MIME: f.ContentType, Size: f.Size,
				})
			}
		}
	}
	add(m.Attachments)
	for i := range m.Snapshots {
		add(m.Snapshots[i].Message.Attachments)
	}
	return out
}

// plainFileName makes a name that somebody chose safe to show and to offer for
// download; it is never a path.
func plainFileName(name string) string {
	for i := len(name) - 1; i >= 0; i-- {
		if name[i] == '/' || name[i] == '\\' {
			name = name[i+1:]
			break
		}
	}
	name = markup.CleanName(name)
	if name == "." || name == ".." {
		return ""
	}
	return name
}
